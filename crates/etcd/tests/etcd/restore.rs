//! Going back to a snapshot with real members, cut short anywhere.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use kedge_etcd::restore::{self, State};
use kedge_etcd::{Data, EtcdClusterId, take_if_due};
use kedge_store::Condition;

use crate::lab::{Instance, Killer, Lab, mortal, programs};

type Cluster = BTreeMap<String, Instance>;

/// A snapshot of what is there now; its name.
async fn snapshot(cluster: &Cluster, lab: &Lab, minute: i64) -> String {
    let now = "2027-01-15T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute);
    for instance in cluster.values() {
        take_if_due(&instance.place, now, SignedDuration::ZERO, 90, &|_| {}).await.unwrap();
    }
    lab.backups().list().await.unwrap().pop().unwrap().name
}

fn etcd_cluster(instance: &Instance) -> EtcdClusterId {
    let Data::Member { cluster, .. } = instance.place.volume.look().unwrap() else { panic!("there is no data") };
    cluster
}

async fn ask(lab: &Lab, name: &str) {
    let now = "2027-01-15T09:00:00Z".parse().unwrap();
    restore::ask(&lab.backups(), name, "ann@host", now, false).await.unwrap();
}

/// All three are healthy, in one cluster, with this value.
async fn whole(cluster: &Cluster, value: &str) {
    let mut ids = Vec::new();
    for instance in cluster.values() {
        let health = instance.settled(&|_| {}).await;
        assert_eq!(health.live.members.len(), cluster.len());
        assert!(health.live.members.iter().all(|seen| seen.answers && !seen.member.learner));
        let read = instance.client().get("key").await.unwrap();
        assert_eq!(read.as_deref(), Some(value.as_bytes()), "{}", instance.place.node);
        assert_eq!(instance.client().get("later").await.unwrap(), None);
        let root = instance.place.volume.root().read_dir_utf8().unwrap();
        let names: Vec<String> = root.map(|entry| entry.unwrap().file_name().to_owned()).collect();
        assert!(!names.iter().any(|name| name.starts_with("restor")), "{names:?}");
        ids.push(etcd_cluster(instance));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

/// All members go back. Each life of each of them lasts for a step or two and ends at the next one; how many lives that took.
async fn killed_at_every_step(lab: &Lab, cluster: &Cluster, reboots: bool) -> Vec<usize> {
    let (value, minute) = if reboots { ("rebooted", 1) } else { ("killed", 0) };
    cluster["a"].client().put("key", value.as_bytes()).await.unwrap();
    let name = snapshot(cluster, lab, minute).await;
    cluster["b"].client().put("key", b"changed").await.unwrap();
    cluster["c"].client().put("later", b"too much").await.unwrap();
    let before = etcd_cluster(&cluster["a"]);
    ask(lab, &name).await;
    let each = cluster.values().map(|instance| async move {
        let (mut lives, mut steps) = (1, Vec::new());
        loop {
            // After a reboot etcd has to start once more before anything else.
            let killer = Killer::at(if reboots { 2 } else { 1 });
            if mortal(instance.restore(&killer)).await.is_some() {
                break;
            }
            steps.push(killer.steps.into_inner().unwrap());
            lives += 1;
            assert!(lives < 50, "no step of a life is of use to the next one: {steps:#?}");
            if reboots {
                instance.reboot().await;
            }
        }
        lives
    });
    let lives = futures_util::future::join_all(each).await;
    whole(cluster, value).await;
    assert_ne!(etcd_cluster(&cluster["a"]), before);
    for instance in cluster.values() {
        // Once more finds nothing to do.
        instance.restore(&Killer::at(0)).await;
    }
    lives
}

#[tokio::test(flavor = "multi_thread")]
async fn all_go_back_even_if_every_life_ends_after_a_step() {
    let Some(programs) = programs() else { return };
    let lab = Lab::hasty(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    for reboots in [false, true] {
        let restarts = || cluster.values().map(|instance| instance.restarts.load(Ordering::SeqCst)).collect::<Vec<_>>();
        let before = restarts();
        let mut lives = killed_at_every_step(&lab, &cluster, reboots).await;
        lives.sort_unstable();
        // The one that goes first has more to do.
        assert!(lives[0] >= 3 && lives[2] > 4, "{lives:?}");
        assert!(restarts().iter().zip(before).all(|(after, before)| *after > before));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_away_joins_when_it_comes_back() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["a"].client().put("key", b"old").await.unwrap();
    let name = snapshot(&cluster, &lab, 0).await;
    cluster["a"].client().put("later", b"x").await.unwrap();
    cluster["c"].die();
    ask(&lab, &name).await;
    let kill = Killer::at(usize::MAX);
    futures_util::future::join(cluster["a"].restore(&kill), cluster["b"].restore(&kill)).await;
    cluster["c"].boot().await;
    cluster["c"].restore(&kill).await;
    whole(&cluster, "old").await;
    let aside = cluster["c"].place.volume.aside().unwrap();
    assert!(aside[0].as_str().ends_with("member.1.other-cluster"), "{aside:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_volumes_are_lost_new_instances_begin_from_the_snapshot() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let mut cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["a"].client().put("key", b"old").await.unwrap();
    let name = snapshot(&cluster, &lab, 0).await;
    cluster.clear();
    let new: Cluster =
        ["a", "b", "c"].map(|place| (place.to_owned(), lab.instance(place, &lab.volume()))).into_iter().collect();
    ask(&lab, &name).await;
    let each = new.values().map(|instance| async move {
        let boot = instance.boot();
        // The one that goes first has to take the step that lets the others join.
        boot.await;
        instance.restore(&Killer::at(usize::MAX)).await;
    });
    futures_util::future::join_all(each).await;
    whole(&new, "old").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_changes_nothing() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    let a = &cluster["a"];
    a.client().put("key", b"now").await.unwrap();
    let name = snapshot(&cluster, &lab, 0).await;
    let key = lab.backups().key(&format!("{name}/snapshot.db"));
    let mut bytes = lab.objects.get(&key).await.unwrap().unwrap().bytes;
    bytes[5000] ^= 1;
    lab.objects.put(&key, &bytes, &Condition::Any).await.unwrap();
    let before = etcd_cluster(a);
    ask(&lab, &name).await;
    a.restore(&Killer::at(usize::MAX)).await;
    let request = restore::current(&lab.backups()).await.unwrap().unwrap();
    let State::Failed { why } = &request.state else { panic!("{request:?}") };
    assert!(why.contains("snapshot.db has the digest"), "{why}");
    assert!(a.runs());
    assert_eq!(etcd_cluster(a), before);
    assert_eq!(a.client().get("key").await.unwrap().as_deref(), Some(&b"now"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replaced_request_has_stopped_runs_again_where_the_new_one_is_given_up() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    let a = &cluster["a"];
    a.client().put("key", b"now").await.unwrap();
    let good = snapshot(&cluster, &lab, 0).await;
    let bad = snapshot(&cluster, &lab, 1).await;
    lab.objects.put(&lab.backups().key(&format!("{bad}/snapshot.db")), b"x", &Condition::Any).await.unwrap();
    ask(&lab, &good).await;
    // Killed between stopping and putting the restored data in place.
    let killer = Killer::at(4);
    assert!(mortal(a.restore(&killer)).await.is_none());
    assert!(killer.steps.lock().unwrap().last().unwrap().contains("putting the data"), "{:?}", killer.steps);
    assert!(!a.runs());
    let now = "2027-01-15T09:00:00Z".parse().unwrap();
    restore::ask(&lab.backups(), &bad, "ann@host", now, true).await.unwrap();
    a.restore(&Killer::at(usize::MAX)).await;
    a.settled(&|_| {}).await;
    assert_eq!(a.client().get("key").await.unwrap().as_deref(), Some(&b"now"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_comes_after_a_restore_is_none_of_its_business() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    let name = snapshot(&cluster, &lab, 0).await;
    ask(&lab, &name).await;
    cluster["a"].restore(&Killer::at(usize::MAX)).await;
    cluster["a"].die();
    drop(cluster);
    for record in lab.objects.list(&lab.backups().key("members/")).await.unwrap() {
        lab.objects.delete(&record).await.unwrap();
    }
    // Its volume knows nothing of restores.
    let made_again = lab.cluster(&["a"]).await;
    let a = &made_again["a"];
    let before = etcd_cluster(a);
    a.restore(&Killer::at(0)).await;
    assert!(a.runs() && etcd_cluster(a) == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_joining_stops_for_a_restore() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs.clone(), 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["a"].client().put("key", b"old").await.unwrap();
    let name = snapshot(&cluster, &lab, 0).await;
    ask(&lab, &name).await;
    // c is in the middle of kubeadm join: its member runs, and it is no control plane that follows restores.
    let kill = Killer::at(usize::MAX);
    let joining = async {
        for _ in 0..600 {
            let prepared =
                kedge_etcd::prepare(&cluster["c"].place, &cluster["c"], Some(&programs.tool), &|_| {}).await.unwrap();
            if matches!(prepared, kedge_etcd::Prepared::Join { .. }) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("it never joins");
    };
    let ((), (), ()) =
        futures_util::future::join3(cluster["a"].restore(&kill), cluster["b"].restore(&kill), joining).await;
    cluster["c"].boot().await;
    whole(&cluster, "old").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lead_has_made_that_was_replaced_meanwhile_gives_way() {
    let Some(programs) = programs() else { return };
    let lab = Lab::hasty(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["a"].client().put("key", b"old").await.unwrap();
    let name = snapshot(&cluster, &lab, 0).await;
    cluster["a"].client().put("later", b"too much").await.unwrap();
    ask(&lab, &name).await;
    // The lead dies when what it has made runs, and before it has said so.
    let each = cluster.iter().map(|(place, instance)| async move {
        let killer = Killer::until("the restored etcd serves");
        (place.clone(), mortal(instance.restore(&killer)).await.is_none())
    });
    let mut rest = Box::pin(futures_util::future::select_all(each.map(Box::pin)));
    let lead = loop {
        let ((place, killed), _, others) = rest.await;
        if killed {
            break place;
        }
        rest = Box::pin(futures_util::future::select_all(others));
    };
    let lead = &cluster[&lead];
    assert!(lead.runs());
    lead.die();
    let now = "2027-01-15T09:00:00Z".parse().unwrap();
    restore::ask(&lab.backups(), &name, "ann@host", now, true).await.unwrap();
    let kill = Killer::at(usize::MAX);
    let others = cluster.values().filter(|instance| instance.place.place != lead.place.place);
    futures_util::future::join_all(others.map(|instance| instance.restore(&kill))).await;
    lead.reboot().await;
    lead.restore(&kill).await;
    whole(&cluster, "old").await;
}
