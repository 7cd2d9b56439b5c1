//! References to sources of events -> the sources, ready to be read.

use std::sync::{Arc, LazyLock};

use super::folder::Folder;
use super::lookup::{EventHistory, Lookup, Paces};
use super::s3::{LogBucket, S3Logs};
use super::{EventSource, SourceRef};
use crate::aws::Aws;

/// The sources to read, in the order in which they were given. They live for one cycle: what one has given once it does
/// not give again.
pub fn open<'a>(sources: &[SourceRef], aws: &'a Aws) -> Vec<Box<dyn EventSource + 'a>> {
    let source = |source: &SourceRef| -> Box<dyn EventSource + 'a> {
        match source {
            SourceRef::Path(path) => Box::new(Folder::new(path)),
            SourceRef::S3 { bucket, prefix } => {
                Box::new(S3Logs::new(Box::new(LogBucket::new(aws)), bucket, prefix, aws.home_region()))
            }
            SourceRef::Lookup => Box::new(Lookup::new(Box::new(EventHistory(aws)), aws.home_region(), PACES.clone())),
        }
    };
    sources.iter().map(source).collect()
}

/// LookupEvents' quota is one for all cycles that this process runs.
static PACES: LazyLock<Arc<Paces>> = LazyLock::new(Arc::default);
