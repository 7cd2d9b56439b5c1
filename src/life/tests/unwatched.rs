//! What becomes of findings that the configuration does not look for any more.

use super::world::{Memory, at, finding, sweep, vpc};
use crate::life::{Resolution, State, close_unwatched};
use crate::model::{DriftStatus, Finding, Outcome};

fn seen(finding: &Finding) -> Memory {
    let mut memory = Memory::default();
    memory.see(&sweep(1, vec![finding.clone()]));
    memory
}

#[test]
fn what_the_configuration_does_not_look_for_any_more() {
    let (unmanaged, declared) = (finding("aws_vpc", "vpc-0a1b2c3d", DriftStatus::Unmanaged, ""), vpc("a"));
    let mut memory = seen(&unmanaged);
    // Nobody looked there: that alone says nothing.
    assert_eq!(memory.see(&Outcome { coverage: Vec::new(), ..sweep(5, Vec::new()) }), [""; 0]);
    let known: Vec<_> = memory.known.values().chain(seen(&declared).known.values()).cloned().collect();
    assert_eq!(memory.keep(&close_unwatched(&known, at(6))), ["resolved"]);
    let resolved = State::Resolved { how: Resolution::NoLongerWatched, by: None };
    assert_eq!(memory.get(&unmanaged).life.state, resolved);
    let known: Vec<_> = memory.known.values().cloned().collect();
    assert_eq!(close_unwatched(&known, at(7)).findings, []);
}
