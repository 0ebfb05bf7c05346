//! Only one process at a time goes through the steps: user data runs `boot` while the unit waits with `run`, and goes on as
//! soon as `boot` has ended, however it ends.

use std::fs::TryLockError;
use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;
use fs_err::File;

/// How often to look whether it is our turn.
const LOOK: Duration = Duration::from_secs(1);

/// Waits for our turn, which lasts as long as the value.
pub(crate) async fn take(root: &Utf8Path) -> Result<File> {
    let folder = root.join("run/kedge");
    fs_err::create_dir_all(&folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    let mut said = false;
    loop {
        match file.file().try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) => {
                if !said {
                    tracing::info!("another kedge-node goes through the steps: this one goes on when it has ended");
                    said = true;
                }
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
