//! A small API server in memory. It merges as a merge patch does and owns no fields: what server-side apply really means is
//! tested against the real one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Kinds that are there from the beginning: group and version, kind, plural, whether in namespaces.
const KINDS: [(&str, &str, &str, bool); 16] = [
    ("apiregistration.k8s.io/v1", "APIService", "apiservices", false),
    ("coordination.k8s.io/v1", "Lease", "leases", true),
    ("apps/v1", "StatefulSet", "statefulsets", true),
    ("v1", "Namespace", "namespaces", false),
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Secret", "secrets", true),
    ("v1", "Service", "services", true),
    ("v1", "ServiceAccount", "serviceaccounts", true),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("v1", "Node", "nodes", false),
    ("v1", "Pod", "pods", true),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", true),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false),
];

/// What the server holds.
#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    kinds: Vec<(String, String, String, bool)>,
    version: u64,
    /// The version that it says.
    serves: String,
    /// Answers for the next requests: status code and message.
    faults: Vec<(u16, String)>,
    /// How many writes are let through; then every request fails, as if whoever makes them had been killed.
    writes: Option<usize>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    /// Where it is.
    pub(crate) url: String,
}

impl Fake {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut state = State { serves: "v1.99.0".to_owned(), ..State::default() };
        for (version, kind, plural, namespaced) in KINDS {
            state.kinds.push((version.to_owned(), kind.to_owned(), plural.to_owned(), namespaced));
        }
        for namespace in ["default", "kube-system", "kube-public"] {
            let object =
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "uid": namespace } });
            state.objects.insert(format!("/api/v1/namespaces/{namespace}"), object);
        }
        let fake = Self { state: Arc::new(Mutex::new(state)), url };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        fake
    }

    /// A kubeconfig for it.
    pub(crate) fn kubeconfig(&self) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{ "name": "c", "cluster": { "server": self.url } }],
            "users": [{ "name": "u", "user": { "token": "t" } }],
            "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        })
        .to_string()
    }

    /// The next requests are answered with these.
    pub(crate) fn fail(&self, faults: &[(u16, &str)]) {
        self.state.lock().unwrap().faults =
            faults.iter().rev().map(|(code, text)| (*code, (*text).to_owned())).collect();
    }

    /// Lets so many writes through and then fails everything; none ends that.
    pub(crate) fn cut_after(&self, writes: Option<usize>) {
        self.state.lock().unwrap().writes = writes;
    }

    /// It is of another version.
    pub(crate) fn serves(&self, version: &str) {
        version.clone_into(&mut self.state.lock().unwrap().serves);
    }

    /// Puts an object there.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.state.lock().unwrap().put(path, object);
    }

    /// Takes its labels from an object, as somebody does who takes it over.
    pub(crate) fn unlabel(&self, path: &str) {
        let mut state = self.state.lock().unwrap();
        state.objects.get_mut(path).unwrap()["metadata"]["labels"] = json!({});
    }

    /// Objects of a kind that carry the label of an add-on, and where they are.
    pub(crate) fn labelled(&self, addon: &str) -> Vec<(String, Value)> {
        let state = self.state.lock().unwrap();
        let of_addon = |(_, object): &(&String, &Value)| object["metadata"]["labels"]["addon.kedge.dev/name"] == addon;
        state.objects.iter().filter(of_addon).map(|(at, object)| (at.clone(), object.clone())).collect()
    }

    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let mut head = String::new();
            let mut length = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                if line.trim().is_empty() {
                    break;
                }
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let first: Vec<&str> = head.lines().next().unwrap().split(' ').collect();
            let apply = head.to_lowercase().contains("apply-patch");
            let (code, answer) = self.answer(first[0], first[1], &body, apply);
            let text = answer.to_string();
            let reply = format!(
                "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            );
            if stream.get_mut().write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, method: &str, target: &str, body: &[u8], apply: bool) -> (u16, Value) {
        let mut state = self.state.lock().unwrap();
        if let Some((code, message)) = state.faults.pop() {
            return status(code, &message);
        }
        match &mut state.writes {
            Some(0) => return status(500, "cut off"),
            Some(left) if method != "GET" => *left -= 1,
            _ => {}
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["readyz"] => return (200, json!("ok")),
            ["version"] => return (200, json!({ "gitVersion": state.serves })),
            ["api", version] => return state.discover(version),
            ["apis", group, version] => return state.discover(&format!("{group}/{version}")),
            _ => {}
        }
        let dry = query.contains("dryRun=All");
        match method {
            "GET" if state.is_collection(&parts) => {
                let items: Vec<Value> = state
                    .objects
                    .iter()
                    .filter(|(at, _)| at.rsplit_once('/').unwrap().0 == path || across(at, path))
                    .map(|(_, object)| object.clone())
                    .collect();
                (200, json!({ "kind": "List", "metadata": {}, "items": items }))
            }
            "GET" => state.objects.get(path).map_or_else(|| status(404, "not found"), |object| (200, object.clone())),
            "POST" => {
                let at = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                if state.objects.contains_key(&at) {
                    status(409, "already exists")
                } else {
                    (201, state.put(&at, body))
                }
            }
            "PATCH" => {
                let known = state.objects.get(path).cloned();
                if known.is_none() && !apply {
                    return status(404, "not found");
                }
                if let Some(at) = path.find("/namespaces/").filter(|_| known.is_none()) {
                    let namespace = path[at + 12..].split('/').next().unwrap();
                    if !path.ends_with(&format!("/namespaces/{namespace}"))
                        && !state.objects.contains_key(&format!("/api/v1/namespaces/{namespace}"))
                    {
                        return status(404, &format!("namespaces \"{namespace}\" not found"));
                    }
                }
                let wanted = &body["metadata"]["resourceVersion"];
                if let Some(known) = known.as_ref().filter(|_| !wanted.is_null())
                    && *wanted != known["metadata"]["resourceVersion"]
                {
                    return status(409, "the object has been modified");
                }
                let mut merged = known.clone().unwrap_or(json!({}));
                merge(&mut merged, &body);
                if Some(&merged) == known.as_ref() || dry {
                    return (200, merged);
                }
                (200, state.put(path, merged))
            }
            "DELETE" => {
                let Some(known) = state.objects.get(path) else { return status(404, "not found") };
                let uid = &body["preconditions"]["uid"];
                if !uid.is_null() && *uid != known["metadata"]["uid"] {
                    return status(409, "another uid");
                }
                let gone = state.objects.remove(path).unwrap();
                if gone["kind"] == "CustomResourceDefinition" {
                    state.kinds.retain(|(_, kind, _, _)| *kind != gone["spec"]["names"]["kind"]);
                }
                status(200, "")
            }
            _ => status(405, "no such method"),
        }
    }
}

