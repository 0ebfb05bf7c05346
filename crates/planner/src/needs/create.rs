//! What a resource that is made waits for without referring to it.

use ipnet::{IpNet, Ipv4Net};
use kedge_resource::reference::Target;
use kedge_resource::{Action, Change, Kind, Properties};

/// Pairs of changes: the first waits for the second.
pub(super) fn extra(changes: &[Change]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let made = || changes.iter().enumerate().filter(|(_, change)| change.after.is_some());
    let gateways: Vec<usize> = made()
        .filter(|(_, change)| change.key.kind == Kind::InternetGateway)
        .filter(|(_, change)| {
            change.action == Action::Create || change.fields.iter().any(|field| field.property() == "Vpc")
        })
        .map(|(number, _)| number)
        .collect();
    let blocks: Vec<(usize, IpNet)> = made()
        .filter(|(_, change)| change.key.kind == Kind::VpcCidrBlock)
        .filter_map(|(number, change)| Some((number, range(change.after.as_ref()?)?.1)))
        .collect();
    let objects = |folder: &'static str| {
        made()
            .filter(move |(_, change)| change.key.kind == Kind::StoreObject && change.key.name.starts_with(folder))
            .map(|(number, _)| number)
            .collect::<Vec<usize>>()
    };
    let of_addons = objects("addons/");
    // What user data names it by.
    let of_nodes: Vec<(usize, &str)> =
        objects("nodes/").into_iter().filter_map(|number| Some((number, digest(changes.get(number)?)?))).collect();
    for (number, change) in made() {
        // An instance that is launched with a template fetches what the template names. How the API is reached it asks for until
        // it is there, because load balancers take minutes.
        if let Some(Properties::LaunchTemplate(template)) = &change.after {
            let user_data = template.user_data.as_deref().unwrap_or_default();
            let names = |digest: &str| user_data.contains(digest);
            // What is written in another encoding could name any of them.
            let any = !of_nodes.iter().any(|(_, digest)| names(digest));
            let named = of_nodes.iter().filter(|(_, digest)| any || names(digest));
            pairs.extend(named.map(|(object, _)| (number, *object)));
        }
        // Control planes fetch what the index names.
        if change.key.kind == Kind::StoreObject && change.key.name == "addons" {
            pairs.extend(of_addons.iter().map(|object| (number, *object)));
        }
        let Some(after) = &change.after else { continue };
        // CreateNatGateway answers Gateway.NotAttached, and CreateLoadBalancer InvalidSubnet, in a VPC without an internet
        // gateway.
        let faces_internet = match after {
            Properties::NatGateway(_) => true,
            Properties::LoadBalancer(balancer) => balancer.scheme == "internet-facing",
            _ => false,
        };
        if faces_internet {
            pairs.extend(gateways.iter().map(|gateway| (number, *gateway)));
        }
        // CreateSubnet answers InvalidSubnet.Range for a range that no block of the VPC contains.
        if change.key.kind == Kind::Subnet
            && let Some((_, subnet)) = range(after)
        {
            let within = blocks.iter().filter(|(_, block)| block.contains(&subnet));
            pairs.extend(within.map(|(block, _)| (number, *block)));
        }
    }
    pairs
}

/// The digest of an object that a change writes.
fn digest(change: &Change) -> Option<&str> {
    match change.after.as_ref()? {
        Properties::StoreObject(object) => object.sha256.as_deref(),
        _ => None,
    }
}

/// Pairs of a change that makes a range of addresses and another change that removes one that overlaps it: AWS refuses the
/// new one (InvalidSubnet.Conflict) while the old one is there.
pub(super) fn collisions(changes: &[Change]) -> Vec<(usize, usize)> {
    let going: Vec<(usize, Kind, (Target, IpNet))> = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| super::removes_something(change))
        .filter_map(|(number, change)| Some((number, change.key.kind, range(&change.before.as_ref()?.properties)?)))
        .collect();
    let mut pairs = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        if !matches!(change.action, Action::Create | Action::Replace) {
            continue;
        }
        let Some((vpc, new)) = change.after.as_ref().and_then(range) else { continue };
        for (old_number, kind, (old_vpc, old)) in &going {
            let overlap = new.contains(old) || old.contains(&new);
            if *old_number != number && *kind == change.key.kind && *old_vpc == vpc && overlap {
                pairs.push((number, *old_number));
            }
        }
    }
    pairs
}

/// The VPC and the IPv4 range of things that divide a VPC's addresses.
pub(super) fn range(properties: &Properties) -> Option<(Target, IpNet)> {
    let (vpc, text) = match properties {
        Properties::Subnet(subnet) => (subnet.vpc.target(), subnet.cidr_block.as_deref()?),
        Properties::VpcCidrBlock(block) => (block.vpc.target(), block.cidr_block.as_str()),
        _ => return None,
    };
    Some((vpc.clone(), IpNet::V4(text.parse::<Ipv4Net>().ok()?)))
}
