//! What of the pods of a control plane is other than kubeadm writes it, as patches that kubeadm applies to its manifests.

use kedge_spec::{ResolvedSpec, Settings, quantity};
use serde_json::{Map, Value, json};

use crate::etcd;
use crate::files::File;
use crate::kubeadm::PATCHES;
use crate::problem::BootProblem;

/// A pod of kubeadm: settings, its name, and the CPU that kubeadm requests for it.
const PODS: [(&str, &str, &str); 3] = [
    ("kubeAPIServer", "kube-apiserver", "250m"),
    ("kubeControllerManager", "kube-controller-manager", "200m"),
    ("kubeScheduler", "kube-scheduler", "100m"),
];

/// Resources, and the settings that request and limit them.
const RESOURCES: [(&str, &str, &str); 2] =
    [("cpu", "cpuRequest", "cpuLimit"), ("memory", "memoryRequest", "memoryLimit")];

/// The patches of control planes: images and resources of the components, resources of etcd.
pub(crate) fn patches(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Vec<File> {
    let mut files = Vec::new();
    for (block, pod, usual) in PODS {
        let settings = spec.cluster.settings.block(block);
        let mut container = resources(block, &settings, usual, problems);
        if let Some(image) = settings.text("image") {
            container.insert("image".to_owned(), image.into());
        }
        files.extend(patch(pod, container));
    }
    // kubeadm has a setting of its own for the image of etcd.
    let container = resources("etcdClusters[main]", &etcd::main_etcd(spec), "100m", problems);
    files.extend(patch("etcd", container));
    files
}

/// The resources of a container, where the manifest says something of them. `usual`: the CPU that is requested otherwise.
fn resources(block: &str, settings: &Settings, usual: &str, problems: &mut Vec<BootProblem>) -> Map<String, Value> {
    let (mut requests, mut limits) = (Map::new(), Map::new());
    for (resource, request, limit) in RESOURCES {
        let least = settings.text(request);
        let most = settings.text(limit);
        if let Some(most) = most {
            limits.insert(resource.to_owned(), most.into());
        }
        let is_more = |least: &str, most: &str| quantity(least) > quantity(most);
        match (least, most) {
            (Some(least), Some(most)) if is_more(least, most) => problems.push(BootProblem::new(
                format!("{block}.{request}"),
                format!("`{least}` is more than `{limit}`, which is `{most}`: the pod would not start"),
                format!("write the same there or less, or raise `{limit}`"),
            )),
            (Some(least), _) => {
                requests.insert(resource.to_owned(), least.into());
            }
            // What kubeadm requests by itself would be more than the limit.
            (None, Some(most)) if resource == "cpu" && is_more(usual, most) => {
                requests.insert(resource.to_owned(), most.into());
            }
            _ => {}
        }
    }
    let mut resources = Map::new();
    for (name, amounts) in [("requests", requests), ("limits", limits)] {
        if !amounts.is_empty() {
            resources.insert(name.to_owned(), amounts.into());
        }
    }
    if resources.is_empty() { resources } else { Map::from_iter([("resources".to_owned(), resources.into())]) }
}

/// A patch of the one container of a pod, which has the name of the pod.
fn patch(pod: &str, mut container: Map<String, Value>) -> Option<File> {
    if container.is_empty() {
        return None;
    }
    container.insert("name".to_owned(), pod.into());
    let patch = json!({ "spec": { "containers": [container] } });
    Some(File::text(format!("{PATCHES}/{pod}+strategic.yaml"), &kedge_spec::text::write(&[patch])))
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::testing::spec;

    fn made(settings: &str) -> (Vec<File>, Vec<String>) {
        let spec = spec(&[("spec:\n", &format!("spec:\n{settings}"))]);
        let mut problems = Vec::new();
        let files = patches(&spec, &mut problems);
        (files, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_what_is_written_is_patched() {
        assert_eq!(made(""), (Vec::new(), Vec::new()));
        let (files, problems) = made(
            "  kubeAPIServer: {cpuRequest: 200m, cpuLimit: 500m, memoryLimit: 1000Mi, image: example.com/kube-apiserver:v1}\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].path, "/etc/kubernetes/patches/kube-apiserver+strategic.yaml");
        assert_data_eq!(
            files[0].as_text().unwrap(),
            str![[r#"
spec:
  containers:
  - image: example.com/kube-apiserver:v1
    name: kube-apiserver
    resources:
      limits:
        cpu: 500m
        memory: 1000Mi
      requests:
        cpu: 200m

"#]]
        );
    }

    #[test]
    fn no_pod_requests_more_than_it_may_have() {
        let (files, problems) = made("  kubeScheduler: {cpuLimit: 50m}\n  kubeControllerManager: {cpuLimit: '1'}\n");
        assert_eq!(problems, [""; 0]);
        let texts: Vec<String> = files.iter().filter_map(File::as_text).collect();
        assert!(!texts[0].contains("requests"), "{}", texts[0]);
        assert!(texts[1].contains("requests:\n        cpu: 50m"), "{}", texts[1]);
        let (_, problems) = made("  kubeScheduler: {memoryRequest: 1Gi, memoryLimit: 500Mi}\n");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("spec.kubeScheduler.memoryRequest: `1Gi` is more than"), "{problems:?}");
    }

    #[test]
    fn etcd_is_that_of_the_cluster_main() {
        let main = "  - name: main\n    cpuRequest: 300m\n    memoryRequest: 200Mi\n";
        let spec = spec(&[("  - name: main\n", main)]);
        let files = patches(&spec, &mut Vec::new());
        assert_eq!(files.len(), 1);
        let text = files[0].as_text().unwrap();
        assert!(text.contains("name: etcd") && text.contains("cpu: 300m") && text.contains("memory: 200Mi"), "{text}");
    }
}
