//! The manifest of etcd's static pod, as kubeadm writes it: one argument a line.

use crate::error::EtcdError;
use crate::host::InitialCluster;

/// The manifest with other arguments about the cluster that a member without data begins with.
///
/// Lines are changed and nothing else, so that what patches of kubeadm have put there stays.
///
/// # Errors
/// The manifest has no argument `--initial-cluster`, so that it is not one of kubeadm's.
pub fn with_cluster(manifest: &str, cluster: &InitialCluster) -> Result<String, EtcdError> {
    let (members, state) = ("--initial-cluster=", "--initial-cluster-state=");
    let mut text = String::with_capacity(manifest.len() + 64);
    let mut found = false;
    for line in manifest.lines() {
        let argument = argument(line);
        if argument.is_some_and(|argument| argument.starts_with(state)) {
            continue;
        }
        if argument.is_some_and(|argument| argument.starts_with(members)) {
            found = true;
            let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
            let known = if cluster.existing { "existing" } else { "new" };
            for argument in [format!("{members}{}", cluster.members), format!("{state}{known}")] {
                text.extend([indent, "- ", &argument, "\n"]);
            }
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    if !found {
        return Err(EtcdError::Corrupt {
            what: "the manifest of etcd".to_owned(),
            why: format!("no line of it is an argument {members}…; `kubeadm init phase etcd local` writes it anew"),
        });
    }
    Ok(text)
}

/// The manifest with which etcd starts from data that is there, and begins nothing in an empty folder: it is told of nobody but
/// itself and that the cluster exists, finds nobody to ask for it, and ends. Told of the others, it would ask them, and go on under
/// the id that it had with them, without the log that it has voted with.
///
/// # Errors
/// As for [`with_cluster`].
pub fn expecting_data(manifest: &str) -> Result<String, EtcdError> {
    let value = |name: &str| manifest.lines().find_map(|line| argument(line)?.strip_prefix(name)?.strip_prefix('='));
    let (Some(name), Some(url)) = (value("--name"), value("--initial-advertise-peer-urls")) else {
        return Err(EtcdError::Corrupt {
            what: "the manifest of etcd".to_owned(),
            why: "it does not say what the member is called and where it is; `kubeadm init phase etcd local` writes it anew".to_owned(),
        });
    };
    with_cluster(manifest, &InitialCluster { members: format!("{name}={url}"), existing: true })
}

/// The image that the pod runs.
#[must_use]
pub fn image(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("- ")
            .unwrap_or(line)
            .strip_prefix("image:")
            .map(|image| image.trim().trim_matches(['"', '\'']))
    })
}

/// The argument on a line of a list.
fn argument(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("- ").map(|argument| argument.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/etcd.advertise-client-urls: https://10.0.0.1:2379
spec:
  containers:
  - command:
    - etcd
    - --initial-advertise-peer-urls=https://10.0.0.1:2380
    - --initial-cluster=i-1=https://10.0.0.1:2380
    - --name=i-1
    image: registry.k8s.io/etcd:3.5.24-0
    name: etcd
";

    #[test]
    fn the_cluster_is_named_and_nothing_else_changes() {
        let cluster = InitialCluster { members: "a=https://b:2380,i-1=https://c:2380".to_owned(), existing: true };
        let changed = with_cluster(MANIFEST, &cluster).unwrap();
        let wanted = MANIFEST.replace(
            "    - --initial-cluster=i-1=https://10.0.0.1:2380\n",
            "    - --initial-cluster=a=https://b:2380,i-1=https://c:2380\n    - --initial-cluster-state=existing\n",
        );
        assert_eq!(changed, wanted);
        assert_eq!(with_cluster(&changed, &cluster).unwrap(), wanted);
        let new = InitialCluster { existing: false, ..cluster };
        let again = with_cluster(&changed, &new).unwrap();
        assert_eq!(again, wanted.replace("state=existing", "state=new"));
    }

    #[test]
    fn who_expects_data_begins_no_cluster() {
        let changed = expecting_data(MANIFEST).unwrap();
        assert!(
            changed.contains(
                "    - --initial-cluster=i-1=https://10.0.0.1:2380\n    - --initial-cluster-state=existing\n"
            )
        );
        assert_eq!(expecting_data(&changed).unwrap(), changed);
        // One that has joined others knows them all.
        let all = InitialCluster { members: "a=https://b:2380,i-1=https://10.0.0.1:2380".to_owned(), existing: true };
        assert_eq!(expecting_data(&with_cluster(MANIFEST, &all).unwrap()).unwrap(), changed);
        assert!(expecting_data("kind: Pod\n").is_err());
    }

    #[test]
    fn quoted_arguments_are_found() {
        let manifest = "    - \"--initial-cluster=a=b\"\n    - '--initial-cluster-state=new'\n";
        let cluster = InitialCluster { members: "c=d".to_owned(), existing: true };
        let changed = with_cluster(manifest, &cluster).unwrap();
        assert_eq!(changed, "    - --initial-cluster=c=d\n    - --initial-cluster-state=existing\n");
    }

    #[test]
    fn what_kubeadm_did_not_write_is_refused() {
        let cluster = InitialCluster { members: String::new(), existing: true };
        let error = with_cluster("kind: Pod\n", &cluster).unwrap_err();
        assert!(error.to_string().contains("kubeadm init phase etcd local"), "{error}");
    }

    #[test]
    fn the_image_is_found() {
        assert_eq!(image(MANIFEST), Some("registry.k8s.io/etcd:3.5.24-0"));
        assert_eq!(image("  - image: \"a:b\"\n"), Some("a:b"));
        assert_eq!(image("kind: Pod\n"), None);
    }
}
