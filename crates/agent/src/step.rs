//! The steps of a boot, in their order. One file for each.

mod addons;
mod clock;
mod coming_back;
mod downloads;
mod etcd_volume;
mod files;
mod filesystem;
pub(crate) mod keys;
pub(crate) mod kubeadm;
mod kubernetes;
mod mounts;
mod packages;
mod pods;
pub(crate) mod records;
mod runtime;
mod secrets;
mod unit;
mod upload;

use std::fmt;
use std::time::Duration;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::identity::Identity;

pub(crate) use kubeadm::INIT;
pub(crate) use kubernetes::member as kubernetes_member;

/// A step of a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What the instance knows of itself.
    Identity,
    /// The unit that goes on after a reboot.
    Unit,
    /// The clock is right.
    Clock,
    /// The volume of etcd.
    EtcdVolume,
    /// Volumes of the group.
    Mounts,
    /// Files.
    Files,
    /// Packages.
    Packages,
    /// Programs that are not packaged.
    Downloads,
    /// The container runtime, and what the manifest starts before the kubelet.
    Runtime,
    /// Authorities and keys.
    Keys,
    /// Secrets of the cluster.
    Secrets,
    /// kubeadm.
    Kubernetes,
    /// Labels that only a control plane may set.
    Labels,
    /// Records of the API.
    Records,
    /// Add-ons.
    AddOns,
}

impl Step {
    /// The steps of an instance.
    pub(crate) fn all(control_plane: bool) -> Vec<Self> {
        use Step::{
            AddOns, Clock, Downloads, EtcdVolume, Files, Identity, Keys, Kubernetes, Labels, Mounts, Packages, Records,
            Runtime, Secrets, Unit,
        };
        if control_plane {
            vec![
                Identity, Unit, Clock, EtcdVolume, Mounts, Files, Packages, Downloads, Runtime, Keys, Secrets,
                Kubernetes, Labels, Records, AddOns,
            ]
        } else {
            vec![Identity, Unit, Clock, Mounts, Files, Packages, Downloads, Runtime, Secrets, Kubernetes]
        }
    }

    /// Its name, as lines begin with it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Unit => "unit",
            Self::Clock => "clock",
            Self::EtcdVolume => "etcd-volume",
            Self::Mounts => "mounts",
            Self::Files => "files",
            Self::Packages => "packages",
            Self::Downloads => "downloads",
            Self::Runtime => "runtime",
            Self::Keys => "keys",
            Self::Secrets => "secrets",
            Self::Kubernetes => "kubernetes",
            Self::Labels => "labels",
            Self::Records => "records",
            Self::AddOns => "add-ons",
        }
    }

    /// Whether upkeep does the same again and again, so that a node that serves does not wait for it.
    pub(crate) fn is_kept_up(self) -> bool {
        matches!(self, Self::Labels | Self::Records | Self::AddOns)
    }

    /// How long it is tried.
    pub(crate) fn deadline(self) -> Duration {
        let minutes = match self {
            Self::Identity | Self::Clock | Self::EtcdVolume | Self::Mounts => 15,
            Self::Packages | Self::Downloads => 20,
            Self::Kubernetes => 40,
            Self::Labels | Self::Records | Self::AddOns => 5,
            _ => 10,
        };
        Duration::from_secs(minutes * 60)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Agent {
    /// Does a step once. What comes back is what was done, in one line.
    pub(crate) async fn attempt(&self, step: Step, found: &mut Found) -> Result<String, StepError> {
        match step {
            Step::Identity => {
                let identity = Identity::read(&*self.ports.metadata).await?;
                let Identity { instance, zone, addresses, .. } = &identity;
                let address = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let done = format!("{instance} in {zone} with {address}, node {}", identity.node_name(&self.config));
                found.identity = Some(identity);
                Ok(done)
            }
            Step::Unit => unit::ensure(self).await,
            Step::Clock => clock::ensure(self).await,
            Step::EtcdVolume => etcd_volume::ensure(self, found).await,
            Step::Mounts => mounts::ensure(self).await,
            Step::Files => files::ensure(self, found).await,
            Step::Packages => packages::ensure(self).await,
            Step::Downloads => downloads::ensure(self).await,
            Step::Runtime => runtime::ensure(self).await,
            Step::Keys => keys::ensure(self).await.map(|kept| kept.describe()),
            Step::Secrets => secrets::ensure(self).await,
            Step::Kubernetes => kubernetes::ensure(self, found).await,
            Step::Labels => addons::label_self(self, found).await,
            Step::Records => records::ensure(self, found).await,
            Step::AddOns => addons::ensure(self, found).await,
        }
    }
}
