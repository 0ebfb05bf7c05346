//! The volume of a member, which is its data directory: whose data it holds, read without running etcd.
//!
//! etcd begins each file of its write-ahead log with the ids of the member and of its cluster, so that these are known even
//! where nothing else was written down. The log is made in one step by renaming; without it etcd begins as a new member.

use std::io::{self, Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::EtcdError;
use crate::id::{EtcdClusterId, MemberId};

/// What etcd keeps in its data directory. The directory is the volume itself, as kubeadm's `etcd.local.dataDir` names it, and
/// cannot be renamed; this can.
pub(crate) const MEMBER: &str = "member";
/// How much of a file is read: the ids stand in its first bytes.
const HEAD: u64 = 4096;
/// Types of records in the log.
const METADATA: u64 = 1;

/// What a data directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Nothing that etcd would start from.
    Empty,
    /// The data of a member.
    Member {
        /// Of which cluster.
        cluster: EtcdClusterId,
        /// Which member.
        member: MemberId,
    },
    /// A write-ahead log that cannot be read.
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
}

/// The volume of a member, as it is mounted.
#[derive(Clone, Debug)]
pub struct Volume {
    root: Utf8PathBuf,
}

impl Volume {
    /// Mounted at `root`.
    #[must_use]
    pub fn new(root: &Utf8Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// What the data directory holds.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn look(&self) -> Result<Data, EtcdError> {
        look_at(&self.root)
    }

    /// Writes a small file on the volume in one step.
    pub(crate) fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), EtcdError> {
        let (path, new) = (self.root.join(name), self.root.join(format!(".{name}.new")));
        let write = || {
            let mut file = fs_err::File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs_err::rename(&new, &path)
        };
        write().map_err(EtcdError::io("write", &path))
    }

    /// Reads a small file on the volume; none if it is not there.
    pub(crate) fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, EtcdError> {
        let path = self.root.join(name);
        match fs_err::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EtcdError::io("read", &path)(error)),
        }
    }

    /// Puts the data of the member aside under a name of its own; nothing is deleted. Where it now is, if there was some.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn set_aside(&self, why: &str) -> Result<Option<Utf8PathBuf>, EtcdError> {
        let data = self.root.join(MEMBER);
        if !data.exists() {
            return Ok(None);
        }
        let mut number = 1_u32;
        let aside = loop {
            let aside = self.root.join(format!("{MEMBER}.{number}.{why}"));
            if !aside.exists() {
                break aside;
            }
            number += 1;
        };
        fs_err::rename(&data, &aside).map_err(EtcdError::io("rename", &data))?;
        Ok(Some(aside))
    }

    /// What was put aside.
    ///
    /// # Errors
    /// The volume cannot be read.
    pub fn aside(&self) -> Result<Vec<Utf8PathBuf>, EtcdError> {
        let entries = self.root.read_dir_utf8().map_err(EtcdError::io("read", &self.root))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(EtcdError::io("read", &self.root))?;
            let number = entry.file_name().strip_prefix("member.").and_then(|rest| rest.split('.').next());
            if number.is_some_and(|number| number.parse::<u32>().is_ok()) {
                found.push(entry.into_path());
            }
        }
        found.sort();
        Ok(found)
    }
}

/// What a data directory holds.
pub(crate) fn look_at(data: &Utf8Path) -> Result<Data, EtcdError> {
    let wal = data.join("member/wal");
    let entries = match wal.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Data::Empty),
        Err(error) => return Err(EtcdError::io("read", &wal)(error)),
    };
    let mut newest: Option<Utf8PathBuf> = None;
    for entry in entries {
        let path = entry.map_err(EtcdError::io("read", &wal))?.into_path();
        // Names begin with a counter of fixed width; `.tmp` and `.broken` are no part of the log.
        if path.extension() == Some("wal") && newest.as_ref().is_none_or(|newest| *newest < path) {
            newest = Some(path);
        }
    }
    let Some(newest) = newest else { return Ok(Data::Empty) };
    let mut head = Vec::new();
    let file = fs_err::File::open(&newest).map_err(EtcdError::io("open", &newest))?;
    file.take(HEAD).read_to_end(&mut head).map_err(EtcdError::io("read", &newest))?;
    Ok(match ids(&head) {
        Some((member, cluster)) => Data::Member { cluster, member },
        None => Data::Unreadable { why: format!("{newest} does not begin as a log of etcd does") },
    })
}

