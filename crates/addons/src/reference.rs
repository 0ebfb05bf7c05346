//! The page of the reference about add-ons, from the tables.

use std::fmt::Write as _;

use crate::releases::{NEWEST, OLDEST, RELEASES, Release};

/// An add-on, as the page describes it.
struct About {
    name: &'static str,
    what: &'static str,
    when: &'static str,
    settings: &'static str,
}

/// All of them, in the order in which they are applied.
const ABOUT: &[About] = &[
    About {
        name: "aws-cloud-controller-manager",
        what: "gives nodes addresses, zones and types, removes those whose instances are gone, makes load balancers for services",
        when: "always",
        settings: "`spec.cloudControllerManager`, `spec.cloudConfig` (`disableSecurityGroupIngress`, `elbSecurityGroup`, `nlbSecurityGroupMode`, `nodeIPFamilies`)",
    },
    About {
        name: "amazon-vpc-cni",
        what: "network plugin: pods have addresses of the VPC",
        when: "`spec.networking.amazonvpc`",
        settings: "`spec.networking.amazonvpc`",
    },
    About {
        name: "calico",
        what: "network plugin, with network policies",
        when: "`spec.networking.calico`",
        settings: "`spec.networking.calico`; there is no Typha",
    },
    About {
        name: "cilium",
        what: "network plugin, with network policies, and kube-proxy's work where `enableNodePort` is on",
        when: "`spec.networking.cilium`",
        settings: "`spec.networking.cilium`; encryption by WireGuard only, no Gateway API. With `etcdManaged` it expects certificates in `/etc/kubernetes/pki/cilium`",
    },
    About {
        name: "flannel",
        what: "network plugin",
        when: "`spec.networking.flannel`",
        settings: "`spec.networking.flannel`",
    },
    About {
        name: "kindnet",
        what: "network plugin, with network policies",
        when: "`spec.networking.kindnet`",
        settings: "`spec.networking.kindnet`",
    },
    About {
        name: "kube-router",
        what: "network plugin, with network policies, and kube-proxy's work where `kubeProxy.enabled` is off",
        when: "`spec.networking.kuberouter`",
        settings: "`spec.networking.kuberouter`",
    },
    About {
        name: "kube-proxy",
        what: "makes services reachable; the version is that of Kubernetes",
        when: "unless `spec.kubeProxy.enabled` is off, or Cilium does its work",
        settings: "`spec.kubeProxy`",
    },
    About {
        name: "aws-ebs-csi-driver",
        what: "EBS volumes",
        when: "unless `spec.cloudConfig.awsEBSCSIDriver.managed` is off",
        settings: "`spec.cloudConfig.awsEBSCSIDriver`, tags of `spec.cloudLabels`",
    },
    About {
        name: "coredns",
        what: "DNS of the cluster, and what makes more of it as the cluster grows",
        when: "unless `spec.kubeDNS.provider` is `None`",
        settings: "`spec.kubeDNS`",
    },
    About {
        name: "node-local-dns",
        what: "a cache of DNS on every node",
        when: "`spec.kubeDNS.nodeLocalDNS.enabled`",
        settings: "`spec.kubeDNS.nodeLocalDNS`",
    },
    About {
        name: "metrics-server",
        what: "CPU and memory of pods and nodes, for `kubectl top` and autoscaling of pods",
        when: "`spec.metricsServer.enabled`",
        settings: "`spec.metricsServer`",
    },
    About {
        name: "nvidia-device-plugin",
        what: "GPUs as resources of nodes",
        when: "`spec.containerd.nvidiaGPU.enabled`, of the cluster or of a group, and machines with a GPU of NVIDIA",
        settings: "none",
    },
    About {
        name: "snapshot-controller",
        what: "snapshots of volumes",
        when: "`spec.snapshotController.enabled`",
        settings: "`spec.snapshotController`",
    },
    About {
        name: "storage-classes",
        what: "classes `kops-csi-1-21` (the usual one: gp3, encrypted), `kops-ssd-1-17`, `gp2` and `default`, as kops names them",
        when: "unless `spec.cloudConfig.manageStorageClasses` is off",
        settings: "none: the parameters of a class cannot be changed",
    },
    About {
        name: "aws-load-balancer-controller",
        what: "application load balancers for ingresses, network load balancers for services of its class",
        when: "`spec.awsLoadBalancerController.enabled`",
        settings: "`spec.awsLoadBalancerController`",
    },
    About {
        name: "aws-node-termination-handler",
        what: "drains nodes that AWS is about to stop",
        when: "unless `spec.nodeTerminationHandler.enabled` is off",
        settings: "`spec.nodeTerminationHandler`; by the queue of the cluster unless `enableSQSTerminationDraining` is off",
    },
    About {
        name: "cert-manager",
        what: "certificates for services, in `kube-system`",
        when: "`spec.certManager.enabled`, unless `managed` is off",
        settings: "`spec.certManager`",
    },
    About {
        name: "cluster-autoscaler",
        what: "sizes of groups of nodes by what pods need",
        when: "`spec.clusterAutoscaler.enabled`",
        settings: "`spec.clusterAutoscaler`; `spec.autoscale` and `spec.autoscalePriority` of groups",
    },
    About {
        name: "external-dns",
        what: "records for services and ingresses in the hosted zone of the cluster",
        when: "`spec.externalDns.provider` is `external-dns`",
        settings: "`spec.externalDns`",
    },
    About {
        name: "ingress-nginx",
        what: "ingresses by nginx. Its authors ended its maintenance in March 2026: think of another one for something new",
        when: "annotation `addons.kedge.dev/ingress-nginx` of the cluster",
        settings: "the annotation: `internal` or `public` says where its load balancer is, `none` is none",
    },
    About {
        name: "monitoring",
        what: "Prometheus with Grafana, node-exporter and kube-state-metrics, in the namespace `monitoring`, reached by `kubectl port-forward` only",
        when: "annotation `addons.kedge.dev/monitoring` of the cluster",
        settings: "the annotation: `enabled`, or for how long samples are kept, such as `30d`; `none` is none",
    },
    About {
        name: "node-problem-detector",
        what: "faults of the kernel as conditions of nodes",
        when: "`spec.nodeProblemDetector.enabled`",
        settings: "`spec.nodeProblemDetector`",
    },
    About {
        name: "pod-identity-webhook",
        what: "roles of `spec.iam.serviceAccountExternalPermissions` for pods of those service accounts",
        when: "`spec.podIdentityWebhook.enabled`",
        settings: "`spec.podIdentityWebhook`",
    },
];

