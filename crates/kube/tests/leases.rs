//! What only one control plane does at a time, over two API servers: a small one in memory, and the real one where it is there.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic about what it sees, and says what it skips"
)]

#[path = "servers/fake.rs"]
#[expect(dead_code, reason = "another suite needs the rest of it")]
mod fake;
#[path = "servers/real.rs"]
mod real;

use std::collections::BTreeMap;
use std::time::Duration;

use fake::Fake;
use kedge_kube::{Access, Class, Cluster, Lease};
use real::Real;

const SHORT: Duration = Duration::from_secs(1);

async fn one_at_a_time(cluster: &Cluster) {
    let long = Duration::from_secs(60);
    let (one, two) = (Lease::new("turn", "one", long), Lease::new("turn", "two", long));
    two.give_back(cluster).await.unwrap();
    let (first, second) = tokio::join!(one.take(cluster), two.take(cluster));
    assert_ne!(first.unwrap(), second.as_ref().copied().unwrap(), "one of both has it");
    let (holder, other) = if second.unwrap() { (&two, &one) } else { (&one, &two) };
    assert!(holder.take(cluster).await.unwrap(), "it is renewed");
    assert!(!other.take(cluster).await.unwrap());
    other.give_back(cluster).await.unwrap();
    assert!(!other.take(cluster).await.unwrap(), "only who has it gives it back");
    holder.give_back(cluster).await.unwrap();
    assert!(other.take(cluster).await.unwrap());
    assert!(!holder.take(cluster).await.unwrap());
}

/// Whoever ends without a word has it until it was not renewed for as long as it lasts.
async fn ends_without_a_word(cluster: &Cluster) {
    let (gone, other) = (Lease::new("short", "gone", SHORT), Lease::new("short", "other", Duration::from_secs(60)));
    assert!(gone.take(cluster).await.unwrap());
    assert!(!other.take(cluster).await.unwrap());
    tokio::time::sleep(SHORT).await;
    // Renewed meanwhile: the time begins again.
    assert!(gone.take(cluster).await.unwrap());
    assert!(!other.take(cluster).await.unwrap());
    tokio::time::sleep(SHORT).await;
    assert!(other.take(cluster).await.unwrap());
    assert!(!gone.take(cluster).await.unwrap());
}

#[tokio::test]
async fn a_small_server() {
    let fake = Fake::start().await;
    let cluster = Cluster::connect(&Access::Kubeconfig(&fake.kubeconfig())).await.unwrap();
    one_at_a_time(&cluster).await;
    ends_without_a_word(&cluster).await;
}

#[tokio::test]
async fn the_real_server() {
    let Some(real) = Real::start().await else { return };
    let cluster = Cluster::connect(&Access::Kubeconfig(&real.kubeconfig)).await.unwrap();
    one_at_a_time(&cluster).await;
    ends_without_a_word(&cluster).await;
    knows_control_planes_and_their_ranges(&cluster, &real.kubeconfig).await;
}

/// The oldest control plane is found, and ranges of IPv6 are taken, once.
async fn knows_control_planes_and_their_ranges(cluster: &Cluster, kubeconfig: &str) {
    let config = kube::config::Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(config, &options).await.unwrap();
    let nodes: kube::Api<k8s_openapi::api::core::v1::Node> = kube::Api::all(kube::Client::try_from(config).unwrap());
    let served = cluster.version().await.unwrap();
    let mut node = k8s_openapi::api::core::v1::Node::default();
    node.metadata.name = Some("i-1".to_owned());
    nodes.create(&kube::api::PostParams::default(), &node).await.unwrap();
    let runs = |version: &str| serde_json::json!({ "status": { "nodeInfo": { "kubeletVersion": version } } });
    let parameters = kube::api::PatchParams::default();
    nodes.patch_status("i-1", &parameters, &kube::api::Patch::Merge(runs("v1.9.1"))).await.unwrap();
    assert_eq!(cluster.oldest_control_plane().await.unwrap(), served, "it is a worker");
    let label = BTreeMap::from([("node-role.kubernetes.io/control-plane".to_owned(), String::new())]);
    cluster.label_node("i-1", &label).await.unwrap();
    assert_eq!(cluster.oldest_control_plane().await.unwrap(), "v1.9.1");
    nodes.patch_status("i-1", &parameters, &kube::api::Patch::Merge(runs("v1.99.0"))).await.unwrap();
    assert_eq!(cluster.oldest_control_plane().await.unwrap(), served);
    assert_eq!(cluster.node("i-1").await.unwrap().unwrap().pod_ranges, Vec::<String>::new());
    let range = ["2001:db8:0:1::/80".to_owned()];
    for _ in 0..2 {
        cluster.assign_pod_ranges("i-1", &range).await.unwrap();
    }
    assert_eq!(cluster.node("i-1").await.unwrap().unwrap().pod_ranges, range);
    let error = cluster.assign_pod_ranges("i-1", &["2001:db8:0:2::/80".to_owned()]).await.unwrap_err();
    assert_eq!(error.class, Class::Invalid, "{error}");
}
