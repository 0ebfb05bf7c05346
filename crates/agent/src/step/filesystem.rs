//! Makes a disk a mounted filesystem, and never formats one that holds something.

use crate::error::StepError;
use crate::host::{Command, Host, done, ensure as ensure_file, succeeds};
use crate::settled;

/// How much of a disk has to be zero before it counts as empty.
const FIRST: usize = 1 << 20;
/// Where it is noted that formatting was begun.
const NOTES: &str = "/var/lib/kedge/formatting";

/// A disk and where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disk<'a> {
    /// The device.
    pub(super) device: &'a str,
    /// What the disk is called in messages and notes: the id of the volume, where it is known.
    pub(super) name: &'a str,
    /// Where it goes.
    pub(super) path: &'a str,
    /// Filesystem that an empty disk gets.
    pub(super) filesystem: &'a str,
    /// Whether another filesystem will do that is there already.
    pub(super) takes_others: bool,
    /// Options of `mkfs`.
    pub(super) format_options: &'a [String],
    /// Options of `mount`.
    pub(super) mount_options: &'a [String],
}

/// What is on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Nothing,
    Filesystem { kind: String, uuid: String },
    Other(String),
}

/// Formats the disk if it is empty, and mounts it.
pub(super) async fn ensure(host: &dyn Host, disk: &Disk<'_>) -> Result<String, StepError> {
    let Disk { device, name, path, filesystem, takes_others, .. } = *disk;
    let unit = unit_name(path);
    if is_mounted(host, path).await? {
        return Ok(format!("{name} is mounted at {path}"));
    }
    let note = format!("{NOTES}/{}", name.replace('/', "-"));
    let begun = host.read(&note).await?.is_some();
    let mut formatted = "";
    let mut content = look(host, device, begun).await?;
    if content == Content::Nothing {
        // Whoever is killed while it formats leaves bytes that are no filesystem: the note says that they are no data.
        ensure_file(host, &note, b"", 0o600).await?;
        let program = format!("mkfs.{filesystem}");
        let options = disk.format_options.iter().map(String::as_str);
        done(host, Command::new(&program, options.chain(["-q", device]))).await?;
        content = look(host, device, true).await?;
        formatted = ", newly formatted";
    }
    let (kind, uuid) = match content {
        Content::Filesystem { kind, uuid } if takes_others || kind == filesystem => (kind, uuid),
        Content::Filesystem { kind, .. } => {
            return Err(StepError::refused(format!(
                "{name} ({device}) holds a filesystem of the kind {kind}, and {filesystem} is wanted: nothing was formatted; \
                 change the manifest, or empty the disk with `wipefs --all {device}` if nothing on it is needed"
            )));
        }
        Content::Nothing => {
            return Err(StepError::wait(format!("{name} ({device}) has no filesystem after mkfs.{filesystem}")));
        }
        Content::Other(what) => {
            return Err(StepError::refused(format!(
                "{name} ({device}) holds {what}, and no filesystem: nothing was formatted; save what is on it, and empty it \
                 with `wipefs --all {device}` and `blkdiscard --zeroout {device}` if nothing on it is needed"
            )));
        }
    };
    host.remove(&note).await?;
    let text = mount_unit(&uuid, path, &kind, disk.mount_options);
    ensure_file(host, &format!("/etc/systemd/system/{unit}"), text.as_bytes(), 0o644).await?;
    let digest = settled::digest_of([(path, text.as_bytes())]);
    settled::once(host, &unit, &digest, [Command::new("systemctl", ["daemon-reload"])]).await?;
    done(host, Command::new("systemctl", ["start", &unit])).await?;
    Ok(format!("{name} is mounted at {path} ({kind}{formatted})"))
}

/// Whether something is mounted at a path, by its unit.
pub(super) async fn is_mounted(host: &dyn Host, path: &str) -> Result<bool, StepError> {
    Ok(succeeds(host, Command::new("systemctl", ["is-active", "--quiet", &unit_name(path)])).await?)
}

async fn look(host: &dyn Host, device: &str, begun: bool) -> Result<Content, StepError> {
    let Some(first) = host.start_of(device, FIRST).await? else {
        return Err(StepError::wait(format!("there is no disk {device} yet")));
    };
    let command = Command::new("blkid", ["--probe", "--output", "export", device]);
    let output = host.run(&command).await?;
    let text = output.text();
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    match (output.code, value("TYPE"), value("UUID")) {
        (Some(0), Some(kind), Some(uuid)) if value("USAGE").is_none_or(|usage| usage == "filesystem") => {
            Ok(Content::Filesystem { kind: kind.to_owned(), uuid: uuid.to_owned() })
        }
        (Some(0), Some(kind), _) => Ok(Content::Other(format!("something of the kind {kind}"))),
        (Some(0), None, _) => {
            let table = value("PTTYPE").map_or("something that blkid knows".to_owned(), |kind| {
                format!("a partition table of the kind {kind}")
            });
            Ok(Content::Other(table))
        }
        (Some(2), ..) if begun || first.iter().all(|byte| *byte == 0) => Ok(Content::Nothing),
        (Some(2), ..) => Ok(Content::Other("bytes that blkid does not know".to_owned())),
        (Some(8), ..) => Ok(Content::Other("what may be several things".to_owned())),
        _ => Err(StepError::wait(format!("`{command}` cannot tell what is on the disk: {}", output.last_line()))),
    }
}

/// The disk is named by its filesystem: names of devices change from start to start. Nothing starts it but who needs it, so
/// that a disk which does not come holds up no boot.
fn mount_unit(uuid: &str, path: &str, kind: &str, options: &[String]) -> String {
    let mut text =
        format!("[Unit]\nDescription={path}\n\n[Mount]\nWhat=/dev/disk/by-uuid/{uuid}\nWhere={path}\nType={kind}\n");
    if !options.is_empty() {
        text.extend(["Options=", &options.join(",").replace('%', "%%"), "\n"]);
    }
    text
}

/// Name of the unit that mounts a path, by the rules of systemd.
pub(super) fn unit_name(path: &str) -> String {
    let mut name = String::new();
    let trimmed = path.trim_matches('/');
    for (position, byte) in trimmed.bytes().enumerate() {
        match byte {
            b'/' if name.ends_with('-') => {}
            b'/' => name.push('-'),
            b'.' if position == 0 => name.push_str("\\x2e"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'_' | b'.' => name.push(char::from(byte)),
            other => name.extend(["\\x", &settled::hex(&[other])]),
        }
    }
    if name.is_empty() { "-.mount".to_owned() } else { name + ".mount" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_called_as_systemd_wants_it() {
        for (path, unit) in [
            ("/var/lib/etcd", "var-lib-etcd.mount"),
            ("/data/", "data.mount"),
            ("/srv/my-data", "srv-my\\x2ddata.mount"),
            ("/.hidden/a b", "\\x2ehidden-a\\x20b.mount"),
            ("/", "-.mount"),
        ] {
            assert_eq!(unit_name(path), unit);
        }
    }
}
