//! The account file: read, written in one piece, and shared between processes.

use std::fs::TryLockError;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;

use crate::account::{Account, FORMAT_VERSION};
use crate::error::SandboxError;

/// For how long another process may keep the account.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look whether it still does.
const LOOK: Duration = Duration::from_millis(2);

/// The directory of an account.
#[derive(Debug)]
pub(crate) struct AccountFile {
    dir: Utf8PathBuf,
    /// What the file was like when it was last read or written.
    seen: Option<Stamp>,
}

/// Tells versions of a file apart: each is a new file that was moved into place.
type Stamp = (u64, u64, Option<std::time::SystemTime>);

/// Keeps the account for this process while it is alive.
#[derive(Debug)]
pub(crate) struct Guard {
    _file: File,
}

impl AccountFile {
    pub(crate) fn new(dir: &Utf8Path) -> Result<Self, SandboxError> {
        fs_err::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned(), seen: None })
    }

    /// Where the account is.
    pub(crate) fn path(&self) -> Utf8PathBuf {
        Self::path_in(&self.dir)
    }

    /// Where the account of a directory is.
    pub(crate) fn path_in(directory: &Utf8Path) -> Utf8PathBuf {
        directory.join("account.json")
    }

    /// Keeps the account for the time of one call.
    pub(crate) fn lock(&self) -> Result<Guard, SandboxError> {
        let path = self.dir.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.file().try_lock() {
                Ok(()) => return Ok(Guard { _file: file }),
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) if waited >= PATIENCE => {
                    return Err(SandboxError::Locked { path, seconds: PATIENCE.as_secs() });
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(LOOK);
                    waited += LOOK;
                }
            }
        }
    }

    /// The account, if the file is another one than the one seen last. `None` also if there is no file yet.
    pub(crate) fn read_if_changed(&mut self) -> Result<Option<Account>, SandboxError> {
        let path = self.path();
        let stamp = match fs_err::metadata(&path) {
            Ok(metadata) => stamp(&metadata),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if self.seen == Some(stamp) {
            return Ok(None);
        }
        let account = parse(&path, &fs_err::read(&path)?)?;
        self.seen = Some(stamp);
        Ok(Some(account))
    }

    /// Writes the account: whoever dies meanwhile leaves the old one or the new one.
    pub(crate) fn write(&mut self, account: &Account) -> Result<(), SandboxError> {
        let path = self.path();
        let bytes = serde_json::to_vec(account)
            .map_err(|error| SandboxError::Corrupt { path: path.clone(), why: error.to_string() })?;
        // One name for all: only who holds the lock writes, and nothing piles up when writers are killed.
        let temporary = self.dir.join("account.json.tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        drop(file);
        fs_err::rename(&temporary, &path)?;
        // The rename is on disk when the directory is; not every system can open a directory to say so.
        if let Ok(dir) = File::open(&self.dir) {
            let _unsupported = dir.sync_all();
        }
        self.seen = Some(stamp(&fs_err::metadata(&path)?));
        Ok(())
    }
}

#[cfg(unix)]
fn stamp(metadata: &std::fs::Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ino(), metadata.len(), metadata.modified().ok())
}

#[cfg(not(unix))]
fn stamp(metadata: &std::fs::Metadata) -> Stamp {
    (0, metadata.len(), metadata.modified().ok())
}

fn parse(path: &Utf8Path, bytes: &[u8]) -> Result<Account, SandboxError> {
    let corrupt = |error: serde_json::Error| SandboxError::Corrupt { path: path.to_owned(), why: error.to_string() };
    // The version first: a file of a later version need not look like one of this version in anything else.
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(corrupt)?;
    match value.get("formatVersion").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(FORMAT_VERSION) => {
            Err(SandboxError::Newer { path: path.to_owned(), found, known: FORMAT_VERSION })
        }
        Some(_) => serde_json::from_value(value).map_err(corrupt),
        None => Err(SandboxError::Corrupt { path: path.to_owned(), why: "it has no formatVersion".to_owned() }),
    }
}
