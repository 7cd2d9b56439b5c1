//! The event table of attribution against AWS's own API models: an event that no service has can never be seen.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

#[test]
fn every_event_is_an_operation_of_its_service() {
    let done = support::python().args(["-m", "tests.world", "events"]).output().expect("python starts");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "\n{said}\n{}", String::from_utf8_lossy(&done.stderr));
}
