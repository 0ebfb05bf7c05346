//! An add-on as it is stored: what it is called, what it is made of, and what has to be filled in where it is applied.

use kedge_spec::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::patch::Patch;

/// Version of the document. It grows when a field is added that an older program must not overlook.
pub const FORMAT_VERSION: u32 = 1;

/// One add-on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Addon {
    /// Version of the format.
    pub format_version: u32,
    /// Its name: a DNS label.
    pub name: String,
    /// Version of the software; of user add-ons, the beginning of their digest.
    pub version: String,
    /// When it is applied.
    pub wave: Wave,
    /// The oldest version of Kubernetes that every control plane has to run before it is applied, such as `1.35.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// Namespace of objects of upstream files that name none and need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Files of others, which are fetched once and kept in the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<UpstreamFile>,
    /// What is changed in the objects of those files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
    /// Objects of kedge's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Value>,
    /// Registry that images come from instead of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<Registry>,
    /// Certificates that are made where the add-on is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<ServingCertificate>,
}

/// When an add-on is applied. All of one wave are applied before the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wave {
    /// Without these no node becomes ready: cloud controller, network plugin, kube-proxy.
    Foundation,
    /// What pods expect of every cluster: DNS, volumes, metrics.
    System,
    /// What watches or extends the cluster.
    Extension,
    /// What users bring.
    User,
}

/// A registry that images come from instead of their own, as kops's `assets` name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registry {
    /// It fetches what it is asked for (`containerProxy`): it takes the place of the host.
    Proxy(String),
    /// It holds copies (`containerRegistry`): names have dashes for their slashes.
    Mirror(String),
}

impl Registry {
    /// The name of an image there.
    #[must_use]
    pub fn image(&self, image: &str) -> String {
        match self {
            Self::Proxy(registry) => {
                let host = image.split_once('/').filter(|(host, _)| host.contains(['.', ':']));
                format!("{}/{}", registry.trim_end_matches('/'), host.map_or(image, |(_, path)| path))
            }
            Self::Mirror(registry) => {
                let path = image.strip_prefix("registry.k8s.io/").unwrap_or(image);
                format!("{}/{}", registry.trim_end_matches('/'), path.replace('/', "-"))
            }
        }
    }
}

/// A file at a fixed version, known by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpstreamFile {
    /// Where it is.
    pub url: String,
    /// SHA-256 of the file as hexadecimal digits.
    pub sha256: String,
}

/// A certificate for a service within the cluster, signed by itself, that whoever applies the add-on makes and renews: a
/// private key has no place in a manifest, and no add-on should need another one to be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServingCertificate {
    /// Name of the secret of type `kubernetes.io/tls`.
    pub secret: String,
    /// Its namespace.
    pub namespace: String,
    /// The names that it is for.
    pub dns_names: Vec<String>,
    /// Objects that trust it by a `caBundle`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_by: Vec<TrustedBy>,
}

/// An object that has the certificate as its `caBundle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedBy {
    /// `MutatingWebhookConfiguration`, `ValidatingWebhookConfiguration`, `APIService` or `CustomResourceDefinition`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl ServingCertificate {
    /// A certificate for a service, trusted by objects: kinds and names.
    #[must_use]
    pub fn of_service(secret: &str, namespace: &str, service: &str, trusted_by: &[(&str, &str)]) -> Self {
        let trusts = |(kind, name): &(&str, &str)| TrustedBy { kind: (*kind).to_owned(), name: (*name).to_owned() };
        Self {
            secret: secret.to_owned(),
            namespace: namespace.to_owned(),
            dns_names: vec![format!("{service}.{namespace}.svc"), format!("{service}.{namespace}"), service.to_owned()],
            trusted_by: trusted_by.iter().map(trusts).collect(),
        }
    }
}

impl Addon {
    /// The document as it is stored: YAML with sorted keys.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        // Keys are texts and numbers are finite, so that it always is a value.
        text::write(&[serde_json::to_value(self).unwrap_or_default()])
    }

    /// SHA-256 of the document as hexadecimal digits: what it is stored under.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(self.to_yaml().as_bytes())
    }

    /// Reads a document.
    ///
    /// # Errors
    /// It is none, or of a later format.
    pub fn from_yaml(document: &str) -> Result<Self, AddonError> {
        let value = text::read(document).map_err(AddonError::Form)?;
        match value.get("formatVersion").and_then(Value::as_u64) {
            Some(version) if version > u64::from(FORMAT_VERSION) => return Err(AddonError::Later { version }),
            _ => {}
        }
        serde_json::from_value(value).map_err(|error| AddonError::Form(error.to_string()))
    }
}

/// SHA-256 as hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a document is no add-on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddonError {
    /// Not its form.
    #[error("the document is no add-on: {0}")]
    Form(String),
    /// A later format.
    #[error(
        "the document has format {version}, and this program knows formats up to {FORMAT_VERSION}: use a later kedge"
    )]
    Later {
        /// Its version.
        version: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Change;

    fn addon() -> Addon {
        Addon {
            format_version: FORMAT_VERSION,
            name: "a".to_owned(),
            version: "v1".to_owned(),
            wave: Wave::System,
            kubernetes: None,
            namespace: Some("kube-system".to_owned()),
            upstream: vec![UpstreamFile { url: "https://example.com/a.yaml".to_owned(), sha256: "0".repeat(64) }],
            patches: vec![Patch::new("ConfigMap", "a", Change::Merge(serde_json::json!({ "data": { "on": "yes" } })))],
            objects: vec![serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "x" } })],
            registry: None,
            certificates: Vec::new(),
        }
    }

    #[test]
    fn images_are_renamed_as_kops_does() {
        let proxy = Registry::Proxy("proxy.example.com/".to_owned());
        assert_eq!(proxy.image("registry.k8s.io/a/b:1"), "proxy.example.com/a/b:1");
        assert_eq!(proxy.image("a/b:1"), "proxy.example.com/a/b:1");
        let mirror = Registry::Mirror("mirror.example.com/x".to_owned());
        assert_eq!(mirror.image("registry.k8s.io/a/b:1"), "mirror.example.com/x/a-b:1");
        assert_eq!(mirror.image("quay.io/a/b:1"), "mirror.example.com/x/quay.io-a-b:1");
    }

    #[test]
    fn what_is_written_is_read() {
        let text = addon().to_yaml();
        assert_eq!(Addon::from_yaml(&text), Ok(addon()));
        assert_eq!(addon().digest(), sha256(text.as_bytes()));
    }

    #[test]
    fn later_formats_are_told() {
        let text = addon().to_yaml().replace("formatVersion: 1", "formatVersion: 9");
        assert_eq!(Addon::from_yaml(&text), Err(AddonError::Later { version: 9 }));
        assert!(matches!(Addon::from_yaml("a: ["), Err(AddonError::Form(_))));
        assert!(matches!(Addon::from_yaml("a: 1"), Err(AddonError::Form(_))));
    }
}
