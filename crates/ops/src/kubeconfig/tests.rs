use std::sync::Arc;

use kedge_diag::Source;
use kedge_pki::Certificate;
use kedge_store::{Directory, Passphrase, Secret};
use ring::rand::SystemRandom;

use super::*;
use crate::keypairs::ensure;
use crate::manifests::{ManifestOptions, Specification};

fn spec(change: &[(&str, &str)]) -> ResolvedSpec {
    let mut text = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/private.yaml")).unwrap();
    for (old, new) in change {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let source = Source { name: "private.yaml".to_owned(), text };
    Specification::read(&[Arc::new(source)], &ManifestOptions::default()).unwrap().resolved
}

#[test]
fn the_api_is_where_the_manifests_say() {
    let usual = spec(&[]);
    let name = usual.cluster.name.clone();
    let known = |text: String| Server::Known(text);
    assert_eq!(server(&usual, Way::Public, true), known(format!("https://api.{name}")));
    assert_eq!(server(&usual, Way::Internal, true), known(format!("https://api.internal.{name}")));
    let mut without_dns = usual.clone();
    without_dns.cluster.dns.dns_type = DnsType::None;
    let key = ResourceKey::new(Kind::LoadBalancer, format!("api.{name}"));
    assert_eq!(server(&without_dns, Way::Public, true), Server::Ask(key, None));
    let mut acm = usual;
    acm.cluster.api.load_balancer.as_mut().unwrap().certificate = Some("arn:aws:acm:…".to_owned());
    assert_eq!(server(&acm, Way::Public, true), known(format!("https://api.{name}:8443")));
    assert_eq!(server(&acm, Way::Public, false), known(format!("https://api.{name}")));
    assert!(is_publicly_trusted(&acm, Way::Public, false));
    assert!(!is_publicly_trusted(&acm, Way::Public, true));
    assert!(!is_publicly_trusted(&acm, Way::Internal, false));
}

#[tokio::test]
async fn a_certificate_is_issued_for_the_time_wanted() {
    let dir = camino_tempfile::tempdir().unwrap();
    let cluster = kedge_resource::ClusterName::parse("c.example.com").unwrap();
    let store = ClusterStore::new(Arc::new(Directory::new(dir.path())), cluster);
    let outer = Passphrase::new(Secret::new(b"a long passphrase".to_vec())).unwrap();
    let (random, now) = (SystemRandom::new(), Timestamp::from_second(1_800_000_000).unwrap());
    let url = || "https://api.c.example.com".to_owned();
    let error = export(&store, url(), false, None, now, &random).await.unwrap_err();
    assert_eq!(error.to_string(), "the cluster has no kubernetes-ca yet");
    ensure(&store, store.keysets().await.unwrap(), &outer, now, &random).await.unwrap();

    let admin = Admin { user: "kedge:alice".to_owned(), lifetime: SignedDuration::from_hours(2), outer: &outer };
    let config = export(&store, url(), false, Some(admin), now, &random).await.unwrap().document();
    let text = |pointer: &str| {
        use base64::Engine as _;
        let data = config.pointer(pointer).unwrap().as_str().unwrap();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(data).unwrap()).unwrap()
    };
    let certificate = Certificate::from_pem(&text("/users/0/user/client-certificate-data")).unwrap();
    assert_eq!(certificate.common_name, "kedge:alice");
    assert_eq!(certificate.organizations, ["system:masters"]);
    assert_eq!(certificate.not_after, now + SignedDuration::from_hours(2));
    let authority = Certificate::from_pem(&text("/clusters/0/cluster/certificate-authority-data")).unwrap();
    assert_eq!(authority.common_name, certificate.issuer);
    // without an administrator no key of the store is needed, and nobody is named
    let nobody = export(&store, url(), true, None, now, &random).await.unwrap().document();
    assert_eq!(nobody["users"], serde_json::json!([]));
    assert!(nobody.pointer("/clusters/0/cluster/certificate-authority-data").is_none());
}
