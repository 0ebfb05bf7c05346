//! Configuration of kubelets: fields of `KubeletConfiguration`, and the few things that are still flags.

mod rules;

use kedge_spec::resolved::{InstanceGroup, NetworkPlugin, Role};
use kedge_spec::{ResolvedSpec, Settings};
use serde_json::{Map, Value, json};

use crate::args::{Args, text};
use crate::authentication::minor;
use crate::duration::{MILLISECOND, nanoseconds};
use crate::gates::gates;
use crate::labels::Labels;
use crate::problem::BootProblem;
use crate::system::{PROVIDER_CONFIG, PROVIDERS};

/// Settings whose value goes to a field as it is; the field may be within others.
const FIELDS: [(&str, &str); 63] = [
    ("allowedUnsafeSysctls", "allowedUnsafeSysctls"),
    ("anonymousAuth", "authentication.anonymous.enabled"),
    ("authenticationTokenWebhook", "authentication.webhook.enabled"),
    ("authenticationTokenWebhookCacheTtl", "authentication.webhook.cacheTTL"),
    ("authorizationMode", "authorization.mode"),
    ("cgroupDriver", "cgroupDriver"),
    ("cgroupRoot", "cgroupRoot"),
    ("clientCaFile", "authentication.x509.clientCAFile"),
    ("clusterDomain", "clusterDomain"),
    ("containerLogMaxFiles", "containerLogMaxFiles"),
    ("containerLogMaxSize", "containerLogMaxSize"),
    ("cpuCFSQuota", "cpuCFSQuota"),
    ("cpuCFSQuotaPeriod", "cpuCFSQuotaPeriod"),
    ("cpuManagerPolicy", "cpuManagerPolicy"),
    ("crashLoopBackOffMaxContainerRestartPeriod", "crashLoopBackOff.maxContainerRestartPeriod"),
    ("enableDebuggingHandlers", "enableDebuggingHandlers"),
    ("eventBurst", "eventBurst"),
    ("eventQPS", "eventRecordQPS"),
    ("eventRecordQPS", "eventRecordQPS"),
    ("evictionMaxPodGracePeriod", "evictionMaxPodGracePeriod"),
    ("evictionPressureTransitionPeriod", "evictionPressureTransitionPeriod"),
    ("failSwapOn", "failSwapOn"),
    ("hairpinMode", "hairpinMode"),
    ("imageGCHighThresholdPercent", "imageGCHighThresholdPercent"),
    ("imageGCLowThresholdPercent", "imageGCLowThresholdPercent"),
    ("imageMaximumGCAge", "imageMaximumGCAge"),
    ("imageMinimumGCAge", "imageMinimumGCAge"),
    ("kernelMemcgNotification", "kernelMemcgNotification"),
    ("kubeAPIQPS", "kubeAPIQPS"),
    ("kubeReserved", "kubeReserved"),
    ("kubeReservedCgroup", "kubeReservedCgroup"),
    ("kubeletCgroups", "kubeletCgroups"),
    ("logFormat", "logging.format"),
    ("logLevel", "logging.verbosity"),
    ("maxParallelImagePulls", "maxParallelImagePulls"),
    ("maxPods", "maxPods"),
    ("memorySwapBehavior", "memorySwap.swapBehavior"),
    ("nodeLeaseDurationSeconds", "nodeLeaseDurationSeconds"),
    ("nodeStatusUpdateFrequency", "nodeStatusUpdateFrequency"),
    ("podCIDR", "podCIDR"),
    ("podPidsLimit", "podPidsLimit"),
    ("protectKernelDefaults", "protectKernelDefaults"),
    ("readOnlyPort", "readOnlyPort"),
    ("registerNode", "registerNode"),
    ("registryBurst", "registryBurst"),
    ("registryPullQPS", "registryPullQPS"),
    ("resolvConf", "resolvConf"),
    ("rotateCertificates", "rotateCertificates"),
    ("runtimeRequestTimeout", "runtimeRequestTimeout"),
    ("seccompDefault", "seccompDefault"),
    ("serializeImagePulls", "serializeImagePulls"),
    ("shutdownGracePeriod", "shutdownGracePeriod"),
    ("shutdownGracePeriodCriticalPods", "shutdownGracePeriodCriticalPods"),
    ("streamingConnectionIdleTimeout", "streamingConnectionIdleTimeout"),
    ("systemCgroups", "systemCgroups"),
    ("systemReserved", "systemReserved"),
    ("systemReservedCgroup", "systemReservedCgroup"),
    ("tlsCertFile", "tlsCertFile"),
    ("tlsCipherSuites", "tlsCipherSuites"),
    ("tlsMinVersion", "tlsMinVersion"),
    ("tlsPrivateKeyFile", "tlsPrivateKeyFile"),
    ("topologyManagerPolicy", "topologyManagerPolicy"),
    ("volumeStatsAggPeriod", "volumeStatsAggPeriod"),
];

