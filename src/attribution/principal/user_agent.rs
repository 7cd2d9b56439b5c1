//! Reads user agents: which program a caller says it is. A user agent is a claim and no proof: any program may send any text;
//! what it is worth is for [`super::channel`] and [`super::person`] to say.

use super::sanitize_input::sanitize_input;

/// S3 writes user agents in brackets.
pub(super) fn bare(agent: &str) -> &str {
    let agent = agent.trim();
    agent.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(agent).trim()
}

/// `Boto3/1.40 (linux; x) a/b` -> its pieces; a comment in parentheses is one.
pub(super) fn pieces(agent: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = agent.trim_start();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('(').and_then(|inner| inner.find(')')) {
            Some(close) => close + 2,
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (piece, more) = rest.split_at(end);
        found.push(piece);
        rest = more.trim_start();
    }
    found
}

/// The AWS CLI names its subcommand: `md/command#rds.modify-db-instance`, before 2.22 `command/rds.modify-db-instance`.
pub(super) fn command(agent: &str) -> Option<String> {
    let named =
        |piece: &&str| piece.strip_prefix("md/command#").or_else(|| piece.strip_prefix("command/")).map(sanitize_input);
    let is_command = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    pieces(agent).iter().find_map(named).filter(|name| !name.is_empty() && is_command(name))
}

/// Where an SDK runs, by `AWS_EXECUTION_ENV`: `AWS_Lambda_python3.12`, `CloudShell`.
pub(super) fn runs_in(agent: &str) -> Option<&str> {
    pieces(agent).into_iter().find_map(|piece| piece.strip_prefix("exec-env/")).filter(|place| !place.is_empty())
}

/// Programs whose user agents may carry an SDK's name too: (what it says, its name, works without a human).
const NAMED: &[(&str, &str, bool)] = &[
    ("CloudCustodian", "Cloud Custodian", true),
    ("claude-code/", "Claude Code", false),
    ("PostmanRuntime/", "Postman", false),
    ("python-requests/", "python-requests", false),
    ("curl/", "curl", false),
];

/// A program with a name of its own: `CloudCustodian(net-change)/0.9.2` -> `Cloud Custodian net-change`.
pub(super) fn named(agent: &str) -> Option<String> {
    let (says, name, _) = NAMED.iter().find(|(says, ..)| agent.contains(says))?;
    let policy =
        agent.split_once(says).and_then(|(_, rest)| rest.strip_prefix('(')?.split_once(')')).map(|(in_, _)| in_);
    Some(policy.map_or_else(|| (*name).to_owned(), |policy| sanitize_input(&format!("{name} {policy}"))))
}

/// Does it say it is a program that works by itself?
pub(super) fn works_alone(agent: &str) -> bool {
    NAMED.iter().any(|(says, _, alone)| *alone && agent.contains(says))
}

/// What the Terraform provider and the SDK say of themselves; everything else in the text was appended by somebody.
const OF_TERRAFORM: &[&str] = &[
    "APN/",
    "HashiCorp/",
    "Terraform/",
    "OpenTofu",
    "terraform-provider-",
    "aws-sdk-go",
    "ua/",
    "os/",
    "lang/",
    "md/",
    "api/",
    "m/",
    "cfg/",
    "ft/",
    "exec-env/",
    "(+",
    "(go",
];

/// `Terraform 1.11.4, terraform-provider-aws 5.100.0, run-42`: versions, and the stamp of `TF_APPEND_USER_AGENT`, of the
/// provider's `user_agent` or of a module's `provider_meta`.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs#custom-user-agent-information>
pub(super) fn terraform(agent: &str) -> String {
    let pieces = pieces(agent);
    let of = |start: &str| pieces.iter().find(|piece| piece.starts_with(start));
    let mut parts = Vec::new();
    for start in ["Terraform/", "OpenTofu/", "terraform-provider-"] {
        parts.extend(of(start).map(|piece| piece.replacen('/', " ", 1).trim().to_owned()));
    }
    let stamp: Vec<&str> =
        pieces.iter().filter(|piece| !OF_TERRAFORM.iter().any(|own| piece.starts_with(own))).copied().collect();
    parts.extend((!stamp.is_empty()).then(|| stamp.join(" ")));
    parts.extend(runs_in(agent).map(|place| format!("in {place}")));
    sanitize_input(&parts.join(", "))
}

