//! Calico, by its own manifest.

use kedge_spec::resolved::NetworkPlugin;
use serde_json::{Value, json};

use super::network::container;
use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{SYSTEM, config_map, put};
use crate::patch::{Change, Container, Patch};
use crate::problem::Problem;

/// Settings that are variables of the node's environment.
const VARIABLES: [(&str, &str); 14] = [
    ("bpfEnabled", "FELIX_BPFENABLED"),
    ("bpfExternalServiceMode", "FELIX_BPFEXTERNALSERVICEMODE"),
    ("bpfKubeProxyIptablesCleanupEnabled", "FELIX_BPFKUBEPROXYIPTABLESCLEANUPENABLED"),
    ("bpfLogLevel", "FELIX_BPFLOGLEVEL"),
    ("chainInsertMode", "FELIX_CHAININSERTMODE"),
    ("ipv4AutoDetectionMethod", "IP_AUTODETECTION_METHOD"),
    ("ipv6AutoDetectionMethod", "IP6_AUTODETECTION_METHOD"),
    ("iptablesBackend", "FELIX_IPTABLESBACKEND"),
    ("logSeverityScreen", "FELIX_LOGSEVERITYSCREEN"),
    ("nftablesMode", "FELIX_NFTABLESMODE"),
    ("prometheusMetricsEnabled", "FELIX_PROMETHEUSMETRICSENABLED"),
    ("prometheusMetricsPort", "FELIX_PROMETHEUSMETRICSPORT"),
    ("prometheusGoMetricsEnabled", "FELIX_PROMETHEUSGOMETRICSENABLED"),
    ("prometheusProcessMetricsEnabled", "FELIX_PROMETHEUSPROCESSMETRICSENABLED"),
];

