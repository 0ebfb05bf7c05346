//! etcd on control planes, which kubeadm runs.

use kedge_spec::{ResolvedSpec, Settings};
use serde::Serialize;

use crate::args::{Arg, Args};
use crate::authentication::minor;
use crate::components::envs;
use crate::duration::{MILLISECOND, nanoseconds};
use crate::problem::BootProblem;

/// Where etcd keeps its data: the volume of the member.
const DATA: &str = "/var/lib/etcd";

/// `etcd.local` of kubeadm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Etcd {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<String>,
    data_dir: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_args: Vec<Arg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_envs: Vec<Arg>,
}

/// The settings of the etcd cluster `main`, which holds everything.
pub(crate) fn main_etcd(spec: &ResolvedSpec) -> Settings {
    let clusters = spec.cluster.settings.blocks("etcdClusters");
    clusters.into_iter().find(|cluster| cluster.text("name") == Some("main")).unwrap_or_default()
}

/// For how many days snapshots of etcd are kept, where that is written.
pub(crate) fn retention_days(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Option<u32> {
    let written = main_etcd(spec).block("manager").integer("backupRetentionDays")?;
    let days = u32::try_from(written).ok().filter(|days| (1..=3650).contains(days));
    if days.is_none() {
        problems.push(BootProblem::new(
            "etcdClusters[main].manager.backupRetentionDays",
            format!("snapshots of etcd cannot be kept for {written} days"),
            "write a number of days from 1 to 3650, or leave it out: then it is 90",
        ));
    }
    days
}

/// What kubeadm is told of etcd.
pub(crate) fn etcd(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Etcd {
    let main = main_etcd(spec);
    let mut args = Args::default();
    let mut problem = |setting: &str, why: String, hint: &str| {
        problems.push(BootProblem::new(format!("etcdClusters[main].{setting}"), why, hint));
    };
    // What they are by themselves.
    let mut times =
        [("heartbeatInterval", "heartbeat-interval", 100), ("leaderElectionTimeout", "election-timeout", 1000)];
    for (setting, flag, time) in &mut times {
        if let Some(written) = main.text(setting) {
            match milliseconds(written) {
                Some(read) => {
                    *time = read;
                    args.push(flag, read.to_string());
                }
                None => {
                    let why = format!("`{written}` is no time that etcd knows");
                    problem(setting, why, "write a time such as `100ms` or `1s`");
                }
            }
        }
    }
    let [(_, _, heartbeat), (setting, _, election)] = times;
    if election < heartbeat.saturating_mul(5) || election > 50_000 {
        let why =
            format!("members of etcd do not start with {election} ms, where a heartbeat comes every {heartbeat} ms");
        problem(setting, why, "write five times `heartbeatInterval` or more, and `50s` at the most");
    }
    let manager = main.block("manager");
    let metrics = manager.texts("listenMetricsURLs");
    if !metrics.is_empty() {
        args.push("listen-metrics-urls", metrics.join(","));
    }
    // Variables of kops's manager mean nothing to etcd.
    let etcd_only = |env: &Arg| env.name.starts_with("ETCD_") && !env.name.starts_with("ETCD_MANAGER_");
    let (image_repository, tag_of_image) = main.text("image").map_or((None, None), image);
    let image_tag = tag_of_image.or_else(|| main.text("version").map(|version| format!("{version}-0")));
    // kubeadm starts it with flags that etcd 3.5 does not know.
    if minor(&spec.cluster.kubernetes_version) >= 36 && image_tag.as_deref().is_some_and(is_before_3_6) {
        let why = format!("Kubernetes {} runs etcd 3.6 or later", spec.cluster.kubernetes_version);
        problem("version", why, "leave `version` and `image` out, or write a later one");
    }
    Etcd {
        image_repository,
        image_tag,
        data_dir: DATA,
        extra_args: args.0,
        extra_envs: envs(&manager).into_iter().filter(etcd_only).collect(),
    }
}

/// Whether the tag of an image is that of an etcd before 3.6.
fn is_before_3_6(tag: &str) -> bool {
    let mut numbers = tag.trim_start_matches('v').split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) < (3, 6))
}

/// Repository and tag of an image; kubeadm adds the name `etcd` itself.
fn image(image: &str) -> (Option<String>, Option<String>) {
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
        _ => (image, None),
    };
    (name.strip_suffix("/etcd").map(str::to_owned), tag)
}

/// A Go duration in milliseconds; none for less than one.
fn milliseconds(text: &str) -> Option<u64> {
    nanoseconds(text).map(|time| time / MILLISECOND).filter(|time| *time > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    fn made(settings: &str, version: &str) -> (Etcd, Vec<BootProblem>) {
        let main = format!("  - name: main\n    {settings}\n");
        let spec = spec(&[("  - name: main\n", &main), ("1.34.1", version)]);
        let mut problems = Vec::new();
        (etcd(&spec, &mut problems), problems)
    }

    #[test]
    fn settings_of_etcd() {
        let (etcd, problems) = made(
            "image: example.com/x/etcd:v3.6.9\n    heartbeatInterval: 200ms\n    leaderElectionTimeout: 1s\n    manager: {env: \
             [{name: ETCD_QUOTA_BACKEND_BYTES, value: '8'}, {name: ETCD_MANAGER_DAILY, value: '1'}]}",
            "1.36.0",
        );
        assert_eq!(problems, []);
        assert_eq!(
            serde_json::to_value(etcd).unwrap(),
            serde_json::json!({
                "imageRepository": "example.com/x",
                "imageTag": "v3.6.9",
                "dataDir": "/var/lib/etcd",
                "extraArgs": [
                    { "name": "heartbeat-interval", "value": "200" },
                    { "name": "election-timeout", "value": "1000" },
                ],
                "extraEnvs": [{ "name": "ETCD_QUOTA_BACKEND_BYTES", "value": "8" }],
            })
        );
        assert_eq!([milliseconds("1.5s"), milliseconds("999us"), milliseconds("0s")], [Some(1500), None, None]);
    }

    #[test]
    fn what_etcd_does_not_start_with_is_told() {
        for (settings, version, told) in [
            ("heartbeatInterval: 0s", "1.34.0", "etcdClusters[main].heartbeatInterval: `0s` is no time"),
            ("heartbeatInterval: 300ms", "1.34.0", "etcdClusters[main].leaderElectionTimeout: members of etcd"),
            ("leaderElectionTimeout: 1m", "1.34.0", "do not start with 60000 ms"),
            ("version: 3.5.21", "1.36.0", "etcdClusters[main].version: Kubernetes 1.36.0 runs etcd 3.6 or later"),
            ("image: example.com/etcd:v3.5.21", "1.37.0", "runs etcd 3.6 or later"),
        ] {
            let (_, problems) = made(settings, version);
            assert_eq!(problems.len(), 1, "{settings}: {problems:?}");
            assert!(problems[0].to_string().contains(told), "{problems:?}");
        }
        assert_eq!(made("version: 3.5.21", "1.35.9").1, []);
        assert_eq!(made("image: example.com/etcd:mine", "1.36.0").1, []);
    }
}
