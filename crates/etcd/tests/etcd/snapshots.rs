//! Snapshots of real members.

use jiff::{SignedDuration, Timestamp};
use kedge_etcd::snapshots::INTERVAL;
use kedge_etcd::{EtcdError, Taken, Tended, take_if_due, tend};
use kedge_store::Condition;

use crate::lab::{Instance, Lab, programs};

async fn look(instance: &Instance, now: Timestamp, say: &(dyn Fn(&str) + Send + Sync)) -> Tended {
    tend(&instance.place, instance, None, now, INTERVAL, 90, say).await.unwrap()
}

async fn take(instance: &Instance, now: Timestamp) -> Result<Taken, EtcdError> {
    take_if_due(&instance.place, now, INTERVAL, 90, &|_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_leader_takes_them_and_only_when_one_is_due() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 3);
    let cluster = lab.cluster(&["a", "b", "c"]).await;
    cluster["a"].client().put("key", b"value").await.unwrap();
    let now: Timestamp = "2027-01-15T08:00:00Z".parse().unwrap();
    let mut taken = Vec::new();
    for instance in cluster.values() {
        taken.push(take(instance, now).await.unwrap());
    }
    let yes: Vec<_> = taken.iter().filter(|taken| matches!(taken, Taken::Yes { .. })).collect();
    assert_eq!(yes.len(), 1, "{taken:?}");
    assert_eq!(taken.iter().filter(|taken| **taken == Taken::NotLeader).count(), 2);
    let Taken::Yes { name, meta, .. } = yes[0] else { panic!() };
    assert_eq!(name, "2027-01-15T08:00:00Z");
    assert_eq!(meta.parts.len(), 1);
    assert!(meta.size > 0 && meta.revision > 0 && meta.etcd_version.starts_with("3."));
    let mut due = Vec::new();
    for instance in cluster.values() {
        due.push(take(instance, now + SignedDuration::from_mins(14)).await.unwrap());
        due.push(take(instance, now + SignedDuration::from_mins(15)).await.unwrap());
    }
    assert_eq!(due.iter().filter(|taken| **taken == Taken::NotDue).count(), 1, "{due:?}");
    assert_eq!(lab.backups().list().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_ones_come_in_parts_and_old_ones_go() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    let a = &cluster["a"];
    let old: Timestamp = "2026-01-15T08:00:00Z".parse().unwrap();
    take(a, old).await.unwrap();
    // More than one part holds: etcd takes values of up to 1.5 MB.
    for number in 0..26 {
        let value: Vec<u8> =
            (0..1_400_000_u32).map(|at| (at.wrapping_mul(2_654_435_761 + number) >> 13) as u8).collect();
        a.client().put(&format!("large {number}"), &value).await.unwrap();
    }
    let now: Timestamp = "2027-01-15T08:00:00Z".parse().unwrap();
    let Taken::Yes { name, meta, removed } = take(a, now).await.unwrap() else { panic!() };
    assert_eq!(removed, 1);
    assert!(meta.parts.len() > 1, "{:?}", meta.parts);
    let listed = lab.backups().list().await.unwrap();
    assert_eq!(listed.iter().map(|listed| &listed.name).collect::<Vec<_>>(), [&name]);
    let file = a.place.volume.root().join("back.db");
    assert_eq!(lab.backups().fetch(&name, &file).await.unwrap(), *meta);
    assert_eq!(fs_err::metadata(&file).unwrap().len(), meta.size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_not_written_twice() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    let now: Timestamp = "2027-01-15T08:00:00Z".parse().unwrap();
    // Without an end it does not count as one, and something else stands where the end goes.
    let key = lab.backups().key("2027-01-15T07:00:00Z/snapshot.db");
    lab.objects.put(&key, b"cut off", &Condition::Any).await.unwrap();
    let Taken::Yes { .. } = take(&cluster["a"], now).await.unwrap() else { panic!() };
    let listed = lab.backups().list().await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.whole).collect::<Vec<_>>(), [false, true]);
    cluster["a"].die();
    assert!(take(&cluster["a"], now).await.unwrap_err().is_passing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_tends_its_member() {
    let Some(programs) = programs() else { return };
    let lab = Lab::new(programs, 1);
    let cluster = lab.cluster(&["a"]).await;
    let a = &cluster["a"];
    let now: Timestamp = "2027-01-15T08:00:00Z".parse().unwrap();
    let written = look(a, now, &|_| {}).await;
    assert_eq!(written, Tended::Snapshot { name: now.to_string(), removed: 0 });
    assert_eq!(lab.backups().list().await.unwrap().len(), 1);
    // Nothing is due, so that no step is taken.
    assert_eq!(look(a, now, &|line| panic!("{line}")).await, Tended::Nothing);
    a.client().defragment().await.unwrap();
    a.die();
    let silent = look(a, now, &|_| {}).await;
    assert!(matches!(&silent, Tended::Wait { why } if why.contains("does not answer")), "{silent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_full_is_told_and_still_has_snapshots() {
    let Some(programs) = programs() else { return };
    let lab = Lab::small(programs, 1, 1 << 20);
    let cluster = lab.cluster(&["a"]).await;
    let a = &cluster["a"];
    let mut keys = 0;
    while a.client().put(&format!("key-{keys}"), &[b'x'; 100_000]).await.is_ok() {
        keys += 1;
        assert!(keys < 100, "etcd takes more than its quota");
    }
    let now: Timestamp = "2027-01-15T08:00:00Z".parse().unwrap();
    let told = look(a, now, &|_| {}).await;
    assert!(
        matches!(&told, Tended::Alarms { alarms } if alarms.len() == 1 && alarms[0].contains("NOSPACE")),
        "{told:?}"
    );
    assert!(lab.backups().list().await.unwrap().iter().any(|listed| listed.whole && listed.taken == now));
}
