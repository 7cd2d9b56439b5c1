//! What is to be attributed: a drift, with the names under which events may speak of it.

use std::collections::BTreeSet;

use super::payload_values::{self, PayloadValues, Payloads, ValueMatch};
use crate::attribution::event::event_table::{self, Target};
use crate::attribution::event::objects::{self, Object};
use crate::attribution::event::{Event, ResourceQuery, event_class, operation_effect, security_group_rules};
use crate::model::security_group_rule::GroupRef;
use crate::model::{Drift, DriftStatus, GLOBAL, SecurityGroupRule, arn, pointer};

/// A drift and its names.
pub(super) struct DriftCase<'a> {
    pub drift: &'a Drift,
    object: &'static Object,
    own: BTreeSet<String>,
    container: BTreeSet<String>,
    /// Ids of what belongs to it.
    also: BTreeSet<String>,
    /// Ids of what it goes down with, by the kind's attributes that name it.
    hosts: BTreeSet<String>,
}

/// How an event and a drift belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The resource, or what it is a part of, ceases to exist.
    pub gone: bool,
    /// The event makes such a resource.
    pub made: bool,
    /// The event can have changed attributes of the resource; index of the row's target.
    pub target: Option<usize>,
    /// The event names the resource itself, not only what it is a part of.
    pub own: bool,
    /// The table knows the event.
    pub listed: bool,
}

impl<'a> DriftCase<'a> {
    pub(super) fn new(drift: &'a Drift) -> Self {
        let object = objects::of(&drift.kind);
        let (mut own, mut container, mut also, mut hosts) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let hosting = || object.within.iter().filter_map(|(_, attribute)| attribute.as_ref());
        for attributes in [&drift.desired_attributes, &drift.live_attributes] {
            object.own.iter().for_each(|path| objects::values(attributes, path, &mut own));
            object.container.iter().for_each(|path| objects::values(attributes, path, &mut container));
            hosting().for_each(|path| objects::values(attributes, path, &mut hosts));
        }
        let (desired, live) = (&drift.desired_attributes, &drift.live_attributes);
        object.also.iter().for_each(|path| objects::differing(desired, live, path, &mut also));
        if object.container.is_empty() && !object.is_singleton() && !drift.id.is_empty() {
            own.insert(drift.id.clone());
        }
        Self { drift, object, own, container, also, hosts }
    }

