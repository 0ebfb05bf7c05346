//! Programs that are not packaged: fetched, compared with their digest, put in place.

use kedge_bootstrap::{Arch, Download};
use kedge_store::is_digest;

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, done, ensure as ensure_file};
use crate::settled;
use crate::step::packages::fetch;

/// Version of the cloud provider for AWS whose credential provider is installed. It speaks `v1` of the kubelet's protocol,
/// which all versions of Kubernetes here do, so that one does for all.
const PROVIDER: &str = "https://artifacts.k8s.io/binaries/cloud-provider-aws/v1.31.0/linux";
/// Where the configuration of kubelets expects it.
const PROVIDER_PATH: &str = "/usr/local/libexec/kedge/ecr-credential-provider";
/// Unit of a containerd that no package brings.
const CONTAINERD_UNIT: &str = "\
[Unit]
Description=containerd
After=network.target dbus.service

[Service]
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
";

pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let mut names = Vec::new();
    for download in agent.config.downloads.iter().filter(|download| download.arch == agent.arch) {
        install(agent, download).await?;
        names.push(download.name.as_str());
    }
    if let Some(other) = agent.config.downloads.iter().find(|other| !names.contains(&other.name.as_str())) {
        return Err(StepError::refused(format!(
            "{} is given for the other architecture only: `containerd.packages` needs a URL for {} too",
            other.name,
            name(agent.arch)
        )));
    }
    if agent.config.ecr_credentials {
        credential_provider(agent).await?;
        names.push("ecr-credential-provider");
    }
    Ok(if names.is_empty() { "there are none".to_owned() } else { names.join(", ") + " in place" })
}

async fn install(agent: &Agent, download: &Download) -> Result<(), StepError> {
    let host = agent.host();
    let path = format!("/var/cache/kedge/{}", download.sha256);
    if host.digest(&path).await?.as_ref() != Some(&download.sha256) {
        fetch_checked(agent, &download.url, &path, &download.sha256).await?;
    }
    match download.name.as_str() {
        "containerd" => {
            let unpack = Command::new("tar", ["--extract", "--gzip", "--file", &path, "--directory", "/usr/local"]);
            settled::once(host, "containerd-unpacked", &download.sha256, [unpack]).await?;
            ensure_file(host, "/etc/systemd/system/containerd.service", CONTAINERD_UNIT.as_bytes(), 0o644).await?;
        }
        name => {
            let to = format!("/usr/local/sbin/{name}");
            if host.digest(&to).await?.as_ref() != Some(&download.sha256) {
                let copy = Command::new("install", ["--mode", "0755", "-D", &path, &to]);
                done(host, copy).await?;
            }
        }
    }
    Ok(())
}

/// Fetches a file that has to have a digest. Another one is refused: whoever answers with it may answer so again.
async fn fetch_checked(agent: &Agent, url: &str, path: &str, sha256: &str) -> Result<(), StepError> {
    let host = agent.host();
    let part = format!("{path}.part");
    fetch(agent, url, &part).await?;
    let found = host.digest(&part).await?.unwrap_or_default();
    if found != sha256 {
        host.remove(&part).await?;
        return Err(StepError::refused(format!(
            "{url} has the digest {found}, and {sha256} is wanted: it was removed, and nothing of it runs"
        )));
    }
    host.place(&part, path, 0o644).await?;
    Ok(())
}

/// The project publishes the program with its digest beside it; both are believed because its server proves who it is.
async fn credential_provider(agent: &Agent) -> Result<(), StepError> {
    let (host, arch) = (agent.host(), name(agent.arch));
    let url = format!("{PROVIDER}/{arch}/ecr-credential-provider-linux-{arch}");
    let note = "/var/cache/kedge/ecr-credential-provider.sha256";
    let noted =
        |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).split_whitespace().next().unwrap_or_default().to_owned();
    let mut wanted = host.read(note).await?.map(noted).unwrap_or_default();
    if is_digest(&wanted) && host.digest(PROVIDER_PATH).await?.as_ref() == Some(&wanted) {
        return Ok(());
    }
    fetch(agent, &format!("{url}.sha256"), note).await?;
    wanted = host.read(note).await?.map(noted).unwrap_or_default();
    if !is_digest(&wanted) {
        return Err(StepError::wait(format!("{url}.sha256 holds no digest")));
    }
    let path = "/var/cache/kedge/ecr-credential-provider";
    fetch_checked(agent, &url, path, &wanted).await?;
    host.place(path, PROVIDER_PATH, 0o755).await?;
    Ok(())
}

fn name(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    }
}
