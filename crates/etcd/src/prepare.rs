//! Before etcd starts on an instance: the decision about what is on the volume, carried out.

use std::net::IpAddr;

use crate::client::{EtcdClient, initial_cluster};
use crate::data::Data;
use crate::decide::{Aside, Decision, Found, Join, Start, Us, decide};
use crate::error::EtcdError;
use crate::host::{Host, InitialCluster};
use crate::id::MemberId;
use crate::identity::Identity;
use crate::look::{Look, address};
use crate::moved::announce;
use crate::place::Place;
use crate::restore;
use crate::tools::Tool;

/// Hears of each step in one line, before it is taken.
pub type Say<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// What holds after everything has been done that can be done before etcd starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// There is no cluster, and whoever has the init lock makes it: `kubeadm init`.
    Bootstrap,
    /// etcd starts from the data on the volume.
    Start {
        /// What the manifest says; etcd only looks at it if the data should be gone, and then refuses to start.
        cluster: InitialCluster,
        /// Whether a majority of other members serves, so that there is an API to join.
        others: bool,
        /// Whether the data is that of a restore, which this instance leads: a cluster of this member alone, which serves by
        /// itself.
        restored: bool,
        /// Where the others dial it still, if that is not where it is: its certificate has to be good for that too
        /// ([`Ways`](crate::Ways)).
        before: Option<IpAddr>,
    },
    /// A new member joins the others: `kubeadm join`, or [`join`] where kubeadm is done.
    Join {
        /// The member, if it has been added already.
        added: Option<MemberId>,
    },
    /// Nothing can be done yet; try again later.
    Wait {
        /// For what, as a sentence.
        why: String,
    },
    /// Nothing will be done without somebody's help.
    Refuse {
        /// Why, as a sentence with what to do.
        why: String,
    },
}

/// Does what has to be done before etcd starts. It looks at everything anew each time, so that it can be killed anywhere and
/// called again. A restore that somebody asked for comes first; it needs a tool of etcd, and an etcd that an earlier attempt has
/// started here is stopped for it.
///
/// # Errors
/// The volume cannot be read or written, etcd cannot be stopped, or the store does not answer. Members that do not answer are no error:
/// [`Prepared::Wait`].
pub async fn prepare(place: &Place, host: &dyn Host, tool: Option<&Tool>, say: Say<'_>) -> Result<Prepared, EtcdError> {
    let attempt = async {
        match restore::before_start(place, host, tool, say).await? {
            Some(prepared) => Ok(prepared),
            None => attempt(place, say).await,
        }
    };
    match attempt.await {
        Err(error) if error.is_passing() => Ok(Prepared::Wait { why: error.to_string() }),
        prepared => prepared,
    }
}

pub(crate) async fn attempt(place: &Place, say: Say<'_>) -> Result<Prepared, EtcdError> {
    let found = Found { data: place.volume.look()?, identity: place.volume.identity()? };
    let (look, records) = place.look().await?;
    let (live, endpoints) = match look {
        Look::Silent { .. } => (None, Vec::new()),
        Look::Agreed { live, endpoints } => (Some(live), endpoints),
        Look::Divided { why } => return Ok(Prepared::Wait { why }),
    };
    let us = Us {
        identity: place.identity(),
        recorded: records.ours(),
        others: records.others(),
        peer_url: place.peer_url(),
        expected: place.expected,
        initialised: place.initialised,
    };
    let decision = decide(&us, &found, live.as_ref());
    if let Decision::Refuse { why } = decision {
        return Ok(Prepared::Refuse { why });
    }
    if found.identity.is_none() {
        say(&format!("the volume is from now on that of {}", us.identity.shown()));
        place.volume.write_identity(&us.identity)?;
    }
    let client = EtcdClient::new(&place.tls, endpoints);
    Ok(match decision {
        Decision::Bootstrap => Prepared::Bootstrap,
        Decision::Wait { why } | Decision::Refuse { why } => Prepared::Wait { why },
        Decision::Start(Start { member, remove, update }) => {
            if let Some(dead) = remove {
                say(&format!("removing member {dead} of etcd, which is dead and has our address"));
                client.remove(dead).await?;
            }
            if update {
                say(&format!("telling etcd that member {member} is at {} now", us.peer_url));
                client.update(member, &us.peer_url).await?;
            }
            let before = before(place, found.identity.as_ref());
            if let Data::Member { cluster, member } = found.data {
                announce(place, cluster, member, before).await?;
            }
            let cluster = alone(place);
            let others = live.is_some_and(|live| live.has_quorum(Some(member)));
            Prepared::Start { cluster, others, restored: false, before }
        }
        Decision::Join(Join { aside, remove, added }) => {
            if let Some(aside) = aside {
                put_aside(place, aside, say)?;
            }
            if let Some(dead) = remove {
                say(&format!("removing member {dead} of etcd, whose data is gone"));
                client.remove(dead).await?;
            }
            Prepared::Join { added }
        }
    })
}

/// What the manifest says where there is data. Should it be gone when etcd starts, etcd finds nobody to join and ends, where
/// otherwise it would begin a cluster of its own.
pub(crate) fn alone(place: &Place) -> InitialCluster {
    InitialCluster { members: format!("{}={}", place.node, place.peer_url()), existing: true }
}

/// Where our member was when it was healthy last, if that is elsewhere.
fn before(place: &Place, volume: Option<&Identity>) -> Option<IpAddr> {
    let known = volume?.member.as_ref()?;
    address(&known.peer_url).filter(|before| *before != place.address)
}

fn put_aside(place: &Place, aside: Aside, say: Say<'_>) -> Result<(), EtcdError> {
    let why = match aside {
        Aside::Removed => "the others have removed its member",
        Aside::OtherCluster => "it is of the cluster before a restore",
        Aside::Unreadable => "it is damaged, and others have all of it",
    };
    say(&format!("putting the data on the volume aside: {why}"));
    place.volume.set_aside(aside.word()).map(drop)
}

/// Adds our member to the others as a learner and starts it, on an instance that kubeadm has made a control plane before.
/// [`settle`](crate::settle) gives it its vote.
///
/// # Errors
/// etcd refuses, or the host does not start it.
pub async fn join(place: &Place, host: &dyn Host, added: Option<MemberId>, say: Say<'_>) -> Result<(), EtcdError> {
    let (look, _) = place.look().await?;
    let Look::Agreed { endpoints, .. } = look else {
        return Err(EtcdError::Nobody { tried: vec!["the members do not answer as one".to_owned()] });
    };
    let client = EtcdClient::new(&place.tls, endpoints);
    let peer_url = place.peer_url();
    if added.is_none() {
        say(&format!("adding {} to etcd at {peer_url}", place.node));
        match client.add(&peer_url, true).await {
            // An earlier attempt did it, and its answer was lost.
            Err(error) if error.is_known_address() => {}
            added => {
                added?;
            }
        }
    }
    let list = client.members().await?;
    let Some(ours) = list.members.iter().find(|member| member.peer_urls.contains(&peer_url)) else {
        return Err(EtcdError::Nobody { tried: vec![format!("nobody knows of a member at {peer_url} yet")] });
    };
    let cluster = InitialCluster { members: initial_cluster(&list.members, ours.id, &place.node), existing: true };
    say(&format!("starting etcd as the new member {}", ours.id));
    host.start(&cluster).await
}
