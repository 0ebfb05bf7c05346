//! The options of Cilium, by the settings of kops.

use std::collections::BTreeMap;

use kedge_spec::{Settings, text};
use serde_json::{Value, json};

use super::{AGENT_HEALTH, Cilium, OPERATOR_HEALTH};
use crate::objects::SYSTEM;

/// Port of the metrics of flows, of agents and of operators.
pub(super) const HUBBLE_METRICS: u16 = 9965;
pub(super) const OPERATOR_METRICS: u16 = 6942;

/// Settings that are options as they are, with what they are where nothing is written.
const OPTIONS: [(&str, &str, &str); 43] = [
    ("accessLog", "access-log", ""),
    ("agentLabels", "agent-labels", ""),
    ("allowLocalhost", "allow-localhost", ""),
    ("autoDirectNodeRoutes", "auto-direct-node-routes", "false"),
    ("bpfCTGlobalAnyMax", "bpf-ct-global-any-max", "262144"),
    ("bpfCTGlobalTCPMax", "bpf-ct-global-tcp-max", "524288"),
    ("bpfLBAlgorithm", "bpf-lb-algorithm", "random"),
    ("bpfLBMaglevTableSize", "bpf-lb-maglev-table-size", "16381"),
    ("bpfLBMapMax", "bpf-lb-map-max", "65536"),
    ("bpfLBSock", "bpf-lb-sock", ""),
    ("bpfLBSockHostNSOnly", "bpf-lb-sock-hostns-only", "false"),
    ("bpfNATGlobalMax", "bpf-nat-global-max", "524288"),
    ("bpfNeighGlobalMax", "bpf-neigh-global-max", "524288"),
    ("bpfPolicyMapMax", "bpf-policy-map-max", "16384"),
    ("bpfRoot", "bpf-root", ""),
    ("chainingMode", "cni-chaining-mode", ""),
    ("clusterID", "cluster-id", ""),
    ("cniExclusive", "cni-exclusive", "true"),
    ("debug", "debug", "false"),
    ("debugVerbose", "debug-verbose", ""),
    ("device", "devices", ""),
    ("disableEndpointCRD", "disable-endpoint-crd", "false"),
    ("enableEndpointHealthChecking", "enable-endpoint-health-checking", "true"),
    ("enableHostFirewall", "enable-host-firewall", "false"),
    ("enableL7Proxy", "enable-l7-proxy", "true"),
    ("enableLocalRedirectPolicy", "enable-local-redirect-policy", "false"),
    ("enablePolicy", "enable-policy", ""),
    ("enableServiceTopology", "enable-service-topology", "false"),
    ("enableTracing", "enable-tracing", ""),
    ("enableUnreachableRoutes", "enable-unreachable-routes", "false"),
    ("identityAllocationMode", "identity-allocation-mode", "crd"),
    ("identityChangeGracePeriod", "identity-change-grace-period", "5s"),
    ("ipv4ServiceRange", "ipv4-service-range", ""),
    ("ipv6ServiceRange", "ipv6-service-range", ""),
    ("keepConfig", "keep-config", ""),
    ("labels", "labels", ""),
    ("metrics", "metrics", ""),
    ("monitorAggregation", "monitor-aggregation", "medium"),
    ("nodeEncryption", "encrypt-node", ""),
    ("pprof", "pprof", ""),
    ("preallocateBPFMaps", "preallocate-bpf-maps", "false"),
    ("toFqdnsDnsRejectResponseCode", "tofqdns-dns-reject-response-code", "refused"),
    ("tracePayloadlen", "trace-payloadlen", ""),
];

/// Port of the metrics of agents.
pub(super) fn prometheus_port(settings: &Settings) -> u16 {
    settings.integer("agentPrometheusPort").and_then(|port| u16::try_from(port).ok()).unwrap_or(9090)
}

/// The service that ingresses share.
pub(super) fn shared_service(ingress: &Settings) -> &str {
    ingress.text("sharedLoadBalancerServiceName").unwrap_or("cilium-ingress")
}

