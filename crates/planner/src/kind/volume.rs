//! Volumes: AWS reports the speed of every volume and the key of every encrypted one.

use kedge_resource::kind::Volume;

pub(super) fn disregard(want: &Volume, have: &mut Volume) {
    if want.iops.is_none() {
        have.iops = None;
    }
    if want.throughput.is_none() {
        have.throughput = None;
    }
    let same = match (&want.kms_key_id, &have.kms_key_id) {
        // An encrypted volume without a key of the customer's has the account's default key.
        (None, Some(_)) => want.encrypted == have.encrypted,
        // What an alias stands for is not known here. The key of a volume never changes, so that asking for another
        // volume because of it would destroy one for nothing.
        (Some(want), Some(have)) => {
            want.contains("alias/") || have.rsplit('/').next() == Some(want) || want.rsplit('/').next() == Some(have)
        }
        (None | Some(_), None) => false,
    };
    if same {
        have.kms_key_id.clone_from(&want.kms_key_id);
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::Tags;

    use super::*;

    fn volume(iops: Option<i32>, key: Option<&str>) -> Volume {
        Volume {
            availability_zone: "us-test-1a".to_owned(),
            size: 20,
            volume_type: "gp3".to_owned(),
            iops,
            throughput: None,
            encrypted: true,
            kms_key_id: key.map(str::to_owned),
            tags: Tags::default(),
        }
    }

    #[test]
    fn the_default_key_and_speed_do_not_differ() {
        let want = volume(None, None);
        let mut have = volume(Some(3000), Some("arn:aws:kms:us-test-1:1:key/1"));
        disregard(&want, &mut have);
        assert_eq!(have, want);
    }

    #[test]
    fn another_key_differs() {
        let arn = "arn:aws:kms:us-test-1:1:key/1";
        let mut have = volume(None, Some(arn));
        disregard(&volume(None, Some("1")), &mut have);
        assert_eq!(have, volume(None, Some("1")));
        let want = volume(None, Some("2"));
        let mut have = volume(None, Some(arn));
        disregard(&want, &mut have);
        assert_ne!(have, want);
    }
}