/// Settings that are flags still.
const FLAGS: [(&str, &str); 3] =
    [("housekeepingInterval", "housekeeping-interval"), ("rootDir", "root-dir"), ("runtimeCgroups", "runtime-cgroups")];

/// Settings of the kubelet of a group: those of the cluster, those of control planes, those of the group.
pub(crate) fn of_group(spec: &ResolvedSpec, group: &InstanceGroup) -> Settings {
    let mut settings = spec.cluster.settings.block("kubelet");
    if group.role == Role::ControlPlane {
        settings = settings.overlaid(&spec.cluster.settings.block("masterKubelet"));
    }
    settings.overlaid(&group.settings.block("kubelet"))
}

/// The fields that settings make; no defaults.
pub(crate) fn fields(settings: &Settings, minor: u32, problems: &mut Vec<BootProblem>) -> Map<String, Value> {
    let mut fields = Map::new();
    for (setting, field) in FIELDS {
        if let Some(value) = settings.get(setting).filter(|value| text(value).is_some()) {
            set(&mut fields, field, value.clone());
        }
    }
    if let Some(directory) = settings.text("volumePluginDirectory") {
        set(&mut fields, "volumePluginDir", directory.into());
    }
    if let Some(directory) = settings.text("podManifestPath") {
        set(&mut fields, "staticPodPath", directory.into());
    }
    if let Some(server) = settings.text("clusterDNS") {
        set(&mut fields, "clusterDNS", server.split(',').map(str::trim).collect());
    }
    if let Some(parts) = settings.text("enforceNodeAllocatable") {
        set(&mut fields, "enforceNodeAllocatable", parts.split(',').map(str::trim).collect());
    }
    let unsafe_sysctls = settings.texts("experimentalAllowedUnsafeSysctls");
    if !unsafe_sysctls.is_empty() {
        set(&mut fields, "allowedUnsafeSysctls", unsafe_sysctls.into_iter().collect());
    }
    let gates = gates("kubelet.featureGates", settings, minor, problems);
    if !gates.is_empty() {
        set(&mut fields, "featureGates", Value::Object(gates));
    }
    for (setting, sign) in [
        ("evictionHard", '<'),
        ("evictionSoft", '<'),
        ("evictionSoftGracePeriod", '='),
        ("evictionMinimumReclaim", '='),
    ] {
        let Some(written) = settings.text(setting) else { continue };
        let mut thresholds = Map::new();
        for part in written.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once(sign) {
                Some((signal, value)) => {
                    thresholds.insert(signal.trim().to_owned(), value.trim().into());
                }
                None => problems.push(BootProblem::new(
                    format!("kubelet.{setting}"),
                    format!("`{part}` sets no threshold"),
                    format!("write `signal{sign}value`, several with commas between them"),
                )),
            }
        }
        set(&mut fields, setting, Value::Object(thresholds));
    }
    fields
}

