//! S3 as a place where states lie: what [`crate::model`]'s desired side needs of it.

use super::Aws;

/// Reads state objects with the scan's credentials.
pub struct StateBucket<'a> {
    aws: &'a Aws,
}

impl<'a> StateBucket<'a> {
    pub fn new(aws: &'a Aws) -> Self {
        Self { aws }
    }
}

impl crate::desired::ObjectStore for StateBucket<'_> {}