/// The options.
pub(super) fn data(cilium: &Cilium<'_>) -> BTreeMap<String, String> {
    let settings = &cilium.settings;
    let ipv6 = cilium.context.ranges.ipv6;
    let on = |setting: &str, usual: bool| settings.boolean(setting).unwrap_or(usual).to_string();
    let mut data: BTreeMap<String, String> = BTreeMap::new();
    for (setting, option, usual) in OPTIONS {
        let written = settings.get(setting).and_then(words);
        if let Some(value) = written.or_else(|| (!usual.is_empty()).then(|| usual.to_owned())) {
            data.insert(option.to_owned(), value);
        }
    }
    let proxies = settings.boolean("enableNodePort") == Some(true);
    let native = settings.text("tunnel").map_or(cilium.eni || ipv6, |tunnel| tunnel == "disabled");
    let masquerade = settings.boolean("disableMasquerade").map_or(!cilium.eni && !ipv6, |disabled| !disabled);
    extend(
        &mut data,
        [
            ("agent-health-port", AGENT_HEALTH.to_string()),
            ("operator-api-serve-addr", format!("{}:{OPERATOR_HEALTH}", if ipv6 { "[::1]" } else { "127.0.0.1" })),
            ("cgroup-root", "/run/cilium/cgroupv2".to_owned()),
            ("cluster-name", cilium.name()),
            ("cni-log-file", "/var/run/cilium/cilium-cni.log".to_owned()),
            ("enable-bpf-masquerade", (settings.boolean("enableBPFMasquerade") == Some(true) && !ipv6).to_string()),
            ("enable-ipv4", (!ipv6).to_string()),
            ("enable-ipv4-masquerade", masquerade.to_string()),
            ("enable-ipv6", ipv6.to_string()),
            ("enable-ipv6-masquerade", "false".to_owned()),
            ("enable-node-port", proxies.to_string()),
            ("external-envoy-proxy", "false".to_owned()),
            ("install-iptables-rules", (settings.boolean("IPTablesRulesNoinstall") != Some(true)).to_string()),
            ("ipam", settings.text("ipam").unwrap_or("kubernetes").to_owned()),
            ("kube-proxy-replacement", proxies.to_string()),
            ("nodes-gc-interval", "5m0s".to_owned()),
            ("remove-cilium-node-taints", "true".to_owned()),
            ("routing-mode", if native { "native" } else { "tunnel" }.to_owned()),
            ("set-cilium-is-up-condition", "true".to_owned()),
            ("set-cilium-node-taints", "true".to_owned()),
            ("write-cni-conf-when-ready", "/host/etc/cni/net.d/05-cilium.conflist".to_owned()),
        ],
    );
    if !native {
        data.insert("tunnel-protocol".to_owned(), settings.text("tunnel").unwrap_or("vxlan").to_owned());
    }
    if native && !cilium.eni && !ipv6 {
        data.insert("ipv4-native-routing-cidr".to_owned(), cilium.context.ranges.pods.clone());
    }
    if settings.boolean("enableHostReachableServices") == Some(true) {
        data.insert("bpf-lb-sock".to_owned(), "true".to_owned());
    }
    if cilium.eni {
        data.insert("auto-create-cilium-node-resource".to_owned(), "true".to_owned());
        data.insert("enable-endpoint-routes".to_owned(), "true".to_owned());
        data.insert("eni-tags".to_owned(), tags(cilium));
    }
    if settings.boolean("enablePrometheusMetrics") == Some(true) {
        data.insert("enable-metrics".to_owned(), "true".to_owned());
        data.insert("prometheus-serve-addr".to_owned(), format!(":{}", prometheus_port(settings)));
        data.insert("operator-prometheus-serve-addr".to_owned(), format!(":{OPERATOR_METRICS}"));
    }
    if settings.boolean("enableEncryption") == Some(true) {
        data.insert("enable-wireguard".to_owned(), "true".to_owned());
        data.insert("encrypt-node".to_owned(), on("nodeEncryption", false));
    }
    if cilium.etcd {
        data.insert("kvstore".to_owned(), "etcd".to_owned());
        data.insert("kvstore-opt".to_owned(), "{\"etcd.config\": \"/var/lib/etcd-config/etcd.config\"}".to_owned());
        data.insert("etcd-config".to_owned(), etcd(cilium));
    }
    hubble(cilium, &mut data);
    ingress(cilium, &mut data);
    let extra = settings.map("extraConfig");
    for (option, value) in extra {
        data.insert(option.to_owned(), value.to_owned());
    }
    data
}

