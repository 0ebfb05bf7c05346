//! Configuration of containerd, with its mirrors of registries.

use kedge_spec::Settings;
use serde_json::Value;

use crate::files::File;
use crate::problem::BootProblem;
use crate::toml::{Toml, path};

/// Where the hosts of registries are described.
const HOSTS: &str = "/etc/containerd/certs.d";
/// Where it serves.
const SOCKET: &str = "/run/containerd/containerd.sock";
/// Plugin that serves kubelets.
const CRI: &str = "io.containerd.grpc.v1.cri";
/// Where gVisor's runtime reads how it shall run.
const RUNSC: &str = "/etc/containerd/runsc.toml";

/// What containerd does for a group beside what its settings say.
#[derive(Clone, Debug)]
pub(crate) struct Purpose {
    /// Whether pods run on GPUs.
    pub(crate) gpu: bool,
    /// Whether kubelets leave control groups to systemd: both have to agree.
    pub(crate) systemd: bool,
    /// The image of sandboxes, where images come from a registry of the cluster.
    pub(crate) sandbox: Option<String>,
}

/// The registry that images of Kubernetes come from instead of their own, as `assets` name it.
pub(crate) fn registry(cluster: &Settings) -> Option<String> {
    let assets = cluster.block("assets");
    let registry = assets.text("containerProxy").or_else(|| assets.text("containerRegistry"))?;
    Some(registry.trim_end_matches('/').to_owned())
}

/// The image of sandboxes in that registry: the one that kubeadm pulls from there. `minor` is the second number of its version.
pub(crate) fn sandbox(cluster: &Settings, minor: u32) -> Option<String> {
    let tag = match minor {
        ..=33 => "3.10",
        34..=35 => "3.10.1",
        _ => "3.10.2",
    };
    registry(cluster).map(|registry| format!("{registry}/pause:{tag}"))
}

/// The files of containerd; `settings` are those of the cluster with those of the group over them.
pub(crate) fn files(settings: &Settings, purpose: &Purpose, problems: &mut Vec<BootProblem>) -> Vec<File> {
    let mut files = vec![File::text("/etc/containerd/config.toml", &config(settings, purpose))];
    if let Some(platform) = gvisor_platform(settings) {
        let mut config = Toml::table([]);
        config.set(&["runsc_config".to_owned(), "platform".to_owned()], Toml::Text(platform));
        files.push(File::text(RUNSC, &config.write()));
    }
    let mirrors = settings.get("registryMirrors").and_then(Value::as_object);
    for (registry, hosts) in mirrors.into_iter().flatten() {
        let hosts: Vec<&str> = hosts.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
        if registry != "*" && (registry.is_empty() || registry.starts_with('.') || !registry.chars().all(plain)) {
            problems.push(BootProblem::new(
                "containerd.registryMirrors",
                format!("`{registry}` is no host of a registry"),
                "write a host such as `docker.io`, or `*` for all others",
            ));
            continue;
        }
        let folder = if registry == "*" { "_default" } else { registry };
        files.push(File::text(format!("{HOSTS}/{folder}/hosts.toml"), &mirror(registry, &hosts)));
    }
    files
}

/// The registries that others stand in for.
pub(crate) fn mirrored(settings: &Settings) -> Vec<&str> {
    let mirrors = settings.get("registryMirrors").and_then(Value::as_object);
    mirrors.into_iter().flatten().map(|(registry, _)| registry.as_str()).filter(|registry| *registry != "*").collect()
}

/// By what gVisor catches system calls, where it runs and the manifest says so.
fn gvisor_platform(settings: &Settings) -> Option<String> {
    let gvisor = settings.block("gvisor");
    let platform = gvisor.text("platform").filter(|_| gvisor.boolean("enabled") == Some(true))?;
    Some(platform.to_owned())
}

/// Looks at what has to be as it is whoever brings containerd.
pub(crate) fn check(settings: &Settings, problems: &mut Vec<BootProblem>) {
    if let Some(address) = settings.text("address").filter(|address| *address != SOCKET) {
        problems.push(BootProblem::new(
            "containerd.address",
            format!("kubelets and what else asks containerd find it at `{SOCKET}`, not at `{address}`"),
            "leave it out",
        ));
    }
}

