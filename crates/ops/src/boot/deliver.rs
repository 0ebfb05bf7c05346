//! Writing what instances boot with into the state store, and removing it.

use std::collections::BTreeSet;

use kedge_addons::Index;
use kedge_cloud::{CloudError, ErrorClass, Handles, Step, StepChange, StepOutcome, Verb};
use kedge_resource::Properties;
use kedge_resource::inventory::Handle;
use kedge_resource::kind::StoreObject;
use kedge_store::nodes::NODES_FORMAT_VERSION;
use kedge_store::{ApiHost, Condition, Listed, Put, StoreError};

use super::account::cloud_error;
use super::damage;
use super::objects::{ADDONS, ENDPOINT_KEY, Name, removed_with};
use super::store::{BootSource, Program, latest};

/// Does a step about objects.
pub(super) async fn realize(source: &BootSource, step: &Step, handles: &Handles) -> Result<StepOutcome, CloudError> {
    let mut outcome = StepOutcome::default();
    for change in &step.changes {
        match step.verb {
            Verb::Create | Verb::Update => {
                let key = write(source, change, handles).await?;
                outcome.handles.push((change.key.clone(), Handle::new(key)));
            }
            Verb::Delete => remove(source, change).await.map_err(|error| cloud_error(&error))?,
        }
    }
    Ok(outcome)
}

/// What an object is to hold.
enum Body<'a> {
    Bytes(Vec<u8>),
    File(&'a Program),
}

/// Writes an object, and says its key.
async fn write(source: &BootSource, change: &StepChange, handles: &Handles) -> Result<String, CloudError> {
    let (Some(name), Some(Properties::StoreObject(object))) = (Name::parse(&change.key.name), &change.after) else {
        return Err(bug(change));
    };
    let before = change.before.as_ref().map(|before| before.handle.id.as_str());
    let (key, body) = match (&name, &object.sha256) {
        (Name::Endpoint, _) => {
            let host = api_host(change, object, handles)?;
            source.store.put_api_host(&host).await.map_err(|error| cloud_error(&error))?;
            return Ok(ENDPOINT_KEY.to_owned());
        }
        (Name::Program(arch), Some(sha256)) => match program(source, arch, sha256)? {
            Some(program) => (name.key(sha256), Body::File(program)),
            // It is there already: nobody has it at hand, and the store is where it is known from.
            None => return Ok(name.key(sha256)),
        },
        (Name::Config(_) | Name::Addon(_) | Name::AddonIndex, Some(sha256)) => {
            let bytes = object.content.clone().ok_or_else(|| bug(change))?.into_bytes();
            if kedge_addons::sha256(&bytes) != *sha256 {
                return Err(bug(change));
            }
            (name.key(sha256), Body::Bytes(bytes))
        }
        _ => return Err(bug(change)),
    };
    let work = async {
        if name == Name::AddonIndex {
            prune_addons(source, [content_before(change), object.content.as_deref()]).await?;
        }
        if let Name::Program(arch) = &name {
            // Before the program: whoever is killed between the two writes both again.
            let digest = object.sha256.as_deref().unwrap_or_default();
            put(source, &latest(arch), format!("{digest}\n").as_bytes()).await?;
        }
        match &body {
            // An apply that was cut off before anything named it wrote it already.
            Body::Bytes(bytes) if source.listed(&key).await?.is_some_and(|listed| damage::is(listed, bytes)) => {}
            Body::Bytes(bytes) => put(source, &key, bytes).await?,
            Body::File(Program { path, sha256, .. }) => {
                source.store.objects().put_file(&source.store.key(&key), path, sha256).await?;
            }
        }
        // Instances that are launched until their template names the new version take what it names now, which is not the
        // same for all groups if an apply was cut off; others go.
        for Listed { key: old, .. } in source.held().await? {
            let same = Name::of_key(old).is_some_and(|(of, _)| of == name);
            if same && *old != key && Some(old.as_str()) != before && !source.is_named(old) {
                source.store.objects().delete(&source.store.key(old)).await?;
            }
        }
        Ok(())
    };
    work.await.map_err(|error: StoreError| cloud_error(&error))?;
    Ok(key)
}

