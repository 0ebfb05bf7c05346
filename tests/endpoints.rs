//! What a user reads when it is the AWS API, or what stands in its place, that does not do its part: the real command before
//! endpoints that fail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use snapbox::{assert_data_eq, str};

/// How the command ended, and what it said on standard error with the address of the endpoint as `[ENDPOINT]`.
fn kedge(endpoint: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let directory = camino_tempfile::tempdir().expect("a directory");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/minimal.yaml");
    fs_err::copy(manifest, directory.path().join("minimal.yaml")).expect("a manifest");
    let output = Command::new(env!("CARGO_BIN_EXE_kedge"))
        .args(arguments)
        .current_dir(directory.path())
        .env_clear()
        .env("HOME", directory.path())
        .env("COLUMNS", "80")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "none")
        .stdin(Stdio::null())
        .output()
        .expect("kedge runs");
    assert_eq!(String::from_utf8(output.stdout).expect("text"), "", "nothing was found out");
    let left: Vec<_> = directory.path().read_dir_utf8().expect("a directory").filter_map(Result::ok).collect();
    assert_eq!(left.len(), 1, "nothing is left behind: {left:?}");
    (output.status.code(), String::from_utf8(output.stderr).expect("text").replace(endpoint, "[ENDPOINT]"))
}

/// An endpoint that gives every call the same answer.
fn answering(status: u16, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, status, body));
        }
    });
    address
}

fn answer(mut stream: TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length])?;
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// A message without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The part of a message that does not depend on which of the calls that run at the same time failed first.
fn hints(text: &str) -> &str {
    text.split_once("\n\n").map_or("", |(_, hints)| hints)
}

const PLAN: &[&str] = &["plan", "-f", "minimal.yaml"];
const APPLY: &[&str] = &["apply", "-f", "minimal.yaml", "--yes"];
const DELETE: &[&str] = &["delete", "cluster", "--name", "minimal.example.com", "--yes"];
const CLUSTERS: &[&str] = &["get", "clusters"];

#[test]
fn credentials_that_have_expired() {
    let endpoint = answering(
        403,
        "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is \
         expired</Message></Error><Errors><Error><Code>ExpiredToken</Code><Message>The security token included in the \
         request is expired</Message></Error></Errors></ErrorResponse>",
    );
    for command in [PLAN, APPLY, DELETE, CLUSTERS] {
        let (code, text) = kedge(&endpoint, command);
        assert_eq!(code, Some(1), "{command:?}: {text}");
        assert!(text.starts_with("error: failed to "), "{text}");
        assert_data_eq!(
            hints(&text),
            str![[r#"
hint: the credentials have expired: run `aws sso login`, or get new ones
hint: to try kedge without an AWS account, add --sandbox

"#]]
        );
    }
}

#[test]
fn an_endpoint_that_nobody_listens_at() {
    // a port that was free a moment ago
    let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let endpoint = format!("http://{address}");
    for command in [PLAN, APPLY, DELETE, CLUSTERS] {
        let (code, text) = kedge(&endpoint, command);
        assert_eq!(code, Some(1), "{command:?}: {text}");
        assert!(flat(&text).contains("cannot connect to [ENDPOINT]: Connection"), "{text}");
        assert_data_eq!(
            hints(&text),
            str![[r#"
hint: check the network, the region, and AWS_ENDPOINT_URL if it is set; the
      address was [ENDPOINT]

"#]]
        );
    }
}

#[test]
fn an_endpoint_that_is_not_aws() {
    let endpoint = answering(404, "<html><body>What are you looking for?</body></html>");
    let (code, text) = kedge(&endpoint, PLAN);
    assert_eq!(code, Some(1), "{text}");
    assert!(flat(&text).contains("HTTP status 404 without an explanation"), "{text}");
    assert_data_eq!(
        hints(&text),
        str![[r#"
hint: what answers is perhaps not AWS: check AWS_ENDPOINT_URL and the proxies of
      the network

"#]]
    );
}

#[test]
fn an_endpoint_that_is_no_address() {
    let (code, text) = kedge("nonsense", PLAN);
    assert_eq!(code, Some(1), "{text}");
    assert_data_eq!(
        hints(&text),
        str![[r#"
hint: AWS_ENDPOINT_URL has to be an address such as http://127.0.0.1:5000

"#]]
    );
}

#[test]
fn a_profile_that_is_not_there_beside_keys_in_the_environment() {
    let endpoint = answering(500, "");
    let (code, text) = kedge(&endpoint, &["plan", "-f", "minimal.yaml", "--profile", "nowhere"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(flat(&text).contains("the profile nowhere: no AWS credentials were found"), "{text}");
}
