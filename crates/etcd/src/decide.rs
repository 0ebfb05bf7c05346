//! What a member found on a volume has to do: a function of what is on the volume, what the others say, and who we are.

use crate::data::Data;
use crate::id::{EtcdClusterId, MemberId};
use crate::identity::Identity;
use crate::wire::Member;

/// What is known of the instance that a member ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instance {
    /// It is there.
    Runs,
    /// There is none at the member's address any more.
    Gone,
    /// Nobody could say.
    Unknown,
}

/// A member as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the others know of it.
    pub member: Member,
    /// Whether it answered, under its own id.
    pub answers: bool,
    /// Its instance.
    pub instance: Instance,
}

/// The cluster as it is now, by all members that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its id.
    pub cluster: EtcdClusterId,
    /// Whether some member has a leader.
    pub leader: bool,
    /// Its members, by id.
    pub members: Vec<Seen>,
}

/// What is on the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its data directory.
    pub data: Data,
    /// Whose it is.
    pub identity: Option<Identity>,
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Us {
    /// The place of the manifest that the volume is for.
    pub identity: Identity,
    /// The member that lived at the place last, by the store.
    pub recorded: Option<MemberId>,
    /// The members that live at other places, by the store.
    pub others: Vec<MemberId>,
    /// Where others reach us.
    pub peer_url: String,
    /// How many members the manifest has.
    pub expected: usize,
    /// Whether the cluster has been initialised.
    pub initialised: bool,
}

/// Why data is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// The others have removed the member.
    Removed,
    /// It is of the cluster before a restore.
    OtherCluster,
    /// It cannot be read.
    Unreadable,
}

impl Aside {
    /// As a part of a name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::OtherCluster => "other-cluster",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is no cluster yet, and nothing to begin from: whoever has the init lock makes it.
    Bootstrap,
    /// Start from the data.
    Start(Start),
    /// Become a new member.
    Join(Join),
    /// Nothing can be done yet.
    Wait {
        /// What is waited for, as a sentence.
        why: String,
    },
    /// Nothing is done, and nothing will be without somebody's help.
    Refuse {
        /// Why, as a sentence with what to do.
        why: String,
    },
}

/// How to start from the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The member.
    pub member: MemberId,
    /// A dead member at our address, which has to go first.
    pub remove: Option<MemberId>,
    /// Whether the others have to be told our address before.
    pub update: bool,
}

/// How to become a new member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Why the data that is there has to be put aside, if there is some.
    pub aside: Option<Aside>,
    /// The dead member whose place it is.
    pub remove: Option<MemberId>,
    /// The new member, where it has been added already.
    pub added: Option<MemberId>,
}

impl Live {
    /// Voters, and how many of them answer, of those that are not `except`.
    fn voters(&self, except: Option<MemberId>) -> (usize, usize) {
        let voters = self.members.iter().filter(|seen| !seen.member.learner);
        let answer = voters.clone().filter(|seen| seen.answers && Some(seen.member.id) != except).count();
        (voters.count(), answer)
    }

    /// Whether members but `except` are enough to decide something.
    #[must_use]
    pub fn has_quorum(&self, except: Option<MemberId>) -> bool {
        let (all, answer) = self.voters(except);
        self.leader && answer > all / 2
    }

    /// Whether a member is one of it.
    #[must_use]
    pub fn counts(&self, member: MemberId) -> bool {
        self.member(member).is_some()
    }

    fn member(&self, id: MemberId) -> Option<&Seen> {
        self.members.iter().find(|seen| seen.member.id == id)
    }

    fn at(&self, peer_url: &str) -> Option<&Seen> {
        self.members.iter().find(|seen| seen.member.peer_urls.iter().any(|url| url == peer_url))
    }

    fn no_quorum(&self) -> Decision {
        let (all, answer) = self.voters(None);
        let silent: Vec<String> =
            self.members.iter().filter(|seen| !seen.answers).map(|seen| seen.member.shown()).collect();
        let silent =
            if silent.is_empty() { "there is no leader".to_owned() } else { format!("silent: {}", silent.join(", ")) };
        wait(format!("{answer} of {all} members of etcd answer, which is no majority; {silent}"))
    }
}

fn wait(why: impl Into<String>) -> Decision {
    Decision::Wait { why: why.into() }
}

