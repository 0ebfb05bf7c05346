//! The small cluster with every setting of the software on instances, one at a time.

use kedge_spec::{FieldEffect, fields};

use super::common::{Manifests, setup, values};

/// The small cluster with IPv6 addresses, and with each value of every setting of the software on instances.
pub(crate) fn every_setting() -> Vec<(String, Manifests)> {
    let of_software = [
        "kube",
        "masterKubelet",
        "etcdClusters",
        "authorization",
        "clusterDNSDomain",
        "additionalSans",
        "assets",
        "encryptionConfig",
        "iam.allowContainerRegistry",
    ];
    let fields = fields()
        .into_iter()
        .filter(|field| !matches!(field.effect, FieldEffect::Refused(_)) && field.shape != "block")
        .filter(|field| of_software.iter().any(|block| field.path.starts_with(&format!("spec.{block}"))));
    let mut ipv6 = Manifests::new();
    ipv6.set("Cluster", "spec.nonMasqueradeCIDR", &"::/0".into());
    ipv6.set("Cluster", "spec.subnets[].ipv6CIDR", &"/64#0".into());
    let mut all = vec![("Cluster spec.nonMasqueradeCIDR".to_owned(), ipv6)];
    for field in fields {
        for value in values(&field) {
            let mut manifests = Manifests::new();
            for (place, value) in setup(&field.path) {
                manifests.set(field.kind, place, &value);
            }
            manifests.set(field.kind, &field.path, &value);
            all.push((format!("{} {}", field.kind, field.path), manifests));
        }
    }
    all
}