impl State {
    fn discover(&self, version: &str) -> (u16, Value) {
        let kinds = self.kinds.iter().filter(|(of, ..)| of == version);
        let resources: Vec<Value> = kinds
            .map(|(_, kind, plural, namespaced)| json!({ "name": plural, "kind": kind, "namespaced": namespaced }))
            .collect();
        if resources.is_empty() {
            status(404, "no such group")
        } else {
            (200, json!({ "kind": "APIResourceList", "resources": resources }))
        }
    }

    fn is_collection(&self, parts: &[&str]) -> bool {
        let last = parts.last().unwrap();
        self.kinds.iter().any(|(_, _, plural, _)| plural == last)
            && !(parts.len() > 2 && parts[parts.len() - 2] == "namespaces")
    }

    fn put(&mut self, at: &str, mut object: Value) -> Value {
        self.version += 1;
        if let Some(Value::Object(texts)) = object.as_object_mut().unwrap().remove("stringData") {
            for (key, text) in texts {
                use base64::Engine as _;
                let data = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap());
                merge(&mut object, &json!({ "data": { key: data } }));
            }
        }
        if object["kind"] == "CustomResourceDefinition" {
            let spec = &object["spec"];
            let version =
                format!("{}/{}", spec["group"].as_str().unwrap(), spec["versions"][0]["name"].as_str().unwrap());
            let text = |field: &str| spec["names"][field].as_str().unwrap().to_owned();
            self.kinds.push((version, text("kind"), text("plural"), spec["scope"] == "Namespaced"));
            merge(&mut object, &json!({ "status": { "conditions": [{ "type": "Established", "status": "True" }] } }));
        }
        let uid = self
            .objects
            .get(at)
            .map_or_else(|| json!(format!("uid-{}", self.version)), |known| known["metadata"]["uid"].clone());
        merge(&mut object, &json!({ "metadata": { "uid": uid, "resourceVersion": self.version.to_string() } }));
        self.objects.insert(at.to_owned(), object.clone());
        object
    }
}

/// Whether an object is in the list of all namespaces.
fn across(object: &str, list: &str) -> bool {
    let Some((root, plural)) = list.rsplit_once('/') else { return false };
    let Some(rest) = object.strip_prefix(&format!("{root}/namespaces/")) else { return false };
    rest.split('/').nth(1) == Some(plural)
}

fn status(code: u16, message: &str) -> (u16, Value) {
    let reason = match code {
        404 => "NotFound",
        409 => "Conflict",
        403 => "Forbidden",
        _ => "",
    };
    let status = if code < 300 { "Success" } else { "Failure" };
    (
        code,
        json!({ "kind": "Status", "apiVersion": "v1", "status": status, "code": code, "message": message, "reason": reason }),
    )
}

fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    for (key, change) in changes {
        let fields = value.as_object_mut().unwrap();
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}
