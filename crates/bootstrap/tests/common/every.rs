//! The small cluster with every setting of the software on instances, one at a time.

use kedge_spec::{FieldEffect, fields};

use super::common::{Manifests, setup, values};

/// Every setting of the software on instances, and the small cluster with each value of it.
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
    let mut all = Vec::new();
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
