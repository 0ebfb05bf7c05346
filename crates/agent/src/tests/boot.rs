//! Undisturbed boots.

use kedge_bootstrap::{Arch, Download, Proxy, Unit};
use kedge_store::NodePhase;

use super::machine::Machine;
use super::world::{CLUSTER, Content, World};

#[tokio::test]
async fn a_control_plane_makes_the_cluster_and_a_worker_joins_it() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    let worker = Machine::new(&world, "i-w", "nodes");
    worker.becomes_a_node().await;

    let api = world.state().api.clone().unwrap();
    assert_eq!(world.state().made, 1);
    assert_eq!(api.nodes.keys().collect::<Vec<_>>(), ["i-a", "i-w"]);
    assert!(api.nodes["i-a"].contains_key("node-role.kubernetes.io/control-plane"));
    assert_eq!(api.applied, 1);
    assert_eq!(world.state().records[&format!("api.internal.{CLUSTER}")], [first.address]);
    assert_eq!(world.state().volumes["vol-a"].content, Content::Filesystem("ext4".to_owned()));
    assert_eq!(
        first.text("/etc/hosts"),
        format!(
            "127.0.0.1 localhost\n{} api.internal.{CLUSTER} # kedge: the API of this control plane\n",
            first.address
        )
    );
    // Keys are where kubeadm looks for them, and only root reads them; a worker has none.
    for key in ["ca", "etcd/ca", "front-proxy-ca", "sa"] {
        let path = format!("/etc/kubernetes/pki/{key}.key");
        assert_eq!(first.disk().files[&path].1, 0o600, "{path}");
        assert_eq!(worker.file(&path), None);
    }
    assert!(first.text("/etc/kubernetes/pki/sa.pub").starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(first.disk().files["/etc/kubernetes/encryption-config.yaml"].1, 0o600);
    // Versions are those of the configuration, and held; the token is gone when it is not needed any more.
    assert_eq!(worker.disk().packages["kubelet"], "1.33.2-1.1");
    assert!(worker.disk().held.contains("kubelet") && worker.disk().held.contains("containerd"));
    assert_eq!(worker.file("/etc/kubernetes/discovery.conf"), None);
    let list = worker.text("/etc/apt/sources.list.d/kedge-kubernetes.list");
    assert_eq!(
        list,
        "deb [signed-by=/etc/apt/keyrings/kedge-kubernetes.asc] https://pkgs.k8s.io/core:/stable:/v1.33/deb/ /\n"
    );
    let unit = worker.text("/etc/systemd/system/kedge-node.service");
    assert!(unit.contains("Restart=always") && worker.disk().enabled.contains("kedge-node.service"), "{unit}");

    let statuses = world.store().nodes().await.unwrap().statuses;
    let statuses: Vec<_> =
        statuses.iter().map(|stored| (stored.status.instance.as_str(), stored.status.phase)).collect();
    assert_eq!(statuses, [("i-a", NodePhase::Ready), ("i-w", NodePhase::Ready)]);
    let lock = world.store().init_lock().await.unwrap().lock.unwrap();
    assert!(lock.holder == "i-a" && lock.done.is_some());
}

#[tokio::test]
async fn one_line_for_each_step_and_no_secret_in_any() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    let said = first.disk().said.clone();
    let steps: Vec<&str> = said.iter().filter_map(|line| line.split_once(": done: ")).map(|(step, _)| step).collect();
    assert_eq!(
        steps,
        [
            "identity",
            "unit",
            "clock",
            "etcd-volume",
            "mounts",
            "files",
            "packages",
            "downloads",
            "runtime",
            "keys",
            "secrets",
            "kubernetes",
            "labels",
            "records",
            "add-ons",
        ]
    );
    assert!(
        said.iter().any(|line| line == "etcd-volume: waits, for 900 s at most: vol-a is being attached as /dev/xvdu"),
        "{said:#?}"
    );
    assert_eq!(said.last().unwrap(), "ready: it is a node");
    let info = world.store().join_info("nodes").await.unwrap().unwrap();
    let log = first.disk().log.clone();
    for secret in [info.token.secret(), "PRIVATE KEY"] {
        assert!(!said.iter().chain(&log).any(|line| line.contains(secret)));
        for key in [format!("{CLUSTER}/nodes/control-plane/status/i-a.json"), format!("{CLUSTER}/nodes/init.json")] {
            assert!(!world.memory.text(&key).unwrap().contains(secret));
        }
    }
    // Whatever everybody may read holds no secret.
    for (path, (content, mode)) in &first.disk().files {
        let text = String::from_utf8_lossy(content);
        assert!(mode & 0o077 == 0 || !(text.contains("PRIVATE KEY") || text.contains(info.token.secret())), "{path}");
    }
}

