//! Several commands at the same time on one cluster, with the real binary: one applies, the others say who does.

#[path = "common/place.rs"]
mod place;

use std::process::{Child, Command};
use std::time::Duration;

use place::{Place, ended};

/// Commands at once.
const MANY: usize = 8;

impl Place {
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
