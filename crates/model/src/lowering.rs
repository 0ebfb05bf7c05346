//! What the files of this crate share: the input, what is derived from it once, and the resources made so far.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use kedge_diag::{Diagnostic, Diagnostics, Severity};
use kedge_resource::facts::{ExistingVpc, HostedZone};
use kedge_resource::kind::{InternetGateway, Kind, Properties, SecurityGroup, Vpc};
use kedge_resource::plan::{Note, Severity as NoteSeverity};
use kedge_resource::{ClusterName, Desired, Facts, Ref, Resource, ResourceKey};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{Cluster, InstanceGroup, Role, Vpc as SpecVpc};

use crate::boot::Boot;
use crate::subnets::{self, ZonedSubnet};
use crate::{checks, dns, names};

/// A lowering under way.
pub(crate) struct Lowering<'a> {
    /// The whole specification.
    pub(crate) spec: &'a ResolvedSpec,
    /// Its cluster.
    pub(crate) cluster: &'a Cluster,
    /// What the account has.
    pub(crate) facts: &'a Facts,
    /// How instances boot, where a store gives them more than their manifest does.
    pub(crate) boot: Option<&'a Boot>,
    /// Subnets with what facts know of existing ones, in the order of the manifest.
    pub(crate) subnets: Vec<ZonedSubnet<'a>>,
    /// The existing VPC, if the cluster uses one that the facts know.
    pub(crate) shared_vpc: Option<&'a ExistingVpc>,
    /// Zone of the cluster's records, if it publishes any and the facts know the zone.
    pub(crate) hosted_zone: Option<&'a HostedZone>,
    resources: BTreeMap<ResourceKey, Properties>,
    notes: Vec<Note>,
    diagnostics: Diagnostics,
}

impl<'a> Lowering<'a> {
    /// Begins with nothing made yet.
    pub(crate) fn new(spec: &'a ResolvedSpec, facts: &'a Facts, boot: Option<&'a Boot>) -> Self {
        let cluster = &spec.cluster;
        let shared_vpc = match &cluster.network.vpc {
            SpecVpc::Own { .. } => None,
            SpecVpc::Shared { id, .. } => facts.vpcs.iter().find(|vpc| vpc.id == *id),
        };
        Self {
            spec,
            cluster,
            facts,
            boot,
            subnets: subnets::zoned(cluster, facts),
            shared_vpc,
            hosted_zone: dns::find_zone(cluster, facts),
            resources: BTreeMap::new(),
            notes: Vec::new(),
            diagnostics: Diagnostics::default(),
        }
    }

    /// The cluster's name.
    pub(crate) fn name(&self) -> &'a ClusterName {
        &self.cluster.name
    }

    /// The VPC of the cluster, own or existing.
    pub(crate) fn vpc(&self) -> Ref<Vpc> {
        match &self.cluster.network.vpc {
            SpecVpc::Own { .. } => Ref::managed(self.name().as_str()),
            SpecVpc::Shared { id, .. } => Ref::existing(id),
        }
    }

    /// The internet gateway of the VPC; `None` in an existing VPC without one, which the checks report.
    pub(crate) fn internet_gateway(&self) -> Option<Ref<InternetGateway>> {
        match &self.cluster.network.vpc {
            SpecVpc::Own { .. } => Some(Ref::managed(self.name().as_str())),
            SpecVpc::Shared { .. } => self.shared_vpc?.internet_gateway.as_deref().map(Ref::existing),
        }
    }

    /// Groups of a role, by name.
    pub(crate) fn groups(&self, role: Role) -> impl Iterator<Item = &'a InstanceGroup> + use<'a> {
        self.spec.groups.iter().filter(move |group| group.role == role)
    }

    /// Whether there is a group of a role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.groups(role).next().is_some()
    }

    /// The security group of a role's instances without an override. API servers are among the control plane's.
    pub(crate) fn role_security_group(&self, role: Role) -> Ref<SecurityGroup> {
        Ref::managed(names::security_group(role, self.name()))
    }

    /// The subnet of this name.
    pub(crate) fn subnet(&self, name: &str) -> Option<&ZonedSubnet<'a>> {
        self.subnets.iter().find(|subnet| subnet.spec.name == name)
    }

    /// Makes a resource. Two different ones under one key are an error of this crate, reported and not raised, so that a
    /// person who meets it can still see everything else.
    pub(crate) fn add(&mut self, name: impl Into<String>, properties: impl Into<Properties>) {
        let properties = properties.into();
        let key = ResourceKey::new(properties.kind(), name);
        match self.resources.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(properties);
            }
            Entry::Occupied(entry) if *entry.get() == properties => {}
            Entry::Occupied(entry) => self.diagnostics.push(
                Diagnostic::error(
                    "duplicate-resource",
                    "the model made two resources of one name",
                    format!("{} came out twice with different properties", entry.key()),
                )
                .hint("this is an error in kedge: please report it together with the manifests"),
            ),
        }
    }

    /// Whether a resource of this key was made.
    pub(crate) fn contains(&self, kind: Kind, name: &str) -> bool {
        self.resources.contains_key(&ResourceKey::new(kind, name))
    }

    /// Reports a problem with a field of the cluster.
    pub(crate) fn report_cluster(&mut self, path: &str, diagnostic: Diagnostic) {
        let path = format!("Cluster/{}: {path}", self.name());
        self.diagnostics.push(diagnostic.at(path, None));
    }

    /// Reports a problem with a field of a group.
    pub(crate) fn report_group(&mut self, group: &InstanceGroup, path: &str, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.at(format!("InstanceGroup/{}: {path}", group.name), None));
    }

    /// Adds a remark that goes with the plan.
    pub(crate) fn note(
        &mut self,
        severity: NoteSeverity,
        code: &str,
        text: impl Into<String>,
        key: Option<ResourceKey>,
    ) {
        self.notes.push(Note { severity, code: code.to_owned(), text: text.into(), key });
    }

    /// The result, or what stands against it. Problems that are no errors become remarks.
    pub(crate) fn finish(mut self) -> Result<Desired, Diagnostics> {
        checks::remarks(&mut self);
        if self.diagnostics.has_errors() {
            return Err(self.diagnostics);
        }
        for diagnostic in self.diagnostics.iter() {
            let severity = match diagnostic.severity {
                Severity::Error | Severity::Warning => NoteSeverity::Warning,
                Severity::Note => NoteSeverity::Info,
            };
            let mut text = diagnostic.detail.clone();
            if let Some(path) = &diagnostic.path {
                text = format!("{path}: {text}");
            }
            self.notes.push(Note { severity, code: diagnostic.code.to_owned(), text, key: None });
        }
        self.notes.sort();
        let protected = self
            .spec
            .groups
            .iter()
            .filter(|group| group.prevent_destroy && !group.karpenter)
            .map(|group| names::group(group, self.name()))
            .flat_map(|name| {
                [Kind::LaunchTemplate, Kind::AutoScalingGroup].map(|kind| ResourceKey::new(kind, name.clone()))
            })
            .collect::<std::collections::BTreeSet<_>>();
        Ok(Desired {
            cluster: self.name().clone(),
            resources: self.resources.into_iter().map(|(key, properties)| Resource { key, properties }).collect(),
            protected: protected.into_iter().collect(),
            notes: self.notes,
        })
    }
}
