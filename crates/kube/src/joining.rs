//! What nodes that join by a file and a token need in the cluster: the facts that anybody may read, and rights of the group of
//! tokens. kubeadm makes the same when it makes the first control plane; here it is mended where it went missing.

use serde_json::{Value, json};

use crate::FIELD_MANAGER;
use crate::api::Form;
use crate::connect::Cluster;
use crate::error::KubeError;
use crate::inventory::ObjectRef;

/// The group of tokens.
const TOKENS: &str = "system:bootstrappers:kubeadm:default-node-token";
/// The group of nodes.
const NODES: &str = "system:nodes";

impl Cluster {
    /// Makes what joining needs. `authorities` are the certificates of the cluster's authorities in PEM, `server` is the URL of
    /// the API.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn prepare_joining(&self, server: &str, authorities: &str) -> Result<(), KubeError> {
        for object in objects(server, authorities) {
            let place = ObjectRef::of(&object);
            let action = format!("apply {place}");
            let path = self.path(&place).await?;
            let query = format!("{path}?fieldManager={FIELD_MANAGER}&force=true");
            self.patch(&action, &query, Form::Apply, &object).await?;
        }
        Ok(())
    }
}

fn objects(server: &str, authorities: &str) -> Vec<Value> {
    let binding = |name: &str, role: &str, group: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group }],
        })
    };
    let reading = |namespace: &str, name: &str, map: &str, subjects: &[Value]| {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": { "name": name, "namespace": namespace },
            "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [map], "verbs": ["get"] }],
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": { "name": name, "namespace": namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": subjects,
        });
        [role, binding]
    };
    let group = |name: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name });
    let anybody = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous" });
    let joining = [group(TOKENS), group(NODES)];
    let mut objects = vec![facts(server, authorities)];
    objects.extend(reading("kube-public", "kubeadm:bootstrap-signer-clusterinfo", "cluster-info", &[anybody]));
    objects.extend(reading("kube-system", "kubeadm:nodes-kubeadm-config", "kubeadm-config", &joining));
    objects.extend(reading("kube-system", "kubeadm:kubelet-config", "kubelet-config", &joining));
    objects.push(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": "kubeadm:get-nodes" },
        "rules": [{ "apiGroups": [""], "resources": ["nodes"], "verbs": ["get"] }],
    }));
    objects.extend([
        binding("kubeadm:get-nodes", "kubeadm:get-nodes", TOKENS),
        binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", TOKENS),
        binding(
            "kubeadm:node-autoapprove-bootstrap",
            "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
            TOKENS,
        ),
        binding(
            "kubeadm:node-autoapprove-certificate-rotation",
            "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
            NODES,
        ),
    ]);
    objects
}

/// Where the API is and whom it is known by; anybody may read that.
fn facts(server: &str, authorities: &str) -> Value {
    use base64::Engine as _;
    let authorities = base64::engine::general_purpose::STANDARD.encode(authorities);
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "", "cluster": { "certificate-authority-data": authorities, "server": server } }],
        "contexts": null,
        "current-context": "",
        "preferences": {},
        "users": null,
    });
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "cluster-info", "namespace": "kube-public" },
        "data": { "kubeconfig": format!("{kubeconfig:#}\n") },
    })
}
