//! Plans what makes AWS hold what is desired.

use std::collections::{BTreeSet, HashSet};

use kedge_resource::inventory::Handle;
use kedge_resource::plan::{FieldChange, ForeignResource, Note, PLAN_FORMAT_VERSION, PlanReport, Purpose, Severity};
use kedge_resource::reference::parse_managed;
use kedge_resource::{
    Action, Change, Desired, Inventory, Kind, Mutability, Observed, Ownership, Plan, Properties, Reason, Resource,
    ResourceKey,
};

use crate::index::Index;
use crate::references::existing_references;
use crate::removal::removal;
use crate::resolve::{Fate, resolve};
use crate::undesired::{goes_with_container, in_owned_group, of_another_group, undesired};
use crate::wanted::Wanted;
use crate::{PlanContext, PlanError, batch, diff, handles, kind, legal, needs, replacement, roll};

/// Plans what makes AWS hold what is desired.
///
/// The same desired resources and inventory, in whatever order, give the same plan. Nothing that the cluster does not own
/// is changed, with one exception: a rule of the cluster's own group that lacks only our tag, because a run was interrupted
/// between making and tagging it, gets the tag. In groups of others such a rule serves as it is.
///
/// # Errors
/// The inventory is of another cluster, or the desired resources break what the model promises. Neither can be mended in a
/// manifest.
pub fn plan_apply(desired: &Desired, inventory: &Inventory, context: &PlanContext) -> Result<Plan, PlanError> {
    if desired.cluster != inventory.cluster {
        return Err(PlanError::OtherCluster { wanted: desired.cluster.clone(), found: inventory.cluster.clone() });
    }
    let wanted = Wanted::new(desired)?;
    let index = Index::new(inventory);
    let unreadable: BTreeSet<Kind> = inventory.unreadable.iter().map(|unreadable| unreadable.kind).collect();

    let mut comparison = Comparison::new(&wanted, &index, &unreadable);
    for &number in &wanted.order {
        if let Some(resource) = wanted.resources.get(number) {
            comparison.compare(number, resource);
        }
    }
    let Comparison { mut changes, mut notes, adopted, .. } = comparison;
    let changed = changes.len();

    let ids: HashSet<(Kind, &str)> =
        wanted.resources.iter().flat_map(|resource| existing_references(&resource.properties)).collect();
    let leftovers = undesired(&index, &desired.cluster, &wanted, &ids, &unreadable);
    notes.extend(leftovers.notes);
    let foreign = foreign(&index, &changes, &adopted, &leftovers.remove);
    let mut taken = BTreeSet::new();
    for &number in &leftovers.remove {
        if let Some(observed) = index.get(number) {
            changes.push(removal(&index, number, observed, Reason::Undesired, &wanted, &mut taken));
        }
    }
    changes.sort_by(|a, b| a.key.cmp(&b.key));

    needs::connect(&mut changes, &wanted, &index);
    batch::assign(&mut changes);

    let instances_to_roll = roll::instances_to_roll(&wanted, &index, &changes);
    notes.extend(desired.notes.iter().cloned());
    notes.sort();
    notes.dedup();
    let mut unreadable_parts = inventory.unreadable.clone();
    unreadable_parts.sort();
    unreadable_parts.dedup();
    let plan = Plan {
        format_version: PLAN_FORMAT_VERSION,
        purpose: Purpose::Apply,
        cluster: desired.cluster.clone(),
        account_id: context.account_id.clone(),
        region: context.region.clone(),
        handles: handles::referred_to(&changes, &index),
        unchanged: wanted.resources.len() - changed,
        changes,
        report: PlanReport { unreadable: unreadable_parts, foreign, instances_to_roll, notes },
    };
    legal::check(&plan)?;
    Ok(plan)
}

/// The comparison of desired resources with the inventory, one after the other, each after what it refers to.
struct Comparison<'a> {
    wanted: &'a Wanted<'a>,
    index: &'a Index<'a>,
    unreadable: &'a BTreeSet<Kind>,
    /// By number: what became of the resources that were compared.
    fates: Vec<Option<Fate>>,
    replaced: BTreeSet<ResourceKey>,
    changes: Vec<Change>,
    notes: Vec<Note>,
    /// Numbers of foreign resources that become ours.
    adopted: BTreeSet<usize>,
}

