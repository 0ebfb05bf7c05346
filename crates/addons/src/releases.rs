//! Every version, image and upstream file of every add-on, with the versions of Kubernetes that they fit.
//!
//! Upstream files are named by tag, and are what their SHA-256 says and nothing else. That a repository has a tag does not mean
//! that there is an image: versions here are such as others run. So the cloud controller of 1.36 is the one of 1.35, the last
//! that was published.

use crate::addon::UpstreamFile;

/// Oldest and newest minor version of Kubernetes 1 that the table is for.
pub(crate) const OLDEST: u32 = 32;
/// See [`OLDEST`].
pub(crate) const NEWEST: u32 = 36;

/// Where upstream files come from.
const HOST: &str = "https://raw.githubusercontent.com/";

/// An add-on at a version.
#[derive(Debug)]
pub struct Release {
    /// The add-on.
    pub addon: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Minor versions of Kubernetes 1 that it fits, both included.
    pub minors: (u32, u32),
    /// Images: what each is for, and its name.
    pub images: &'static [(&'static str, &'static str)],
    /// Upstream files: place below [`HOST`], and SHA-256.
    files: &'static [(&'static str, &'static str)],
}

impl Release {
    /// The image of a part; empty for a part that the table lacks, which a test excludes.
    pub(crate) fn image(&self, part: &str) -> &'static str {
        self.images.iter().find(|(known, _)| *known == part).map_or("", |(_, image)| image)
    }

    /// The oldest version of Kubernetes that it is for, where older ones have another release.
    pub(crate) fn needs(&self) -> Option<String> {
        (self.minors.0 > OLDEST).then(|| format!("1.{}.0", self.minors.0))
    }

    /// The upstream files.
    #[must_use]
    pub fn files(&self) -> Vec<UpstreamFile> {
        let file = |(place, sha256): &(&str, &str)| UpstreamFile {
            url: format!("{HOST}{place}"),
            sha256: (*sha256).to_owned(),
        };
        self.files.iter().map(file).collect()
    }
}

/// What stands for an add-on that the table lacks.
static NONE: Release = Release { addon: "", version: "", minors: (0, 0), images: &[], files: &[] };

/// The release of an add-on for a minor version of Kubernetes; for versions outside of the table, the nearest one.
pub(crate) fn release(addon: &str, minor: u32) -> &'static Release {
    let minor = minor.clamp(OLDEST, NEWEST);
    let fits = |release: &&Release| release.addon == addon && (release.minors.0..=release.minors.1).contains(&minor);
    RELEASES.iter().find(fits).unwrap_or(&NONE)
}

