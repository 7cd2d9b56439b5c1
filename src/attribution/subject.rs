//! What is to be attributed: a drift, with the names under which events may speak of it.

use std::collections::BTreeSet;

use super::leaves::{self, Leaves, Said};
use super::objects::{self, Object};
use super::table::Target;
use super::{Event, source, table, verbs};
use crate::model::{Drift, GLOBAL};

/// A drift and its names.
pub struct Case<'a> {
    pub drift: &'a Drift,
    object: &'static Object,
    own: BTreeSet<String>,
    container: BTreeSet<String>,
    /// Ids of what it goes down with, by the kind's attributes that name it.
    hosts: BTreeSet<String>,
}

/// How an event and a drift belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The resource, or what it is a part of, ceases to exist.
    pub gone: bool,
    /// The event can have changed attributes of the resource; index of the row's target.
    pub target: Option<usize>,
    /// The event names the resource itself, not only what it is a part of.
    pub own: bool,
    /// The table knows the event.
    pub listed: bool,
}

impl<'a> Case<'a> {
    pub fn new(drift: &'a Drift) -> Self {
        let object = objects::of(&drift.kind);
        let (mut own, mut container, mut hosts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let hosting = || object.within.iter().filter_map(|(_, attribute)| attribute.as_ref());
        for attributes in [&drift.desired_attributes, &drift.live_attributes] {
            object.own.iter().for_each(|path| objects::values(attributes, path, &mut own));
            object.container.iter().for_each(|path| objects::values(attributes, path, &mut container));
            hosting().for_each(|path| objects::values(attributes, path, &mut hosts));
        }
        if object.container.is_empty() && !object.is_singleton() && !drift.id.is_empty() {
            own.insert(drift.id.clone());
        }
        Self { drift, object, own, container, hosts }
    }

    /// Every name under which an event may speak of it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.own.iter().chain(&self.container).chain(&self.hosts).map(String::as_str)
    }

    /// Is it the only one of its kind in its account (and region)?
    pub fn is_singleton(&self) -> bool {
        self.object.is_singleton()
    }

    /// What a source of events is asked about it: telling names first, ids before names.
    pub fn subject(&self) -> source::Subject {
        let mut names: Vec<String> = self.names().map(str::to_owned).collect();
        names.sort_by_key(|name| (!leaves::is_telling(name), name.starts_with("arn:"), name.clone()));
        source::Subject { scope: self.drift.scope.clone(), names }
    }

    /// Do the event and the drift lie in the same account, and in regions where the one can be of the other?
    pub fn is_near(&self, event: &Event) -> bool {
        let scope = &self.drift.scope;
        (event.account == scope.account || event.account.is_empty())
            && (scope.region == GLOBAL
                || event.region == scope.region
                || event.region.is_empty()
                || is_global(event.service()))
    }

    /// How an event belongs to this drift, if it does. `bodies` are its request and answer.
    pub fn link(&self, event: &Event, bodies: &Bodies) -> Option<Link> {
        if !self.is_near(event) {
            return None;
        }
        let Some(row) = table::row(event) else { return self.unlisted(event, bodies) };
        let mut link = Link { gone: false, target: None, own: false, listed: true };
        for (index, target) in row.targets.iter().enumerate() {
            let ids = if target.ids.is_empty() { &row.ids } else { &target.ids };
            if target.kind == self.drift.kind || target.kind == "*" && self.is_tagged_by_ec2() {
                let own = row.is_singleton() && self.object.is_singleton() || bodies.names_one(event, ids, &self.own);
                let part = !own && bodies.names_one(event, ids, &self.container) && self.is_this_part(target, bodies);
                if own || part {
                    link.gone |= target.gone && (verbs::removes(&event.name) || self.undoes(bodies, own));
                    link.own |= own;
                    if target.attributes.iter().any(|name| !name.is_empty()) {
                        link.target = Some(index);
                    }
                }
            } else if target.gone && self.ends_with(&target.kind, |names| bodies.names_one(event, ids, names)) {
                link.gone = true;
            }
        }
        (link.gone || link.target.is_some()).then_some(link)
    }

