//! What kubelets refuse: a configuration that breaks one of these rules ends every kubelet that is started with it.

use serde_json::{Map, Value};

use super::get;
use crate::duration::{MILLISECOND, nanoseconds};
use crate::problem::BootProblem;

/// Fields that take a few words only, with the setting that they come from.
const WORDS: [(&str, &str, &[&str]); 6] = [
    ("authorization.mode", "authorizationMode", &["Webhook", "AlwaysAllow"]),
    ("cgroupDriver", "cgroupDriver", &["systemd", "cgroupfs"]),
    ("cpuManagerPolicy", "cpuManagerPolicy", &["none", "static"]),
    ("hairpinMode", "hairpinMode", &["none", "hairpin-veth", "promiscuous-bridge"]),
    ("memorySwap.swapBehavior", "memorySwapBehavior", &["NoSwap", "LimitedSwap"]),
    ("tlsMinVersion", "tlsMinVersion", &["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]),
];

/// Numbers with the least and the most that they may be.
const NUMBERS: [(&str, i64, i64); 12] = [
    ("containerLogMaxFiles", 2, i64::MAX),
    ("eventBurst", 0, i64::MAX),
    ("eventRecordQPS", 0, i64::MAX),
    ("imageGCHighThresholdPercent", 0, 100),
    ("imageGCLowThresholdPercent", 0, 100),
    ("kubeAPIQPS", 0, i64::MAX),
    ("maxParallelImagePulls", 1, i64::MAX),
    ("maxPods", 0, i64::MAX),
    ("nodeLeaseDurationSeconds", 1, i64::MAX),
    ("readOnlyPort", 0, 65535),
    ("registryBurst", 0, i64::MAX),
    ("registryPullQPS", 0, i64::MAX),
];

/// What may stand in `enforceNodeAllocatable`, with the cgroup that it needs.
const ENFORCED: [(&str, Option<&str>); 6] = [
    ("none", None),
    ("pods", None),
    ("system-reserved", Some("systemReservedCgroup")),
    ("system-reserved-compressible", Some("systemReservedCgroup")),
    ("kube-reserved", Some("kubeReservedCgroup")),
    ("kube-reserved-compressible", Some("kubeReservedCgroup")),
];

/// Where kubeadm puts what kubelets of control planes run by themselves.
const STATIC_PODS: &str = "/etc/kubernetes/manifests";

/// Looks at the configuration of the kubelets of a group. `minor` is the second number of their version.
pub(crate) fn check(fields: &Map<String, Value>, minor: u32, problems: &mut Vec<BootProblem>) {
    let mut found = Found { fields, problems };
    words(&mut found);
    numbers(&mut found);
    images(&mut found);
    times(&mut found, minor);
    cgroups(&mut found);
    if let Some(folder) = found.text("staticPodPath").filter(|folder| folder.trim_end_matches('/') != STATIC_PODS) {
        found.push(
            "podManifestPath",
            format!("`{folder}` is not where kubeadm puts the control plane"),
            format!("leave it out, or write `{STATIC_PODS}`"),
        );
    }
}

struct Found<'a> {
    fields: &'a Map<String, Value>,
    problems: &'a mut Vec<BootProblem>,
}

impl<'a> Found<'a> {
    fn text(&self, field: &str) -> Option<&'a str> {
        get(self.fields, field)?.as_str()
    }

    fn number(&self, field: &str) -> Option<i64> {
        get(self.fields, field)?.as_i64()
    }

    fn time(&self, field: &str) -> Option<u64> {
        nanoseconds(self.text(field)?)
    }

    fn has_gate(&self, gate: &str) -> Option<bool> {
        self.fields.get("featureGates")?.get(gate)?.as_bool()
    }

    fn push(&mut self, setting: &str, why: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(BootProblem::new(format!("kubelet.{setting}"), why, hint));
    }
}

fn words(found: &mut Found<'_>) {
    for (field, setting, known) in WORDS {
        if let Some(word) = found.text(field).filter(|word| !known.contains(word)) {
            found.push(setting, format!("kubelets do not know `{word}`"), format!("write one of {}", known.join(", ")));
        }
    }
}

fn numbers(found: &mut Found<'_>) {
    for (field, least, most) in NUMBERS {
        if let Some(number) = found.number(field).filter(|number| !(least..=most).contains(number)) {
            let range = if most == i64::MAX { format!("{least} or more") } else { format!("{least} to {most}") };
            found.push(field, format!("kubelets do not take {number}"), format!("write {range}"));
        }
    }
}

