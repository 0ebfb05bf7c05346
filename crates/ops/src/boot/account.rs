//! An account together with the part of a state store that instances boot from.

use kedge_addons::Index;
use kedge_cloud::{
    CloudError, ClusterSummary, ErrorClass, Handles, Identity, Observe, Progress, Realize, Scope, Step, StepOutcome,
};
use kedge_resource::facts::StoreFacts;
use kedge_resource::inventory::{Handle, Observed, Ownership};
use kedge_resource::kind::{LoadBalancer, StoreObject};
use kedge_resource::{ClusterName, Facts, FactsQuery, Inventory, Kind, Ref, Resource, ResourceKey};
use kedge_store::{Listed, StoreError};

use super::objects::{ADDON_INDEX_KEY, ENDPOINT_KEY, Name};
use super::place::user_data;
use super::store::BootSource;
use super::{damage, deliver, upgrade};

/// An account, and what instances boot with beside it.
///
/// Without a store that instances can boot from it is the account alone.
#[derive(Debug)]
pub struct Booting<'a, C> {
    cloud: &'a C,
    source: Option<&'a BootSource>,
}

impl<'a, C> Booting<'a, C> {
    /// The account with the store.
    pub fn new(cloud: &'a C, source: Option<&'a BootSource>) -> Self {
        Self { cloud, source }
    }
}

impl<C: Observe> Observe for Booting<'_, C> {
    async fn identity(&self) -> Result<Identity, CloudError> {
        self.cloud.identity().await
    }

    async fn facts(&self, query: &FactsQuery) -> Result<Facts, CloudError> {
        let Some(source) = self.source else { return self.cloud.facts(query).await };
        let store = async { source.facts().await.map_err(|error| cloud_error(&error)) };
        let (mut facts, store) = tokio::try_join!(self.cloud.facts(query), store)?;
        facts.store = store.map(|store| match store.region.is_empty() {
            // A place that is no bucket is where the account is.
            true => StoreFacts { region: facts.region.clone(), ..store },
            false => store,
        });
        Ok(facts)
    }

    async fn inventory(&self, cluster: &ClusterName, scope: Scope) -> Result<Inventory, CloudError> {
        let Some(source) = self.source else { return self.cloud.inventory(cluster, scope).await };
        let held = async { source.held().await.map_err(|error| cloud_error(&error)) };
        let (mut inventory, held) = tokio::try_join!(self.cloud.inventory(cluster, scope), held)?;
        let templates: Vec<&str> = user_data(&inventory).collect();
        source.remember_named(held, &templates);
        let mut found = objects(held, &templates, scope);
        if scope == Scope::Everything {
            found.extend(etcd(source).await.map_err(|error| cloud_error(&error))?);
        }
        let holds = |key: &str| held.iter().any(|listed| listed.key == key);
        if holds(ENDPOINT_KEY) {
            found.push(endpoint(source).await.map_err(|error| cloud_error(&error))?);
        }
        if holds(ADDON_INDEX_KEY) {
            found.extend(addons(source, held).await.map_err(|error| cloud_error(&error))?);
        }
        inventory.resources.extend(found);
        inventory.sort();
        Ok(inventory)
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        self.cloud.clusters().await
    }

    async fn content(&self, observed: &Observed) -> Result<Option<String>, CloudError> {
        let Some(source) = self.source.filter(|_| observed.key.kind == Kind::StoreObject) else {
            return self.cloud.content(observed).await;
        };
        let key = source.store.key(&observed.handle.id);
        let object = source.store.objects().get(&key).await.map_err(|error| cloud_error(&error))?;
        Ok(object.and_then(|object| String::from_utf8(object.bytes).ok()))
    }

    async fn damaged(&self, wanted: &[Resource], inventory: &Inventory) -> Result<Vec<ResourceKey>, CloudError> {
        let Some(source) = self.source else { return self.cloud.damaged(wanted, inventory).await };
        damage::of(source, wanted, inventory).await.map_err(|error| cloud_error(&error))
    }

    async fn control_plane_versions(&self, groups: &[&str]) -> Result<Vec<String>, CloudError> {
        let Some(source) = self.source else { return self.cloud.control_plane_versions(groups).await };
        upgrade::versions(&source.store, groups).await.map_err(|error| cloud_error(&error))
    }
}

impl<C: Realize> Realize for Booting<'_, C> {
    async fn realize(
        &self,
        cluster: &ClusterName,
        step: &Step,
        handles: &Handles,
        progress: Progress<'_>,
    ) -> Result<StepOutcome, CloudError> {
        let about_the_store = step.changes.iter().any(|change| change.key.kind == Kind::StoreObject);
        match self.source {
            Some(source) if about_the_store => deliver::realize(source, step, handles).await,
            _ if about_the_store => Err(CloudError::new(
                ErrorClass::Other,
                "kedge",
                "the plan writes into a state store, and there is none",
            )
            .with_hint("name the store with --store and apply again")),
            _ => self.cloud.realize(cluster, step, handles, progress).await,
        }
    }
}

