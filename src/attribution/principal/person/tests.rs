//! Who is behind which credentials: one row a case, records as CloudTrail writes them.

mod claims;
mod pipelines;

use serde_json::{Value, json};

use super::super::channel::channel;
use super::super::settings::Pipeline;
use super::*;
use crate::attribution::event::parse;
use crate::model::Channel;

const AT: &str = "2026-01-02T03:00:00Z";
const TERRAFORM: &str =
    "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+x) terraform-provider-aws/5.100.0 (+y) aws-sdk-go-v2/1.36.3 m/g";
const BOTO: &str = "Boto3/1.40.2 md/Botocore#1.40.2 ua/2.1 Botocore/1.40.2";
const CLI: &str = "aws-cli/2.34.30 ua/2.1 md/command#ec2.modify-volume";
const GITHUB: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const MAIN: &str = "repo:acme/infra:ref:refs/heads/main";

fn joined(mut base: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut base, more) else { panic!() };
    members.extend(more);
    base
}

fn event(identity: Value, more: Value) -> Event {
    let base = json!({"eventVersion": "1.11", "eventID": "e-1", "eventTime": "2026-01-02T03:04:05Z", "eventType": "AwsApiCall",
        "eventSource": "ec2.amazonaws.com", "eventName": "ModifyVolume", "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7",
        "recipientAccountId": "123456789012", "userAgent": BOTO, "userIdentity": identity});
    parse(&joined(base, more).to_string()).unwrap()
}

fn user(name: &str) -> Value {
    json!({"type": "IAMUser", "principalId": format!("AIDA{name}"), "arn": format!("arn:aws:iam::123456789012:user/{name}"),
        "accountId": "123456789012", "userName": name, "accessKeyId": format!("AKIA{name:0>16}")})
}

fn user_session(name: &str, mfa: &str) -> Value {
    joined(
        user(name),
        json!({"accessKeyId": "", "sessionContext": {"attributes": {"creationDate": AT, "mfaAuthenticated": mfa}}}),
    )
}

/// `path`: of the role, with slashes.
fn session_in(path: &str, role: &str, session: &str, key: &str) -> Value {
    json!({"type": "AssumedRole", "principalId": format!("AROA{role}:{session}"), "accountId": "123456789012", "accessKeyId": key,
        "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/{session}"),
        "sessionContext": {"attributes": {"creationDate": AT, "mfaAuthenticated": "false"}, "sessionIssuer": {"type": "Role",
            "principalId": format!("AROA{role}"), "accountId": "123456789012", "userName": role,
            "arn": format!("arn:aws:iam::123456789012:role{path}{role}")}}})
}

fn session(role: &str, session: &str, key: &str) -> Value {
    session_in("/", role, session, key)
}

fn sso(user: &str, key: &str) -> Value {
    session_in("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_0a1b2c3d4e5f6071", user, key)
}

/// The call by which `caller` got the session `identity`.
fn issued(caller: Value, identity: &Value, more: Value) -> Event {
    let name = match caller["type"].as_str().unwrap() {
        "WebIdentityUser" => "AssumeRoleWithWebIdentity",
        "SAMLUser" => "AssumeRoleWithSAML",
        _ => "AssumeRole",
    };
    let base = json!({"eventID": "e-0", "eventTime": AT, "eventSource": "sts.amazonaws.com", "eventName": name,
        "userIdentity": caller, "requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/x"}, "responseElements": {
            "credentials": {"accessKeyId": identity["accessKeyId"]},
            "assumedRoleUser": {"assumedRoleId": identity["principalId"], "arn": identity["arn"]}}});
    parse(&joined(base, more).to_string()).unwrap()
}

fn github(subject: &str) -> Value {
    json!({"type": "WebIdentityUser", "principalId": format!("{GITHUB}:sts.amazonaws.com:{subject}"), "userName": subject, "identityProvider": GITHUB})
}

