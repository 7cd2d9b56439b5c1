//! Which role reaches an account, and what stays when the organization is asked again. Nothing is sent.

use super::*;
use crate::aws::organization::LeftOut;
use crate::model::GapReason;

const OWN: &str = "111111111111";
const LISTED: &str = "222222222222";
const FOUND: &str = "333333333333";
const CLOSED: &str = "444444444444";
const STRANGER: &str = "555555555555";

/// Nothing is sent.
fn aws(organization: Option<Organization>) -> Aws {
    let role = |arn: &str| AssumeRole { arn: arn.to_owned(), external_id: None, session_name: None };
    Aws {
        base: SdkConfig::builder().build(),
        account: OWN.to_owned(),
        partition: "aws-cn".to_owned(),
        roles: [(LISTED.to_owned(), role("arn:aws-cn:iam::222222222222:role/own"))].into(),
        organization,
        credentials: Arc::default(),
        second_look_delay: Duration::ZERO,
        requests_per_second: None,
        scopes: Mutex::default(),
    }
}

fn organization() -> Organization {
    let taken = [OWN, LISTED, FOUND].map(|id| (id.to_owned(), Ok(())));
    let closed = (CLOSED.to_owned(), Err(LeftOut::State("CLOSED".to_owned())));
    let config = OrganizationConfig {
        role_name: "platform/read".to_owned(),
        external_id: Some("x".to_owned()),
        regions: vec!["cn-north-1".to_owned()],
        ..OrganizationConfig::default()
    };
    Organization { config, accounts: Some(taken.into_iter().chain([closed]).collect()), error: None }
}

fn refused(code: &str) -> ReadError {
    let refused = ReadError::unexpected("organizations:ListAccounts", "no");
    ReadError { reason: GapReason::Denied, code: Some(code.to_owned()), ..refused }
}

#[test]
fn an_account_that_is_listed_keeps_its_role_and_the_own_one_needs_none() {
    let aws = aws(Some(organization()));
    assert_eq!(aws.role_of(LISTED).unwrap().arn, "arn:aws-cn:iam::222222222222:role/own");
    let found = aws.role_of(FOUND).unwrap();
    assert_eq!(found.arn, "arn:aws-cn:iam::333333333333:role/platform/read");
    assert_eq!(found.external_id.as_deref(), Some("x"));
    assert!(aws.role_of(OWN).is_none() && aws.reaches(OWN));
    for unreached in [CLOSED, STRANGER] {
        assert!(aws.role_of(unreached).is_none() && !aws.reaches(unreached), "{unreached}");
    }
    assert_eq!(Vec::from_iter(aws.organization_accounts()), [OWN, FOUND]);
    let regions = |account| aws.more_regions(account).len();
    assert_eq!((regions(OWN), regions(FOUND), regions(LISTED), regions(CLOSED)), (1, 1, 0, 0));
}

#[test]
fn why_an_account_is_not_reached() {
    let with = aws(Some(organization()));
    assert_eq!(
        with.why_not_reached(CLOSED),
        "account 444444444444 is left out of aws.organization: AWS Organizations calls it CLOSED"
    );
    let role =
        "no credentials for account 555555555555 (they are of 111111111111): name a role for it under aws.accounts";
    assert_eq!(with.why_not_reached(STRANGER), format!("{role}, or have aws.organization find it"));
    assert_eq!(aws(None).why_not_reached(STRANGER), role);
    let unit = || std::collections::BTreeSet::from(["ou-ab12-cdef3456".to_owned()]);
    for (include, exclude) in [(unit(), Default::default()), (Default::default(), unit())] {
        let config = OrganizationConfig { include, exclude, ..organization().config };
        let of_units = aws(Some(Organization { config, ..organization() }));
        let told = of_units.why_not_reached(STRANGER);
        assert_eq!(
            told,
            format!(
                "{role}, or have aws.organization find it (it may be in a unit that is excluded, or in none that is included)"
            )
        );
    }
}

#[test]
fn a_list_that_was_known_holds_until_there_is_a_newer_one_of_the_same_question() {
    let known = organization();
    let failed = Organization { accounts: None, error: Some(refused("AccessDeniedException")), ..known.clone() };
    let kept = failed.clone().or_list_of(&known);
    assert_eq!((&kept.accounts, &kept.error), (&known.accounts, &failed.error));
    let narrower = OrganizationConfig { exclude_accounts: [FOUND.to_owned()].into(), ..known.config.clone() };
    let other = Organization { config: narrower, ..failed.clone() };
    assert_eq!(other.clone().or_list_of(&known), other);
    assert_eq!(known.clone().or_list_of(&kept), known);

    assert_eq!(aws(Some(known.clone())).organization_gap(), None);
    let told = |organization: Organization| aws(Some(organization)).organization_gap().unwrap();
    let (gap, later) = (told(failed.clone()), told(kept));
    assert_eq!(gap.scope.action.as_deref(), Some("organizations:ListAccounts"));
    assert!(later.detail.contains("accounts that are new since the last answer are not known"), "{}", later.detail);
    insta::assert_snapshot!(gap.detail, @"the organization could not be asked: organizations:ListAccounts: AccessDeniedException: no; its accounts are not known; it takes organizations:ListAccounts, and who asks must be of the management account or a delegated administrator: see aws.organization.organizations_role");
    let alone = Organization { error: Some(refused("AWSOrganizationsNotInUseException")), ..failed };
    insta::assert_snapshot!(told(alone).detail, @"the organization could not be asked: organizations:ListAccounts: AWSOrganizationsNotInUseException: no; its accounts are not known; who asks is in no organization: name a role of its management account under aws.organization.organizations_role, or take aws.organization out");
}

/// A client's pace is its account's: it must not begin anew whenever the organization is asked.
#[test]
fn clients_of_accounts_that_are_reached_as_before_stay() {
    let before = aws(Some(organization()));
    for account in [OWN, LISTED, FOUND] {
        let scope = Scope::new(account, "cn-north-1");
        let client = ScopeClient::new(account, "cn-north-1", "aws-cn", before.base.clone(), Pacing::default());
        before.scopes.lock().unwrap().keep(&scope, Arc::new(client));
    }
    let mut without = organization();
    without.accounts.as_mut().unwrap().remove(FOUND);
    let after = before.with_organization(without);
    let of = |account: &str| after.scopes.lock().unwrap().get(&Scope::new(account, "cn-north-1")).is_some();
    assert_eq!([OWN, LISTED, FOUND].map(of), [true, true, false]);
    assert!(Arc::ptr_eq(&before.credentials, &after.credentials));
}
