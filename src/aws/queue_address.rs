//! What the URL of an SQS queue tells. Asks nobody.

/// The region in the URL of a queue: `https://sqs.eu-west-1.amazonaws.com/123456789012/name`; older ones are `https://eu-west-1.queue.amazonaws.com/...`.
pub fn region_of_queue(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split('/').next()?;
    let mut parts = host.split('.');
    match (parts.next()?, parts.next()?, parts.next()) {
        ("sqs", region, Some("amazonaws" | "api")) => Some(region),
        (region, "queue", Some("amazonaws")) => Some(region),
        _ => None,
    }
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
            ("http://127.0.0.1:5000/123456789012/driftd", None),
            ("driftd", None),
        ] {
            assert_eq!(region_of_queue(url), region, "{url}");
        }
    }
}
