use snapbox::{assert_data_eq, str};

use super::*;
use crate::testing::{group, spec, store};

fn config(changes: &[(&str, &str)], role: Role) -> Result<GroupConfig, Vec<BootProblem>> {
    let spec = spec(changes);
    let endpoint = ApiEndpoint::of(&spec, None).unwrap();
    configure(&spec, &group(&spec, role), false, &endpoint, &store()).map(|config| config.unwrap())
}

fn file(config: &GroupConfig, path: &str) -> String {
    config.files.iter().find(|file| file.path == path).and_then(File::as_text).unwrap()
}

#[test]
fn documents_of_a_control_plane() {
    let config = config(&[], Role::ControlPlane).unwrap();
    assert_data_eq!(
        config.init.unwrap(),
        str![[r#"
apiServer:
  certSANs:
  - api.c.example.com
  - api.internal.c.example.com
  extraArgs:
  - name: service-account-issuer
    value: https://api.internal.c.example.com
  - name: service-account-jwks-uri
    value: https://api.internal.c.example.com/openid/v1/jwks
  - name: authorization-mode
    value: Node,RBAC
  - name: enable-admission-plugins
    value: NodeRestriction
  - name: authentication-config
    value: /etc/kubernetes/authentication-config.yaml
  extraVolumes:
  - hostPath: /etc/kubernetes/authentication-config.yaml
    mountPath: /etc/kubernetes/authentication-config.yaml
    name: authentication-config
    pathType: File
    readOnly: true
apiVersion: kubeadm.k8s.io/v1beta4
clusterName: c.example.com
controlPlaneEndpoint: api.internal.c.example.com:443
controllerManager:
  extraArgs:
  - name: cloud-provider
    value: external
  - name: cluster-signing-cert-file
    value: /etc/kubernetes/pki/ca-signing.crt
  - name: cluster-name
    value: c.example.com
dns:
  disabled: true
encryptionAlgorithm: ECDSA-P256
etcd:
  local:
    dataDir: /var/lib/etcd
kind: ClusterConfiguration
kubernetesVersion: v1.34.1
networking:
  dnsDomain: cluster.local
  podSubnet: 100.96.0.0/11
  serviceSubnet: 100.64.0.0/13
scheduler: {}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  bindPort: 443
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: cloud-provider
    value: external
  - name: node-labels
    value: node.kubernetes.io/exclude-from-external-load-balancers=
  taints:
  - effect: NoSchedule
    key: node-role.kubernetes.io/control-plane
patches:
  directory: /etc/kubernetes/patches
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
clusterCIDR: 100.96.0.0/11
kind: KubeProxyConfiguration

"#]]
    );
    assert_data_eq!(
        config.join,
        str![[r#"
apiVersion: kubeadm.k8s.io/v1beta4
controlPlane:
  localAPIEndpoint:
    bindPort: 443
discovery:
  file:
    kubeConfigPath: /etc/kubernetes/discovery.conf
kind: JoinConfiguration
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: cloud-provider
    value: external
  - name: node-labels
    value: node.kubernetes.io/exclude-from-external-load-balancers=
  taints:
  - effect: NoSchedule
    key: node-role.kubernetes.io/control-plane
patches:
  directory: /etc/kubernetes/patches

"#]]
    );
    assert_eq!(
        config.etcd_members,
        [("main", "a"), ("events", "a")].map(|(etcd, member)| (etcd.to_owned(), member.to_owned()))
    );
    assert_eq!(config.endpoint, "api.internal.c.example.com:443");
}

#[test]
fn documents_of_nodes() {
    let changes = [(
        "  role: Node\n",
        "  role: Node\n  taints: [\"dedicated=batch:NoSchedule\"]\n  nodeLabels: {team: a, node-role.kubernetes.io/x: \
         ''}\n  kubelet: {maxPods: 50, kubeReserved: {cpu: 500m}, taints: [\"a:NoExecute\"]}\n",
    )];
    let config = config(&changes, Role::Node).unwrap();
    assert_eq!(config.init, None);
    assert_data_eq!(
        &config.join,
        str![[r#"
apiVersion: kubeadm.k8s.io/v1beta4
discovery:
  file:
    kubeConfigPath: /etc/kubernetes/discovery.conf
kind: JoinConfiguration
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
  - name: cloud-provider
    value: external
  - name: node-labels
    value: team=a
  taints:
  - effect: NoSchedule
    key: dedicated
    value: batch
  - effect: NoExecute
    key: a
patches:
  directory: /etc/kubernetes/patches

"#]]
    );
    assert_data_eq!(
        file(&config, "/etc/kubernetes/patches/kubeletconfiguration+merge.yaml"),
        str![[r#"
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
authorization:
  mode: Webhook
cgroupDriver: systemd
clusterDNS:
- 100.64.0.10
clusterDomain: cluster.local
kubeReserved:
  cpu: 500m
maxPods: 50
rotateCertificates: true
shutdownGracePeriod: 30s
shutdownGracePeriodCriticalPods: 10s

"#]]
    );
    let labels: Vec<&str> = config.control_plane_labels.keys().map(String::as_str).collect();
    assert_eq!(labels, ["kops.k8s.io/instancegroup", "node-role.kubernetes.io/node", "node-role.kubernetes.io/x"]);
}

#[test]
fn kubelets_of_all_groups_follow_the_cluster() {
    let changes = [("spec:\n", "spec:\n  kubelet: {evictionHard: 'memory.available<1Gi'}\n")];
    for role in [Role::ControlPlane, Role::Node] {
        let (before, after) = (config(&[], role).unwrap(), config(&changes, role).unwrap());
        assert_ne!(before.digest().unwrap(), after.digest().unwrap(), "{role:?}");
        // What `kubeadm init` leaves in the cluster for all kubelets is the same before and after.
        assert_eq!(before.init, after.init);
    }
}

#[test]
fn kubelets_name_the_cache_of_dns_where_it_cannot_take_the_service() {
    let asked = |network: &str, more: &str| {
        let spec = format!("spec:\n  kubeDNS: {{nodeLocalDNS: {{enabled: true{more}}}}}\n");
        let config = config(&[("spec:\n", &spec), ("{cni: {}}", network)], Role::Node).unwrap();
        let patch = file(&config, "/etc/kubernetes/patches/kubeletconfiguration+merge.yaml");
        patch.split("clusterDNS:\n- ").nth(1).unwrap().lines().next().unwrap().to_owned()
    };
    assert_eq!(asked("{calico: {}}", ""), "100.64.0.10");
    assert_eq!(asked("{cilium: {}}", ""), "169.254.20.10");
    assert_eq!(asked("{cilium: {}}", ", localIP: 169.254.25.10"), "169.254.25.10");
    assert_eq!(asked("{calico: {}}\n  kubeProxy: {proxyMode: ipvs}", ""), "169.254.20.10");
    assert_eq!(asked("{cilium: {}}\n  kubelet: {clusterDNS: 1.2.3.4}", ""), "1.2.3.4");
}

#[test]
fn nodes_with_ipv6_addresses_are_known_by_them() {
    let changes = [
        ("nonMasqueradeCIDR: 100.64.0.0/10", "nonMasqueradeCIDR: '::/0'"),
        ("cidr: 172.20.32.0/19}", "cidr: 172.20.32.0/19, ipv6CIDR: '/64#0'}"),
    ];
    let control_plane = config(&changes, Role::ControlPlane).unwrap();
    let endpoint = "localAPIEndpoint:\n  advertiseAddress: '::'\n  bindPort: 443\n";
    assert!(control_plane.init.as_ref().unwrap().contains(endpoint), "{:?}", control_plane.init);
    assert!(control_plane.join.contains("    advertiseAddress: '::'\n"), "{}", control_plane.join);
    let node = config(&changes, Role::Node).unwrap();
    assert!(node.join.contains("  - name: node-ip\n    value: '::'\n"), "{}", node.join);
    assert!(!config(&[], Role::Node).unwrap().join.contains("'::'"));
}

#[test]
fn kubelets_and_containerd_agree_about_control_groups() {
    let cgroupfs = [("  role: Node\n", "  role: Node\n  kubelet: {cgroupDriver: cgroupfs}\n")];
    for (changes, wanted) in [(&[][..], "SystemdCgroup = true"), (&cgroupfs[..], "SystemdCgroup = false")] {
        let text = file(&config(changes, Role::Node).unwrap(), "/etc/containerd/config.toml");
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn gpu_nodes_are_what_tags_promise() {
    let of = |changes: &[(&str, &str)], role, gpu| {
        let spec = spec(changes);
        let endpoint = ApiEndpoint::of(&spec, None).unwrap();
        configure(&spec, &group(&spec, role), gpu, &endpoint, &store()).unwrap().unwrap()
    };
    let wanted = ("spec:\n", "spec:\n  containerd: {nvidiaGPU: {enabled: true}}\n");
    for role in [Role::ControlPlane, Role::Node] {
        // What the manifest wants of all is not for machines without a GPU.
        assert_eq!(of(&[wanted], role, false), of(&[], role, false));
        let gpu = of(&[wanted], role, true);
        assert_eq!(gpu.control_plane_labels["kops.k8s.io/gpu"], "1");
        assert!(gpu.join.contains("  - effect: NoSchedule\n    key: nvidia.com/gpu\n"), "{}", gpu.join);
        assert_eq!(gpu.join.contains("key: node-role.kubernetes.io/control-plane"), role == Role::ControlPlane);
        assert!(file(&gpu, "/etc/containerd/config.toml").contains("default_runtime_name = \"nvidia\""));
    }
    let own = [("  role: Node\n", "  role: Node\n  taints: [\"nvidia.com/gpu=yes:NoExecute\"]\n")];
    let own = of(&own, Role::Node, true);
    assert!(own.join.contains("NoExecute") && !own.join.contains("NoSchedule"), "{}", own.join);
}

#[test]
fn what_is_not_kubernetes() {
    let changes = [
        (
            "spec:\n",
            "spec:\n  sysctlParameters: [vm.overcommit_memory=2]\n  packages: [nfs-common]\n  iam: {allowContainerRegistry: true}\n",
        ),
        (
            "  role: Node\n",
            "  role: Node\n  packages: [nfs-common, htop]\n  fileAssets: [{name: a, path: /etc/a, content: hi}]\n",
        ),
    ];
    let config = config(&changes, Role::Node).unwrap();
    assert_eq!(config.packages, ["nfs-common", "htop"]);
    let sysctls = file(&config, "/etc/sysctl.d/99-kedge.conf");
    assert!(sysctls.ends_with("vm.overcommit_memory = 2\n") && !sysctls.contains("memory = 1"), "{sysctls}");
    assert_eq!(file(&config, "/etc/a"), "hi");
    assert!(file(&config, system::PROVIDER_CONFIG).contains("ecr-credential-provider"));
    assert!(config.join.contains("name: image-credential-provider-config"));
    assert!(file(&config, "/etc/systemd/timesyncd.conf.d/kedge.conf").contains("169.254.169.123"));
}

#[test]
fn images_come_from_the_registry_of_the_cluster() {
    let of = |assets: &str, version: &str| {
        let assets = format!("spec:\n  assets: {assets}\n");
        config(&[("spec:\n", &assets), ("1.34.1", version)], Role::ControlPlane).unwrap()
    };
    for (assets, registry) in [
        ("{containerRegistry: r.example.com/k8s/}", "r.example.com/k8s"),
        ("{containerProxy: proxy.example.com}", "proxy.example.com"),
        ("{containerProxy: proxy.example.com, containerRegistry: r.example.com/k8s}", "proxy.example.com"),
    ] {
        let config = of(assets, "1.34.1");
        let init = config.init.clone().unwrap();
        assert!(init.contains(&format!("\nimageRepository: {registry}\n")), "{init}");
        let containerd = file(&config, "/etc/containerd/config.toml");
        assert!(containerd.contains(&format!("sandbox_image = \"{registry}/pause:3.10.1\"")), "{containerd}");
    }
    let containerd = file(&of("{containerProxy: p}", "1.33.1"), "/etc/containerd/config.toml");
    assert!(containerd.contains("sandbox_image = \"p/pause:3.10\""), "{containerd}");
    let plain = config(&[], Role::ControlPlane).unwrap();
    assert!(!plain.init.clone().unwrap().contains("imageRepository"));
    assert!(!file(&plain, "/etc/containerd/config.toml").contains("sandbox_image"));
}

#[test]
fn credentials_for_ecr_go_to_what_it_stands_in_for() {
    let of = |containerd: &str| {
        let changes = format!("spec:\n  iam: {{allowContainerRegistry: true}}\n  containerd: {containerd}\n");
        file(&config(&[("spec:\n", &changes)], Role::Node).unwrap(), system::PROVIDER_CONFIG)
    };
    let mirrors = "registryMirrors: {docker.io: ['https://1.dkr.ecr.us-east-1.amazonaws.com'], '*': ['https://a']}";
    let with = of(&format!("{{useECRCredentialsForMirrors: true, {mirrors}}}"));
    assert!(with.contains("  - public.ecr.aws\n  - docker.io\n") && !with.contains("- '*'\n"), "{with}");
    assert!(with.contains("env:\n  - name: AWS_REGION\n    value: us-east-1\n"), "{with}");
    let without = of(&format!("{{{mirrors}}}"));
    assert!(!without.contains("docker.io"), "{without}");
}

#[test]
fn containerd_serves_where_it_is_looked_for() {
    let at = |address: &str| {
        config(&[("spec:\n", &format!("spec:\n  containerd: {{address: {address}, skipInstall: true}}\n"))], Role::Node)
    };
    at("/run/containerd/containerd.sock").unwrap();
    let problems = at("/run/other.sock").unwrap_err();
    assert_eq!(problems[0].field, "containerd.address");
}

#[test]
fn secrets_are_named_and_not_held() {
    let changes = [("spec:\n", "spec:\n  encryptionConfig: true\n")];
    let path = "/etc/kubernetes/encryption-config.yaml";
    let wanted = SecretFile { secret: "encryptionconfig".to_owned(), path: path.to_owned() };
    let control_plane = config(&changes, Role::ControlPlane).unwrap();
    assert_eq!(control_plane.secrets, [wanted]);
    assert!(control_plane.files.iter().all(|file| file.path != path));
    assert_eq!(config(&changes, Role::Node).unwrap().secrets, []);
}

#[test]
fn a_proxy_is_told_to_whoever_reaches_out() {
    let proxy = "spec:\n  egressProxy: {httpProxy: {host: proxy.example.com, port: 3128}, excludes: \"10.0.0.0/8\"}\n";
    let config = config(&[("spec:\n", proxy)], Role::Node).unwrap();
    assert_data_eq!(
        file(&config, "/etc/systemd/system/containerd.service.d/egress-proxy.conf"),
        str![[r#"
[Service]
Environment="HTTP_PROXY=http://proxy.example.com:3128"
Environment="http_proxy=http://proxy.example.com:3128"
Environment="HTTPS_PROXY=http://proxy.example.com:3128"
Environment="https_proxy=http://proxy.example.com:3128"
Environment="NO_PROXY=127.0.0.1,localhost,::1,169.254.169.254,fd00:ec2::254,.svc,.internal,cluster.local,c.example.com,api.c.example.com,api.internal.c.example.com,100.64.0.0/10,100.64.0.0/13,100.96.0.0/11,172.20.0.0/16,172.20.32.0/19,10.0.0.0/8"
Environment="no_proxy=127.0.0.1,localhost,::1,169.254.169.254,fd00:ec2::254,.svc,.internal,cluster.local,c.example.com,api.c.example.com,api.internal.c.example.com,100.64.0.0/10,100.64.0.0/13,100.96.0.0/11,172.20.0.0/16,172.20.32.0/19,10.0.0.0/8"

"#]]
    );
}

#[test]
fn what_cannot_be_done_is_told_at_once() {
    let changes = [(
        "  role: Node\n",
        "  role: Node\n  packages: [\"--force\"]\n  sysctlParameters: [x]\n  fileAssets: [{name: a, path: etc/a}]\n  kubelet: \
         {evictionHard: memory.available, featureGates: {A: maybe}}\n",
    )];
    let problems = config(&changes, Role::Node).unwrap_err();
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["fileAssets", "kubelet.featureGates", "kubelet.evictionHard", "sysctlParameters", "packages"]);
}

#[test]
fn old_versions_are_refused() {
    let problems = config(&[("1.34.1", "1.31.9")], Role::ControlPlane).unwrap_err();
    assert_eq!(problems[0].field, "kubernetesVersion");
    config(&[("1.34.1", "1.32.0")], Role::ControlPlane).unwrap();
}

#[test]
fn a_configuration_is_stored_under_its_digest() {
    let one = config(&[], Role::Node).unwrap();
    let two = config(&[("  role: Node\n", "  role: Node\n  packages: [htop]\n")], Role::Node).unwrap();
    assert_eq!(one.digest().unwrap(), config(&[], Role::Node).unwrap().digest().unwrap());
    assert_ne!(one.digest().unwrap(), two.digest().unwrap());
    assert_eq!(serde_json::from_str::<GroupConfig>(&one.to_json().unwrap()).unwrap(), one);
}

#[test]
fn snapshots_of_etcd_are_kept_as_long_as_is_written() {
    let days = |days: &str| format!("  - name: main\n    manager:\n      backupRetentionDays: {days}\n");
    let with = |written: &str| config(&[("  - name: main\n", &days(written))], Role::ControlPlane);
    assert_eq!(config(&[], Role::ControlPlane).unwrap().etcd_retention_days, None);
    assert_eq!(with("30").unwrap().etcd_retention_days, Some(30));
    let problems = with("0").unwrap_err();
    assert!(problems[0].to_string().contains("0 days"), "{problems:?}");
    assert_eq!(config(&[("  - name: main\n", &days("30"))], Role::Node).unwrap().etcd_retention_days, None);
}

#[test]
fn snapshots_of_etcd_are_taken_as_often_as_is_written() {
    let every = |time: &str| format!("  - name: main\n    manager:\n      backupInterval: {time}\n");
    let with = |written: &str| config(&[("  - name: main\n", &every(written))], Role::ControlPlane);
    assert_eq!(config(&[], Role::ControlPlane).unwrap().etcd_snapshot_seconds, None);
    assert_eq!(with("1h30m").unwrap().etcd_snapshot_seconds, Some(5400));
    for wrong in ["30s", "25h", "-1h"] {
        let problems = with(wrong).unwrap_err();
        assert!(problems[0].to_string().contains(&format!("every `{wrong}`")), "{problems:?}");
    }
}

#[test]
fn images_that_bring_no_package_manager_are_refused() {
    let spec = spec(&[]);
    let endpoint = ApiEndpoint::of(&spec, None).unwrap();
    for (image, refused) in [
        ("flatcar/Flatcar-stable-4230.2.2-hvm", true),
        ("075585003325/whatever", true),
        ("ssm:/aws/service/bottlerocket/aws-k8s-1.33/x86_64/latest/image_id", true),
        ("099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250610", false),
        ("ami-0123456789abcdef0", false),
    ] {
        let mut group = group(&spec, Role::Node);
        image.clone_into(&mut group.image);
        let problems = configure(&spec, &group, false, &endpoint, &store()).err().unwrap_or_default();
        assert_eq!(problems.iter().any(|problem| problem.field == "image"), refused, "{image}: {problems:?}");
    }
}
