use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::*;
use crate::keyset::Purpose;
use crate::testing::{now, random};

const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

fn authority(purpose: Purpose) -> Authority {
    Authority::generate(purpose.common_name().unwrap(), 7, now(), &random()).unwrap()
}

fn leaves() -> Vec<Leaf> {
    let (node, names) = ("i-0123456789abcdef0".to_owned(), vec!["172.20.32.10".to_owned()]);
    vec![
        Leaf::api_server(
            "cluster.local",
            "100.64.0.1".parse().unwrap(),
            ["api.c.example.com", "api.internal.c.example.com", "172.20.32.10", "::1"].map(str::to_owned),
        ),
        Leaf::ApiServerKubeletClient,
        Leaf::ApiServerEtcdClient,
        Leaf::FrontProxyClient,
        Leaf::EtcdServer { node: node.clone(), names: names.clone() },
        Leaf::EtcdPeer { node: node.clone(), names },
        Leaf::EtcdHealthcheckClient,
        Leaf::Admin { user: "alice".to_owned() },
        Leaf::ControllerManager,
        Leaf::Scheduler,
        Leaf::Kubelet { node },
    ]
}

/// Verifies as a TLS stack does.
fn verify(authority: &Certificate, leaf: &Certificate, usage: KeyUsage, at: Timestamp) -> Result<(), webpki::Error> {
    let root = CertificateDer::from(authority.der.as_slice());
    let anchor = anchor_from_trusted_cert(&root)?;
    let leaf = CertificateDer::from(leaf.der.as_slice());
    let time = UnixTime::since_unix_epoch(Duration::from_secs(at.as_second().try_into().unwrap()));
    let algorithms = [webpki::ring::ECDSA_P256_SHA256, webpki::ring::RSA_PKCS1_2048_8192_SHA256];
    EndEntityCert::try_from(&leaf)?.verify_for_usage(&algorithms, &[anchor], &[], time, usage, None, None).map(drop)
}

#[test]
fn everything_that_is_issued_verifies_for_its_usages_and_no_others() {
    for leaf in leaves() {
        let authority = authority(leaf.issuer());
        let issued = authority.issue(&leaf, YEAR, now(), &random()).unwrap();
        let works = |usage| verify(authority.certificate(), &issued.certificate, usage, now()).is_ok();
        assert_eq!(works(KeyUsage::server_auth()), leaf.is_server(), "{leaf:?}");
        assert_eq!(works(KeyUsage::client_auth()), leaf.is_client(), "{leaf:?}");
        let other = self::authority(leaf.issuer());
        assert!(verify(other.certificate(), &issued.certificate, KeyUsage::client_auth(), now()).is_err());
        assert_eq!(issued.certificate.public_key, *issued.key.public());
        assert!(!issued.certificate.is_ca);
    }
}

#[test]
fn subjects_are_those_of_kubeadm() {
    let subjects: Vec<(String, String)> = leaves()
        .iter()
        .map(|leaf| {
            let issued = authority(leaf.issuer()).issue(leaf, YEAR, now(), &random()).unwrap();
            (issued.certificate.common_name, issued.certificate.organizations.concat())
        })
        .collect();
    let pairs = subjects.iter().map(|(name, group)| (name.as_str(), group.as_str())).collect::<Vec<_>>();
    let node = "i-0123456789abcdef0";
    assert_eq!(
        pairs,
        [
            ("kube-apiserver", ""),
            ("kube-apiserver-kubelet-client", "kubeadm:cluster-admins"),
            ("kube-apiserver-etcd-client", ""),
            ("front-proxy-client", ""),
            (node, ""),
            (node, ""),
            ("kube-etcd-healthcheck-client", ""),
            ("alice", "system:masters"),
            ("system:kube-controller-manager", ""),
            ("system:kube-scheduler", ""),
            ("system:node:i-0123456789abcdef0", "system:nodes"),
        ]
    );
}