    /// A call that also makes such resources ends this one only if it takes away what is desired, sets something else, or
    /// nothing at all.
    fn undoes(&self, bodies: &Bodies, own: bool) -> bool {
        // What named the resource says nothing of what was done to it.
        let names = if own { &self.object.own } else { &self.object.container };
        let identifying = |name: &String| names.contains(name) || ["id", "tags", "tags_all"].contains(&name.as_str());
        let (mut same, mut other) = (false, false);
        for name in self.drift.desired_attributes.keys().filter(|name| !identifying(name)) {
            let mut values = BTreeSet::new();
            objects::values(&self.drift.desired_attributes, name, &mut values);
            for value in &values {
                let value = value.as_str().into();
                if bodies.request.say_away(name, &value) == Said::Same {
                    return true;
                }
                let said = bodies.request.say(name, &value);
                same |= said == Said::Same;
                other |= said == Said::Other;
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
    fn is_this_part(&self, target: &Target, bodies: &Bodies) -> bool {
        let changing: Vec<String> =
            self.drift.changes.iter().map(|change| crate::model::pointer::top(&change.path)).collect();
        let mut agreed = self.object.parts.is_empty();
        for part in &self.object.parts {
            // What has changed cannot tell which part it is.
            if changing.contains(part) && !target.gone {
                agreed = true;
                continue;
            }
            let mut values = BTreeSet::new();
            objects::values(&self.drift.desired_attributes, part, &mut values);
            objects::values(&self.drift.live_attributes, part, &mut values);
            let said = |body: &Leaves| values.iter().map(|value| body.say(part, &value.as_str().into())).max();
            match said(&bodies.request).filter(|said| *said != Said::Nothing).or_else(|| said(&bodies.response)) {
                Some(Said::Same | Said::Hidden) => agreed = true,
                Some(Said::Other) => return false,
                Some(Said::Nothing) | None => {}
            }
        }
        agreed
    }

    /// An event that the table does not know: the id in the request is a hint, no more.
    fn unlisted(&self, event: &Event, bodies: &Bodies) -> Option<Link> {
        let named = |name: &String| {
            leaves::is_telling(name) && (bodies.request.has_text(name) || event.resources.contains(name))
        };
        let hint = self.own.iter().any(named) && !super::identifies(event.service(), &event.name);
        hint.then_some(Link { gone: event.name.starts_with("Delete"), target: None, own: true, listed: false })
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

/// An event's bodies, taken apart once.
pub struct Bodies {
    pub request: Leaves,
    pub response: Leaves,
}

impl Bodies {
    pub fn of(event: &Event) -> Self {
        Self { request: Leaves::of(&event.request), response: Leaves::of(&event.response) }
    }

    /// Does one of the identifying paths (or the record's own list of resources) hold one of these names?
    fn names_one(&self, event: &Event, paths: &[String], names: &BTreeSet<String>) -> bool {
        if names.is_empty() {
            return false;
        }
        let known = |text: &str| {
            names.contains(text)
                || names.iter().any(|name| name.starts_with("arn:") && name.rsplit(['/', ':']).next() == Some(text))
                || text.starts_with("arn:") && text.rsplit(['/', ':']).next().is_some_and(|tail| names.contains(tail))
        };
        let mut found = BTreeSet::new();
        for path in paths {
            let (body, rest) = match path.split_once('.') {
                Some(("R", rest)) => (&event.request, rest),
                Some(("P", rest)) => (&event.response, rest),
                _ => continue,
            };
            if let serde_json::Value::Object(members) = body {
                objects::values(members, rest, &mut found);
            }
        }
        found.iter().any(|text| known(text)) || event.resources.iter().any(|arn| names.contains(arn))
    }
}

/// Services whose calls are logged in one region for all:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>.
pub fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "cloudfront" | "route53" | "sts" | "organizations" | "globalaccelerator" | "s3" | "waf")
}
