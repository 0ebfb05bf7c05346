//! Records of the API where no load balancer stands before it: control planes keep them.

use std::net::IpAddr;

use crate::agent::{Agent, Found};
use crate::error::StepError;
use crate::identity::Identity;
use crate::ports::{Address, Instance};

/// Makes the records lead to all control planes that are nodes.
pub(crate) async fn ensure(agent: &Agent, found: &Found) -> Result<String, StepError> {
    if agent.config.records.is_empty() {
        return Ok("a load balancer has them, or there are none".to_owned());
    }
    let identity = found.identity()?;
    let nodes = agent.ports.cluster.nodes().await?;
    let running = agent.ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    let is_node = |instance: &&Instance| {
        let known = nodes.iter().any(|node| node.name == instance.id || node.name == instance.private_dns);
        instance.control_plane && (known || instance.id == identity.instance)
    };
    let ids: Vec<&str> = running.iter().filter(is_node).map(|instance| instance.id.as_str()).collect();
    point(agent, &running, &ids).await
}

/// Makes the records lead to these instances.
pub(crate) async fn point_to(agent: &Agent, identity: &Identity, ids: &[&str]) -> Result<String, StepError> {
    if agent.config.records.is_empty() {
        return Ok(String::new());
    }
    let running = agent.ports.instances.running(identity, agent.config.cluster.as_str()).await?;
    point(agent, &running, ids).await
}

async fn point(agent: &Agent, running: &[Instance], ids: &[&str]) -> Result<String, StepError> {
    let mut done = Vec::new();
    for record in &agent.config.records {
        let wanted = if record.public { Address::Public } else { Address::Private };
        let chosen = running.iter().filter(|instance| ids.contains(&instance.id.as_str()));
        let mut addresses: Vec<IpAddr> = chosen.flat_map(|instance| of(instance, wanted)).collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.is_empty() {
            return Err(StepError::wait(format!("AWS knows no address yet for {}", record.name)));
        }
        let changed = agent.ports.records.point(&record.name, record.private_zone, &addresses).await?;
        let list = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        done.push(format!("{} {} {list}", record.name, if changed { "now leads to" } else { "leads to" }));
    }
    Ok(done.join("; "))
}

/// Addresses of an instance; those within the VPC where it has none on the internet.
fn of(instance: &Instance, wanted: Address) -> Vec<IpAddr> {
    match wanted {
        Address::Public if !instance.public.is_empty() => instance.public.clone(),
        Address::Public | Address::Private => instance.private.clone(),
    }
}