impl<'a> Comparison<'a> {
    fn new(wanted: &'a Wanted<'a>, index: &'a Index<'a>, unreadable: &'a BTreeSet<Kind>) -> Self {
        Self {
            wanted,
            index,
            unreadable,
            fates: vec![None; wanted.resources.len()],
            replaced: BTreeSet::new(),
            changes: Vec::new(),
            notes: Vec::new(),
            adopted: BTreeSet::new(),
        }
    }

    fn compare(&mut self, number: usize, resource: &'a Resource) {
        let key = &resource.key;
        let mut want = resource.properties.clone();
        let resolved = resolve(&mut want, self.wanted, &self.fates, self.index);
        let kept = self.index.kept(key).map(|(_, observed)| observed);
        let fate = if self.unreadable.contains(&key.kind) {
            self.assume(key, kept)
        } else if let Err(unknown) = resolved {
            self.leave(key, kept, &unknown)
        } else if let Some(have) = kept {
            self.against(key, want, have)
        } else if let Some((twin, have, fields)) = self.untagged_twin(key, &want) {
            self.adopted.insert(twin);
            if !fields.is_empty() {
                self.changes.push(change(key, Action::Update, Reason::Differs, fields, Some(have), Some(want)));
            }
            Fate::Exists(have.handle.clone())
        } else {
            self.changes.push(change(key, Action::Create, Reason::Missing, Vec::new(), None, Some(want)));
            Fate::Made
        };
        if let Some(own) = self.fates.get_mut(number) {
            *own = Some(fate);
        }
    }

    /// A resource that AWS holds: is it as it shall be?
    fn against(&mut self, key: &ResourceKey, want: Properties, have: &Observed) -> Fate {
        let fields = differences(key.kind, &want, &have.properties);
        if fields.is_empty() {
            return Fate::Exists(have.handle.clone());
        }
        let mut fields = fields;
        let mut because: Option<ResourceKey> = None;
        let mut immutable: Vec<String> = Vec::new();
        for field in &mut fields {
            let dependency = field
                .after
                .as_ref()
                .and_then(|value| parse_managed(value.as_str()?))
                .filter(|key| self.replaced.contains(key));
            let goes_with = dependency.is_some() && replacement::goes_with(key.kind, field.property());
            field.forces_replacement = goes_with || key.kind.mutability(field.property()) == Mutability::Replace;
            if field.forces_replacement {
                match dependency {
                    Some(dependency) => {
                        because.get_or_insert(dependency);
                    }
                    None => immutable.push(field.property().to_owned()),
                }
            }
        }
        immutable.dedup();
        let (action, reason) = match because {
            _ if !immutable.is_empty() => (Action::Replace, Reason::Immutable { fields: immutable }),
            Some(dependency) => (Action::Replace, Reason::DependencyReplaced { dependency }),
            None => (Action::Update, Reason::Differs),
        };
        self.changes.push(change(key, action, reason, fields, Some(have), Some(want)));
        if action == Action::Replace {
            self.replaced.insert(key.clone());
            Fate::Made
        } else {
            Fate::Exists(have.handle.clone())
        }
    }

    /// A resource of a kind that could not be read: taken for what it should be.
    fn assume(&mut self, key: &ResourceKey, kept: Option<&Observed>) -> Fate {
        if let Some(have) = kept {
            return Fate::Exists(have.handle.clone());
        }
        self.notes.push(warning(
            key,
            "not-planned",
            format!("{key} is assumed to be there, because resources of its kind could not be read; it is not created"),
        ));
        if referred_to_by_name(key.kind) { Fate::Exists(Handle::new(key.name.clone())) } else { Fate::Unknown }
    }

    /// A resource that refers to something whose id is not known: left as it is.
    fn leave(&mut self, key: &ResourceKey, kept: Option<&Observed>, unknown: &ResourceKey) -> Fate {
        self.notes.push(warning(
            key,
            "not-planned",
            format!("{key} is neither created nor changed, because it refers to {unknown}, whose id could not be read"),
        ));
        kept.map_or(Fate::Unknown, |have| Fate::Exists(have.handle.clone()))
    }

