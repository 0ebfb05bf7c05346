//! What the members of a cluster say together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use futures_util::future::join_all;

use crate::client::EtcdClient;
use crate::decide::{Instance, Live, Seen};
use crate::error::EtcdError;
use crate::id::{EtcdClusterId, MemberId};
use crate::wire::{Member, MemberList, Status};

/// What the members say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nobody answers.
    Silent {
        /// What was asked, and what happened there.
        tried: Vec<String>,
    },
    /// They say the same.
    Agreed {
        /// What.
        live: Live,
        /// Where those who answer are asked.
        endpoints: Vec<String>,
    },
    /// They do not say the same, as for a moment after a change, or after a restore that is under way.
    Divided {
        /// About what, as a sentence.
        why: String,
    },
}

/// An answer of one member.
struct Answer {
    endpoint: String,
    status: Status,
    list: MemberList,
}

/// Asks every member that can be found: first those at `endpoints`, then whomever they name.
pub(crate) async fn look(
    client: &EtcdClient,
    endpoints: BTreeSet<String>,
    instance: impl Fn(Option<IpAddr>) -> Instance,
) -> Look {
    let (mut answers, mut tried) = (Vec::new(), Vec::new());
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut next = endpoints;
    while !next.is_empty() {
        let round = next.iter().map(|endpoint| ask(client, endpoint));
        for answer in join_all(round).await {
            match answer {
                Ok(answer) => answers.push(answer),
                Err(error) => tried.push(error.to_string()),
            }
        }
        asked.append(&mut next);
        let members = answers.iter().flat_map(|answer| &answer.list.members);
        next =
            members.flat_map(|member| member.client_urls.iter().cloned()).filter(|url| !asked.contains(url)).collect();
    }
    agree(answers, tried, instance)
}

async fn ask(client: &EtcdClient, endpoint: &str) -> Result<Answer, EtcdError> {
    let client = client.at([endpoint.to_owned()]);
    let status = client.status().await?;
    // A learner tells nobody who else there is; its status has to do.
    let list = match client.members().await {
        Err(EtcdError::Refused { .. }) => {
            MemberList { cluster: status.cluster, answered_by: status.member, members: Vec::new() }
        }
        list => list?,
    };
    Ok(Answer { endpoint: endpoint.to_owned(), status, list })
}

fn agree(answers: Vec<Answer>, tried: Vec<String>, instance: impl Fn(Option<IpAddr>) -> Instance) -> Look {
    let mut clusters: BTreeMap<EtcdClusterId, Vec<Answer>> = BTreeMap::new();
    for answer in answers {
        clusters.entry(answer.status.cluster).or_default().push(answer);
    }
    let mut looks: BTreeMap<EtcdClusterId, Look> =
        clusters.into_iter().map(|(cluster, answers)| (cluster, of_cluster(cluster, &answers, &instance))).collect();
    looks.retain(|_, look| !matches!(look, Look::Silent { .. }));
    if looks.len() > 1 {
        // One of them may be what a restore has left; the one that a majority keeps up is the right one.
        let ids: Vec<String> = looks.keys().map(ToString::to_string).collect();
        looks.retain(|_, look| matches!(look, Look::Agreed { live, .. } if live.has_quorum(None)));
        if looks.len() != 1 {
            return Look::Divided { why: format!("members of different clusters answer: {}", ids.join(", ")) };
        }
    }
    looks.into_values().next().unwrap_or(Look::Silent { tried })
}

/// What the members of one cluster say.
fn of_cluster(cluster: EtcdClusterId, answers: &[Answer], instance: &impl Fn(Option<IpAddr>) -> Instance) -> Look {
    // Who has no list does not know the others, and does not disagree with them.
    let lists: Vec<&Vec<Member>> =
        answers.iter().map(|answer| &answer.list.members).filter(|members| !members.is_empty()).collect();
    let Some(first) = lists.first() else { return Look::Silent { tried: Vec::new() } };
    let agreed = lists.iter().all(|other| known(other) == known(first));
    // One that is behind keeps nobody from seeing what a majority says.
    let Some(list) = lists.iter().find(|list| agreed || has_majority(list, answers)) else {
        return Look::Divided { why: "the members of etcd do not agree yet on who is one of them".to_owned() };
    };
    let members: Vec<Seen> = list
        .iter()
        .map(|member| Seen {
            answers: answers.iter().any(|answer| answer.status.member == member.id),
            instance: instance(member.peer_urls.first().and_then(|url| address(url))),
            member: member.clone(),
        })
        .collect();
    let leads = |id: MemberId| members.iter().any(|seen| seen.member.id == id && seen.answers);
    let leader = answers.iter().any(|answer| answer.status.leader.is_some_and(leads));
    // Voters first: a learner refuses most of what it is asked.
    let mut by_vote: Vec<&Answer> = answers.iter().collect();
    by_vote.sort_by_key(|answer| answer.status.learner);
    let endpoints = by_vote.into_iter().map(|answer| answer.endpoint.clone()).collect();
    Look::Agreed { live: Live { cluster, leader, members }, endpoints }
}

