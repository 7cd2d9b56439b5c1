//! Tests of `desired::place`.

use std::sync::Arc;

use super::*;
use crate::model::InstanceStatus;

fn own(kind: &str, attributes: &str) -> (Option<String>, Option<String>) {
    let place = own_place(kind, &RawValue::from_string(attributes.to_owned()).unwrap());
    (place.account, place.region)
}

#[test]
fn an_instance_says_where_it_is() {
    let (a, e) = (Some("111111111111"), Some("eu-west-1"));
    let table = [
        ("aws_sqs_queue", r#"{"arn":"arn:aws:sqs:eu-west-1:111111111111:q"}"#, a, e),
        ("aws_sqs_queue", r#"{"arn":"arn:aws-cn:sqs:cn-north-1:111111111111:q"}"#, a, Some("cn-north-1")),
        ("aws_sqs_queue", r#"{"arn":"arn:aws-us-gov:sqs:us-gov-west-1:111111111111:q"}"#, a, Some("us-gov-west-1")),
        ("aws_sqs_queue", r#"{"arn":"arn:aws-iso-b:sqs:us-isob-east-1:111111111111:q"}"#, a, Some("us-isob-east-1")),
        ("aws_iam_role", r#"{"arn":"arn:aws:iam::111111111111:role/r"}"#, a, None),
        ("aws_s3_bucket", r#"{"arn":"arn:aws:s3:::b","region":"eu-west-1"}"#, None, e),
        ("aws_ebs_volume", r#"{"availability_zone":"eu-west-1b"}"#, None, e),
        ("aws_subnet", r#"{"owner_id":"111111111111","availability_zone":"us-west-2-lax-1a"}"#, a, Some("us-west-2")),
        ("aws_subnet", r#"{"availability_zone":"us-east-1-wl1-bos-wlz-1"}"#, None, Some("us-east-1")),
        ("aws_ami", r#"{"arn":"arn:aws:ec2:eu-west-1::image/ami-1","owner_id":"111111111111"}"#, a, e),
        (
            "aws_api_gateway_rest_api",
            r#"{"arn":"arn:aws:apigateway:eu-west-1::/restapis/x","execution_arn":"arn:aws:execute-api:eu-west-1:111111111111:x"}"#,
            a,
            e,
        ),
        ("aws_ecs_service", r#"{"id":"arn:aws:ecs:eu-west-1:111111111111:service/c/s"}"#, a, e),
        ("aws_ecr_repository_policy", r#"{"registry_id":"111111111111"}"#, a, None),
        ("aws_s3_account_public_access_block", r#"{"account_id":"111111111111"}"#, a, None),
        ("aws_s3control_bucket", r#"{"account_id":"111111111111"}"#, a, None),
        ("aws_instance", r#"{"region":"eu-west-1"}"#, None, e),
        ("aws_instance", "null", None, None),
    ];
    for (kind, attributes, account, region) in table {
        let expected = (account.map(str::to_owned), region.map(str::to_owned));
        assert_eq!(own(kind, attributes), expected, "{kind} {attributes}");
    }
}

#[test]
fn what_points_elsewhere_decides_nothing() {
    let table = [
        ("aws_cloudwatch_event_target", r#"{"arn":"arn:aws:sqs:us-east-1:999999999999:q","id":"r-t"}"#),
        (
            "aws_lb_target_group_attachment",
            r#"{"target_group_arn":"arn:aws:elasticloadbalancing:us-east-1:999999999999:x","availability_zone":"all"}"#,
        ),
        ("aws_iam_role_policy_attachment", r#"{"policy_arn":"arn:aws:iam::999999999999:policy/p"}"#),
        ("aws_iam_role_policy_attachment", r#"{"id":"r-1","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#),
        ("aws_lambda_event_source_mapping", r#"{"event_source_arn":"arn:aws:sqs:us-east-1:999999999999:q"}"#),
        ("aws_guardduty_member", r#"{"account_id":"999999999999"}"#),
        (
            "aws_organizations_delegated_administrator",
            r#"{"account_id":"999999999999","arn":"arn:aws:organizations::999999999999:account/o/1"}"#,
        ),
        ("aws_ami_launch_permission", r#"{"account_id":"999999999999"}"#),
        ("aws_config_aggregate_authorization", r#"{"account_id":"999999999999","region":"us-east-1"}"#),
        ("aws_vpc_peering_connection", r#"{"peer_owner_id":"999999999999","peer_region":"us-east-1"}"#),
        ("aws_dx_hosted_private_virtual_interface", r#"{"owner_account_id":"999999999999"}"#),
        (
            "aws_ram_resource_share_accepter",
            r#"{"id":"arn:aws:ram:us-east-1:999999999999:resource-share/x","share_arn":"arn:aws:ram:us-east-1:999999999999:resource-share/x"}"#,
        ),
        (
            "aws_secretsmanager_secret_policy",
            r#"{"id":"arn:aws:secretsmanager:us-east-1:999999999999:secret:s","secret_arn":"arn:aws:secretsmanager:us-east-1:999999999999:secret:s"}"#,
        ),
        (
            "aws_wafv2_web_acl_association",
            r#"{"id":"arn:aws:wafv2:us-east-1:999999999999:x,arn:aws:elasticloadbalancing:us-east-1:999999999999:y"}"#,
        ),
        ("aws_lb_target_group_attachment", r#"{"availability_zone":"all","owner_id":"amazon"}"#),
        ("aws_s3_bucket", r#"{"arn":"arn:aws:s3:::b"}"#),
        ("aws_ssoadmin_permission_set", r#"{"arn":"arn:aws:sso:::permissionSet/x/y"}"#),
        ("aws_x", r#"{"arn":"not:an:arn","region":"elsewhere"}"#),
    ];
    for (kind, attributes) in table {
        assert_eq!(own(kind, attributes), (None, None), "{kind} {attributes}");
    }
    let subscription = r#"{"arn":"arn:aws:sns:us-east-1:999999999999:t:x","owner_id":"111111111111"}"#;
    let expected = (Some("111111111111".to_owned()), Some("us-east-1".to_owned()));
    assert_eq!(own("aws_sns_topic_subscription", subscription), expected);
}

fn instance(kind: &str, provider: (Option<&str>, &str, Option<&str>), attributes: &str) -> Desired {
    let (module, address, alias) = provider;
    Desired {
        address: String::new(),
        kind: Arc::from(kind),
        id: String::new(),
        account: None,
        region: None,
        source: 0,
        also_in: Vec::new(),
        disputed_by: Vec::new(),
        is_copy: false,
        provider: ProviderRef {
            module: module.map(str::to_owned),
            address: address.to_owned(),
            alias: alias.map(str::to_owned),
        },
        schema_version: 0,
        status: InstanceStatus::Ready,
        raw_attributes: RawValue::from_string(attributes.to_owned()).unwrap(),
        sensitive: Vec::new(),
        code: None,
        declared: None,
    }
}

const TERRAFORM: &str = "registry.terraform.io/hashicorp/aws";
const TOFU: &str = "registry.opentofu.org/hashicorp/aws";
const QUEUE_EU: &str = r#"{"arn":"arn:aws:sqs:eu-west-1:111111111111:q"}"#;
const QUEUE_US: &str = r#"{"arn":"arn:aws:sqs:us-east-1:222222222222:q"}"#;

fn located(mut resources: Vec<Desired>, from_code: &ProviderRegions) -> Vec<(Option<String>, Option<String>)> {
    locate(&mut resources, from_code);
    resources.into_iter().map(|resource| (resource.account, resource.region)).collect()
}

fn last(resources: Vec<Desired>) -> (Option<String>, Option<String>) {
    located(resources, &ProviderRegions::new()).pop().unwrap()
}

fn place(account: Option<&str>, region: Option<&str>) -> (Option<String>, Option<String>) {
    (account.map(str::to_owned), region.map(str::to_owned))
}

#[test]
fn the_silent_follow_most_of_their_provider_configuration() {
    let default = (None, TERRAFORM, None);
    let west = (None, TERRAFORM, Some("west"));
    let queue = |provider, attributes| instance("aws_sqs_queue", provider, attributes);
    let silent = |provider| instance("aws_route_table_association", provider, "{}");
    let (eu, us) = (QUEUE_EU, QUEUE_US);
    let both = place(Some("111111111111"), Some("eu-west-1"));
    let table = [
        (vec![queue(default, eu), silent(default)], both.clone(), "the same configuration"),
        (vec![queue(default, eu), queue(default, eu), queue(default, us), silent(default)], both.clone(), "a majority"),
        (vec![queue(default, eu), queue(default, us), silent(default)], place(None, None), "a tie"),
        (
            vec![queue(default, eu), queue(west, us), silent(west)],
            place(Some("222222222222"), Some("us-east-1")),
            "alias",
        ),
        (vec![queue(default, eu), silent(west)], place(None, None), "an alias of which nothing is known"),
        (vec![queue(west, eu), silent(default)], place(Some("111111111111"), None), "one account in the whole source"),
        (vec![queue(west, eu), queue(west, us), silent(default)], place(None, None), "two accounts in the source"),
        (
            vec![queue((None, TOFU, None), eu), silent(default)],
            both.clone(),
            "the same configuration, moved to OpenTofu",
        ),
        (
            vec![queue((Some("module.m"), TERRAFORM, None), eu), silent(default)],
            place(Some("111111111111"), None),
            "module",
        ),
        (
            vec![queue(default, eu), instance("aws_iam_role_policy", default, "{}")],
            place(Some("111111111111"), None),
            "IAM has no region",
        ),
        (
            vec![
                queue(default, eu),
                instance("random_id", (None, "registry.terraform.io/hashicorp/random", None), "{}"),
            ],
            place(None, None),
            "not AWS",
        ),
        (vec![silent(default)], place(None, None), "nothing is known"),
    ];
    for (resources, expected, what) in table {
        assert_eq!(last(resources), expected, "{what}");
    }
}

#[test]
fn a_region_of_its_own_comes_before_arn_identity_and_configuration() {
    let default = (None, TERRAFORM, None);
    let with = |identity: Option<&str>, attributes: &str| {
        let queue = instance("aws_sqs_queue", default, QUEUE_EU);
        let mut rule = instance("aws_security_group_rule", default, attributes);
        rule.region = identity.map(str::to_owned);
        last(vec![queue, rule]).1
    };
    let region = |name: &str| Some(name.to_owned());
    assert_eq!(with(None, "{}"), region("eu-west-1"));
    assert_eq!(with(Some("ap-south-1"), "{}"), region("ap-south-1"));
    assert_eq!(with(Some("ap-south-1"), r#"{"region":"us-west-2"}"#), region("us-west-2"));
    assert_eq!(with(Some("ap-south-1"), r#"{"region":null}"#), region("ap-south-1"));
    let both = r#"{"region":"us-west-2","arn":"arn:aws:ec2:us-east-1:111111111111:security-group-rule/sgr-1"}"#;
    assert_eq!(with(None, both), region("us-west-2"));
    let mut role = instance("aws_iam_role", default, "{}");
    (role.account, role.region) = place(Some("111111111111"), Some("us-east-1"));
    assert_eq!(last(vec![role]), place(Some("111111111111"), None), "IAM has no region");
}

#[test]
fn the_code_tells_the_region_of_a_silent_alias() {
    let code = ProviderRegions::from([((None, Some("west".to_owned())), "us-west-2".to_owned())]);
    let silent = instance("aws_route_table_association", (None, TERRAFORM, Some("west")), "{}");
    assert_eq!(located(vec![silent], &code), [place(None, Some("us-west-2"))]);
}
