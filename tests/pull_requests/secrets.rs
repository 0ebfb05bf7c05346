//! Known secrets in every place that can hold one, and none of them in what is shown or written.

use crate::repository::{Repository, Run};

const CLUSTER: &str = include_str!("../../specs/minimal.yaml");
/// In the state store, the passphrase that protects it there, in the environment, and in user data.
const SECRETS: [&str; 4] = ["stored-tulip", "passphrase-tulip", "access-tulip", "hidden-tulip"];

fn with_user_data(manifest: &str, text: &str) -> String {
    let data = format!(
        "  additionalUserData:\n  - name: setup.sh\n    type: text/x-shellscript\n    content: |\n      {text}\n"
    );
    manifest.replace("  role: Node\n", &format!("  role: Node\n{data}"))
}

fn kedge(place: &Repository, arguments: &[&str]) -> Run {
    let environment = [
        ("KEDGE_SANDBOX", "account"),
        ("AWS_SECRET_ACCESS_KEY", "access-tulip"),
        ("AWS_SESSION_TOKEN", "access-tulip"),
    ];
    place.run(env!("CARGO_BIN_EXE_kedge"), ".", arguments, &environment)
}

#[test]
fn a_snapshot_and_what_is_planned_from_it_hold_none() {
    let place = Repository::new();
    place.write("cluster.yaml", &with_user_data(CLUSTER, "echo hidden-tulip"));
    let applied = kedge(&place, &["apply", "-f", "cluster.yaml", "--yes", "-q"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    place.write("secret", "stored-tulip");
    place.write("passphrase", "passphrase-tulip");
    let set = "secret set token -i secret --passphrase-file passphrase --name minimal.example.com";
    let stored = kedge(&place, &set.split(' ').collect::<Vec<_>>());
    assert_eq!(stored.code, 0, "{}", stored.stderr);

    let taken = kedge(&place, &["snapshot", "-f", "cluster.yaml", "--out", "account.json"]);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    let snapshot = fs_err::read_to_string(place.path().join("account.json")).expect("a snapshot");
    for secret in SECRETS {
        assert!(!snapshot.contains(secret), "{secret} is in the snapshot");
    }
    // What is fingerprinted is known again.
    let same = kedge(&place, &["plan", "-f", "cluster.yaml", "--snapshot", "account.json", "--detailed-exitcode"]);
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    place.write("cluster.yaml", &with_user_data(CLUSTER, "echo nothing to hide"));
    for form in ["text", "json", "markdown"] {
        let changed = kedge(
            &place,
            &["plan", "-f", "cluster.yaml", "--snapshot", "account.json", "--detailed-exitcode", "-o", form],
        );
        assert_eq!(changed.code, 2, "{}", changed.stderr);
        for secret in SECRETS {
            assert!(!changed.stdout.contains(secret), "{secret} is in {form}: {}", changed.stdout);
        }
    }
}
