//! What kedge issues, verified by OpenSSL where there is one: somebody else's reading of the same rules.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test asks another program")]

use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use kedge_pki::{Authority, Leaf, Purpose};
use ring::rand::SystemRandom;

#[test]
fn openssl_verifies_every_certificate() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("no openssl on the PATH: nothing was compared");
        return;
    }
    let random = SystemRandom::new();
    let folder = camino_tempfile::tempdir().unwrap();
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let names = vec!["api.c.example.com".to_owned(), "10.0.0.1".to_owned()];
    let node = "node-1".to_owned();
    let leaves = [
        Leaf::api_server("cluster.local", "100.64.0.1".parse().unwrap(), names.clone()),
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
    ];
    for leaf in leaves {
        let purpose: Purpose = leaf.issuer();
        let authority = Authority::generate(purpose.common_name().unwrap(), 1, now, &random).unwrap();
        let issued = authority.issue(&leaf, SignedDuration::from_hours(24 * 365), now, &random).unwrap();
        let (root, end, key) = (folder.path().join("ca"), folder.path().join("leaf"), folder.path().join("key"));
        fs_err::write(&root, authority.certificate().pem()).unwrap();
        fs_err::write(&end, issued.certificate.pem()).unwrap();
        fs_err::write(&key, issued.key.pem().expose()).unwrap();
        let verify = |arguments: &[&str]| {
            let mut command = Command::new("openssl");
            command.args(["verify", "-x509_strict", "-attime", "1800000000", "-CAfile", root.as_str()]);
            command.args(arguments).arg(&end).output().unwrap()
        };
        for (side, wanted) in [("sslserver", leaf.is_server()), ("sslclient", leaf.is_client())] {
            let answer = verify(&["-purpose", side]);
            assert_eq!(answer.status.success(), wanted, "{leaf:?} as {side}: {answer:?}");
        }
        for name in leaf.names() {
            let kind = if name.parse::<std::net::IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
            let answer = verify(&[kind, &name]);
            assert!(answer.status.success(), "{leaf:?} as {name}: {answer:?}");
        }
        // the private key is read, and is that of the certificate
        let public = |arguments: &[&str]| Command::new("openssl").args(arguments).output().unwrap().stdout;
        let of_key = public(&["pkey", "-pubout", "-in", key.as_str()]);
        assert!(!of_key.is_empty());
        assert_eq!(of_key, public(&["x509", "-noout", "-pubkey", "-in", end.as_str()]));
    }
}