fn ci_session() -> Value {
    let mut identity = session("terraform-ci", "gha-1234", "ASIACI");
    identity["sessionContext"]["webIdFederationData"] = json!({"federatedProvider": GITHUB, "attributes": {}});
    identity
}

fn who_with(event: &Event, before: &[Event], settings: &Settings) -> Person {
    let mut sessions = Sessions::default();
    before.iter().for_each(|event| sessions.note(event));
    person(event, &sessions, settings, &channel(event))
}

fn who(event: &Event, before: &[Event]) -> Person {
    who_with(event, before, &Settings::default())
}

fn named(person: &Person) -> (ActorType, &str) {
    person.actor.as_ref().map_or((ActorType::Unknown, ""), |actor| (actor.kind, actor.name.as_str()))
}

fn patterns(of: &[&str]) -> Vec<Pattern> {
    of.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect()
}

fn pipelines() -> Settings {
    let pipeline = Pipeline {
        principals: patterns(&["arn:aws:iam::*:role/terraform-ci"]),
        networks: vec!["20.55.0.0/16".parse().unwrap()],
        subjects: patterns(&["repo:acme/infra:*"]),
    };
    Settings { pipelines: vec![pipeline], ..Settings::default() }
}

use ActorType::{Account, IamUser, Person as Human, Pipeline as Ci, Role, Root, Service, Unknown};
use Caution::{Automation, BreakGlass, ClaimsToBeTerraform, NameIsForgeable, OtherAccount, PipelineByHand};

