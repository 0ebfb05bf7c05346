//! Waiting for what AWS does on its own time.
//!
//! Level-triggered: each poll looks at how things are, not at what changed since, so that a wait can start at any time and a
//! missed moment does not matter.

use std::time::Duration;

use kedge_cloud::{CloudError, ErrorClass, Progress};
use tokio::time::Instant;

/// How often and how long to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poll {
    /// Pause before the second look; later pauses grow up to `longest`.
    first: Duration,
    longest: Duration,
    deadline: Duration,
}

impl Poll {
    /// For things that take seconds.
    pub(crate) const QUICK: Self =
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(3), deadline: Duration::from_secs(120) };
    /// For things that take minutes, such as gateways and instances.
    pub(crate) const SLOW: Self = Self {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(10),
        deadline: Duration::from_secs(900),
    };

    /// The pause after `pause`.
    fn next(self, pause: Duration) -> Duration {
        (pause * 3 / 2).min(self.longest)
    }
}

/// What one look found.
pub(crate) enum Look<T> {
    /// As it should be.
    Done(T),
    /// Not yet; the text says how things are, for people.
    Waiting(String),
}

/// Looks until the thing is as it should be.
///
/// # Errors
/// Those of `look`, and [`ErrorClass::NotReadyYet`] when the deadline has passed.
pub(crate) async fn until<T, F, Fut>(call: &str, poll: Poll, progress: Progress<'_>, look: F) -> Result<T, CloudError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Look<T>, CloudError>>,
{
    let end = Instant::now() + poll.deadline;
    let mut pause = poll.first;
    let mut said = String::new();
    loop {
        match look().await? {
            Look::Done(value) => return Ok(value),
            Look::Waiting(state) => {
                if Instant::now() >= end {
                    let seconds = poll.deadline.as_secs();
                    let message = format!("still {state} after {seconds} seconds");
                    return Err(CloudError::new(ErrorClass::NotReadyYet, call, message)
                        .with_hint("AWS is slower than usual; apply again to go on waiting"));
                }
                if state != said {
                    progress(state.clone());
                    said = state;
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause = poll.next(pause);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SOON: Poll = Poll {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(2),
        deadline: Duration::from_millis(20),
    };

    #[tokio::test]
    async fn says_each_state_once() {
        let looks = AtomicU32::new(0);
        let said = Mutex::new(Vec::new());
        let progress = |text: String| said.lock().unwrap().push(text);
        let value = until("ec2:DescribeVpcs", SOON, &progress, || async {
            Ok(match looks.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Look::Waiting("pending".to_owned()),
                n => Look::Done(n),
            })
        })
        .await;
        assert_eq!(value.unwrap(), 2);
        assert_eq!(*said.lock().unwrap(), ["pending"]);
    }

    #[tokio::test]
    async fn gives_up_at_the_deadline() {
        let error =
            until::<(), _, _>("ec2:DescribeVpcs", SOON, &|_| {}, || async { Ok(Look::Waiting("pending".to_owned())) })
                .await
                .unwrap_err();
        assert_eq!(error.class, ErrorClass::NotReadyYet);
        assert!(error.message.contains("still pending"), "{}", error.message);
    }
}
