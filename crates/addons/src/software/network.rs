//! The network plugin.

use kedge_spec::resolved::NetworkPlugin;
use serde_json::{Value, json};

use super::{calico, cilium};
use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::patch::{Change, Container, Patch};
use crate::problem::Problem;

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    match &context.spec.cluster.network.plugin {
        // Whoever writes `cni` brings a plugin; routes of kubenet are the cloud controller's.
        NetworkPlugin::Cni | NetworkPlugin::Kubenet => None,
        NetworkPlugin::Cilium { .. } => Some(cilium::make(context, problems)),
        NetworkPlugin::Calico { .. } => Some(calico::make(context, problems)),
        NetworkPlugin::Flannel => Some(flannel(context)),
        NetworkPlugin::AmazonVpc => Some(amazon_vpc(context)),
        NetworkPlugin::Kindnet => Some(kindnet(context, problems)),
        NetworkPlugin::KubeRouter => Some(kube_router(context)),
        NetworkPlugin::Kopeio => {
            problems.push(Problem::new(
                "spec.networking.kopeio",
                "kopeio has had no release since 2020 and does not run on current Kubernetes",
                "choose one of amazonvpc, calico, cilium, flannel, kindnet and kuberouter",
            ));
            None
        }
    }
}

/// A change of a container.
pub(super) fn container(kind: &str, name: &str, change: Container) -> Patch {
    Patch::new(kind, name, Change::Container(Box::new(change)))
}

fn flannel(context: &Context<'_>) -> Addon {
    let settings = context.settings("networking").block("flannel");
    let backend = settings.text("backend").unwrap_or("vxlan");
    let configuration =
        json!({ "Network": context.ranges.pods, "EnableNFTables": false, "Backend": { "Type": backend } });
    let mut flags = Vec::new();
    if let Some(seconds) = settings.integer("iptablesResyncSeconds") {
        flags.push(format!("--iptables-resync={seconds}"));
    }
    let mut addon = context.addon("flannel", Wave::Foundation);
    let data = json!({ "data": { "net-conf.json": format!("{configuration:#}\n") } });
    addon.patches.push(Patch::new("ConfigMap", "kube-flannel-cfg", Change::Merge(data)));
    if !flags.is_empty() {
        addon.patches.push(container(
            "DaemonSet",
            "kube-flannel-ds",
            Container { flags, ..Container::named("kube-flannel") },
        ));
    }
    if settings.boolean("disableTxChecksumOffloading") == Some(true) {
        // The device exists once flannel runs; ethtool of the image turns the offloading off.
        let hook = [
            "/bin/sh",
            "-c",
            "for i in $(seq 60); do ip link show flannel.1 && break; sleep 1; done; ethtool -K flannel.1 tx-checksum-ip-generic off",
        ];
        let lifecycle = json!({ "postStart": { "exec": { "command": hook } } });
        addon.patches.push(container(
            "DaemonSet",
            "kube-flannel-ds",
            Container { lifecycle: Some(lifecycle), ..Container::named("kube-flannel") },
        ));
    }
    addon
}

fn amazon_vpc(context: &Context<'_>) -> Addon {
    let settings = context.settings("networking").block("amazonvpc");
    let release = context.release("amazon-vpc-cni");
    let image = |setting: &str, part: &str| {
        let written = settings.text(setting).map(str::to_owned);
        Some(written.unwrap_or_else(|| regional(context, release.image(part))))
    };
    let mut node = Container { image: image("imageName", "cni"), ..Container::named("aws-node") };
    node.env.insert("CLUSTER_NAME".to_owned(), context.cluster().into());
    for variable in settings.blocks("env") {
        if let Some(name) = variable.text("name") {
            node.env.insert(name.to_owned(), variable.text("value").unwrap_or_default().into());
        }
    }
    let init = Container { image: image("initImageName", "init"), ..Container::named("aws-vpc-cni-init") };
    let agent = image("networkPolicyAgentImage", "network-policy-agent");
    let agent = Container { image: agent, ..Container::named("aws-eks-nodeagent") };
    let mut addon = context.addon("amazon-vpc-cni", Wave::Foundation);
    addon.patches.extend([node, init, agent].map(|change| container("DaemonSet", "aws-node", change)));
    addon
}

