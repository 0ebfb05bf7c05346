//! Members that have left the addresses under which the others know them, with nobody to tell: most of them at once.
//!
//! One replaced instance tells the others its new address before its member starts. That takes a majority. Where most
//! control planes were replaced at once, every member still dials the instances that are gone: the data is all there, and they
//! never find each other. Until they do, this instance answers at the old addresses itself and passes what comes on to where the
//! members are now. Nobody decides anything here: they speak TLS with each other through it, and once there is a majority each
//! member corrects its address, and the way to its old one is closed. The certificate of a member has to be good for its old
//! address too.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::IpAddr;

use async_trait::async_trait;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::data::Data;
use crate::error::EtcdError;
use crate::id::{EtcdClusterId, MemberId};
use crate::identity::KnownMember;
use crate::look::address;
use crate::place::{PEER_PORT, Place, peer_url};

/// A member that is elsewhere than the one on this instance believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// Where it is dialled.
    pub from: IpAddr,
    /// Where it is.
    pub to: IpAddr,
}

/// What makes addresses those of this host.
#[async_trait]
pub trait Addresses: Send + Sync {
    /// Makes this host answer at these addresses beside its own, and at no others that were made before.
    async fn answer_at(&self, addresses: &BTreeSet<IpAddr>) -> Result<(), EtcdError>;
}

/// The ways that are open.
#[derive(Debug, Default)]
pub struct Ways {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    ways: BTreeMap<Moved, Way>,
    /// Whether the addresses of this host are those of the ways: an earlier life may have left others.
    sure: bool,
}

/// One of them, closed when it is dropped.
#[derive(Debug)]
struct Way(JoinHandle<()>);

impl Drop for Way {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Members of our cluster that are elsewhere than the others believe, by what each has written before it started. They cannot be
/// asked: etcd answers no client before it has found a leader.
async fn moved(place: &Place) -> Result<BTreeSet<Moved>, EtcdError> {
    let Data::Member { cluster, .. } = place.volume.look()? else { return Ok(BTreeSet::new()) };
    let runs = |address: &IpAddr| place.instances.as_ref().is_none_or(|instances| instances.contains(address));
    let records = place.backups.records().await?.into_iter().filter(|record| record.place != place.place);
    let known = records.filter_map(|record| record.member).filter(|member| member.cluster == cluster);
    let moved = known
        .filter_map(|member| Some(Moved { from: address(member.before.as_deref()?)?, to: address(&member.peer_url)? }));
    // What is an address of another instance now leads there.
    let taken =
        |address: &IpAddr| *address == place.address || place.instances.iter().flatten().any(|other| other == address);
    Ok(moved.filter(|moved| runs(&moved.to) && !taken(&moved.from)).collect())
}

/// Writes where our member is about to start, for the others to find it.
pub(crate) async fn announce(
    place: &Place,
    cluster: EtcdClusterId,
    member: MemberId,
    before: Option<IpAddr>,
) -> Result<(), EtcdError> {
    let mut record = place.identity();
    record.member = Some(KnownMember {
        id: member,
        cluster,
        node: place.node.clone(),
        peer_url: place.peer_url(),
        client_url: place.client_url(),
        before: before.map(peer_url),
    });
    place.backups.write_record(&record).await
}

impl Ways {
    /// Opens the ways that are missing and closes those that nobody needs any more. Without a majority (`lost`) members are
    /// looked for; otherwise only as long as ways are open. What was done, in one line, if anything was.
    ///
    /// # Errors
    /// The host does not take an address, or the store does not answer.
    pub async fn follow(&self, place: &Place, host: &dyn Addresses, lost: bool) -> Result<Option<String>, EtcdError> {
        let mut open = self.open.lock().await;
        let Open { ways, sure } = &mut *open;
        if !lost && ways.is_empty() && *sure {
            return Ok(None);
        }
        let wanted = if lost || !ways.is_empty() { moved(place).await? } else { BTreeSet::new() };
        if *sure && wanted.iter().eq(ways.keys()) {
            return Ok(None);
        }
        let before: Vec<Moved> = ways.keys().copied().collect();
        ways.retain(|moved, _| wanted.contains(moved));
        *sure = false;
        host.answer_at(&wanted.iter().map(|moved| moved.from).collect()).await?;
        *sure = true;
        for moved in &wanted {
            if ways.contains_key(moved) {
                continue;
            }
            match TcpListener::bind((moved.from, PEER_PORT)).await {
                Ok(listener) => drop(ways.insert(*moved, Way(tokio::spawn(pass_on(listener, moved.to))))),
                // One of an earlier life, which ends soon.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => {
                    let why = format!("cannot answer at {}, where a member was: {error}", moved.from);
                    return Err(EtcdError::Host { doing: "find", why });
                }
            }
        }
        if ways.keys().eq(&before) {
            return Ok(None);
        }
        Ok(Some(match wanted.len() {
            0 => "all members are where they are dialled".to_owned(),
            _ => {
                let shown: Vec<String> =
                    wanted.iter().map(|moved| format!("{} is at {} now", moved.from, moved.to)).collect();
                format!(
                    "members are dialled at instances that are gone, and found where they are: {}",
                    shown.join(", ")
                )
            }
        }))
    }
}

/// Passes connections on until nobody wants it any more.
async fn pass_on(listener: TcpListener, to: IpAddr) {
    // What is open ends with the way.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((mut near, _)) = listener.accept().await else { continue };
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect((to, PEER_PORT)).await {
                // Whoever ends it, etcd dials again.
                let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
