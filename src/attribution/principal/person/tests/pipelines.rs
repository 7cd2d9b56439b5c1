//! Pipelines and what only looks like one; automation; MFA; root of a member account.

use super::*;

#[test]
fn pipelines_by_all_their_conditions() {
    let token = [issued(github(MAIN), &ci_session(), json!({}))];
    let fork = [issued(github("repo:eve/infra:ref:refs/heads/main"), &ci_session(), json!({}))];
    let by_alice = [issued(sso("alice@example.com", "ASIAS"), &ci_session(), json!({}))];
    let inside = json!({"userAgent": TERRAFORM, "sourceIPAddress": "20.55.10.4"});
    let outside = json!({"userAgent": TERRAFORM});
    let with_cli = json!({"userAgent": CLI, "sourceIPAddress": "20.55.10.4"});
    let by_service = json!({"userAgent": "autoscaling.amazonaws.com", "sourceIPAddress": "autoscaling.amazonaws.com"});
    for (case, signs, before, kind, name, cautions) in [
        ("the pipeline", &inside, &token[..], Ci, MAIN, vec![]),
        ("another network", &outside, &token, Role, "terraform-ci", vec![PipelineByHand]),
        ("no tool of code", &with_cli, &token, Role, "terraform-ci", vec![PipelineByHand]),
        ("another subject", &inside, &fork, Role, "terraform-ci", vec![PipelineByHand]),
        ("a person took the role", &inside, &by_alice, Human, "alice@example.com", vec![PipelineByHand]),
        ("the subject was not seen", &inside, &[], Ci, "terraform-ci", vec![]),
        ("a service for the pipeline", &by_service, &token, Ci, MAIN, vec![]),
    ] {
        let found = who_with(&event(ci_session(), signs.clone()), before, &pipelines());
        assert_eq!((named(&found), &found.cautions), ((kind, name), &cautions), "{case}: {:?}", found.reasons);
    }
    let plain = session("terraform-ci", "x7f3a912", "ASIA9");
    let copied =
        who_with(&event(plain.clone(), inside.clone()), &[issued(user("eve"), &plain, json!({}))], &pipelines());
    assert_eq!(
        (named(&copied), copied.cautions.clone()),
        ((IamUser, "eve"), vec![PipelineByHand]),
        "the role without its token"
    );
    let unseen = who_with(&event(plain, inside), &[], &pipelines());
    assert_eq!(
        (named(&unseen), unseen.cautions.clone()),
        ((Role, "terraform-ci"), vec![]),
        "nothing is known, nothing is said"
    );
    let mut mailed = pipelines();
    mailed.pipelines[0].subjects.clear();
    let found = who_with(
        &event(
            session("terraform-ci", "dev@example.com", "ASIA8"),
            json!({"userAgent": TERRAFORM, "sourceIPAddress": "20.55.1.1"}),
        ),
        &[],
        &mailed,
    );
    assert_eq!(
        (named(&found), found.cautions.clone()),
        ((Ci, "terraform-ci"), vec![]),
        "whatever it calls its sessions"
    );
}

#[test]
fn who_only_claims_to_be_terraform() {
    let terraform = json!({"userAgent": TERRAFORM});
    for (settings, cautions) in [(pipelines(), vec![ClaimsToBeTerraform]), (Settings::default(), vec![])] {
        let found = who_with(&event(user("contractor-tmp"), terraform.clone()), &[], &settings);
        assert_eq!((named(&found), &found.cautions), ((IamUser, "contractor-tmp"), &cautions));
        let found = who_with(&event(sso("alice@example.com", ""), terraform.clone()), &[], &settings);
        assert_eq!((named(&found), &found.cautions), ((Human, "alice@example.com"), &cautions));
    }
    let token = [issued(github(MAIN), &ci_session(), json!({}))];
    let found = who(&event(ci_session(), terraform.clone()), &token);
    assert_eq!((named(&found), found.cautions.clone()), ((Ci, MAIN), vec![]), "no list, but a CI system's token");
    let mut other = pipelines();
    other.pipelines[0].principals = patterns(&["arn:aws:iam::*:role/other"]);
    let found = who_with(&event(ci_session(), terraform), &token, &other);
    assert_eq!((named(&found), found.cautions.clone()), ((Ci, MAIN), vec![ClaimsToBeTerraform]));
    // One principal, three ways on one day.
    for (agent, access, cautions) in [
        (TERRAFORM, Channel::Terraform, vec![ClaimsToBeTerraform]),
        ("pulumi-aws/6.0 HashiCorp/1.0 Terraform/1.9 Pulumi/3.1 (x)", Channel::Pulumi, vec![]),
        (CLI, Channel::Cli, vec![]),
        (BOTO, Channel::Sdk, vec![]),
    ] {
        let made = event(user("dave"), json!({"userAgent": agent}));
        assert_eq!((who_with(&made, &[], &pipelines()).cautions, channel(&made).channel), (cautions, access));
    }
}