/// The table.
pub static RELEASES: &[Release] = &[
    Release {
        addon: "aws-cloud-controller-manager",
        version: "v1.32.5",
        minors: (32, 32),
        images: &[("cloud-controller-manager", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.32.5")],
        files: &[],
    },
    Release {
        addon: "aws-cloud-controller-manager",
        version: "v1.33.0",
        minors: (33, 33),
        images: &[("cloud-controller-manager", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.33.0")],
        files: &[],
    },
    Release {
        addon: "aws-cloud-controller-manager",
        version: "v1.34.3",
        minors: (34, 34),
        images: &[("cloud-controller-manager", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.34.3")],
        files: &[],
    },
    Release {
        addon: "aws-cloud-controller-manager",
        version: "v1.35.2",
        minors: (35, 35),
        images: &[("cloud-controller-manager", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.35.2")],
        files: &[],
    },
    Release {
        addon: "aws-cloud-controller-manager",
        version: "v1.35.2",
        minors: (36, 36),
        images: &[("cloud-controller-manager", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.35.2")],
        files: &[],
    },
    Release {
        addon: "amazon-vpc-cni",
        version: "v1.23.0",
        minors: (32, 36),
        images: &[
            ("cni", "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.23.0"),
            ("init", "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni-init:v1.23.0"),
            (
                "network-policy-agent",
                "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-network-policy-agent:v1.4.1",
            ),
        ],
        files: &[(
            "aws/amazon-vpc-cni-k8s/v1.23.0/config/master/aws-k8s-cni.yaml",
            "3a932385c0db788d8b080b8a9ea262681ed2b564bcc764f95e5b886bdf8494ab",
        )],
    },
    Release {
        addon: "calico",
        version: "v3.32.1",
        minors: (32, 36),
        images: &[
            ("cni", "quay.io/calico/cni:v3.32.1"),
            ("kube-controllers", "quay.io/calico/kube-controllers:v3.32.1"),
            ("node", "quay.io/calico/node:v3.32.1"),
        ],
        files: &[(
            "projectcalico/calico/v3.32.1/manifests/calico.yaml",
            "a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744",
        )],
    },
    Release {
        addon: "cilium",
        version: "v1.19.5",
        minors: (32, 36),
        images: &[
            ("agent", "quay.io/cilium/cilium:v1.19.5"),
            ("operator", "quay.io/cilium/operator:v1.19.5"),
            ("hubble-relay", "quay.io/cilium/hubble-relay:v1.19.5"),
        ],
        files: &[],
    },
    Release {
        addon: "flannel",
        version: "v0.28.9",
        minors: (32, 36),
        images: &[
            ("flannel", "ghcr.io/flannel-io/flannel:v0.28.9"),
            ("cni-plugin", "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3"),
        ],
        files: &[(
            "flannel-io/flannel/v0.28.9/Documentation/kube-flannel.yml",
            "e875824be2f552b45711dbda91af81b17eb961d00025d914d9fef18fad8f09c0",
        )],
    },
    Release {
        addon: "kindnet",
        version: "v1.0.0",
        minors: (32, 36),
        images: &[("kindnet", "registry.k8s.io/networking/kindnet:v1.0.0")],
        files: &[(
            "kubernetes-sigs/kindnet/v1.0.0/install-kindnet.yaml",
            "f5fdc476fc0bccec0930642397f0b228a6186f1eacbf4d20be8565d75c9d2d5a",
        )],
    },
    Release {
        addon: "kube-router",
        version: "v2.11.1",
        minors: (32, 36),
        images: &[("kube-router", "docker.io/cloudnativelabs/kube-router:v2.11.1")],
        files: &[(
            "cloudnativelabs/kube-router/v2.11.1/daemonset/kubeadm-kuberouter.yaml",
            "847b9b7a47c31d8e10149f5b4d94c78ea214d1c1d70df1640744ae21b0b9121a",
        )],
    },
    Release {
        addon: "coredns",
        version: "v1.11.3",
        minors: (32, 32),
        images: &[
            ("coredns", "registry.k8s.io/coredns/coredns:v1.11.3"),
            ("autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.9.0"),
        ],
        files: &[],
    },
    Release {
        addon: "coredns",
        version: "v1.12.0",
        minors: (33, 33),
        images: &[
            ("coredns", "registry.k8s.io/coredns/coredns:v1.12.0"),
            ("autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.9.0"),
        ],
        files: &[],
    },
    Release {
        addon: "coredns",
        version: "v1.12.1",
        minors: (34, 34),
        images: &[
            ("coredns", "registry.k8s.io/coredns/coredns:v1.12.1"),
            ("autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.9.0"),
        ],
        files: &[],
    },
    Release {
        addon: "coredns",
        version: "v1.13.1",
        minors: (35, 35),
        images: &[
            ("coredns", "registry.k8s.io/coredns/coredns:v1.13.1"),
            ("autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.9.0"),
        ],
        files: &[],
    },
    Release {
        addon: "coredns",
        version: "v1.14.2",
        minors: (36, 36),
        images: &[
            ("coredns", "registry.k8s.io/coredns/coredns:v1.14.2"),
            ("autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.9.0"),
        ],
        files: &[],
    },
    Release {
        addon: "node-local-dns",
        version: "1.26.4",
        minors: (32, 36),
        images: &[("node-cache", "registry.k8s.io/dns/k8s-dns-node-cache:1.26.4")],
        files: &[],
    },
    Release {
        addon: "aws-ebs-csi-driver",
        version: "v1.63.1",
        minors: (32, 36),
        images: &[
            ("driver", "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1.63.1"),
            ("provisioner", "public.ecr.aws/csi-components/csi-provisioner:v6.3.0-eksbuild.4"),
            ("attacher", "public.ecr.aws/csi-components/csi-attacher:v4.12.0-eksbuild.5"),
            ("snapshotter", "public.ecr.aws/csi-components/csi-snapshotter:v8.6.0-eksbuild.5"),
            ("resizer", "public.ecr.aws/csi-components/csi-resizer:v2.2.1-eksbuild.3"),
            ("registrar", "public.ecr.aws/csi-components/csi-node-driver-registrar:v2.17.0-eksbuild.5"),
            ("liveness-probe", "public.ecr.aws/csi-components/livenessprobe:v2.19.0-eksbuild.5"),
        ],
        files: &[
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrole-attacher.yaml",
                "cc797a6977f410150650751421bef2d3ee14da31b18b69d7333f8ab24a543a7b",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrole-csi-node.yaml",
                "85d21ca300c274783fe56dddb79bca80a85e9418318cfd4eedd97e97a078ec1d",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrole-provisioner.yaml",
                "5dbf3b7db5e96f175292c1ae17b46acf2d213060ca6ebe6d6acd54cc998db8d2",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrole-resizer.yaml",
                "935fc2d6ebb30ee7f7d98d62571cd99149ceed0460d24a510a7307765b48adc6",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrole-snapshotter.yaml",
                "6dd5427072a7f45d302acc24c567b48542d8685dc5a374b94de3362feeaf0433",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrolebinding-attacher.yaml",
                "99046c555443bc910376d7bd0aeb0334ec07932fc3fffe2b1c2029fead344d19",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrolebinding-csi-node.yaml",
                "1fe7f0b32896c1b57d87db7f08b438db6e4c932e0068d047bb6c7743f4269346",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrolebinding-provisioner.yaml",
                "65f664cf6417f40c45398bac91a6bdd02b56472dd43f8aa06c128c3e47127ea0",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrolebinding-resizer.yaml",
                "db66c955a3b01a2577fae28449ba9d855e0bf9d044020275e1b6b5f93652c494",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/clusterrolebinding-snapshotter.yaml",
                "5b5a7a50004d8fb6a4d62d4157e6ce96706f3e573a76ad16cb25cdbc35a047a2",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/controller.yaml",
                "b72f46c22f1a45c5aa1c2c6a7a888d96be83267bd768da6b7b74102812f6b9d6",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/csidriver.yaml",
                "cda3a71ee5a2c6f5eccc1786aac99b9c0b406545b257d7959d1c85945f3dcd38",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/node.yaml",
                "3ab3cc815384202eb5bf8331d8f1dc8bf7f20b94ff3e32aef59f6e08a0ea78d7",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/poddisruptionbudget-controller.yaml",
                "9dc4fbc0d6214954b90ee2e4a82082441ab1c5e6d3de8afb499f21c40fa04944",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/role-leases.yaml",
                "671eda0f174b82d53cfe1464f06a06323d559c61cceb4d18e705beabb6a00a0d",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/rolebinding-leases.yaml",
                "a1c17a9fc63e46fdc54d5b4c18d0f0eade95e8f7e213322ba9164ef4c0c37f3b",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/serviceaccount-csi-controller.yaml",
                "220692a597e986673ac099f659e7e52b1a98a4642e18322ec2f58a0fd9cbd6c4",
            ),
            (
                "kubernetes-sigs/aws-ebs-csi-driver/v1.64.0/deploy/kubernetes/base/serviceaccount-csi-node.yaml",
                "c7df4a9e08ac7218576ee38fa913ea8b5cbd8b3309aab55232385d42f530a9a0",
            ),
        ],
    },
    Release {
        addon: "metrics-server",
        version: "v0.9.0",
        minors: (32, 36),
        images: &[("metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.9.0")],
        files: &[],
    },
    Release {
        addon: "cluster-autoscaler",
        version: "v1.32.7",
        minors: (32, 32),
        images: &[("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.32.7")],
        files: &[],
    },
    Release {
        addon: "cluster-autoscaler",
        version: "v1.33.5",
        minors: (33, 33),
        images: &[("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.33.5")],
        files: &[],
    },
    Release {
        addon: "cluster-autoscaler",
        version: "v1.34.4",
        minors: (34, 34),
        images: &[("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.4")],
        files: &[],
    },
    Release {
        addon: "cluster-autoscaler",
        version: "v1.35.1",
        minors: (35, 35),
        images: &[("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.1")],
        files: &[],
    },
    Release {
        addon: "cluster-autoscaler",
        version: "v1.36.1",
        minors: (36, 36),
        images: &[("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.1")],
        files: &[],
    },
    Release {
        addon: "aws-node-termination-handler",
        version: "v1.25.3",
        minors: (32, 36),
        images: &[("aws-node-termination-handler", "public.ecr.aws/aws-ec2/aws-node-termination-handler:v1.25.3")],
        files: &[],
    },
    Release {
        addon: "aws-load-balancer-controller",
        version: "v3.5.0",
        minors: (32, 36),
        images: &[("controller", "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0")],
        files: &[(
            "kubernetes-sigs/aws-load-balancer-controller/v3.5.0/helm/aws-load-balancer-controller/crds/crds.yaml",
            "cb00e9a8ee22cc51307bbed799faff306ab4d23a9fd201d26fcd53ab035777d9",
        )],
    },
    Release {
        addon: "external-dns",
        version: "v0.21.0",
        minors: (32, 36),
        images: &[("external-dns", "registry.k8s.io/external-dns/external-dns:v0.21.0")],
        files: &[],
    },
    Release {
        addon: "cert-manager",
        version: "v1.21.1",
        minors: (32, 36),
        images: &[
            ("controller", "quay.io/jetstack/cert-manager-controller:v1.21.1"),
            ("cainjector", "quay.io/jetstack/cert-manager-cainjector:v1.21.1"),
            ("webhook", "quay.io/jetstack/cert-manager-webhook:v1.21.1"),
            ("acmesolver", "quay.io/jetstack/cert-manager-acmesolver:v1.21.1"),
        ],
        files: &[
            (
                "cert-manager/cert-manager/v1.21.1/deploy/crds/acme.cert-manager.io_challenges.yaml",
                "dff7542a2ee6581e3963a076410212ad3207201b70df8a328aa50826d569161c",
            ),
            (
                "cert-manager/cert-manager/v1.21.1/deploy/crds/acme.cert-manager.io_orders.yaml",
                "b1e9c938b9724482cc0612aac949b40e062001fc9732234c591f24cb9ffc5ca7",
            ),
            (
                "cert-manager/cert-manager/v1.21.1/deploy/crds/cert-manager.io_certificaterequests.yaml",
                "74cf3801ab146a1745498de5f3b619cde6f2dc89ae03755084be08129ce726c3",
            ),
            (
                "cert-manager/cert-manager/v1.21.1/deploy/crds/cert-manager.io_certificates.yaml",
                "7ad91029c00ec959d54215b19d3b1a9b7e0247eaa60f987151c2b70d8661f8af",
            ),
            (
                "cert-manager/cert-manager/v1.21.1/deploy/crds/cert-manager.io_clusterissuers.yaml",
                "30008001b78aafb8e110af61359561104b5fafc3a4dc6ac0013245d0ee3fe4ca",
            ),
            (
                "cert-manager/cert-manager/v1.21.1/deploy/crds/cert-manager.io_issuers.yaml",
                "05e37efb02777e0362d24269fa103c2fc11419f9c85e31854ef873e5d9e5c5cc",
            ),
        ],
    },
    Release {
        addon: "snapshot-controller",
        version: "v8.5.0",
        minors: (32, 36),
        images: &[("snapshot-controller", "registry.k8s.io/sig-storage/snapshot-controller:v8.5.0")],
        files: &[
            (
                "kubernetes-csi/external-snapshotter/v8.6.0/client/config/crd/snapshot.storage.k8s.io_volumesnapshotclasses.yaml",
                "75e6565aac2c0f2949ed13ea884bbaa388cb7be576b558b709cf1168e011828d",
            ),
            (
                "kubernetes-csi/external-snapshotter/v8.6.0/client/config/crd/snapshot.storage.k8s.io_volumesnapshotcontents.yaml",
                "895a3c1e73b60f06a0deb566dd123d01bdf1b2efc5d5ff5231ff8bbcf42dafc7",
            ),
            (
                "kubernetes-csi/external-snapshotter/v8.6.0/client/config/crd/snapshot.storage.k8s.io_volumesnapshots.yaml",
                "b032116e987fb1d7d93cec7d942833adeb9d95c9bdc7e00c10b280c2fe4a6c33",
            ),
        ],
    },
    Release {
        addon: "pod-identity-webhook",
        version: "v0.6.17",
        minors: (32, 36),
        images: &[("webhook", "public.ecr.aws/eks/amazon-eks-pod-identity-webhook:v0.6.17")],
        files: &[],
    },
    Release {
        addon: "node-problem-detector",
        version: "v0.8.20",
        minors: (32, 36),
        images: &[("node-problem-detector", "registry.k8s.io/node-problem-detector/node-problem-detector:v0.8.20")],
        files: &[],
    },
    Release {
        addon: "nvidia-device-plugin",
        version: "v0.17.4",
        minors: (32, 36),
        images: &[("device-plugin", "nvcr.io/nvidia/k8s-device-plugin:v0.17.4")],
        files: &[],
    },
    Release {
        addon: "ingress-nginx",
        version: "v1.15.1",
        minors: (32, 36),
        images: &[(
            "controller",
            "registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:594ceea76b01c592858f803f9ff4d2cb40542cae2060410b2c95f75907d659e1",
        )],
        files: &[(
            "kubernetes/ingress-nginx/controller-v1.15.1/deploy/static/provider/cloud/deploy.yaml",
            "502fddca66b09c20dd48b6d0a792a9671cd663a3a0d2a8bda5ae990d13b6c5b2",
        )],
    },
    Release {
        addon: "monitoring",
        version: "1.0.0",
        minors: (32, 36),
        images: &[
            ("prometheus", "quay.io/prometheus/prometheus:v3.13.2"),
            ("node-exporter", "quay.io/prometheus/node-exporter:v1.12.1"),
            ("kube-state-metrics", "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.19.1"),
            ("grafana", "docker.io/grafana/grafana:13.1.3"),
        ],
        files: &[],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_minor_version_has_exactly_one_release() {
        let addons: BTreeSet<&str> = RELEASES.iter().map(|release| release.addon).collect();
        for addon in addons {
            for minor in OLDEST..=NEWEST {
                let fits = |release: &&Release| {
                    release.addon == addon && (release.minors.0..=release.minors.1).contains(&minor)
                };
                assert_eq!(RELEASES.iter().filter(fits).count(), 1, "{addon} for 1.{minor}");
            }
        }
    }

    #[test]
    fn images_and_files_are_pinned() {
        for release in RELEASES {
            for (part, image) in release.images {
                let (_, tag) = image.rsplit_once(':').unwrap();
                assert!(!tag.is_empty() && tag != "latest" && !tag.contains('/'), "{} {part}", release.addon);
            }
            for (place, sha256) in release.files {
                assert!(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()), "{place}");
                let tag = place.split('/').nth(2).unwrap();
                assert!(tag.contains(|letter: char| letter.is_ascii_digit()), "{place} is at no tag");
            }
        }
    }
}
