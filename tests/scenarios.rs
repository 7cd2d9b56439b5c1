//! Does driftd agree with Terraform? Applies tests/scenarios/*, changes the account by hand and compares `driftd scan` with what
//! Terraform's own refresh sees. The work is in tests/world; needs Terraform, and says so where there is none.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

#[test]
fn driftd_agrees_with_terraform() {
    if std::process::Command::new("terraform").arg("version").output().is_err() {
        eprintln!("SKIPPED, loudly: terraform is not installed, so nothing was compared with what Terraform says");
        return;
    }
    let done = support::python()
        .args(["-m", "tests.world", "scenarios", "--driftd", env!("CARGO_BIN_EXE_driftd")])
        .output()
        .expect("python starts");
    let said = String::from_utf8_lossy(&done.stdout);
    println!("{said}");
    assert!(done.status.success(), "\n{said}\n{}", String::from_utf8_lossy(&done.stderr));
}
