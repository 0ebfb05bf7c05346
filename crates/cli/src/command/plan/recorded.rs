//! Plans from a snapshot of an account instead of the account.

use camino::Utf8PathBuf;
use clap::Args;
use jiff::SignedDuration;
use kedge_ops::snapshot::{AccountSnapshot, SnapshotError};

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
    /// Reads the snapshot, if one is named, and refuses one that is too old or of another account.
    pub(super) fn read(&self) -> Result<Option<AccountSnapshot>, CliError> {
        let Some(path) = &self.snapshot else { return Ok(None) };
        let snapshot = AccountSnapshot::read(path)?;
        if let Some(wanted) = self.account.as_ref().filter(|wanted| **wanted != snapshot.account_id) {
            let (wanted, found) = (format!("account {wanted}"), format!("account {}", snapshot.account_id));
            return Err(SnapshotError::Elsewhere { wanted, found }.into());
        }
        if let Some(limit) = self.max_age {
            snapshot.fresh(state::now(), limit)?;
        }
        Ok(Some(snapshot))
    }
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
