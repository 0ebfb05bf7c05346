//! Takes a snapshot: streamed from a member, checked, and written to the state store in parts.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp};
use kedge_store::{Condition, Put};
use tokio::time::timeout;

use super::part::{Cutter, Whole, digest};
use super::{FORMAT_VERSION, META, Meta, Part, kept, part_name};
use crate::backups::Backups;
use crate::error::EtcdError;
use crate::place::Place;
use crate::prepare::Say;
use crate::wire::{Status, WirePart};

/// How often snapshots are taken.
pub const INTERVAL: SignedDuration = SignedDuration::from_mins(15);
/// Bytes of a part: what is held in memory at once, and few enough for one request.
const PART: usize = 32 << 20;
/// How long the stream may pause.
const PAUSE: Duration = Duration::from_secs(30);
/// Longest line of the stream: etcd sends pieces of 32 KiB.
const MAX_LINE: usize = 16 << 20;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is written.
    Yes {
        /// Its name.
        name: String,
        /// What is known of it.
        meta: Box<Meta>,
        /// How many old ones were removed.
        removed: usize,
    },
    /// Another member is the leader, and does it.
    NotLeader,
    /// The last one is young enough.
    NotDue,
}

/// Takes a snapshot if our member is the leader and the last one is older than `interval`, and removes those that are kept no
/// longer. Every control plane calls this every minute or so.
///
/// # Errors
/// etcd or the store do not answer, or the snapshot is not whole. Nothing that looks like a snapshot is left then.
pub async fn take_if_due(
    place: &Place,
    now: Timestamp,
    interval: SignedDuration,
    days: u32,
    say: Say<'_>,
) -> Result<Taken, EtcdError> {
    let status = place.own().status().await?;
    if status.leader != Some(status.member) {
        return Ok(Taken::NotLeader);
    }
    let listed = place.backups.list().await?;
    let newest = listed.iter().rev().find(|listed| listed.whole);
    if newest.is_some_and(|newest| now.duration_since(newest.taken) < interval) {
        return Ok(Taken::NotDue);
    }
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let name = now.to_string();
    say(&format!("writing a snapshot of etcd to {}", place.backups.key(&name)));
    let meta = take(place, &status, now, &name).await?;
    let listed = place.backups.list().await?;
    let kept = kept(&listed, now, days);
    let mut removed = 0;
    for old in listed.iter().filter(|listed| !kept.contains(&listed.name)) {
        say(&format!("removing the snapshot {}, which is kept no longer", old.name));
        place.backups.remove(&old.name).await?;
        removed += 1;
    }
    Ok(Taken::Yes { name, meta: Box::new(meta), removed })
}

async fn take(place: &Place, status: &Status, taken: Timestamp, name: &str) -> Result<Meta, EtcdError> {
    let (url, body) = place.own().snapshot().await?;
    let mut parts = Parts { backups: &place.backups, name, parts: Vec::new() };
    let whole = match stream(&url, name, body, &mut parts).await {
        Ok(whole) => whole,
        Err(error) => {
            // Its parts would go later by themselves; the error matters more than one about removing them.
            let _later = place.backups.remove(name).await;
            return Err(error);
        }
    };
    parts.put(&whole.last).await?;
    let meta = Meta {
        format_version: FORMAT_VERSION,
        etcd_cluster: place.backups.etcd_cluster().to_owned(),
        taken,
        node: place.node.clone(),
        member: status.member,
        cluster: status.cluster,
        etcd_version: status.version.clone(),
        kedge_version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: status.revision,
        size: whole.size,
        sha256: whole.sha256,
        parts: parts.parts,
    };
    let key = place.backups.key(&format!("{name}/{META}"));
    let mut json = serde_json::to_vec_pretty(&meta).unwrap_or_default();
    json.push(b'\n');
    match place.backups.objects().put(&key, &json, &Condition::Absent).await? {
        Put::Done(_) => Ok(meta),
        Put::Refused => Err(EtcdError::Conflict { why: format!("somebody else has written the snapshot {name}") }),
    }
}

struct Parts<'a> {
    backups: &'a Backups,
    name: &'a str,
    parts: Vec<Part>,
}

impl Parts<'_> {
    async fn put(&mut self, bytes: &[u8]) -> Result<(), EtcdError> {
        let name = part_name(self.parts.len());
        let key = self.backups.key(&format!("{}/{name}", self.name));
        self.backups.objects().put(&key, bytes, &Condition::Any).await?;
        self.parts.push(Part { name, size: bytes.len() as u64, sha256: digest(bytes) });
        Ok(())
    }
}

/// Reads the stream: a line of JSON for each piece.
async fn stream(url: &str, name: &str, mut body: Incoming, parts: &mut Parts<'_>) -> Result<Whole, EtcdError> {
    let broken = |why: String| EtcdError::Unreachable { url: url.to_owned(), why };
    let mut cutter = Cutter::new(PART);
    let mut line: Vec<u8> = Vec::new();
    loop {
        let frame = match timeout(PAUSE, body.frame()).await {
            Ok(None) => break,
            Ok(Some(frame)) => frame.map_err(|error| broken(error.to_string()))?,
            Err(_late) => return Err(broken(format!("nothing came for {} s", PAUSE.as_secs()))),
        };
        let Ok(data) = frame.into_data() else { continue };
        for piece in data.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if line.len() > MAX_LINE {
                return Err(EtcdError::Answer { url: url.to_owned(), why: "a line of it does not end".to_owned() });
            }
            if line.ends_with(b"\n") {
                for full in cutter.push(&blob(url, &line)?) {
                    parts.put(&full).await?;
                }
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        for full in cutter.push(&blob(url, &line)?) {
            parts.put(&full).await?;
        }
    }
    cutter.finish().map_err(|why| EtcdError::Snapshot { name: name.to_owned(), why })
}

fn blob(url: &str, line: &[u8]) -> Result<Vec<u8>, EtcdError> {
    let wrong = |why: String| EtcdError::Answer { url: url.to_owned(), why };
    let part: WirePart = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
    match (part.result, part.error) {
        (Some(result), None) => STANDARD.decode(&result.blob).map_err(|error| wrong(error.to_string())),
        (_, error) => Err(EtcdError::Unreachable { url: url.to_owned(), why: error.unwrap_or_default().to_string() }),
    }
}
