use std::time::Duration;

use kedge_store::NodeStatus;

use super::*;

fn cluster() -> ClusterName {
    ClusterName::parse("c.example.com").unwrap()
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn group(name: &str, role: &str, min_size: i32) -> InstanceGroup {
    InstanceGroup {
        name: name.to_owned(),
        role: role.to_owned(),
        auto_scaling_group: format!("{name}.c.example.com"),
        machine_type: None,
        min_size,
        max_size: min_size,
        instances: 0,
        subnets: 1,
    }
}

fn instance(group: &str, id: &str, state: &str) -> Instance {
    Instance {
        group: Some(group.to_owned()),
        id: id.to_owned(),
        machine_type: "t3.medium".to_owned(),
        state: state.to_owned(),
        private_ip_address: None,
        subnet: None,
        launch_template_version: None,
    }
}

fn status(instance: &str, phase: NodePhase, step: &str, reason: &str) -> StoredStatus {
    StoredStatus {
        status: NodeStatus {
            format_version: 1,
            cluster: cluster(),
            group: "nodes".to_owned(),
            instance: instance.to_owned(),
            node: instance.to_owned(),
            control_plane: false,
            config: String::new(),
            program: String::new(),
            kubernetes: None,
            phase,
            step: step.to_owned(),
            reason: reason.to_owned(),
            since: now(),
            trust: None,
        },
        age: Some(Duration::from_secs(30)),
    }
}

fn node(instance: &str, control_plane: bool, ready: bool) -> NodeState {
    NodeState {
        name: instance.to_owned(),
        ready,
        reason: (!ready).then(|| "container runtime network not ready".to_owned()),
        control_plane,
        unschedulable: false,
        kubelet_version: "v1.34.1".to_owned(),
        provider_id: Some(format!("aws:///us-east-1a/{instance}")),
        labels: BTreeMap::new(),
        pod_ranges: Vec::new(),
        taints: Vec::new(),
        created: None,
    }
}

fn account() -> Account {
    Account {
        groups: vec![group("bastions", "bastion", 1), group("cp", "control-plane", 1), group("nodes", "node", 2)],
        instances: vec![
            instance("bastions", "i-b", "running"),
            instance("cp", "i-c", "running"),
            instance("nodes", "i-1", "running"),
            instance("nodes", "i-2", "running"),
        ],
        unreadable: Vec::new(),
    }
}

fn boots(statuses: Vec<StoredStatus>) -> Boots {
    let groups = ["cp", "nodes"].map(str::to_owned).into();
    Boots { nodes: Nodes { groups, statuses, unreadable: Vec::new() }, keysets: Keysets::default() }
}

fn failures(validation: &Validation) -> Vec<String> {
    let line = |failure: &Failure| format!("{} {}: {}", failure.kind.as_str(), failure.name, failure.why);
    validation.failures.iter().map(line).collect()
}

#[test]
fn a_healthy_cluster_has_no_failures() {
    let statuses = ["i-c", "i-1", "i-2"].map(|id| status(id, NodePhase::Ready, "ready", "it is a node")).to_vec();
    let boots = boots(statuses);
    let kubernetes = Kubernetes {
        nodes: vec![node("i-c", true, true), node("i-1", false, true), node("i-2", false, true)],
        pods: vec![],
    };
    let validation = judge(&cluster(), &account(), Some(&boots), Some(&kubernetes), now());
    assert_eq!(failures(&validation), [""; 0]);
    assert_eq!(validation.nodes.len(), 4);
    // Whoever is not asked says nothing: a cluster that does not boot from the store is judged by AWS alone.
    assert_eq!(failures(&judge(&cluster(), &account(), None, None, now())), [""; 0]);
    assert_eq!(failures(&judge(&cluster(), &account(), Some(&Boots::default()), None, now())), [""; 0]);
}

#[test]
fn it_is_said_where_nothing_tells_of_nodes() {
    for boots in [None, Some(Boots::default())] {
        let validation = judge(&cluster(), &account(), boots.as_ref(), None, now());
        assert_eq!(validation.warnings, [NOT_KNOWN]);
        assert!(!validation.knows_nodes());
    }
    let bastions = Account { groups: vec![group("bastions", "bastion", 1)], ..account() };
    assert_eq!(judge(&cluster(), &bastions, None, None, now()).warnings, [""; 0]);
    let kubernetes = Kubernetes::default();
    let asked = judge(&cluster(), &account(), None, Some(&kubernetes), now());
    assert_eq!(asked.warnings, [""; 0]);
    assert!(asked.knows_nodes());
}

#[test]
fn an_instance_that_has_fallen_silent_is_a_warning() {
    let mut statuses = ["i-c", "i-1", "i-2"].map(|id| status(id, NodePhase::Ready, "ready", "it is a node"));
    statuses[0].age = Some(Duration::from_secs(29 * 60));
    statuses[1].age = Some(Duration::from_secs(95 * 60));
    // Where reading tells no age, its own time does: two minutes.
    statuses[2].age = None;
    let mut account = account();
    let later = now() + Duration::from_secs(120);
    let validation = judge(&cluster(), &account, Some(&boots(statuses.to_vec())), None, later);
    let silent = "i-1 has said nothing for 95 min: kedge-node does not run on it, or does not reach the state store";
    assert_eq!((failures(&validation), validation.warnings), (vec![], vec![silent.to_owned()]));
    // Of an instance that is gone nobody expects a word.
    account.instances[2].state = "terminated".to_owned();
    assert_eq!(judge(&cluster(), &account, Some(&boots(statuses.to_vec())), None, later).warnings, [""; 0]);
}

#[test]
fn a_status_that_cannot_be_read_is_a_warning() {
    let mut boots =
        boots(["i-c", "i-1", "i-2"].map(|id| status(id, NodePhase::Ready, "ready", "it is a node")).to_vec());
    boots.nodes.unreadable.push("nodes/nodes/status/i-9.json is damaged".to_owned());
    let validation = judge(&cluster(), &account(), Some(&boots), None, now());
    assert_eq!(failures(&validation), [""; 0]);
    assert_eq!(validation.warnings, ["a status could not be read: nodes/nodes/status/i-9.json is damaged"]);
}

#[test]
fn what_stops_instances_is_told_with_its_reason() {
    let mut account = account();
    account.instances[3].state = "pending".to_owned();
    let statuses = vec![
        status("i-c", NodePhase::Waiting, "keys", "the store has no kubernetes-ca yet"),
        status("i-gone", NodePhase::Stopped, "etcd-volume", "of an instance that is gone"),
    ];
    let boots = boots(statuses);
    let validation = judge(&cluster(), &account, Some(&boots), None, now());
    assert_eq!(
        failures(&validation),
        [
            "instance i-c: keys (30 s ago): the store has no kubernetes-ca yet",
            "instance group nodes: 1 of at least 2 instances run",
            "instance i-1: it has not said anything yet: its console says whether user data ran",
        ]
    );
}

#[test]
fn what_kubernetes_says_counts() {
    let trouble = PodTrouble {
        namespace: "kube-system".to_owned(),
        name: "coredns-1".to_owned(),
        node: Some("i-1".to_owned()),
        why: "CrashLoopBackOff".to_owned(),
    };
    let nodes = vec![node("i-c", true, false), node("i-1", false, true), node("i-old", false, true)];
    let kubernetes = Kubernetes { nodes, pods: vec![trouble] };
    let validation = judge(&cluster(), &account(), None, Some(&kubernetes), now());
    assert_eq!(
        failures(&validation),
        [
            "node i-c: container runtime network not ready",
            "node i-2: Kubernetes has no node of this instance",
            "node i-old: its instance is gone, or not of this cluster",
            "cluster c.example.com: no control plane is ready",
            "pod kube-system/coredns-1: CrashLoopBackOff on i-1",
        ]
    );
    let nothing = judge(&cluster(), &Account::default(), None, None, now());
    assert_eq!(failures(&nothing), ["cluster c.example.com: AWS has no instance groups of it"]);
}