#[test]
fn automation() {
    let settings = Settings {
        automation: patterns(&["arn:aws:iam::*:role/service-role/*"]),
        break_glass: patterns(&["*:assumed-role/lambda-autoremediate/*"]),
        ..Settings::default()
    };
    let function = event(session_in("/service-role/", "lambda-autoremediate", "autoremediate", "ASIA1"), json!({}));
    assert_eq!(who_with(&function, &[], &settings).cautions, [BreakGlass, Automation]);
    let custodian =
        event(session("custodian", "x", "ASIA1"), json!({"userAgent": "[CloudCustodian(tags)/0.9 Botocore/1.17]"}));
    assert_eq!(who(&custodian, &[]).cautions, [Automation]);
}

#[test]
fn mfa_is_reported_only_where_it_is_known() {
    let login = |used: &str, identity: Value| {
        let record = json!({"eventID": "l", "eventTime": "2026-01-02T03:00:01Z", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "userIdentity": identity, "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": used}});
        vec![parse(&record.to_string()).unwrap()]
    };
    let console = json!({"sessionCredentialFromConsole": "true", "userAgent": "AWS Internal"});
    let root = json!({"type": "Root", "principalId": "1", "accountId": "1", "arn": "arn:aws:iam::1:root", "sessionContext": {"attributes": {"creationDate": AT}}});
    let ops = session("ops", "x7f3a912", "ASIA1");
    let by = |identity: Value, service: &str| joined(identity, json!({"invokedBy": service}));
    let mut with_mfa = ops.clone();
    with_mfa["sessionContext"]["attributes"]["mfaAuthenticated"] = json!("true");
    for (case, identity, before, mfa) in [
        ("long-lived key", user("dave"), vec![], Some(false)),
        ("console with", user_session("bob", "true"), vec![], Some(true)),
        ("console without", user_session("bob", "false"), vec![], Some(false)),
        (
            "the sign-in knows better",
            user_session("bob", "false"),
            login("Yes", user_session("bob", "false")),
            Some(true),
        ),
        ("root, by its sign-in", root.clone(), login("Yes", root.clone()), Some(true)),
        ("root without", root.clone(), login("No", root.clone()), Some(false)),
        ("root, nothing seen", root, vec![], None),
        ("SSO's false", sso("alice@example.com", ""), login("No", sso("alice@example.com", "")), None),
        ("a role's false", ops.clone(), vec![], None),
        ("a role's true", with_mfa, vec![], Some(true)),
        ("a role by a long-lived key", ops.clone(), vec![issued(user("dave"), &ops, json!({}))], Some(false)),
        (
            "a role from a console session",
            ops.clone(),
            vec![issued(user_session("bob", "true"), &ops, json!({}))],
            Some(true),
        ),
        ("a service", json!({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}), vec![], None),
        // The console is no service that acts for somebody: it is where he signed in himself.
        (
            "the console's servers, without",
            by(user_session("bob", "false"), "signin.amazonaws.com"),
            vec![],
            Some(false),
        ),
        ("the console's servers, with", by(user_session("bob", "true"), "signin.amazonaws.com"), vec![], Some(true)),
    ] {
        assert_eq!(who(&event(identity, console.clone()), &before).mfa, mfa, "{case}");
    }
    for (service, mfa) in [
        ("ec2.amazonaws.com", None),
        ("cloudformation.amazonaws.com", None),
        ("signin.amazonaws.com", Some(false)),
        ("console.amazonaws.com", Some(false)),
    ] {
        let for_bob = event(by(user_session("bob", "false"), service), json!({}));
        assert_eq!(who(&for_bob, &[]).mfa, mfa, "{service} for bob");
    }
}

#[test]
fn root_of_a_member_by_somebody_of_the_management_account() {
    let root = json!({"type": "Root", "principalId": "222222222222", "accountId": "222222222222", "arn": "arn:aws:iam::222222222222:root",
        "accessKeyId": "ASIAROOT", "sessionContext": {"attributes": {"creationDate": AT}, "assumedRoot": "true"}});
    let assumed = event(
        sso("alice@example.com", "ASIAS"),
        json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoot",
        "requestParameters": {"targetPrincipal": "222222222222"}, "responseElements": {"credentials": {"accessKeyId": "ASIAROOT"}}}),
    );
    let found = who(&event(root, json!({})), &[assumed]);
    assert_eq!(named(&found), (Human, "alice@example.com"));
    assert_eq!(found.actor.unwrap().chain.last().map(String::as_str), Some("arn:aws:iam::222222222222:root"));
}
