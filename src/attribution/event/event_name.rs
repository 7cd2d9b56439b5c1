//! Event names are not API names: CloudTrail appends dates (Lambda, CloudFront). Here both become the API's.
//! S3's renames are kept: the event table is written in CloudTrail's words.

/// `UpdateFunctionCode20150331v2` -> `UpdateFunctionCode`; `CreateDistribution2014_01_31` -> `CreateDistribution`.
pub(super) fn normalise(name: &str) -> &str {
    without_date(without_version(name))
}

/// Drops a trailing `v2` where a date stands before it.
fn without_version(name: &str) -> &str {
    match name.rsplit_once('v') {
        Some((rest, digits)) if is_number(digits) && digits.len() <= 2 && without_date(rest) != rest => rest,
        _ => name,
    }
}

/// Drops `20150331`, `2014_01_31`.
fn without_date(name: &str) -> &str {
    let compact = name.len().checked_sub(8).filter(|at| name.is_char_boundary(*at)).map(|at| name.split_at(at));
    if let Some((rest, date)) = compact
        && is_number(date)
        && date.starts_with("20")
        && !rest.is_empty()
    {
        return rest;
    }
    let spaced = name.len().checked_sub(10).filter(|at| name.is_char_boundary(*at)).map(|at| name.split_at(at));
    if let Some((rest, date)) = spaced
        && !rest.is_empty()
        && date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'_' } else { byte.is_ascii_digit() })
    {
        return rest;
    }
    name
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Verbs of calls that change nothing; for records that do not say `readOnly`.
const READING: &[&str] = &[
    "Get", "List", "Describe", "Head", "View", "BatchGet", "Lookup", "Search", "Test", "Validate", "Poll", "Select",
    "Verify", "Simulate",
];

/// Does the name itself say that nothing is changed?
pub(super) fn only_reads(name: &str) -> bool {
    READING.iter().any(|verb| {
        name.strip_prefix(verb)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go() {
        for (recorded, api) in [
            ("UpdateFunctionConfiguration20150331v2", "UpdateFunctionConfiguration"),
            ("CreateFunction20150331", "CreateFunction"),
            ("TagResource20170331v2", "TagResource"),
            ("UpdateDistribution2014_01_31", "UpdateDistribution"),
            ("PutBucketPolicy", "PutBucketPolicy"),
            ("Improv2", "Improv2"),
            ("20150331", "20150331"),
            ("ä", "ä"),
        ] {
            assert_eq!(normalise(recorded), api);
        }
    }

    #[test]
    fn verbs_that_read() {
        assert!(only_reads("DescribeInstances") && only_reads("HeadBucket"));
        assert!(!only_reads("Getaway") && !only_reads("CreateList") && !only_reads("TestifyX"));
    }
}
