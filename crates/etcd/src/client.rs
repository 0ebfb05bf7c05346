//! Asks members of etcd, over their JSON gateway.
//!
//! etcd speaks gRPC; its members also serve every call of it as JSON at `/v3/…`. hyper and rustls, which kedge links for AWS
//! anyway, are enough for that, where gRPC would bring generated code and a compiler for it. What the gateway costs does not
//! matter for calls this rare, and snapshots are streamed by it too.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::error::EtcdError;
use crate::id::MemberId;
use crate::tls::ClientTls;
use crate::wire::{Member, MemberList, Status, WireError, WireKeys, WireMembers, WireStatus};

/// How long an answer may take. Members that have just lost their leader take up to ten seconds to say so.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// Largest answer that is read, but for snapshots.
const MAX_ANSWER: usize = 16 << 20;

/// Asks the members at one or more URLs; the first that answers decides.
#[derive(Clone, Debug)]
pub struct EtcdClient {
    endpoints: Vec<String>,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl EtcdClient {
    /// For members at `endpoints`, such as `https://10.0.0.1:2379`, which are tried in this order.
    #[must_use]
    pub fn new(tls: &ClientTls, endpoints: impl IntoIterator<Item = String>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls.0.clone())
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        // Connections are not kept: members come and go, and an answer has to be of the one that is there now.
        let http = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { endpoints: endpoints.into_iter().collect(), http }
    }

    /// The same, for other members.
    #[must_use]
    pub fn at(&self, endpoints: impl IntoIterator<Item = String>) -> Self {
        Self { endpoints: endpoints.into_iter().collect(), http: self.http.clone() }
    }