/// What the plugin replaces by the number of bytes of a packet.
const MTU: &str = "__CNI_MTU__";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Addon {
    let settings = context.settings("networking").block("calico");
    if settings.integer("typhaReplicas").is_some_and(|replicas| replicas > 0) {
        problems.push(Problem::new(
            "spec.networking.calico.typhaReplicas",
            "kedge runs Calico without Typha, which very large clusters need",
            "remove it, or bring Calico yourself: `cni: {}` and `spec.addons`",
        ));
    }
    let ipv6 = context.ranges.ipv6;
    let mode = settings.text("encapsulationMode").unwrap_or(if ipv6 { "none" } else { "ipip" });
    let usual = if settings.boolean("crossSubnet") == Some(false) { "Always" } else { "CrossSubnet" };
    let tunnel = |of: &str, setting: &str| settings.text(setting).unwrap_or(if mode == of { usual } else { "Never" });
    let backend = match mode {
        _ if ipv6 => "none",
        "vxlan" => "vxlan",
        _ => "bird",
    };
    let leaves =
        matches!(context.spec.cluster.network.plugin, NetworkPlugin::Calico { leaves_source_destination_check: true });
    let check = if ipv6 || leaves { "DoNothing" } else { settings.text("awsSrcDstCheck").unwrap_or("Disable") };
    let mut env: Vec<(&str, Value)> = vec![
        ("FELIX_AWSSRCDSTCHECK", check.into()),
        ("FELIX_IPV6SUPPORT", ipv6.to_string().into()),
        ("FELIX_WIREGUARDENABLED", settings.boolean("wireguardEnabled").unwrap_or(false).to_string().into()),
    ];
    if ipv6 {
        env.extend([
            ("CALICO_ROUTER_ID", "hash".into()),
            ("CLUSTER_TYPE", "k8s".into()),
            ("IP", "none".into()),
            ("IP6", "autodetect".into()),
            ("NO_DEFAULT_POOLS", "true".into()),
        ]);
    } else {
        env.extend([
            ("CALICO_IPV4POOL_CIDR", context.ranges.pods.as_str().into()),
            ("CALICO_IPV4POOL_IPIP", tunnel("ipip", "ipipMode").into()),
            ("CALICO_IPV4POOL_VXLAN", tunnel("vxlan", "vxlanMode").into()),
            ("CLUSTER_TYPE", if backend == "bird" { "k8s,bgp" } else { "k8s" }.into()),
        ]);
    }
    for (setting, variable) in VARIABLES {
        match settings.get(setting) {
            Some(Value::String(text)) if !text.is_empty() => env.push((variable, text.as_str().into())),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => env.push((variable, value.to_string().into())),
            _ => {}
        }
    }
    let release = context.release("calico");
    let image = |part: &str| {
        let image = release.image(part);
        let (path, tag) = image.rsplit_once(':').unwrap_or((image, ""));
        let path = settings.text("registry").map_or_else(
            || path.to_owned(),
            |registry| format!("{registry}/{}", path.split_once('/').map_or(path, |(_, path)| path)),
        );
        Some(format!("{path}:{}", settings.text("version").unwrap_or(tag)))
    };
    let mut node = Container {
        image: image("node"),
        env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Container::named("calico-node")
    };
    if let Some(cpu) = settings.text("cpuRequest") {
        node.resources = Some(json!({ "requests": { "cpu": cpu } }));
    }
    let mut addon = context.addon("calico", Wave::Foundation);
    if let Some(version) = settings.text("version") {
        version.clone_into(&mut addon.version);
    }
    if backend != "bird" {
        // The probes of upstream ask BIRD, which does not run.
        let probe = |name: &str, flag: &str| (name.to_owned(), ["/bin/calico-node", flag].map(str::to_owned).to_vec());
        node.probe_commands = [probe("livenessProbe", "-felix-live"), probe("readinessProbe", "-felix-ready")].into();
    }
    let mut data = json!({ "calico_backend": backend });
    if let Some(mtu) = settings.integer("mtu") {
        put(&mut data, &["veth_mtu"], mtu.to_string().into());
    }
    // The plugin puts a number in place of the word, so that it must not have quotes.
    let network = format!("{:#}", cni(context, settings.boolean("allowIPForwarding") == Some(true)));
    put(&mut data, &["cni_network_config"], network.replace(&format!("\"{MTU}\""), MTU).into());
    addon.patches = vec![
        Patch::new("ConfigMap", "calico-config", Change::Merge(json!({ "data": data }))),
        container("DaemonSet", "calico-node", node),
    ];
    for (part, name) in [("cni", "upgrade-ipam"), ("cni", "install-cni"), ("node", "ebpf-bootstrap")] {
        addon.patches.push(container(
            "DaemonSet",
            "calico-node",
            Container { image: image(part), ..Container::named(name) },
        ));
    }
    let controllers = Container {
        image: image("kube-controllers"),
        resources: Some(json!({ "requests": { "cpu": "20m", "memory": "64Mi" } })),
        ..Container::named("calico-kube-controllers")
    };
    addon.patches.push(container("Deployment", "calico-kube-controllers", controllers));
    // With it Calico finds the API without kube-proxy, whose work it does itself with eBPF.
    let host = context.surroundings.endpoint.host.clone();
    let endpoint = [("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", "443".to_owned())];
    addon.objects.push(config_map(SYSTEM, "kubernetes-services-endpoint", endpoint));
    addon
}

/// The configuration of the plugin; words in capitals it fills in itself.
fn cni(context: &Context<'_>, forwarding: bool) -> Value {
    let ipam = if context.ranges.ipv6 {
        json!({ "type": "host-local", "ranges": [[{ "subnet": "usePodCidrIPv6" }]], "routes": [{ "dst": "::/0" }] })
    } else {
        json!({ "type": "calico-ipam" })
    };
    let mut plugin = json!({
        "type": "calico",
        "log_level": "info",
        "log_file_path": "/var/log/calico/cni/cni.log",
        "datastore_type": "kubernetes",
        "nodename": "__KUBERNETES_NODE_NAME__",
        "mtu": MTU,
        "ipam": ipam,
        "policy": { "type": "k8s" },
        "kubernetes": { "kubeconfig": "__KUBECONFIG_FILEPATH__" },
    });
    if forwarding {
        put(&mut plugin, &["container_settings"], json!({ "allow_ip_forwarding": true }));
    }
    let portmap = json!({ "type": "portmap", "snat": true, "capabilities": { "portMappings": true } });
    json!({ "name": "k8s-pod-network", "cniVersion": "0.3.1", "plugins": [plugin, portmap] })
}
