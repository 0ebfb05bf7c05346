//! Plans from a snapshot of an account instead of the account.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use jiff::SignedDuration;
use kedge_ops::plan::PlanOptions;
use kedge_ops::snapshot::{AccountSnapshot, SnapshotError};
use kedge_ops::{Proposal, Specification};
use kedge_resource::ResourceKey;

use crate::error::CliError;
use crate::state;

/// Which snapshot is taken instead of the account.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SnapshotArgs {
    /// Plan from this file, which `kedge snapshot` wrote, instead of asking the account: no credentials are needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["facts", "out"])]
    snapshot: Option<Utf8PathBuf>,

    /// Refuse a snapshot that is older: a number with s, m, h or d behind it, such as 24h
    #[arg(long, value_name = "DURATION", requires = "snapshot", value_parser = duration)]
    max_age: Option<SignedDuration>,

    /// Refuse a snapshot of another account than this one
    #[arg(long, value_name = "ID", requires = "snapshot")]
    account: Option<String>,
}

impl SnapshotArgs {
    /// Whether a snapshot is to be planned from.
    pub(super) fn is_wanted(&self) -> bool {
        self.snapshot.is_some()
    }
}

/// The plan.
pub(super) fn plan(
    args: &SnapshotArgs,
    specification: &Specification,
    allow_destroy: BTreeSet<ResourceKey>,
) -> Result<Proposal, CliError> {
    let snapshot = AccountSnapshot::read(args.snapshot.as_deref().unwrap_or(Utf8Path::new("")))?;
    if let Some(wanted) = args.account.as_ref().filter(|wanted| **wanted != snapshot.account_id) {
        let (wanted, found) = (format!("account {wanted}"), format!("account {}", snapshot.account_id));
        return Err(SnapshotError::Elsewhere { wanted, found }.into());
    }
    if let Some(limit) = args.max_age {
        snapshot.fresh(state::now(), limit)?;
    }
    Ok(snapshot.plan(specification, PlanOptions { facts: None, allow_destroy })?)
}

/// A duration of the command line.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "it is no duration such as 90s, 30m, 24h or 7d".to_owned();
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))
        .ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(seconds).filter(|seconds| *seconds >= 0).ok_or_else(wrong)?;
    Ok(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        let seconds = |text| duration(text).map(|it| it.as_secs()).ok();
        assert_eq!(
            [seconds("90s"), seconds("30m"), seconds("24h"), seconds("7d")],
            [Some(90), Some(1800), Some(86_400), Some(604_800)]
        );
        assert_eq!(
            [seconds("90"), seconds("-1h"), seconds("h"), seconds(""), seconds("99999999999999999d")],
            [None; 5]
        );
    }
}
