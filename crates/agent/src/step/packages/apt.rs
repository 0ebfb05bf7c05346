//! Packages on Debian and Ubuntu.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Image, Package, Repository};
use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, Host, done, ensure as ensure_file};

/// How long installing may take.
const TIME: Duration = Duration::from_secs(900);

/// The versions of those that are installed.
pub(super) async fn installed(host: &dyn Host, packages: &[Package]) -> Result<BTreeMap<String, String>, StepError> {
    let format = ["--show", "--showformat", "${Package}\\t${Version}\\t${db:Status-Status}\\n"];
    let names = packages.iter().map(|package| package.name.as_str());
    // It ends badly when it does not know one of them.
    let output = host.run(&Command::new("dpkg-query", format.into_iter().chain(names))).await?;
    let text = output.text();
    let lines = text.lines().filter_map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
        [name, version, "installed"] => Some((name.to_owned(), version.to_owned())),
        _ => None,
    });
    Ok(lines.collect())
}

/// Makes a repository known.
pub(super) async fn add(host: &dyn Host, repository: &Repository, image: &Image, key: &[u8]) -> Result<(), StepError> {
    let Repository { name, deb, component, .. } = repository;
    let keyring = format!("/etc/apt/keyrings/kedge-{name}.asc");
    let place = match component {
        Some(_) if image.codename.is_empty() => {
            return Err(StepError::refused(
                "/etc/os-release has no VERSION_CODENAME, by which repositories are divided",
            ));
        }
        Some(component) => format!("{} {component}", image.codename),
        None => "/".to_owned(),
    };
    ensure_file(host, &keyring, key, 0o644).await?;
    let line = format!("deb [signed-by={keyring}] {deb} {place}\n");
    ensure_file(host, &format!("/etc/apt/sources.list.d/kedge-{name}.list"), line.as_bytes(), 0o644).await?;
    Ok(())
}

/// Installs packages. Whoever else installs something meanwhile is waited for, and what was interrupted is finished first.
pub(super) async fn install(agent: &Agent, packages: &[&Package]) -> Result<(), StepError> {
    let (host, proxy) = (agent.host(), agent.config.proxy.as_ref());
    let quiet = |command: Command| command.env("DEBIAN_FRONTEND", "noninteractive").by(proxy).within(TIME);
    let lock = ["-o", "DPkg::Lock::Timeout=300", "-o", "APT::Update::Error-Mode=any"];
    done(host, quiet(Command::new("dpkg", ["--force-confold", "--configure", "--pending"]))).await?;
    done(host, quiet(Command::new("apt-get", lock.into_iter().chain(["--quiet", "update"])))).await?;
    let keep = ["-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Options::=--force-confdef"];
    let arguments =
        ["--quiet", "--yes", "--no-install-recommends", "--allow-downgrades", "--allow-change-held-packages"];
    let names: Vec<String> = packages
        .iter()
        .map(|package| match (&package.version, package.held) {
            (Some(version), true) => format!("{}={version}-*", package.name),
            (Some(version), false) => format!("{}={version}", package.name),
            (None, _) => package.name.clone(),
        })
        .collect();
    let all = lock.into_iter().chain(keep).chain(arguments).chain(["install"]).chain(names.iter().map(String::as_str));
    done(host, quiet(Command::new("apt-get", all))).await?;
    Ok(())
}

/// Holds packages.
pub(super) async fn hold(host: &dyn Host, packages: &[Package]) -> Result<(), StepError> {
    let text = done(host, Command::new("apt-mark", ["showhold"])).await?.text();
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| package.held && !text.lines().any(|line| line.trim() == package.name))
        .map(|package| package.name.as_str())
        .collect();
    if !missing.is_empty() {
        done(host, Command::new("apt-mark", ["hold"].into_iter().chain(missing))).await?;
    }
    Ok(())
}
