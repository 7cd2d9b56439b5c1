//! What is never a cause: calls that read, and calls that are marked as writes but change nothing that Terraform manages.
//! Sign-ins and role assumptions pass: they are no causes either, but they show who is behind a session ([`identifies`]).

use super::event_name;

/// (service, event names) that write nothing Terraform knows; `*` is every event of the service.
const WRITES_NOTHING: &[(&str, &[&str])] = &[
    ("athena", &["StartQueryExecution", "StopQueryExecution"]),
    ("cloudshell", &["*"]),
    ("cloudtrail", &["StartQuery"]),
    ("cognito-idp", &["InitiateAuth", "AdminInitiateAuth", "RespondToAuthChallenge"]),
    ("kms", &["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "RetireGrant", "ReEncrypt"]),
    ("logs", &["StartQuery", "PutLogEvents"]),
    ("q", &["*"]),
    ("s3", &["UploadPart"]),
    ("ssm", &["UpdateInstanceInformation", "PutInventory", "PutComplianceItems", "OpenDataChannel"]),
    ("support", &["*"]),
    ("trustedadvisor", &["RefreshCheck"]),
];

/// Services whose events show who is behind a session.
const IDENTIFYING: &[&str] = &["signin", "sso", "sts"];

/// Is this a record that neither changes anything nor identifies anybody?
pub(crate) fn is_irrelevant(source: &str, name: &str, read_only: Option<bool>) -> bool {
    let service = source.split('.').next().unwrap_or_default();
    if identifies(service, name) {
        return false;
    }
    if IDENTIFYING.contains(&service) && service != "sso" || read_only.unwrap_or_else(|| event_name::only_reads(name)) {
        return true;
    }
    WRITES_NOTHING.iter().any(|(of, events)| *of == service && (events == &["*"] || events.contains(&name)))
}

/// Does this event show who is behind a session (and is itself never a cause)? AssumeRole is marked as a read.
pub(crate) fn identifies(service: &str, name: &str) -> bool {
    match service {
        "sts" => {
            name.starts_with("AssumeRole") || matches!(name, "AssumeRoot" | "GetFederationToken" | "GetSessionToken")
        }
        "signin" => true,
        "sso" => matches!(name, "Federate" | "Authenticate" | "GetRoleCredentials" | "CreateToken" | "Logout"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_identities_and_the_irrelevant() {
        let irrelevant = |source: &str, name: &str, read_only| is_irrelevant(source, name, read_only);
        assert!(!irrelevant("ec2.amazonaws.com", "ModifyVolume", Some(false)));
        assert!(!irrelevant("ec2.amazonaws.com", "ModifyVolume", None));
        assert!(irrelevant("ec2.amazonaws.com", "DescribeVolumes", None));
        assert!(irrelevant("iam.amazonaws.com", "CreateRole", Some(true)), "the record's own word wins");
        assert!(!irrelevant("sts.amazonaws.com", "AssumeRoleWithSAML", Some(true)));
        assert!(irrelevant("sts.amazonaws.com", "GetCallerIdentity", Some(true)));
        assert!(!irrelevant("signin.amazonaws.com", "ConsoleLogin", Some(false)));
        assert!(irrelevant("support.amazonaws.com", "CreateCase", Some(false)));
        assert!(irrelevant("kms.amazonaws.com", "Decrypt", Some(true)));
        assert!(!irrelevant("kms.amazonaws.com", "PutKeyPolicy", Some(false)));
    }
}
