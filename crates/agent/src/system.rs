//! The machine that `kedge-node` runs on.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use fs_err::File;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::error::HostError;
use crate::host::{Command, Host, Output};
use crate::settled::hex;

/// Most bytes of a file that is read whole: more is not one of those that are looked at.
const MOST: u64 = 64 << 20;

/// The machine, or what stands for it below a folder.
#[derive(Debug)]
pub struct System {
    root: PathBuf,
    started: Instant,
    hidden: Vec<&'static str>,
}

impl System {
    /// The machine, with all files below a folder. Programs are found on the `PATH` of the process in any case.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), started: Instant::now(), hidden: Vec::new() }
    }

    /// With variables of the environment that are for this process alone, and not for the programs that it runs.
    #[must_use]
    pub fn hiding(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.hidden.extend(names);
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn open(&self, path: &str) -> Result<Option<File>, HostError> {
        match File::open(self.path(path)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(source) => Err(failed("read", path, source)),
        }
    }
}

/// A folder that is a file has nothing in it either.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn failed(doing: &'static str, path: &str, source: io::Error) -> HostError {
    HostError::Io { doing, path: path.to_owned(), source }
}

#[async_trait]
impl Host for System {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, HostError> {
        let Some(file) = self.open(path)? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(MOST).read_to_end(&mut content).map_err(|source| failed("read", path, source))?;
        Ok(Some(content))
    }

    async fn start_of(&self, path: &str, bytes: usize) -> Result<Option<Vec<u8>>, HostError> {
        let Some(file) = self.open(path)? else { return Ok(None) };
        let mut content = Vec::new();
        let bytes = u64::try_from(bytes).unwrap_or(MOST);
        file.take(bytes).read_to_end(&mut content).map_err(|source| failed("read", path, source))?;
        Ok(Some(content))
    }

    async fn digest(&self, path: &str) -> Result<Option<String>, HostError> {
        let Some(mut file) = self.open(path)? else { return Ok(None) };
        let mut digest = Sha256::new();
        io::copy(&mut file, &mut digest).map_err(|source| failed("read", path, source))?;
        Ok(Some(hex(&digest.finalize())))
    }

