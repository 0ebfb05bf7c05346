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
