//! Configuration of kube-proxy.

use kedge_spec::ResolvedSpec;
use serde_json::{Map, Value};

use crate::args::text;
use crate::kubelet::{gates, set};
use crate::problem::BootProblem;

/// Settings whose value goes to a field as it is.
const FIELDS: [(&str, &str); 12] = [
    ("bindAddress", "bindAddress"),
    ("clusterCIDR", "clusterCIDR"),
    ("conntrackMaxPerCore", "conntrack.maxPerCore"),
    ("conntrackMin", "conntrack.min"),
    ("hostnameOverride", "hostnameOverride"),
    ("ipvsExcludeCidrs", "ipvs.excludeCIDRs"),
    ("ipvsMinSyncPeriod", "ipvs.minSyncPeriod"),
    ("ipvsScheduler", "ipvs.scheduler"),
    ("ipvsSyncPeriod", "ipvs.syncPeriod"),
    ("logLevel", "logging.verbosity"),
    ("metricsBindAddress", "metricsBindAddress"),
    ("proxyMode", "mode"),
];

/// Whether kube-proxy runs: not if the manifest says so, or if Cilium does its work.
#[must_use]
pub fn runs(spec: &ResolvedSpec) -> bool {
    let settings = &spec.cluster.settings;
    let cilium = settings.block("networking").block("cilium").boolean("enableNodePort") == Some(true);
    settings.block("kubeProxy").boolean("enabled").unwrap_or(!cilium)
}

/// `KubeProxyConfiguration`; `pods` is the range of pods.
pub fn document(spec: &ResolvedSpec, pods: &str, problems: &mut Vec<BootProblem>) -> Value {
    let settings = spec.cluster.settings.block("kubeProxy");
    let mut fields = Map::new();
    set(&mut fields, "clusterCIDR", pods.into());
    for (setting, field) in FIELDS {
        if let Some(value) = settings.get(setting).filter(|value| text(value).is_some()) {
            set(&mut fields, field, value.clone());
        }
    }
    let gates = gates("kubeProxy.featureGates", &settings, problems);
    if !gates.is_empty() {
        set(&mut fields, "featureGates", Value::Object(gates));
    }
    set(&mut fields, "apiVersion", "kubeproxy.config.k8s.io/v1alpha1".into());
    set(&mut fields, "kind", "KubeProxyConfiguration".into());
    Value::Object(fields)
}