/// The page as Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Add-ons\n\n<!-- Written from the tables in `crates/addons/src`. Do not edit: \
         `SNAPSHOTS=overwrite cargo test -p kedge-addons` writes it anew. -->\n\n\
         What runs in a cluster beside the workloads, in the order in which it is applied. [The guide](../guide/addons.md) says how \
         versions change and what becomes of an add-on that is no longer wanted. Versions are those for Kubernetes ",
    );
    // Writing into a text cannot fail.
    let _ =
        writeln!(page, "1.{OLDEST} to 1.{NEWEST}.\n\n| add-on | what it does | when | settings |\n|---|---|---|---|");
    for about in ABOUT {
        let _ = writeln!(page, "| `{}` | {} | {} | {} |", about.name, about.what, about.when, about.settings);
    }
    page += "\n## Versions and images\n\n| add-on | version | Kubernetes | images |\n|---|---|---|---|\n";
    for release in RELEASES {
        let images: Vec<String> = release.images.iter().map(|(_, image)| format!("`{image}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            release.addon,
            release.version,
            minors(release),
            images.join(", ")
        );
    }
    page += "\nkube-proxy is `registry.k8s.io/kube-proxy` at the version of Kubernetes. `spec.assets.containerProxy` and \
             `spec.assets.containerRegistry` say where images come from instead, by the rules of kops.\n\n\
             ## Upstream files\n\n`kedge apply` puts them into the store as `addons/objects/<SHA-256>.yaml` where it reaches them. Control planes \
             fetch those that are not there when they apply them for the first time, and keep them. A file with another SHA-256 is refused.\n\n| add-on | file | SHA-256 |\n|---|---|---|\n";
    for release in RELEASES {
        for file in release.files() {
            let _ = writeln!(page, "| `{}` | <{}> | `{}` |", release.addon, file.url, file.sha256);
        }
    }
    page
}

/// For which versions of Kubernetes a release is.
fn minors(release: &Release) -> String {
    match release.minors {
        (OLDEST, NEWEST) => "all".to_owned(),
        (from, to) if from == to => format!("1.{from}"),
        (from, to) => format!("1.{from} to 1.{to}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use snapbox::{assert_data_eq, file};

    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        assert_data_eq!(reference_page(), file!["../../../docs/reference/addons.md"].raw());
    }

    #[test]
    fn every_add_on_is_described() {
        let described: BTreeSet<&str> = ABOUT.iter().map(|about| about.name).collect();
        let own = ["kube-proxy", "storage-classes"];
        let known: BTreeSet<&str> = RELEASES.iter().map(|release| release.addon).chain(own).collect();
        assert_eq!(described, known);
    }
}