/// What to do. `live` is absent if nobody answers.
#[must_use]
pub fn decide(us: &Us, found: &Found, live: Option<&Live>) -> Decision {
    if let Some(identity) = &found.identity
        && !identity.is_of(&us.identity)
    {
        let why = format!(
            "the volume is of {}, and this instance is {}; attach the right volume, or remove kedge-etcd.json from it if it \
             really is meant to be used",
            identity.shown(),
            us.identity.shown()
        );
        return Decision::Refuse { why };
    }
    match (&found.data, live) {
        (Data::Member { cluster, member }, live) => of_member(us, *cluster, *member, live),
        (Data::Empty, live) => empty(us, live, None),
        (Data::Unreadable { .. }, Some(live)) => empty(us, Some(live), Some(Aside::Unreadable)),
        (Data::Unreadable { why }, None) => Decision::Refuse {
            why: format!(
                "the data of etcd is damaged ({why}), and no other member answers; bring another member back, or begin from \
                 a snapshot with `kedge etcd restore`"
            ),
        },
    }
}

/// The volume holds the data of a member.
fn of_member(us: &Us, cluster: EtcdClusterId, member: MemberId, live: Option<&Live>) -> Decision {
    let start = |remove, update| Decision::Start(Start { member, remove, update });
    // Nobody answers: all start from what they have, and correct their addresses when there is a majority.
    let Some(live) = live else { return start(None, false) };
    if live.cluster != cluster {
        // Of two clusters the one that a majority keeps up is the right one. Without a majority it may be what a restore left.
        return if live.has_quorum(None) {
            empty(us, Some(live), Some(Aside::OtherCluster))
        } else {
            start(None, false)
        };
    }
    let Some(known) = live.member(member) else { return empty(us, Some(live), Some(Aside::Removed)) };
    if known.member.peer_urls == [us.peer_url.as_str()] || !live.has_quorum(Some(member)) {
        return start(None, false);
    }
    let other = live.at(&us.peer_url).filter(|other| other.member.id != member);
    match other {
        Some(other) if other.answers => {
            wait(format!("{} answers at our own address {}", other.member.shown(), us.peer_url))
        }
        other => start(other.map(|other| other.member.id), true),
    }
}

/// The volume holds nothing that can be started from.
fn empty(us: &Us, live: Option<&Live>, aside: Option<Aside>) -> Decision {
    let Some(live) = live else {
        return if us.initialised {
            wait(
                "the volume is empty and no member of etcd answers; they are asked again, and if none can come back, `kedge etcd \
                 restore` begins anew from a snapshot",
            )
        } else {
            Decision::Bootstrap
        };
    };
    if !live.has_quorum(None) {
        return live.no_quorum();
    }
    let join = |remove, added| Decision::Join(Join { aside, remove, added });
    if let Some(ours) = live.at(&us.peer_url) {
        let id = ours.member.id;
        return match (ours.member.has_started(), ours.answers) {
            // Added before, and never started: this goes on.
            (false, _) => join(None, Some(id)),
            // It had data, which is not here.
            (true, false) => join(Some(id), None),
            (true, true) => wait(format!("{} runs here without its data on the volume", ours.member.shown())),
        };
    }
    if let Some(ours) = us.recorded.and_then(|recorded| live.member(recorded)) {
        return if ours.answers || ours.instance == Instance::Runs {
            wait(format!(
                "{} is {} and lives at {}: it has to be gone before another instance takes its place",
                us.identity.shown(),
                ours.member.shown(),
                ours.member.peer_urls.join(", ")
            ))
        } else {
            join(Some(ours.member.id), None)
        };
    }
    // Nothing says who lived here. Who certainly is dead can go; of others only when there is no doubt.
    let elsewhere = |seen: &Seen| us.others.contains(&seen.member.id);
    let silent =
        || live.members.iter().filter(|seen| !seen.answers && seen.instance != Instance::Runs && !elsewhere(seen));
    if let Some(gone) = silent().find(|seen| seen.instance == Instance::Gone) {
        return join(Some(gone.member.id), None);
    }
    if live.members.len() < us.expected {
        return join(None, None);
    }
    match (silent().next(), silent().count()) {
        (Some(only), 1) => join(Some(only.member.id), None),
        (None, _) => wait(format!(
            "etcd has {} members, as many as the manifest asks for, and all of them are there",
            live.members.len()
        )),
        (Some(_), _) => {
            let names: Vec<String> = silent().map(|seen| seen.member.shown()).collect();
            wait(format!("nothing says whose place this is: {} do not answer", names.join(" and ")))
        }
    }
}

#[cfg(test)]
mod tests;