/// The index of add-ons that is replaced.
fn content_before(change: &StepChange) -> Option<&str> {
    match &change.before.as_ref()?.properties {
        Properties::StoreObject(object) => object.content.as_deref(),
        _ => None,
    }
}

/// Removes what no add-on of these indexes is made of: those of the index before stay, because control planes may be fetching
/// them. It comes before the new index, so that an apply that was interrupted does it again.
async fn prune_addons(source: &BootSource, indexes: [Option<&str>; 2]) -> Result<(), StoreError> {
    let indexes: Vec<Index> = indexes.into_iter().flatten().filter_map(|text| Index::from_json(text).ok()).collect();
    let entries = indexes.iter().flat_map(|index| &index.addons);
    // An add-on and the upstream files that somebody may have put beside it.
    let digests = entries.flat_map(|entry| std::iter::once(&entry.digest).chain(&entry.upstream));
    let named: BTreeSet<String> = digests.map(|digest| source.store.key(&Name::Addon("").key(digest))).collect();
    // Nobody has written any since they were listed: who applies has the lease.
    let held = source.held().await?.iter().filter(|listed| listed.key.starts_with(ADDONS));
    let gone = held.map(|listed| source.store.key(&listed.key)).filter(|key| !named.contains(key));
    for key in gone {
        source.store.objects().delete(&key).await?;
    }
    Ok(())
}

async fn put(source: &BootSource, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    match source.store.objects().put(&source.store.key(key), bytes, &Condition::Any).await? {
        Put::Done(_) => Ok(()),
        Put::Refused => Err(StoreError::Moved { cluster: source.store.cluster().to_string() }),
    }
}

/// The program as it was when the plan was made; nothing if only the store has it.
fn program<'a>(source: &'a BootSource, arch: &str, sha256: &str) -> Result<Option<&'a Program>, CloudError> {
    let Some(program) = source.programs.get(arch).filter(|program| program.sha256 == *sha256) else {
        return Ok(None);
    };
    let refuse = |why: String| {
        CloudError::new(ErrorClass::Invalid, "kedge", why)
            .with_hint("leave the file alone while kedge runs, and apply again")
    };
    let now = Program::at(&program.path).map_err(|error| refuse(error.to_string()))?;
    if now != *program {
        return Err(refuse(format!(
            "{} has the digest {} now, and had {sha256} when it was planned",
            now.path, now.sha256
        )));
    }
    Ok(Some(program))
}

/// How the API is reached, with what AWS made of the load balancer.
fn api_host(change: &StepChange, object: &StoreObject, handles: &Handles) -> Result<ApiHost, CloudError> {
    let balancer = object.load_balancer.as_ref().ok_or_else(|| bug(change))?;
    let handle = handles.resolve_handle(balancer)?;
    let host = handle.dns_name.ok_or_else(|| {
        let call = "elasticloadbalancing:DescribeLoadBalancers";
        CloudError::new(ErrorClass::NotReadyYet, call, "the load balancer has no name yet")
    })?;
    Ok(ApiHost { format_version: NODES_FORMAT_VERSION, load_balancer: handle.id, host })
}

/// Removes an object with everything that goes with it.
async fn remove(source: &BootSource, change: &StepChange) -> Result<(), StoreError> {
    let Some(prefix) = removed_with(&change.key.name) else { return Ok(()) };
    let objects = source.store.objects();
    let start = source.store.key("");
    if let Some(Name::Program(arch)) = Name::parse(&change.key.name) {
        objects.delete(&source.store.key(&latest(arch))).await?;
    }
    // What the plan knows the object by goes last: as long as it is there, what goes with it is found again.
    let mut keys = objects.list(&source.store.key(&prefix)).await?;
    if let Some(etcd @ Name::Etcd(_)) = Name::parse(&change.key.name) {
        let of = |key: &String| key.strip_prefix(&start).and_then(Name::of_key).is_some_and(|(name, _)| name == etcd);
        keys.retain(of);
    }
    keys.sort_by_key(|key| key.strip_prefix(&start).and_then(Name::of_key).is_some());
    for key in keys {
        objects.delete(&key).await?;
    }
    Ok(())
}

fn bug(change: &StepChange) -> CloudError {
    CloudError::new(ErrorClass::Other, "kedge", format!("{} cannot be written as it is planned", change.key))
        .with_hint("this is a bug in kedge: please report it with the plan")
}
