//! Packages: those of Kubernetes from the community's repository of the minor version, containerd, and those of the manifest.
//!
//! What a repository is signed with is compared with the fingerprint that stands here before the package manager trusts it.
//! Versions are those of the configuration, and held.

mod apt;
mod repository;
mod rpm;

use std::collections::BTreeMap;

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, done};
use crate::openpgp;
use repository::Repository;

/// A package, with its version if a certain one is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    /// Version without the release that the package adds.
    version: Option<String>,
    /// Whether it stays as it is when everything else is upgraded.
    held: bool,
}

impl Package {
    fn any(name: &str) -> Self {
        Self { name: name.to_owned(), version: None, held: false }
    }

    fn held(name: &str, version: Option<&str>) -> Self {
        Self { name: name.to_owned(), version: version.map(str::to_owned), held: true }
    }

    /// As the manifest writes it: a name, maybe with `=version`.
    fn written(text: &str) -> Self {
        match text.split_once('=') {
            Some((name, version)) => Self { held: false, ..Self::held(name, Some(version)) },
            None => Self::any(text),
        }
    }

    /// Whether an installed version will do.
    fn is(&self, installed: &str) -> bool {
        self.version.as_deref().is_none_or(|wanted| {
            // Some packages have an epoch in front.
            let plain = installed.split_once(':').map_or(installed, |(_, rest)| rest);
            [installed, plain].iter().any(|there| {
                there.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '~', '+']))
            })
        })
    }
}

/// What the image is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Image {
    id: String,
    /// Name of the release, such as `noble`.
    codename: String,
    manager: Manager,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Apt,
    Rpm,
}

pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let host = agent.host();
    let image = image(&host.read("/etc/os-release").await?.unwrap_or_default())?;
    let (packages, repositories) = wanted(agent, &image)?;
    let installed = match image.manager {
        Manager::Apt => apt::installed(host, &packages).await?,
        Manager::Rpm => rpm::installed(host, &packages).await?,
    };
    let fits = |package: &&Package| installed.get(&package.name).is_some_and(|version| package.is(version));
    let missing: Vec<&Package> = packages.iter().filter(|package| !fits(package)).collect();
    if missing.is_empty() {
        if image.manager == Manager::Apt {
            apt::hold(host, &packages).await?;
        }
        return Ok(describe(&packages, &installed));
    }
    for repository in &repositories {
        let key = key(agent, repository, image.manager).await?;
        match image.manager {
            Manager::Apt => apt::add(host, repository, &image, &key).await?,
            Manager::Rpm => rpm::add(host, repository, &key).await?,
        }
    }
    match image.manager {
        Manager::Apt => {
            apt::install(agent, &missing).await?;
            apt::hold(host, &packages).await?;
        }
        Manager::Rpm => rpm::install(agent, &missing, &repositories).await?,
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name.as_str()).collect();
    let installed = match image.manager {
        Manager::Apt => apt::installed(host, &packages).await?,
        Manager::Rpm => rpm::installed(host, &packages).await?,
    };
    if let Some(package) = packages.iter().find(|package| !installed.get(&package.name).is_some_and(|v| package.is(v)))
    {
        return Err(StepError::wait(format!(
            "{} was installed as {}, and {} is wanted",
            package.name,
            installed.get(&package.name).map_or("nothing", String::as_str),
            package.version.as_deref().unwrap_or("any version")
        )));
    }
    Ok(format!("installed {}", names.join(", ")))
}

fn describe(packages: &[Package], installed: &BTreeMap<String, String>) -> String {
    let held = packages.iter().filter(|package| package.held);
    let held =
        held.map(|package| format!("{} {}", package.name, installed.get(&package.name).map_or("", String::as_str)));
    format!("{} are there, among them {}", packages.len(), held.collect::<Vec<_>>().join(", "))
}

/// The packages of the instance, and the repositories beside those of the image that they come from.
fn wanted(agent: &Agent, image: &Image) -> Result<(Vec<Package>, Vec<Repository>), StepError> {
    let config = &agent.config;
    let version = config.kubernetes_version.as_str();
    let mut packages: Vec<Package> =
        ["kubelet", "kubeadm", "kubectl"].map(|name| Package::held(name, Some(version))).into();
    let mut repositories = vec![Repository::kubernetes(version)];
    let downloads = |name: &str| config.downloads.iter().any(|download| download.name == name);
    if !config.brings_containerd && !downloads("containerd") {
        // A certain version has only the repository of those who package every one; images have theirs.
        let docker = (config.containerd_version.is_some() && image.id != "amzn")
            || (image.manager == Manager::Rpm && image.id != "amzn" && image.id != "fedora");
        let version = config.containerd_version.as_deref();
        packages.push(Package::held(if docker { "containerd.io" } else { "containerd" }, version));
        if docker {
            repositories.push(Repository::docker(&image.id, image.manager));
        }
    }
    if !config.brings_containerd && downloads("containerd") && !downloads("runc") {
        // What is published of containerd has it not.
        packages.push(Package::held("runc", None));
    }
    let tools = match image.manager {
        Manager::Apt => ["conntrack", "ethtool", "socat"],
        Manager::Rpm => ["conntrack-tools", "ethtool", "socat"],
    };
    packages.extend(tools.map(Package::any));
    if config.mounts.iter().any(|mount| mount.filesystem == "xfs") {
        packages.push(Package::any("xfsprogs"));
    }
    for text in &config.packages {
        let package = Package::written(text);
        if !packages.iter().any(|known| known.name == package.name) {
            packages.push(package);
        }
    }
    Ok((packages, repositories))
}