fn images(found: &mut Found<'_>) {
    let (low, high) = ("imageGCLowThresholdPercent", "imageGCHighThresholdPercent");
    // What they are by themselves.
    let (from, to) = (found.number(low).unwrap_or(80), found.number(high).unwrap_or(85));
    if from >= to {
        let field = if found.number(low).is_some() { low } else { high };
        let why = format!("images are removed down to {from} percent once {to} are in use, which is not less");
        found.push(field, why, format!("write `{low}` and `{high}`, the first of them the lower one"));
    }
    let youngest = found.time("imageMinimumGCAge").unwrap_or(120_000 * MILLISECOND);
    if found.time("imageMaximumGCAge").is_some_and(|oldest| oldest > 0 && oldest <= youngest) {
        let hint = "write a longer time, or a shorter `imageMinimumGCAge`, which is two minutes by itself";
        found.push("imageMaximumGCAge", "images would have to go before they may", hint);
    }
    let serial = get(found.fields, "serializeImagePulls").and_then(Value::as_bool);
    if found.number("maxParallelImagePulls").is_some_and(|most| most > 1) && serial != Some(false) {
        found.push("maxParallelImagePulls", "images are pulled one by one", "write `serializeImagePulls: false` too");
    }
}

fn times(found: &mut Found<'_>, minor: u32) {
    let second = 1_000 * MILLISECOND;
    if let (Some(all), Some(critical)) =
        (found.time("shutdownGracePeriod"), found.time("shutdownGracePeriodCriticalPods"))
    {
        if critical > all {
            let hint = "it is a part of `shutdownGracePeriod`: write a shorter one, or a longer one there";
            found.push("shutdownGracePeriodCriticalPods", "it is longer than the whole shutdown", hint);
        }
        for (setting, time) in [("shutdownGracePeriod", all), ("shutdownGracePeriodCriticalPods", critical)] {
            if time > 0 && time < second {
                found.push(setting, "kubelets do not take less than a second", "write `0s`, or `1s` or more");
            }
        }
    }
    if let Some(longest) = found.time("crashLoopBackOff.maxContainerRestartPeriod") {
        let setting = "crashLoopBackOffMaxContainerRestartPeriod";
        if !(second..=300 * second).contains(&longest) {
            found.push(setting, "kubelets take one second to five minutes", "write such a time");
        }
        gate(found, setting, "KubeletCrashLoopBackOffMax", minor >= 35);
    }
    if let Some(period) = found.time("cpuCFSQuotaPeriod").filter(|period| *period != 100 * MILLISECOND) {
        let setting = "cpuCFSQuotaPeriod";
        if !(MILLISECOND..=second).contains(&period) {
            found.push(setting, "kubelets take one millisecond to one second", "write such a time");
        }
        gate(found, setting, "CustomCPUCFSQuotaPeriod", minor >= 36);
    }
}

/// A field that is taken behind a feature gate only, which is open by itself or not.
fn gate(found: &mut Found<'_>, setting: &str, gate: &str, is_open: bool) {
    if !found.has_gate(gate).unwrap_or(is_open) {
        let why = format!("this version of Kubernetes takes it with the feature gate {gate} only");
        found.push(setting, why, format!("write `kubelet.featureGates: {{{gate}: \"true\"}}`, or leave it out"));
    }
}

fn cgroups(found: &mut Found<'_>) {
    if found.text("systemCgroups").is_some() && found.text("cgroupRoot").is_none() {
        found.push("systemCgroups", "kubelets take it together with `cgroupRoot` only", "write `cgroupRoot: /` too");
    }
    let enforced: Vec<&str> = found
        .fields
        .get("enforceNodeAllocatable")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let setting = "enforceNodeAllocatable";
    for part in &enforced {
        match ENFORCED.iter().find(|(known, _)| known == part) {
            None => {
                let known: Vec<&str> = ENFORCED.iter().map(|(known, _)| *known).collect();
                found.push(
                    setting,
                    format!("kubelets do not know `{part}`"),
                    format!("write some of {}", known.join(", ")),
                );
            }
            Some((_, Some(cgroup))) if found.text(cgroup).is_none() => {
                found.push(setting, format!("`{part}` needs a cgroup"), format!("name it in `{cgroup}`"));
            }
            Some(_) => {}
        }
        if enforced.contains(&format!("{part}-compressible").as_str()) {
            found.push(setting, format!("`{part}` is there in both of its forms"), "leave one of them out");
        }
    }
    if enforced.contains(&"none") && enforced.len() > 1 {
        found.push(setting, "`none` stands with others", "leave `none` or the others out");
    }
}

#[cfg(test)]
mod tests;
