//! What etcd's gateway answers with: numbers of 64 bits are texts, and what is zero or empty is left out.

use serde::{Deserialize, Deserializer};

use crate::id::{EtcdClusterId, MemberId};

/// A member as the others know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Its name; empty until it has started for the first time.
    pub name: String,
    /// Where the others reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it; empty until it has started for the first time.
    pub client_urls: Vec<String>,
    /// Whether it only follows and has no vote yet.
    pub learner: bool,
}

impl Member {
    /// Whether it has started at least once.
    #[must_use]
    pub fn has_started(&self) -> bool {
        !self.name.is_empty() || !self.client_urls.is_empty()
    }

    /// How people know it: by its name, or by its id until it has one.
    #[must_use]
    pub fn shown(&self) -> String {
        let name = if self.name.is_empty() { "a member without a name" } else { &self.name };
        format!("{name} ({})", self.id)
    }
}

/// The members of a cluster, as one of them knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberList {
    /// The cluster.
    pub cluster: EtcdClusterId,
    /// Who answers.
    pub answered_by: MemberId,
    /// All of them, by id.
    pub members: Vec<Member>,
}

/// How a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The cluster.
    pub cluster: EtcdClusterId,
    /// Who answers.
    pub member: MemberId,
    /// Version of etcd.
    pub version: String,
    /// The leader; none while there is an election or no quorum.
    pub leader: Option<MemberId>,
    /// Newest revision that it has applied.
    pub revision: u64,
    /// Bytes of its database.
    pub db_size: u64,
    /// Whether it has no vote yet.
    pub learner: bool,
    /// What it says is wrong with it, such as an alarm.
    pub errors: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Header {
    #[serde(deserialize_with = "number")]
    cluster_id: u64,
    #[serde(deserialize_with = "number")]
    member_id: u64,
    #[serde(deserialize_with = "number")]
    revision: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireMember {
    #[serde(rename = "ID", deserialize_with = "number")]
    id: u64,
    name: String,
    #[serde(rename = "peerURLs")]
    peer_urls: Vec<String>,
    #[serde(rename = "clientURLs")]
    client_urls: Vec<String>,
    #[serde(rename = "isLearner")]
    learner: bool,
}

/// Answer about members, and to every change of them.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WireMembers {
    header: Header,
    members: Vec<WireMember>,
    member: Option<WireMember>,
}

impl WireMembers {
    /// The member that was added.
    pub(crate) fn added(&self) -> Option<MemberId> {
        self.member.as_ref().map(|member| MemberId(member.id))
    }
}

impl From<WireMembers> for MemberList {
    fn from(wire: WireMembers) -> Self {
        let mut members: Vec<Member> = wire
            .members
            .into_iter()
            .map(|member| Member {
                id: MemberId(member.id),
                name: member.name,
                peer_urls: member.peer_urls,
                client_urls: member.client_urls,
                learner: member.learner,
            })
            .collect();
        members.sort_by_key(|member| member.id);
        Self { cluster: EtcdClusterId(wire.header.cluster_id), answered_by: MemberId(wire.header.member_id), members }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WireStatus {
    header: Header,
    version: String,
    #[serde(deserialize_with = "number")]
    leader: u64,
    #[serde(deserialize_with = "number")]
    db_size: u64,
    is_learner: bool,
    errors: Vec<String>,
}

impl From<WireStatus> for Status {
    fn from(wire: WireStatus) -> Self {
        Self {
            cluster: EtcdClusterId(wire.header.cluster_id),
            member: MemberId(wire.header.member_id),
            version: wire.version,
            leader: (wire.leader != 0).then_some(MemberId(wire.leader)),
            revision: wire.header.revision,
            db_size: wire.db_size,
            learner: wire.is_learner,
            errors: wire.errors,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WireKeys {
    pub(crate) kvs: Vec<WireKey>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WireKey {
    pub(crate) value: String,
}

/// What is wrong, in the forms of the gateways of etcd 3.4 to 3.6.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WireError {
    pub(crate) message: String,
    pub(crate) error: serde_json::Value,
    pub(crate) code: u32,
}

/// A part of a snapshot, or why there is no more.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WirePart {
    pub(crate) result: Option<WireBlob>,
    pub(crate) error: Option<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WireBlob {
    pub(crate) blob: String,
}

/// A number that is written as a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Number(u64),
    }
    match Form::deserialize(deserializer)? {
        Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        Form::Number(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_both_gateways_are_read() {
        let old = r#"{"header":{"cluster_id":"12101053776118486841","member_id":"2","raft_term":"2"},"members":[
            {"ID":"15985099378392235387","name":"a","peerURLs":["https://10.0.0.1:2380"],"clientURLs":["https://10.0.0.1:2379"]},
            {"ID":"7","peerURLs":["https://10.0.0.2:2380"],"isLearner":true}]}"#;
        let list = MemberList::from(serde_json::from_str::<WireMembers>(old).unwrap());
        assert_eq!(list.cluster.to_string(), "a7ef944b95711739");
        assert_eq!(list.answered_by, MemberId(2));
        assert_eq!(list.members[0].id, MemberId(7));
        assert!(list.members[0].learner && !list.members[0].has_started());
        assert_eq!(list.members[0].shown(), "a member without a name (7)");
        assert_eq!(list.members[1].shown(), "a (ddd67b312462fd7b)");
        let status = r#"{"header":{"cluster_id":"1", "member_id":"2", "revision":"42"}, "version":"3.5.16", "dbSize":"20480",
            "leader":"0", "dbSizeInUse":"16384", "errors":["etcdserver: no leader"]}"#;
        let status = Status::from(serde_json::from_str::<WireStatus>(status).unwrap());
        assert_eq!((status.revision, status.db_size, status.leader), (42, 20480, None));
        assert_eq!(status.errors, ["etcdserver: no leader"]);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(serde_json::from_str::<WireMembers>(r#"{"header":{"cluster_id":"x"}}"#).is_err());
        assert!(serde_json::from_str::<WireMembers>(r#"{"header":{"cluster_id":-1}}"#).is_err());
    }
}
