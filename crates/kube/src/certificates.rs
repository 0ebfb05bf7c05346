//! Certificates of services of add-ons, made here: their keys are in the cluster and nowhere else.
//!
//! An authority is made for each, signs the one certificate, and is forgotten: its certificate is what others trust. A
//! certificate is replaced two months before it ends, or when its names change. The authority before is trusted until the next
//! time, as pods go on showing its certificate for a while.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kedge_addons::{Addon, ServingCertificate};
use kedge_pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::FIELD_MANAGER;
use crate::api::Form;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::inventory::ObjectRef;
use crate::labels;

/// How long a certificate is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 365);
/// How long before its end it is replaced.
const EARLY: SignedDuration = SignedDuration::from_hours(24 * 60);
/// How far back it begins, for clocks that are behind.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How often a write is repeated that somebody else came before.
const TRIES: u32 = 5;

/// Authorities in base64, as `caBundle` has them, by kind and name of who trusts them.
pub(crate) type Bundles = BTreeMap<(String, String), String>;

impl Cluster {
    /// Makes the certificates of an add-on that are not there, and says who trusts which.
    pub(crate) async fn certificates(&self, addon: &Addon, now: Timestamp) -> Result<Bundles, KubeError> {
        let mut bundles = Bundles::new();
        for wanted in &addon.certificates {
            let authority = self.certificate(addon, wanted, now).await?;
            for trusting in &wanted.trusted_by {
                bundles.insert((trusting.kind.clone(), trusting.name.clone()), authority.clone());
            }
        }
        Ok(bundles)
    }

    /// Whether all certificates of an add-on are there and serve for long enough.
    pub(crate) async fn has_good_certificates(&self, addon: &Addon, now: Timestamp) -> Result<bool, KubeError> {
        for wanted in &addon.certificates {
            let action = format!("look at the certificate {}/{}", wanted.namespace, wanted.secret);
            let found = self.find(&action, &self.path(&place(wanted)).await?).await?;
            if found.is_none_or(|secret| authority_if_good(&secret, wanted, now).is_none()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes a certificate if it is not there; gives its authority in base64. Of two who make it at the same time one
    /// succeeds, and the other takes that.
    async fn certificate(
        &self,
        addon: &Addon,
        wanted: &ServingCertificate,
        now: Timestamp,
    ) -> Result<String, KubeError> {
        let action = format!("make the certificate {}/{}", wanted.namespace, wanted.secret);
        let path = self.path(&place(wanted)).await?;
        let mut answer = Err(KubeError::new(Class::Conflict, &action, "others make it again and again"));
        for _ in 0..TRIES {
            let found = self.find(&action, &path).await?;
            if let Some(secret) = &found {
                if let Some(authority) = authority_if_good(secret, wanted, now) {
                    return Ok(authority);
                }
                if labels::addon_of(secret) != Some(labels::value(&addon.name).as_str()) {
                    let why = format!("{} is not kedge's: delete it, or call it otherwise", place(wanted));
                    return Err(KubeError::new(Class::Conflict, action, why));
                }
            }
            let made = make(wanted, now).map_err(|error| KubeError::new(Class::Other, &action, error.to_string()))?;
            // Pods show the certificate of before until they have read the new one, and must be trusted meanwhile.
            let before = found.as_ref().and_then(authority_of).unwrap_or_default();
            let authority = base64(format!("{}{before}", made.authority).as_bytes());
            let mut secret = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": { "name": wanted.secret, "namespace": wanted.namespace },
                "type": "kubernetes.io/tls",
                "data": {
                    "ca.crt": authority,
                    "tls.crt": base64(made.certificate.as_bytes()),
                    "tls.key": base64(made.key.as_bytes()),
                },
            });
            labels::mark(&mut secret, &addon.name, &addon.version);
            let written = match found.as_ref().and_then(|found| found.pointer("/metadata/resourceVersion")) {
                None => {
                    let collection = self.collection("v1", "Secret", Some(&wanted.namespace)).await?;
                    self.create(&action, &format!("{collection}?fieldManager={FIELD_MANAGER}"), &secret).await
                }
                Some(version) => {
                    // Only if nobody came before.
                    if let Some(metadata) = secret.get_mut("metadata").and_then(Value::as_object_mut) {
                        metadata.insert("resourceVersion".to_owned(), version.clone());
                    }
                    self.patch(&action, &format!("{path}?fieldManager={FIELD_MANAGER}"), Form::Merge, &secret).await
                }
            };
            match written {
                Ok(_) => return Ok(authority),
                Err(error) if error.class == Class::Conflict || error.class == Class::NotReady => answer = Err(error),
                Err(error) => return Err(error),
            }
        }
        answer
    }
}

/// The places of everything that an add-on has: its objects, and the secrets of its certificates.
pub(crate) fn places(addon: &Addon, objects: &[Value]) -> Vec<ObjectRef> {
    objects.iter().map(ObjectRef::of).chain(addon.certificates.iter().map(place)).collect()
}

/// Where the secret of a certificate is.
fn place(wanted: &ServingCertificate) -> ObjectRef {
    ObjectRef {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: wanted.namespace.clone(),
        name: wanted.secret.clone(),
    }
}

/// The authority of a secret, in base64, if its certificate still serves.
fn authority_if_good(secret: &Value, wanted: &ServingCertificate, now: Timestamp) -> Option<String> {
    let data = |key: &str| secret.pointer(&format!("/data/{key}")).and_then(Value::as_str).unwrap_or_default();
    let (certificate, authority) = (data("tls.crt"), data("ca.crt"));
    (is_good(certificate, wanted, now) && !authority.is_empty()).then(|| authority.to_owned())
}

/// The authority, in PEM, that has issued the certificate of a secret: the first one of those that are trusted.
fn authority_of(secret: &Value) -> Option<String> {
    const END: &str = "-----END CERTIFICATE-----\n";
    let text = String::from_utf8(from_base64(secret.pointer("/data/ca.crt")?.as_str()?)?).ok()?;
    let end = text.find(END)?;
    text.get(..end + END.len()).map(str::to_owned)
}

/// Whether a certificate, in base64, still serves.
fn is_good(certificate: &str, wanted: &ServingCertificate, now: Timestamp) -> bool {
    let text = from_base64(certificate).and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(Ok(certificate)) = text.map(|text| Certificate::from_pem(&text)) else { return false };
    certificate.is_valid_at(now) && now + EARLY < certificate.not_after && certificate.dns_names == wanted.dns_names
}

/// What was made, in PEM.
struct Made {
    authority: String,
    certificate: String,
    key: String,
}

fn make(wanted: &ServingCertificate, now: Timestamp) -> Result<Made, rcgen::Error> {
    let name = |text: &str| {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, text.chars().take(64).collect::<String>());
        name
    };
    let (from, until) = (datetime(now - SKEW), datetime(now + LIFETIME));
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name = name(&format!("{} authority", wanted.secret));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
    (authority.not_before, authority.not_after) = (from, until);
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(wanted.dns_names.clone())?;
    leaf.distinguished_name = name(wanted.dns_names.first().map_or(&wanted.secret, |first| first));
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Services that know each other by it show it to each other.
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = (from, until);
    let certificate = leaf.signed_by(&key, &issuer)?;
    Ok(Made {
        authority: pem("CERTIFICATE", authority_certificate.der()),
        certificate: pem("CERTIFICATE", certificate.der()),
        key: pem("PRIVATE KEY", &key.serialize_der()),
    })
}