/// An image of Amazon's registry, from where the cluster's region and partition have it.
fn regional(context: &Context<'_>, image: &str) -> String {
    let (account, suffix) = match context.surroundings.partition {
        "aws-cn" => ("961992271922", "amazonaws.com.cn"),
        "aws-us-gov" if context.surroundings.region == "us-gov-east-1" => ("151742754352", "amazonaws.com"),
        "aws-us-gov" => ("013241004608", "amazonaws.com"),
        _ => return image.to_owned(),
    };
    let path = image.split_once('/').map_or(image, |(_, path)| path);
    format!("{account}.dkr.ecr.{}.{suffix}/{path}", context.surroundings.region)
}

fn kindnet(context: &Context<'_>, problems: &mut Vec<Problem>) -> Addon {
    let settings = context.settings("networking").block("kindnet");
    for name in ["adminNetworkPolicies", "baselineAdminNetworkPolicies"] {
        if settings.boolean(name) == Some(true) {
            problems.push(Problem::new(
                format!("spec.networking.kindnet.{name}"),
                "kindnet 1.0 knows no policies of administrators",
                "remove it; network policies of namespaces are on",
            ));
        }
    }
    let switch = |setting: &str, usual: bool| settings.boolean(setting).unwrap_or(usual);
    let masquerade = settings.block("masquerade");
    let mut flags = vec![
        format!("--network-policy={}", switch("networkPolicies", true)),
        format!("--dns-caching={}", switch("dnsCaching", true)),
        format!("--nat64={}", switch("nat64", context.ranges.ipv6)),
        format!("--masquerading={}", masquerade.boolean("enabled").unwrap_or(true)),
        format!("--fastpath-threshold={}", settings.integer("fastPathThreshold").unwrap_or(0)),
        format!("--v={}", settings.integer("logLevel").unwrap_or(2)),
    ];
    let ranges = masquerade.texts("nonMasqueradeCIDRs");
    if !ranges.is_empty() {
        flags.push(format!("--no-masquerade-cidr={}", ranges.join(",")));
    }
    let image = settings.text("version").map_or_else(
        || context.release("kindnet").image("kindnet").to_owned(),
        |version| format!("registry.k8s.io/networking/kindnet:{version}"),
    );
    let daemon = Container { image: Some(image.clone()), flags, ..Container::named("kindnet-cni") };
    let install = Container { image: Some(image), ..Container::named("install-cni-bin") };
    let mut addon = context.addon("kindnet", Wave::Foundation);
    if let Some(version) = settings.text("version") {
        version.clone_into(&mut addon.version);
    }
    addon.patches.extend([daemon, install].map(|change| container("DaemonSet", "kindnet", change)));
    addon.patches.push(Patch::new("DaemonSet", "kindnet", Change::Merge(critical())));
    addon
}

/// The class of pods that upstream gave none.
fn critical() -> Value {
    json!({ "spec": { "template": { "spec": { "priorityClassName": "system-node-critical" } } } })
}

fn kube_router(context: &Context<'_>) -> Addon {
    let settings = context.settings("networking").block("kuberouter");
    let image = Some(context.release("kube-router").image("kube-router").to_owned());
    // Where kube-proxy does not run, kube-router does its work.
    let proxy = !kedge_bootstrap::proxy::runs(context.spec);
    let mut flags = vec![format!("--run-service-proxy={proxy}"), "--enable-ibgp=true".to_owned()];
    if settings.boolean("useNFTablesForNetpol") == Some(true) {
        flags.push("--use-nftables-for-netpol=true".to_owned());
    }
    let mut daemon = Container { image: image.clone(), flags, ..Container::named("kube-router") };
    let host = &context.surroundings.endpoint.host;
    for (name, value) in [("KUBERNETES_SERVICE_HOST", host.as_str()), ("KUBERNETES_SERVICE_PORT", "443")] {
        daemon.env.insert(name.to_owned(), value.into());
    }
    let mut volumes = Vec::new();
    if context.has_roles() {
        let role = context.role_change("kube-router", "kube-router");
        daemon.env.extend(role.env);
        daemon.mounts.extend(role.mounts);
        volumes.push(crate::context::token_volume_named());
    }
    // It finds the API by its service account; upstream expects a kubeconfig on the host, which kubeadm does not make.
    daemon.without_mounts.push("/var/lib/kube-router/kubeconfig".to_owned());
    let install = Container { image, ..Container::named("install-cni") };
    let mut addon = context.addon("kube-router", Wave::Foundation);
    addon.patches.extend([daemon, install].map(|change| container("DaemonSet", "kube-router", change)));
    let volumes = Change::Volumes { add: volumes, remove: vec!["kubeconfig".to_owned()] };
    addon.patches.push(Patch::new("DaemonSet", "kube-router", volumes));
    addon
}
