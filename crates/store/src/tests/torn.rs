//! Objects that are not what was written.

use super::{Place, request};
use crate::{Lease, LeaseOptions, StoreError};

async fn filled() -> Place {
    let place = Place::new();
    let base = place.store.snapshot().await.unwrap();
    place.store.accept(&base, request(Some("a: 1\n"))).await.unwrap();
    place
}

#[tokio::test]
async fn a_head_that_is_gone_is_not_a_new_store() {
    let place = filled().await;
    fs_err::remove_file(place.dir.path().join("c.example.com/head.json")).unwrap();
    let error = place.store.snapshot().await.unwrap_err();
    assert!(matches!(&error, StoreError::Torn { key, .. } if key == "c.example.com/head.json"), "{error}");
    assert!(error.hint().unwrap().contains("kedge store repair"));
}

#[tokio::test]
async fn every_damage_of_the_head_names_its_key() {
    let place = filled().await;
    let path = place.dir.path().join("c.example.com/head.json");
    let good = fs_err::read_to_string(&path).unwrap();
    for (bad, why) in [
        (String::new(), "empty"),
        ("{".to_owned(), "EOF"),
        (good.chars().take(good.len() / 2).collect(), "EOF"),
        ("[]".to_owned(), "no formatVersion"),
        (good.replace("\"formatVersion\": 1", "\"formatVersion\": 9"), "format version 9"),
        (
            good.replace("\"cluster\": \"c.example.com\"", "\"cluster\": \"d.example.com\""),
            "of the cluster d.example.com",
        ),
        (good.replace("\"serial\"", "\"serials\""), "missing field `serial`"),
    ] {
        fs_err::write(&path, &bad).unwrap();
        let error = place.store.snapshot().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("c.example.com/head.json") && text.contains(why), "{why}: {text}");
        assert!(error.hint().is_some(), "{text}");
        assert_eq!(fs_err::read_to_string(&path).unwrap(), bad, "it was written to");
    }
}

#[tokio::test]
async fn manifests_are_checked_against_their_digest() {
    let place = filled().await;
    let path = place.dir.path().join("c.example.com/manifests/000001.yaml");
    let good = fs_err::read_to_string(&path).unwrap();
    for bad in ["", "a: 1\n", &good.replace("a: 1", "a: 2"), &good.replace("manifests 1", "manifests 2"), &good[..20]] {
        fs_err::write(&path, bad).unwrap();
        let error = place.store.manifests(1).await.unwrap_err();
        assert!(error.to_string().contains("000001.yaml"), "{error}");
    }
}

#[tokio::test]
async fn a_number_that_is_taken_is_not_written_over() {
    let place = filled().await;
    fs_err::write(place.dir.path().join("c.example.com/manifests/000002.yaml"), "other").unwrap();
    let base = place.store.snapshot().await.unwrap();
    let error = Lease::take(&place.store, &base, request(Some("a: 2\n")), LeaseOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("000002.yaml"), "{error}");
    let kept = fs_err::read_to_string(place.dir.path().join("c.example.com/manifests/000002.yaml")).unwrap();
    assert_eq!(kept, "other");
}
