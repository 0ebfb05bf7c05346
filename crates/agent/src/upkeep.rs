//! What an instance does for as long as it is a node.

pub(crate) mod certificates;
mod labels;
mod statuses;
pub(crate) mod tokens;
mod trust;

use std::collections::BTreeMap;
use std::time::Duration;

use kedge_store::NodePhase;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::identity::Identity;
use crate::step::{Step, kubernetes_member, records};

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
            Self::Etcd => "etcd",
            Self::AddOns => "add-ons",
            Self::Trust => "trust",
            Self::Status => "status",
            Self::Statuses => "statuses",
        }
    }

    fn period(self) -> Duration {
        let minutes = match self {
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
        let mut due = BTreeMap::new();
        let mut failing = BTreeMap::new();
        loop {
            self.tick(&mut due, &mut failing).await;
            self.host().sleep(TICK).await;
        }
    }

    /// Does what is due. What fails is told once, and tried again after a while.
    async fn tick(&self, due: &mut BTreeMap<Duty, Duration>, failing: &mut BTreeMap<Duty, String>) {
        let found = match Identity::read(&*self.ports.metadata).await {
            Ok(identity) => Found { identity: Some(identity), volume: None },
            // Without the metadata service there are no credentials either.
            Err(error) => {
                self.report(&Found::default(), NodePhase::Ready, "identity", &format!("fails: {error}")).await;
                return;
            }
        };
        for duty in Duty::all(self.config.control_plane) {
            let now = self.host().elapsed();
            // What restarts a control plane does not begin everywhere at once.
            let first = if *duty == Duty::Certificates { spread(&found, duty.period()) } else { Duration::ZERO };
            if *due.entry(*duty).or_insert(now + first) > now {
                continue;
            }
            let (pause, line) = match Box::pin(self.perform(*duty, &found, failing.is_empty())).await {
                Ok(done) => {
                    let line = match (done, failing.remove(duty)) {
                        (Some(done), _) => Some(done),
                        (None, Some(_)) => Some("works again".to_owned()),
                        (None, None) => None,
                    };
                    (duty.period(), line)
                }
                Err(error) => {
                    let why = error.to_string();
                    let new = failing.get(duty) != Some(&why);
                    failing.insert(*duty, why.clone());
                    (duty.period().min(Duration::from_secs(120)), new.then(|| format!("fails: {why}")))
                }
            };
            due.insert(*duty, now + pause);
            if let Some(line) = line {
                self.report(&found, NodePhase::Ready, duty.as_str(), &line).await;
            }
        }
    }

    async fn perform(&self, duty: Duty, found: &Found, healthy: bool) -> Result<Option<String>, StepError> {
        match duty {
            Duty::Tokens => tokens::renew(self).await,
            Duty::Certificates => certificates::renew(self).await,
            Duty::Records => {
                let line = records::ensure(self, found).await?;
                Ok(line.contains(" now leads to ").then_some(line))
            }
            Duty::Labels => labels::ensure(self, found).await,
            Duty::Statuses => statuses::clear(self, found).await,
            Duty::Etcd => {
                let mut found = found.clone();
                // Finds it attached and mounted, and says which member it is of.
                Box::pin(self.attempt(Step::EtcdVolume, &mut found)).await?;
                let request = kubernetes_member(self, found.identity()?, &found, true).await?;
                Ok(self.ports.etcd.look_after(&request).await?)
            }
            Duty::AddOns => Ok(self.ports.addons.apply().await?),
            Duty::Trust => trust::ensure(self).await,
            Duty::Status => {
                if healthy {
                    self.put_status(found, NodePhase::Ready, "ready", "it is a node").await;
                }
                Ok(None)
            }
        }
    }
}

/// A part of a period that is another one for each instance.
fn spread(found: &Found, period: Duration) -> Duration {
    let id = found.identity.as_ref().map_or("", |identity| identity.instance.as_str());
    let sum = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Duration::from_secs(sum % period.as_secs().max(1))
}
