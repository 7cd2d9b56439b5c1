//! One finding in the AWS Security Finding Format
//! (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html>). Pure. What a provider may not update (notes, workflow,
//! user-defined fields) is not in it: what driftd knows besides is in `ProductFields`.

use serde_json::{Map, Value, json};

use crate::aws::Partition;
use crate::model::{DriftStatus, Severity};
use crate::notify::Notice;
use crate::notify::summary;
use crate::wording::message::{GroupStatus, Item, Link, Message, Occasion};
use crate::wording::text::{count, sanitize_lines, sanitize_output, shorten};

/// Characters of each, by the format.
const ID: usize = 512;
const TITLE: usize = 256;
const DESCRIPTION: usize = 1024;
const REMEDY: usize = 512;
const FIELD: usize = 2048;
const GENERATOR: usize = 512;
/// By the model of the API; findings of other partitions do without.
const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov"];
/// The longest address that is passed on.
const URL: usize = 2000;

/// Terraform's type -> the format's.
const TYPES: &[(&str, &str)] = &[
    ("aws_ami", "AwsEc2Image"),
    ("aws_default_network_acl", "AwsEc2NetworkAcl"),
    ("aws_default_route_table", "AwsEc2RouteTable"),
    ("aws_default_security_group", "AwsEc2SecurityGroup"),
    ("aws_default_subnet", "AwsEc2Subnet"),
    ("aws_default_vpc", "AwsEc2Vpc"),
    ("aws_ebs_snapshot", "AwsEc2Snapshot"),
    ("aws_ebs_volume", "AwsEc2Volume"),
    ("aws_ec2_transit_gateway", "AwsEc2TransitGateway"),
    ("aws_eip", "AwsEc2Eip"),
    ("aws_iam_access_key", "AwsIamAccessKey"),
    ("aws_iam_group", "AwsIamGroup"),
    ("aws_iam_instance_profile", "AwsIamInstanceProfile"),
    ("aws_iam_policy", "AwsIamPolicy"),
    ("aws_iam_role", "AwsIamRole"),
    ("aws_iam_user", "AwsIamUser"),
    ("aws_instance", "AwsEc2Instance"),
    ("aws_launch_template", "AwsEc2LaunchTemplate"),
    ("aws_network_acl", "AwsEc2NetworkAcl"),
    ("aws_network_interface", "AwsEc2NetworkInterface"),
    ("aws_route_table", "AwsEc2RouteTable"),
    ("aws_s3_access_point", "AwsS3AccessPoint"),
    ("aws_s3_account_public_access_block", "AwsS3AccountPublicAccessBlock"),
    ("aws_s3_bucket", "AwsS3Bucket"),
    ("aws_s3_object", "AwsS3Object"),
    ("aws_security_group", "AwsEc2SecurityGroup"),
    ("aws_subnet", "AwsEc2Subnet"),
    ("aws_vpc", "AwsEc2Vpc"),
    ("aws_vpc_peering_connection", "AwsEc2VpcPeeringConnection"),
];

/// The finding of an item, for Security Hub in this region.
pub(super) fn of_item(message: &Message, item: &Item, hub_region: &str) -> Value {
    let partition = Partition::of_region(hub_region).name;
    let account = &item.account;
    let is_over = item.is_resolved || message.status == GroupStatus::Resolved;
    let happened = match item.drift {
        DriftStatus::Changed => "differs from its code",
        DriftStatus::Missing => "is gone, though the code declares it",
        DriftStatus::Unmanaged => "is there, though no code declares it",
        DriftStatus::Unknown => "could not be compared with its code",
    };
    let generator = item.rules.first().map_or(item.drift.as_str(), |rule| rule.id.as_str());
    let region = if item.region == crate::model::GLOBAL { hub_region } else { &item.region };
    let mut resource = json!({
        "Type": TYPES.iter().find(|(kind, _)| *kind == item.kind).map_or("Other", |(_, name)| name),
        "Id": shorten(filled(&[item.arn.as_deref().unwrap_or_default(), &item.resource_id, &item.name]), ID),
        "Region": region,
        "Details": {"Other": fields(&[
            ("Address", Some(item.name.clone())),
            ("Kind", Some(item.kind.clone())),
            ("Id", Some(item.resource_id.clone())),
            ("Source", item.source.clone()),
        ], 1024)},
    });
    if PARTITIONS.contains(&partition) {
        resource["Partition"] = partition.into();
    }
    let mut finding = json!({
        "SchemaVersion": "2018-10-08",
        "Id": shorten(&format!("{}/{account}", item.finding_id), ID),
        "ProductArn": product(partition, hub_region, account),
        "ProductName": "driftd",
        "CompanyName": "driftd",
        "GeneratorId": shorten(&format!("driftd/{generator}"), GENERATOR),
        "AwsAccountId": account,
        "CreatedAt": item.first_seen.to_string(),
        "FirstObservedAt": item.first_seen.to_string(),
        "UpdatedAt": message.at.to_string(),
        "LastObservedAt": message.at.to_string(),
        "Title": shorten(&format!("{} {happened}", filled(&[&item.name, &item.kind])), TITLE),
        "Description": description(message, item),
        "FindingProviderFields": provider_fields(item.severity, item.drift.as_str()),
        "Resources": [resource],
        "RecordState": if is_over { "ARCHIVED" } else { "ACTIVE" },
        "ProductFields": product_fields(item),
    });
    let url = page(&item.links, &["code", "dashboard", "console"]);
    if !item.todo.is_empty() {
        finding["Remediation"]["Recommendation"]["Text"] = shorten(&item.todo.join("; "), REMEDY).into();
        if let Some(url) = url {
            finding["Remediation"]["Recommendation"]["Url"] = url.into();
        }
    }
    if let Some(url) = page(&item.links, &["dashboard"]) {
        finding["SourceUrl"] = url.into();
    }
    finding
}

