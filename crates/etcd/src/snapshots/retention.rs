//! Which snapshots are kept.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Listed;

/// For how many days snapshots are kept where the manifest says nothing, as with kops.
pub const RETENTION_DAYS: u32 = 90;
/// All of this time are kept.
const ALL: SignedDuration = SignedDuration::from_hours(24);
/// One for each hour of this time.
const HOURLY: SignedDuration = SignedDuration::from_hours(24 * 7);
/// What is not finished after this time never will be.
const ABANDONED: SignedDuration = SignedDuration::from_hours(6);

/// The names of the snapshots that are kept: all of the last day, the first of each hour of the last week, the first of each
/// day for `days` days, and the newest one whatever its age.
#[must_use]
pub fn kept(listed: &[Listed], now: Timestamp, days: u32) -> BTreeSet<String> {
    let mut sorted: Vec<&Listed> = listed.iter().collect();
    sorted.sort();
    let newest = sorted.iter().rev().find(|listed| listed.whole).map(|listed| listed.name.clone());
    let (mut hours, mut dates) = (BTreeSet::new(), BTreeSet::new());
    let limit = SignedDuration::from_hours(24 * i64::from(days));
    let mut kept: BTreeSet<String> = newest.into_iter().collect();
    for listed in sorted {
        let age = now.duration_since(listed.taken);
        let wanted = if !listed.whole {
            age < ABANDONED
        } else {
            let first_of_hour = hours.insert(listed.taken.as_second().div_euclid(3600));
            let first_of_day = dates.insert(listed.taken.as_second().div_euclid(86_400));
            age < limit.max(SignedDuration::from_hours(1))
                && (age < ALL || (age < HOURLY && first_of_hour) || first_of_day)
        };
        if wanted {
            kept.insert(listed.name.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn ago(minutes: i64) -> Listed {
        let taken = Timestamp::from_second(NOW - minutes * 60).unwrap();
        Listed { taken, name: taken.to_string(), whole: true }
    }

    #[test]
    fn a_year_of_snapshots_thins_out() {
        let listed: Vec<Listed> = (0..365 * 96).map(|quarter| ago(quarter * 15)).collect();
        let kept = kept(&listed, now(), 90);
        let younger = |hours: i64| {
            kept.iter()
                .filter(|name| now().duration_since(name.parse().unwrap()) < SignedDuration::from_hours(hours))
                .count()
        };
        assert_eq!(younger(24), 96);
        assert_eq!(younger(24 * 7), 96 + 6 * 24);
        assert_eq!(kept.len(), 96 + 6 * 24 + 83);
    }

    #[test]
    fn the_newest_stays_whatever_its_age() {
        assert_eq!(kept(&[ago(60 * 24 * 400), ago(60 * 24 * 500)], now(), 90).len(), 1);
        assert_eq!(kept(&[ago(60 * 24 * 400)], now(), 0).len(), 1);
    }

    #[test]
    fn what_was_not_finished_goes_after_some_hours() {
        let unfinished = |minutes| Listed { whole: false, ..ago(minutes) };
        let listed = [unfinished(10), unfinished(1000), ago(2000)];
        let kept = kept(&listed, now(), 90);
        assert_eq!(kept, [listed[0].name.clone(), listed[2].name.clone()].into());
    }

    proptest! {
        #[test]
        fn thinning_out_again_finds_nothing(minutes in prop::collection::btree_set(0_i64..200_000, 0..200), days in 0_u32..120) {
            let listed: Vec<Listed> = minutes.into_iter().map(ago).collect();
            let once = kept(&listed, now(), days);
            let left: Vec<Listed> = listed.iter().filter(|listed| once.contains(&listed.name)).cloned().collect();
            prop_assert_eq!(&kept(&left, now(), days), &once);
            prop_assert_eq!(once.is_empty(), listed.is_empty());
        }
    }
}
