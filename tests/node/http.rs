//! Small servers: the metadata service, and an API server behind TLS.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// A request: its first line's method and path, and what it holds.
struct Request {
    method: String,
    path: String,
    head: String,
    body: String,
}

fn read(stream: &mut impl Read) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                let mut words = head.split(' ');
                let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
                let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
                return Some(Request { method, path, head, body });
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

fn answer(stream: &mut impl Write, code: u16, kind: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _gone = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// A metadata service that knows these paths, and gives credentials for the test server. Where it is.
pub(super) fn metadata(paths: BTreeMap<&'static str, String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(Request { method, path, head, .. }) = read(&mut stream) else { continue };
            let credentials = json!({
                "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "test", "SecretAccessKey": "test", "Token": "test",
                "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2099-01-01T00:00:00Z",
            });
            let place = path.strip_prefix("/latest/meta-data/");
            match place {
                _ if method == "PUT" => {
                    let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\
                                Connection: close\r\n\r\ntoken";
                    let _gone = stream.write_all(text.as_bytes());
                }
                _ if !head.to_lowercase().contains("x-aws-ec2-metadata-token: token") => {
                    answer(&mut stream, 401, "text/plain", "");
                }
                Some("iam/security-credentials/" | "iam/security-credentials") => {
                    answer(&mut stream, 200, "text/plain", "role");
                }
                Some("iam/security-credentials/role") => {
                    answer(&mut stream, 200, "application/json", &credentials.to_string());
                }
                Some(place) => match paths.get(place) {
                    Some(text) => answer(&mut stream, 200, "text/plain", text),
                    None => answer(&mut stream, 404, "text/plain", ""),
                },
                None => answer(&mut stream, 404, "text/plain", ""),
            }
        }
    });
    address
}

/// What an API server holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) nodes: BTreeMap<String, Value>,
    pub(super) tokens: Vec<Value>,
}

/// An API server with one node, which answers once a file is there. Its port.
pub(super) fn api(config: ServerConfig, node: &str, is_up: camino::Utf8PathBuf, held: Arc<Mutex<Held>>) -> u16 {
    let object = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": node, "labels": {} } });
    held.lock().unwrap().nodes.insert(node.to_owned(), object);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let Some(request) = read(&mut stream) else { continue };
            let (code, body) =
                if is_up.exists() { reply(&request, &mut held.lock().unwrap()) } else { (503, json!({})) };
            let text = if request.path == "/readyz" && code == 200 { "ok".to_owned() } else { body.to_string() };
            answer(&mut stream, code, "application/json", &text);
            stream.conn.send_close_notify();
            let _gone = stream.flush();
        }
    });
    port
}

/// A secret as an API server gives it back.
fn given_back(secret: &Value) -> Value {
    let mut secret = secret.clone();
    let text = secret["stringData"].take();
    let encoded = |value: &Value| json!(STANDARD.encode(value.as_str().unwrap()));
    secret["data"] = text.as_object().unwrap().iter().map(|(name, value)| (name.clone(), encoded(value))).collect();
    secret
}

fn reply(request: &Request, held: &mut Held) -> (u16, Value) {
    let Request { method, path, body, .. } = request;
    let path = path.split('?').next().unwrap_or_default();
    let list =
        |kind: &str, items: Vec<Value>| json!({ "apiVersion": "v1", "kind": kind, "metadata": {}, "items": items });
    match (method.as_str(), path) {
        ("GET", "/readyz") => (200, json!({})),
        ("GET", "/api/v1/nodes") => (200, list("NodeList", held.nodes.values().cloned().collect())),
        ("GET", "/api/v1/namespaces/kube-system/secrets") => {
            (200, list("SecretList", held.tokens.iter().map(given_back).collect()))
        }
        ("POST", "/api/v1/namespaces/kube-system/secrets") => {
            let secret: Value = serde_json::from_str(body).unwrap();
            held.tokens.push(secret.clone());
            (201, secret)
        }
        (method, path) => {
            let Some(node) = path.strip_prefix("/api/v1/nodes/").and_then(|name| held.nodes.get_mut(name)) else {
                return (
                    404,
                    json!({ "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": path }),
                );
            };
            if method == "PATCH" {
                let patch: Value = serde_json::from_str(body).unwrap();
                let labels = patch["metadata"]["labels"].as_object().unwrap().clone();
                node["metadata"]["labels"].as_object_mut().unwrap().extend(labels);
            }
            (200, node.clone())
        }
    }
}
