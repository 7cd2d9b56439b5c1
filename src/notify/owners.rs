//! Whose code it is: CODEOWNERS, as GitHub and GitLab read it
//! (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>). Pure.

use glob::{MatchOptions, Pattern};

use crate::model::Finding;

/// A rule per line; the last one that matches a file counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Owners {
    files: Vec<CodeOwners>,
}

/// One file of owners, and the folder that its patterns start from.
#[derive(Debug, Clone, PartialEq)]
struct CodeOwners {
    /// With a slash at its end; empty: the paths are relative already.
    root: String,
    rules: Vec<(Vec<Pattern>, Vec<String>)>,
}

impl Owners {
    /// Adds a file of owners for the code below this folder. Lines that are none are left out, as forges do.
    pub fn add(&mut self, root: &str, text: &str) {
        let root = match root.trim_end_matches('/') {
            "" | "." => String::new(),
            root => format!("{root}/"),
        };
        self.files.push(CodeOwners { root, rules: text.lines().filter_map(rule).collect() });
    }

    /// The owners of the code that declares it; nobody, if it has none or no file says so.
    pub fn of(&self, finding: &Finding) -> Vec<String> {
        let Some(code) = &finding.code else { return Vec::new() };
        let of_file = |owners: &CodeOwners| {
            let path = code.file.strip_prefix(&owners.root)?.trim_start_matches("./");
            let is_its = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches_with(path, OPTIONS));
            owners.rules.iter().rev().find(|(patterns, _)| is_its(patterns)).map(|(_, owners)| owners.clone())
        };
        // The nearest file counts.
        let mut files: Vec<&CodeOwners> = self.files.iter().collect();
        files.sort_by_key(|owners| std::cmp::Reverse(owners.root.len()));
        files.into_iter().find_map(of_file).unwrap_or_default()
    }
}

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// `/modules/network/ @acme/network bob@example.com`, or nothing of that sort.
fn rule(line: &str) -> Option<(Vec<Pattern>, Vec<String>)> {
    let line = line.trim();
    // Sections are GitLab's: `[Network]`, `^[Optional]`.
    if line.is_empty() || line.starts_with(['#', '[', '^', '!']) {
        return None;
    }
    let mut words = line.split_whitespace();
    let path = words.next()?;
    let owners: Vec<String> = words.take_while(|word| !word.starts_with('#')).map(str::to_owned).collect();
    Some((patterns(path), owners))
}

/// As a `.gitignore` line is read: one that begins with a slash, or has one within, starts from the root; a folder means all below it.
fn patterns(path: &str) -> Vec<Pattern> {
    let is_folder = path.ends_with('/');
    let body = path.trim_matches('/');
    let is_rooted = path.starts_with('/') || body.contains('/');
    let bases = if is_rooted { vec![body.to_owned()] } else { vec![body.to_owned(), format!("**/{body}")] };
    let mut all = Vec::new();
    for base in bases {
        if !is_folder {
            all.push(base.clone());
        }
        // `docs/*` means what is in the folder, and not what is deeper.
        if is_folder || !base.ends_with("/*") {
            all.push(format!("{base}/**"));
        }
    }
    all.iter().filter_map(|text| Pattern::new(text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodePosition, DriftStatus, Severity};
    use crate::wording::sample;

    #[test]
    fn the_last_line_that_matches_counts() {
        let mut owners = Owners::default();
        owners.add(
            "/srv/infra",
            "* @all\n# a comment\n*.tf @terraform\n/modules/network/ @net net@example.com # why\napps/* @apps\ndocs/\n\
             /modules/network/secret.tf\n[Section]\n",
        );
        for (file, expected) in [
            ("/srv/infra/main.tf", vec!["@terraform"]),
            ("/srv/infra/README", vec!["@all"]),
            ("/srv/infra/modules/network/main.tf", vec!["@net", "net@example.com"]),
            ("/srv/infra/modules/network/a/b.tf", vec!["@net", "net@example.com"]),
            ("/srv/infra/modules/network/secret.tf", vec![]),
            ("/srv/infra/apps/main.tf", vec!["@apps"]),
            ("/srv/infra/apps/a/main.tf", vec!["@terraform"]),
            ("/srv/infra/x/docs/a.tf", vec![]),
            ("/elsewhere/main.tf", vec![]),
        ] {
            let mut finding = sample::finding(DriftStatus::Changed, Severity::Low, "aws_vpc", "vpc-1", "aws_vpc.a");
            finding.code = Some(CodePosition { file: file.to_owned(), line: 1, repository: None, commit: None });
            assert_eq!(owners.of(&finding), expected, "{file}");
        }
    }
}