    /// Whom it asks.
    #[must_use]
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// The members of the cluster.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn members(&self) -> Result<MemberList, EtcdError> {
        Ok(self.call::<WireMembers>("list members", "cluster/member/list", &json!({})).await?.into())
    }

    /// Adds a member that nobody has started yet; its id.
    ///
    /// # Errors
    /// Nobody answers, or etcd refuses: the address is known, or members do not answer.
    pub async fn add(&self, peer_url: &str, learner: bool) -> Result<MemberId, EtcdError> {
        let body = json!({ "peerURLs": [peer_url], "isLearner": learner });
        let added: WireMembers = self.call("add a member", "cluster/member/add", &body).await?;
        added.added().ok_or_else(|| EtcdError::Answer { url: self.shown(), why: "no member was added".to_owned() })
    }

    /// Says where a member is from now on.
    ///
    /// # Errors
    /// Nobody answers, or etcd refuses.
    pub async fn update(&self, member: MemberId, peer_url: &str) -> Result<(), EtcdError> {
        let body = json!({ "ID": member.0.to_string(), "peerURLs": [peer_url] });
        self.call::<WireMembers>("change the address of a member", "cluster/member/update", &body).await.map(drop)
    }

    /// Takes a member out; one that is out already is no error.
    ///
    /// # Errors
    /// Nobody answers, or etcd refuses.
    pub async fn remove(&self, member: MemberId) -> Result<(), EtcdError> {
        let body = json!({ "ID": member.0.to_string() });
        match self.call::<WireMembers>("remove a member", "cluster/member/remove", &body).await {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Gives a learner a vote.
    ///
    /// # Errors
    /// Nobody answers, or the learner is still behind ([`EtcdError::is_passing`]).
    pub async fn promote(&self, member: MemberId) -> Result<(), EtcdError> {
        let body = json!({ "ID": member.0.to_string() });
        match self.call::<WireMembers>("promote a member", "cluster/member/promote", &body).await {
            Err(EtcdError::Refused { message, .. })
                if message.contains("can only promote a learner member") && !message.contains("in sync") =>
            {
                Ok(())
            }
            answer => answer.map(drop),
        }
    }

    /// How the member is.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn status(&self) -> Result<Status, EtcdError> {
        Ok(self.call::<WireStatus>("tell its status", "maintenance/status", &json!({})).await?.into())
    }

    /// Whether the member serves: it has a leader, and no alarm.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn health(&self) -> Result<bool, EtcdError> {
        let mut tried = Vec::new();
        for endpoint in &self.endpoints {
            let url = format!("{endpoint}/health");
            match self.ask(Method::GET, &url, Bytes::new()).await {
                Ok(answer) => {
                    let health = read(answer, &url).await?;
                    let health: Value = serde_json::from_slice(&health).unwrap_or_default();
                    return Ok(health.get("health").is_some_and(|health| health == "true" || health == true));
                }
                Err(error) => tried.push(error.to_string()),
            }
        }
        Err(EtcdError::Nobody { tried })
    }

    /// Gives back the space that deleted revisions leave. The member does not serve meanwhile.
    ///
    /// # Errors
    /// Nobody answers, or etcd refuses.
    pub async fn defragment(&self) -> Result<(), EtcdError> {
        self.call::<Value>("defragment", "maintenance/defragment", &json!({})).await.map(drop)
    }

    /// The alarms that are on: `NOSPACE` or `CORRUPT`, with the member.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn alarms(&self) -> Result<Vec<String>, EtcdError> {
        let answer: Value = self.call("tell its alarms", "maintenance/alarm", &json!({ "action": "GET" })).await?;
        let alarms = answer.get("alarms").and_then(Value::as_array).into_iter().flatten();
        Ok(alarms
            .filter_map(|alarm| {
                let member = alarm.get("memberID")?.as_str()?.parse().map(MemberId).ok()?;
                Some(format!("{} on {member}", alarm.get("alarm")?.as_str()?))
            })
            .collect())
    }

    /// The value of a key.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, EtcdError> {
        let found: WireKeys = self.call("read a key", "kv/range", &json!({ "key": STANDARD.encode(key) })).await?;
        let Some(kv) = found.kvs.first() else { return Ok(None) };
        let wrong = |error: base64::DecodeError| EtcdError::Answer { url: self.shown(), why: error.to_string() };
        STANDARD.decode(&kv.value).map(Some).map_err(wrong)
    }

    /// Writes a key.
    ///
    /// # Errors
    /// Nobody answers, or etcd refuses.
    pub async fn put(&self, key: &str, value: &[u8]) -> Result<(), EtcdError> {
        let body = json!({ "key": STANDARD.encode(key), "value": STANDARD.encode(value) });
        self.call::<Value>("write a key", "kv/put", &body).await.map(drop)
    }

    /// The stream of a snapshot, from the first member that answers.
    pub(crate) async fn snapshot(&self) -> Result<(String, Incoming), EtcdError> {
        let answer = self.answer("take a snapshot", "maintenance/snapshot", &json!({})).await?;
        Ok((answer.0, answer.1.into_body()))
    }

    async fn call<T: DeserializeOwned>(&self, doing: &'static str, path: &str, body: &Value) -> Result<T, EtcdError> {
        let (url, answer) = self.answer(doing, path, body).await?;
        let bytes = read(answer, &url).await?;
        serde_json::from_slice(&bytes).map_err(|error| EtcdError::Answer { url, why: error.to_string() })
    }

    /// The answer of the first member that gives one.
    async fn answer(
        &self,
        doing: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<(String, Response<Incoming>), EtcdError> {
        let body = Bytes::from(body.to_string());
        let mut tried = Vec::new();
        for endpoint in &self.endpoints {
            let url = format!("{endpoint}/v3/{path}");
            let answer = match self.ask(Method::POST, &url, body.clone()).await {
                Ok(answer) => answer,
                Err(error) => {
                    tried.push(error);
                    continue;
                }
            };
            if answer.status().is_success() {
                return Ok((url, answer));
            }
            let status = answer.status();
            let bytes = read(answer, &url).await?;
            let said: WireError = serde_json::from_slice(&bytes).unwrap_or_default();
            let error = said.error.as_str().filter(|_| said.message.is_empty()).map(str::to_owned);
            let message = match error.unwrap_or(said.message) {
                empty if empty.is_empty() => status.to_string(),
                message => message,
            };
            let error = EtcdError::Refused { url, doing, code: said.code, message };
            // A member without a leader cannot say; another one may.
            if said.code == 14 && self.endpoints.len() > 1 {
                tried.push(error);
                continue;
            }
            return Err(error);
        }
        Err(match tried.pop() {
            Some(only) if tried.is_empty() => only,
            last => EtcdError::Nobody { tried: tried.into_iter().chain(last).map(|error| error.to_string()).collect() },
        })
    }

    async fn ask(&self, method: Method, url: &str, body: Bytes) -> Result<Response<Incoming>, EtcdError> {
        let failed = |why: String| EtcdError::Unreachable { url: url.to_owned(), why };
        let request = Request::builder().method(method).uri(url).header("content-type", "application/json");
        let request = request.body(Full::new(body)).map_err(|error| failed(error.to_string()))?;
        match timeout(PATIENCE, self.http.request(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(chain(&error))),
            Err(_late) => Err(failed(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    fn shown(&self) -> String {
        self.endpoints.join(", ")
    }
}

/// The members as `--initial-cluster` takes them, one of which is `ours` under the name `name`. Who has not started yet has no
/// name; any will do.
#[must_use]
pub fn initial_cluster(members: &[Member], ours: MemberId, name: &str) -> String {
    let mut parts = Vec::new();
    for member in members {
        let id = member.id.to_string();
        let name = if member.id == ours {
            name
        } else if member.name.is_empty() {
            &id
        } else {
            &member.name
        };
        parts.extend(member.peer_urls.iter().map(|url| format!("{name}={url}")));
    }
    parts.join(",")
}

async fn read(answer: Response<Incoming>, url: &str) -> Result<Bytes, EtcdError> {
    let failed = |why: String| EtcdError::Unreachable { url: url.to_owned(), why };
    let body = Limited::new(answer.into_body(), MAX_ANSWER);
    match timeout(PATIENCE, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_late) => Err(failed(format!("its answer did not end within {} s", PATIENCE.as_secs()))),
    }
}

/// An error with what it comes from: that of the client says little by itself.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
