//! Real user agents and signs -> the access path.

use serde_json::{Value, json};

use super::*;
use crate::attribution::event::parse;

const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux api/ec2#1.224.1 m/C,e";
const S3_CONSOLE: &str =
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10 java/1.8.0_372 cfg/retry-mode/standard]";
const CLI: &str =
    "aws-cli/2.17.60 md/awscrt#0.21.2 ua/2.0 os/macos#23.6.0 lang/python#3.12.6 md/command#rds.modify-db-instance";
const CLOUDSHELL: &str = "aws-cli/2.13.5 Python/3.11.4 Linux/4.14 exec-env/CloudShell exe/x86_64.amzn.2 prompt/off command/ec2.stop-instances";
const BROWSER: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/143.0.0.0 Safari/537.36";

fn access(more: Value) -> AccessPath {
    let mut record = json!({"eventVersion": "1.11", "eventID": "e", "eventTime": "2026-01-02T03:04:05Z", "eventType": "AwsApiCall",
        "eventSource": "ec2.amazonaws.com", "eventName": "ModifyVolume", "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "IAMUser", "accessKeyId": "ASIAX", "sessionContext": {"attributes": {"creationDate": "2026-01-02T03:00:00Z"}}}});
    let (Value::Object(record), Value::Object(more)) = (&mut record, more) else { panic!() };
    record.extend(more);
    channel(&parse(&json!(record).to_string()).unwrap())
}

fn access_path(more: Value) -> (Channel, Option<String>, bool) {
    let AccessPath { channel, tool, certain } = access(more);
    (channel, tool, certain)
}

#[test]
fn one_access_path_for_each_set_of_signs() {
    let key = json!({"type": "IAMUser", "accessKeyId": "AKIAX"});
    for (case, signs, channel, tool, certain) in [
        (
            "console, proxied",
            json!({"userAgent": "AWS Internal", "sessionCredentialFromConsole": "true"}),
            Channel::Console,
            None,
            true,
        ),
        (
            "console, browser",
            json!({"userAgent": BROWSER, "sessionCredentialFromConsole": "true", "tlsDetails": {}}),
            Channel::Console,
            None,
            true,
        ),
        (
            "S3's console has no flag",
            json!({"userAgent": S3_CONSOLE, "eventSource": "s3.amazonaws.com", "tlsDetails": {}}),
            Channel::Console,
            None,
            true,
        ),
        (
            "S3's console, browser",
            json!({"userAgent": format!("[{BROWSER}]"), "eventSource": "s3.amazonaws.com"}),
            Channel::Console,
            None,
            true,
        ),
        ("elsewhere the flag is missed", json!({"userAgent": BROWSER}), Channel::Console, None, false),
        (
            "a browser with a long-lived key",
            json!({"userAgent": BROWSER, "userIdentity": key, "tlsDetails": {}}),
            Channel::Other,
            Some(BROWSER),
            true,
        ),
        (
            "EC2's console",
            json!({"userAgent": "EC2ConsoleFrontend, aws-internal/3 aws-sdk-java/1.12"}),
            Channel::Console,
            None,
            false,
        ),
        (
            "console, old",
            json!({"userAgent": "signin.amazonaws.com", "userIdentity": {"type": "IAMUser", "invokedBy": "signin.amazonaws.com"}}),
            Channel::Console,
            None,
            false,
        ),
        ("console, 2020", json!({"userAgent": "console.ec2.amazonaws.com"}), Channel::Console, None, false),
        (
            "a server of AWS for somebody at an address",
            json!({"userAgent": "aws-internal/3 aws-sdk-java/1.12.692"}),
            Channel::Console,
            None,
            false,
        ),
        (
            "the same with TLS is not",
            json!({"userAgent": "aws-internal/3 aws-sdk-java/1.12.692", "tlsDetails": {}}),
            Channel::Unknown,
            None,
            false,
        ),
        (
            "AWS Internal without the flag",
            json!({"userAgent": "AWS Internal", "sourceIPAddress": "AWS Internal"}),
            Channel::Unknown,
            None,
            false,
        ),
        ("AWS Internal from an address, no flag", json!({"userAgent": "AWS Internal"}), Channel::Unknown, None, false),
        (
            "CloudShell",
            json!({"userAgent": CLOUDSHELL, "sessionCredentialFromConsole": "true", "tlsDetails": {}}),
            Channel::Cloudshell,
            Some("ec2.stop-instances"),
            true,
        ),
        (
            "CloudShell's name without the flag",
            json!({"userAgent": CLOUDSHELL, "tlsDetails": {}}),
            Channel::Cli,
            Some("ec2.stop-instances"),
            true,
        ),
        (
            "a CLI with a console session's credentials",
            json!({"userAgent": CLI, "sessionCredentialFromConsole": "true"}),
            Channel::Console,
            Some("rds.modify-db-instance"),
            false,
        ),
        ("CLI 2", json!({"userAgent": CLI, "tlsDetails": {}}), Channel::Cli, Some("rds.modify-db-instance"), true),
        (
            "CLI 1, S3",
            json!({"userAgent": "[aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1]"}),
            Channel::Cli,
            Some("aws-cli/1.45.11"),
            true,
        ),
        (
            "SDK in Lambda",
            json!({"userAgent": "Boto3/1.40.2 md/Botocore#1.40.2 exec-env/AWS_Lambda_python3.12 Botocore/1.40.2"}),
            Channel::Sdk,
            Some("Boto3/1.40.2 in AWS_Lambda_python3.12"),
            true,
        ),
        (
            "SDK",
            json!({"userAgent": "aws-sdk-go/1.32.7 (go1.14.6; linux; amd64)"}),
            Channel::Sdk,
            Some("aws-sdk-go/1.32.7"),
            true,
        ),
        (
            "Cloud Custodian before its SDK",
            json!({"userAgent": "CloudCustodian(encrypt)/0.9.2 Python/3.8 exec-env/AWS_Lambda_python3.8 Botocore/1.17"}),
            Channel::Other,
            Some("Cloud Custodian encrypt"),
            true,
        ),
        (
            "Terraform",
            json!({"userAgent": TERRAFORM}),
            Channel::Terraform,
            Some("Terraform 1.11.4, terraform-provider-aws 5.100.0"),
            true,
        ),
        (
            "Terraform, S3",
            json!({"userAgent": format!("[{TERRAFORM}]"), "eventSource": "s3.amazonaws.com"}),
            Channel::Terraform,
            Some("Terraform 1.11.4, terraform-provider-aws 5.100.0"),
            true,
        ),
        (
            "Terraform with a console session's credentials",
            json!({"userAgent": TERRAFORM, "sessionCredentialFromConsole": "true"}),
            Channel::Terraform,
            Some("Terraform 1.11.4, terraform-provider-aws 5.100.0"),
            true,
        ),
        (
            "OpenTofu's state",
            json!({"userAgent": "APN/1.0 OpenTofu-S3-Backend/1.0 OpenTofu/1.9.0"}),
            Channel::Terraform,
            Some("OpenTofu 1.9.0"),
            true,
        ),
        (
            "Pulumi before Terraform",
            json!({"userAgent": "APN/1.0 Pulumi/1.0 Pulumi-Aws/4.17.0 HashiCorp/1.0 Terraform/ aws-sdk-go/1.40"}),
            Channel::Pulumi,
            Some("Pulumi-Aws 4.17.0"),
            true,
        ),
        (
            "Crossplane before Terraform",
            json!({"userAgent": format!("{TERRAFORM} crossplane-provider-jet-aws/v0.4.0")}),
            Channel::Crossplane,
            Some("crossplane-provider-jet-aws v0.4.0"),
            true,
        ),
        (
            "CloudFormation for a person",
            json!({"userAgent": "cloudformation.amazonaws.com", "sourceIPAddress": "cloudformation.amazonaws.com", "userIdentity": {"type": "IAMUser", "invokedBy": "cloudformation.amazonaws.com"}}),
            Channel::Cloudformation,
            Some("cloudformation.amazonaws.com"),
            true,
        ),
        (
            "the flag on a service's call",
            json!({"userAgent": "AWS Internal", "sessionCredentialFromConsole": "true", "userIdentity": {"type": "AssumedRole", "invokedBy": "health.amazonaws.com"}}),
            Channel::AwsService,
            Some("health.amazonaws.com"),
            true,
        ),
        (
            "a service as itself",
            json!({"userIdentity": {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}, "userAgent": "rds.amazonaws.com"}),
            Channel::AwsService,
            Some("rds.amazonaws.com"),
            true,
        ),
        (
            "nobody asked",
            json!({"eventType": "AwsServiceEvent", "eventSource": "kms.amazonaws.com", "eventName": "RotateKey", "userIdentity": {"accountId": "123456789012", "invokedBy": "AWS Internal"}}),
            Channel::AwsService,
            Some("kms.amazonaws.com"),
            true,
        ),
        (
            "a user agent that pretends to be a service",
            json!({"userAgent": "autoscaling.amazonaws.com", "tlsDetails": {}}),
            Channel::Other,
            Some("autoscaling.amazonaws.com"),
            true,
        ),
        (
            "something else",
            json!({"userAgent": "fixer 1.0", "tlsDetails": {}}),
            Channel::Other,
            Some("fixer 1.0"),
            true,
        ),
        ("something, and nothing more", json!({"userAgent": "fixer 1.0"}), Channel::Unknown, Some("fixer 1.0"), false),
        ("nothing", json!({"userAgent": "[]"}), Channel::Unknown, None, false),
    ] {
        assert_eq!(access_path(signs), (channel, tool.map(str::to_owned), certain), "{case}");
    }
}

#[test]
fn hostile_user_agents_stay_one_short_line() {
    for agent in
        ["x\u{1b}[2J\n<script>".repeat(1000), format!("{TERRAFORM} {}", "\u{202e}evil".repeat(9999)), "(".repeat(5000)]
    {
        let tool = access(json!({"userAgent": agent, "tlsDetails": {}})).tool.unwrap();
        assert!(tool.chars().count() <= 256 && !tool.chars().any(|c| c.is_control() || c == '\u{202e}'), "{tool}");
    }
}
