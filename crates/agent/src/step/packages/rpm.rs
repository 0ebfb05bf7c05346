//! Packages on Amazon Linux, Fedora, RHEL and what is made of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Package, Repository};
use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host, done, ensure as ensure_file, succeeds};

/// How long installing may take.
const TIME: Duration = Duration::from_secs(900);

/// The versions of those that are installed.
pub(super) async fn installed(host: &dyn Host, packages: &[Package]) -> Result<BTreeMap<String, String>, StepError> {
    let format = ["--query", "--queryformat", "%{NAME}\\t%{VERSION}-%{RELEASE}\\n"];
    let names = packages.iter().map(|package| package.name.as_str());
    // It ends badly when it does not know one of them.
    let output = host.run(&Command::new("rpm", format.into_iter().chain(names))).await?;
    let text = output.text();
    Ok(text.lines().filter_map(|line| line.split_once('\t')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
}

/// Makes a repository known. What is in it stays out of upgrades.
pub(super) async fn add(host: &dyn Host, repository: &Repository, key: &[u8]) -> Result<(), StepError> {
    let Repository { name, rpm, held, .. } = repository;
    let keyring = format!("/etc/pki/rpm-gpg/kedge-{name}.asc");
    ensure_file(host, &keyring, key, 0o644).await?;
    let text = format!(
        "[kedge-{name}]\nname={name}\nbaseurl={rpm}\nenabled=1\ngpgcheck=1\ngpgkey=file://{keyring}\nexclude={held}\n"
    );
    ensure_file(host, &format!("/etc/yum.repos.d/kedge-{name}.repo"), text.as_bytes(), 0o644).await?;
    Ok(())
}

/// Installs packages, with dnf where it is and with yum otherwise.
pub(super) async fn install(
    agent: &Agent,
    packages: &[&Package],
    repositories: &[Repository],
) -> Result<(), StepError> {
    let host = agent.host();
    let manager = match succeeds(host, Command::new("dnf", ["--version"])).await {
        Ok(true) => "dnf",
        _ => "yum",
    };
    let kept_out: Vec<String> = repositories.iter().map(|repository| format!("kedge-{}", repository.name)).collect();
    // dnf 5 has no option for it of its own, and yum has no other one.
    let excludes: Vec<String> = match manager {
        _ if kept_out.is_empty() => Vec::new(),
        "dnf" => vec![format!("--setopt=disable_excludes={}", kept_out.join(","))],
        _ => kept_out.iter().map(|name| format!("--disableexcludes={name}")).collect(),
    };
    let names: Vec<String> = packages
        .iter()
        .map(|package| match &package.version {
            Some(version) => format!("{}-{version}", package.name),
            None => package.name.clone(),
        })
        .collect();
    let arguments = ["--assumeyes", "--quiet"].into_iter().chain(excludes.iter().map(String::as_str));
    let arguments = arguments.chain(["install"]).chain(names.iter().map(String::as_str));
    done(host, Command::new(manager, arguments).by(agent.config.proxy.as_ref()).within(TIME)).await?;
    Ok(())
}