/// The ids of the member and of its cluster, from the beginning of a file of the log.
///
/// A record is its length in 8 bytes (little-endian, the highest byte being padding and flags), and a message of protobuf
/// with a type, a checksum and data. The record of type 1, second in each file, holds two numbers: member and cluster.
fn ids(head: &[u8]) -> Option<(MemberId, EtcdClusterId)> {
    let mut rest = head;
    loop {
        let (length, after) = rest.split_first_chunk::<8>()?;
        let field = u64::from_le_bytes(*length);
        let padding = if field >> 63 == 1 { usize::try_from((field >> 56) & 0x7).ok()? } else { 0 };
        let length = usize::try_from(field & 0x00ff_ffff_ffff_ffff).ok()?;
        // Length zero is the space that etcd has reserved behind the last record.
        if length == 0 {
            return None;
        }
        let record = after.get(..length)?;
        if field_of(record, 1) == Some(Field::Number(METADATA)) {
            let Some(Field::Bytes(metadata)) = field_of(record, 3) else { return None };
            let (Some(Field::Number(member)), Some(Field::Number(cluster))) =
                (field_of(metadata, 1), field_of(metadata, 2))
            else {
                return None;
            };
            return Some((MemberId(member), EtcdClusterId(cluster)));
        }
        rest = after.get(length.checked_add(padding)?..)?;
    }
}

/// A field of a message of protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn field_of(mut message: &[u8], wanted: u64) -> Option<Field<'_>> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut message)?),
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                let (bytes, after) = message.split_at_checked(length)?;
                message = after;
                Field::Bytes(bytes)
            }
            _ => return None,
        };
        if tag >> 3 == wanted {
            return Some(field);
        }
    }
    None
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = message.split_first()?;
        *message = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first records of a log, as etcd 3.4 wrote them.
    const LOG: &str = "0400000000000084080410000000000020000000000000000801\
                       10fcb588d4091a1608fbfa8ba392e69eebdd0110b9aec4abb989e5f7a7010e00000000000082";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn volume(log: Option<&[u8]>) -> (camino_tempfile::Utf8TempDir, Volume) {
        let folder = camino_tempfile::tempdir().unwrap();
        let volume = Volume::new(folder.path());
        if let Some(log) = log {
            let wal = folder.path().join("member/wal");
            fs_err::create_dir_all(&wal).unwrap();
            fs_err::write(wal.join("0000000000000001-0000000000000100.wal"), log).unwrap();
            fs_err::write(wal.join("0000000000000000-0000000000000000.wal"), b"older").unwrap();
            fs_err::write(wal.join("0.tmp"), b"").unwrap();
        }
        (folder, volume)
    }

    #[test]
    fn ids_are_read_from_the_newest_file_of_the_log() {
        let (_folder, volume) = volume(Some(&bytes(LOG)));
        let found = volume.look().unwrap();
        let (cluster, member) = (EtcdClusterId(12_101_053_776_118_486_841), MemberId(15_985_099_378_392_235_387));
        assert_eq!(found, Data::Member { cluster, member });
    }

    #[test]
    fn an_empty_volume_and_one_that_was_formatted_hold_nothing() {
        let (folder, volume) = volume(None);
        assert_eq!(volume.look().unwrap(), Data::Empty);
        fs_err::create_dir_all(folder.path().join("lost+found")).unwrap();
        fs_err::create_dir_all(folder.path().join("member/wal")).unwrap();
        fs_err::create_dir_all(folder.path().join("member/snap")).unwrap();
        assert_eq!(volume.look().unwrap(), Data::Empty);
    }

    #[test]
    fn what_is_no_log_is_unreadable() {
        for log in [&b""[..], b"x", &[0; 64], &bytes(LOG)[..30], &[0xff; 100]] {
            let (_folder, volume) = volume(Some(log));
            assert!(matches!(volume.look().unwrap(), Data::Unreadable { .. }), "{log:?}");
        }
    }

    #[test]
    fn putting_aside_deletes_nothing() {
        let (folder, volume) = volume(Some(&bytes(LOG)));
        assert_eq!(volume.set_aside("removed").unwrap(), Some(folder.path().join("member.1.removed")));
        assert_eq!(volume.set_aside("removed").unwrap(), None);
        fs_err::create_dir_all(folder.path().join("member")).unwrap();
        assert_eq!(volume.set_aside("removed").unwrap(), Some(folder.path().join("member.2.removed")));
        let aside = volume.aside().unwrap();
        assert_eq!(aside, [folder.path().join("member.1.removed"), folder.path().join("member.2.removed")]);
        assert!(aside[0].join("wal/0000000000000001-0000000000000100.wal").exists());
    }

    proptest! {
        #[test]
        fn no_log_makes_it_panic(log in prop::collection::vec(any::<u8>(), 0..200)) {
            let _either = ids(&log);
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0_usize..60, byte: u8) {
            let mut log = bytes(LOG);
            log[at] = byte;
            let _either = ids(&log);
        }
    }
}
