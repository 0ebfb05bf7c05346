//! Instances that are replaced: with their volume, without it, and cut short anywhere.

use std::collections::BTreeMap;

use kedge_etcd::{Data, MemberId, Prepared, prepare};

use crate::lab::{Instance, Killer, Lab, mortal, programs};

type Cluster = BTreeMap<String, Instance>;

/// Writes through one member what every member must have later.
async fn write(instance: &Instance, key: &str, value: &str) {
    let mut last = None;
    // Right after another member died there is no leader for a moment.
    for _ in 0..100 {
        match instance.client().put(key, value.as_bytes()).await {
            Ok(()) => return,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{key} is not written: {last:?}");
}

/// Every member is one of three, healthy, and has the data.
async fn whole(cluster: &Cluster, key: &str, value: &str) {
    for instance in cluster.values() {
        let health = instance.settled(&|_| {}).await;
        assert_eq!(health.live.members.len(), cluster.len());
        assert!(health.live.members.iter().all(|seen| seen.answers && !seen.member.learner));
        assert_eq!(health.alarms, Vec::<String>::new());
        let read = instance.client().get(key).await.unwrap();
        assert_eq!(read.as_deref(), Some(value.as_bytes()), "{}", instance.place.node);
        let at = health.live.members.iter().find(|seen| seen.member.id == health.member).unwrap();
        assert_eq!(at.member.peer_urls, [instance.place.peer_url()]);
        assert_eq!(at.member.name, instance.place.node);
    }
}

fn id(instance: &Instance) -> MemberId {
    let Data::Member { member, .. } = instance.place.volume.look().unwrap() else { panic!("there is no data") };
    member
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_volume_is_the_same_member_at_a_new_address() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let mut cluster = lab.cluster(&["a", "b", "c"]).await;
    for kill in 0.. {
        let value = format!("value {kill}");
        let old = cluster.remove("b").unwrap();
        let member = id(&old);
        old.die();
        write(&cluster["a"], "key", &value).await;
        let killer = Killer::at(kill);
        let new = lab.instance("b", old.place.volume.root());
        let killed = mortal(new.boot_saying(&killer)).await.is_none();
        if killed {
            new.die();
            new.boot().await;
        }
        assert_eq!(id(&new), member);
        assert_eq!(new.place.volume.aside().unwrap(), Vec::<camino::Utf8PathBuf>::new());
        cluster.insert("b".to_owned(), new);
        whole(&cluster, "key", &value).await;
        if !killed {
            assert!(kill >= 2, "{:?}", killer.steps);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_volume_is_a_new_member_in_the_place_of_the_dead_one() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let mut cluster = lab.cluster(&["a", "b", "c"]).await;
    for kill in 0.. {
        let value = format!("value {kill}");
        let old = cluster.remove("b").unwrap();
        let member = id(&old);
        old.die();
        write(&cluster["a"], "key", &value).await;
        let killer = Killer::at(kill);
        let volume = lab.volume();
        let new = lab.instance("b", &volume);
        let killed = mortal(new.boot_saying(&killer)).await.is_none();
        if killed {
            new.die();
            new.boot().await;
        }
        assert_ne!(id(&new), member);
        cluster.insert("b".to_owned(), new);
        whole(&cluster, "key", &value).await;
        if !killed {
            assert!(kill >= 5, "{:?}", killer.steps);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_member_corrects_its_address_itself() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let mut cluster = lab.cluster(&["a"]).await;
    write(&cluster["a"], "key", "kept").await;
    let old = cluster.remove("a").unwrap();
    old.die();
    let new = lab.instance("a", old.place.volume.root());
    new.boot().await;
    assert_eq!(id(&new), id(&old));
    cluster.insert("a".to_owned(), new);
    whole(&cluster, "key", "kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_the_others_removed_keeps_its_data_aside_and_joins_anew() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    let member = id(&cluster["c"]);
    cluster["c"].die();
    write(&cluster["a"], "key", "later").await;
    cluster["a"].client().remove(member).await.unwrap();
    cluster["c"].boot().await;
    assert_ne!(id(&cluster["c"]), member);
    let aside = cluster["c"].place.volume.aside().unwrap();
    assert_eq!(aside.len(), 1);
    assert!(aside[0].as_str().ends_with("member.1.removed") && aside[0].join("wal").exists());
    whole(&cluster, "key", "later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_data_is_put_aside_where_others_have_all_of_it() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    write(&cluster["a"], "key", "whole").await;
    cluster["b"].die();
    let wal = cluster["b"].place.volume.root().join("member/wal");
    for file in wal.read_dir_utf8().unwrap() {
        fs_err::write(file.unwrap().path(), b"not a log").unwrap();
    }
    cluster["b"].boot().await;
    assert!(cluster["b"].place.volume.aside().unwrap()[0].as_str().ends_with("unreadable"));
    whole(&cluster, "key", "whole").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_members_at_once_start_from_their_volumes_at_the_same_addresses() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    write(&cluster["a"], "key", "kept").await;
    for instance in cluster.values() {
        instance.die();
    }
    futures_util::future::join_all(cluster.values().map(Instance::boot)).await;
    whole(&cluster, "key", "kept").await;
}

/// These places are replaced at once, and their volumes kept: their new instances, which know of each other and of the rest.
async fn replaced_at_once(lab: &std::sync::Arc<Lab>, cluster: &mut Cluster, places: &[&str]) {
    for place in places {
        let old = cluster.remove(*place).unwrap();
        old.die();
        cluster.insert((*place).to_owned(), lab.instance(place, old.place.volume.root()));
    }
    let addresses: Vec<_> = cluster.values().map(|instance| instance.place.address).collect();
    for instance in cluster.values_mut() {
        let own = instance.place.address;
        instance.place.instances = Some(addresses.iter().copied().filter(|address| *address != own).collect());
    }
    let boots = places.iter().map(|place| cluster[*place].boot());
    futures_util::future::join_all(boots).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_all_elsewhere_at_once_find_each_other() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let mut cluster = lab.cluster(&["a", "b", "c"]).await;
    let before: Vec<MemberId> = cluster.values().map(id).collect();
    for (value, places) in [("all", ["a", "b", "c"].as_slice()), ("most", &["a", "c"])] {
        write(&cluster["a"], "key", value).await;
        replaced_at_once(&lab, &mut cluster, places).await;
        whole(&cluster, "key", value).await;
        assert_eq!(cluster.values().map(id).collect::<Vec<_>>(), before, "they are the members that they were");
        for instance in cluster.values() {
            let known = instance.client().members().await.unwrap().members;
            assert!(known.iter().any(|member| member.peer_urls == [instance.place.peer_url()]));
            // Nobody needs a way to an old address any more.
            let closed = instance.ways.follow(&instance.place, instance, false).await.unwrap();
            assert!(closed.is_none_or(|line| line == "all members are where they are dialled"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_whose_volume_is_lost_while_it_runs_joins_the_others_anew() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    write(&cluster["a"], "key", "kept").await;
    let (b, member) = (&cluster["b"], id(&cluster["b"]));
    b.die();
    fs_err::remove_dir_all(b.place.volume.root().join("member")).unwrap();
    fs_err::remove_file(b.place.volume.root().join("kedge-etcd.json")).unwrap();
    b.tended().await;
    assert_ne!(id(b), member);
    whole(&cluster, "key", "kept").await;
    // One that the others have removed meanwhile is in the same place.
    let member = id(b);
    b.die();
    cluster["a"].client().remove(member).await.unwrap();
    b.tended().await;
    assert_ne!(id(b), member);
    whole(&cluster, "key", "kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_control_plane_whose_volume_is_lost_begins_nothing() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    cluster["a"].die();
    fs_err::remove_dir_all(cluster["a"].place.volume.root().join("member")).unwrap();
    let why = cluster["a"].tend().await.unwrap_err();
    assert!(why.contains("kedge etcd restore"), "{why}");
    assert!(!cluster["a"].runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_majority_nobody_joins_and_nothing_is_removed() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["b"].die();
    cluster["c"].die();
    let new = lab.instance("c", &lab.volume());
    let prepared = prepare(&new.place, &new, None, &|_| {}).await.unwrap();
    let Prepared::Wait { why } = prepared else { panic!("{prepared:?}") };
    assert!(why.contains("1 of 3 members of etcd answer"), "{why}");
    let list = cluster["a"].client().members().await.unwrap();
    assert_eq!(list.members.len(), 3);
    // The volume of another place is refused, whatever the others say.
    let wrong = lab.instance("a", cluster["b"].place.volume.root());
    let prepared = prepare(&wrong.place, &wrong, None, &|_| {}).await.unwrap();
    let Prepared::Refuse { why } = prepared else { panic!("{prepared:?}") };
    assert!(why.contains("the volume is of member b of the etcd cluster main"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_known_to_run_is_not_replaced() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["b"].die();
    let mut new = lab.instance("b", &lab.volume());
    let addresses = |names: &[&str]| names.iter().map(|name| cluster[*name].place.address).collect();
    new.place.instances = Some(addresses(&["a", "b", "c"]));
    let prepared = prepare(&new.place, &new, None, &|_| {}).await.unwrap();
    let Prepared::Wait { why } = prepared else { panic!("{prepared:?}") };
    assert!(why.contains("has to be gone before another instance takes its place"), "{why}");
    new.place.instances = Some(addresses(&["a", "c"]));
    new.boot().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_another_authority_are_refused() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs.clone(), 1);
    let cluster = lab.cluster(&["a"]).await;
    let other = Lab::new(programs, 1);
    let client = kedge_etcd::EtcdClient::new(&other.tls, [cluster["a"].place.client_url()]);
    let error = client.members().await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("certificate"), "{error}");
}