    /// A rule with the wanted content that only lacks our tags. In a group of somebody else it was there before the cluster
    /// and outlives it: it is what is wanted, and does not get our tags, by which deleting the cluster would find it.
    fn untagged_twin(&self, key: &ResourceKey, want: &Properties) -> Option<(usize, &'a Observed, Vec<FieldChange>)> {
        if key.kind != Kind::SecurityGroupRule {
            return None;
        }
        let twins = self.index.foreign(key);
        twins.into_iter().find_map(|(number, have)| {
            let mut fields = differences(key.kind, want, &have.properties);
            if !fields.iter().all(|field| field.property() == "Tags") {
                return None;
            }
            if !in_owned_group(self.index, have) {
                fields.clear();
            }
            Some((number, have, fields))
        })
    }
}

/// Where what AWS holds differs from what is wanted, as far as it counts.
fn differences(kind: Kind, want: &Properties, have: &Properties) -> Vec<FieldChange> {
    if want == have || have.kind() != kind {
        return Vec::new();
    }
    let mut have = have.clone();
    kind::disregard(want, &mut have);
    if *want == have {
        return Vec::new();
    }
    diff::diff(&have.to_value(), &want.to_value())
}

fn change(
    key: &ResourceKey,
    action: Action,
    reason: Reason,
    fields: Vec<FieldChange>,
    before: Option<&Observed>,
    after: Option<Properties>,
) -> Change {
    Change {
        key: key.clone(),
        action,
        reason,
        fields,
        before: before.cloned(),
        after,
        needs: BTreeSet::new(),
        remove_needs: BTreeSet::new(),
        replacement: None,
        batch: None,
    }
}

fn warning(key: &ResourceKey, code: &str, text: String) -> Note {
    Note { severity: Severity::Warning, code: code.to_owned(), text, key: Some(key.clone()) }
}

/// Kinds that others refer to by a name that is known before they exist.
fn referred_to_by_name(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Role
            | Kind::InstanceProfile
            | Kind::LaunchTemplate
            | Kind::AutoScalingGroup
            | Kind::KeyPair
            | Kind::EventRule
    )
}

/// What stands under names of the cluster and is not the cluster's.
fn foreign(
    index: &Index<'_>,
    changes: &[Change],
    adopted: &BTreeSet<usize>,
    removed: &BTreeSet<usize>,
) -> Vec<ForeignResource> {
    let made: HashSet<&ResourceKey> =
        changes.iter().filter(|change| change.action == Action::Create).map(|change| &change.key).collect();
    index
        .resources
        .iter()
        .enumerate()
        .filter(|(number, observed)| {
            observed.ownership == Ownership::Foreign
                && !(adopted.contains(number)
                    || of_another_group(index, observed)
                    || removed.contains(number) && goes_with_container(observed.key.kind))
        })
        .map(|(_, observed)| ForeignResource {
            key: observed.key.clone(),
            id: observed.handle.id.clone(),
            in_the_way: unique(observed.key.kind) && made.contains(&observed.key),
        })
        .collect()
}

/// Kinds of which AWS allows one under a key. Parts are not among them: their container is in the way, and it is enough to
/// say that once.
fn unique(kind: Kind) -> bool {
    match kind {
        Kind::SecurityGroup
        | Kind::SecurityGroupRule
        | Kind::KeyPair
        | Kind::StoreObject
        | Kind::LaunchTemplate
        | Kind::AutoScalingGroup
        | Kind::LoadBalancer
        | Kind::TargetGroup
        | Kind::RecordSet
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::OidcProvider
        | Kind::Queue
        | Kind::EventRule => true,
        Kind::Vpc
        | Kind::VpcCidrBlock
        | Kind::DhcpOptions
        | Kind::DhcpOptionsAssociation
        | Kind::InternetGateway
        | Kind::EgressOnlyInternetGateway
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::RouteTableAssociation
        | Kind::Route
        | Kind::ElasticIp
        | Kind::NatGateway
        | Kind::Volume
        | Kind::LifecycleHook
        | Kind::WarmPool
        | Kind::Listener
        | Kind::HostedZoneAssociation
        | Kind::RolePolicy
        | Kind::PolicyAttachment
        | Kind::EventTarget
        | Kind::Instance
        | Kind::NetworkInterface
        | Kind::ClassicLoadBalancer => false,
    }
}
