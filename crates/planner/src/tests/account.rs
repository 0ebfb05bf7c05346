//! A dumb account: it does steps in any order that their needs allow, and refuses what AWS refuses.
//!
//! It knows nothing of the planner's tables. Its own rules are written down here once more, from AWS's documentation.

use std::collections::BTreeSet;

use kedge_resource::inventory::Handle;
use kedge_resource::reference::Target;
use kedge_resource::{Inventory, Kind, Observed, Ownership, Plan, Properties, ResourceKey};

use super::cluster;
use crate::references::{existing_references, visit_references_mut};
use crate::tags::{tags_of, tags_of_mut};
use crate::{ScheduledStep, Verb, schedule};

/// The account.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) inventory: Inventory,
    next: usize,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self { inventory: Inventory::empty(cluster::name()), next: 1 }
    }

    /// Adds something that others made.
    pub(crate) fn put(&mut self, name: &str, ownership: Ownership, properties: impl Into<Properties>) -> String {
        let properties = properties.into();
        let id = self.id(properties.kind(), name);
        self.inventory.resources.push(Observed {
            key: ResourceKey::new(properties.kind(), name),
            handle: Handle::new(&id),
            ownership,
            properties,
        });
        id
    }

    /// The resource under a key.
    pub(crate) fn get(&self, kind: Kind, name: &str) -> Option<&Observed> {
        self.inventory.resources.iter().find(|observed| observed.key == ResourceKey::new(kind, name))
    }

    pub(crate) fn get_mut(&mut self, kind: Kind, name: &str) -> Option<&mut Observed> {
        self.inventory.resources.iter_mut().find(|observed| observed.key == ResourceKey::new(kind, name))
    }

    /// Does a plan; of the steps that are ready, `choose` says which is next.
    pub(crate) fn apply(&mut self, plan: &Plan, mut choose: impl FnMut(usize) -> usize) -> Result<(), String> {
        let steps = schedule(plan).map_err(|cycle| cycle.to_string())?.steps;
        let mut done: BTreeSet<usize> = BTreeSet::new();
        while done.len() < steps.len() {
            let ready: Vec<usize> =
                (0..steps.len()).filter(|at| !done.contains(at) && steps[*at].needs.is_subset(&done)).collect();
            let at = ready[choose(ready.len())];
            self.step(plan, &steps[at])?;
            done.insert(at);
        }
        Ok(())
    }

    fn step(&mut self, plan: &Plan, step: &ScheduledStep) -> Result<(), String> {
        if step.verb == Verb::Delete {
            let leaving: Vec<&Observed> =
                step.changes.iter().map(|number| plan.changes[*number].before.as_ref().unwrap()).collect();
            return self.delete(&leaving);
        }
        for number in &step.changes {
            let change = &plan.changes[*number];
            let mut after = change.after.clone().unwrap();
            let mut missing = None;
            visit_references_mut(&mut after, &mut |reference| {
                let id = match reference.target() {
                    Target::Existing(id) => id.clone(),
                    Target::Managed(name) => {
                        // The newest one of a key is what this run made.
                        let key = ResourceKey::new(reference.kind(), name.clone());
                        let made = self.inventory.resources.iter().rev().find(|observed| observed.key == key);
                        made.map(|observed| observed.handle.id.clone()).unwrap_or_default()
                    }
                };
                let exists = self
                    .inventory
                    .resources
                    .iter()
                    .any(|observed| observed.key.kind == reference.kind() && observed.handle.id == id);
                if !exists {
                    missing = Some(format!("{} refers to {} {id}", change.key, reference.kind()));
                }
                reference.set_existing(id);
            });
            if let Some(missing) = missing {
                return Err(format!("{missing}, which is not there"));
            }
            self.block_of(&mut after);
            if step.verb == Verb::Create {
                self.check_new(&change.key, &after)?;
                let id = self.id(change.key.kind, &change.key.name);
                let mut handle = Handle::new(id);
                if change.key.kind == Kind::Vpc {
                    handle.ipv6_cidr_block = Some("2001:db8:0:100::/56".to_owned());
                }
                let ownership = Ownership::Owned;
                self.inventory.resources.push(Observed {
                    key: change.key.clone(),
                    handle,
                    ownership,
                    properties: after,
                });
            } else {
                let before = &change.before.as_ref().unwrap().handle;
                let found = self.inventory.resources.iter_mut().find(|observed| {
                    observed.key.kind == change.key.kind && observed.handle == *before && observed.key == change.key
                });
                let observed = found.ok_or_else(|| format!("{} is not there", change.key))?;
                if let (Some(tags), Some(new)) = (tags_of(&observed.properties).cloned(), tags_of_mut(&mut after)) {
                    for (key, value) in tags.0 {
                        new.0.entry(key).or_insert(value);
                    }
                }
                observed.properties = after;
                observed.ownership = Ownership::Owned;
            }
        }
        Ok(())
    }

    /// The range that AWS gives for `/64#N`.
    fn block_of(&self, properties: &mut Properties) {
        if let Properties::Subnet(subnet) = properties
            && let Some(number) = subnet.ipv6_cidr_block.as_deref().and_then(|text| text.strip_prefix("/64#"))
        {
            let number = u64::from_str_radix(number, 16).unwrap();
            subnet.ipv6_cidr_block = Some(format!("2001:db8:0:{:x}::/64", 0x100 + number));
        }
    }

    fn check_new(&self, key: &ResourceKey, new: &Properties) -> Result<(), String> {
        let others = || self.inventory.resources.iter().filter(|other| other.key.kind == key.kind);
        let named = matches!(
            key.kind,
            Kind::LaunchTemplate
                | Kind::AutoScalingGroup
                | Kind::KeyPair
                | Kind::Role
                | Kind::InstanceProfile
                | Kind::Queue
                | Kind::EventRule
                | Kind::TargetGroup
                | Kind::LoadBalancer
                | Kind::Listener
        );
        if named && others().any(|other| other.key.name == key.name) {
            return Err(format!("{key} exists"));
        }
        match new {
            Properties::Subnet(subnet) => {
                let range = |subnet: &kedge_resource::kind::Subnet| -> ipnet::Ipv4Net {
                    subnet.cidr_block.as_ref().unwrap().parse().unwrap()
                };
                let new = range(subnet);
                for other in others() {
                    let Properties::Subnet(other) = &other.properties else { continue };
                    let old = range(other);
                    if other.vpc == subnet.vpc && (new.contains(&old) || old.contains(&new)) {
                        return Err(format!("{key} overlaps {old}"));
                    }
                }
                let blocks = self.inventory.resources.iter().any(|other| match &other.properties {
                    Properties::Vpc(vpc) => vpc.cidr_block.parse::<ipnet::Ipv4Net>().unwrap().contains(&new),
                    Properties::VpcCidrBlock(block) => {
                        block.cidr_block.parse::<ipnet::Ipv4Net>().unwrap().contains(&new)
                    }
                    _ => false,
                });
                if !blocks {
                    return Err(format!("{key} is outside of the VPC"));
                }
            }
            Properties::NatGateway(gateway) => {
                let taken = others().any(
                    |other| matches!(&other.properties, Properties::NatGateway(other) if other.eip == gateway.eip),
                );
                if taken {
                    return Err(format!("the address of {key} is taken"));
                }
                self.check_internet_gateway(key)?;
            }
            Properties::LoadBalancer(_) => self.check_internet_gateway(key)?,
            Properties::InternetGateway(_) if others().count() > 0 => {
                return Err(format!("the VPC has a gateway: {key}"));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_internet_gateway(&self, key: &ResourceKey) -> Result<(), String> {
        let attached =
            self.inventory.resources.iter().any(
                |other| matches!(&other.properties, Properties::InternetGateway(gateway) if gateway.vpc.is_some()),
            );
        if attached { Ok(()) } else { Err(format!("{key} needs an internet gateway")) }
    }

    fn delete(&mut self, leaving: &[&Observed]) -> Result<(), String> {
        for observed in leaving {
            let id = (observed.key.kind, observed.handle.id.clone());
            if !self.inventory.resources.contains(observed) {
                let same = self
                    .inventory
                    .resources
                    .iter()
                    .any(|other| other.key == observed.key && other.handle == observed.handle);
                assert!(!same, "the plan has an old picture of {}", observed.key);
                return Err(format!("{} is not there", observed.key));
            }
            for other in self.inventory.resources.iter().filter(|other| !leaving.contains(other)) {
                let refers = existing_references(&other.properties).contains(&(id.0, id.1.as_str()));
                if refers && holds(other.key.kind, observed.key.kind) {
                    return Err(format!("{} {} is in use by {} {}", observed.key, id.1, other.key, other.handle.id));
                }
                if occupies(other.key.kind, observed.key.kind) {
                    return Err(format!("{} has to go before {}", other.key, observed.key));
                }
            }
        }
        self.inventory.resources.retain(|observed| !leaving.contains(&observed));
        Ok(())
    }

    fn id(&mut self, kind: Kind, name: &str) -> String {
        let by_name = matches!(
            kind,
            Kind::LaunchTemplate
                | Kind::AutoScalingGroup
                | Kind::KeyPair
                | Kind::Role
                | Kind::InstanceProfile
                | Kind::EventRule
                | Kind::Route
                | Kind::RouteTableAssociation
                | Kind::DhcpOptionsAssociation
                | Kind::VpcCidrBlock
                | Kind::LifecycleHook
                | Kind::WarmPool
                | Kind::RecordSet
                | Kind::RolePolicy
                | Kind::HostedZoneAssociation
                | Kind::PolicyAttachment
                | Kind::EventTarget
        );
        if by_name {
            return name.to_owned();
        }
        self.next += 1;
        format!("{}-{:04}", kind.slug(), self.next)
    }
}

/// Whether AWS refuses to delete the `held` while a `holder` refers to it. Groups do not hold their subnets and target
/// groups, but their instances do, unless they have moved.
fn holds(holder: Kind, held: Kind) -> bool {
    !matches!(
        (holder, held),
        (Kind::Route, Kind::InternetGateway | Kind::NatGateway | Kind::EgressOnlyInternetGateway)
            | (Kind::LaunchTemplate, _)
            | (Kind::RecordSet, Kind::LoadBalancer)
            | (Kind::Instance, Kind::AutoScalingGroup)
            | (Kind::AutoScalingGroup, Kind::TargetGroup)
    )
}

/// Kinds of which nothing may be left when something of another kind is deleted, in a test with one VPC.
fn occupies(holder: Kind, held: Kind) -> bool {
    matches!(
        (holder, held),
        (Kind::Instance, Kind::SecurityGroup | Kind::Subnet | Kind::Volume | Kind::InternetGateway)
            | (Kind::AutoScalingGroup, Kind::Instance)
            | (Kind::ClassicLoadBalancer, Kind::SecurityGroup | Kind::Subnet | Kind::InternetGateway)
            | (Kind::NetworkInterface, Kind::SecurityGroup)
            | (Kind::LoadBalancer | Kind::NatGateway, Kind::InternetGateway)
    )
}
