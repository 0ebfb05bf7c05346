//! Changes of keys and secrets.

use std::time::Duration;

use super::{Place, request, time};
use crate::StoreError;

#[tokio::test]
async fn changes_are_told_newest_first_and_those_that_are_damaged_are_named() {
    let place = Place::new();
    let who = || request(None).who;
    assert!(place.store.journal().await.unwrap().is_empty());
    for (number, what) in ["one", "two", "three"].into_iter().enumerate() {
        let at = time() + Duration::from_secs(60 * u64::try_from(number).unwrap());
        place.store.note(at, 7, who(), "kedge rotate".to_owned(), what.to_owned()).await.unwrap();
    }
    let ids = place.store.journal().await.unwrap();
    assert_eq!(
        ids,
        ["20270115T080200.000Z-00000007", "20270115T080100.000Z-00000007", "20270115T080000.000Z-00000007"]
    );
    let entry = place.store.journal_entry(&ids[0]).await.unwrap();
    assert_eq!((entry.what.as_str(), entry.who, entry.at), ("three", who(), time() + Duration::from_secs(120)));
    // No history that needs a head: a key can be made before the first apply.
    assert!(place.store.snapshot().await.unwrap().head.is_none());
    assert_eq!(place.store.check().await.unwrap().faults, [""; 0]);

    let folder = place.dir.path().join("c.example.com/journal");
    let (first, second) = (folder.join(format!("{}.json", ids[0])), folder.join(format!("{}.json", ids[1])));
    fs_err::copy(&first, &second).unwrap();
    let error = place.store.journal_entry(&ids[1]).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    fs_err::write(&first, "{").unwrap();
    let faults = place.store.check().await.unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
}
