//! What the verb of an operation's name says about its effect.

const REMOVING: &[&str] = &[
    "Delete",
    "Detach",
    "Disassociate",
    "Remove",
    "Revoke",
    "Deregister",
    "Unassign",
    "Disable",
    "Untag",
    "Release",
    "Reject",
    "Deactivate",
    "Terminate",
    "Unmonitor",
    "Stop",
    "Suspend",
    "Cancel",
];
const WRITING_WHOLE: &[&str] = &[
    "PutAccelerateConfiguration",
    "PutAccountPublicAccessBlock",
    "PutInventoryConfiguration",
    "PutKeyPolicy",
    "PutLifecyclePolicy",
    "PutObjectTagging",
    "PutResourcePolicy",
    "SetRepositoryPolicy",
    "UpdateAccountPasswordPolicy",
    "UpdateAssumeRolePolicy",
    "UpdateDistribution",
    "UpdateOpenIDConnectProviderThumbprint",
];
const SWITCHING_ON: &[&str] = &["Enable", "Monitor", "Start", "Resume", "Activate"];

const REPEATING: &[&str] = &[
    "Put",
    "Set",
    "Update",
    "Modify",
    "Replace",
    "Enable",
    "Disable",
    "Tag",
    "Untag",
    "Monitor",
    "Unmonitor",
    "Reset",
];
/// IAM attaches and adds what is there already without a word; EC2 does not.
const REPEATABLE: &[&str] = &[
    "AddClientIDToOpenIDConnectProvider",
    "AddUserToGroup",
    "AttachGroupPolicy",
    "AttachRolePolicy",
    "AttachUserPolicy",
    "CreateTags",
    "DeleteTags",
    "RemoveClientIDFromOpenIDConnectProvider",
    "RemoveUserFromGroup",
];

/// Does the operation remove something?
pub(crate) fn removes(name: &str) -> bool {
    starts(name, REMOVING)
}

/// Does the operation switch something on, by its name alone?
pub(crate) fn switches_on(name: &str) -> bool {
    starts(name, SWITCHING_ON)
}

/// Does the operation write a whole setting anew, so that what it leaves out is gone? Not every `Put` does: PutRolePolicy writes
/// one of many.
pub(crate) fn writes_whole(name: &str) -> bool {
    name.starts_with("PutBucket") || WRITING_WHOLE.contains(&name)
}

/// Can the operation succeed again where its effect is there already? Then the second time changes nothing. A second Create or
/// Authorize without a Delete or Revoke between fails.
pub(crate) fn may_repeat(source: &str, name: &str) -> bool {
    writes_whole(name) || source.starts_with("s3.") || REPEATABLE.contains(&name) || starts(name, REPEATING)
}

/// Does the operation end all parts of what it names, naming none of them?
pub(crate) fn ends_all(name: &str) -> bool {
    starts(name, &["Reset"]) || name == "DisableImage"
}

/// Is its answer what the operation made (not the object as it was before)?
pub(crate) fn answers_what_it_made(name: &str) -> bool {
    starts(
        name,
        &["Create", "Run", "Allocate", "Authorize", "Revoke", "Register", "Copy", "Import", "Upload", "Associate"],
    )
}

fn starts(name: &str, verbs: &[&str]) -> bool {
    verbs.iter().any(|verb| {
        name.strip_prefix(verb)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_whole_words() {
        assert!(removes("DeleteRoute") && removes("UntagRole") && !removes("Deletion"));
        assert!(switches_on("EnableKeyRotation") && !switches_on("DisableKeyRotation"));
        assert!(may_repeat("iam.amazonaws.com", "AttachRolePolicy") && may_repeat("ec2.amazonaws.com", "CreateTags"));
        assert!(
            !may_repeat("ec2.amazonaws.com", "AttachVolume") && !may_repeat("iam.amazonaws.com", "DetachRolePolicy")
        );
        assert!(writes_whole("PutBucketTagging") && !writes_whole("UpdateRole"));
    }
}
