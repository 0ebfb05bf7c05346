//! Brings a snapshot from the state store into a file.

use std::io::Write as _;

use camino::Utf8Path;

use super::Meta;
use super::part::{Cutter, digest};
use crate::backups::Backups;
use crate::error::EtcdError;

impl Backups {
    /// Writes a snapshot to `file`. Every part is checked, then the whole, by kedge's digest and by etcd's own.
    ///
    /// # Errors
    /// It is not there, not whole or not what it was, or the file cannot be written.
    pub async fn fetch(&self, name: &str, file: &Utf8Path) -> Result<Meta, EtcdError> {
        let wrong = |why: String| EtcdError::Snapshot { name: name.to_owned(), why };
        let meta = self.meta(name).await?.ok_or_else(|| wrong("there is none of that name".to_owned()))?;
        let write = |error| EtcdError::io("write", file)(error);
        let mut out = create_private(file).map_err(write)?;
        let mut cutter = Cutter::new(usize::MAX);
        // The digests are made of each part as it passes; nothing is kept.
        for part in &meta.parts {
            let key = self.key(&format!("{name}/{}", part.name));
            let Some(object) = self.objects().get(&key).await? else {
                return Err(wrong(format!("{key} is missing")));
            };
            let found = digest(&object.bytes);
            if found != part.sha256 {
                return Err(wrong(format!("{key} has the digest {found}, and {} is recorded", part.sha256)));
            }
            cutter.pass(&object.bytes);
            out.write_all(&object.bytes).map_err(write)?;
        }
        out.sync_all().map_err(write)?;
        let whole = cutter.finish().map_err(wrong)?;
        if (whole.size, &whole.sha256) != (meta.size, &meta.sha256) {
            return Err(wrong(format!("its digest is {}, and {} is recorded", whole.sha256, meta.sha256)));
        }
        Ok(meta)
    }
}

/// A snapshot holds every secret of the cluster: nobody else may read it.
#[cfg(unix)]
fn create_private(file: &Utf8Path) -> std::io::Result<fs_err::File> {
    use fs_err::os::unix::fs::OpenOptionsExt as _;
    fs_err::File::options().create(true).truncate(true).write(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn create_private(file: &Utf8Path) -> std::io::Result<fs_err::File> {
    fs_err::File::create(file)
}
