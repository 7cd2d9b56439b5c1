//! A source as people write it: `lookup`, `s3://bucket/prefix`, a path. Knows nothing of how it is read.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which source is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceRef {
    /// CloudTrail's event history, by LookupEvents, in every account and region that is scanned.
    Lookup,
    /// Log files that a trail or an organization trail writes.
    S3 {
        bucket: String,
        /// Without slashes at its ends; empty: the bucket itself.
        prefix: String,
    },
    /// A folder of log files, or one of them.
    Path(PathBuf),
}

impl FromStr for SourceRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "" => Err(format!("an empty source: write {FORMS}")),
                "lookup" => Ok(Self::Lookup),
                path => Ok(Self::Path(path.into())),
            };
        };
        if scheme != "s3" {
            return Err(format!("{scheme}:// is no source of CloudTrail events: write {FORMS}"));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket(bucket) {
            return Err(format!("{bucket:?} is not the name of a bucket: write s3://bucket or s3://bucket/prefix"));
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

const FORMS: &str = "`lookup`, `s3://bucket/prefix`, or the path of a folder or file";

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, and what older buckets in us-east-1 have.
fn is_bucket(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

impl fmt::Display for SourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup => f.write_str("lookup"),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_them() {
        for (written, shown) in [
            ("lookup", "lookup"),
            ("s3://logs", "s3://logs"),
            ("s3://logs/", "s3://logs"),
            ("s3://logs/org//", "s3://logs/org"),
            ("s3://logs/a/AWSLogs/o-1/", "s3://logs/a/AWSLogs/o-1"),
            ("./lookup", "./lookup"),
            ("/var/log/trail", "/var/log/trail"),
        ] {
            assert_eq!(written.parse::<SourceRef>().unwrap().to_string(), shown);
        }
        for wrong in ["", "https://example.com/logs", "s3://", "s3:///x", "s3://a b/c"] {
            assert!(wrong.parse::<SourceRef>().is_err(), "{wrong}");
        }
    }
}