/// The first piece with this in it, any case, `/` before the version as a space: `Pulumi-Aws 4.17.0`.
pub(super) fn piece_with(agent: &str, needle: &str) -> Option<String> {
    let of_it = |piece: &&&str| piece.to_ascii_lowercase().contains(needle);
    // `Pulumi/1.0` says less than the `Pulumi-Aws/4.17.0` behind it.
    let pieces = pieces(agent);
    pieces.iter().rev().find(of_it).map(|piece| sanitize_input(&piece.replacen('/', " ", 1)))
}

/// `Boto3/1.40.2 in AWS_Lambda_python3.12`; a program's own name before it, and an application id (`app/...`), too.
pub(super) fn sdk(agent: &str) -> String {
    let pieces = pieces(agent);
    let is_sdk = |piece: &str| ["Boto3", "aws-sdk-", "Botocore", "aws-cli/"].iter().any(|sdk| piece.starts_with(sdk));
    let at = pieces.iter().position(|piece| is_sdk(piece));
    let mut parts = Vec::new();
    parts.extend(pieces.first().filter(|_| at.is_some_and(|at| at > 0)).map(|first| (*first).to_owned()));
    parts.extend(pieces.iter().find_map(|piece| piece.strip_prefix("app/")).map(str::to_owned));
    let sdk = at.or((!pieces.is_empty()).then_some(0)).map_or("", |at| pieces[at]);
    parts.push(runs_in(agent).map_or_else(|| sdk.to_owned(), |place| format!("{sdk} in {place}")));
    sanitize_input(&parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say() {
        assert_eq!(bare("[S3Console/0.4]"), "S3Console/0.4");
        assert_eq!(bare("[]"), "");
        assert_eq!(pieces("a (b c) d"), ["a", "(b c)", "d"]);
        assert_eq!(pieces("a (b c"), ["a", "(b", "c"]);
        assert_eq!(command("aws-cli/2.1 md/command#s3api.put-bucket-acl").as_deref(), Some("s3api.put-bucket-acl"));
        assert_eq!(command("aws-cli/2.1 command/<script>"), None);
        assert_eq!(runs_in("Boto3/1 exec-env/AWS_ECS_FARGATE Botocore/1"), Some("AWS_ECS_FARGATE"));
        assert_eq!(named("CloudCustodian(net-change)/0.9.2 Python/3.8").as_deref(), Some("Cloud Custodian net-change"));
        assert_eq!(named("CloudCustodian/0.8 Botocore/1.1").as_deref(), Some("Cloud Custodian"));
        assert!(works_alone("CloudCustodian/0.8") && !works_alone("curl/8"));
    }

    #[test]
    fn versions_and_stamps() {
        for (agent, parts) in [
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.10 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.224.1 m/C,e run=42 workspace=prod",
                "Terraform 1.11.4, terraform-provider-aws 5.100.0, run=42 workspace=prod",
            ),
            (
                "aws-sdk-go/1.29.7 (go1.13.7; darwin; amd64) APN/1.0 HashiCorp/1.0 Terraform/0.12.24 (+https://www.terraform.io)",
                "Terraform 0.12.24",
            ),
            (
                "APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+x) terraform-provider-aws/3.76.1 (+y) aws-sdk-go/1.44.157 (go1.19.3; linux; amd64) HashiCorp-terraform-exec/0.17.3",
                "Terraform 1.1.2, terraform-provider-aws 3.76.1, HashiCorp-terraform-exec/0.17.3",
            ),
        ] {
            assert_eq!(terraform(agent), parts);
        }
        assert_eq!(
            piece_with("APN/1.0 Pulumi/1.0 Pulumi-Aws/4.17.0 (+x)", "pulumi").as_deref(),
            Some("Pulumi-Aws 4.17.0")
        );
        assert_eq!(
            sdk("Boto3/1.40.2 md/Botocore#1.40.2 exec-env/AWS_Lambda_python3.12 Botocore/1.40.2"),
            "Boto3/1.40.2 in AWS_Lambda_python3.12"
        );
        assert_eq!(sdk("fixer/2 aws-sdk-go/1.44 (go1.19)"), "fixer/2, aws-sdk-go/1.44");
        assert_eq!(sdk(""), "");
    }
}
