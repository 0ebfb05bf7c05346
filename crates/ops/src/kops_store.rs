//! Manifests out of a state store of kops, which is read and never changed.

use kedge_resource::ClusterName;
use kedge_store::{Objects, StoreError};

/// What a state store of kops has of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KopsCluster {
    /// The manifests, as one text of several documents: cluster, instance groups by name, SSH key.
    pub manifests: String,
    /// Names of the instance groups.
    pub groups: Vec<String>,
    /// Names of the key pairs that are kept there; they stay there.
    pub keys: Vec<String>,
}

/// Reads `<name>/config`, `<name>/instancegroup/<group>` and `<name>/pki/ssh/public/admin/…`.
///
/// # Errors
/// The store does not answer, or has no such cluster.
pub async fn read(objects: &dyn Objects, cluster: &ClusterName) -> Result<KopsCluster, StoreError> {
    let place = objects.place();
    let text = |key: String| async move {
        let Some(object) = objects.get(&key).await? else { return Ok(None) };
        match String::from_utf8(object.bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(StoreError::Corrupt { key, place: objects.place(), why: "it is not UTF-8 text".to_owned() }),
        }
    };
    let Some(config) = text(format!("{cluster}/config")).await? else {
        let others = clusters(objects).await?;
        let known = if others.is_empty() { String::new() } else { format!("; it has {}", others.join(", ")) };
        return Err(StoreError::Unknown {
            place,
            what: format!("config of a kops cluster {cluster}{known}"),
            see: "`kops get clusters`",
        });
    };
    let mut documents = vec![config];
    let prefix = format!("{cluster}/instancegroup/");
    let mut groups = Vec::new();
    for key in objects.list(&prefix).await? {
        let name = key.strip_prefix(&prefix).unwrap_or(&key).to_owned();
        if let Some(group) = text(key).await? {
            documents.push(group);
            groups.push(name);
        }
    }
    let pki = format!("{cluster}/pki/");
    let mut keys = Vec::new();
    for key in objects.list(&pki).await? {
        let rest = key.strip_prefix(&pki).unwrap_or(&key);
        if rest.starts_with("ssh/public/admin/") {
            if let Some(public) = text(key.clone()).await? {
                documents.push(credential(cluster, public.trim()));
            }
        } else if let Some(name) = rest.strip_prefix("private/").and_then(|rest| rest.split('/').next()) {
            keys.push(name.to_owned());
        }
    }
    keys.dedup();
    let documents: Vec<String> = documents.iter().map(|document| plain(document)).collect();
    Ok(KopsCluster { manifests: documents.join("---\n"), groups, keys })
}

/// The clusters that a state store of kops has: folders with a `config`.
async fn clusters(objects: &dyn Objects) -> Result<Vec<String>, StoreError> {
    let keys = objects.list("").await?;
    Ok(keys
        .iter()
        .filter_map(|key| key.strip_suffix("/config"))
        .filter(|name| !name.contains('/'))
        .map(str::to_owned)
        .collect())
}

fn credential(cluster: &ClusterName, key: &str) -> String {
    format!(
        "apiVersion: kops.k8s.io/v1alpha2\nkind: SSHCredential\nmetadata:\n  name: admin\n  labels:\n    \
         kops.k8s.io/cluster: {cluster}\nspec:\n  publicKey: {key}\n"
    )
}

/// A document without a separator in front, ending in a line break.
fn plain(document: &str) -> String {
    let document = document.strip_prefix("---\n").unwrap_or(document);
    if document.ends_with('\n') { document.to_owned() } else { format!("{document}\n") }
}

#[cfg(test)]
mod tests {
    use kedge_store::Directory;

    use super::*;

    #[tokio::test]
    async fn a_store_of_kops_is_read_and_left_alone() {
        let dir = camino_tempfile::tempdir().unwrap();
        let cluster = ClusterName::parse("c.example.com").unwrap();
        let write = |key: &str, text: &str| {
            let path = dir.path().join(key);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        };
        write("c.example.com/config", "kind: Cluster\n");
        write("c.example.com/cluster-completed.spec", "kind: Cluster\n");
        write("c.example.com/instancegroup/nodes", "kind: InstanceGroup\nname: nodes");
        write("c.example.com/instancegroup/control-plane-a", "---\nkind: InstanceGroup\n");
        write("c.example.com/pki/ssh/public/admin/1a2b", "ssh-rsa AAAA me\n");
        write("c.example.com/pki/private/kubernetes-ca/keyset.yaml", "secret\n");
        write("c.example.com/pki/private/kubernetes-ca/1.key", "secret\n");
        let objects = Directory::new(dir.path());
        let before = objects.list("").await.unwrap();
        let found = read(&objects, &cluster).await.unwrap();
        assert_eq!(found.groups, ["control-plane-a", "nodes"]);
        assert_eq!(found.keys, ["kubernetes-ca"]);
        assert_eq!(
            found.manifests,
            "kind: Cluster\n---\nkind: InstanceGroup\n---\nkind: InstanceGroup\nname: nodes\n---\napiVersion: \
             kops.k8s.io/v1alpha2\nkind: SSHCredential\nmetadata:\n  name: admin\n  labels:\n    kops.k8s.io/cluster: \
             c.example.com\nspec:\n  publicKey: ssh-rsa AAAA me\n"
        );
        assert_eq!(objects.list("").await.unwrap(), before);

        let other = ClusterName::parse("d.example.com").unwrap();
        let error = read(&objects, &other).await.unwrap_err().to_string();
        assert!(error.contains("d.example.com; it has c.example.com"), "{error}");
    }
}
