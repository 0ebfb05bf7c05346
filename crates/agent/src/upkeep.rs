//! What an instance does for as long as it is a node.

pub(crate) mod certificates;
pub(crate) mod kubelet;
mod labels;
pub(crate) mod ranges;
mod statuses;
pub(crate) mod tokens;
mod trust;
mod turn;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kedge_store::NodePhase;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::identity::Identity;
use crate::step::{kubeadm, records};

/// How often duties are looked at.
const TICK: Duration = Duration::from_secs(30);

/// Something that is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
    /// Tokens to join with.
    Tokens,
    /// Authorities, keys and certificates.
    Certificates,
    /// Records of the API.
    Records,
    /// Labels of nodes.
    Labels,
    /// Ranges of nodes that pods have their addresses from.
    Ranges,
    /// The member of etcd.
    Etcd,
    /// Add-ons.
    AddOns,
    /// The authorities that a worker trusts.
    Trust,
    /// The status in the store: whoever does not renew it is gone.
    Status,
    /// Statuses of those that are gone.
    Statuses,
}

impl Duty {
    fn all(control_plane: bool) -> &'static [Self] {
        if control_plane {
            &[
                Self::Tokens,
                Self::Certificates,
                Self::Records,
                Self::Labels,
                Self::Etcd,
                Self::AddOns,
                Self::Status,
                Self::Statuses,
            ]
        } else {
            &[Self::Trust, Self::Status]
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Certificates => "certificates",
            Self::Records => "records",
            Self::Labels => "labels",
            Self::Ranges => "pod-ranges",
            Self::Etcd => "etcd",
            Self::AddOns => "add-ons",
            Self::Trust => "trust",
            Self::Status => "status",
            Self::Statuses => "statuses",
        }
    }

    fn period(self) -> Duration {
        let minutes = match self {
            // No pod of a new node starts before.
            Self::Ranges => return TICK,
            Self::Records | Self::Labels | Self::Etcd => 1,
            Self::AddOns => 5,
            Self::Tokens | Self::Status => 10,
            Self::Trust => 15,
            Self::Certificates | Self::Statuses => 60,
        };
        Duration::from_secs(minutes * 60)
    }
}

impl Agent {
    /// Goes on for as long as it lives.
    pub async fn upkeep(&self) {
        let failing = Mutex::default();
        let duties = self.keep_up(Duty::all(self.config.control_plane), &failing);
        // New nodes do not wait until every add-on of a pass is there, some of which wait for pods of theirs.
        let ranges = async {
            if self.config.control_plane && kubeadm::is_ipv6(self) {
                self.keep_up(&[Duty::Ranges], &failing).await;
            }
        };
        tokio::join!(duties, ranges);
    }

    async fn keep_up(&self, duties: &[Duty], failing: &Mutex<BTreeMap<Duty, String>>) {
        let mut due = BTreeMap::new();
        if duties.contains(&Duty::Certificates) && turn::is_ours(self).await {
            due.insert(Duty::Certificates, self.host().elapsed());
        }
        let mut said = BTreeMap::new();
        loop {
            self.tick(duties, &mut due, failing, &mut said).await;
            self.host().sleep(TICK).await;
        }
    }

    /// Does what is due. What fails is told once, and tried again after a while.
    async fn tick(
        &self,
        duties: &[Duty],
        due: &mut BTreeMap<Duty, Duration>,
        failing: &Mutex<BTreeMap<Duty, String>>,
        said: &mut BTreeMap<Duty, String>,
    ) {
        let found = match Identity::read(&*self.ports.metadata).await {
            Ok(identity) => Found { identity: Some(identity), volume: None },
            // Without the metadata service there are no credentials either.
            Err(error) => {
                self.report(&Found::default(), NodePhase::Ready, "identity", &format!("fails: {error}")).await;
                return;
            }
        };
        for duty in duties {
            let now = self.host().elapsed();
            // What restarts a control plane does not begin everywhere at once.
            let first = if *duty == Duty::Certificates { spread(&found, duty.period()) } else { Duration::ZERO };
            if *due.entry(*duty).or_insert(now + first) > now {
                continue;
            }
            let fails = locked(failing).first_key_value().map(|(duty, why)| (*duty, why.clone()));
            let (pause, line) = match Box::pin(self.perform(*duty, &found, fails)).await {
                Ok(done) => {
                    let line = match (done, locked(failing).remove(duty)) {
                        (Some(done), _) => Some(done),
                        (None, Some(_)) => Some("works again".to_owned()),
                        (None, None) => None,
                    };
                    (duty.period(), line)
                }
                // Nothing fails: it is looked at again soon, and said once.
                Err(StepError::Turn(why)) => {
                    let line = format!("waits: {why}");
                    (
                        Duration::from_secs(60),
                        said.insert(*duty, line.clone()).is_none_or(|last| last != line).then_some(line),
                    )
                }
                Err(error) => {
                    let why = error.to_string();
                    let new = locked(failing).insert(*duty, why.clone()).as_ref() != Some(&why);
                    (duty.period().min(Duration::from_secs(120)), new.then(|| format!("fails: {why}")))
                }
            };
            due.insert(*duty, now + pause);
            let Some(line) = line else { continue };
            let (this, none) = {
                let failing = locked(failing);
                (failing.contains_key(duty), failing.is_empty())
            };
            if this {
                // A node that serves, and that somebody should look at.
                self.report(&found, NodePhase::Waiting, duty.as_str(), &line).await;
            } else if none {
                self.report(&found, NodePhase::Ready, duty.as_str(), &line).await;
            } else {
                // The status goes on to say what fails.
                self.host().say(&format!("{}: {line}", duty.as_str()));
            }
        }
    }

    async fn perform(
        &self,
        duty: Duty,
        found: &Found,
        failing: Option<(Duty, String)>,
    ) -> Result<Option<String>, StepError> {
        match duty {
            Duty::Tokens => tokens::renew(self).await,
            Duty::Certificates => Ok(both(certificates::renew(self, found).await?, kubelet::ensure(self).await?)),
            Duty::Records => {
                let line = records::ensure(self, found).await?;
                Ok(line.contains(" now leads to ").then_some(line))
            }
            Duty::Labels => labels::ensure(self, found).await,
            Duty::Ranges => ranges::ensure(self, found).await,
            Duty::Statuses => statuses::clear(self, found).await,
            Duty::Etcd => turn::etcd(self, found).await,
            Duty::AddOns => Ok(self.ports.addons.apply().await?),
            Duty::Trust => Ok(both(trust::ensure(self).await?, kubelet::ensure(self).await?)),
            Duty::Status => {
                match failing {
                    None => self.put_status(found, NodePhase::Ready, "ready", "it is a node").await,
                    Some((duty, why)) => {
                        self.put_status(found, NodePhase::Waiting, duty.as_str(), &format!("fails: {why}")).await;
                    }
                }
                Ok(None)
            }
        }
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What two parts of a duty have done.
fn both(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("{one}; {other}")),
        (one, other) => one.or(other),
    }
}

/// A part of a period that is another one for each instance.
fn spread(found: &Found, period: Duration) -> Duration {
    let id = found.identity.as_ref().map_or("", |identity| identity.instance.as_str());
    let sum = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Duration::from_secs(sum % period.as_secs().max(1))
}