fn config(settings: &Settings, purpose: &Purpose) -> String {
    let (gpu, systemd) = (purpose.gpu, purpose.systemd);
    if let Some(whole) = settings.text("configOverride") {
        return whole.to_owned();
    }
    // Version 2 is what both lines of containerd read, 1.7 and 2.
    let mut config = Toml::table([("version", Toml::Integer(2))]);
    let mut set = |keys: &[&str], value: Toml| {
        config.set(&keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(), value);
    };
    for name in ["root", "state"] {
        if let Some(directory) = settings.text(name) {
            set(&[name], directory.into());
        }
    }
    if let Some(level) = settings.text("logLevel") {
        set(&["debug", "level"], level.into());
    }
    if let Some(image) = settings.text("sandboxImage").or(purpose.sandbox.as_deref()) {
        set(&["plugins", CRI, "sandbox_image"], image.into());
    }
    if let Some(on) = settings.boolean("selinuxEnabled") {
        set(&["plugins", CRI, "enable_selinux"], Toml::Boolean(on));
    }
    set(&["plugins", CRI, "registry", "config_path"], HOSTS.into());
    let mut runtime = |name: &str, kind: &str, options: Toml| {
        let place = ["plugins", CRI, "containerd", "runtimes", name];
        set(&[&place[..], &["runtime_type"]].concat(), kind.into());
        set(&[&place[..], &["options"]].concat(), options);
    };
    runtime("runc", "io.containerd.runc.v2", Toml::table([("SystemdCgroup", Toml::Boolean(systemd))]));
    if gpu {
        let options = Toml::table([
            ("SystemdCgroup", Toml::Boolean(systemd)),
            ("BinaryName", "/usr/bin/nvidia-container-runtime".into()),
        ]);
        runtime("nvidia", "io.containerd.runc.v2", options);
    }
    if settings.block("gvisor").boolean("enabled") == Some(true) {
        let options = match gvisor_platform(settings) {
            Some(_) => {
                Toml::table([("TypeUrl", "io.containerd.runsc.v1.options".into()), ("ConfigPath", RUNSC.into())])
            }
            None => Toml::table([]),
        };
        runtime("runsc", "io.containerd.runsc.v1", options);
    }
    if gpu {
        set(&["plugins", CRI, "containerd", "default_runtime_name"], "nvidia".into());
    }
    let nri = settings.block("nri");
    if let Some(on) = nri.boolean("enabled") {
        let plugin = "io.containerd.nri.v1.nri";
        set(&["plugins", plugin, "disable"], Toml::Boolean(!on));
        for (name, field) in [
            ("pluginRegistrationTimeout", "plugin_registration_timeout"),
            ("pluginRequestTimeout", "plugin_request_timeout"),
        ] {
            if let Some(time) = nri.text(name) {
                set(&["plugins", plugin, field], time.into());
            }
        }
    }
    for (key, value) in settings.map("configAdditions") {
        config.set(&path(key), Toml::guess(value));
    }
    config.write()
}

/// What stands in for a registry. The first host that answers counts; the registry itself comes last.
fn mirror(registry: &str, hosts: &[&str]) -> String {
    let server = match registry {
        "*" => None,
        "docker.io" => Some("https://registry-1.docker.io".to_owned()),
        host => Some(format!("https://{host}")),
    };
    let mut text = String::new();
    if let Some(server) = server {
        text.push_str(&Toml::table([("server", Toml::Text(server))]).write());
    }
    for host in hosts {
        let mut table = Toml::table([]);
        let capabilities = Toml::List(vec!["pull".into(), "resolve".into()]);
        table.set(&["host".to_owned(), (*host).to_owned(), "capabilities".to_owned()], capabilities);
        if !text.is_empty() {
            text.push('\n');
        }
        // One after the other: here, order means something.
        text.push_str(&table.write());
    }
    text
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::testing::spec;

    fn all(containerd: &str, gpu: bool) -> Vec<File> {
        let spec = spec(&[("spec:\n", &format!("spec:\n  containerd: {containerd}\n"))]);
        let mut problems = Vec::new();
        let purpose = Purpose { gpu, systemd: true, sandbox: None };
        let files = files(&spec.cluster.settings.block("containerd"), &purpose, &mut problems);
        assert_eq!(problems, []);
        files
    }

    #[test]
    fn settings_and_mirrors() {
        let files = all(
            r#"{logLevel: warn, sandboxImage: "x/pause:3", registryMirrors: {docker.io: ["https://a", "https://b"], "*": ["http://c"]},
               configAdditions: {'plugins."io.containerd.grpc.v1.cri".max_concurrent_downloads': 5}}"#,
            false,
        );
        assert_data_eq!(
            files[0].as_text().unwrap(),
            str![[r#"
version = 2

[debug]
level = "warn"

[plugins."io.containerd.grpc.v1.cri"]
max_concurrent_downloads = 5
sandbox_image = "x/pause:3"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d"

"#]]
        );
        assert_eq!(files[1].path, "/etc/containerd/certs.d/_default/hosts.toml");
        assert_data_eq!(
            files[2].as_text().unwrap(),
            str![[r#"
server = "https://registry-1.docker.io"

[host."https://a"]
capabilities = ["pull", "resolve"]

[host."https://b"]
capabilities = ["pull", "resolve"]

"#]]
        );
    }

    #[test]
    fn a_configuration_of_the_user_is_taken_whole() {
        let files = all("{configOverride: \"mine = 1\\n\", logLevel: warn}", true);
        assert_eq!(files[0].as_text().as_deref(), Some("mine = 1\n"));
    }

    #[test]
    fn gvisor_runs_as_it_is_told() {
        let files = all("{gvisor: {enabled: true, platform: kvm}}", false);
        let text = files[0].as_text().unwrap();
        assert!(text.contains("ConfigPath = \"/etc/containerd/runsc.toml\""), "{text}");
        assert_eq!(files[1].path, "/etc/containerd/runsc.toml");
        assert_eq!(files[1].as_text().as_deref(), Some("[runsc_config]\nplatform = \"kvm\"\n"));
        assert_eq!(all("{gvisor: {enabled: false, platform: kvm}}", false).len(), 1);
    }

    #[test]
    fn gpu_groups_run_with_the_runtime_of_nvidia() {
        let text = all("{}", true)[0].as_text().unwrap();
        assert!(text.contains("default_runtime_name = \"nvidia\""), "{text}");
    }
}
