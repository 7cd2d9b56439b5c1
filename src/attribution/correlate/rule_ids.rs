//! Rules of security groups that a call names by id: an inline block has no ids, so that other calls must show which rule it is.

use std::collections::BTreeSet;

use super::effect::{Effect, Item};
use crate::attribution::event::Event;
use crate::attribution::event::security_group_rules::{self, EventRule};

/// Does a call name a rule by id, without the values that it had before?
pub(super) fn names_by_id(event: &Event, of_event: &[EventRule]) -> bool {
    let ids = || of_event.iter().filter_map(id);
    let shows_values =
        |id: &str| of_event.iter().any(|one| matches!(one, EventRule::Rule(rule) if rule.id.as_deref() == Some(id)));
    event.name.starts_with("Modify") && ids().next().is_some() || ids().any(|id| !shows_values(id))
}

/// The ids under which calls show the rules that an item stands for.
pub(super) struct RuleIds(BTreeSet<String>);

impl RuleIds {
    /// Out of all calls about the group `group`; `None`: the item is no rule of a group.
    pub(super) fn of<'e>(item: &Item<'_>, group: &str, events: impl Iterator<Item = &'e Event>) -> Option<Self> {
        let rules = item.group_rules(group)?;
        let of_event = events.filter_map(security_group_rules::of_event).flatten();
        let this =
            of_event.filter(|one| matches!(one, EventRule::Rule(_)) && rules.iter().any(|rule| one.is(rule, group)));
        Some(Self(this.filter_map(|one| id(&one).map(str::to_owned)).collect()))
    }

    /// What a call that names rules by id did to the item; `None`: it names none.
    pub(super) fn effect(&self, item: &Item<'_>, event: &Event) -> Option<Effect> {
        let of_event = security_group_rules::of_event(event)?;
        let is_this = of_event.iter().filter_map(id).any(|id| self.0.contains(id));
        let is_description = event.name.contains("Description");
        Some(match (item.is_added(), is_this) {
            // Nothing shows which rule it is.
            (true, false) if self.0.is_empty() => Effect::Weak,
            (_, false) => Effect::None,
            (true, true) if is_description && item.is_described_in(event) => Effect::Live,
            (true, true) => Effect::Other,
            (false, true) if is_description => Effect::None,
            (false, true) => Effect::Live,
        })
    }
}

fn id(rule: &EventRule) -> Option<&str> {
    match rule {
        EventRule::Id(id) => Some(id),
        EventRule::Rule(rule) => rule.id.as_deref(),
    }
}