#[test]
fn one_name_for_each_identity() {
    let root = json!({"type": "Root", "principalId": "123456789012", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012"});
    let federated = |name: &str| {
        json!({"type": "FederatedUser", "principalId": format!("123456789012:{name}"), "accountId": "123456789012", "accessKeyId": "ASIAF",
            "arn": format!("arn:aws:sts::123456789012:federated-user/{name}"), "sessionContext": {"sessionIssuer": {"type": "IAMUser",
                "principalId": "AIDAbroker", "arn": "arn:aws:iam::123456789012:user/broker", "userName": "broker"}}})
    };
    let hostile = format!("{}\u{1b}[2J<script>", "a".repeat(300));
    let delegated =
        joined(session("ops", "x1234567", "ASIA1"), json!({"invokedByDelegate": {"accountId": "444455556666"}}));
    for (case, identity, kind, name, cautions) in [
        ("SSO names its users itself", sso("alice@example.com", ""), Human, "alice@example.com", vec![]),
        ("SSO without mail addresses", sso("alice", ""), Human, "alice", vec![]),
        (
            "a role that only calls itself SSO",
            session("AWSReservedSSO_Admin_0a1b2c3d4e5f6071", "ceo@example.com", "ASIA1"),
            Human,
            "ceo@example.com",
            vec![NameIsForgeable],
        ),
        ("IAM user", user("dave"), IamUser, "dave", vec![]),
        ("root", root, Root, "root of 123456789012", vec![]),
        (
            "a mail address anybody can choose",
            session("ops", "eve@example.com", "ASIA1"),
            Human,
            "eve@example.com",
            vec![NameIsForgeable],
        ),
        ("a word anybody can choose", session("ops", "jane.doe", "ASIA1"), Role, "ops", vec![]),
        ("an instance", session("web", "i-0abc1234def567890", "ASIA1"), Role, "web", vec![]),
        (
            "a function",
            session_in("/service-role/", "lambda-autoremediate", "autoremediate", "ASIA1"),
            Role,
            "lambda-autoremediate",
            vec![],
        ),
        ("markup and escapes", session("ops", "<script>@x.y\u{1b}[2J", "ASIA1"), Role, "ops", vec![]),
        ("a long user name", user(&hostile), IamUser, &"a".repeat(256), vec![]),
        ("federated, a word", federated("stratus"), IamUser, "broker", vec![]),
        ("federated, a mail address", federated("zoe@example.com"), Human, "zoe@example.com", vec![NameIsForgeable]),
        (
            "another account",
            json!({"type": "AWSAccount", "principalId": "AIDAX", "accountId": "777788889999"}),
            Account,
            "account 777788889999",
            vec![OtherAccount],
        ),
        (
            "a service",
            json!({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}),
            Service,
            "rds.amazonaws.com",
            vec![],
        ),
        (
            "a service without a type",
            json!({"accountId": "123456789012", "invokedBy": "backup.amazonaws.com"}),
            Service,
            "backup.amazonaws.com",
            vec![],
        ),
        (
            "Identity Center",
            json!({"type": "IdentityCenterUser", "accountId": "123456789012", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "x"}}),
            Human,
            "Identity Center user u-1",
            vec![],
        ),
        ("a partner for a role", delegated, Role, "partner 444455556666 on behalf of ops", vec![]),
        ("nobody", json!({}), Unknown, "", vec![]),
        ("odd", json!({"type": "Martian", "principalId": "M1"}), Unknown, "M1", vec![]),
    ] {
        let found = who(&event(identity, json!({})), &[]);
        assert_eq!((named(&found), &found.cautions), ((kind, name), &cautions), "{case}");
    }
}

#[test]
fn services_with_and_without_somebody() {
    let linked = joined(
        session_in(
            "/aws-service-role/autoscaling.amazonaws.com/",
            "AWSServiceRoleForAutoScaling",
            "AutoScaling",
            "ASIA1",
        ),
        json!({"invokedBy": "autoscaling.amazonaws.com"}),
    );
    let found = who(&event(linked, json!({})), &[]);
    assert_eq!((named(&found), found.unresolved.clone()), ((Service, "autoscaling.amazonaws.com"), None));
    let pretends = session("AWSServiceRoleForX", "eve@example.com", "ASIA1");
    assert_eq!(named(&who(&event(pretends, json!({})), &[])), (Human, "eve@example.com"), "no reserved path");
    // CloudFormation with erin's own rights, and with a role of the stack.
    let by_cloudformation = json!({"invokedBy": "cloudformation.amazonaws.com"});
    let erin = event(
        joined(user_session("erin", "false"), by_cloudformation.clone()),
        json!({"sourceIPAddress": "cloudformation.amazonaws.com"}),
    );
    let found = who(&erin, &[]);
    assert_eq!((named(&found), found.mfa, channel(&erin).channel), ((IamUser, "erin"), None, Channel::Cloudformation));
    let stack = event(joined(session("stack-role", "AWSCloudFormation", "ASIA1"), by_cloudformation), json!({}));
    let found = who(&stack, &[]);
    assert_eq!((named(&found), found.unresolved.clone()), ((Role, "stack-role"), None));
    let rotation = event(
        user("x"),
        json!({"eventType": "AwsServiceEvent", "eventSource": "kms.amazonaws.com", "eventName": "RotateKey"}),
    );
    assert_eq!(named(&who(&rotation, &[])), (Service, "kms.amazonaws.com"));
}

#[test]
fn two_hops_back_to_dave() {
    let breakglass = session("breakglass", "session-7f3a91", "ASIADAVEBREAKGLASS01");
    let ops = session("ops-admin", "1767225a9c4e", "ASIADAVE000000000001");
    let mfa = json!({"requestParameters": {"roleArn": "x", "serialNumber": "arn:aws:iam::123456789012:mfa/dave"}});
    let before = [issued(user("dave"), &breakglass, mfa), issued(breakglass.clone(), &ops, json!({}))];
    let settings = Settings { break_glass: patterns(&["arn:aws:iam::*:role/breakglass"]), ..Settings::default() };
    let found = who_with(&event(ops.clone(), json!({})), &before, &settings);
    assert_eq!((named(&found), found.mfa, &found.unresolved), ((IamUser, "dave"), Some(true), &None));
    assert_eq!(found.cautions, [BreakGlass]);
    assert_eq!(
        found.actor.unwrap().chain,
        [
            "arn:aws:iam::123456789012:user/dave",
            "arn:aws:sts::123456789012:assumed-role/breakglass/session-7f3a91",
            "arn:aws:sts::123456789012:assumed-role/ops-admin/1767225a9c4e"
        ]
    );
    // Half of it: the missing session is wanted, not the one that is known.
    let found = who(&event(ops.clone(), json!({})), &before[1..]);
    assert_eq!(named(&found), (Role, "breakglass"));
    let wanted = found.unresolved.unwrap();
    assert_eq!(
        (wanted.access_key.as_deref(), wanted.scope.region.as_str()),
        (Some("ASIADAVEBREAKGLASS01"), "eu-west-1")
    );
    assert_eq!(
        (wanted.principal_id.as_str(), wanted.created.to_string().as_str()),
        ("AROAbreakglass:session-7f3a91", AT)
    );
    // In the console each request has a key of its own: joined by principal and second, wanted without key.
    let mut fresh = ops;
    fresh["accessKeyId"] = json!("ASIAFRESH");
    let console = event(fresh, json!({"sessionCredentialFromConsole": "true"}));
    assert_eq!(named(&who(&console, &before)), (IamUser, "dave"));
    let wanted = who(&console, &[]).unresolved.unwrap();
    assert_eq!((wanted.access_key, wanted.principal_id.as_str()), (None, "AROAops-admin:1767225a9c4e"));
}

#[test]
fn a_failed_assumption_and_a_loop_lead_nowhere() {
    let one = session("one", "aaaaaaaa", "ASIA1");
    let two = session("two", "bbbbbbbb", "ASIA2");
    let failed = issued(user("eve"), &one, json!({"errorCode": "AccessDenied"}));
    assert_eq!(named(&who(&event(one.clone(), json!({})), &[failed])), (Role, "one"));
    let around = [issued(one.clone(), &two, json!({})), issued(two, &one, json!({}))];
    let found = who(&event(one, json!({})), &around);
    assert_eq!((named(&found).0, &found.unresolved), (Role, &None));
    assert!(found.reasons.iter().any(|reason| reason.contains("longer than ten")), "{:?}", found.reasons);
}

#[test]
fn whoever_updated_the_stack_is_behind_its_service_role() {
    let mut stack = session("cfn-exec", "AWSCloudFormation", "ASIASTACK");
    stack["invokedBy"] = json!("cloudformation.amazonaws.com");
    let role = stack["sessionContext"]["sessionIssuer"]["arn"].clone();
    let called = |id: &str, by: Value, name: &str, more: Value| {
        let request = joined(json!({"stackName": "shop"}), more);
        let record = json!({"eventID": id, "eventTime": stack["sessionContext"]["attributes"]["creationDate"], "eventName": name,
            "eventSource": "cloudformation.amazonaws.com", "awsRegion": "eu-west-1", "recipientAccountId": "123456789012",
            "userIdentity": by, "requestParameters": request, "readOnly": false});
        crate::attribution::event::parse(&record.to_string()).unwrap()
    };
    let begun = called("c-1", user("erin"), "UpdateStack", json!({"roleARN": role}));
    let found = who(&event(stack.clone(), json!({})), std::slice::from_ref(&begun));
    assert_eq!(named(&found), (IamUser, "erin"));
    let other = called("c-2", user("frank"), "UpdateStack", json!({"roleARN": role}));
    let found = who(&event(stack.clone(), json!({})), &[begun, other]);
    assert_eq!(named(&found).0, Role, "two at a time: nobody");
}

#[test]
fn across_accounts() {
    let ops = session("ops", "x7f3a912", "ASIA1");
    let foreign = json!({"type": "AWSAccount", "principalId": "AROAX:zoe", "accountId": "222222222222"});
    let half = issued(foreign.clone(), &ops, json!({"sharedEventID": "s-1"}));
    let found = who(&event(ops.clone(), json!({})), std::slice::from_ref(&half));
    assert_eq!((named(&found), &found.cautions), ((Account, "account 222222222222"), &vec![OtherAccount]));
    assert_eq!(
        found.actor.unwrap().chain,
        ["account 222222222222", "arn:aws:sts::123456789012:assumed-role/ops/x7f3a912"]
    );
    let zoe = joined(sso("zoe@example.com", "ASIAZ"), json!({"accountId": "222222222222"}));
    let whole = issued(zoe.clone(), &ops, json!({"sharedEventID": "s-1"}));
    for before in [[half.clone(), whole.clone()], [whole, half]] {
        let found = who(&event(ops.clone(), json!({})), &before);
        assert_eq!((named(&found), found.cautions.clone()), ((Human, "zoe@example.com"), vec![]));
    }
    // A call, not a session, that two accounts have: the caller's account knows.
    let theirs = event(zoe, json!({"eventID": "e-2", "sharedEventID": "s-2", "recipientAccountId": "222222222222"}));
    let found = who(&event(foreign, json!({"sharedEventID": "s-2"})), &[theirs]);
    assert_eq!((named(&found), found.cautions.clone()), ((Human, "zoe@example.com"), vec![]));
}

/// A switch of roles in the console shows only the ARN of the session before, which has no path: anybody can make a role of
/// that name.
#[test]
fn a_role_of_identity_centers_name_proves_nobody() {
    let ops = session("ops", "x7f3a912", "");
    let switch = |role: &str| {
        let from = format!("arn:aws:sts::123456789012:assumed-role/{role}/ceo@example.com");
        event(
            ops.clone(),
            json!({"eventID": "e-0", "eventTime": AT, "eventSource": "signin.amazonaws.com", "eventName": "SwitchRole",
                "responseElements": {"SwitchRole": "Success"}, "additionalEventData": {"SwitchFrom": from}}),
        )
    };
    for role in ["AWSReservedSSO_Admin_0a1b2c3d4e5f6071", "ops2"] {
        let found = who(&event(ops.clone(), json!({})), &[switch(role)]);
        assert_eq!(
            (named(&found), found.cautions.clone()),
            ((Human, "ceo@example.com"), vec![NameIsForgeable]),
            "{role}"
        );
    }
    let mut bare = sso("ceo@example.com", "ASIA1");
    bare["sessionContext"]["sessionIssuer"] = json!({});
    assert_eq!(who(&event(bare, json!({})), &[]).cautions, [NameIsForgeable]);
}

#[test]
fn federation() {
    let ops = session("ops", "x7f3a912", "ASIA1");
    let saml =
        json!({"type": "SAMLUser", "principalId": "q:erin", "userName": "erin@example.com", "identityProvider": "q"});
    let found = who(&event(ops.clone(), json!({})), &[issued(saml, &ops, json!({}))]);
    assert_eq!((named(&found), found.mfa), ((Human, "erin@example.com"), None));
    let web = |provider: &str, subject: &str| json!({"type": "WebIdentityUser", "principalId": "p", "userName": subject, "identityProvider": format!("arn:aws:iam::1:oidc-provider/{provider}")});
    for (provider, subject, kind) in [
        ("token.actions.githubusercontent.com", MAIN, Ci),
        ("gitlab.com", "project_path:acme/infra:ref_type:branch:ref:main", Ci),
        ("oidc.eks.eu-west-1.amazonaws.com/id/X", "system:serviceaccount:prod:checkout", Role),
        ("accounts.google.com", "zoe@example.com", Human),
        ("accounts.google.com", "1047", Role),
    ] {
        let found = who(&event(ops.clone(), json!({})), &[issued(web(provider, subject), &ops, json!({}))]);
        assert_eq!((named(&found), found.mfa, found.unresolved.clone()), ((kind, subject), None, None));
    }
    let found = who(&event(ci_session(), json!({})), &[]);
    assert_eq!(named(&found), (Ci, "terraform-ci"), "the session says that GitHub began it");
    assert!(found.unresolved.is_some(), "the subject would show more");
}
