//! Members of etcd as real processes, with TLS and certificates as kubeadm has them, on addresses of the loopback network.
//!
//! `etcd` and `etcdctl` or `etcdutl` are taken from the folder that `KEDGE_TEST_ETCD` names, or from the `PATH`; where there is
//! none, the tests say that they are skipped. What kubeadm and the kubelet do on an instance, the host of these tests does:
//! it starts `etcd` with the arguments of kubeadm's static pod.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "everything here is a test, and these run other programs"
)]

mod lab;
mod replacement;
mod restore;
mod snapshots;
