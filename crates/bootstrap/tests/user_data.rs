//! The program in user data, run by Python: it fetches what it is told to, and refuses what is not that.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test runs another program")]

use std::process::Command;

use kedge_bootstrap::{Arch, Payload, UserData};

#[test]
fn python_runs_the_program() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("no python3 on the PATH: nothing was run");
        return;
    }
    let payload = |key: &str| Payload { key: key.to_owned(), sha256: "0".repeat(64) };
    let data = UserData {
        region: "us-east-1".to_owned(),
        bucket: "examplebucket".to_owned(),
        endpoint: None,
        proxy: None,
        node: [(Arch::Amd64, payload("nodes/bin/amd64")), (Arch::Arm64, payload("nodes/bin/arm64"))].into(),
        config: payload("nodes/nodes/config.json"),
    };
    let folder = camino_tempfile::tempdir().unwrap();
    let path = folder.path().join("user-data");
    fs_err::write(&path, data.write(&[]).unwrap()).unwrap();
    let test = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boot_test.py");
    let answer = Command::new("python3").args([test, path.as_str()]).output().unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
}
