//! Raw manifests to a specification: defaults, notations, and everything that can be said about one field alone.
//!
//! What a field cannot be read as is reported and replaced by something harmless, so that the draft is always whole and
//! the rules in `validate` can look at everything else.

mod access;
mod addons;
mod api;
mod etcd;
pub(crate) mod group;
mod iam;
mod issuer;
mod network;
mod report;
mod set;
mod ssh;
pub(crate) mod version;

use kedge_diag::{Diagnostic, Diagnostics};
use kedge_resource::{ClusterName, Tags};

pub(crate) use report::{Report, one_of};

use crate::manifests::{Manifests, Read, ResolveOptions};
use crate::resolved::{Cluster, ResolvedSpec, SshKey};
use crate::v1alpha2::cluster::{Cluster as RawCluster, ClusterSpec};
use crate::v1alpha2::instance_group::InstanceGroup as RawGroup;
use crate::validate;

/// A specification that may still break rules, with the manifests that it comes from.
pub(crate) struct Draft<'a> {
    pub(crate) spec: ResolvedSpec,
    pub(crate) cluster: &'a Read<RawCluster>,
    /// One for each group of the specification, in its order.
    pub(crate) groups: Vec<&'a Read<RawGroup>>,
    /// Every manifest could be read and says what it is: what is missing is missing.
    pub(crate) complete: bool,
}

/// Resolves one cluster.
pub(crate) fn resolve(manifests: &Manifests, options: &ResolveOptions) -> (Option<ResolvedSpec>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let Some(chosen) = set::choose(manifests, options, &mut diagnostics) else {
        return (None, diagnostics);
    };
    let mut groups: Vec<(crate::resolved::InstanceGroup, &Read<RawGroup>)> = chosen
        .groups
        .iter()
        .map(|read| {
            let mut report = Report::new(&read.document, &mut diagnostics);
            (group::group(&mut report, read, chosen.cluster.value.spec.warm_pool.as_ref()), *read)
        })
        .collect();
    groups.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let (resolved_groups, raw_groups): (Vec<_>, Vec<_>) = groups.into_iter().unzip();

    let mut report = Report::new(&chosen.cluster.document, &mut diagnostics);
    let cluster = cluster(&mut report, chosen.cluster, &resolved_groups);
    let ssh_public_key = ssh::public_key(options, &chosen.credentials, &mut diagnostics);

    // The features are a parameter of this run, not of the manifests.
    let features = options.features.clone();
    let Some(cluster) = cluster else {
        return (None, diagnostics);
    };
    let spec = ResolvedSpec { cluster, groups: resolved_groups, ssh_public_key, features };
    let complete = manifests.complete
        && chosen.settled
        && raw_groups.iter().all(|read| read.document.left_out.is_empty() && group::has_role(&read.value));
    let draft = Draft { spec, cluster: chosen.cluster, groups: raw_groups, complete };
    validate::validate(&draft, &mut diagnostics);
    (Some(draft.spec), diagnostics)
}

/// The cluster; none if its name is no name.
fn cluster(
    report: &mut Report<'_>,
    read: &Read<RawCluster>,
    groups: &[crate::resolved::InstanceGroup],
) -> Option<Cluster> {
    let spec = &read.value.spec;
    let name = cluster_name(report, &read.value.metadata.name);
    cloud_provider(report, spec);
    if spec.iam.legacy {
        report.push(
            "spec.iam.legacy",
            Diagnostic::error(
                "legacy-iam",
                "legacy permissions are not supported",
                "`iam.legacy: true` gave nodes access to secrets of the control plane; kops dropped it as well",
            )
            .hint("set it to `false` or remove it"),
        );
    }
    // Everything below is read even for a cluster without a proper name, so that all problems come at once.
    let stand_in = || ClusterName::parse("cluster.invalid").ok();
    let known = name.clone().or_else(stand_in)?;
    let network = network::network(report, spec);
    let dns = api::dns(report, spec, &known);
    let api = api::api(report, spec, &known, &network, groups);
    let cluster = Cluster {
        kubernetes_version: version::version(report, spec.kubernetes_version.as_deref()),
        config_base: issuer::config_base(report, spec.config_base.as_deref()),
        bastion: api::bastion(report, spec),
        ssh_access: access::sources(report, "spec.sshAccess", &spec.ssh_access),
        node_port_access: access::sources(report, "spec.nodePortAccess", &spec.node_port_access),
        node_port_range: access::port_range(report, spec.kube_api_server.service_node_port_range.as_deref()),
        ssh_key: match spec.ssh_key_name.as_deref() {
            None => SshKey::FromPublicKey,
            Some("") => SshKey::None,
            Some(existing) => SshKey::Existing(existing.to_owned()),
        },
        etcd_clusters: etcd::clusters(report, spec),
        cloud_labels: Tags(spec.cloud_labels.clone()),
        iam: iam::iam(report, spec),
        issuer: issuer::issuer(report, spec, &network),
        termination_handler: addons::termination_handler(spec),
        addons: addons::addons(report, spec),
        warm_pool: spec.warm_pool.as_ref().map(|pool| group::warm_pool(pool, None)),
        kubelet_node_labels: spec.kubelet.node_labels.clone(),
        control_plane_kubelet_node_labels: spec.master_kubelet.node_labels.clone(),
        ip_based_node_names: spec.cloud_config.use_ip_based_node_names,
        nvidia_gpu: spec.containerd.nvidia_gpu.is_on(),
        ecr_credentials_for_mirrors: spec.containerd.use_ecr_credentials_for_mirrors,
        encryption_config: spec.encryption_config,
        annotations: read.value.metadata.annotations.clone(),
        settings: read.settings.clone(),
        name: known,
        network,
        api,
        dns,
    };
    Some(cluster)
}

fn cluster_name(report: &mut Report<'_>, name: &str) -> Option<ClusterName> {
    match ClusterName::parse(name) {
        Ok(name) => Some(name),
        // A name that is missing was reported by the reader.
        Err(_) if name.is_empty() => None,
        Err(error) => {
            report.push(
                "metadata.name",
                Diagnostic::error(
                    "cluster-name",
                    "cluster name is no DNS name",
                    format!("`{name}`: {error}. Names of resources and DNS records are built from it"),
                )
                .hint("choose a name such as `prod.example.com`: lower case letters, digits and dashes, with a dot"),
            );
            None
        }
    }
}

fn cloud_provider(report: &mut Report<'_>, spec: &ClusterSpec) {
    match spec.cloud_provider.as_deref() {
        Some("aws") => {}
        None => report.push(
            "spec.cloudProvider",
            Diagnostic::error("cloud-provider", "cloud is not AWS", "`spec.cloudProvider` is missing")
                .hint("write `cloudProvider: aws`"),
        ),
        Some(other) => report.push(
            "spec.cloudProvider",
            Diagnostic::error("cloud-provider", "cloud is not AWS", format!("`{other}`: kedge provisions AWS only"))
                .hint("write `cloudProvider: aws`, or use kops for this cluster"),
        ),
    }
}

#[cfg(test)]
mod tests;
