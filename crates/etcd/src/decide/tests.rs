use proptest::prelude::*;

use super::*;

const CLUSTER: EtcdClusterId = EtcdClusterId(0xc1);
const HERE: &str = "https://10.0.0.9:2380";

fn member(id: u64, answers: bool) -> Seen {
    Seen {
        member: Member {
            id: MemberId(id),
            name: format!("i-{id}"),
            peer_urls: vec![format!("https://10.0.0.{id}:2380")],
            client_urls: vec![format!("https://10.0.0.{id}:2379")],
            learner: false,
        },
        answers,
        instance: Instance::Unknown,
    }
}

fn live(members: Vec<Seen>) -> Live {
    Live { cluster: CLUSTER, leader: true, members }
}

fn us() -> Us {
    Us {
        identity: Identity::new("prod.example.com", "main", "a"),
        recorded: None,
        others: Vec::new(),
        peer_url: HERE.to_owned(),
        expected: 3,
        initialised: true,
    }
}

fn found(data: Data) -> Found {
    Found { data, identity: None }
}

fn data(id: u64) -> Data {
    Data::Member { cluster: CLUSTER, member: MemberId(id) }
}

fn why(decision: Decision) -> String {
    match decision {
        Decision::Wait { why } | Decision::Refuse { why } => why,
        other => panic!("{other:?}"),
    }
}

const fn joins(aside: Option<Aside>, remove: Option<u64>) -> Decision {
    let remove = match remove {
        Some(id) => Some(MemberId(id)),
        None => None,
    };
    Decision::Join(Join { aside, remove, added: None })
}

#[test]
fn the_first_one_is_made_by_whoever_initialises() {
    let mut us = us();
    us.initialised = false;
    assert_eq!(decide(&us, &found(Data::Empty), None), Decision::Bootstrap);
    us.initialised = true;
    assert!(why(decide(&us, &found(Data::Empty), None)).contains("kedge etcd restore"));
}

#[test]
fn a_kept_volume_becomes_the_same_member_with_its_new_address() {
    let live = live(vec![member(1, false), member(2, true), member(3, true)]);
    let decision = decide(&us(), &found(data(1)), Some(&live));
    assert_eq!(decision, Decision::Start(Start { member: MemberId(1), remove: None, update: true }));
}

#[test]
fn after_a_reboot_nothing_is_told() {
    let mut live = live(vec![member(1, false), member(2, true), member(3, true)]);
    live.members[0].member.peer_urls = vec![HERE.to_owned()];
    let start = Decision::Start(Start { member: MemberId(1), remove: None, update: false });
    assert_eq!(decide(&us(), &found(data(1)), Some(&live)), start);
    live.members[1].answers = false;
    assert_eq!(decide(&us(), &found(data(1)), Some(&live)), start);
    assert_eq!(decide(&us(), &found(data(1)), None), start);
}

#[test]
fn without_a_majority_the_data_is_started_and_the_address_corrected_later() {
    let live = live(vec![member(1, false), member(2, true), member(3, false)]);
    let decision = decide(&us(), &found(data(1)), Some(&live));
    assert_eq!(decision, Decision::Start(Start { member: MemberId(1), remove: None, update: false }));
}

#[test]
fn a_dead_member_at_our_address_goes_first() {
    let mut live = live(vec![member(1, false), member(2, true), member(3, true), member(4, false), member(5, true)]);
    live.members[3].member.peer_urls = vec![HERE.to_owned()];
    let decision = decide(&us(), &found(data(1)), Some(&live));
    assert_eq!(decision, Decision::Start(Start { member: MemberId(1), remove: Some(MemberId(4)), update: true }));
}

#[test]
fn a_lost_volume_removes_the_member_that_lived_there() {
    let mut us = us();
    us.recorded = Some(MemberId(2));
    let live = live(vec![member(1, true), member(2, false), member(3, true)]);
    assert_eq!(decide(&us, &found(Data::Empty), Some(&live)), joins(None, Some(2)));
}

#[test]
fn without_a_record_the_only_silent_member_goes_and_of_several_none() {
    let mut both = live(vec![member(1, false), member(2, true), member(3, true)]);
    assert_eq!(decide(&us(), &found(Data::Empty), Some(&both)), joins(None, Some(1)));
    both.members.extend([member(4, false), member(5, true)]);
    let mut us = us();
    us.expected = 5;
    assert!(why(decide(&us, &found(Data::Empty), Some(&both))).contains("i-1 (1) and i-4 (4)"));
    us.others = vec![MemberId(1)];
    assert_eq!(decide(&us, &found(Data::Empty), Some(&both)), joins(None, Some(4)));
    us.others.clear();
    both.members[0].instance = Instance::Gone;
    assert_eq!(decide(&us, &found(Data::Empty), Some(&both)), joins(None, Some(1)));
}

