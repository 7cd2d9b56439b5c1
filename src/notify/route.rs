//! The route tree: which receivers get a finding, and how. As Alertmanager does it: the first child that matches takes the finding, unless it says
//! `continue`; where no child matches, the route itself does. Pure.

use std::time::Duration;

use glob::Pattern;

use super::labels::Labels;
use super::time_window::TimeWindow;
use crate::model::Severity;
use crate::schedule::Schedule;

/// A route, with everything that it does not say itself taken from its parent.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Where it stands in the tree: `route`, `route.routes[0]`.
    pub path: String,
    pub matches: Matchers,
    pub except: Matchers,
    pub receivers: Vec<String>,
    pub delivery: Delivery,
    /// Are later siblings asked, too?
    pub goes_on: bool,
    pub routes: Vec<Route>,
}

/// How a receiver is told of what a route gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Findings that have these labels in common, within the window, are one message.
    pub group_by: Vec<String>,
    /// What belongs to one act of a person: nothing new for so long ends a group.
    pub group_window: Duration,
    /// A new group waits so long for more.
    pub group_wait: Duration,
    /// What is new in a group that was told waits so long since the last message.
    pub group_interval: Duration,
    /// What is still open is told again after this; `None`: never.
    pub repeat_interval: Option<Duration>,
    /// Told together at these times instead.
    pub digest: Option<Schedule>,
    /// Not told within these times, but after them.
    pub mute: Vec<TimeWindow>,
    /// This and worse is told in spite of `mute`.
    pub unmutable: Option<Severity>,
    /// Others are told what nobody acknowledged in time.
    pub escalation: Option<Escalation>,
}

/// Who is told when nobody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    pub after: Duration,
    pub receivers: Vec<String>,
}

/// Globs by label; every label must match, by any of its values. None at all match everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matchers(pub Vec<(String, Vec<Pattern>)>);

/// A receiver that gets a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Destination<'a> {
    pub receiver: &'a str,
    pub route: &'a Route,
}

impl Matchers {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn fit(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(name, globs)| {
            let values = labels.get(name).map(Vec::as_slice).unwrap_or_default();
            // What has no value is matched as an empty text.
            let is_any = |text: &str| globs.iter().any(|glob| glob.matches(text));
            if values.is_empty() { is_any("") } else { values.iter().any(|value| is_any(value)) }
        })
    }
}

impl Route {
    /// Everything goes to everybody.
    pub fn to_all(receivers: Vec<String>) -> Self {
        Self {
            path: "route".to_owned(),
            matches: Matchers::default(),
            except: Matchers::default(),
            receivers,
            delivery: Delivery::default(),
            goes_on: false,
            routes: Vec::new(),
        }
    }

    /// Does this route, by itself, take a finding with these labels?
    pub fn takes(&self, labels: &Labels) -> bool {
        self.matches.fit(labels) && (self.except.is_empty() || !self.except.fit(labels))
    }

    /// Why this route, by itself, does not take a finding with these labels; `None`: it does.
    pub fn refuses(&self, labels: &Labels) -> Option<String> {
        let text = |name: &str| match labels.get(name) {
            Some(values) if !values.is_empty() => format!("{name} is {}", values.join(", ")),
            _ => format!("it has no {name}"),
        };
        let wanted = |globs: &[Pattern]| globs.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ");
        for (name, globs) in &self.matches.0 {
            if !Matchers(vec![(name.clone(), globs.clone())]).fit(labels) {
                return Some(format!("{}, and must be {}", text(name), wanted(globs)));
            }
        }
        let names: Vec<String> = self.except.0.iter().map(|(name, _)| text(name)).collect();
        (!self.takes(labels)).then(|| format!("{}, which it leaves to others", names.join(", ")))
    }

