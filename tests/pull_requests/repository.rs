//! A git repository of a test, and kedge in it: without credentials and without anything of whoever runs the test.

use std::process::{Command, Output};

use camino_tempfile::Utf8TempDir;

/// What a command did.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

/// A repository in a directory of its own, on the branch `main`.
pub(crate) struct Repository {
    directory: Utf8TempDir,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let this = Self { directory: camino_tempfile::tempdir().expect("a directory") };
        this.git(&["init", "-q", "-b", "main"]);
        this
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &camino::Utf8Path {
        self.directory.path()
    }

    /// Writes a file, and the folders around it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        fs_err::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs_err::write(path, text).expect("a file");
    }

    /// Commits everything.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Runs git, which has to succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let run = self.run("git", ".", arguments, &[]);
        assert_eq!(run.code, 0, "git {arguments:?}: {}", run.stderr);
        run.stdout
    }

    /// Runs kedge.
    pub(crate) fn kedge(&self, arguments: &[&str]) -> Run {
        self.kedge_in(".", arguments)
    }

    /// Runs kedge in a folder of the repository.
    pub(crate) fn kedge_in(&self, folder: &str, arguments: &[&str]) -> Run {
        self.run(env!("CARGO_BIN_EXE_kedge"), folder, arguments, &[])
    }

    /// Runs a program in a folder of the repository.
    pub(crate) fn run(&self, program: &str, folder: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        #[expect(clippy::disallowed_methods, reason = "git and shells are found where whoever runs the test has them")]
        let path = std::env::var_os("PATH").expect("there is a path");
        let output: Output = Command::new(program)
            .args(arguments)
            .current_dir(self.directory.path().join(folder))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.directory.path())
            .env("COLUMNS", "100")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
                [(format!("GIT_{who}_NAME"), "tester"), (format!("GIT_{who}_EMAIL"), "tester@example.com")]
            }))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(environment.iter().copied())
            .output()
            .expect("the program runs");
        Run {
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
            code: output.status.code().expect("it ended by itself"),
        }
    }
}
