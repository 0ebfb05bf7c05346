//! What every place that keeps the objects of a store has to do: the same for a directory and for a bucket.

use std::sync::Arc;
use std::time::Duration;

use kedge_store::{Condition, Objects, Put, Version};

pub(crate) async fn suite(objects: Arc<dyn Objects>) {
    conditions(&*objects).await;
    keys(&*objects).await;
    ages(&*objects).await;
    one_of_many(objects).await;
}

async fn put(objects: &dyn Objects, key: &str, text: &str, condition: &Condition) -> Option<Version> {
    match objects.put(key, text.as_bytes(), condition).await.unwrap() {
        Put::Done(version) => Some(version),
        Put::Refused => None,
    }
}

async fn text(objects: &dyn Objects, key: &str) -> Option<String> {
    objects.get(key).await.unwrap().map(|object| String::from_utf8(object.bytes).unwrap())
}

async fn conditions(objects: &dyn Objects) {
    let key = "c.example.com/head.json";
    assert_eq!(text(objects, key).await, None);
    let first = put(objects, key, "1", &Condition::Absent).await.unwrap();
    assert_eq!(put(objects, key, "2", &Condition::Absent).await, None, "it was there");
    assert_eq!(text(objects, key).await.as_deref(), Some("1"));
    assert_eq!(objects.get(key).await.unwrap().unwrap().version, first, "reading tells the version that writing told");

    let second = put(objects, key, "2", &Condition::Is(first.clone())).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(put(objects, key, "3", &Condition::Is(first)).await, None, "it was another version");
    assert_eq!(text(objects, key).await.as_deref(), Some("2"));

    put(objects, key, "4", &Condition::Any).await.unwrap();
    assert_eq!(put(objects, key, "5", &Condition::Is(second.clone())).await, None);
    objects.delete(key).await.unwrap();
    objects.delete(key).await.unwrap();
    assert_eq!(text(objects, key).await, None);
    assert_eq!(put(objects, key, "6", &Condition::Is(second)).await, None, "it was gone");
    put(objects, key, "", &Condition::Absent).await.unwrap();
    assert_eq!(text(objects, key).await.as_deref(), Some(""), "an empty object is one");
    objects.delete(key).await.unwrap();
}

async fn keys(objects: &dyn Objects) {
    for key in ["a/b/c", "a/b", "a/bc/d", "z"] {
        // a file cannot be a folder too
        if key == "a/b" {
            continue;
        }
        put(objects, key, key, &Condition::Absent).await.unwrap();
    }
    for number in 0..30 {
        put(objects, &format!("many/{number:02}"), "", &Condition::Any).await.unwrap();
    }
    assert_eq!(objects.list("a/").await.unwrap(), ["a/b/c", "a/bc/d"]);
    assert_eq!(objects.list("a/b").await.unwrap(), ["a/b/c", "a/bc/d"]);
    assert_eq!(objects.list("a/b/").await.unwrap(), ["a/b/c"]);
    assert_eq!(objects.list("none/").await.unwrap(), Vec::<String>::new());
    let many = objects.list("many/").await.unwrap();
    assert_eq!((many.len(), many.is_sorted()), (30, true));
}

async fn ages(objects: &dyn Objects) {
    put(objects, "age", "1", &Condition::Any).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let object = objects.get("age").await.unwrap().unwrap();
    let age = match object.age {
        Some(age) => age,
        None => objects.age("age").await.unwrap(),
    };
    assert!((1..60).contains(&age.as_secs()), "{age:?} after two seconds");
}

async fn one_of_many(objects: Arc<dyn Objects>) {
    for round in 0..5 {
        let key = "race";
        let condition = match objects.get(key).await.unwrap() {
            Some(object) => Condition::Is(object.version),
            None => Condition::Absent,
        };
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (objects, condition) = (Arc::clone(&objects), condition.clone());
                let text = format!("{round} {writer}");
                tokio::spawn(async move { (put(&*objects, key, &text, &condition).await.is_some(), text) })
            })
            .collect();
        let mut won = Vec::new();
        for writer in writers {
            let (done, text) = writer.await.unwrap();
            if done {
                won.push(text);
            }
        }
        assert_eq!(won.len(), 1, "round {round}: {won:?}");
        assert_eq!(text(&*objects, key).await, won.pop());
    }
}