    /// Every receiver that gets it, each once, in the order of the tree.
    pub fn destinations(&self, labels: &Labels) -> Vec<Destination<'_>> {
        let mut found = Vec::new();
        self.walk(labels, &mut found);
        let mut seen: Vec<&str> = Vec::new();
        found.retain(|one: &Destination<'_>| {
            let is_new = !seen.contains(&one.receiver);
            seen.push(one.receiver);
            is_new
        });
        found
    }

    /// -> whether it took it.
    fn walk<'a>(&'a self, labels: &Labels, found: &mut Vec<Destination<'a>>) -> bool {
        if !self.takes(labels) {
            return false;
        }
        let mut is_taken = false;
        for route in &self.routes {
            let took = route.walk(labels, found);
            is_taken |= took;
            if took && !route.goes_on {
                break;
            }
        }
        if !is_taken {
            found.extend(self.receivers.iter().map(|receiver| Destination { receiver, route: self }));
        }
        true
    }

    /// This route and all below it, from top to bottom.
    pub fn all(&self) -> Vec<&Route> {
        let mut all = vec![self];
        all.extend(self.routes.iter().flat_map(Route::all));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect()
    }

    fn matchers(pairs: &[(&str, &str)]) -> Matchers {
        let glob = |text: &str| text.split('|').map(|glob| Pattern::new(glob).unwrap()).collect();
        Matchers(pairs.iter().map(|(name, text)| ((*name).to_owned(), glob(text))).collect())
    }

    fn route(matches: &[(&str, &str)], receivers: &[&str], goes_on: bool, routes: Vec<Route>) -> Route {
        let receivers = receivers.iter().map(|name| (*name).to_owned()).collect();
        Route { matches: matchers(matches), goes_on, routes, ..Route::to_all(receivers) }
    }

    fn told(route: &Route, pairs: &[(&str, &str)]) -> Vec<String> {
        route.destinations(&labels(pairs)).iter().map(|to| to.receiver.to_owned()).collect()
    }

    #[test]
    fn the_first_child_that_matches_takes_it_unless_it_goes_on() {
        let tree = route(
            &[],
            &["all"],
            false,
            vec![
                route(&[("severity", "critical")], &["oncall"], true, vec![]),
                route(
                    &[("source", "prod-*")],
                    &["prod"],
                    false,
                    vec![route(&[("kind", "aws_iam_*")], &["iam"], false, vec![])],
                ),
                route(&[("source", "*")], &["oncall", "rest"], false, vec![]),
            ],
        );
        assert_eq!(
            told(&tree, &[("severity", "critical"), ("source", "prod-eu"), ("kind", "aws_vpc")]),
            ["oncall", "prod"]
        );
        assert_eq!(told(&tree, &[("severity", "low"), ("source", "prod-eu"), ("kind", "aws_iam_role")]), ["iam"]);
        assert_eq!(told(&tree, &[("severity", "critical"), ("source", "x")]), ["oncall", "rest"], "each once");
        // What has no value is an empty text: `*` matches it.
        assert_eq!(told(&tree, &[]), ["oncall", "rest"]);
        // A child that goes on took it all the same: the parent does not tell it again.
        let only = route(&[], &["all"], false, vec![route(&[("severity", "critical")], &["oncall"], true, vec![])]);
        assert_eq!(told(&only, &[("severity", "critical")]), ["oncall"]);
        assert_eq!(told(&only, &[("severity", "low")]), ["all"]);
    }

    #[test]
    fn every_label_must_match_and_exceptions_are_left_to_others() {
        let mut one = route(&[("severity", "critical|high"), ("account", "111*")], &["a"], false, vec![]);
        assert_eq!(told(&one, &[("severity", "high"), ("account", "111111111111")]), ["a"]);
        assert_eq!(told(&one, &[("severity", "high"), ("account", "2")]), Vec::<String>::new());
        let refused = one.refuses(&labels(&[("severity", "low"), ("account", "1111")])).unwrap();
        assert_eq!(refused, "severity is low, and must be critical, high");
        one.except = matchers(&[("actor", "ci-*")]);
        let by_ci = [("severity", "high"), ("account", "1111"), ("actor", "ci-7")];
        assert_eq!(told(&one, &by_ci), Vec::<String>::new());
        assert_eq!(one.refuses(&labels(&by_ci)).unwrap(), "actor is ci-7, which it leaves to others");
        assert_eq!(told(&one, &[("severity", "high"), ("account", "1111"), ("actor", "ana")]), ["a"]);
    }
}
