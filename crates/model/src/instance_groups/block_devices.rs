//! Disks of instances.

use kedge_resource::kind::{BlockDeviceMapping, EbsBlockDevice};
use kedge_spec::resolved::{InstanceGroup, RootVolume, Volume};

/// Operations per second that AWS gives every gp3 volume, which is also the least that it takes.
pub(crate) const GP3_IOPS: i32 = 3000;
/// MiB/s that AWS gives every gp3 volume.
pub(crate) const GP3_THROUGHPUT: i32 = 125;
/// The least operations per second of io1 and io2 volumes.
pub(crate) const IO_IOPS: i32 = 100;

/// Operations per second and throughput of a volume: what was asked for, at least what the type begins with, and nothing
/// for types that take no numbers.
pub(crate) fn performance(volume_type: &str, iops: Option<i32>, throughput: Option<i32>) -> (Option<i32>, Option<i32>) {
    let at_least = |asked: Option<i32>, least: i32| Some(asked.unwrap_or(least).max(least));
    match volume_type {
        "gp3" => (at_least(iops, GP3_IOPS), at_least(throughput, GP3_THROUGHPUT)),
        "io1" | "io2" => (at_least(iops, IO_IOPS), None),
        _ => (None, None),
    }
}

/// All disks, in the order of their device names.
pub(super) fn mappings(group: &InstanceGroup, root_device: &str, local_disks: i32) -> Vec<BlockDeviceMapping> {
    let mut result = vec![ebs(root_device, root(&group.root_volume))];
    // `/dev/sdc` and on; more than twenty-four local disks would run out of letters, and no machine type has them.
    for (disk, letter) in (0..local_disks).zip('c'..='z') {
        result.push(BlockDeviceMapping {
            device_name: format!("/dev/sd{letter}"),
            virtual_name: Some(format!("ephemeral{disk}")),
            ebs: None,
        });
    }
    result.extend(group.volumes.iter().map(|volume| ebs(&volume.device, further(volume))));
    result.sort_by(|a, b| a.device_name.cmp(&b.device_name));
    result
}

fn ebs(device: &str, volume: EbsBlockDevice) -> BlockDeviceMapping {
    BlockDeviceMapping { device_name: device.to_owned(), virtual_name: None, ebs: Some(volume) }
}

fn root(volume: &RootVolume) -> EbsBlockDevice {
    let (iops, throughput) = performance(&volume.volume_type, volume.iops, volume.throughput);
    EbsBlockDevice {
        delete_on_termination: true,
        encrypted: volume.encryption.unwrap_or(true),
        iops,
        throughput,
        volume_size: Some(volume.size),
        volume_type: volume.volume_type.clone(),
        // kops takes the key only where the manifest asks for encryption in so many words.
        kms_key_id: volume.kms_key.clone().filter(|_| volume.encryption == Some(true)),
    }
}

/// A further volume: unlike with the root volume, kops takes numbers as they are and only fills in missing ones.
fn further(volume: &Volume) -> EbsBlockDevice {
    let (iops, throughput) = match volume.volume_type.as_str() {
        "gp3" => (volume.iops.or(Some(GP3_IOPS)), volume.throughput.or(Some(GP3_THROUGHPUT))),
        "io1" | "io2" => (volume.iops.or(Some(IO_IOPS)), volume.throughput),
        _ => (None, volume.throughput),
    };
    EbsBlockDevice {
        delete_on_termination: volume.delete_on_termination,
        encrypted: volume.encrypted,
        iops,
        throughput,
        volume_size: Some(volume.size),
        volume_type: volume.volume_type.clone(),
        kms_key_id: volume.kms_key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn volumes_get_at_least_what_their_type_begins_with() {
        assert_eq!(performance("gp3", None, None), (Some(3000), Some(125)));
        assert_eq!(performance("gp3", Some(100), Some(500)), (Some(3000), Some(500)));
        assert_eq!(performance("io2", Some(5000), Some(500)), (Some(5000), None));
        assert_eq!(performance("io1", None, None), (Some(100), None));
        assert_eq!(performance("gp2", Some(300), Some(300)), (None, None));
    }

    #[test]
    fn devices_come_in_order_with_local_disks_by_letter() {
        let mut spec = testing::minimal();
        let group = &mut spec.groups[0];
        group.volumes.push(Volume {
            device: "/dev/xvdd".to_owned(),
            volume_type: "gp2".to_owned(),
            size: 20,
            iops: Some(300),
            throughput: None,
            encrypted: true,
            kms_key: Some("key".to_owned()),
            delete_on_termination: false,
        });
        let devices = mappings(group, "/dev/xvda", 2);
        let names: Vec<&str> = devices.iter().map(|device| device.device_name.as_str()).collect();
        assert_eq!(names, ["/dev/sdc", "/dev/sdd", "/dev/xvda", "/dev/xvdd"]);
        assert_eq!(devices[1].virtual_name.as_deref(), Some("ephemeral1"));
        let further = devices[3].ebs.as_ref().unwrap();
        assert_eq!((further.iops, further.delete_on_termination), (None, false));
    }

    #[test]
    fn the_root_key_needs_encryption_asked_for() {
        let mut spec = testing::minimal();
        let volume = &mut spec.groups[0].root_volume;
        volume.kms_key = Some("key".to_owned());
        assert!(root(volume).encrypted);
        assert_eq!(root(volume).kms_key_id, None);
        volume.encryption = Some(true);
        assert_eq!(root(volume).kms_key_id.as_deref(), Some("key"));
    }
}
