//! Several commands at the same time on one cluster, with the real binary: one applies, the others say who does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use camino_tempfile::Utf8TempDir;

/// An image that the sandbox and the test server have.
const IMAGE: &str = "  image: 099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714";
/// Commands at once.
const MANY: usize = 8;

/// A directory with the manifest of a cluster, and how commands reach its account and its store.
struct Place {
    directory: Utf8TempDir,
    cluster: String,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Place {
    fn new(cluster: &str, arguments: Vec<String>) -> Self {
        let directory = camino_tempfile::tempdir().expect("a directory");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/minimal.yaml");
        let text = fs_err::read_to_string(manifest).expect("a manifest").replace("minimal.example.com", cluster);
        // The test server knows no images by parameters.
        let lines = text.lines().map(|line| if line.contains("image: ssm:") { IMAGE } else { line });
        let text = lines.collect::<Vec<_>>().join("\n");
        fs_err::write(directory.path().join("cluster.yaml"), text).expect("a file");
        Self { directory, cluster: cluster.to_owned(), arguments, environment: Vec::new() }
    }

    /// With a sandbox and its store.
    fn sandbox(cluster: &str) -> Self {
        Self::new(cluster, vec!["--sandbox".to_owned()])
    }

    /// With an account behind the test server, or `None` where there is none. `{dir}` in the store is the directory.
    #[expect(clippy::disallowed_methods, reason = "the environment says where the tests run")]
    #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
    fn wire(cluster: &str, store: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("KEDGE_TEST_ENDPOINT") else {
            eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
            return None;
        };
        if let Some(bucket) = store.strip_prefix("s3://") {
            make_bucket(&endpoint, bucket);
        }
        let mut place = Self::new(cluster, Vec::new());
        let store = store.replace("{dir}", place.directory.path().as_str());
        place.arguments = vec!["--store".to_owned(), store];
        place.environment = vec![
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ];
        Some(place)
    }

    fn start(&self, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kedge"));
        command
            .args(words)
            .args(&self.arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("COLUMNS", "200")
            .env("USER", "tester")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "none")
            .env("AWS_SHARED_CREDENTIALS_FILE", "none")
            .envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("kedge runs")
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        ended(self.start(words).wait_with_output().expect("kedge ends"))
    }

    fn apply(&self) -> Child {
        self.start(&["apply", "-f", "cluster.yaml", "--yes"])
    }

    /// Nothing is to be done, and so many operations are known.
    fn settled(&self, operations: usize) {
        let (code, text) = self.run(&["plan", "-f", "cluster.yaml", "--detailed-exitcode"]);
        assert_eq!(code, 0, "{text}");
        let (code, text) = self.run(&["op", "log", "--name", &self.cluster]);
        assert_eq!((code, text.lines().count()), (0, operations + 1), "{text}");
        let (code, text) = self.run(&["store", "check", "--name", &self.cluster]);
        assert_eq!(code, 0, "{text}");
    }

    /// Many applies at once: one applies, the others say who does, or find that there is nothing left to do.
    fn race(&self) {
        let children: Vec<Child> = (0..MANY).map(|_| self.apply()).collect();
        let mut applied = 0;
        for child in children {
            let (code, text) = ended(child.wait_with_output().expect("kedge ends"));
            assert!(!text.contains("panicked"), "{text}");
            if code == 0 {
                applied += usize::from(text.contains("Done: "));
                assert!(text.contains("Done: ") || text.contains("Nothing to do"), "{text}");
            } else {
                let says_who = text.contains("is being changed by somebody else: operation 1 by tester@");
                let moved = text.contains("somebody else changed");
                assert!(code == 1 && (says_who || moved), "{code}: {text}");
            }
        }
        assert_eq!(applied, 1, "one of {MANY} applies");
        self.settled(1);
    }
}

fn ended(output: Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

/// Makes a bucket by a request of one's own: the tests of the command line link no client.
fn make_bucket(endpoint: &str, bucket: &str) {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the test server");
    let scope = "Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let request = format!(
        "PUT /{bucket} HTTP/1.1\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 {scope}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains(" 200 ") || answer.contains("BucketAlreadyOwnedByYou"), "{answer}");
}

#[test]
fn in_the_sandbox_one_of_many_applies() {
    Place::sandbox("race-sandbox.example.com").race();
}

#[cfg(test)]
mod wire {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// The test server answers one call at a time: one test after the other.
    fn turn() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn with_a_directory_one_of_many_applies() {
        let _turn = turn();
        if let Some(place) = Place::wire("race-directory.example.com", "file://{dir}/store") {
            place.race();
        }
    }

    #[test]
    fn with_a_bucket_one_of_many_applies() {
        let _turn = turn();
        if let Some(place) = Place::wire("race-bucket.example.com", "s3://kedge-race") {
            place.race();
        }
    }

    /// A place where an apply has the lease and is not done, which `seize` then does something to. An apply that is done
    /// before is no use; then there is another one, of another cluster.
    fn in_the_middle(store: &str, name: &str, lease: &str, seize: impl Fn(&mut Child)) -> Option<(Place, Child)> {
        for attempt in 0..10 {
            let mut place = Place::wire(&format!("{name}{attempt}.example.com"), store)?;
            place.environment.push(("KEDGE_LEASE_DURATION", lease.to_owned()));
            let mut holder = place.apply();
            if wait_for_lease(&place, &mut holder) {
                seize(&mut holder);
                let (_, text) = place.run(&["lease", "show", "--name", &place.cluster]);
                if text.starts_with("Lease ") {
                    return Some((place, holder));
                }
            }
        }
        panic!("ten applies were over before anybody could do something to them");
    }

    fn wait_for_lease(place: &Place, holder: &mut Child) -> bool {
        while holder.try_wait().expect("a process").is_none() {
            let (_, text) = place.run(&["lease", "show", "--name", &place.cluster, "-o", "json"]);
            if text.contains("\"held\": true") {
                return true;
            }
        }
        false
    }

    /// The holder is killed in the middle. In a directory the next one goes on at once; in a bucket when the lease has ended.
    fn killed(store: &str, name: &str, waits: bool) {
        let kill = |holder: &mut Child| {
            holder.kill().expect("it runs");
            holder.wait().expect("it ends");
        };
        let Some((place, _)) = in_the_middle(store, name, "6s", kill) else { return };
        if waits {
            let (code, text) = ended(place.apply().wait_with_output().expect("kedge ends"));
            assert_eq!(code, 1, "{text}");
            assert!(text.contains("operation 1 by tester@") && text.contains("kedge lease break 1-"), "{text}");
            std::thread::sleep(Duration::from_secs(8));
        }
        let (code, text) = ended(place.apply().wait_with_output().expect("kedge ends"));
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("interrupted: operation 1 by tester@"), "{text}");
        place.settled(2);
        let (_, log) = place.run(&["op", "log", "--name", &place.cluster]);
        assert!(log.contains("interrupted"), "{log}");
    }

    #[test]
    fn with_a_directory_the_next_goes_on_at_once() {
        let _turn = turn();
        killed("file://{dir}/store", "killed-directory", false);
    }

    #[test]
    fn with_a_bucket_the_next_goes_on_when_the_lease_has_ended() {
        let _turn = turn();
        killed("s3://kedge-killed", "killed-bucket", true);
    }

    /// Somebody breaks the lease of an apply on a machine that sleeps: when it wakes up it stops and says why, and the next
    /// one completes its work.
    #[test]
    fn who_loses_the_lease_stops_and_says_why() {
        let _turn = turn();
        let sleep = |holder: &mut Child| signal(holder.id(), "STOP");
        let Some((place, holder)) = in_the_middle("s3://kedge-broken", "lost-lease", "8s", sleep) else { return };
        let (_, shown) = place.run(&["lease", "show", "--name", &place.cluster]);
        let id = shown.split_whitespace().nth(1).expect("a lease").to_owned();
        let reason = ["lease", "break", &id, "--name", &place.cluster, "--reason", "the laptop is asleep"];
        let (code, text) = place.run(&reason);
        assert_eq!(code, 0, "{text}");
        // longer than it may write without a renewal
        std::thread::sleep(Duration::from_secs(7));
        signal(holder.id(), "CONT");
        let (code, text) = ended(holder.wait_with_output().expect("kedge ends"));
        assert_ne!(code, 0, "{text}");
        assert!(text.contains("lease was lost") || text.contains("lease lost"), "{text}");
        let (code, text) = ended(place.apply().wait_with_output().expect("kedge ends"));
        assert_eq!(code, 0, "{text}");
        place.settled(2);
    }

    fn signal(process: u32, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status().expect("kill");
        assert!(status.success());
    }
}
