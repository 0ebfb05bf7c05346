//! Puts what is outside behind the ports of the agent.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use camino::Utf8Path;
use kedge_agent::{Agent, Host, Imds, Ports, System};
use kedge_aws::{Aws, AwsOptions};
use kedge_bootstrap::{Arch, GroupConfig};
use kedge_store::{ClusterStore, Objects};

use crate::addons::ClusterAddOns;
use crate::api::Api;
use crate::cloud::{Account, Keys};
use crate::environment::Environment;
use crate::member::MainMember;

/// The agent of this instance.
pub(crate) async fn agent(
    config: GroupConfig,
    digest: &str,
    root: &Utf8Path,
    environment: &Environment,
) -> Result<Agent> {
    let place = &config.store;
    let options =
        AwsOptions { region: Some(place.region.clone()), profile: None, path_style: place.endpoint.is_some() };
    let aws = Box::pin(Aws::connect(&options)).await?;
    // The store has the part of a cluster below its name.
    let cluster = config.cluster.clone();
    let name = cluster.as_str();
    let top = place.prefix.strip_suffix(name).filter(|top| top.is_empty() || top.ends_with('/'));
    let top = top.with_context(|| format!("the keys of the store begin with {}, not with {name}", place.prefix))?;
    let objects: Arc<dyn Objects> = Arc::new(aws.bucket(&place.bucket, top.trim_end_matches('/')));
    let store = ClusterStore::new(Arc::clone(&objects), config.cluster.clone());
    // What this process knows of the proxy is for AWS: kubeadm would tell control planes, which have to find kubelets.
    let hidden = config.proxy.iter().flat_map(|proxy| proxy.variables()).map(|(name, _)| name);
    let host: Arc<dyn Host> = Arc::new(System::new(root.as_std_path()).hiding(hidden));
    let told = kedge_agent::with_load_balancer(config.clone(), &store, &*host).await;
    let (config, load_balancer) = told.map_err(anyhow::Error::msg)?;
    let metadata = environment.metadata.as_deref().map_or_else(Imds::default, Imds::at);
    let account = Arc::new(Account { aws: aws.clone() });
    let api = Arc::new(Api::new(root, &config.endpoint));
    let addons = Arc::new(ClusterAddOns::new(api.clone(), store.clone(), Arc::clone(&host), load_balancer));
    let etcd = MainMember::new(name, root, Arc::clone(&objects), &environment.path, Arc::clone(&host))
        .with_snapshots(config.etcd_snapshot_seconds, config.etcd_retention_days);
    let ports = Ports {
        host,
        metadata: Arc::new(metadata),
        store,
        outer: Arc::new(Keys { aws }),
        volumes: account.clone(),
        instances: account.clone(),
        records: account,
        cluster: api,
        etcd: Arc::new(etcd),
        addons,
    };
    let arch = if cfg!(target_arch = "aarch64") { Arch::Arm64 } else { Arch::Amd64 };
    Ok(Agent::new(config, digest, arch, ports))
}
