//! The account in a directory: kept after every call, shared, and refused when it cannot be read.

use camino_tempfile::tempdir;
use kedge_cloud::Observe as _;
use kedge_resource::Tags;
use kedge_sandbox::{Faults, Sandbox, SandboxError, SandboxOptions};

use crate::apply::{apply, assert_is};
use crate::world::{cluster, facts, world};

fn options(dir: &camino::Utf8Path) -> SandboxOptions {
    SandboxOptions { dir: dir.to_owned(), seed: Some(facts()), ..SandboxOptions::default() }
}

#[tokio::test]
async fn an_account_outlives_its_process() {
    let dir = tempdir().unwrap();
    let world = world();
    apply(&Sandbox::open(&options(dir.path())).unwrap(), &world).await.unwrap();
    assert_is(&Sandbox::open(&options(dir.path())).unwrap(), &world).await;
}

#[tokio::test]
async fn what_was_answered_is_on_disk() {
    let dir = tempdir().unwrap();
    let world = world();
    for number in [40, 45, 50, 55] {
        let dying = SandboxOptions { faults: Some(Faults::crash_at(number)), ..options(dir.path()) };
        // Each run begins with the thirty calls of an inventory and gets some calls further than the one before.
        apply(&Sandbox::open(&dying).unwrap(), &world).await.unwrap_err();
    }
    let sandbox = Sandbox::open(&options(dir.path())).unwrap();
    apply(&sandbox, &world).await.unwrap();
    assert_is(&sandbox, &world).await;
}

#[tokio::test]
async fn who_waits_at_the_same_time_waits_together() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    let minute = std::time::Duration::from_secs(60);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let sandbox = sandbox.clone();
        tasks.spawn(async move { sandbox.wait(minute).await });
    }
    while tasks.join_next().await.is_some() {}
    assert_eq!(sandbox.simulated(), minute);
}

#[tokio::test]
async fn two_processes_see_each_other() {
    let dir = tempdir().unwrap();
    let (one, two) = (Sandbox::open(&options(dir.path())).unwrap(), Sandbox::open(&options(dir.path())).unwrap());
    let mine = Tags::standard(&cluster(), "one");
    one.by_hand().put_foreign_vpc("10.0.0.0/16", &mine).unwrap();
    two.by_hand().put_foreign_vpc("10.0.0.0/16", &mine).unwrap();
    assert_eq!(
        one.inventory(&cluster(), kedge_cloud::Scope::Everything).await.unwrap(),
        two.inventory(&cluster(), kedge_cloud::Scope::Everything).await.unwrap()
    );
    assert_eq!(one.inventory(&cluster(), kedge_cloud::Scope::Everything).await.unwrap().resources.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_share_an_account() {
    let dir = tempdir().unwrap();
    let sandbox = Sandbox::open(&options(dir.path())).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let sandbox = sandbox.clone();
            tokio::spawn(async move {
                let tags = Tags::standard(&cluster(), &format!("v{number}"));
                sandbox.by_hand().put_foreign_volume("us-east-1a", &tags).unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(sandbox.inventory(&cluster(), kedge_cloud::Scope::Everything).await.unwrap().resources.len(), 8);
}

#[test]
fn files_that_are_no_account_are_named() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("account.json");
    for (text, expected) in [
        ("{", "account.json is not a readable sandbox account: "),
        ("{}", "it has no formatVersion"),
        (r#"{"formatVersion": 1}"#, "missing field"),
        (r#"{"formatVersion": 99, "new": true}"#, "account.json has format version 99, this program reads up to 1"),
    ] {
        fs_err::write(&path, text).unwrap();
        let error = Sandbox::open(&options(dir.path())).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        // Refusing is not resetting.
        assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn speeds_are_numbers() {
    let dir = tempdir().unwrap();
    for speed in [-1.0, f64::NAN, f64::INFINITY] {
        let error = Sandbox::open(&SandboxOptions { speed, ..options(dir.path()) }).unwrap_err();
        assert!(matches!(error, SandboxError::Speed { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_takes_as_long_as_the_speed_says() {
    let dir = tempdir().unwrap();
    let sandbox = Sandbox::open(&SandboxOptions { speed: 60.0, ..options(dir.path()) }).unwrap();
    let mut world = world();
    let vpc = kedge_resource::Kind::Vpc;
    world.resources.retain(|it| it.key.kind == vpc);
    let start = tokio::time::Instant::now();
    apply(&sandbox, &world).await.unwrap();
    let real = start.elapsed();
    assert!(!real.is_zero());
    // The paused clock moves by waiting alone.
    assert!(sandbox.simulated() >= real * 60 && sandbox.simulated() <= real * 60 + std::time::Duration::from_secs(10));
}
