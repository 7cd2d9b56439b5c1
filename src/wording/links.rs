//! Where a finding can be looked at: AWS's console, the event in CloudTrail, the line of the code, the dashboard. What stands in a link is
//! escaped, whatever a resource is called.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::message::Link;
use crate::model::{EventRef, Finding, GLOBAL};

/// What a segment of a link may hold as it is (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, and slashes.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Where code and dashboard are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// A page of a line of the code; `{file}`, `{line}` and `{source}` are filled in.
    pub code: Option<String>,
    /// The address under which people see driftd's pages, without a slash at its end.
    pub dashboard: Option<String>,
}

/// All links of a finding; the most useful first.
pub(super) fn of_finding(finding: &Finding, finding_id: &str, options: &LinkOptions) -> Vec<Link> {
    let link = |rel: &str, label: &str, url| Link { rel: rel.to_owned(), label: label.to_owned(), url };
    let event = finding.attribution.as_ref().and_then(|who| who.events.last());
    let dashboard = options.dashboard.as_ref().map(|base| format!("{base}/findings/{}", escaped(finding_id)));
    [
        dashboard.map(|url| link("dashboard", "Finding", url)),
        code(finding, options).map(|url| link("code", "Code", url)),
        console(finding).map(|url| link("console", "AWS console", url)),
        event.and_then(cloudtrail).map(|url| link("event", "CloudTrail event", url)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn code(finding: &Finding, options: &LinkOptions) -> Option<String> {
    let (template, code) = (options.code.as_ref()?, finding.code.as_ref()?);
    let source = finding.source.as_deref().unwrap_or_default();
    let file = utf8_percent_encode(code.file.trim_start_matches("./"), PATH).to_string();
    let filled = template.replace("{file}", &file).replace("{line}", &code.line.to_string());
    Some(filled.replace("{source}", &escaped(source)))
}

/// The console of the partition that a region is in: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
fn console_host(region: &str) -> Option<&'static str> {
    match region {
        _ if region.starts_with("cn-") => Some("console.amazonaws.cn"),
        _ if region.starts_with("us-gov-") => Some("console.amazonaws-us-gov.com"),
        _ if region.starts_with("eusc-") => Some("console.amazonaws-eusc.eu"),
        // What is cut off from the internet is looked at from within.
        _ if region.contains("-iso") => None,
        _ => Some("console.aws.amazon.com"),
    }
}

/// The page of a resource, of types whose page is known.
fn console(finding: &Finding) -> Option<String> {
    let partition = finding.arn.as_deref().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
    let region = match (finding.region.as_str(), partition) {
        (GLOBAL, "aws-cn") => "cn-north-1",
        (GLOBAL, "aws-us-gov") => "us-gov-west-1",
        (GLOBAL, _) => "us-east-1",
        (region, _) => region,
    };
    let host = console_host(region)?;
    let id = escaped(&finding.id);
    let page = match finding.kind.as_str() {
        "aws_instance" => format!("ec2/home?region={region}#InstanceDetails:instanceId={id}"),
        "aws_security_group" | "aws_default_security_group" => {
            format!("ec2/home?region={region}#SecurityGroup:groupId={id}")
        }
        "aws_ebs_volume" => format!("ec2/home?region={region}#VolumeDetails:volumeId={id}"),
        "aws_ami" => format!("ec2/home?region={region}#ImageDetails:imageId={id}"),
        "aws_launch_template" => format!("ec2/home?region={region}#LaunchTemplateDetails:launchTemplateId={id}"),
        "aws_network_interface" => format!("ec2/home?region={region}#NetworkInterface:networkInterfaceId={id}"),
        "aws_vpc" | "aws_default_vpc" => format!("vpcconsole/home?region={region}#VpcDetails:VpcId={id}"),
        "aws_subnet" | "aws_default_subnet" => format!("vpcconsole/home?region={region}#SubnetDetails:subnetId={id}"),
        "aws_route_table" | "aws_default_route_table" => {
            format!("vpcconsole/home?region={region}#RouteTableDetails:RouteTableId={id}")
        }
        "aws_network_acl" | "aws_default_network_acl" => {
            format!("vpcconsole/home?region={region}#NetworkAclDetails:networkAclId={id}")
        }
        "aws_iam_role" => format!("iam/home#/roles/details/{id}"),
        "aws_iam_user" => format!("iam/home#/users/details/{id}"),
        "aws_iam_group" => format!("iam/home#/groups/details/{id}"),
        "aws_iam_policy" => format!("iam/home#/policies/details/{id}"),
        "aws_s3_bucket" => format!("s3/buckets/{id}?region={region}"),
        kind if kind.starts_with("aws_s3_bucket_") && !finding.id.contains('/') => {
            format!("s3/buckets/{id}?region={region}&tab=permissions")
        }
        _ => return None,
    };
    Some(format!("https://{region}.{host}/{page}"))
}

/// The page of an event in CloudTrail's event history, which has those of 90 days.
fn cloudtrail(event: &EventRef) -> Option<String> {
    let region = crate::model::is_region(&event.region).then_some(event.region.as_str())?;
    let host = console_host(region)?;
    let id = escaped(&event.event_id);
    Some(format!("https://{region}.{host}/cloudtrailv2/home?region={region}#/events/{id}"))
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, DriftStatus, Severity};
    use crate::wording::sample;

    #[test]
    fn a_link_leads_to_the_resource_and_nowhere_else() {
        let url = |kind: &str, id: &str, region: &str| {
            let mut one = sample::finding(DriftStatus::Changed, Severity::High, kind, id, "a.b");
            region.clone_into(&mut one.region);
            console(&one)
        };
        assert_eq!(
            url("aws_security_group", "sg-1", "eu-central-1").unwrap(),
            "https://eu-central-1.console.aws.amazon.com/ec2/home?region=eu-central-1#SecurityGroup:groupId=sg-1"
        );
        assert_eq!(
            url("aws_iam_role", "a/b?c", GLOBAL).unwrap(),
            "https://us-east-1.console.aws.amazon.com/iam/home#/roles/details/a%2Fb%3Fc"
        );
        assert!(url("aws_vpc", "vpc-1", "cn-north-1").unwrap().starts_with("https://cn-north-1.console.amazonaws.cn/"));
        assert_eq!(url("aws_vpc", "vpc-1", "us-iso-east-1"), None);
        assert_eq!(url("aws_route", "r-1", "eu-west-1"), None, "no page is known");
    }

    #[test]
    fn code_and_event_are_linked() {
        let report = sample::attributed();
        let finding = report.findings.iter().find(|finding| finding.code.is_some()).unwrap();
        let options = LinkOptions {
            code: Some("https://git.example/blob/main/{file}#L{line}".to_owned()),
            dashboard: Some("https://driftd.example".to_owned()),
        };
        let links = of_finding(finding, "0123456789abcdef", &options);
        let url = |rel: &str| links.iter().find(|link| link.rel == rel).map(|link| link.url.as_str());
        assert_eq!(url("dashboard"), Some("https://driftd.example/findings/0123456789abcdef"));
        assert_eq!(url("code"), Some("https://git.example/blob/main/modules/network/main.tf#L12"));
        assert!(finding.attribution.as_ref().is_some_and(|who| who.confidence == Confidence::Certain));
        let mut event = finding.attribution.as_ref().unwrap().events.last().cloned();
        event.iter_mut().for_each(|event| "x#\"><script>".clone_into(&mut event.event_id));
        if let Some(event) = event {
            assert!(!cloudtrail(&event).unwrap().contains('<'));
        }
    }
}
