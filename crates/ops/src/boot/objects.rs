//! Names of the objects that instances boot with, and the keys that they stand under.
//!
//! The name is what a plan calls an object; the key has its digest besides, so that an object is never rewritten and an
//! instance that boots meanwhile finds what its user data names.

use kedge_bootstrap::Arch;
use kedge_store::is_digest;

/// An object by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name<'a> {
    /// The program `kedge-node`.
    Program(&'a str),
    /// The configuration of a group.
    Config(&'a str),
    /// How the API is reached, where no name of the cluster's own leads to it.
    Endpoint,
    /// The init lock, which control planes write.
    InitLock,
    /// Which add-ons the cluster has.
    AddonIndex,
    /// An add-on.
    Addon(&'a str),
    /// What control planes remember of an etcd cluster, snapshots aside.
    Etcd(&'a str),
}

/// Folder of programs, between those of groups.
pub(super) const PROGRAMS: &str = "kedge-node";
/// Object of the endpoint.
pub(super) const ENDPOINT_KEY: &str = "nodes/endpoint.json";
/// Object of the index of add-ons.
pub(super) const ADDON_INDEX_KEY: &str = "addons/index.json";
/// What keys of add-ons begin with.
pub(super) const ADDONS: &str = "addons/objects/";
/// Object of the init lock.
pub(super) const INIT_LOCK_KEY: &str = "nodes/init.json";
/// What keys of etcd clusters begin with.
pub(super) const ETCD: &str = "backups/etcd/";

impl<'a> Name<'a> {
    /// Reads the name that a plan has.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        if let Some(addon) = name.strip_prefix("addons/") {
            return Some(Self::Addon(addon));
        }
        if name == "addons" {
            return Some(Self::AddonIndex);
        }
        if let Some(etcd) = name.strip_prefix("etcd/") {
            return Some(Self::Etcd(etcd));
        }
        let mut parts = name.strip_prefix("nodes/")?.split('/');
        match (parts.next()?, parts.next(), parts.next()) {
            ("endpoint", None, None) => Some(Self::Endpoint),
            ("init", None, None) => Some(Self::InitLock),
            (PROGRAMS, Some(arch), None) => Some(Self::Program(arch)),
            (group, Some("config"), None) => Some(Self::Config(group)),
            _ => None,
        }
    }

    /// The name and the digest of what stands under a key. What an add-on is called only the index tells.
    pub(super) fn of_key(key: &'a str) -> Option<(Self, Option<&'a str>)> {
        match key {
            ENDPOINT_KEY => return Some((Self::Endpoint, None)),
            INIT_LOCK_KEY => return Some((Self::InitLock, None)),
            ADDON_INDEX_KEY => return Some((Self::AddonIndex, None)),
            _ => {}
        }
        if let Some(below) = key.strip_prefix(ETCD) {
            let (etcd, rest) = below.split_once('/')?;
            return (rest == "restore.json" || rest.starts_with("members/")).then_some((Self::Etcd(etcd), None));
        }
        let mut parts = key.strip_prefix("nodes/")?.split('/');
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (name, digest) = match (first, second) {
            // Nothing else there is a program, whatever instances may write.
            (PROGRAMS, arch @ ("amd64" | "arm64")) => (Self::Program(arch), third),
            (group, "config") => (Self::Config(group), third.strip_suffix(".json")?),
            _ => return None,
        };
        is_digest(digest).then_some((name, Some(digest)))
    }

    /// The key of the object with this digest.
    pub(super) fn key(&self, digest: &str) -> String {
        match self {
            Self::Program(arch) => format!("nodes/kedge-node/{arch}/{digest}"),
            Self::Config(group) => format!("nodes/{group}/config/{digest}.json"),
            Self::Endpoint => ENDPOINT_KEY.to_owned(),
            Self::InitLock => INIT_LOCK_KEY.to_owned(),
            Self::AddonIndex => ADDON_INDEX_KEY.to_owned(),
            Self::Addon(_) => format!("{ADDONS}{digest}.yaml"),
            Self::Etcd(etcd) => format!("{ETCD}{etcd}/restore.json"),
        }
    }

    /// What a plan calls the object.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Program(arch) => format!("nodes/kedge-node/{arch}"),
            Self::Config(group) => format!("nodes/{group}/config"),
            Self::Endpoint => "nodes/endpoint".to_owned(),
            Self::InitLock => "nodes/init".to_owned(),
            Self::AddonIndex => "addons".to_owned(),
            Self::Addon(name) => format!("addons/{name}"),
            Self::Etcd(etcd) => format!("etcd/{etcd}"),
        }
    }
}

/// What keys begin with that go when an object of this name is removed for good: what instances of a group wrote goes with
/// the group.
pub(super) fn removed_with(name: &str) -> Option<String> {
    Some(match Name::parse(name)? {
        Name::Program(arch) => format!("nodes/kedge-node/{arch}/"),
        Name::Config(group) => format!("nodes/{group}/"),
        Name::Endpoint => ENDPOINT_KEY.to_owned(),
        Name::InitLock => INIT_LOCK_KEY.to_owned(),
        Name::AddonIndex => "addons/".to_owned(),
        // Its snapshots stay: who removes looks at each key.
        Name::Etcd(etcd) => format!("{ETCD}{etcd}/"),
        // It goes when the index names it no longer.
        Name::Addon(_) => return None,
    })
}

/// The architecture that EC2 calls by another name than Kubernetes does.
pub(super) fn arch(ec2: &str) -> Option<Arch> {
    match ec2 {
        "x86_64" => Some(Arch::Amd64),
        "arm64" => Some(Arch::Arm64),
        _ => None,
    }
}

/// The architecture in names and keys.
pub(super) fn arch_name(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    }
}
