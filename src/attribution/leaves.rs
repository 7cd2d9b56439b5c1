//! The values that an event's bodies hold, as (key, text) pairs, and when a key and a value of a Terraform attribute are the
//! same thing there: Terraform writes `cidr_blocks`, EC2 `cidrIp`.

use std::collections::HashSet;

use serde_json::Value;

use super::arn;
use crate::model::policy;

/// More values than these of one body are not looked at: no call that changes a resource carries as many.
const MOST: usize = 20_000;

/// What CloudTrail and services write where a value is hidden.
const HIDDEN: &[&str] = &[
    "hidden_due_to_security_reasons",
    "<sensitivedataremoved>",
    "****",
    "***(redacted)",
    "value hidden due to security reasons.",
    "redacted",
    "<sensitive>",
];

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
    ("bucket", &["bucketname"]),
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
    ("user", &["username"]),
    ("users", &["username"]),
    ("volumesize", &["size", "volumesize"]),
    ("vpcsecuritygroupids", &["groupid", "securitygroupid"]),
];

/// All values of one body.
#[derive(Debug, Default)]
pub struct Leaves {
    pairs: Vec<Leaf>,
    documents: Vec<(String, Value)>,
    keys: HashSet<String>,
    hidden: HashSet<String>,
}

/// One scalar of a body.
#[derive(Debug)]
struct Leaf {
    /// Squashed.
    key: String,
    text: String,
    /// It stands under a key such as `remove` or `removeRouteTableId`: the call takes it away.
    away: bool,
}

/// What a body says of one attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// It does not speak of it.
    Nothing,
    /// It speaks of it with another value.
    Other,
    /// It speaks of it, and hides the value.
    Hidden,
    /// It has this very value.
    Same,
}

impl Leaves {
    /// Takes a normalised body apart.
    pub fn of(body: &Value) -> Self {
        let mut leaves = Self::default();
        leaves.walk("", body, false);
        leaves
    }