/// What the image says of itself.
fn image(os_release: &[u8]) -> Result<Image, StepError> {
    let text = String::from_utf8_lossy(os_release);
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let (id, like) = (value("ID"), value("ID_LIKE"));
    let one_of = |names: &[&str]| std::iter::once(id.as_str()).chain(like.split(' ')).any(|word| names.contains(&word));
    let manager = if one_of(&["debian", "ubuntu"]) {
        Manager::Apt
    } else if one_of(&["rhel", "fedora", "centos", "amzn"]) {
        Manager::Rpm
    } else {
        let found = if id.is_empty() { "nothing".to_owned() } else { format!("`{id}`") };
        return Err(StepError::refused(format!(
            "/etc/os-release names {found} as the image, and packages can be installed on Debian, Ubuntu, Amazon Linux 2023, \
             Fedora, RHEL and what is made of them: set `image` of the group to one of those"
        )));
    };
    Ok(Image { id, codename: value("VERSION_CODENAME"), manager })
}

/// The key of a repository, if it is the one that is known.
async fn key(agent: &Agent, repository: &Repository, manager: Manager) -> Result<Vec<u8>, StepError> {
    let host = agent.host();
    let url = repository.key(manager);
    let path = format!("/var/cache/kedge/{}.asc", repository.name);
    let known = host
        .read(&path)
        .await?
        .filter(|text| openpgp::fingerprints(text).is_ok_and(|all| all == [repository.fingerprint]));
    if let Some(text) = known {
        return Ok(text);
    }
    fetch(agent, &url, &path)
        .await
        .map_err(|error| StepError::wait(format!("the repository {} cannot be reached: {error}", repository.name)))?;
    let text = host.read(&path).await?.unwrap_or_default();
    let found =
        openpgp::fingerprints(&text).map_err(|why| StepError::wait(format!("the key {url} cannot be read: {why}")))?;
    if found != [repository.fingerprint] {
        return Err(StepError::refused(format!(
            "{url} holds the key {}, and {} is wanted: nothing of the repository {} is installed",
            found.join(", "),
            repository.fingerprint,
            repository.name
        )));
    }
    Ok(text)
}

/// Fetches a file. curl is on every image, and knows the proxies that the image was given, unless the cluster has one.
pub(super) async fn fetch(agent: &Agent, url: &str, path: &str) -> Result<(), StepError> {
    let host = agent.host();
    // So that its folder is there, and nothing of an earlier attempt.
    host.write(path, b"", 0o600).await?;
    let arguments = ["--fail", "--silent", "--show-error", "--location", "--max-time", "300", "--output", path, url];
    done(host, Command::new("curl", arguments).by(agent.config.proxy.as_ref())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_what_they_say() {
        let image = |text: &str| super::image(text.as_bytes());
        let noble = image("ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n").unwrap();
        assert_eq!(noble, Image { id: "ubuntu".to_owned(), codename: "noble".to_owned(), manager: Manager::Apt });
        assert_eq!(image("ID=\"amzn\"\nID_LIKE=\"fedora\"\n").unwrap().manager, Manager::Rpm);
        assert_eq!(image("ID=rocky\nID_LIKE=\"rhel centos fedora\"\n").unwrap().manager, Manager::Rpm);
        assert!(
            matches!(image("ID=flatcar\nID_LIKE=coreos\n"), Err(StepError::Refused(why)) if why.contains("`flatcar`"))
        );
        assert!(matches!(image(""), Err(StepError::Refused(why)) if why.contains("nothing")));
    }

    #[test]
    fn versions_are_compared_up_to_their_release() {
        let package = Package::held("kubelet", Some("1.33.2"));
        assert!(package.is("1.33.2") && package.is("1.33.2-1.1") && package.is("5:1.33.2-1"));
        assert!(!package.is("1.33.20-1.1") && !package.is("1.33.1-1.1"));
        assert!(Package::any("socat").is("1"));
        assert_eq!(Package::written("jq=1.7").version.as_deref(), Some("1.7"));
    }
}
