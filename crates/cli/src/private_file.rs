//! Files that only their owner can read, and the lock that kubectl takes on those it shares with others.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};

/// Most links that are followed from one name, as Linux has it.
const MOST_LINKS: usize = 40;

/// What a file holds; nothing where there is none.
pub(crate) fn read(path: &Utf8Path) -> io::Result<String> {
    match fs_err::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Writes a file that nobody else can read, whole or not at all. A link stays one, even if there is nothing where it leads.
pub(crate) fn write(path: &Utf8Path, text: &str) -> io::Result<()> {
    let path = follow(path)?;
    make_folder(&path)?;
    let new = Utf8PathBuf::from(format!("{path}.{}.new", std::process::id()));
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create_new(true).options_mut().mode(0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let written = written.and_then(|()| fs_err::rename(&new, &path));
    if written.is_err() {
        let _nothing_is_left = fs_err::remove_file(&new);
    }
    written
}

/// Where the links lead that begin at a name.
fn follow(path: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !path.is_symlink() {
            return Ok(path);
        }
        let target = path.read_link_utf8()?;
        // A target without a slash in front is meant from the folder of the link.
        path = path.parent().unwrap_or(Utf8Path::new("")).join(target);
    }
    Err(io::Error::other(format!("{path} is one of more than {MOST_LINKS} links that lead to one another")))
}

fn make_folder(path: &Utf8Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_str().is_empty()) {
        Some(folder) => fs_err::create_dir_all(folder),
        None => Ok(()),
    }
}

/// A file that says that another one is being changed, as kubectl makes it: whoever finds it there keeps away.
#[derive(Debug)]
pub(crate) struct Lock(Utf8PathBuf);

impl Lock {
    /// Takes it; none if another process has it.
    pub(crate) fn take(path: &Utf8Path) -> io::Result<Option<Self>> {
        make_folder(path)?;
        let lock = lock_of(path);
        // Not that of where a link leads: kubectl adds the ending to the name that it is given.
        match fs_err::OpenOptions::new().write(true).create_new(true).open(&lock) {
            Ok(_) => Ok(Some(Self(lock))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _nobody_can_be_told = fs_err::remove_file(&self.0);
    }
}

/// Name of the lock of a file.
pub(crate) fn lock_of(path: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}.lock"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_private_and_a_link_to_it_stays_one() {
        let folder = camino_tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("deep/file"), folder.path().join("link"));
        assert_eq!(read(&file).unwrap(), "");
        write(&file, "one").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, "two").unwrap();
        assert_eq!(read(&file).unwrap(), "two");
        assert!(link.is_symlink());
        assert_eq!(fs_err::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().join("deep").read_dir_utf8().unwrap().count(), 1);
    }

    #[test]
    fn a_link_that_leads_nowhere_yet_stays_one() {
        let folder = camino_tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("links/second"));
        fs_err::create_dir(folder.path().join("links")).unwrap();
        symlink("links/second", &first).unwrap();
        symlink("../deep/file", &second).unwrap();
        assert_eq!(read(&first).unwrap(), "");
        write(&first, "text").unwrap();
        assert!(first.is_symlink() && second.is_symlink());
        assert_eq!(read(&folder.path().join("deep/file")).unwrap(), "text");

        let round = folder.path().join("round");
        symlink("round", &round).unwrap();
        assert!(write(&round, "text").unwrap_err().to_string().contains("links"));
        assert!(round.is_symlink());
    }

    #[test]
    fn of_two_one_has_the_lock() {
        let folder = camino_tempfile::tempdir().unwrap();
        let file = folder.path().join(".kube/config");
        let lock = Lock::take(&file).unwrap().unwrap();
        assert!(folder.path().join(".kube/config.lock").exists());
        assert!(Lock::take(&file).unwrap().is_none());
        drop(lock);
        assert!(!lock_of(&file).exists());
        assert!(Lock::take(&file).unwrap().is_some());
    }
}