#[tokio::test]
async fn what_is_done_is_not_done_again() {
    let world = World::new(&["a"]).await;
    for (id, group) in [("i-a", "control-plane"), ("i-w", "nodes")] {
        let machine = Machine::new(&world, id, group);
        machine.becomes_a_node().await;
        let before = machine.disk().log.len();
        machine.becomes_a_node().await;
        let again = machine.disk().log[before..].to_vec();
        let other: Vec<_> = again
            .iter()
            .filter(|deed| !deed.contains("/status/") && !deed.ends_with("status.json") && *deed != "apply add-ons")
            .collect();
        assert!(other.is_empty(), "{other:#?}");
    }
}

#[tokio::test]
async fn a_reboot_goes_on_with_what_is_there() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    first.reboot();
    world.state().api.as_mut().unwrap().up = false;
    first.becomes_a_node().await;
    assert_eq!(world.state().made, 1);
    assert_eq!(first.disk().joined, 1);
    assert_eq!(world.state().volumes["vol-a"].formatted, 1);
    assert!(first.disk().active.contains("kubelet.service"));
}

#[tokio::test]
async fn an_only_control_plane_that_is_replaced_comes_back_with_its_data() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    let data = world.state().volumes["vol-a"].files.clone();
    first.terminate();
    let second = Machine::new(&world, "i-2a", "control-plane");
    second.becomes_a_node().await;
    assert_eq!(world.state().made, 1, "a new cluster was made");
    let volume = world.state().volumes["vol-a"].clone();
    assert_eq!((volume.files, volume.formatted), (data, 1));
    assert_eq!(world.state().records[&format!("api.internal.{CLUSTER}")], [second.address]);
    let lock = world.store().init_lock().await.unwrap().lock.unwrap();
    assert!(lock.holder == "i-a" && lock.done.is_some(), "{lock:?}");
}

#[tokio::test]
async fn an_only_control_plane_that_does_not_come_back_leaves_the_cluster_made() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    first.terminate();
    let second = Machine::new(&world, "i-2a", "control-plane");
    world.state().not_ready = true;
    assert!(second.boot().await.unwrap().is_err());
    // Somebody gives up, and means to restore on a new volume.
    second.terminate();
    {
        let mut state = world.state();
        let volume = state.volumes.get_mut("vol-a").unwrap();
        (volume.content, volume.files) = (Content::Blank, Default::default());
        state.not_ready = false;
        state.api.as_mut().unwrap().up = false;
    }
    let third = Machine::new(&world, "i-3a", "control-plane");
    let stopped = third.boot().await.unwrap().unwrap_err();
    assert!(stopped.why.contains("kedge etcd restore"), "{stopped}");
    assert_eq!(world.state().made, 1, "an empty cluster was begun");
}

#[tokio::test]
async fn control_planes_that_join_bring_the_configuration_of_their_version() {
    let world = World::new(&["a", "b", "c"]).await;
    let control_plane = |id, version: &str| {
        let mut machine = Machine::new(&world, id, "control-plane");
        machine.config.kubernetes_version = version.to_owned();
        machine
    };
    let machines =
        [("i-a", "1.33.2"), ("i-b", "1.33.2"), ("i-c", "1.33.2")].map(|(id, version)| control_plane(id, version));
    for machine in &machines {
        machine.becomes_a_node().await;
    }
    machines[1].terminate();
    let newer = control_plane("i-2b", "1.33.10");
    newer.becomes_a_node().await;
    assert_eq!(newer.disk().version, "1.33.10", "it runs what the others were made of");
    assert!(newer.file("/etc/kubernetes/kedge/admin.conf").is_none());
    // One that still has the older template is what it has the files for; the next newer one is newer again.
    machines[2].terminate();
    let older = control_plane("i-2c", "1.33.9");
    older.becomes_a_node().await;
    assert_eq!(older.disk().version, "1.33.9");
    older.terminate();
    let newest = control_plane("i-3c", "1.33.10");
    newest.becomes_a_node().await;
    assert_eq!(newest.disk().version, "1.33.10");
}

