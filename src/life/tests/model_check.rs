//! Random outcomes, operations and times against a model that is too simple to be wrong: a finding is unresolved exactly as long as
//! the last look that could tell saw it differ.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::{Memory, at, finding, row, sweep};
use crate::life::{Changes, StateName, expire, operation};
use crate::model::{Coverage, DriftStatus, Finding, Outcome};

/// So many resources: the first half declared, the others not.
const RESOURCES: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    /// What each resource is: in sync, out of sight, or different in one of some ways.
    Look {
        resources: Vec<Seen>,
        sort: Look,
    },
    Acknowledge(usize),
    Snooze(usize, i64),
    Ignore(usize, i64),
    Reopen(usize),
    Wait(i64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    InSync,
    Unknown,
    Different(u8),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Sweep,
    DeclaredOnly,
    Incomplete,
    Elsewhere,
    /// Only this resource.
    Single(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seen = prop_oneof![3 => Just(Seen::InSync), 1 => Just(Seen::Unknown), 4 => (0..3_u8).prop_map(Seen::Different)];
    let look = prop_oneof![
        4 => Just(Look::Sweep), 1 => Just(Look::DeclaredOnly), 1 => Just(Look::Incomplete), 1 => Just(Look::Elsewhere),
        2 => (0..RESOURCES).prop_map(Look::Single)
    ];
    let step = prop_oneof![
        6 => (prop::collection::vec(seen, RESOURCES), look).prop_map(|(resources, sort)| Step::Look { resources, sort }),
        1 => (0..RESOURCES).prop_map(Step::Acknowledge),
        1 => (0..RESOURCES, 1..200_i64).prop_map(|(one, minutes)| Step::Snooze(one, minutes)),
        1 => (0..RESOURCES, 1..200_i64).prop_map(|(one, minutes)| Step::Ignore(one, minutes)),
        1 => (0..RESOURCES).prop_map(Step::Reopen),
        2 => (1..3000_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..40)
}

fn of(resource: usize, content: u8) -> Finding {
    let drift = if resource < RESOURCES / 2 { DriftStatus::Changed } else { DriftStatus::Unmanaged };
    finding("aws_vpc", &format!("vpc-0000000{resource}"), drift, &content.to_string())
}

/// What a cycle gives that looked like this at resources like these, and what it proves of each: nothing, in sync, or different.
fn outcome(minutes: i64, resources: &[Seen], sort: Look) -> (Outcome, Vec<Option<Option<u8>>>) {
    let is_declared = |resource: usize| resource < RESOURCES / 2;
    let (mut findings, mut proofs) = (Vec::new(), Vec::new());
    for (resource, &seen) in resources.iter().enumerate() {
        let is_looked_at = match sort {
            Look::Sweep | Look::Incomplete => true,
            Look::DeclaredOnly => is_declared(resource),
            Look::Elsewhere => false,
            Look::Single(one) => one == resource,
        };
        proofs.push(match seen {
            _ if !is_looked_at => None,
            Seen::Unknown => None,
            Seen::InSync => (sort != Look::Incomplete).then_some(None),
            Seen::Different(content) => Some(Some(content)),
        });
        match seen {
            Seen::Unknown if is_looked_at => {
                findings.push(Finding { drift: DriftStatus::Unknown, ..of(resource, 0) });
            }
            Seen::Different(content) if is_looked_at => findings.push(of(resource, content)),
            Seen::InSync | Seen::Unknown | Seen::Different(_) => {}
        }
    }
    let row = row("aws_vpc");
    let coverage = match sort {
        Look::Sweep => vec![row],
        Look::DeclaredOnly => vec![Coverage { unmanaged: false, ..row }],
        Look::Incomplete => vec![Coverage { complete: false, ..row }],
        Look::Elsewhere => vec![Coverage { kind: "aws_subnet".to_owned(), ..row }],
        Look::Single(one) => vec![Coverage { resources: Some(vec![of(one, 0).key]), ..row }],
    };
    (Outcome { coverage, ..sweep(minutes, findings) }, proofs)
}

/// What the model knows of a resource.
#[derive(Debug, Clone, Default)]
struct Model {
    /// It differs, as far as anybody could tell.
    content: Option<u8>,
    /// What a person said, and when that ends.
    hold: Option<(StateName, Option<i64>)>,
    first_seen: Option<i64>,
}

impl Model {
    fn look(&mut self, proof: Option<Option<u8>>, now: i64) {
        let Some(content) = proof else { return };
        if self.content != content {
            self.hold = None;
        }
        self.content = content;
        self.first_seen = self.first_seen.or(content.map(|_| now));
    }

    fn wait(&mut self, now: i64) {
        self.hold = self.hold.filter(|(_, end)| end.is_none_or(|end| end > now));
    }

    fn state(&self) -> Option<StateName> {
        self.first_seen?;
        Some(match (self.content, self.hold) {
            (None, _) => StateName::Resolved,
            (Some(_), Some((state, _))) => state,
            (Some(_), None) => StateName::Open,
        })
    }
}

/// Applies the changes; every step must begin where the last one of its finding ended.
fn keep(memory: &mut Memory, chain: &mut BTreeMap<String, StateName>, changes: &Changes) -> Result<(), TestCaseError> {
    memory.keep(changes);
    for step in &changes.transitions {
        let before = chain.insert(step.finding_id.clone(), step.state);
        prop_assert_eq!(before, step.was, "the history of {} has a hole at {:?}", step.key, step.kind);
    }
    for (id, state) in chain {
        prop_assert_eq!(memory.known[id].life.state.name(), *state, "{} has a state that no step leads to", id);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_finding_lives_as_long_as_it_is_seen_to_differ(steps in steps()) {
        let (mut memory, mut chain, mut now) = (Memory::default(), BTreeMap::new(), 0);
        let mut models = vec![Model::default(); RESOURCES];
        for step in steps {
            now += 1;
            let of_known = |memory: &Memory, one: usize| {
                memory.known.get(&crate::life::finding_id(&of(one, 0).key)).cloned()
            };
            let (said, hold) = match step {
                Step::Look { resources, sort } => {
                    let (outcome, proofs) = outcome(now, &resources, sort);
                    let changes = memory.reconcile(&outcome);
                    keep(&mut memory, &mut chain, &changes)?;
                    for (model, proof) in models.iter_mut().zip(proofs) {
                        model.wait(now);
                        model.look(proof, now);
                    }
                    (None, None)
                }
                Step::Wait(minutes) => {
                    now += minutes;
                    let known: Vec<_> = memory.known.values().cloned().collect();
                    let changes = expire(&known, &memory.flapping, at(now));
                    keep(&mut memory, &mut chain, &changes)?;
                    models.iter_mut().for_each(|model| model.wait(now));
                    (None, None)
                }
                Step::Acknowledge(one) => {
                    let said = of_known(&memory, one).map(|known| operation::acknowledge(&known, "a", "", at(now)));
                    (said.map(|said| (one, said)), Some((StateName::Acknowledged, None)))
                }
                Step::Snooze(one, minutes) => {
                    let end = now + minutes;
                    let said = of_known(&memory, one).map(|known| operation::snooze(&known, "a", "", at(end), at(now)));
                    (said.map(|said| (one, said)), Some((StateName::Snoozed, Some(end))))
                }
                Step::Ignore(one, minutes) => {
                    let end = now + minutes;
                    let known = of_known(&memory, one);
                    let said = known.map(|known| operation::ignore(&known, "a", "o", "r", at(end), at(now)));
                    (said.map(|said| (one, said)), Some((StateName::Ignored, Some(end))))
                }
                Step::Reopen(one) => {
                    let said = of_known(&memory, one).map(|known| operation::reopen(&known, "a", at(now)));
                    (said.map(|said| (one, said)), None)
                }
            };
            if let Some((one, said)) = said {
                let may = models[one].content.is_some() && (hold.is_some() || models[one].hold.is_some());
                prop_assert_eq!(said.is_ok(), may);
                if let Ok(changes) = said {
                    keep(&mut memory, &mut chain, &changes)?;
                    models[one].hold = hold;
                }
            }
            for (one, model) in models.iter().enumerate() {
                let known = of_known(&memory, one);
                prop_assert_eq!(known.as_ref().map(|known| known.life.state.name()), model.state());
                prop_assert_eq!(known.as_ref().map(|known| known.life.first_seen), model.first_seen.map(at));
                if let (Some(known), Some(content)) = (&known, model.content) {
                    prop_assert_eq!(&known.finding, &of(one, content));
                }
            }
        }
    }
}
