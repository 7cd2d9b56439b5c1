//! What the URL of an SQS queue tells. Asks nobody.

use crate::model::is_region;

/// The region in the URL of a queue: `https://sqs.eu-west-1.amazonaws.com/123456789012/name`; older ones are `https://eu-west-1.queue.amazonaws.com/...`,
/// and endpoints of a VPC `https://vpce-0123-4567.sqs.eu-west-1.vpce.amazonaws.com/...`.
pub fn region_of_queue(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split('/').next()?;
    let mut parts = host.split('.');
    let region = match (parts.next()?, parts.next()?, parts.next()?) {
        ("sqs" | "sqs-fips", region, "amazonaws" | "api") | (region, "queue", "amazonaws") => region,
        (endpoint, "sqs" | "sqs-fips", region) if endpoint.starts_with("vpce-") && parts.next() == Some("vpce") => {
            region
        }
        _ => return None,
    };
    is_region(region).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::region_of_queue;

    #[test]
    fn the_address_of_a_queue_tells_its_region() {
        for (url, region) in [
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/driftd", Some("eu-west-1")),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/driftd", Some("cn-north-1")),
            ("https://us-east-2.queue.amazonaws.com/123456789012/driftd", Some("us-east-2")),
            ("https://sqs-fips.us-east-1.amazonaws.com/123456789012/driftd", Some("us-east-1")),
            ("https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/driftd", Some("eu-west-1")),
            ("https://vpce-0a-1b.sqs.eu-west-1.example.com/123456789012/driftd", None),
            ("https://sqs.evil/.amazonaws.com/driftd", None),
            ("http://127.0.0.1:5000/123456789012/driftd", None),
            ("driftd", None),
        ] {
            assert_eq!(region_of_queue(url), region, "{url}");
        }
    }
}
