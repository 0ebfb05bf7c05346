//! After etcd has started on an instance, and every now and then: its address, its vote, and what is remembered of it.

use crate::client::EtcdClient;
use crate::decide::Live;
use crate::error::EtcdError;
use crate::id::MemberId;
use crate::identity::KnownMember;
use crate::look::Look;
use crate::place::Place;
use crate::prepare::Say;

/// How our member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has its vote and serves.
    Healthy(Health),
    /// Not yet.
    Wait {
        /// For what, as a sentence.
        why: String,
    },
}

/// A member that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Our member.
    pub member: MemberId,
    /// The whole cluster.
    pub live: Live,
    /// Whether ours is the leader.
    pub leader: bool,
    /// Version of etcd.
    pub version: String,
    /// Alarms that are on: etcd takes no more writes when its quota is full (`NOSPACE`).
    pub alarms: Vec<String>,
}

/// Corrects the address of our member, gives it a vote once it has caught up, and remembers it on the volume and in the store.
/// Does nothing where everything is so already.
///
/// # Errors
/// The volume or the store cannot be written. A member that does not answer is no error: [`Settled::Wait`].
pub async fn settle(place: &Place, say: Say<'_>) -> Result<Settled, EtcdError> {
    match attempt(place, say).await {
        Err(error) if error.is_passing() => Ok(Settled::Wait { why: error.to_string() }),
        settled => settled,
    }
}

async fn attempt(place: &Place, say: Say<'_>) -> Result<Settled, EtcdError> {
    let wait = |why: &str| Ok(Settled::Wait { why: why.to_owned() });
    let status = place.own().status().await?;
    let (look, _) = place.look().await?;
    let (live, endpoints) = match look {
        Look::Agreed { live, endpoints } => (live, endpoints),
        Look::Silent { .. } => return wait("etcd does not say yet who its members are"),
        Look::Divided { why } => return wait(&why),
    };
    let Some(ours) = live.members.iter().find(|seen| seen.member.id == status.member) else {
        return wait("the member of etcd on this instance is not one of the cluster any more");
    };
    let client = EtcdClient::new(&place.tls, endpoints);
    let (id, peer_url) = (status.member, place.peer_url());
    if ours.member.peer_urls != [peer_url.as_str()] {
        say(&format!("telling etcd that member {id} is at {peer_url} now"));
        client.update(id, &peer_url).await?;
    }
    if ours.member.learner {
        say(&format!("giving member {id} of etcd its vote"));
        client.promote(id).await?;
    }
    let alarms = client.alarms().await?;
    if !place.own().health().await? && alarms.is_empty() {
        return wait("the member of etcd on this instance has no leader yet");
    }
    let mut identity = place.identity();
    identity.member = Some(KnownMember {
        id,
        cluster: status.cluster,
        node: place.node.clone(),
        peer_url,
        client_url: place.client_url(),
        before: None,
    });
    if place.volume.identity()?.as_ref() != Some(&identity) {
        say(&format!("the volume is now that of member {id} of etcd"));
        place.volume.write_identity(&identity)?;
    }
    place.backups.write_record(&identity).await?;
    let leader = status.leader == Some(id);
    Ok(Settled::Healthy(Health { member: id, leader, version: status.version, alarms, live }))
}
