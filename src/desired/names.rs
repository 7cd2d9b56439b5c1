//! Short, unique names of sources: the file stem or key, with as much of the path as makes it unique.

use std::collections::HashMap;

/// One name per location, in their order.
pub(crate) fn unique(locations: &[String]) -> Vec<String> {
    let parts: Vec<Vec<&str>> = locations.iter().map(|location| segments(location)).collect();
    let longest = parts.iter().map(Vec::len).max().unwrap_or_default();
    let mut names: Vec<String> = parts.iter().map(|parts| tail(parts, 1)).collect();
    for length in 2..=longest {
        let counts = count(&names);
        for (name, parts) in names.iter_mut().zip(&parts) {
            if counts.get(name).is_some_and(|count| *count > 1) {
                *name = tail(parts, length);
            }
        }
    }
    // The same segments under different schemes, or the same state twice.
    let mut seen: HashMap<String, usize> = HashMap::new();
    for name in &mut names {
        let number = seen.entry(name.clone()).or_default();
        *number += 1;
        if *number > 1 {
            *name = format!("{name}#{number}");
        }
    }
    names
}

fn count(names: &[String]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name.clone()).or_default() += 1;
    }
    counts
}

fn segments(location: &str) -> Vec<&str> {
    let path = location.split_once("://").map_or(location, |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_suffix(".tfstate").unwrap_or(path);
    path.split(['/', '\\']).filter(|segment| !segment.is_empty() && *segment != ".").collect()
}

fn tail(parts: &[&str], length: usize) -> String {
    let name = parts.get(parts.len().saturating_sub(length)..).unwrap_or_default().join("/");
    if name.is_empty() { "state".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_short_and_unique() {
        let table: [(&[&str], &[&str]); 5] = [
            (&["./prod.tfstate", "s3://b/dev.tfstate"], &["prod", "dev"]),
            (
                &["prod/terraform.tfstate", "dev/terraform.tfstate", "x.tfstate"],
                &["prod/terraform", "dev/terraform", "x"],
            ),
            (&["s3://b/env:/dev/net", "s3://c/env:/dev/net"], &["b/env:/dev/net", "c/env:/dev/net"]),
            (&["a.tfstate", "a.tfstate", "http://a"], &["a", "a#2", "a#3"]),
            (&["tfe://app.terraform.io/org/ws", ""], &["ws", "state"]),
        ];
        for (locations, expected) in table {
            let locations: Vec<String> = locations.iter().map(|l| (*l).to_owned()).collect();
            assert_eq!(super::unique(&locations), expected);
        }
    }
}
