//! What an instance needs below Kubernetes: kernel settings, time, packages, and credentials for ECR.

use kedge_spec::Settings;
use kedge_spec::resolved::InstanceGroup;
use serde_json::json;

use crate::files::File;
use crate::problem::BootProblem;

/// Kernel settings that nodes need, and those that kops gives them for many connections and watches.
const SYSCTLS: [(&str, &str); 11] = [
    ("net.ipv4.ip_forward", "1"),
    ("net.ipv6.conf.all.forwarding", "1"),
    ("net.bridge.bridge-nf-call-iptables", "1"),
    ("net.bridge.bridge-nf-call-ip6tables", "1"),
    ("net.core.somaxconn", "32768"),
    ("net.ipv4.tcp_keepalive_intvl", "75"),
    ("fs.inotify.max_user_instances", "8192"),
    ("fs.inotify.max_user_watches", "524288"),
    ("kernel.panic", "10"),
    ("kernel.panic_on_oops", "1"),
    ("vm.overcommit_memory", "1"),
];

/// Amazon's clock, which every instance reaches.
const CLOCK: &str = "[Time]\nNTP=169.254.169.123 fd00:ec2::123\nFallbackNTP=\n";

/// Where credential providers of kubelets are.
pub(crate) const PROVIDERS: &str = "/usr/local/libexec/kedge";
/// What they are configured by.
pub(crate) const PROVIDER_CONFIG: &str = "/etc/kubernetes/credential-providers.yaml";

/// Kernel settings: those of every node, of the cluster and of the group, later ones win.
pub(crate) fn sysctls(cluster: &Settings, group: &Settings, problems: &mut Vec<BootProblem>) -> Vec<File> {
    let mut lines: Vec<(String, String)> =
        SYSCTLS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let written = [cluster.texts("sysctlParameters"), group.texts("sysctlParameters")].concat();
    for line in written.into_iter().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((name, value)) = line.split_once('=') else {
            problems.push(BootProblem::new(
                "sysctlParameters",
                format!("`{line}` sets nothing"),
                "write `name = value`, such as `vm.max_map_count=262144`",
            ));
            continue;
        };
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        lines.retain(|(known, _)| *known != name);
        lines.push((name, value));
    }
    let text: String = lines.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    vec![
        File::text("/etc/modules-load.d/kedge.conf", "overlay\nbr_netfilter\n"),
        File::text("/etc/sysctl.d/99-kedge.conf", &text),
    ]
}

/// The clock, unless the user looks after it.
pub(crate) fn time(cluster: &Settings) -> Option<File> {
    let managed = cluster.block("ntp").boolean("managed") != Some(false);
    managed.then(|| File::text("/etc/systemd/timesyncd.conf.d/kedge.conf", CLOCK))
}

/// Systems whose images are known by their name, or the account that they are of, and that bring nothing to install with.
const OTHER_IMAGES: [(&str, &[&str]); 3] =
    [("Flatcar", &["flatcar", "075585003325"]), ("Bottlerocket", &["bottlerocket"]), ("Windows", &["windows"])];

/// Refuses images on which no instance becomes a node, as far as their names say so.
pub(crate) fn image(group: &InstanceGroup, problems: &mut Vec<BootProblem>) {
    let words = group.image.to_lowercase();
    let found = OTHER_IMAGES.iter().find(|(_, marks)| marks.iter().any(|mark| words.contains(mark)));
    if let Some((system, _)) = found {
        problems.push(BootProblem::new(
            "image",
            format!("{} is an image of {system}, which has no package manager that kedge-node knows", group.image),
            "take an image of Debian, Ubuntu, Amazon Linux 2023, RHEL, Rocky or Fedora",
        ));
    }
}

/// Packages of the cluster and of the group, each once.
pub(crate) fn packages(cluster: &Settings, group: &Settings, problems: &mut Vec<BootProblem>) -> Vec<String> {
    let mut packages: Vec<String> = Vec::new();
    for package in [cluster.texts("packages"), group.texts("packages")].concat() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':' | '=' | '~' | '_');
        if package.is_empty() || package.starts_with('-') || !package.chars().all(plain) {
            problems.push(BootProblem::new(
                "packages",
                format!("`{package}` is no name of a package"),
                "write the name as the package manager of the image has it, maybe with `=version`",
            ));
        } else if !packages.iter().any(|known| known == package) {
            packages.push(package.to_owned());
        }
    }
    packages
}

/// How kubelets get credentials for ECR; `mirrored` are registries that ECR stands in for, and `region` is where it does that.
pub(crate) fn credential_provider(mirrored: &[&str], region: &str) -> File {
    let mut registries = vec![
        "*.dkr.ecr.*.amazonaws.com",
        "*.dkr.ecr.*.amazonaws.com.cn",
        "*.dkr.ecr-fips.*.amazonaws.com",
        "*.dkr.ecr.*.amazonaws.eu",
        "public.ecr.aws",
    ];
    registries.extend(mirrored);
    let config = json!({
        "apiVersion": "kubelet.config.k8s.io/v1",
        "kind": "CredentialProviderConfig",
        "providers": [{
            "name": "ecr-credential-provider",
            "matchImages": registries,
            "defaultCacheDuration": "12h0m0s",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "args": ["get-credentials"],
            // The name of a mirrored registry tells it no region.
            "env": [{ "name": "AWS_REGION", "value": region }],
        }],
    });
    File::text(PROVIDER_CONFIG, &kedge_spec::text::write(&[config]))
}
