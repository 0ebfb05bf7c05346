//! A store in a directory: atomic renames, a lock file for conditional writes, another for presence.

use std::fs::TryLockError;
use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;

use crate::error::StoreError;
use crate::manifests::digest_of;
use crate::objects::{Condition, Listed, MAX_OBJECT_BYTES, Object, Objects, Presence, Put, Version};

/// For how long another process may be writing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look whether it still is.
const LOOK: Duration = Duration::from_millis(2);

/// Objects as files. Writers take turns by a lock on `.lock` at the top, so that a condition still holds when the new file
/// is moved into place; readers need no lock, because a file is replaced in one step.
#[derive(Clone, Debug)]
pub struct Directory {
    root: Utf8PathBuf,
}

impl Directory {
    /// The directory; it is made when something is written.
    #[must_use]
    pub fn new(root: &Utf8Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn path(&self, key: &str) -> Utf8PathBuf {
        self.root.join(key)
    }

    /// Waits until no other process writes.
    async fn lock(&self) -> Result<File, StoreError> {
        make(&self.root)?;
        let path = self.root.join(".lock");
        let file = lock_file(&path)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.file().try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(source)) => return Err(failed("lock", &path, source)),
                Err(TryLockError::WouldBlock) if waited >= PATIENCE => {
                    let why = format!("another process has it locked for {} s", PATIENCE.as_secs());
                    return Err(failed("lock", &path, io::Error::new(io::ErrorKind::TimedOut, why)));
                }
                Err(TryLockError::WouldBlock) => {
                    tokio::time::sleep(LOOK).await;
                    waited += LOOK;
                }
            }
        }
    }

    fn write(&self, path: &Utf8Path, bytes: &[u8]) -> Result<(), StoreError> {
        let folder = path.parent().unwrap_or(&self.root);
        make(folder)?;
        // One name for all: only who holds the lock writes, and nothing piles up when writers are killed.
        let temporary = self.root.join(".new");
        let done = (|| {
            let mut file = create_private(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs_err::rename(&temporary, path)?;
            // The rename is on disk when the folder is; not every system can open a folder to say so.
            if let Ok(folder) = File::open(folder) {
                let _unsupported = folder.sync_all();
            }
            Ok(())
        })();
        done.map_err(|source| failed("write", path, source))
    }
}

#[async_trait]
impl Objects for Directory {
    fn place(&self) -> String {
        format!("file://{}", self.root)
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let path = self.path(key);
        Ok(read(&path)?.map(|bytes| Object { version: version(&bytes), bytes, age: None }))
    }

    /// The file system stamps files by its own clock, which may be that of another machine: a new file tells what it is.
    async fn age(&self, key: &str) -> Result<Duration, StoreError> {
        let path = self.path(key);
        let probe = self.root.join(format!(".now-{}", std::process::id()));
        let stamped = |path: &Utf8Path| fs_err::metadata(path)?.modified();
        let ages = fs_err::write(&probe, b"").and_then(|()| Ok((stamped(&probe)?, stamped(&path)?)));
        let _best_effort = fs_err::remove_file(&probe);
        let (now, then) = ages.map_err(|source| failed("find out the age of", &path, source))?;
        Ok(now.duration_since(then).unwrap_or_default())
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        let path = self.path(key);
        let _turn = self.lock().await?;
        let holds = match condition {
            Condition::Any => true,
            Condition::Absent => read(&path)?.is_none(),
            Condition::Is(wanted) => read(&path)?.is_some_and(|bytes| version(&bytes) == *wanted),
        };
        if !holds {
            return Ok(Put::Refused);
        }
        self.write(&path, bytes)?;
        Ok(Put::Done(version(bytes)))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key);
        let _turn = self.lock().await?;
        match fs_err::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path, error)),
            _ => Ok(()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.list_sizes(prefix).await?.into_iter().map(|listed| listed.key).collect())
    }

    async fn list_sizes(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        // Folders are named by whole parts of keys; what follows the last slash is compared.
        let top = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut folders = vec![self.path(top)];
        while let Some(folder) = folders.pop() {
            let entries = match folder.read_dir_utf8() {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("read", &folder, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|source| failed("read", &folder, source))?;
                // Names with a dot in front are this implementation's own.
                if entry.file_name().starts_with('.') {
                    continue;
                }
                let kind = entry.file_type().map_err(|source| failed("read", entry.path(), source))?;
                if kind.is_dir() {
                    folders.push(entry.into_path());
                } else if let Ok(key) = entry.path().strip_prefix(&self.root)
                    && key.as_str().starts_with(prefix)
                {
                    // One that was removed meanwhile is in the list or not.
                    let Ok(metadata) = fs_err::metadata(entry.path()) else { continue };
                    found.push(Listed { key: key.as_str().to_owned(), size: metadata.len(), md5: None });
                }
            }
        }
        found.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(found)
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(open_to_others(&self.root)
            .map(|mode| {
                format!(
                    "the state store {} can be read by other users of this machine (mode {mode:o}): `chmod 700 {}` keeps \
                     it private",
                    self.place(),
                    self.root
                )
            })
            .into_iter()
            .collect())
    }

    async fn presence(&self, key: &str) -> Result<Presence, StoreError> {
        let path = self.path(key);
        make(path.parent().unwrap_or(&self.root))?;
        let file = lock_file(&path)?;
        Ok(match file.file().try_lock() {
            Ok(()) => Presence::Ours(Box::new(file)),
            Err(TryLockError::WouldBlock) => Presence::Other,
            // A file system without locks: the lease's time has to do.
            Err(TryLockError::Error(_)) => Presence::Unknown,
        })
    }
}

/// A file that is only there to be locked.
fn lock_file(path: &Utf8Path) -> Result<File, StoreError> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    file.map_err(|source| failed("open", path, source))
}

fn failed(doing: &'static str, path: &Utf8Path, source: io::Error) -> StoreError {
    // fs_err puts the path into its message a second time
    let source = match source.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => source,
    };
    StoreError::Io { doing, path: path.to_owned(), source }
}

fn version(bytes: &[u8]) -> Version {
    Version::new(digest_of(bytes))
}

fn read(path: &Utf8Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_OBJECT_BYTES).read_to_end(&mut bytes).map_err(|source| failed("read", path, source))?;
    Ok(Some(bytes))
}

fn make(folder: &Utf8Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    make_private(folder).map_err(|source| failed("make", folder, source))
}

#[cfg(unix)]
fn make_private(folder: &Utf8Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Utf8Path) -> io::Result<()> {
    fs_err::create_dir_all(folder)
}

#[cfg(unix)]
fn create_private(path: &Utf8Path) -> io::Result<File> {
    use fs_err::os::unix::fs::OpenOptionsExt as _;
    File::options().create(true).truncate(true).write(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Utf8Path) -> io::Result<File> {
    File::create(path)
}

#[cfg(unix)]
fn open_to_others(root: &Utf8Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs_err::metadata(root).ok()?.permissions().mode() & 0o777;
    (mode & 0o007 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_root: &Utf8Path) -> Option<u32> {
    None
}
