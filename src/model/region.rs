//! Names of regions, by their form. Knows no list of them: AWS opens new regions.

/// Does it look like a region's name? `eu-central-1`, `us-gov-west-1`, `cn-north-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
        && parts.last().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_their_form() {
        for (text, region) in [
            ("eu-central-1", true),
            ("us-gov-west-1", true),
            ("us-iso-east-1", true),
            ("Frankfurt", false),
            ("eu-central", false),
            ("EU-CENTRAL-1", false),
            ("eu--1", false),
            ("global", false),
            ("", false),
        ] {
            assert_eq!(is_region(text), region, "{text}");
        }
    }
}