#[test]
fn servers_are_known_by_every_name() {
    let names = |leaf: &Leaf| {
        let issued = authority(leaf.issuer()).issue(leaf, YEAR, now(), &random()).unwrap();
        let der = CertificateDer::from(issued.certificate.der.as_slice());
        let entity = EndEntityCert::try_from(&der).unwrap();
        for name in leaf.names() {
            entity.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap()).unwrap();
        }
        let other = ServerName::try_from("kubernetes.default.svc.example.com").unwrap();
        assert!(entity.verify_is_valid_for_subject_name(&other).is_err());
        (issued.certificate.dns_names, issued.certificate.addresses.iter().map(ToString::to_string).collect())
    };
    let (dns, addresses): (Vec<String>, Vec<String>) = names(&leaves()[0]);
    assert_eq!(
        dns,
        [
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "api.c.example.com",
            "api.internal.c.example.com",
        ]
    );
    assert_eq!(addresses, ["100.64.0.1", "172.20.32.10", "::1"]);
    let (dns, addresses) = names(&leaves()[4]);
    assert_eq!(dns, ["i-0123456789abcdef0", "localhost"]);
    assert_eq!(addresses, ["127.0.0.1", "::1", "172.20.32.10"]);
}

#[test]
fn validity_keeps_within_the_authority() {
    let authority = authority(Purpose::KubernetesCa);
    let own = authority.certificate();
    assert_eq!(own.not_before, now() - SKEW);
    assert_eq!(own.not_after, now() + AUTHORITY_LIFETIME);
    let issue = |lifetime, at| authority.issue(&Leaf::Scheduler, lifetime, at, &random()).map(|made| made.certificate);
    let usual = issue(YEAR, now()).unwrap();
    assert_eq!((usual.not_before, usual.not_after), (now() - SKEW, now() + YEAR));
    let late = own.not_after - SignedDuration::from_hours(1);
    assert_eq!(issue(YEAR, late).unwrap().not_after, own.not_after);
    assert!(verify(own, &usual, KeyUsage::client_auth(), usual.not_after + SignedDuration::from_secs(1)).is_err());
    let ended = issue(YEAR, own.not_after + SignedDuration::from_secs(1)).unwrap_err().to_string();
    assert_eq!(ended, "the authority kubernetes is valid from 2027-01-15T07:55:00Z to 2037-01-12T08:00:00Z only");
}

#[test]
fn serial_numbers_differ() {
    let authority = authority(Purpose::KubernetesCa);
    let serial = || authority.issue(&Leaf::Scheduler, YEAR, now(), &random()).unwrap().certificate.serial;
    assert_ne!(serial(), serial());
}

#[test]
fn names_that_fit_nowhere_are_refused() {
    let authority = authority(Purpose::KubernetesCa);
    let refused = |leaf| authority.issue(&leaf, YEAR, now(), &random()).unwrap_err();
    let long = "a".repeat(65);
    assert_eq!(refused(Leaf::Admin { user: long.clone() }), PkiError::Name(long));
    assert_eq!(refused(Leaf::Admin { user: String::new() }), PkiError::Name(String::new()));
    let names = vec!["a b".to_owned()];
    assert_eq!(refused(Leaf::ApiServer { names }), PkiError::Name("a b".to_owned()));
}

#[test]
fn an_authority_comes_back_from_its_texts() {
    let authority = authority(Purpose::EtcdCa);
    let (certificate, key) = (authority.certificate().pem(), authority.key().pem().expose());
    let back = Authority::from_pem(&certificate, key, &random()).unwrap();
    let issued = back.issue(&Leaf::EtcdHealthcheckClient, YEAR, now(), &random()).unwrap();
    verify(authority.certificate(), &issued.certificate, KeyUsage::client_auth(), now()).unwrap();
    let other = self::authority(Purpose::EtcdCa);
    assert!(Authority::from_pem(&certificate, other.key().pem().expose(), &random()).is_err());
}