/// The objects that keys stand for: of several versions the one that the launch template of the group names.
fn objects(held: &[Listed], templates: &[&str], scope: Scope) -> Vec<Observed> {
    let mut found: Vec<Observed> = Vec::new();
    for Listed { key, .. } in held {
        let Some((name, digest)) = Name::of_key(key) else { continue };
        let listed = match name {
            Name::Program(_) | Name::Config(_) => true,
            Name::Endpoint | Name::AddonIndex | Name::Addon(_) | Name::Etcd(_) => false,
            // What control planes wrote goes with the cluster, and is nothing that manifests ask for.
            Name::InitLock => scope == Scope::Everything,
        };
        if !listed {
            continue;
        }
        let observed = Observed {
            key: ResourceKey::new(Kind::StoreObject, name.name()),
            handle: Handle::new(key.as_str()),
            ownership: Ownership::Owned,
            properties: object(digest.map(str::to_owned)).into(),
        };
        let in_use = digest.is_some_and(|digest| templates.iter().any(|text| text.contains(digest)));
        match found.last_mut().filter(|last| last.key == observed.key) {
            Some(last) if in_use => *last = observed,
            Some(_) => {}
            None => found.push(observed),
        }
    }
    found
}

/// What control planes remember of etcd clusters: it goes with the cluster, as the init lock does. One that is made again under
/// the same name would follow a restore of its predecessor, or look for its members.
async fn etcd(source: &BootSource) -> Result<Vec<Observed>, StoreError> {
    let mut found: Vec<Observed> = Vec::new();
    for key in source.of_etcd().await? {
        let Some((name, _)) = Name::of_key(&key) else { continue };
        let resource = ResourceKey::new(Kind::StoreObject, name.name());
        if found.last().is_none_or(|last| last.key != resource) {
            found.push(Observed {
                key: resource,
                handle: Handle::new(key.as_str()),
                ownership: Ownership::Owned,
                properties: object(None).into(),
            });
        }
    }
    Ok(found)
}

/// The add-ons that the index names, as far as they are there, and the index.
async fn addons(source: &BootSource, held: &[Listed]) -> Result<Vec<Observed>, StoreError> {
    let key = source.store.key(ADDON_INDEX_KEY);
    let Some(found) = source.store.objects().get(&key).await? else { return Ok(Vec::new()) };
    let observed = |name: Name<'_>, key: &str, object: StoreObject| Observed {
        key: ResourceKey::new(Kind::StoreObject, name.name()),
        handle: Handle::new(key),
        ownership: Ownership::Owned,
        properties: object.into(),
    };
    let text = String::from_utf8(found.bytes.clone()).ok();
    // What cannot be read is written anew.
    let index = text.as_deref().and_then(|text| Index::from_json(text).ok());
    let content = StoreObject { content: text, ..object(Some(kedge_addons::sha256(&found.bytes))) };
    let mut all = vec![observed(Name::AddonIndex, ADDON_INDEX_KEY, content)];
    for entry in index.iter().flat_map(|index| &index.addons) {
        let addon = Name::Addon(&entry.name);
        let key = addon.key(&entry.digest);
        let digest = held.iter().any(|listed| listed.key == key).then(|| entry.digest.clone());
        let content = StoreObject { version: Some(entry.version.clone()), ..object(digest) };
        all.push(observed(addon, &key, content));
    }
    Ok(all)
}

/// An object of which nothing but the digest is known.
fn object(sha256: Option<String>) -> StoreObject {
    StoreObject { version: None, sha256, content: None, load_balancer: None }
}

/// How the API is reached, as the store says.
async fn endpoint(source: &BootSource) -> Result<Observed, StoreError> {
    let load_balancer = match source.store.api_host().await {
        Ok(host) => host.map(|host| Ref::<LoadBalancer>::existing(host.load_balancer)),
        // What cannot be read is written anew.
        Err(StoreError::Corrupt { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(Observed {
        key: ResourceKey::new(Kind::StoreObject, Name::Endpoint.name()),
        handle: Handle::new(ENDPOINT_KEY),
        ownership: Ownership::Owned,
        properties: StoreObject { load_balancer, ..object(None) }.into(),
    })
}

/// An error of the store as one of the cloud that the rest of a plan is read from.
pub(super) fn cloud_error(error: &StoreError) -> CloudError {
    match error {
        StoreError::Cloud { source, .. } => {
            let mut known = CloudError::new(source.class, source.call.clone(), error.to_string());
            known.hint.clone_from(&source.hint);
            known
        }
        _ => CloudError::new(ErrorClass::Other, "state store", error.to_string()),
    }
}
