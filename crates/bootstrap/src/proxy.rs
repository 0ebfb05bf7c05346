//! Configuration of kube-proxy.

use std::net::{IpAddr, SocketAddr};

use kedge_spec::{ResolvedSpec, Settings};
use serde_json::{Map, Value};

use crate::args::text;
use crate::authentication::minor;
use crate::duration::{MILLISECOND, nanoseconds};
use crate::gates::gates;
use crate::kubelet::set;
use crate::problem::BootProblem;

/// Settings whose value goes to a field as it is.
const FIELDS: [(&str, &str); 11] = [
    ("bindAddress", "bindAddress"),
    ("clusterCIDR", "clusterCIDR"),
    ("conntrackMaxPerCore", "conntrack.maxPerCore"),
    ("conntrackMin", "conntrack.min"),
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
    rules(&settings, problems);
    let gates = gates("kubeProxy.featureGates", &settings, minor(&spec.cluster.kubernetes_version), problems);
    if !gates.is_empty() {
        set(&mut fields, "featureGates", Value::Object(gates));
    }
    set(&mut fields, "apiVersion", "kubeproxy.config.k8s.io/v1alpha1".into());
    set(&mut fields, "kind", "KubeProxyConfiguration".into());
    Value::Object(fields)
}

/// What kube-proxy refuses.
fn rules(settings: &Settings, problems: &mut Vec<BootProblem>) {
    let mut problem = |setting: &str, why: String, hint: &str| {
        problems.push(BootProblem::new(format!("kubeProxy.{setting}"), why, hint));
    };
    if let Some(mode) = settings.text("proxyMode").filter(|mode| !["iptables", "ipvs", "nftables"].contains(mode)) {
        problem("proxyMode", format!("kube-proxy does not know `{mode}`"), "write `iptables`, `ipvs` or `nftables`");
    }
    if let Some(written) = settings.text("bindAddress").filter(|address| address.parse::<IpAddr>().is_err()) {
        problem("bindAddress", format!("`{written}` is no address"), "write an IP address such as `0.0.0.0`");
    }
    if let Some(written) = settings.text("metricsBindAddress").filter(|place| place.parse::<SocketAddr>().is_err()) {
        let why = format!("`{written}` is no address with a port");
        problem("metricsBindAddress", why, "write them as in `0.0.0.0:10249`");
    }
    let time = |setting: &str| settings.text(setting).and_then(nanoseconds);
    // By itself it looks at everything every 30 seconds.
    let whole = time("ipvsSyncPeriod").unwrap_or(30_000 * MILLISECOND);
    if settings.text("proxyMode") == Some("ipvs") && time("ipvsMinSyncPeriod").is_some_and(|least| least > whole) {
        let why = "it is longer than `ipvsSyncPeriod`, which is 30 seconds by itself".to_owned();
        problem("ipvsMinSyncPeriod", why, "write a shorter one, or a longer one there");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    fn told(settings: &str) -> Vec<String> {
        let spec = spec(&[("spec:\n", &format!("spec:\n  kubeProxy: {settings}\n"))]);
        let mut problems = Vec::new();
        document(&spec, "100.96.0.0/11", &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_kube_proxy_refuses_is_told() {
        for (settings, wanted) in [
            ("{proxyMode: userspace}", "kubeProxy.proxyMode: kube-proxy does not know `userspace`"),
            ("{bindAddress: here}", "kubeProxy.bindAddress: `here` is no address"),
            ("{metricsBindAddress: 0.0.0.0}", "is no address with a port"),
            ("{proxyMode: ipvs, ipvsMinSyncPeriod: 1m}", "longer than `ipvsSyncPeriod`"),
        ] {
            let problems = told(settings);
            assert_eq!(problems.len(), 1, "{settings}: {problems:?}");
            assert!(problems[0].contains(wanted), "{problems:?}");
        }
        let sound = "{proxyMode: ipvs, bindAddress: '::', metricsBindAddress: '[::1]:10249', ipvsMinSyncPeriod: 1s}";
        assert_eq!(told(sound), [""; 0]);
    }
}
