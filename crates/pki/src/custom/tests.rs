use jiff::SignedDuration;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
};
use time::OffsetDateTime;

use super::*;
use crate::leaf::Leaf;
use crate::testing::{RSA_KEY, now, random};

const P384: &str = include_str!("../../testdata/p384-sec1.pem");

/// A certificate of somebody's own authority, with one thing changed.
fn certificate(key: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = params();
    change(&mut params);
    let key = KeyPair::from_pem(key, &random()).unwrap();
    Certificate::from_der(params.self_signed(&key.with(&random())).unwrap().der()).unwrap().pem()
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    let time = |days: i64| OffsetDateTime::from_unix_timestamp(now().as_second() + days * 86_400).unwrap();
    (params.not_before, params.not_after) = (time(-10), time(1000));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, DnValue::PrintableString("Example".try_into().unwrap()));
    params.distinguished_name.push(DnType::CommonName, "Example CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// A certificate for the first key that the second one has signed, under the name of an authority.
fn signed_by(key: &str, other: &str, issuer: &str) -> String {
    let root = certificate(other, |params| params.distinguished_name.push(DnType::CommonName, issuer));
    let root = Certificate::from_pem(&root).unwrap();
    let random = random();
    let other = KeyPair::from_pem(other, &random).unwrap();
    let issuer = Issuer::from_ca_cert_der(&root.der.as_slice().into(), other.with(&random)).unwrap();
    let key = KeyPair::from_pem(key, &random).unwrap();
    let made = params().signed_by(key.public(), &issuer).unwrap();
    Certificate::from_der(made.der()).unwrap().pem()
}

fn faults(certificate: &str, key: &str) -> Vec<CaFault> {
    match Authority::custom(certificate, key, now(), &random()) {
        Err(PkiError::Custom(faults)) => faults,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_authority_of_every_kind_of_key_issues() {
    for key in [RSA_KEY, P384, include_str!("../../testdata/p256-sec1.pem")] {
        let text = certificate(key, |_| {});
        let authority = Authority::custom(&text, key, now(), &random()).unwrap();
        let issued = authority.issue(&Leaf::Scheduler, SignedDuration::from_hours(1), now(), &random()).unwrap();
        let (_, leaf) = X509Certificate::from_der(&issued.certificate.der).unwrap();
        let (_, root) = X509Certificate::from_der(&authority.certificate().der).unwrap();
        // to the byte, or no client finds the way
        assert_eq!(leaf.issuer().as_raw(), root.subject().as_raw());
        leaf.verify_signature(Some(root.public_key())).unwrap();
    }
}

#[test]
fn each_fault_is_found() {
    let day = |days: i64| OffsetDateTime::from_unix_timestamp(now().as_second() + days * 86_400).unwrap();
    let one = |change: fn(&mut CertificateParams)| faults(&certificate(P384, change), P384);
    assert_eq!(one(|params| params.is_ca = IsCa::ExplicitNoCa), [CaFault::NotAnAuthority]);
    assert_eq!(one(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]), [CaFault::NoCertSign]);
    let server_only: fn(&mut CertificateParams) =
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(one(server_only), [CaFault::Usages]);
    let nameless: fn(&mut CertificateParams) = |params| {
        params.distinguished_name.remove(DnType::CommonName);
    };
    assert_eq!(one(nameless), [CaFault::Nameless]);
    let ended = certificate(P384, |params| params.not_after = day(-1));
    assert_eq!(faults(&ended, P384), [CaFault::Ended(now() - SignedDuration::from_hours(24))]);
    let later = certificate(P384, |params| params.not_before = day(1));
    assert_eq!(faults(&later, P384), [CaFault::NotYet(now() + SignedDuration::from_hours(24))]);
    assert_eq!(faults(&certificate(RSA_KEY, |_| {}), P384), [CaFault::OtherKey]);
    let chain = certificate(P384, |_| {}) + &certificate(RSA_KEY, |_| {});
    assert_eq!(faults(&chain, P384), [CaFault::Several(2)]);
}

#[test]
fn an_authority_that_another_one_has_issued_is_refused() {
    let below = signed_by(P384, RSA_KEY, "Example Root");
    assert_eq!(faults(&below, P384), [CaFault::Intermediate("Example Root".to_owned())]);
    // nor one that has the name of its issuer, as when a root changes its key
    let renamed = signed_by(P384, RSA_KEY, "Example CA");
    assert_eq!(faults(&renamed, P384), [CaFault::Intermediate("Example CA".to_owned())]);
}

#[test]
fn all_faults_come_at_once_in_plain_words() {
    let text = certificate(P384, |params| {
        params.is_ca = IsCa::NoCa;
        params.key_usages.clear();
        params.not_after = OffsetDateTime::from_unix_timestamp(now().as_second() - 1).unwrap();
    });
    let error = Authority::custom(&text, RSA_KEY, now(), &random()).unwrap_err().to_string();
    assert_eq!(
        error,
        "it makes no certificate authority: the private key belongs to another certificate; it ended on \
         2027-01-15T07:59:59Z; it may not issue certificates (basic constraints without CA:TRUE)"
    );
}

#[test]
fn a_usage_that_names_both_sides_is_enough() {
    let text = certificate(P384, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    });
    Authority::custom(&text, P384, now(), &random()).unwrap();
}