/// A message about driftd itself: one finding of its group, in driftd's own account.
pub(super) fn of_driftd(notice: &Notice<'_>, account: &str, region: &str) -> Value {
    let message = notice.message;
    let partition = Partition::of_region(region).name;
    // A test is to be found, and to bother nobody.
    let (is_test, severity) = match message.occasion {
        Occasion::Test => (true, Severity::Info),
        _ => (false, message.severity),
    };
    let is_over = is_test || message.status == GroupStatus::Resolved;
    let said = message.text.as_ref().map_or_else(|| message.news.join("; "), |own| one_line(own));
    let mut resource = json!({"Type": "Other", "Id": "driftd", "Region": region});
    if PARTITIONS.contains(&partition) {
        resource["Partition"] = partition.into();
    }
    let at = message.at.to_string();
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": shorten(&format!("driftd/{}/{account}", notice.group), ID),
        "ProductArn": product(partition, region, account),
        "ProductName": "driftd",
        "CompanyName": "driftd",
        "GeneratorId": format!("driftd/{}", message.occasion.as_str()),
        "AwsAccountId": account,
        "CreatedAt": at,
        "UpdatedAt": at,
        "Title": shorten(filled(&[&sanitize_output(&message.title), "driftd"]), TITLE),
        "Description": shorten(filled(&[&said, &message.title, "driftd"]), DESCRIPTION),
        "FindingProviderFields": provider_fields(severity, message.occasion.as_str()),
        "Resources": [resource],
        "RecordState": if is_over { "ARCHIVED" } else { "ACTIVE" },
    })
}

fn product(partition: &str, region: &str, account: &str) -> String {
    format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
}

fn provider_fields(severity: Severity, kind: &str) -> Value {
    let label = match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFORMATIONAL",
    };
    json!({
        "Severity": {"Label": label, "Original": severity.as_str()},
        "Types": [format!("Software and Configuration Checks/Infrastructure Drift/{kind}")],
    })
}

/// Who, why, what; a user's own text in their place.
fn description(message: &Message, item: &Item) -> String {
    if let Some(own) = &message.text {
        return shorten(filled(&[&one_line(own), &item.name, &item.kind]), DESCRIPTION);
    }
    let who = item.who.as_ref().map(|who| format!("By {}.", who.line));
    let why = item.rules.iter().map(|rule| rule.why.clone()).filter(|why| !why.is_empty());
    let changes = item.changes.iter().map(|line| format!("{}{}", line.sign.mark(), line.text));
    let changes: Vec<String> = changes.collect();
    let changes = (!changes.is_empty()).then(|| format!("Changes: {}", changes.join(" | ")));
    let standing = format!("Standing: {}.", item.standing);
    let parts: Vec<String> = who.into_iter().chain(why).chain([standing]).chain(changes).collect();
    shorten(filled(&[&parts.join(" "), &item.name, &item.kind]), DESCRIPTION)
}

/// What the format has no place for. At most 50, each of 128 and 2,048 characters.
fn product_fields(item: &Item) -> Map<String, Value> {
    let changes: Vec<String> = item.changes.iter().map(|line| format!("{}{}", line.sign.mark(), line.text)).collect();
    let more =
        (item.more_changes > 0).then(|| format!("... and {}", count(item.more_changes, "more line", "more lines")));
    let changes: Vec<String> = changes.into_iter().chain(more).collect();
    let who = item.who.as_ref();
    let rules: Vec<&str> = item.rules.iter().map(|rule| rule.id.as_str()).collect();
    fields(
        &[
            ("driftd/FindingId", Some(item.finding_id.clone())),
            ("driftd/Fingerprint", Some(sanitize_output(&item.fingerprint))),
            ("driftd/Drift", Some(item.drift.as_str().to_owned())),
            ("driftd/Standing", Some(item.standing.clone())),
            ("driftd/Address", Some(item.name.clone())),
            ("driftd/Source", item.source.clone()),
            ("driftd/Code", item.code.clone()),
            ("driftd/Rules", Some(rules.join(", "))),
            ("driftd/Changes", Some(changes.join("\n"))),
            ("driftd/Who", who.map(|who| who.line.clone())),
            ("driftd/Confidence", who.map(|who| who.confidence.as_str().to_owned())),
            ("driftd/Cautions", who.map(|who| who.cautions.join("; "))),
            ("driftd/Events", who.map(|who| who.events.join(", "))),
            ("driftd/Note", item.note.clone()),
            ("driftd/GeneratedNote", item.generated_note.clone()),
            ("driftd/Event", page(&item.links, &["event"])),
        ],
        FIELD,
    )
}

/// Those that say something: the format has no empty texts.
fn fields(all: &[(&str, Option<String>)], width: usize) -> Map<String, Value> {
    let said =
        all.iter().filter_map(|(name, value)| Some((name, value.as_ref().filter(|value| !value.trim().is_empty())?)));
    said.map(|(name, value)| ((*name).to_owned(), shorten(value, width).into())).collect()
}

/// The first link of these kinds that a browser opens.
fn page(links: &[Link], wanted: &[&str]) -> Option<String> {
    let of = |rel: &&str| summary::links(links).find(|link| link.rel == *rel && link.url.len() < URL);
    wanted.iter().find_map(of).map(|link| link.url.clone())
}

/// The first that says something.
fn filled<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.trim().is_empty()).copied().unwrap_or("-")
}

fn one_line(text: &str) -> String {
    sanitize_lines(text).lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
