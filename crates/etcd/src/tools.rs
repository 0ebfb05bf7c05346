//! The tools of etcd that make a data directory from a snapshot: `etcdutl`, and `etcdctl` before version 3.5.

use std::process::Stdio;

use camino::Utf8Path;
use tokio::process::Command;

use crate::error::EtcdError;

/// How far revisions are advanced by a restore, where the tool can do it: what watches the API must not meet numbers again that
/// meant something else before. It is more than a cluster writes between two snapshots.
const BUMP: &str = "1000000000";

/// A tool of etcd: a program, or a program within etcd's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    command: Vec<String>,
}

/// With what a new cluster of one member begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCluster {
    /// Name of the member.
    pub name: String,
    /// Where others reach it.
    pub peer_url: String,
    /// Makes the id of the cluster another one than before.
    pub token: String,
}

impl Tool {
    /// A program with its first arguments.
    #[must_use]
    pub fn program(command: impl IntoIterator<Item = String>) -> Self {
        Self { command: command.into_iter().collect() }
    }

    /// `etcdutl` of an image of etcd, run by containerd's `ctr` with the volume at the same place inside. The images of
    /// Kubernetes 1.32 and later have it. The image has to be there, as it is where its pod has run.
    #[must_use]
    pub fn of_image(image: &str, volume: &Utf8Path) -> Self {
        let mount = format!("type=bind,src={volume},dst={volume},options=rbind:rw");
        // A container that was cut short stays; its name must not stand in the way of the next one.
        let name = format!("kedge-etcd-restore-{}", std::process::id());
        let words = ["ctr", "-n", "k8s.io", "run", "--rm", "--mount", &mount, image, &name, "etcdutl"];
        Self::program(words.map(str::to_owned))
    }

    /// The first of `etcdutl` and `etcdctl` that can be run from the folders in `path`, which is written as `PATH` is.
    #[must_use]
    pub fn find(path: &str) -> Option<Self> {
        let folders = || path.split(':').filter(|folder| !folder.is_empty());
        let found = ["etcdutl", "etcdctl"].into_iter().find_map(|name| {
            folders().map(|folder| Utf8Path::new(folder).join(name)).find(|program| program.is_file())
        })?;
        Some(Self::program([found.into_string()]))
    }

    /// Whether it is `etcdutl`, which is of the same version as etcd wherever both are.
    #[must_use]
    pub fn is_etcdutl(&self) -> bool {
        self.command.last().is_some_and(|word| word == "etcdutl" || word.ends_with("/etcdutl"))
    }

    /// Makes a data directory from the file of a snapshot. The directory must not be there.
    ///
    /// # Errors
    /// The tool is missing or says why not.
    pub async fn restore(&self, file: &Utf8Path, data: &Utf8Path, cluster: &NewCluster) -> Result<(), EtcdError> {
        let mut arguments = vec![
            "snapshot".to_owned(),
            "restore".to_owned(),
            file.to_string(),
            format!("--data-dir={data}"),
            format!("--name={}", cluster.name),
            format!("--initial-cluster={}={}", cluster.name, cluster.peer_url),
            format!("--initial-advertise-peer-urls={}", cluster.peer_url),
            format!("--initial-cluster-token={}", cluster.token),
        ];
        let help = self.run(&["snapshot".to_owned(), "restore".to_owned(), "--help".to_owned()]).await?;
        if help.contains("--bump-revision") {
            arguments.extend([format!("--bump-revision={BUMP}"), "--mark-compacted".to_owned()]);
        }
        self.run(&arguments).await.map(drop)
    }

    async fn run(&self, arguments: &[String]) -> Result<String, EtcdError> {
        let (program, first) =
            self.command.split_first().map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
        let failed = |why: String| EtcdError::Program { program: program.to_owned(), why };
        let command = Command::new(program)
            .args(first)
            .args(arguments)
            // Before 3.4 the tool spoke version 2 unless told otherwise.
            .env("ETCDCTL_API", "3")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| failed(error.to_string()))?;
        if command.status.success() {
            return Ok(String::from_utf8_lossy(&command.stdout).into_owned());
        }
        let words = String::from_utf8_lossy(&command.stderr);
        let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        Err(failed(format!("{} ({last})", command.status)))
    }
}

/// Bytes that are left on the file system of a folder; none where `df` cannot say.
pub(crate) async fn free_space(folder: &Utf8Path) -> Option<u64> {
    let df = Tool::program(["df".to_owned()]);
    let said = df.run(&["--output=avail".to_owned(), "--block-size=1".to_owned(), folder.to_string()]).await.ok()?;
    said.lines().last()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_of_the_newer_version_comes_first() {
        let folder = camino_tempfile::tempdir().unwrap();
        let path = format!("/nowhere::{}", folder.path());
        assert_eq!(Tool::find(&path), None);
        fs_err::write(folder.path().join("etcdctl"), "").unwrap();
        assert_eq!(Tool::find(&path), Some(Tool::program([folder.path().join("etcdctl").into_string()])));
        assert!(!Tool::find(&path).unwrap().is_etcdutl());
        fs_err::write(folder.path().join("etcdutl"), "").unwrap();
        assert_eq!(Tool::find(&path), Some(Tool::program([folder.path().join("etcdutl").into_string()])));
        assert!(Tool::find(&path).unwrap().is_etcdutl());
    }

    #[tokio::test]
    async fn a_tool_that_fails_says_why() {
        let cluster = NewCluster { name: "a".to_owned(), peer_url: "https://b".to_owned(), token: "t".to_owned() };
        let words = ["sh", "-c", "case \"$*\" in *help*) exit 0;; esac; echo 'no such snapshot' >&2; exit 3", "sh"];
        let tool = Tool::program(words.map(str::to_owned));
        let error = tool.restore(Utf8Path::new("/f"), Utf8Path::new("/d"), &cluster).await.unwrap_err().to_string();
        assert!(error.contains("no such snapshot") && error.contains('3'), "{error}");
        let missing = Tool::program(["/nowhere/etcdutl".to_owned()]);
        let error = missing.restore(Utf8Path::new("/f"), Utf8Path::new("/d"), &cluster).await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/etcdutl"), "{error}");
    }

    #[tokio::test]
    async fn what_is_left_is_a_number() {
        let folder = camino_tempfile::tempdir().unwrap();
        assert!(free_space(folder.path()).await.is_some());
        assert_eq!(free_space(&folder.path().join("missing")).await, None);
    }

    #[test]
    fn an_image_sees_the_volume_at_the_same_place() {
        let tool = Tool::of_image("registry.k8s.io/etcd:3.5.24-0", Utf8Path::new("/var/lib/etcd"));
        let line = tool.command.join(" ");
        assert!(line.contains("src=/var/lib/etcd,dst=/var/lib/etcd,") && line.ends_with(" etcdutl"), "{line}");
    }
}
