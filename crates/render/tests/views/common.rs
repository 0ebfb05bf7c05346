//! Plans for the tests of views: what an edit of a manifest comes to in an account that holds the cluster as it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_check::{CheckOptions, check};
use kedge_diag::Source;
use kedge_planner::{PlanContext, plan_apply, plan_delete, visit_references_mut};
use kedge_render::view::Planned;
use kedge_resource::reference::Target;
use kedge_resource::{Desired, Facts, Handle, Inventory, Kind, Observed, Ownership, Plan, ResourceKey};
use kedge_spec::{ParseOptions, ResolveOptions};

/// One control plane and one group of nodes.
pub(crate) const MINIMAL: &str = include_str!("../../../../specs/minimal.yaml");
/// Three zones, private subnets, a bastion.
pub(crate) const PRIVATE: &str = include_str!("../../../../specs/private.yaml");

pub(crate) fn facts() -> Facts {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

/// What AWS shall hold.
pub(crate) fn desired(manifest: &str) -> Desired {
    let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text: manifest.to_owned() });
    let (manifests, mut problems) = kedge_spec::parse(&[source], &ParseOptions::default());
    let (spec, further) = manifests.resolve(&ResolveOptions::default());
    problems.extend(further);
    let spec = spec.unwrap_or_else(|| panic!("{:#?}", problems.sorted()));
    kedge_model::lower(&spec, &facts()).unwrap_or_else(|problems| panic!("{:#?}", problems.sorted()))
}

/// An account that holds just that.
pub(crate) fn holding(desired: &Desired) -> Inventory {
    let mut inventory = Inventory::empty(desired.cluster.clone());
    for (at, resource) in desired.resources.iter().enumerate() {
        let mut properties = resource.properties.clone();
        visit_references_mut(&mut properties, &mut |reference| {
            if let Target::Managed(name) = reference.target().clone() {
                let key = ResourceKey::new(reference.kind(), name);
                let at = desired.resources.iter().position(|other| other.key == key).unwrap();
                reference.set_existing(id(&key, at));
            }
        });
        inventory.resources.push(Observed {
            key: resource.key.clone(),
            handle: Handle::new(id(&resource.key, at)),
            ownership: Ownership::Owned,
            properties,
        });
    }
    inventory.sort();
    inventory
}

/// An id as AWS makes them, or the name where AWS knows things by name.
fn id(key: &ResourceKey, at: usize) -> String {
    let prefix = match key.kind {
        Kind::Vpc => "vpc",
        Kind::Subnet => "subnet",
        Kind::SecurityGroup => "sg",
        Kind::SecurityGroupRule => "sgr",
        Kind::InternetGateway => "igw",
        Kind::NatGateway => "nat",
        Kind::ElasticIp => "eipalloc",
        Kind::RouteTable => "rtb",
        Kind::DhcpOptions => "dopt",
        Kind::Volume => "vol",
        Kind::LoadBalancer | Kind::TargetGroup | Kind::Listener => {
            return format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:{}/{at:04x}", key.name);
        }
        _ => return key.name.clone(),
    };
    format!("{prefix}-{at:017x}")
}

/// The plan from what an account holds to a manifest, with the remarks of the checks.
pub(crate) fn plan_from(inventory: &Inventory, after: &str) -> Plan {
    let desired = desired(after);
    let protected: BTreeSet<ResourceKey> = desired.protected.iter().cloned().collect();
    checked(plan_apply(&desired, inventory, &context()).unwrap(), protected)
}

/// The plan of an edit.
pub(crate) fn plan(before: &str, after: &str) -> Plan {
    plan_from(&holding(&desired(before)), after)
}

/// The plan that removes a cluster.
pub(crate) fn removal(manifest: &str) -> Plan {
    checked(plan_delete(&holding(&desired(manifest)), &context()).unwrap(), BTreeSet::new())
}

fn checked(mut plan: Plan, protected: BTreeSet<ResourceKey>) -> Plan {
    let notes = check(&plan, &CheckOptions { allow_destroy: BTreeSet::new(), protected });
    plan.report.notes.extend(notes);
    plan.report.notes.sort();
    plan
}

fn context() -> PlanContext {
    PlanContext { account_id: "123456789012".to_owned(), region: "us-east-1".to_owned() }
}

/// A plan as a view gets it.
pub(crate) fn planned(plan: &Plan) -> Planned {
    let mut planned = Planned::new(plan);
    planned.manifests.push("clusters/prod.yaml".to_owned());
    planned
}
