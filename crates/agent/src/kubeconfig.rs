//! Kubeconfigs on an instance: the one that finds the cluster, and the authorities in those that kubeadm made.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kedge_store::JoinInfo;
use kedge_store::Secret;
use serde_json::json;

/// What `kubeadm join` finds the cluster by, and shows itself with until it has a certificate.
pub(crate) fn discovery(info: &JoinInfo) -> Secret {
    let name = info.cluster.as_str();
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": {
            "server": format!("https://{}", info.endpoint),
            "certificate-authority-data": STANDARD.encode(&info.authorities),
        } }],
        "users": [{ "name": "joins", "user": { "token": info.token.expose() } }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": "joins" } }],
        "current-context": name,
    });
    Secret::new(format!("{document:#}\n").into_bytes())
}

/// A kubeconfig of kubeadm with other authorities; none if they are those that it has. kubeadm writes them in one line.
pub(crate) fn with_authorities(text: &str, authorities: &str) -> Option<String> {
    const FIELD: &str = "certificate-authority-data:";
    let encoded = STANDARD.encode(authorities);
    let mut changed = false;
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.split_once(FIELD) {
            Some((indent, value)) if indent.trim().is_empty() && value.trim() != encoded => {
                changed = true;
                format!("{indent}{FIELD} {encoded}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    changed.then(|| lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_replaced_where_they_stand() {
        let old = "clusters:\n- cluster:\n    certificate-authority-data: T0xE\n    server: https://x\n";
        let new = with_authorities(old, "NEW").unwrap();
        assert_eq!(new, "clusters:\n- cluster:\n    certificate-authority-data: TkVX\n    server: https://x\n");
        assert_eq!(with_authorities(&new, "NEW"), None);
        assert_eq!(with_authorities("users: []\n", "NEW"), None);
    }
}