#[test]
fn while_the_cluster_grows_nobody_is_removed() {
    let live = live(vec![member(1, true), member(2, true)]);
    assert_eq!(decide(&us(), &found(Data::Empty), Some(&live)), joins(None, None));
}

#[test]
fn a_place_that_is_taken_waits() {
    let mut us = us();
    us.recorded = Some(MemberId(2));
    let mut live = live(vec![member(1, true), member(2, true), member(3, true)]);
    assert!(why(decide(&us, &found(Data::Empty), Some(&live))).contains("has to be gone"));
    live.members[1].answers = false;
    live.members[1].instance = Instance::Runs;
    assert!(why(decide(&us, &found(Data::Empty), Some(&live))).contains("has to be gone"));
    us.recorded = None;
    live.members[1].answers = true;
    assert!(why(decide(&us, &found(Data::Empty), Some(&live))).contains("as many as the manifest asks for"));
}

#[test]
fn without_a_majority_nobody_joins() {
    let live = live(vec![member(1, true), member(2, false), member(3, false)]);
    let sentence = why(decide(&us(), &found(Data::Empty), Some(&live)));
    assert!(sentence.contains("1 of 3") && sentence.contains("i-2 (2), i-3 (3)"), "{sentence}");
}

#[test]
fn a_join_that_was_cut_short_goes_on() {
    let mut ours = member(9, false);
    ours.member.learner = true;
    ours.member.name.clear();
    ours.member.client_urls.clear();
    let mut both = live(vec![member(1, true), member(2, true), ours]);
    let on = Decision::Join(Join { aside: None, remove: None, added: Some(MemberId(9)) });
    assert_eq!(decide(&us(), &found(Data::Empty), Some(&both)), on);
    // It had started, and its data is gone: another new one.
    both.members[2].member.name = "i-9".to_owned();
    assert_eq!(decide(&us(), &found(Data::Empty), Some(&both)), joins(None, Some(9)));
}

#[test]
fn removed_and_restored_clusters_put_data_aside() {
    let live = live(vec![member(1, true), member(2, true)]);
    assert_eq!(decide(&us(), &found(data(7)), Some(&live)), joins(Some(Aside::Removed), None));
    let other = Data::Member { cluster: EtcdClusterId(5), member: MemberId(1) };
    assert_eq!(decide(&us(), &found(other.clone()), Some(&live)), joins(Some(Aside::OtherCluster), None));
    let mut left = live.clone();
    left.members[1].answers = false;
    let start = Decision::Start(Start { member: MemberId(1), remove: None, update: false });
    assert_eq!(decide(&us(), &found(other), Some(&left)), start);
    let broken = Data::Unreadable { why: "x".to_owned() };
    assert_eq!(decide(&us(), &found(broken.clone()), Some(&live)), joins(Some(Aside::Unreadable), None));
    assert!(matches!(decide(&us(), &found(broken), None), Decision::Refuse { .. }));
}

#[test]
fn volumes_of_others_are_not_touched() {
    for identity in [
        Identity::new("other.example.com", "main", "a"),
        Identity::new("prod.example.com", "events", "a"),
        Identity::new("prod.example.com", "main", "b"),
    ] {
        let found = Found { data: data(1), identity: Some(identity) };
        assert!(matches!(decide(&us(), &found, None), Decision::Refuse { .. }));
    }
}

fn any_member() -> impl Strategy<Value = Seen> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0_u8..3, 0_u8..8).prop_map(
        |(learner, named, answers, instance, at)| {
            let mut seen = member(0, answers && named);
            seen.member.learner = learner;
            if !named {
                seen.member.name.clear();
                seen.member.client_urls.clear();
            }
            seen.instance = [Instance::Runs, Instance::Gone, Instance::Unknown][usize::from(instance)];
            if at == 0 {
                seen.member.peer_urls = vec![HERE.to_owned()];
            }
            seen
        },
    )
}

prop_compose! {
    fn any_live()(mut members in prop::collection::vec(any_member(), 1..6), leader: bool) -> Live {
        let mut here = false;
        for (seen, id) in members.iter_mut().zip(1..) {
            seen.member.id = MemberId(id);
            // Addresses are of one member each.
            if here || seen.member.peer_urls != [HERE] {
                seen.member.peer_urls = vec![format!("https://10.0.0.{id}:2380")];
            } else {
                here = true;
            }
        }
        Live { cluster: CLUSTER, leader, members }
    }
}

