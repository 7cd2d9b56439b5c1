//! Source identities: what whoever began a session said of it, and what it is worth.

use super::*;

#[test]
fn a_source_identity_is_what_the_caller_says() {
    let mut carol = session("deployer", "botocore-session-1767225600", "ASIACAROL");
    carol["sessionContext"]["sourceIdentity"] = json!("carol@example.com");
    let found = who(&event(carol.clone(), json!({"userAgent": CLI})), &[]);
    assert_eq!((named(&found), found.cautions.clone()), ((Human, "carol@example.com"), vec![NameIsForgeable]));
    assert!(found.unresolved.is_some(), "whoever began the session is sought");
    let begun = |by: Value| who(&event(carol.clone(), json!({})), &[issued(by, &carol, json!({}))]);
    let found = begun(sso("carol@example.com", "ASIASSO"));
    assert_eq!((named(&found), found.mfa), ((Human, "carol@example.com"), None), "SSO's false is no no");
    assert_eq!((found.cautions.clone(), found.actor.unwrap().chain.len()), (vec![], 2));
    let found = begun(user("bob"));
    assert_eq!((named(&found), found.cautions.clone()), ((IamUser, "bob"), vec![]));
    assert!(found.reasons.iter().any(|reason| reason.contains("carol@example.com")), "{:?}", found.reasons);
    // What is the same before the `@` is not the same name.
    for (by, kind, name) in [
        (sso("carol@contractor.example", "ASIASSO"), Human, "carol@contractor.example"),
        (user("carol"), IamUser, "carol"),
    ] {
        let found = begun(by);
        assert_eq!((named(&found), found.cautions.clone()), ((kind, name), vec![]));
    }
}

#[test]
fn a_certificate_is_no_person() {
    let mut machine = session("onprem", "00a1b2c3d4e5f6", "ASIACERT");
    machine["sessionContext"]["sourceIdentity"] = json!("CN=build-07.example.com");
    let called = event(machine.clone(), json!({}));
    let anywhere = json!({"type": "AWSService", "invokedBy": "rolesanywhere.amazonaws.com"});
    let request = json!({"requestParameters": {"roleArn": "x", "sourceIdentity": "CN=build-07.example.com"}});
    let found = who(&called, &[issued(anywhere, &machine, request.clone())]);
    assert_eq!((named(&found), found.cautions.clone()), ((Role, "CN=build-07.example.com"), vec![]));
    assert_eq!(found.unresolved, None);
    // Anybody who may assume a role can choose such a text.
    let found = who(&called, &[]);
    assert_eq!((named(&found), found.cautions.clone()), ((Role, "CN=build-07.example.com"), vec![NameIsForgeable]));
    assert!(found.unresolved.is_some(), "whoever began the session is sought");
    let found = who(&called, &[issued(user("bob"), &machine, request)]);
    assert_eq!((named(&found), found.cautions.clone()), ((IamUser, "bob"), vec![]));
}