/// Whether most voters of a list have a leader and say that it is theirs.
fn has_majority(list: &[Member], answers: &[Answer]) -> bool {
    let voters = || list.iter().filter(|member| !member.learner).map(|member| member.id);
    let say_so = answers.iter().filter(|answer| {
        known(&answer.list.members) == known(list)
            && answer.status.leader.is_some()
            && voters().any(|voter| voter == answer.status.member)
    });
    say_so.count() > voters().count() / 2
}

/// What has to be the same in all lists: names follow later.
fn known(members: &[Member]) -> Vec<(u64, bool, &[String])> {
    members.iter().map(|member| (member.id.0, member.learner, member.peer_urls.as_slice())).collect()
}

/// The address in a URL.
pub(crate) fn address(url: &str) -> Option<IpAddr> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(by: u64, cluster: u64, leader: Option<u64>, ids: &[u64]) -> Answer {
        let member = |id: &u64| Member {
            id: MemberId(*id),
            name: format!("i-{id}"),
            peer_urls: vec![format!("https://10.0.0.{id}:2380")],
            client_urls: Vec::new(),
            learner: false,
        };
        let (cluster, by_id) = (EtcdClusterId(cluster), MemberId(by));
        Answer {
            endpoint: format!("https://10.0.0.{by}:2379"),
            list: MemberList { cluster, answered_by: by_id, members: ids.iter().map(member).collect() },
            status: Status {
                cluster,
                member: by_id,
                version: "3.5.16".to_owned(),
                leader: leader.map(MemberId),
                revision: 1,
                db_size: 0,
                learner: ids.is_empty(),
                errors: Vec::new(),
            },
        }
    }

    #[test]
    fn who_answers_is_seen() {
        let answers =
            vec![answer(3, 1, Some(2), &[]), answer(1, 1, Some(2), &[1, 2, 3]), answer(2, 1, Some(2), &[1, 2, 3])];
        let Look::Agreed { live, endpoints } = agree(answers, Vec::new(), |_| Instance::Unknown) else { panic!() };
        assert!(live.leader && live.members.iter().all(|seen| seen.answers));
        assert_eq!(endpoints, ["https://10.0.0.1:2379", "https://10.0.0.2:2379", "https://10.0.0.3:2379"]);
    }

    #[test]
    fn a_leader_that_does_not_answer_is_none() {
        let answers = vec![answer(1, 1, Some(2), &[1, 2, 3])];
        let Look::Agreed { live, .. } = agree(answers, Vec::new(), |_| Instance::Unknown) else { panic!() };
        assert!(!live.leader && !live.members[1].answers);
    }

    #[test]
    fn different_lists_and_clusters_are_no_answer() {
        let lists = vec![answer(1, 1, Some(1), &[1, 2]), answer(2, 1, Some(1), &[1, 2, 3])];
        assert!(
            matches!(agree(lists, Vec::new(), |_| Instance::Unknown), Look::Divided { why } if why.contains("agree"))
        );
        let clusters = vec![answer(1, 1, Some(1), &[1, 2]), answer(2, 2, Some(2), &[1, 2])];
        assert!(
            matches!(agree(clusters, Vec::new(), |_| Instance::Unknown), Look::Divided { why } if why.contains("1, 2"))
        );
        let left = vec![answer(1, 1, None, &[1, 2, 3]), answer(4, 2, Some(4), &[4, 5]), answer(5, 2, Some(4), &[4, 5])];
        let Look::Agreed { live, endpoints } = agree(left, Vec::new(), |_| Instance::Unknown) else { panic!() };
        assert_eq!((live.cluster, endpoints.len()), (EtcdClusterId(2), 2));
        let nobody = agree(Vec::new(), vec!["x".to_owned()], |_| Instance::Unknown);
        assert_eq!(nobody, Look::Silent { tried: vec!["x".to_owned()] });
    }

    #[test]
    fn one_that_is_behind_does_not_matter_to_a_majority() {
        let answers = vec![
            answer(3, 1, Some(2), &[1, 2, 3, 4]),
            answer(1, 1, Some(2), &[1, 2, 3]),
            answer(2, 1, Some(2), &[1, 2, 3]),
        ];
        let Look::Agreed { live, endpoints } = agree(answers, Vec::new(), |_| Instance::Unknown) else { panic!() };
        assert_eq!((live.members.len(), endpoints.len()), (3, 3));
        // Without a leader nobody's word counts.
        let answers =
            vec![answer(3, 1, None, &[1, 2, 3, 4]), answer(1, 1, None, &[1, 2, 3]), answer(2, 1, None, &[1, 2, 3])];
        assert!(matches!(agree(answers, Vec::new(), |_| Instance::Unknown), Look::Divided { .. }));
    }

    #[test]
    fn addresses_are_read_from_urls() {
        assert_eq!(address("https://10.0.0.1:2380"), "10.0.0.1".parse().ok());
        assert_eq!(address("https://[fd00::1]:2380"), "fd00::1".parse().ok());
        assert_eq!(address("https://a.example.com:2380"), None);
    }
}
