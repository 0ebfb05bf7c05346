//! What a state store has for instances, and what whoever runs kedge has to put there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use kedge_resource::facts::StoreFacts;
use kedge_store::{ClusterStore, Listed, StoreError};
use ring::digest::{Context, SHA256};
use tokio::sync::OnceCell;

use super::objects::{ETCD, Name};
use super::place::Place;

/// A program for instances, as a file beside kedge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file.
    pub path: Utf8PathBuf,
    /// SHA-256 of what it held when it was looked at, as hexadecimal digits.
    pub sha256: String,
    /// Bytes of it then.
    pub size: u64,
}

impl Program {
    /// The program that a file holds now.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn at(path: &Utf8Path) -> io::Result<Self> {
        let mut context = Digest(Context::new(&SHA256));
        let size = io::copy(&mut fs_err::File::open(path)?, &mut context)?;
        let sha256 = context.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_owned(), sha256, size })
    }
}

/// Takes what is written to it.
struct Digest(Context);

impl io::Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The part of a state store that instances of a cluster boot from.
#[derive(Debug)]
pub struct BootSource {
    /// The store.
    pub store: ClusterStore,
    /// The bucket.
    pub bucket: String,
    /// What keys of the cluster begin with, without a slash at its end.
    pub prefix: String,
    /// URL of S3, where it is not that of AWS.
    pub endpoint: Option<String>,
    /// Programs for instances that are at hand, by architecture.
    pub programs: BTreeMap<String, Program>,
    /// What the store holds below `nodes/` and `addons/`, which is asked for once.
    held: OnceCell<Vec<Listed>>,
    /// Which of these the launch templates of the account name; absent until the account was looked at.
    named: OnceLock<BTreeSet<String>>,
}

impl BootSource {
    /// A source whose store has not been looked at.
    #[must_use]
    pub fn new(
        store: ClusterStore,
        bucket: String,
        prefix: String,
        endpoint: Option<String>,
        programs: BTreeMap<String, Program>,
    ) -> Self {
        Self { store, bucket, prefix, endpoint, programs, held: OnceCell::new(), named: OnceLock::new() }
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        Place::new(&self.bucket, &self.prefix)
    }

    /// What is below `nodes/` and `addons/`, with keys from there on, in their order.
    pub(super) async fn held(&self) -> Result<&[Listed], StoreError> {
        let held = self.held.get_or_try_init(|| async {
            let start = self.store.key("");
            let objects = self.store.objects();
            let (nodes, addons) = (self.store.key("nodes/"), self.store.key("addons/"));
            let (nodes, addons) = tokio::try_join!(objects.list_sizes(&nodes), objects.list_sizes(&addons))?;
            let own = |listed: Listed| Some(Listed { key: listed.key.strip_prefix(&start)?.to_owned(), ..listed });
            Ok::<_, StoreError>(addons.into_iter().chain(nodes).filter_map(own).collect())
        });
        Ok(held.await?)
    }

    /// What is held under a key.
    pub(super) async fn listed(&self, key: &str) -> Result<Option<&Listed>, StoreError> {
        Ok(self.held().await?.iter().find(|listed| listed.key == key))
    }

    /// The keys of etcd clusters that a restore or a member left, snapshots aside.
    pub(super) async fn of_etcd(&self) -> Result<Vec<String>, StoreError> {
        let start = self.store.key("");
        let keys = self.store.objects().list(&self.store.key(ETCD)).await?;
        let keys = keys.iter().filter_map(|key| key.strip_prefix(&start));
        Ok(keys.filter(|key| Name::of_key(key).is_some()).map(str::to_owned).collect())
    }

    /// Remembers what of the held objects user data names.
    pub(super) fn remember_named(&self, held: &[Listed], user_data: &[&str]) {
        let named = |key: &&str| {
            let digest = Name::of_key(key).and_then(|(_, digest)| digest);
            digest.is_some_and(|digest| user_data.iter().any(|text| text.contains(digest)))
        };
        let keys = held.iter().map(|listed| listed.key.as_str());
        self.named.get_or_init(|| keys.filter(named).map(str::to_owned).collect());
    }

    /// Whether instances may be launched that fetch this object. As long as nobody has looked, they may.
    pub(super) fn is_named(&self, key: &str) -> bool {
        self.named.get().is_none_or(|named| named.contains(key))
    }

    /// What instances can boot with; `None` if there is no program for them, neither at hand nor in the store.
    pub(super) async fn facts(&self) -> Result<Option<StoreFacts>, StoreError> {
        let mut programs: BTreeMap<String, String> =
            self.programs.iter().map(|(arch, program)| (arch.clone(), program.sha256.clone())).collect();
        for arch in ["amd64", "arm64"] {
            if !programs.contains_key(arch)
                && let Some(digest) = self.delivered(arch).await?
            {
                programs.insert(arch.to_owned(), digest);
            }
        }
        if programs.is_empty() {
            return Ok(None);
        }
        let keys = self.store.outer_keys().await?;
        Ok(Some(StoreFacts {
            // Known by now: the bucket has answered.
            region: self.store.objects().region().unwrap_or_default(),
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            endpoint: self.endpoint.clone(),
            programs,
            keys,
        }))
    }

    /// The program that was delivered last.
    async fn delivered(&self, arch: &str) -> Result<Option<String>, StoreError> {
        let digests = self.held().await?.iter().filter_map(|listed| match Name::of_key(&listed.key) {
            Some((Name::Program(of), Some(digest))) if of == arch => Some(digest),
            _ => None,
        });
        let digests: Vec<&str> = digests.collect();
        let [first, _, ..] = digests[..] else { return Ok(digests.first().map(|only| (*only).to_owned())) };
        // Only where two versions stand side by side is it asked which of them is the later one.
        let object = self.store.objects().get(&self.store.key(&latest(arch))).await?;
        let text = object.and_then(|object| String::from_utf8(object.bytes).ok()).unwrap_or_default();
        let later = digests.iter().find(|digest| **digest == text.trim());
        Ok(Some((*later.unwrap_or(&first)).to_owned()))
    }
}

/// The object that says which program was delivered last.
pub(super) fn latest(arch: &str) -> String {
    format!("nodes/kedge-node/latest-{arch}")
}
