//! Looks at answers before the SDK parses them.
//!
//! An answer that ends in the middle is an error: the SDK would take half a list for the list.
//!
//! S3 look-alikes (emulators, other makers' stores) name the root element of some answers otherwise than S3 does.
//! The Rust SDK then refuses the answer, while Terraform's provider does not look at the name; so that both read the
//! same, the name is put right before the answer is parsed. S3's own answers pass unchanged.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};

/// Operation -> root element of its answer, by the API references of S3 and S3 Control.
const ROOTS: [(&str, &str); 12] = [
    ("GetAccessPoint", "GetAccessPointResult"),
    ("GetAccessPointPolicy", "GetAccessPointPolicyResult"),
    ("GetBucketAccelerateConfiguration", "AccelerateConfiguration"),
    ("GetBucketNotificationConfiguration", "NotificationConfiguration"),
    ("GetBucketRequestPayment", "RequestPaymentConfiguration"),
    ("GetBucketVersioning", "VersioningConfiguration"),
    ("GetPublicAccessBlock", "PublicAccessBlockConfiguration"),
    ("ListAccessPoints", "ListAccessPointsResult"),
    ("ListBucketAnalyticsConfigurations", "ListBucketAnalyticsConfigurationResult"),
    ("ListBucketIntelligentTieringConfigurations", "ListBucketIntelligentTieringConfigurationsOutput"),
    ("ListBucketInventoryConfigurations", "ListInventoryConfigurationsResult"),
    ("ListBucketMetricsConfigurations", "ListMetricsConfigurationsResult"),
];

/// Returns an error when an answer is truncated, and puts the root element's name right.
#[derive(Debug)]
pub(super) struct RejectTruncated;

impl Intercept for RejectTruncated {
    fn name(&self) -> &'static str {
        "RejectTruncated"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("", |metadata| metadata.name());
        let root = ROOTS.iter().find(|(name, _)| *name == operation).map(|(_, root)| *root);
        let response = context.response_mut();
        // Objects are streams, and not ours to look into.
        let root = root.filter(|_| response.status().is_success());
        if operation != "GetObject" {
            let body = std::mem::replace(response.body_mut(), SdkBody::empty());
            let whole = async move {
                let bytes = body.collect().await?.to_bytes();
                if !is_whole(&bytes) {
                    return Err("the answer ends in the middle".into());
                }
                Ok::<_, BoxError>(Frame::data(root.map_or(bytes.clone(), |root| renamed(bytes, root))))
            };
            *response.body_mut() = SdkBody::from_body_1_x(StreamBody::new(stream::once(whole)));
        }
        Ok(())
    }
}

/// Does a document end where it should: XML with its root element, JSON (a bucket's policy) with its last bracket? The
/// SDK takes half a list for a list. What is neither is not judged.
fn is_whole(document: &[u8]) -> bool {
    let text = String::from_utf8_lossy(document);
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    }
    if !text.starts_with('<') {
        return true;
    }
    let Some((_, name, after)) = root_of(text) else { return false };
    let is_alone = |rest: &str| !rest.trim_end_matches("/>").contains('<');
    let closed_at_once = text.ends_with("/>") && is_alone(name) && is_alone(after);
    text.ends_with(&format!("</{name}>")) || closed_at_once
}

/// An XML document taken apart at the name of its root element: what is before it, the name, what is after it.
fn root_of(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
    let start = text.match_indices('<').map(|(at, _)| at + 1).find(|at| text.get(*at..).is_some_and(is_name))?;
    let (before, rest) = text.split_at_checked(start)?;
    let (name, after) = rest.split_at_checked(rest.find([' ', '/', '>', '\n', '\t', '\r']).unwrap_or(rest.len()))?;
    Some((before, name, after))
}

/// The document with its root element called `root`; what is no XML stays as it is.
fn renamed(document: Bytes, root: &str) -> Bytes {
    let Ok(text) = std::str::from_utf8(&document) else { return document };
    let Some((before, name, after)) = root_of(text) else { return document };
    if name == root {
        return document;
    }
    let after = match after.rsplit_once(format!("</{name}>").as_str()) {
        Some((content, rest)) => format!("{content}</{root}>{rest}"),
        None => after.to_owned(),
    };
    Bytes::from(format!("{before}{root}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_answer_is_an_error() {
        for whole in ["", "{}", "plain", "<A/>", "<?xml version=\"1.0\"?>\n<A x=\"/\"/>", "<A><B/><B></B></A>\n"] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
        for half in ["{\"a\": [", "<", "<?xml version=\"1.0\"?>", "<A><B/>", "<A><B></B>", "<A><B></B></", "<A"] {
            assert!(!is_whole(half.as_bytes()), "{half}");
        }
    }

    #[test]
    fn roots() {
        let renamed = |text: &str| String::from_utf8(renamed(Bytes::from(text.to_owned()), "Good").to_vec()).unwrap();
        assert_eq!(
            renamed("<?xml version=\"1.0\"?>\n<Bad xmlns=\"x\"><A/></Bad>"),
            "<?xml version=\"1.0\"?>\n<Good xmlns=\"x\"><A/></Good>"
        );
        assert_eq!(renamed("<Bad/>"), "<Good/>");
        assert_eq!(renamed("<Bad xmlns=\"x\"/>"), "<Good xmlns=\"x\"/>");
        for unchanged in ["<Good><Bad/></Good>", "", "not xml", "<"] {
            assert_eq!(renamed(unchanged), unchanged);
        }
    }
}
