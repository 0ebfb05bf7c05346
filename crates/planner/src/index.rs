//! The inventory, made ready for questions: what stands under a key, what an id belongs to, who refers to what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use kedge_resource::{Inventory, Kind, Observed, Ownership, ResourceKey};

use crate::references::existing_references;

/// An inventory in order, with answers prepared. Resources are numbered in that order.
pub(crate) struct Index<'a> {
    /// The resources by key, owned ones first, then by id.
    pub(crate) resources: Vec<&'a Observed>,
    /// The owned resource that counts, by key.
    kept: HashMap<&'a ResourceKey, usize>,
    /// Owned resources under a key that another one keeps, with the number of that one.
    pub(crate) duplicates: BTreeMap<usize, usize>,
    /// By resource: what it refers to, as far as that is in the inventory.
    refers_to: Vec<Vec<usize>>,
    // Hash maps are looked up in, never walked through.
    by_id: HashMap<(Kind, &'a str), usize>,
    foreign: HashMap<&'a ResourceKey, Vec<usize>>,
}

impl<'a> Index<'a> {
    /// Indexes an inventory in any order.
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let mut resources: Vec<&Observed> = inventory.resources.iter().collect();
        // Cheap keys decide nearly always; the references settle things without ids of their own, such as the routes of
        // two tables of one name.
        resources.sort_by(|a, b| {
            (&a.key, a.ownership, &a.handle)
                .cmp(&(&b.key, b.ownership, &b.handle))
                .then_with(|| existing_references(&a.properties).cmp(&existing_references(&b.properties)))
        });
        let mut by_id = HashMap::with_capacity(resources.len());
        for (number, observed) in resources.iter().enumerate() {
            by_id.entry((observed.key.kind, observed.handle.id.as_str())).or_insert(number);
        }
        let refers_to: Vec<Vec<usize>> = resources
            .iter()
            .map(|observed| {
                existing_references(&observed.properties)
                    .iter()
                    .filter_map(|reference| by_id.get(reference).copied())
                    .collect()
            })
            .collect();
        let mut foreign: HashMap<&ResourceKey, Vec<usize>> = HashMap::new();
        for (number, observed) in resources.iter().enumerate() {
            if observed.ownership == Ownership::Foreign {
                foreign.entry(&observed.key).or_default().push(number);
            }
        }
        let mut index =
            Self { resources, kept: HashMap::new(), duplicates: BTreeMap::new(), refers_to, by_id, foreign };
        index.choose();
        index
    }

    /// A resource by its number.
    pub(crate) fn get(&self, number: usize) -> Option<&'a Observed> {
        self.resources.get(number).copied()
    }

    /// The owned resource that counts under a key.
    pub(crate) fn kept(&self, key: &ResourceKey) -> Option<(usize, &'a Observed)> {
        let number = *self.kept.get(key)?;
        self.get(number).map(|observed| (number, observed))
    }

    /// What stands under a key without being the cluster's.
    pub(crate) fn foreign(&self, key: &ResourceKey) -> Vec<(usize, &'a Observed)> {
        let numbers = self.foreign.get(key).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| Some((*number, self.get(*number)?))).collect()
    }

    /// The resource that an id belongs to.
    pub(crate) fn by_id(&self, kind: Kind, id: &str) -> Option<(usize, &'a Observed)> {
        let number = *self.by_id.get(&(kind, id))?;
        self.get(number).map(|observed| (number, observed))
    }

    /// What a resource refers to.
    pub(crate) fn refers_to(&self, number: usize) -> &[usize] {
        self.refers_to.get(number).map(Vec::as_slice).unwrap_or_default()
    }

    /// Decides which of several owned resources under one key counts: the one that belongs to what counts, then the one
    /// that most others refer to, then the one with the lowest id. Kinds are in the order of their needs, so that the
    /// container of a thing is decided before the thing.
    fn choose(&mut self) {
        let mut referrers = vec![0_usize; self.resources.len()];
        for number in self.refers_to.iter().flatten() {
            if let Some(count) = referrers.get_mut(*number) {
                *count += 1;
            }
        }
        let owned: Vec<usize> = (0..self.resources.len())
            .filter(|number| self.get(*number).is_some_and(|observed| observed.ownership == Ownership::Owned))
            .collect();
        let mut kept = HashMap::with_capacity(owned.len());
        let mut duplicates: BTreeMap<usize, usize> = BTreeMap::new();
        for group in owned.chunk_by(|a, b| self.key(*a) == self.key(*b)) {
            let score = |number: usize| {
                let strays = self.refers_to(number).iter().filter(|to| duplicates.contains_key(to)).count();
                (strays, Reverse(referrers.get(number).copied().unwrap_or_default()), number)
            };
            let Some(keep) = group.iter().copied().min_by_key(|number| score(*number)) else { continue };
            if let Some(key) = self.key(keep) {
                kept.insert(key, keep);
            }
            duplicates.extend(group.iter().filter(|number| **number != keep).map(|number| (*number, keep)));
        }
        self.kept = kept;
        self.duplicates = duplicates;
    }

    fn key(&self, number: usize) -> Option<&'a ResourceKey> {
        self.get(number).map(|observed| &observed.key)
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::inventory::Handle;
    use kedge_resource::kind::{RouteTable, Vpc};
    use kedge_resource::{ClusterName, Properties, Ref, Tags};

    use super::*;

    fn observed(kind: Kind, id: &str, properties: Properties) -> Observed {
        Observed {
            key: ResourceKey::new(kind, "c.example.com"),
            handle: Handle::new(id),
            ownership: Ownership::Owned,
            properties,
        }
    }

    fn vpc(id: &str) -> Observed {
        let properties = Vpc {
            cidr_block: "10.0.0.0/16".to_owned(),
            amazon_provided_ipv6_cidr_block: false,
            enable_dns_hostnames: true,
            enable_dns_support: true,
            tags: Tags::default(),
        };
        observed(Kind::Vpc, id, properties.into())
    }

    fn table(id: &str, vpc: &str) -> Observed {
        observed(Kind::RouteTable, id, RouteTable { vpc: Ref::existing(vpc), tags: Tags::default() }.into())
    }

    #[test]
    fn the_vpc_that_is_used_counts_and_takes_its_things_with_it() {
        let mut inventory = Inventory::empty(ClusterName::parse("c.example.com").unwrap());
        inventory.resources =
            vec![vpc("vpc-1"), vpc("vpc-2"), table("rtb-1", "vpc-1"), table("rtb-2", "vpc-2"), table("rtb-3", "vpc-2")];
        let index = Index::new(&inventory);
        let kept = |kind| index.kept(&ResourceKey::new(kind, "c.example.com")).unwrap().1.handle.id.as_str();
        assert_eq!(kept(Kind::Vpc), "vpc-2");
        assert_eq!(kept(Kind::RouteTable), "rtb-2");
        assert_eq!(index.duplicates.len(), 3);
    }
}