    fn walk(&mut self, key: &str, value: &Value, away: bool) {
        let away = away || key.starts_with("remove");
        if self.pairs.len() > MOST {
            return;
        }
        match value {
            Value::Null => {}
            Value::Array(items) => items.iter().for_each(|item| self.walk(key, item, away)),
            Value::Object(members) => {
                if !key.is_empty() {
                    self.keys.insert(key.to_owned());
                }
                if is_policy(value) {
                    self.documents.push((key.to_owned(), policy::canonical(value)));
                    return;
                }
                for (name, member) in members {
                    self.walk(&squash(name), member, away);
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let text = text(value);
                self.keys.insert(key.to_owned());
                if HIDDEN.contains(&text.to_ascii_lowercase().as_str()) {
                    self.hidden.insert(key.to_owned());
                    return;
                }
                if let Some(document) = document(&text) {
                    self.documents.push((key.to_owned(), policy::canonical(&document)));
                }
                self.pairs.push(Leaf { key: key.to_owned(), text, away });
            }
        }
    }

    /// Does this text stand anywhere?
    pub fn has_text(&self, wanted: &str) -> bool {
        self.pairs.iter().any(|leaf| leaf.text == wanted)
    }

    /// What the body says of attribute `name` having this scalar value.
    pub fn say(&self, name: &str, value: &Value) -> Said {
        self.say_among(name, value, |leaf| !leaf.away)
    }

    /// What the body says under one squashed key alone.
    pub fn say_under(&self, key: &str, value: &str) -> Said {
        let mut said = Said::Nothing;
        for leaf in self.pairs.iter().filter(|leaf| leaf.key == key && !leaf.away) {
            said = said.max(if leaf.text == value { Said::Same } else { Said::Other });
        }
        said
    }

    /// What the body says of taking this value of attribute `name` away.
    pub fn say_away(&self, name: &str, value: &Value) -> Said {
        self.say_among(name, value, |leaf| leaf.away)
    }

    fn say_among(&self, name: &str, value: &Value, counts: impl Fn(&Leaf) -> bool) -> Said {
        let mut keys = keys_of(name);
        // A call about a policy of a role names both; the policy's name is what it is about.
        if name == "name" && self.keys.contains("policyname") {
            keys = vec!["policyname".to_owned()];
        }
        let mine = |key: &str| keys.iter().any(|wanted| wanted == key || key.strip_prefix("add") == Some(wanted));
        let wanted = text(value);
        if let Some(wanted) = document(&wanted).map(|document| policy::canonical(&document)) {
            let mut said = Said::Nothing;
            for (_, found) in self.documents.iter().filter(|(key, _)| mine(key) || key.contains("policy")) {
                said = said.max(if *found == wanted { Said::Same } else { Said::Other });
            }
            if said != Said::Nothing {
                return said;
            }
        }
        let mut said = Said::Nothing;
        for leaf in
            self.pairs.iter().filter(|leaf| counts(leaf) && mine(leaf.key.strip_prefix("remove").unwrap_or(&leaf.key)))
        {
            said = said.max(if same(&leaf.text, &wanted) { Said::Same } else { Said::Other });
        }
        if said == Said::Nothing && keys.iter().any(|key| self.hidden.contains(key)) {
            return Said::Hidden;
        }
        // A value that nothing else is like needs no key: an id, an ARN, a CIDR.
        if said != Said::Same
            && is_telling(&wanted)
            && self.pairs.iter().any(|leaf| counts(leaf) && leaf.text == wanted)
        {
            return Said::Same;
        }
        said
    }

    /// Does any key of the body correspond to this attribute?
    pub fn speaks_of(&self, name: &str) -> bool {
        keys_of(name).iter().any(|key| self.keys.contains(key) || self.hidden.contains(key))
    }
}

/// The squashed event keys that an attribute may have.
fn keys_of(name: &str) -> Vec<String> {
    let own = squash(name);
    let aliases = ALIASES.iter().find(|(attribute, _)| *attribute == own).map_or(&[][..], |(_, keys)| *keys);
    // Terraform's lists have plural names, the members of AWS's lists singular ones.
    let one = own.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let one = one.or_else(|| own.strip_suffix('s').filter(|stem| stem.len() > 3).map(str::to_owned));
    aliases.iter().map(|key| (*key).to_owned()).chain(one).chain([own]).collect()
}

/// `cidr_ip`, `cidrIp`, `x-amz-acl` in one spelling.
pub fn squash(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A scalar as text: CloudTrail writes numbers and booleans as text at will.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Numbers by value, protocols by number or name, words without regard to case.
fn same(found: &str, wanted: &str) -> bool {
    found.eq_ignore_ascii_case(wanted)
        || protocol(found) == protocol(wanted) && protocol(found).is_some()
        || matches!((found.parse::<f64>(), wanted.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
        || found.trim_end_matches('.').eq_ignore_ascii_case(wanted.trim_end_matches('.')) && !wanted.is_empty()
        || found.trim_start_matches('"').trim_end_matches('"') == wanted
        // A role or profile by name in one place, by ARN in the other.
        || arn::tail(found).is_some_and(|tail| tail == wanted)
        || arn::tail(wanted).is_some_and(|tail| tail == found)
}

/// <https://www.iana.org/assignments/protocol-numbers>, as far as EC2 names them.
pub fn protocol(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "-1" | "all" => Some("all"),
        "1" | "icmp" => Some("icmp"),
        "6" | "tcp" => Some("tcp"),
        "17" | "udp" => Some("udp"),
        "58" | "icmpv6" => Some("icmpv6"),
        _ => None,
    }
}

/// Long, and not a mere word or number.
pub fn is_telling(text: &str) -> bool {
    text.len() >= 8 && text.contains(|c: char| c.is_ascii_digit()) && text.contains(['-', ':', '/', '.'])
}

fn is_policy(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.keys().any(|name| name.eq_ignore_ascii_case("statement")))
}

/// The JSON object that a text is; IAM's answers are URL-encoded.
fn document(text: &str) -> Option<Value> {
    let decoded = if text.starts_with("%7B") {
        percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned()
    } else {
        text.trim_start().to_owned()
    };
    if !decoded.starts_with('{') {
        return None;
    }
    serde_json::from_str::<Value>(&decoded).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_and_values_of_two_worlds() {
        let leaves = Leaves::of(&json!({"groupId": "sg-1", "ipPermissions": [{"ipProtocol": "-1", "fromPort": 22,
            "ipRanges": [{"cidrIp": "0.0.0.0/0"}]}], "userData": "<sensitiveDataRemoved>", "enableDnsSupport": "true"}));
        for (name, value, said) in [
            ("cidr_blocks", json!("0.0.0.0/0"), Said::Same),
            ("cidr_blocks", json!("10.0.0.0/8"), Said::Other),
            ("from_port", json!(22), Said::Same),
            ("from_port", json!(23), Said::Other),
            ("protocol", json!("all"), Said::Same),
            ("user_data", json!("x"), Said::Hidden),
            ("enable_dns_support", json!(true), Said::Same),
            ("instance_type", json!("m5.large"), Said::Nothing),
        ] {
            assert_eq!(leaves.say(name, &value), said, "{name} {value}");
        }
    }

    #[test]
    fn policies_by_meaning() {
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]});
        let wanted = json!(
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Resource\":[\"*\"],\"Effect\":\"Allow\",\"Action\":\"s3:*\"}}"
        );
        assert_eq!(
            Leaves::of(&json!({"policyDocument": policy.to_string()})).say("assume_role_policy", &wanted),
            Said::Same
        );
        assert_eq!(Leaves::of(&json!({"bucketPolicy": policy})).say("policy", &wanted), Said::Same);
        assert_eq!(Leaves::of(&json!({"policyDocument": "{\"Statement\":[]}"})).say("policy", &wanted), Said::Other);
    }
}