fn any_data() -> impl Strategy<Value = Data> {
    prop_oneof![
        Just(Data::Empty),
        Just(Data::Unreadable { why: "x".to_owned() }),
        (1_u64..8).prop_map(data),
        (1_u64..8).prop_map(|id| Data::Member { cluster: EtcdClusterId(5), member: MemberId(id) }),
    ]
}

prop_compose! {
    fn any_us()(recorded in prop::option::of(1_u64..8), others in prop::collection::vec(1_u64..8, 0..3),
        expected in 1_usize..6, initialised: bool) -> Us
    {
        Us {
            recorded: recorded.map(MemberId),
            others: others.into_iter().map(MemberId).collect(),
            expected,
            initialised,
            ..us()
        }
    }
}

/// What carrying a decision out does to the cluster and to the volume.
fn carry_out(us: &Us, found: &mut Found, live: &mut Live, decision: &Decision) {
    match decision {
        Decision::Start(start) => {
            live.members.retain(|seen| Some(seen.member.id) != start.remove);
            if let Some(seen) = live.members.iter_mut().find(|seen| seen.member.id == start.member && start.update) {
                seen.member.peer_urls = vec![us.peer_url.clone()];
            }
        }
        Decision::Join(join) => {
            found.data = Data::Empty;
            live.members.retain(|seen| Some(seen.member.id) != join.remove);
            if join.added.is_none() {
                let mut new = member(90, false);
                new.member.name.clear();
                new.member.client_urls.clear();
                new.member.learner = true;
                new.member.peer_urls = vec![us.peer_url.clone()];
                live.members.push(new);
            } else if let Some(seen) = live.members.iter_mut().find(|seen| Some(seen.member.id) == join.added) {
                seen.member.name = "us".to_owned();
                found.data = Data::Member { cluster: live.cluster, member: seen.member.id };
            }
        }
        Decision::Bootstrap | Decision::Wait { .. } | Decision::Refuse { .. } => {}
    }
}

proptest! {
    #[test]
    fn only_silent_members_are_removed_and_only_by_a_majority(us in any_us(), data in any_data(), live in any_live()) {
        let removed = match decide(&us, &found(data.clone()), Some(&live)) {
            Decision::Join(join) => {
                prop_assert!(live.has_quorum(None));
                prop_assert_eq!(join.aside.is_some(), data != Data::Empty);
                join.remove
            }
            Decision::Start(start) => {
                let Data::Member { member, cluster } = data else { panic!("there is nothing to start from") };
                prop_assert_eq!(member, start.member);
                prop_assert!(cluster == live.cluster || !live.has_quorum(None));
                prop_assert!(!start.update || live.has_quorum(Some(member)));
                prop_assert!(start.remove.is_none() || start.update);
                start.remove
            }
            _ => None,
        };
        if let Some(removed) = removed {
            let seen = live.member(removed).unwrap();
            prop_assert!(!seen.answers);
            let here = seen.member.peer_urls == [HERE];
            prop_assert!(here || us.recorded == Some(removed) || !us.others.contains(&removed));
            prop_assert!(here || seen.instance != Instance::Runs);
            let mut after = live.clone();
            after.members.retain(|seen| seen.member.id != removed);
            prop_assert!(after.has_quorum(None));
        }
    }

    #[test]
    fn data_that_the_others_count_is_never_put_aside(us in any_us(), live in any_live(), at in 0_usize..6) {
        let member = live.members[at % live.members.len()].member.id;
        let found = found(Data::Member { cluster: live.cluster, member });
        prop_assert!(!matches!(decide(&us, &found, Some(&live)), Decision::Join(_)));
    }

    #[test]
    fn a_foreign_volume_is_always_refused(us in any_us(), data in any_data(), live in prop::option::of(any_live())) {
        let found = Found { data, identity: Some(Identity::new("other.example.com", "main", "a")) };
        let decision = decide(&us, &found, live.as_ref());
        prop_assert!(matches!(decision, Decision::Refuse { .. }), "{:?}", decision);
    }

    #[test]
    fn carrying_decisions_out_ends(us in any_us(), data in any_data(), mut live in any_live()) {
        let mut found = found(data);
        let mut before = None;
        for _ in 0..6 {
            let decision = decide(&us, &found, Some(&live));
            if before.as_ref() == Some(&decision) {
                break;
            }
            carry_out(&us, &mut found, &mut live, &decision);
            before = Some(decision);
        }
        let last = decide(&us, &found, Some(&live));
        prop_assert_eq!(Some(last.clone()), before);
        if let Decision::Start(start) = &last {
            prop_assert!(start.remove.is_none() && !start.update);
        }
        prop_assert!(!matches!(last, Decision::Join(_)), "{:?}", last);
    }
}