/// What is set where the manifest does not say otherwise.
fn with_defaults(mut fields: Map<String, Value>) -> Map<String, Value> {
    let mut default = |path: &str, value: Value| {
        if get(&fields, path).is_none() {
            set(&mut fields, path, value);
        }
    };
    default("authentication.anonymous.enabled", false.into());
    default("authentication.webhook.enabled", true.into());
    default("authorization.mode", "Webhook".into());
    default("cgroupDriver", "systemd".into());
    default("rotateCertificates", true.into());
    default("shutdownGracePeriod", "30s".into());
    // A part of the time before, which the manifest may have made shorter.
    let whole = get(&fields, "shutdownGracePeriod").and_then(Value::as_str).unwrap_or_default();
    let is_short = nanoseconds(whole).is_some_and(|time| time < 10_000 * MILLISECOND);
    let critical = if is_short { whole.to_owned() } else { "10s".to_owned() };
    if get(&fields, "shutdownGracePeriodCriticalPods").is_none() {
        set(&mut fields, "shutdownGracePeriodCriticalPods", critical.into());
    }
    fields
}

/// What kubeadm writes for the kubelets of a group beside its own defaults, as a merge patch: all of it, whatever other groups
/// have. The `ConfigMap` `kubelet-config` holds kubeadm's defaults alone: it is written once, when the cluster is made, so that
/// nothing that a manifest may change later stands in it.
pub(crate) fn patch(
    spec: &ResolvedSpec,
    group: &InstanceGroup,
    domain: &str,
    dns: &str,
    problems: &mut Vec<BootProblem>,
) -> Value {
    let minor = minor(&spec.cluster.kubernetes_version);
    let mut fields = with_defaults(fields(&of_group(spec, group), minor, problems));
    rules::check(&fields, minor, problems);
    fields.entry("clusterDNS").or_insert_with(|| json!([dns]));
    fields.entry("clusterDomain").or_insert_with(|| domain.into());
    Value::Object(fields)
}

/// Flags of the kubelets of a group.
pub(crate) fn flags(spec: &ResolvedSpec, group: &InstanceGroup, labels: &Labels) -> Args {
    let mut args = Args::of(&of_group(spec, group), &FLAGS);
    args.push("cloud-provider", "external");
    if spec.cluster.network.ipv6_only() {
        // By themselves they take the IPv4 address that such nodes have as well.
        args.push("node-ip", "::");
    }
    if !labels.kubelet.is_empty() {
        let pairs: Vec<String> = labels.kubelet.iter().map(|(label, value)| format!("{label}={value}")).collect();
        args.push("node-labels", pairs.join(","));
    }
    if uses_ecr(spec) {
        args.push("image-credential-provider-bin-dir", PROVIDERS);
        args.push("image-credential-provider-config", PROVIDER_CONFIG);
    }
    args
}

/// Whether a kubelet takes as many pods as its machine has addresses, because nobody says how many.
pub(crate) fn counts_addresses(spec: &ResolvedSpec, group: &InstanceGroup) -> bool {
    let plugin = &spec.cluster.network.plugin;
    let by_interfaces = matches!(plugin, NetworkPlugin::AmazonVpc | NetworkPlugin::Cilium { eni: true, .. });
    by_interfaces && of_group(spec, group).get("maxPods").is_none()
}

/// Whether nodes may read ECR, so that kubelets need credentials for it.
pub(crate) fn uses_ecr(spec: &ResolvedSpec) -> bool {
    spec.cluster.iam.allow_container_registry || spec.cluster.ecr_credentials_for_mirrors
}

/// Sets a field within others: `a.b.c`.
pub(crate) fn set(fields: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            fields.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            if let Value::Object(inner) = fields.entry(first).or_insert_with(|| json!({})) {
                set(inner, rest, value);
            }
        }
    }
}

fn get<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => fields.get(path),
        Some((first, rest)) => get(fields.get(first)?.as_object()?, rest),
    }
}

#[cfg(test)]
mod tests;