    /// Every name under which an event may speak of it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [&self.own, &self.container, &self.also, &self.hosts].into_iter().flatten().map(String::as_str)
    }

    /// Is it the only one of its kind in its account (and region)?
    pub(super) fn is_singleton(&self) -> bool {
        self.object.is_singleton()
    }

    /// What a source of events is asked about it: specific names first, ids before names.
    pub(super) fn resource_query(&self) -> ResourceQuery {
        let mut names: Vec<String> = self.names().map(str::to_owned).collect();
        names.sort_by_key(|name| (!payload_values::is_distinctive(name), arn::is_arn(name), name.clone()));
        ResourceQuery { scope: self.drift.scope.clone(), names }
    }

    /// Do the event and the drift lie in the same account, and in regions where the one can be of the other?
    pub(super) fn is_near(&self, event: &Event) -> bool {
        let scope = &self.drift.scope;
        (event.account == scope.account || event.account.is_empty())
            && (scope.region == GLOBAL
                || event.region == scope.region
                || event.region.is_empty()
                || is_global(event.service()))
    }

    /// How an event belongs to this drift, if it does. `payloads` are its request and answer.
    pub(super) fn link(&self, event: &Event, payloads: &Payloads) -> Option<Link> {
        if !self.is_near(event) {
            return None;
        }
        let Some(row) = event_table::row(event) else { return self.unlisted(event, payloads) };
        let mut link = Link { gone: false, made: false, target: None, own: false, listed: true };
        for (index, target) in row.targets.iter().enumerate() {
            let ids = if target.ids.is_empty() { &row.ids } else { &target.ids };
            if target.kind == self.drift.kind || target.kind == "*" && self.is_tagged_by_ec2() {
                let own = row.is_singleton() && self.object.is_singleton()
                    || payloads.identify_any(event, ids, if target.also { &self.also } else { &self.own })
                    || target.kind == "*" && payloads.identify_any(event, ids, &self.also);
                let part = !own
                    && payloads.identify_any(event, ids, &self.container)
                    && self.is_this_part(event, target, payloads);
                if own || part {
                    let deed = if part { self.deed(payloads) } else { Deed::Unclear };
                    link.gone |= target.gone
                        && match deed {
                            Deed::Removes => true,
                            Deed::Adds => operation_effect::removes(&event.name),
                            Deed::Unclear => operation_effect::removes(&event.name) || self.undoes(payloads, own),
                        };
                    link.made |= target.made && deed != Deed::Removes;
                    link.own |= own;
                    if !target.attributes.is_empty() {
                        link.target = Some(index);
                    }
                }
            } else if target.gone && self.ends_with(&target.kind, |names| payloads.identify_any(event, ids, names)) {
                link.gone = true;
            }
        }
        (link.gone || link.made || link.target.is_some()).then_some(link)
    }

    /// May a call that names nothing have been about it? By where it was made, and by what it can do.
    pub(super) fn may_be_meant(&self, event: &Event) -> bool {
        let Some(row) = event_table::row(event).filter(|_| self.is_near(event)) else { return false };
        // A group of a default network may be called by its name alone.
        let name = |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_str).map(str::to_owned);
        let names = (name(event.request.get("groupName")), name(self.drift.live_attributes.get("name")));
        if self.drift.kind.ends_with("security_group") && matches!(names, (Some(called), Some(own)) if called != own) {
            return false;
        }
        let tops: BTreeSet<String> = self.drift.changes.iter().map(|change| pointer::top(&change.path)).collect();
        row.targets.iter().any(|target| {
            let is_kind = target.kind == self.drift.kind || target.kind == "*" && self.is_tagged_by_ec2();
            is_kind
                && match self.drift.status {
                    // What makes another one changes nothing of this one.
                    DriftStatus::Changed => !target.made && target.attributes.iter().any(|name| tops.contains(name)),
                    DriftStatus::Missing => target.gone,
                    DriftStatus::Unmanaged => target.made || target.gone,
                    DriftStatus::Unknown => false,
                }
        })
    }

    /// Does the call add this part, or remove it? Calls that alter lists do both, each to what it names.
    fn deed(&self, payloads: &Payloads) -> Deed {
        let (mut adds, mut removes) = (false, false);
        for (part, key) in &self.object.parts {
            let mut values = BTreeSet::new();
            objects::values(&self.drift.desired_attributes, part, &mut values);
            objects::values(&self.drift.live_attributes, part, &mut values);
            for value in &values {
                adds |= match_part(&payloads.request, part, key.as_deref(), value, false) == ValueMatch::Equal;
                removes |= match_part(&payloads.request, part, key.as_deref(), value, true) == ValueMatch::Equal;
            }
        }
        match (adds, removes) {
            (true, false) => Deed::Adds,
            (false, true) => Deed::Removes,
            _ => Deed::Unclear,
        }
    }

    /// A call that also makes such resources ends this one only if it takes away what is desired, sets something else, or
    /// nothing at all.
    fn undoes(&self, payloads: &Payloads, own: bool) -> bool {
        // What named the resource says nothing of what was done to it.
        let names = if own { &self.object.own } else { &self.object.container };
        let identifying = |name: &String| names.contains(name) || ["id", "tags", "tags_all"].contains(&name.as_str());
        let (mut same, mut other) = (false, false);
        for name in self.drift.desired_attributes.keys().filter(|name| !identifying(name)) {
            let mut values = BTreeSet::new();
            objects::values(&self.drift.desired_attributes, name, &mut values);
            for value in &values {
                let value = value.as_str().into();
                if payloads.request.match_removed(name, &value) == ValueMatch::Equal {
                    return true;
                }
                let matched = payloads.request.match_value(name, &value);
                same |= matched == ValueMatch::Equal;
                other |= matched == ValueMatch::Different;
            }
        }
        other || !same
    }

    /// Does the end of that kind's object, whose id the closure looks for, end this resource?
    fn ends_with(&self, kind: &str, named: impl Fn(&BTreeSet<String>) -> bool) -> bool {
        self.object.within.iter().filter(|(parent, _)| parent == kind).any(|(_, attribute)| match attribute {
            None if self.container.is_empty() => named(&self.own),
            None => named(&self.container),
            Some(attribute) => {
                let mut names = BTreeSet::new();
                objects::values(&self.drift.desired_attributes, attribute, &mut names);
                objects::values(&self.drift.live_attributes, attribute, &mut names);
                named(&names)
            }
        })
    }

    /// The container is named: is it about this part? Nothing the event says of the parts may contradict, and something
    /// must agree.
    fn is_this_part(&self, event: &Event, target: &Target, payloads: &Payloads) -> bool {
        let group = self.container.first().map_or("", String::as_str);
        if let Some(rules) = self.as_group_rules(group, target.gone)
            && let Some(of_event) = security_group_rules::of_event(event)
        {
            return of_event.iter().any(|one| rules.iter().any(|rule| one.is(rule, group)));
        }
        let changing: Vec<String> = self.drift.changes.iter().map(|change| pointer::top(&change.path)).collect();
        let mut agreed = self.object.parts.is_empty();
        let mut named = false;
        for (part, key) in &self.object.parts {
            // What has changed cannot identify the part.
            if changing.contains(part) && !target.gone {
                agreed = true;
                continue;
            }
            let mut values = BTreeSet::new();
            objects::values(&self.drift.desired_attributes, part, &mut values);
            objects::values(&self.drift.live_attributes, part, &mut values);
            // What is removed identifies the part, too.
            let match_one = |payload: &PayloadValues, value: &String| {
                let key = key.as_deref();
                match_part(payload, part, key, value, false).max(match_part(payload, part, key, value, true))
            };
            let matched = |payload: &PayloadValues| values.iter().map(|value| match_one(payload, value)).max();
            let asked = matched(&payloads.request);
            named |= asked.is_some_and(|asked| asked != ValueMatch::Absent);
            match asked.filter(|matched| *matched != ValueMatch::Absent).or_else(|| matched(&payloads.response)) {
                Some(ValueMatch::Equal | ValueMatch::Redacted) => agreed = true,
                Some(ValueMatch::Different) => return false,
                Some(ValueMatch::Absent) | None => {}
            }
        }
        // A reset names no part, and ends all of them.
        agreed || !named && target.gone && !target.made && operation_effect::ends_all(&event.name)
    }

    /// The rules of a security group that a rule resource stands for, as desired and, where it is not about its end, as live.
    fn as_group_rules(&self, group: &str, ended: bool) -> Option<Vec<SecurityGroupRule>> {
        let egress = match self.drift.kind.as_str() {
            "aws_security_group_rule" => None,
            "aws_vpc_security_group_ingress_rule" => Some(false),
            "aws_vpc_security_group_egress_rule" => Some(true),
            _ => return None,
        };
        let owner = GroupRef { group, account: "" };
        let live = (!ended).then_some(&self.drift.live_attributes);
        let sides = [Some(&self.drift.desired_attributes), live].into_iter().flatten().filter(|side| !side.is_empty());
        Some(sides.flat_map(|side| SecurityGroupRule::from_attributes(side, owner, egress)).collect())
    }

    /// Is a call about the block of this name, or about the resource itself? The disks of an instance are objects of their own.
    pub(super) fn concerns(&self, top: &str, event: &Event, payloads: &Payloads) -> bool {
        let mentioned = |name: &String| payloads.request.has_text(name) || payloads.response.has_text(name);
        match top {
            "root_block_device" | "ebs_block_device" | "volume_tags" => {
                let mut names = BTreeSet::new();
                for attributes in [&self.drift.desired_attributes, &self.drift.live_attributes] {
                    let blocks: &[&str] =
                        if top == "volume_tags" { &["root_block_device", "ebs_block_device"] } else { &[top] };
                    for part in ["volume_id", "device_name"] {
                        blocks
                            .iter()
                            .for_each(|block| objects::values(attributes, &format!("{block}.{part}"), &mut names));
                    }
                }
                names.iter().any(mentioned)
            }
            "tags" | "tags_all" => {
                let by_arn = |name: &String| payloads.request.has_name(name);
                self.own.iter().any(|name| mentioned(name) || by_arn(name))
                    || event.resources.iter().any(|one| {
                        self.own.contains(one)
                            || event.omitted && arn::name(one).is_some_and(|name| self.own.contains(name))
                    })
            }
            _ => true,
        }
    }

    /// An event that the table does not know: the id in the request is a hint, no more.
    fn unlisted(&self, event: &Event, payloads: &Payloads) -> Option<Link> {
        let named = |name: &String| {
            payload_values::is_distinctive(name) && (payloads.request.has_text(name) || event.resources.contains(name))
        };
        let hint = self.own.iter().any(named) && !event_class::identifies(event.service(), &event.name);
        hint.then_some(Link {
            gone: event.name.starts_with("Delete"),
            made: false,
            target: None,
            own: true,
            listed: false,
        })
    }

    fn is_tagged_by_ec2(&self) -> bool {
        let id = |name: &String| {
            name.split_once('-').is_some_and(|(prefix, rest)| {
                prefix.len() <= 8 && rest.len() >= 8 && rest.bytes().all(|b| b.is_ascii_hexdigit())
            })
        };
        self.drift.kind != "aws_ec2_tag" && self.own.iter().any(id)
    }
}

/// What a call does to a part that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Adds,
    Removes,
    /// Both, or its words do not say.
    Unclear,
}

/// How the payload compares with this value of a part, of what it adds or of what it removes.
fn match_part(payload: &PayloadValues, part: &str, key: Option<&str>, value: &str, removed: bool) -> ValueMatch {
    match key {
        Some(key) => payload.match_under_key(key, value, removed),
        None if removed => payload.match_removed(part, &value.into()),
        None => payload.match_value(part, &value.into()),
    }
}

/// Services whose calls are logged in one region for all:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>.
pub(super) fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "cloudfront" | "route53" | "sts" | "organizations" | "globalaccelerator" | "s3" | "waf")
}