/// Bytes as PEM.
fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in base64(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + &format!("\n-----END {label}-----\n")
}

fn datetime(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Gives an object the authority that it trusts.
pub(crate) fn trust(object: &mut Value, bundles: &Bundles) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(bundle) = bundles.get(&(text("/kind"), text("/metadata/name"))) else { return };
    let bundle = Value::from(bundle.as_str());
    if let Some(webhooks) = object.get_mut("webhooks").and_then(Value::as_array_mut) {
        for client in webhooks.iter_mut().filter_map(|hook| hook.get_mut("clientConfig")?.as_object_mut()) {
            client.insert("caBundle".to_owned(), bundle.clone());
        }
    } else if let Some(client) =
        object.pointer_mut("/spec/conversion/webhook/clientConfig").and_then(Value::as_object_mut)
    {
        client.insert("caBundle".to_owned(), bundle);
    } else if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("caBundle".to_owned(), bundle);
    }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> ServingCertificate {
        ServingCertificate::of_service("tls", "kube-system", "webhook", &[("APIService", "v1.example.com")])
    }

    #[test]
    fn a_certificate_is_for_its_names_and_is_replaced_in_time() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let made = make(&wanted(), now).unwrap();
        let certificate = Certificate::from_pem(&made.certificate).unwrap();
        assert_eq!(certificate.dns_names, ["webhook.kube-system.svc", "webhook.kube-system", "webhook"]);
        assert!(certificate.server_auth && certificate.client_auth && !certificate.is_ca);
        assert!(Certificate::from_pem(&made.authority).unwrap().is_ca);
        let text = base64(made.certificate.as_bytes());
        assert!(is_good(&text, &wanted(), now));
        assert!(is_good(&text, &wanted(), now + LIFETIME - EARLY - SKEW));
        assert!(!is_good(&text, &wanted(), now + LIFETIME - EARLY));
        let others = ServingCertificate { dns_names: vec!["other".to_owned()], ..wanted() };
        assert!(!is_good(&text, &others, now));
        assert!(!is_good("", &wanted(), now) && !is_good("bm9uZQ==", &wanted(), now));
    }

    #[test]
    fn those_who_trust_get_the_authority() {
        let key = |kind: &str| (kind.to_owned(), "x".to_owned());
        let bundles: Bundles = ["APIService", "ValidatingWebhookConfiguration", "CustomResourceDefinition"]
            .map(|kind| (key(kind), "QQ==".to_owned()))
            .into();
        let trusting = |mut object: Value| {
            trust(&mut object, &bundles);
            object
        };
        let api = trusting(json!({ "kind": "APIService", "metadata": { "name": "x" }, "spec": {} }));
        assert_eq!(api["spec"]["caBundle"], "QQ==");
        let hook = json!({ "kind": "ValidatingWebhookConfiguration", "metadata": { "name": "x" }, "webhooks": [{ "clientConfig": {} }] });
        assert_eq!(trusting(hook)["webhooks"][0]["clientConfig"]["caBundle"], "QQ==");
        let definition = json!({ "kind": "CustomResourceDefinition", "metadata": { "name": "x" }, "spec": { "conversion": { "webhook": { "clientConfig": {} } } } });
        assert_eq!(trusting(definition)["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"], "QQ==");
        let other = json!({ "kind": "APIService", "metadata": { "name": "y" }, "spec": {} });
        assert_eq!(trusting(other.clone()), other);
    }
}
