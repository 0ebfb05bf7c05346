//! The network: gateways and load balancers above, a column for each zone, subnets with what is in them.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::kind::{AutoScalingGroup, Kind, NatGateway, Properties, Route, RouteTableAssociation, Subnet, Vpc};
use kedge_resource::reference::Target;
use kedge_resource::{Action, Change, Ref, ResourceKey};

use super::svg::{self, Area};
use super::{brief, class};
use crate::plan::symbol;
use crate::view::Planned;

const COLUMN: usize = 290;
const GAP: usize = 14;
const ROW: usize = 30;

/// A subnet with what is in it.
struct Place<'a> {
    key: ResourceKey,
    subnet: &'a Subnet,
    contents: Vec<ResourceKey>,
    public: bool,
}

/// Adds the drawing, if the network is known.
pub(super) fn render(planned: &Planned, out: &mut String) {
    let places = places(planned);
    if places.is_empty() {
        return;
    }
    let actions: BTreeMap<&ResourceKey, Action> =
        planned.plan().changes.iter().map(|change| (&change.key, change.action)).collect();
    let mut zones: BTreeMap<&str, Vec<&Place<'_>>> = BTreeMap::new();
    for place in &places {
        zones.entry(&place.subnet.availability_zone).or_default().push(place);
    }
    let above = above(planned);
    let top = 64 + above.len().div_ceil(zones.len()) * ROW;
    let height_of = |place: &Place<'_>| 48 + place.contents.len() * ROW;
    let tallest = zones.values().map(|list| list.iter().map(|place| height_of(place) + GAP).sum::<usize>()).max();
    let (width, height) = (zones.len() * COLUMN + GAP, top + 30 + tallest.unwrap_or_default());

    out.push_str("<details class=\"figure\" open><summary>The network, as it will be</summary>\n");
    svg::open(width, height, "the network of the cluster", out);
    let look = |key: &ResourceKey| actions.get(key).map_or("stays", |action| class(*action));
    let marked = |key: &ResourceKey| {
        let name = brief(key, &planned.plan().cluster);
        actions.get(key).map(|action| format!("{} {name}", symbol(*action))).unwrap_or(name)
    };
    let vpc = vpc_label(planned);
    svg::labelled(Area { x: 1, y: 1, width: width - 2, height: height - 2 }, "vpc", &vpc, &vpc, out);
    for (at, key) in above.iter().enumerate() {
        let (column, row) = (at % zones.len(), at / zones.len());
        let area = Area { x: GAP + column * COLUMN, y: 40 + row * ROW, width: COLUMN - GAP, height: 24 };
        svg::labelled(area, look(key), &marked(key), &key.to_string(), out);
    }
    for (column, (zone, list)) in zones.iter().enumerate() {
        let x = GAP + column * COLUMN;
        svg::text(x, top + 12, COLUMN - GAP, "zone", zone, out);
        let mut y = top + 24;
        for place in list {
            let height = height_of(place);
            let area = Area { x, y, width: COLUMN - GAP, height };
            let key = &place.key;
            svg::labelled(area, &format!("subnet {}", look(key)), &marked(key), &key.to_string(), out);
            let range = place.subnet.cidr_block.as_deref().or(place.subnet.ipv6_cidr_block.as_deref()).unwrap_or("");
            let access = if place.public { "public" } else { "private" };
            svg::text(x + 8, y + 34, COLUMN - GAP, "range", &format!("{range} {access}"), out);
            for (row, key) in place.contents.iter().enumerate() {
                let area = Area { x: x + 8, y: y + 42 + row * ROW, width: COLUMN - GAP - 16, height: 24 };
                svg::labelled(area, look(key), &marked(key), &key.to_string(), out);
            }
            y += height + GAP;
        }
    }
    svg::close(out);
    out.push_str("</details>\n");
}

fn vpc_label(planned: &Planned) -> String {
    let own = of_kind::<Vpc>(planned).next().map(|(key, vpc)| format!("{key} {}", vpc.cidr_block));
    own.unwrap_or_else(|| "a VPC that is not the cluster's".to_owned())
}

/// The desired resources of a kind.
fn of_kind<'a, K>(planned: &'a Planned) -> impl Iterator<Item = (&'a ResourceKey, &'a K)>
where
    K: 'a,
    &'a K: TryFrom<&'a Properties>,
{
    let desired = planned.desired.iter();
    desired.filter_map(|resource| Some((&resource.key, <&K>::try_from(&resource.properties).ok()?)))
}

/// What stands between the network and the world.
fn above(planned: &Planned) -> Vec<ResourceKey> {
    let kinds = [Kind::InternetGateway, Kind::EgressOnlyInternetGateway, Kind::LoadBalancer, Kind::ClassicLoadBalancer];
    everything(planned).map(|(key, _)| key).filter(|key| kinds.contains(&key.kind)).collect()
}

/// What shall be, and what is removed.
fn everything(planned: &Planned) -> impl Iterator<Item = (ResourceKey, &Properties)> {
    let desired = planned.desired.iter().map(|resource| (resource.key.clone(), &resource.properties));
    let removed = planned.plan().changes.iter().filter(|change| change.action == Action::Delete);
    desired.chain(removed.filter_map(|change: &Change| Some((change.key.clone(), &change.before.as_ref()?.properties))))
}

/// The subnets with what is in them, in the order of their names.
fn places(planned: &Planned) -> Vec<Place<'_>> {
    let open = open_subnets(planned);
    let mut places: Vec<Place<'_>> = everything(planned)
        .filter_map(|(key, properties)| {
            let public = open.contains(&key.name);
            Some(Place { key, subnet: <&Subnet>::try_from(properties).ok()?, contents: Vec::new(), public })
        })
        .collect();
    let gateways = of_kind::<NatGateway>(planned).map(|(key, gateway)| (key, vec![&gateway.subnet]));
    let groups = of_kind::<AutoScalingGroup>(planned).map(|(key, group)| (key, group.subnets.iter().collect()));
    for (key, subnets) in gateways.chain(groups) {
        let keys: Vec<ResourceKey> = subnets.into_iter().filter_map(Ref::key).collect();
        for place in places.iter_mut().filter(|place| keys.contains(&place.key)) {
            place.contents.push(key.clone());
        }
    }
    places.sort_by(|a, b| a.key.cmp(&b.key));
    places
}

/// Names of the subnets whose route table leads to an internet gateway.
fn open_subnets(planned: &Planned) -> BTreeSet<String> {
    let name = |target: &Target| match target {
        Target::Managed(name) | Target::Existing(name) => name.clone(),
    };
    let tables: BTreeSet<String> = of_kind::<Route>(planned)
        .filter(|(_, route)| route.gateway.is_some())
        .map(|(_, route)| name(route.route_table.target()))
        .collect();
    of_kind::<RouteTableAssociation>(planned)
        .filter(|(_, association)| tables.contains(&name(association.route_table.target())))
        .map(|(_, association)| name(association.subnet.target()))
        .collect()
}
