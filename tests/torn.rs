//! A state store on a bad day: each of its objects damaged in turn, with the real binary in the sandbox.
//!
//! Whatever is damaged, nothing panics, no resource is touched, a command that fails names the object and what to do, and
//! afterwards the documented way out leads back to a store that is in order.

use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use camino_tempfile::Utf8TempDir;

const CLUSTER: &str = "minimal.example.com";

struct World {
    directory: Utf8TempDir,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Emptied,
    Halved,
    Garbage,
    Gone,
    /// Another object of the same kind, or an earlier state of the same one.
    Replaced,
}

const DAMAGES: [Damage; 5] = [Damage::Emptied, Damage::Halved, Damage::Garbage, Damage::Gone, Damage::Replaced];

impl World {
    /// A cluster with two operations, two sets of manifests, and two secrets. Returns the head after the first operation.
    fn new() -> (Self, Vec<u8>) {
        let world = Self { directory: camino_tempfile::tempdir().expect("a directory") };
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/minimal.yaml");
        let text = fs_err::read_to_string(manifest).expect("a manifest");
        world.write("first.yaml", &text);
        world.write("second.yaml", &text.replacen("maxSize: ", "maxSize: 1", 1));
        world.write("passphrase", "a long passphrase");
        world.write("value", "hunter2");
        assert_eq!(world.run("apply -f first.yaml --yes").0, 0);
        let head = fs_err::read(world.object("head.json")).expect("a head");
        let (code, text) = world.run("apply -f second.yaml --yes");
        assert_eq!(code, 0, "{text}");
        for name in ["one", "two"] {
            let (code, text) = world.run(&format!("secret set {name} -i value --passphrase-file passphrase"));
            assert_eq!(code, 0, "{text}");
        }
        (world, head)
    }

    fn write(&self, name: &str, text: &str) {
        fs_err::write(self.directory.path().join(name), text).expect("a file");
    }

    fn folder(&self) -> Utf8PathBuf {
        self.directory.path().join(".kedge-sandbox/store").join(CLUSTER)
    }

    fn object(&self, key: &str) -> Utf8PathBuf {
        self.folder().join(key)
    }

    /// Every resource that the account holds.
    fn account(&self) -> String {
        let (code, text) = self.run("get resources -o json");
        assert_eq!(code, 0, "{text}");
        text
    }

    /// Exit code, and everything that was said.
    fn run(&self, line: &str) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_kedge"))
            .args(line.split_whitespace())
            .args(["--sandbox", "--name", CLUSTER])
            .current_dir(self.directory.path())
            .env_clear()
            .env("COLUMNS", "120")
            .stdin(Stdio::null())
            .output()
            .expect("kedge runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().expect("it was killed"), text)
    }
}

fn keys(folder: &Utf8Path, below: &str, found: &mut Vec<String>) {
    for entry in folder.join(below).read_dir_utf8().expect("a folder") {
        let entry = entry.expect("an entry");
        let key =
            if below.is_empty() { entry.file_name().to_owned() } else { format!("{below}/{}", entry.file_name()) };
        if entry.file_type().expect("a type").is_dir() {
            keys(folder, &key, found);
        } else if !entry.file_name().starts_with('.') {
            found.push(key);
        }
    }
    found.sort();
}

/// What stands in the place of an object when it is replaced.
fn replacement(world: &World, key: &str, head: &[u8]) -> Vec<u8> {
    let twin = match key {
        "head.json" => return head.to_vec(),
        "secrets/one.json" => "secrets/two.json".to_owned(),
        "secrets/two.json" => "secrets/one.json".to_owned(),
        // A keyring of another cluster.
        "secrets/keyring.json" => {
            let text = fs_err::read_to_string(world.object(key)).expect("a keyring");
            return text.replace(CLUSTER, "other.example.com").into_bytes();
        }
        // The other entry of the journal.
        _ if key.starts_with("journal/") => {
            let mut all = Vec::new();
            keys(&world.folder(), "journal", &mut all);
            all.into_iter().find(|other| other != key).expect("two entries")
        }
        _ if key.contains("000001") => key.replace("000001", "000002"),
        _ => key.replace("000002", "000001"),
    };
    fs_err::read(world.object(&twin)).unwrap_or_else(|_| b"{\"formatVersion\": 99}\n".to_vec())
}

#[test]
fn every_object_may_be_damaged_in_every_way() {
    let (world, old_head) = World::new();
    let account = world.account();
    let mut all = Vec::new();
    keys(&world.folder(), "", &mut all);
    assert!(all.len() >= 9, "{all:?}");
    for key in &all {
        for damage in DAMAGES {
            let path = world.object(key);
            let good = fs_err::read(&path).expect("an object");
            let bad = match damage {
                Damage::Emptied => Some(Vec::new()),
                Damage::Halved => Some(good[..good.len() / 2].to_vec()),
                Damage::Garbage => Some(b"\xff\xfe{not: json".to_vec()),
                Damage::Gone => None,
                Damage::Replaced => Some(replacement(&world, key, &old_head)),
            };
            match &bad {
                Some(bad) => fs_err::write(&path, bad).expect("a damaged object"),
                None => fs_err::remove_file(&path).expect("an object"),
            }
            what_commands_say(&world, key, damage);
            assert!(world.account() == account, "{key} {damage:?}: a resource was touched");
            if key != "head.json" {
                fs_err::write(&path, &good).expect("the object is restored");
            } else {
                let (code, text) = world.run("store repair");
                assert_eq!(code, 0, "{key} {damage:?}: {text}");
            }
            let (code, text) = world.run("store check");
            assert_eq!(code, 0, "{key} {damage:?}: {text}");
            let (code, text) = world.run("apply -f second.yaml --yes");
            assert_eq!(code, 0, "{key} {damage:?}: {text}");
            assert!(text.contains("Nothing to do"), "{key} {damage:?}: {text}");
        }
    }
}

/// Every command that reads the store: it works, or fails with the name of the object and what to do.
fn what_commands_say(world: &World, key: &str, damage: Damage) {
    let mut noticed = false;
    for line in [
        "plan -f second.yaml",
        "plan",
        "apply -f second.yaml --yes",
        "op log",
        "op show 1",
        "op show 2",
        "op diff 1 2",
        "get manifests --at 1",
        "get manifests",
        "lease show",
        "secret list",
        "secret show one --passphrase-file passphrase",
        "secret show two --passphrase-file passphrase",
        "store check",
    ] {
        let (code, text) = world.run(line);
        let context = format!("{key} {damage:?}, `{line}`: {text}");
        assert!(!text.contains("panicked") && !text.contains("internal error"), "{context}");
        if code == 0 {
            // A list goes on where one of its entries cannot be read, and says so.
            noticed |= line == "op log" && text.contains("cannot be read") || text.contains("is missing");
            continue;
        }
        noticed = true;
        assert_eq!(code, 1, "{context}");
        let file = key.rsplit('/').next().expect("a name");
        let name = file.trim_end_matches(".yaml").trim_end_matches(".json").trim_start_matches('0');
        assert!(text.contains(name), "{context}");
        assert!(line == "store check" || text.contains("hint:"), "{context}");
    }
    // Nothing counts the entries of the journal.
    let unseen = key.starts_with("journal/") && matches!(damage, Damage::Gone);
    assert!(noticed || unseen, "{key} {damage:?}: nobody noticed");
}