    async fn mode(&self, path: &str) -> Result<Option<u32>, HostError> {
        match fs_err::metadata(self.path(path)) {
            Ok(metadata) => Ok(Some(metadata.permissions().mode() & 0o7777)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(source) => Err(failed("look at", path, source)),
        }
    }

    async fn write(&self, path: &str, content: &[u8], mode: u32) -> Result<(), HostError> {
        let place = self.path(path);
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let new = place.with_file_name(format!(".{name}.kedge-new"));
        let written = (|| {
            if let Some(folder) = place.parent() {
                fs_err::create_dir_all(folder)?;
            }
            // Nobody else reads it before it has the permissions that it shall have.
            let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
            file.write_all(content)?;
            fs_err::set_permissions(&new, std::fs::Permissions::from_mode(mode))?;
            file.sync_all()?;
            fs_err::rename(&new, &place)?;
            sync_folder(&place)
        })();
        written.map_err(|source| {
            let _best_effort = fs_err::remove_file(&new);
            failed("write", path, source)
        })
    }

    async fn place(&self, from: &str, to: &str, mode: u32) -> Result<(), HostError> {
        let (source, place) = (self.path(from), self.path(to));
        let moved = (|| {
            if let Some(folder) = place.parent() {
                fs_err::create_dir_all(folder)?;
            }
            fs_err::set_permissions(&source, std::fs::Permissions::from_mode(mode))?;
            fs_err::rename(&source, &place)?;
            sync_folder(&place)
        })();
        moved.map_err(|source| failed("write", to, source))
    }

    async fn remove(&self, path: &str) -> Result<(), HostError> {
        match fs_err::remove_file(self.path(path)) {
            Err(error) if !is_missing(&error) => Err(failed("remove", path, error)),
            _ => Ok(()),
        }
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, HostError> {
        let entries = match fs_err::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(source) => return Err(failed("read", folder, source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| failed("read", folder, source))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    async fn run(&self, command: &Command) -> Result<Output, HostError> {
        let mut process = tokio::process::Command::new(&command.program);
        process.args(&command.arguments);
        for name in &self.hidden {
            process.env_remove(name);
        }
        process.envs(command.environment.iter().map(|(name, value)| (name, value)));
        // Whoever is no longer waited for is ended: a lost init lock stops kubeadm.
        process.stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(command.within, process.output()).await {
            Ok(Ok(output)) => Ok(Output { code: output.status.code(), stdout: output.stdout, stderr: output.stderr }),
            Ok(Err(source)) => Err(HostError::NotRun { command: command.shown(), source }),
            Err(_) => Err(HostError::TimedOut { command: command.shown(), after: command.within }),
        }
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn say(&self, line: &str) {
        tracing::info!("{line}");
        // The console of the instance, which AWS shows without anybody having to get in.
        if let Ok(mut console) = File::options().write(true).open(self.path("/dev/console")) {
            let _nobody_listens = writeln!(console, "kedge: {line}");
        }
    }
}

/// A rename is on disk when the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use kedge_bootstrap::Proxy;

    use super::*;

    fn system() -> (camino_tempfile::Utf8TempDir, System) {
        let folder = camino_tempfile::tempdir().unwrap();
        let system = System::new(folder.path().as_std_path());
        (folder, system)
    }

    #[tokio::test]
    async fn files_are_written_whole_with_their_permissions() {
        let (folder, system) = system();
        assert_eq!(system.read("/a/b").await.unwrap(), None);
        system.write("/a/b", b"secret", 0o600).await.unwrap();
        assert_eq!(system.read("/a/b").await.unwrap().unwrap(), b"secret");
        assert_eq!(system.mode("/a/b").await.unwrap(), Some(0o600));
        system.write("/a/b", b"open", 0o644).await.unwrap();
        assert_eq!(system.mode("/a/b").await.unwrap(), Some(0o644));
        system.place("/a/b", "/c/d", 0o755).await.unwrap();
        assert_eq!(system.list("/a").await.unwrap(), [""; 0]);
        assert_eq!(system.mode("/c/d").await.unwrap(), Some(0o755));
        assert_eq!(system.start_of("/c/d", 2).await.unwrap().unwrap(), b"op");
        assert_eq!(system.read("/c/d/e").await.unwrap(), None);
        system.remove("/c/d").await.unwrap();
        system.remove("/c/d").await.unwrap();
        fs_err::write(folder.path().join("x"), "").unwrap();
        let error = system.write("/x/y", b"", 0o600).await.unwrap_err().to_string();
        assert!(error.starts_with("write /x/y: "), "{error}");
    }

    #[tokio::test]
    async fn programs_are_run_and_ended() {
        let (_folder, system) = system();
        let output =
            system.run(&Command::new("sh", ["-c", "echo out; echo one >&2; echo two >&2; exit 3"])).await.unwrap();
        assert_eq!((output.code, output.text().as_str(), output.last_line().as_str()), (Some(3), "out\n", "two"));
        let error = system.run(&Command::new("no-such-program", [])).await.unwrap_err().to_string();
        assert!(error.contains("`no-such-program` cannot be run"), "{error}");
        let slow = Command::new("sleep", ["60"]).within(Duration::from_millis(50));
        assert!(matches!(system.run(&slow).await, Err(HostError::TimedOut { .. })));
    }

    #[tokio::test]
    async fn programs_have_the_variables_that_are_meant_for_them() {
        let (_folder, system) = system();
        let said = async |system: &System, command: Command| system.run(&command).await.unwrap().text();
        let show = || Command::new("sh", ["-c", "echo \"${PATH:+there} $no_proxy\""]);
        let proxy = Proxy { url: "http://proxy".to_owned(), direct: vec!["a".to_owned(), "b".to_owned()] };
        assert_eq!(said(&system, show().by(Some(&proxy))).await, "there a,b\n");
        assert_eq!(said(&system, show().by(None)).await, "there \n");
        let hiding = system.hiding(["PATH", "no_proxy"]);
        let show = Command::new("/bin/sh", ["-c", "echo \"$no_proxy\""]);
        assert_eq!(said(&hiding, show.by(Some(&proxy))).await, "a,b\n");
        let all = said(&hiding, Command::new("/usr/bin/env", [])).await;
        assert!(!all.lines().any(|line| line.starts_with("PATH=")), "{all}");
    }

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let full = failed("write", "/etc/x", io::Error::from_raw_os_error(28));
        assert_eq!(
            full.to_string(),
            "write /etc/x: the disk is full; make room, or give the group a larger root volume"
        );
    }
}
