//! Under which keys of an event the value of a Terraform attribute stands. Data, and the rule for plurals.

use crate::attribution::event::squash;

/// Terraform attribute -> keys of events, both squashed, where the names differ by more than their spelling.
const ALIASES: &[(&str, &[&str])] = &[
    ("acl", &["xamzacl"]),
    ("action", &["ruleaction"]),
    ("aliasname", &["accountalias"]),
    ("allowremotevpcdnsresolution", &["allowdnsresolutionfromremotevpc"]),
    ("ami", &["imageid"]),
    ("assigngeneratedipv6cidrblock", &["amazonprovidedipv6cidrblock"]),
    ("assumerolepolicy", &["assumerolepolicydocument", "policydocument"]),
    ("availabilityzone", &["zone"]),
    ("bucket", &["bucketname", "s3bucketdestination"]),
    ("cidrblock", &["cidrblock", "destinationcidrblock", "cidr"]),
    ("cidrblocks", &["cidrip", "cidripv4"]),
    ("cidripv4", &["cidrip"]),
    ("clientidlist", &["clientidlist", "clientid"]),
    ("defaultversion", &["setdefaultversion", "defaultversion"]),
    ("description", &["groupdescription", "description"]),
    ("devicename", &["device"]),
    ("egressonlygatewayid", &["egressonlyinternetgatewayid"]),
    ("enabled", &["isenabled", "enabled"]),
    ("enablekeyrotation", &["keyrotationenabled"]),
    ("events", &["event"]),
    ("filterprefix", &["value"]),
    ("fingerprint", &["keyfingerprint"]),
    ("filtersuffix", &["value"]),
    ("fromport", &["from", "fromport"]),
    ("group", &["groupname", "group"]),
    ("groups", &["groupname"]),
    ("iaminstanceprofile", &["name", "arn"]),
    ("icmpcode", &["code"]),
    ("icmptype", &["type"]),
    ("instance", &["instanceid"]),
    ("ipprotocol", &["ipprotocol", "protocol"]),
    ("ipv6cidrblock", &["destinationipv6cidrblock", "ipv6cidrblock"]),
    ("ipv6cidrblocks", &["cidripv6"]),
    ("lambdafunctionarn", &["cloudfunction", "lambdafunctionarn", "function"]),
    ("lifecyclerule", &["rule"]),
    ("managedpolicyarns", &["policyarn"]),
    (
        "name",
        &[
            "groupname",
            "rolename",
            "username",
            "policyname",
            "instanceprofilename",
            "launchtemplatename",
            "prefixlistname",
            "servercertificatename",
        ],
    ),
    ("networkinterface", &["networkinterfaceid"]),
    ("optionalfields", &["field", "optionalfield"]),
    ("passwordreusprevention", &["passwordreuseprevention"]),
    ("path", &["newpath", "path"]),
    ("permissionsboundary", &["permissionsboundary", "permissionsboundaryarn"]),
    ("policy", &["policydocument", "bucketpolicy", "policytext", "policy", "resourcepolicy"]),
    ("policyarns", &["policyarn"]),
    ("policynames", &["policyname"]),
    ("prefixlistid", &["prefixlistid", "destinationprefixlistid"]),
    ("prefixlistids", &["prefixlistid"]),
    ("privateips", &["privateipaddress"]),
    ("propagatingvgws", &["gatewayid"]),
    ("protocol", &["ipprotocol", "aclprotocol", "protocol"]),
    ("queuearn", &["queue"]),
    ("referencedsecuritygroupid", &["groupid", "referencedgroupid"]),
    ("region", &["locationconstraint"]),
    ("role", &["rolename", "role"]),
    ("roles", &["rolename"]),
    ("ruleno", &["rulenumber"]),
    ("securitygroupids", &["groupid", "securitygroupid"]),
    ("securitygroups", &["groupid", "referencedgroupid", "groupname"]),
    ("sourcesecuritygroupid", &["groupid", "referencedgroupid"]),
    ("topicarn", &["topic"]),
    ("toport", &["to", "toport"]),
    ("transitgatewaycidrblocks", &["transitgatewaycidrblock"]),
    ("type", &["volumetype", "attributetype"]),
    ("uniqueid", &["groupid", "instanceprofileid", "roleid", "userid"]),
    ("user", &["username"]),
    ("users", &["username"]),
    ("volumesize", &["size", "volumesize"]),
    ("vpcsecuritygroupids", &["groupid", "securitygroupid"]),
];

/// The squashed event keys that an attribute may have.
pub(super) fn keys_of(name: &str) -> Vec<String> {
    let own = squash(name);
    let aliases = ALIASES.iter().find(|(attribute, _)| *attribute == own).map_or(&[][..], |(_, keys)| *keys);
    // Terraform's lists have plural names, the members of AWS's lists singular ones.
    let one = own.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let one = one.or_else(|| own.strip_suffix('s').filter(|stem| stem.len() > 3).map(str::to_owned));
    aliases.iter().map(|key| (*key).to_owned()).chain(one).chain([own]).collect()
}