#[tokio::test]
async fn of_control_planes_that_have_lost_everything_the_lead_of_a_restore_brings_the_cluster_back() {
    let world = World::new(&["a", "b", "c"]).await;
    let machines = ["i-a", "i-b", "i-c"].map(|id| Machine::new(&world, id, "control-plane"));
    for machine in &machines {
        machine.becomes_a_node().await;
    }
    for machine in &machines {
        machine.terminate();
    }
    for volume in world.state().volumes.values_mut() {
        (volume.content, volume.files) = (Content::Blank, Default::default());
    }
    world.state().api.as_mut().unwrap().up = false;
    world.state().leads = Some("i-2b".to_owned());
    let lead = Machine::new(&world, "i-2b", "control-plane");
    lead.becomes_a_node().await;
    assert_eq!(world.state().made, 1, "another cluster was made");
    let other = Machine::new(&world, "i-2c", "control-plane");
    other.becomes_a_node().await;
    assert!(world.state().api.as_ref().unwrap().nodes.contains_key("i-2c"));
}

#[tokio::test]
async fn control_planes_that_are_all_replaced_at_once_come_back_with_their_data() {
    let world = World::new(&["a", "b", "c"]).await;
    let gone = ["i-a", "i-b", "i-c"].map(|id| Machine::new(&world, id, "control-plane"));
    for machine in &gone {
        machine.becomes_a_node().await;
    }
    for machine in &gone {
        machine.terminate();
    }
    world.state().api.as_mut().unwrap().up = false;
    let machines = ["i-2a", "i-2b", "i-2c"].map(|id| Machine::new(&world, id, "control-plane"));
    tokio::join!(machines[0].becomes_a_node(), machines[1].becomes_a_node(), machines[2].becomes_a_node());
    assert_eq!(world.state().made, 1, "a new cluster was made");
    for machine in &machines {
        assert!(world.state().api.as_ref().unwrap().nodes.contains_key(&machine.id));
        // Others dial its member at the old address until it is corrected.
        assert!(machine.text("/etc/kubernetes/kedge/init.yaml").contains("peerCertSANs:\n    - 10.0.9.9"));
        let log = machine.disk().log.clone();
        let place = |deed: &str| log.iter().position(|done| done.starts_with(deed)).unwrap();
        assert!(place("expect data") < place("kubeadm init phase kubelet-start"), "{log:#?}");
        assert!(
            log.iter().any(|deed| deed.starts_with("kubeadm init --config") && deed.ends_with("--skip-phases=etcd"))
        );
        assert!(machine.file("/etc/kubernetes/kedge/coming-back").is_none());
    }
}

