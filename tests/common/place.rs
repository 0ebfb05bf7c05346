//! A directory with the manifest of a cluster, and the real binary that works on it, with a store or before the test server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use camino_tempfile::Utf8TempDir;

/// An image that the sandbox and the test server have.
const IMAGE: &str = "  image: 099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714";
/// A directory with the manifest of a cluster, and how commands reach its account and its store.
pub(crate) struct Place {
    pub(crate) directory: Utf8TempDir,
    pub(crate) cluster: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Place {
    pub(crate) fn new(cluster: &str, arguments: Vec<String>) -> Self {
        let directory = camino_tempfile::tempdir().expect("a directory");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/minimal.yaml");
        let text = fs_err::read_to_string(manifest).expect("a manifest").replace("minimal.example.com", cluster);
        // The test server knows no images by parameters.
        let lines = text.lines().map(|line| if line.contains("image: ssm:") { IMAGE } else { line });
        let text = lines.collect::<Vec<_>>().join("\n");
        fs_err::write(directory.path().join("cluster.yaml"), text).expect("a file");
        Self { directory, cluster: cluster.to_owned(), arguments, environment: Vec::new() }
    }

    /// With a sandbox and its store.
    pub(crate) fn sandbox(cluster: &str) -> Self {
        Self::new(cluster, vec!["--sandbox".to_owned()])
    }

    /// With an account behind the test server, or `None` where there is none. `{dir}` in the store is the directory.
    #[expect(clippy::disallowed_methods, reason = "the environment says where the tests run")]
    #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
    pub(crate) fn wire(cluster: &str, store: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("KEDGE_TEST_ENDPOINT") else {
            eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
            return None;
        };
        if let Some(bucket) = store.strip_prefix("s3://").and_then(|path| path.split('/').next()) {
            make_bucket(&endpoint, bucket);
        }
        let mut place = Self::new(cluster, Vec::new());
        let store = store.replace("{dir}", place.directory.path().as_str());
        place.arguments = vec!["--store".to_owned(), store];
        place.environment = vec![
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ];
        Some(place)
    }

    pub(crate) fn start(&self, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kedge"));
        command
            .args(words)
            .args(&self.arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("COLUMNS", "200")
            .env("USER", "tester")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "none")
            .env("AWS_SHARED_CREDENTIALS_FILE", "none")
            .envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("kedge runs")
    }

    pub(crate) fn run(&self, words: &[&str]) -> (i32, String) {
        ended(self.start(words).wait_with_output().expect("kedge ends"))
    }
}
pub(crate) fn ended(output: Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

/// Makes a bucket.
fn make_bucket(endpoint: &str, bucket: &str) {
    let answer = request(endpoint, "s3", &format!("PUT /{bucket}"), "", "");
    assert!(answer.contains(" 200 ") || answer.contains("BucketAlreadyOwnedByYou"), "{answer}");
}

/// A request of one's own, for what kedge never asks for.
pub(crate) fn request(endpoint: &str, service: &str, line: &str, headers: &str, body: &str) -> String {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the test server");
    let scope = format!("Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 {scope}\r\n{headers}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
