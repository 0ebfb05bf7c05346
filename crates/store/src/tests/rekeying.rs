//! Replacing the keys of secrets while others write: every order in which their requests can reach the store.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use kedge_pki::{ItemId, Purpose, SecretText};
use kedge_resource::ClusterName;

use crate::keyring::Wrapped;
use crate::{ClusterStore, Condition, Object, Objects, OuterKey, Put, Secret, StoreError, Version};

/// Objects in memory. Every request waits once before it is done, so that who polls decides in which order they are.
#[derive(Debug, Default)]
struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How many writes there were: the last one is a version.
    writes: u64,
    objects: BTreeMap<String, (u64, Vec<u8>)>,
}

async fn turn() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[async_trait]
impl Objects for Memory {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        turn().await;
        let found = self.0.lock().unwrap().objects.get(key).cloned();
        let object =
            |(version, bytes): (u64, _)| Object { bytes, version: Version::new(version.to_string()), age: None };
        Ok(found.map(object))
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        turn().await;
        let Kept { writes, objects } = &mut *self.0.lock().unwrap();
        let there = objects.get(key).map(|(version, _)| version.to_string());
        let holds = match condition {
            Condition::Any => true,
            Condition::Absent => there.is_none(),
            Condition::Is(version) => there.as_deref() == Some(version.as_str()),
        };
        if !holds {
            return Ok(Put::Refused);
        }
        *writes += 1;
        objects.insert(key.to_owned(), (*writes, bytes.to_vec()));
        Ok(Put::Done(Version::new(writes.to_string())))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        turn().await;
        self.0.lock().unwrap().objects.remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        turn().await;
        Ok(self.0.lock().unwrap().objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// An outer key that costs nothing.
#[derive(Debug)]
struct Outer(&'static str);

const OLD: Outer = Outer("old");
const NEW: Outer = Outer("new");

#[async_trait]
impl OuterKey for Outer {
    async fn wrap(&self, key: &Secret, _context: &str) -> Result<Wrapped, String> {
        Ok(Wrapped::Kms { key: self.0.to_owned(), ciphertext: key.expose().to_vec() })
    }

    async fn unwrap(&self, wrapped: &Wrapped, _context: &str) -> Result<Secret, String> {
        match wrapped {
            Wrapped::Kms { key, ciphertext } if key == self.0 => Ok(Secret::new(ciphertext.clone())),
            _ => Err("another key".to_owned()),
        }
    }
}

/// A store with the secret `a`, which says `before`.
fn filled() -> ClusterStore {
    let store = ClusterStore::new(Arc::<Memory>::default(), ClusterName::parse("c.example.com").unwrap());
    done(store.put_secret(&OLD, "a", &secret("before"))).unwrap();
    store
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn id() -> ItemId {
    "7".parse().unwrap()
}

/// What comes of something when nobody else does anything.
fn done<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    loop {
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
    }
}

/// What says `a`, for the one who has the new key.
fn read(store: &ClusterStore) -> String {
    let read = done(store.secret(&NEW, "a")).unwrap();
    String::from_utf8(read.expose().to_vec()).unwrap()
}

type Task = Pin<Box<dyn Future<Output = Result<(), StoreError>>>>;

/// Runs two tasks in every order in which their requests can be done, each time in a store of its own, and looks at what comes
/// of it. The first one is given up after `lives` requests, as if its process had died. Says how many orders there are.
fn every_order(
    lives: usize,
    tasks: impl Fn(&ClusterStore) -> [Task; 2],
    look: impl Fn(&ClusterStore, [Option<Result<(), StoreError>>; 2]),
) -> usize {
    let mut orders = 0;
    // Who came at each turn at which both could have come.
    let mut choices: Vec<usize> = Vec::new();
    loop {
        let store = filled();
        let mut running = tasks(&store).map(Some);
        let (mut ended, mut made, mut turns) = ([None, None], 0, 0);
        loop {
            let who = match &running {
                [None, None] => break,
                [Some(_), None] => 0,
                [None, Some(_)] => 1,
                [Some(_), Some(_)] => {
                    if choices.len() == made {
                        choices.push(0);
                    }
                    made += 1;
                    choices[made - 1]
                }
            };
            let polled = running[who].as_mut().unwrap().as_mut().poll(&mut Context::from_waker(Waker::noop()));
            turns += usize::from(who == 0);
            if let Poll::Ready(output) = polled {
                ended[who] = Some(output);
                running[who] = None;
            } else if who == 0 && turns > lives {
                running[0] = None;
            }
        }
        look(&store, ended);
        orders += 1;
        while choices.last() == Some(&1) {
            choices.pop();
        }
        match choices.last_mut() {
            Some(last) => *last = 1,
            None => return orders,
        }
    }
}

/// More requests than anybody makes.
const LONG: usize = 100;

fn rekey(store: &ClusterStore) -> Task {
    let store = store.clone();
    Box::pin(async move { store.rekey(&OLD, &NEW).await.map(|_| ()) })
}

#[test]
fn a_secret_that_is_set_meanwhile_is_kept() {
    // with the key that is replaced, and with the one that replaces it, which only opens the ring once it is in there
    for (outer, lives) in [(&OLD, LONG), (&NEW, LONG), (&OLD, 0), (&OLD, 1), (&OLD, 2)] {
        let tasks = |store: &ClusterStore| {
            let writer = store.clone();
            let write: Task = Box::pin(async move { writer.put_secret(outer, "a", &secret("after")).await });
            [write, rekey(store)]
        };
        let orders = every_order(lives, tasks, |store, [wrote, rekeyed]| {
            rekeyed.unwrap().unwrap();
            let kept = read(store);
            match wrote {
                Some(Ok(())) => assert_eq!(kept, "after"),
                Some(Err(StoreError::Rekeyed { .. } | StoreError::Sealed { .. })) | None => {}
                Some(Err(error)) => panic!("{error}"),
            }
            // the next replacement takes along what came too late for this one, and only then is the old key gone
            for _ in 0..2 {
                assert_eq!(done(store.rekey(&NEW, &NEW)).unwrap(), 1);
                assert_eq!(read(store), kept);
            }
        });
        assert!(orders > lives, "{orders}");
    }
}

#[test]
fn a_writer_who_opened_the_ring_long_ago_is_told() {
    let tasks = |store: &ClusterStore| {
        let (writer, other) = (store.clone(), store.clone());
        let write: Task = Box::pin(async move { writer.put_secret(&OLD, "a", &secret("after")).await });
        let twice: Task = Box::pin(async move {
            other.rekey(&OLD, &NEW).await?;
            other.rekey(&NEW, &NEW).await.map(|_| ())
        });
        [write, twice]
    };
    every_order(LONG, tasks, |store, [wrote, rekeyed]| {
        rekeyed.unwrap().unwrap();
        if wrote.unwrap().is_ok() {
            assert_eq!(read(store), "after");
        }
    });
}

#[test]
fn a_private_key_that_is_written_meanwhile_opens() {
    let tasks = |store: &ClusterStore| {
        let writer = store.clone();
        let write: Task = Box::pin(async move {
            let vault = writer.vault_for_writing(&OLD).await?;
            let key = SecretText::new("PEM".to_owned());
            writer.put_private_key(&vault, Purpose::EtcdCa, id(), &key).await
        });
        [write, rekey(store)]
    };
    every_order(LONG, tasks, |store, [wrote, rekeyed]| {
        rekeyed.unwrap().unwrap();
        let vault = done(store.vault(&NEW)).unwrap();
        let back = done(store.private_key(&vault, Purpose::EtcdCa, id()));
        match wrote.unwrap() {
            Ok(()) => assert_eq!(back.unwrap().expose(), "PEM"),
            // it is told so, or it could not even open the ring
            Err(StoreError::Rekeyed { .. }) => assert_eq!(back.unwrap().expose(), "PEM"),
            Err(error) => assert!(matches!(error, StoreError::Sealed { .. }), "{error}"),
        }
    });
}

#[test]
fn a_secret_that_is_removed_meanwhile_does_not_come_back() {
    let tasks = |store: &ClusterStore| {
        let writer = store.clone();
        let remove: Task = Box::pin(async move { writer.delete_secret("a").await });
        [remove, rekey(store)]
    };
    every_order(LONG, tasks, |store, [removed, rekeyed]| {
        removed.unwrap().unwrap();
        rekeyed.unwrap().unwrap();
        assert_eq!(done(store.secrets()).unwrap(), []);
    });
}

#[test]
fn of_two_who_replace_the_keys_neither_takes_those_of_the_other() {
    // the second time there are keys to take out of the ring
    let tasks = |earlier: usize| {
        move |store: &ClusterStore| {
            for _ in 0..earlier {
                done(rekey(store)).unwrap();
            }
            [rekey(store), rekey(store)]
        }
    };
    for (lives, earlier) in [(LONG, 0), (LONG, 1), (1, 1), (2, 1), (4, 1), (5, 1)] {
        every_order(lives, tasks(earlier), |store, ended| {
            let ok = ended.iter().flatten().filter(|ended| ended.is_ok()).count();
            assert!(ok > 0 || lives != LONG);
            for error in ended.into_iter().flatten().filter_map(Result::err) {
                assert!(matches!(error, StoreError::Rekeyed { .. }), "{error}");
            }
            assert_eq!(read(store), "before");
            assert_eq!(done(store.rekey(&NEW, &NEW)).unwrap(), 1);
            assert_eq!(read(store), "before");
        });
    }
}

#[test]
fn two_keys_stay_in_the_ring() {
    let store = filled();
    for wanted in [vec![1, 2], vec![2, 3], vec![3, 4]] {
        done(rekey(&store)).unwrap();
        let (ring, _) = done(store.keyring()).unwrap().unwrap();
        assert_eq!(ring.keys.iter().map(|key| key.id).collect::<Vec<_>>(), wanted);
        assert_eq!(done(store.secrets()).unwrap()[0].key, wanted[1]);
    }
}
