//! `etcd-unencrypted`: a new etcd volume, and every secret of the cluster on it, is readable to whoever gets at the disk
//! or a snapshot of it.

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Plan, Properties};

use super::{is_etcd_volume, made, note};
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    let volumes: Vec<&str> = made(plan)
        .filter(|(_, properties)| match properties {
            Properties::Volume(volume) => !volume.encrypted && is_etcd_volume(properties),
            _ => false,
        })
        .map(|(change, _)| change.key.name.as_str())
        .collect();
    if volumes.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "etcd volumes are not encrypted: {}; set encryptedVolume on the etcd members now, because the encryption of a volume \
         cannot be changed later",
        volumes.join(", ")
    );
    vec![note(Severity::Warning, "etcd-unencrypted", None, text)]
}

#[cfg(test)]
mod tests {
    use kedge_resource::kind::Volume;

    use super::*;
    use crate::testing::{create, delete, etcd_volume, plan};

    #[test]
    fn new_volumes_shall_be_encrypted() {
        let open = Volume { encrypted: false, ..etcd_volume() };
        assert_eq!(check(&plan(vec![create("a", etcd_volume())]), &CheckOptions::default()), []);
        assert_eq!(check(&plan(vec![delete("a", open.clone())]), &CheckOptions::default()), []);
        let text = "etcd volumes are not encrypted: a, b; set encryptedVolume on the etcd members now, because the \
                    encryption of a volume cannot be changed later";
        let expected = note(Severity::Warning, "etcd-unencrypted", None, text.to_owned());
        let changes = vec![create("a", open.clone()), create("b", open)];
        assert_eq!(check(&plan(changes), &CheckOptions::default()), [expected]);
    }
}