/// Sets options.
fn extend(data: &mut BTreeMap<String, String>, options: impl IntoIterator<Item = (&'static str, String)>) {
    data.extend(options.into_iter().map(|(option, value)| (option.to_owned(), value)));
}

fn hubble(cilium: &Cilium<'_>, data: &mut BTreeMap<String, String>) {
    if !cilium.hubble() {
        data.insert("enable-hubble".to_owned(), "false".to_owned());
        return;
    }
    let folder = "/var/lib/cilium/tls/hubble";
    extend(
        data,
        [
            ("enable-hubble", "true".to_owned()),
            ("hubble-disable-tls", "false".to_owned()),
            ("hubble-listen-address", ":4244".to_owned()),
            ("hubble-socket-path", "/var/run/cilium/hubble.sock".to_owned()),
            ("hubble-tls-cert-file", format!("{folder}/tls.crt")),
            ("hubble-tls-client-ca-files", format!("{folder}/ca.crt")),
            ("hubble-tls-key-file", format!("{folder}/tls.key")),
        ],
    );
    let hubble = cilium.settings.block("hubble");
    let metrics = hubble.texts("metrics");
    if !metrics.is_empty() {
        data.insert("hubble-metrics".to_owned(), metrics.join(" "));
        data.insert("hubble-metrics-server".to_owned(), format!(":{HUBBLE_METRICS}"));
    }
}

fn ingress(cilium: &Cilium<'_>, data: &mut BTreeMap<String, String>) {
    if !cilium.ingress() {
        return;
    }
    let settings = cilium.settings.block("ingress");
    let on = |setting: &str, usual: bool| settings.boolean(setting).unwrap_or(usual).to_string();
    extend(
        data,
        [
            ("enable-envoy-config", "true".to_owned()),
            ("enable-ingress-controller", "true".to_owned()),
            ("enable-ingress-secrets-sync", on("enableSecretsSync", true)),
            ("enforce-ingress-https", on("enforceHttps", true)),
            ("ingress-default-lb-mode", settings.text("defaultLoadBalancerMode").unwrap_or("shared").to_owned()),
            ("ingress-secrets-namespace", SYSTEM.to_owned()),
            ("ingress-shared-lb-service-name", shared_service(&settings).to_owned()),
        ],
    );
    if let Some(prefixes) = settings.text("loadBalancerAnnotationPrefixes") {
        data.insert("ingress-lb-annotation-prefixes".to_owned(), prefixes.to_owned());
    }
}

/// Tags of the network interfaces that Cilium makes.
fn tags(cilium: &Cilium<'_>) -> String {
    let cluster = cilium.context.cluster();
    let mut tags: BTreeMap<String, String> = [
        ("KubernetesCluster".to_owned(), cluster.to_owned()),
        (format!("kubernetes.io/cluster/{cluster}"), "owned".to_owned()),
    ]
    .into();
    tags.extend(cilium.context.spec.cluster.cloud_labels.0.clone());
    serde_json::to_string(&tags).unwrap_or_default()
}

/// How Cilium finds its own etcd.
fn etcd(cilium: &Cilium<'_>) -> String {
    let folder = "/var/lib/etcd-secrets";
    text::write(&[json!({
        "endpoints": [format!("https://{}:4003", cilium.context.surroundings.endpoint.host)],
        "trusted-ca-file": format!("{folder}/etcd-ca.crt"),
        "key-file": format!("{folder}/etcd-client-cilium.key"),
        "cert-file": format!("{folder}/etcd-client-cilium.crt"),
    })])
}

/// A setting as the text of an option.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) if !items.is_empty() => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}