#[tokio::test]
async fn a_first_control_plane_that_is_replaced_before_others_join_comes_back() {
    let world = World::new(&["a", "b", "c"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    first.terminate();
    world.state().api.as_mut().unwrap().up = false;
    // etcd has one member yet, which is a majority by itself.
    world.state().gathered.extend(["b", "c"].map(str::to_owned));
    Machine::new(&world, "i-2a", "control-plane").becomes_a_node().await;
    Machine::new(&world, "i-b", "control-plane").becomes_a_node().await;
    assert_eq!(world.state().made, 1, "a new cluster was made");
}

#[tokio::test]
async fn a_control_plane_whose_api_server_is_slow_does_not_join_again() {
    let world = World::new(&["a", "b", "c"]).await;
    Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
    let machine = Machine::new(&world, "i-b", "control-plane");
    world.state().not_ready = true;
    let stopped = machine.boot().await.unwrap().unwrap_err();
    assert!(stopped.why.contains("the API server of this instance does not answer"), "{stopped}");
    world.state().not_ready = false;
    machine.reboot();
    machine.becomes_a_node().await;
    assert_eq!(machine.disk().joined, 1);
    assert!(machine.file("/etc/kubernetes/kedge/joined").is_none());
}

#[tokio::test]
async fn a_worker_whose_kubelet_has_no_certificate_joins_again() {
    let world = World::new(&["a"]).await;
    Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
    let worker = Machine::new(&world, "i-w", "nodes");
    worker.becomes_a_node().await;
    // It is noted that it has joined, and nobody has ever signed anything.
    worker.disk().files.remove("/var/lib/kubelet/pki/kubelet-client-current.pem");
    world.state().api.as_mut().unwrap().nodes.remove("i-w");
    worker.becomes_a_node().await;
    assert!(world.state().api.as_ref().unwrap().nodes.contains_key("i-w"));
    assert_eq!(worker.disk().joined, 2);
}

#[tokio::test]
async fn a_volume_that_is_another_one_is_not_mounted_before_etcd_expects_data() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    {
        let mut state = world.state();
        let volume = state.volumes.get_mut("vol-a").unwrap();
        (volume.content, volume.files) = (Content::Blank, Default::default());
    }
    first.disk().active.remove("var-lib-etcd.mount");
    world.state().api.as_mut().unwrap().up = false;
    let before = first.disk().log.len();
    assert!(first.boot().await.unwrap().is_err());
    let log = first.disk().log[before..].to_vec();
    let place = |deed: &str| log.iter().position(|done| done.starts_with(deed)).unwrap();
    assert!(place("expect data") < place("mkfs"), "{log:#?}");
}

#[tokio::test]
async fn a_member_that_was_cut_off_before_its_vote_gets_it_while_it_joins() {
    let world = World::new(&["a", "b", "c"]).await;
    let machines = ["i-a", "i-b", "i-c"].map(|id| Machine::new(&world, id, "control-plane"));
    for machine in &machines {
        machine.becomes_a_node().await;
    }
    machines[1].terminate();
    world.state().learns = true;
    let replaced = Machine::new(&world, "i-2b", "control-plane");
    replaced.becomes_a_node().await;
    let said = replaced.disk().said.clone();
    assert!(!said.iter().any(|line| line.contains("timed out")), "{said:#?}");
}

#[tokio::test]
async fn an_only_control_plane_whose_volume_is_lost_begins_no_other_cluster() {
    let world = World::new(&["a"]).await;
    let first = Machine::new(&world, "i-a", "control-plane");
    first.becomes_a_node().await;
    first.terminate();
    {
        let mut state = world.state();
        let volume = state.volumes.get_mut("vol-a").unwrap();
        (volume.content, volume.files) = (Content::Blank, Default::default());
    }
    let second = Machine::new(&world, "i-2a", "control-plane");
    let stopped = second.boot().await.unwrap().unwrap_err().to_string();
    assert!(stopped.contains("kedge etcd restore"), "{stopped}");
    assert_eq!(world.state().made, 1);
}

#[tokio::test]
async fn images_of_amazon_use_dnf() {
    let world = World::new(&["a"]).await;
    Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
    let worker = Machine::new(&world, "i-w", "nodes");
    worker.write_file("/etc/os-release", b"ID=\"amzn\"\nID_LIKE=\"fedora\"\n", 0o644);
    worker.becomes_a_node().await;
    assert_eq!(worker.disk().packages["kubelet"], "1.33.2");
    let log = worker.disk().log.clone();
    let installs = "dnf --assumeyes --quiet --setopt=disable_excludes=kedge-kubernetes install ";
    assert!(log.iter().any(|deed| deed.starts_with(installs)), "{log:#?}");
    let repository = worker.text("/etc/yum.repos.d/kedge-kubernetes.repo");
    assert!(repository.contains("gpgcheck=1") && repository.contains("exclude=kubelet"), "{repository}");
}

#[tokio::test]
async fn what_a_manifest_adds_is_there_before_the_kubelet() {
    let world = World::new(&["a"]).await;
    Machine::new(&world, "i-a", "control-plane").becomes_a_node().await;
    let mut worker = Machine::new(&world, "i-w", "nodes");
    let digest = |bytes: &[u8]| crate::settled::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
    let unit = |name: &str, text: &str| Unit { name: name.to_owned(), text: text.to_owned() };
    worker.config.units = vec![unit("one.service", "[Install]\n"), unit("broken.service", "[Service]\n")];
    worker.config.ecr_credentials = true;
    for (name, bytes) in [("containerd", b"archive".as_slice()), ("runc", b"program")] {
        let (url, sha256) = (format!("https://example.com/{name}"), digest(bytes));
        world.state().web.insert(url.clone(), bytes.to_vec());
        worker.config.downloads.push(Download { name: name.to_owned(), arch: Arch::Amd64, url, sha256 });
    }
    let provider =
        "https://artifacts.k8s.io/binaries/cloud-provider-aws/v1.31.0/linux/amd64/ecr-credential-provider-linux-amd64";
    world.state().web.insert(provider.to_owned(), b"provider".to_vec());
    world.state().web.insert(format!("{provider}.sha256"), format!("{}\n", digest(b"provider")).into_bytes());
    worker.becomes_a_node().await;

    assert_eq!(worker.text("/usr/local/bin/containerd"), "archive");
    assert_eq!(worker.text("/usr/local/sbin/runc"), "program");
    assert_eq!(worker.text("/usr/local/libexec/kedge/ecr-credential-provider"), "provider");
    assert!(!worker.disk().packages.contains_key("containerd") && !worker.disk().packages.contains_key("runc"));
    assert!(worker.text("/etc/systemd/system/containerd.service").contains("ExecStart=/usr/local/bin/containerd"));
    let said = worker.disk().said.clone();
    let log = worker.disk().log.clone();
    let place =
        |deed: &str| log.iter().position(|done| done.starts_with(deed)).unwrap_or_else(|| panic!("{deed}: {log:#?}"));
    for before in ["systemctl restart one.service", "place /usr/local/libexec", "systemctl restart containerd"] {
        assert!(place(before) < place("kubeadm join"), "{before}");
    }
    assert!(said.iter().any(|line| line.contains("these failed: `systemctl restart broken.service`")), "{said:#?}");
}

#[tokio::test]
async fn a_containerd_without_runc_gets_that_of_the_image() {
    let world = World::new(&["a"]).await;
    let mut machine = Machine::new(&world, "i-a", "control-plane");
    let url = "https://example.com/containerd".to_owned();
    let sha256 = crate::settled::hex(&<sha2::Sha256 as sha2::Digest>::digest(b"archive"));
    world.state().web.insert(url.clone(), b"archive".to_vec());
    machine.config.downloads.push(Download { name: "containerd".to_owned(), arch: Arch::Amd64, url, sha256 });
    machine.becomes_a_node().await;
    assert!(machine.disk().packages.contains_key("runc") && !machine.disk().packages.contains_key("containerd"));
}

#[tokio::test]
async fn a_node_takes_as_many_pods_as_its_machine_has_addresses() {
    let path = "/etc/kubernetes/patches/kubeletconfiguration-pods+merge.yaml";
    for (interfaces, wanted) in [((3, 6), "maxPods: 17\n"), ((15, 50), "maxPods: 110\n"), ((0, 0), "maxPods: 2\n")] {
        let world = World::new(&["a"]).await;
        let mut machine = Machine::new(&world, "i-a", "control-plane");
        machine.config.pods_by_interfaces = true;
        let stopped = machine.boot().await.unwrap().unwrap_err();
        assert!(stopped.why.contains("EC2 knows no t3.medium"), "{stopped}");
        world.state().machine_types.insert("t3.medium".to_owned(), interfaces);
        machine.becomes_a_node().await;
        assert_eq!(machine.text(path), wanted);
        let log = machine.disk().log.clone();
        let place = |deed: &str| log.iter().position(|done| done.starts_with(deed));
        assert!(place(&format!("write {path}")) < place("kubeadm init"), "{log:#?}");
        // EC2 is not asked again.
        world.state().machine_types.clear();
        machine.becomes_a_node().await;
    }
}

#[tokio::test]
async fn what_comes_from_the_internet_comes_by_the_proxy() {
    let world = World::new(&["a"]).await;
    let mut machine = Machine::new(&world, "i-a", "control-plane");
    machine.config.proxy = Some(Proxy { url: "http://proxy:3128".to_owned(), direct: vec![".svc".to_owned()] });
    machine.becomes_a_node().await;
    // kubeadm would tell control planes, which have to find kubelets.
    assert_eq!(machine.disk().by_proxy, ["apt-get", "curl", "dpkg"].map(str::to_owned).into());
}

#[tokio::test]
async fn a_certain_containerd_comes_from_those_who_package_every_one() {
    let world = World::new(&["a"]).await;
    let mut machine = Machine::new(&world, "i-a", "control-plane");
    machine.config.containerd_version = Some("1.7.27".to_owned());
    let stopped = machine.boot().await.unwrap().unwrap_err();
    assert!(stopped.why.starts_with("the repository docker cannot be reached: "), "{stopped}");
    let url = "https://download.docker.com/linux/ubuntu/gpg";
    let other = world.state().web["https://pkgs.k8s.io/core:/stable:/v1.33/deb/Release.key"].clone();
    world.state().web.insert(url.to_owned(), other);
    let stopped = machine.boot().await.unwrap().unwrap_err();
    assert!(stopped.why.contains("9DC858229FC7DD38854AE2D88D81803C0EBFCD88 is wanted"), "{stopped}");
}
