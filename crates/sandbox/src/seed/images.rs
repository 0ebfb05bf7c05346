//! Machine images of the default account.

use std::collections::BTreeMap;

use kedge_resource::facts::Image;

use crate::account::ids::{digest, hex};

const CANONICAL: &str = "099720109477";
const DEBIAN: &str = "136693071363";
const AMAZON: &str = "amazon (137112412989)";

/// Owner, name with `{arch}`, root device, date, and the parameter that names the image, with `{arch}`.
const IMAGES: &[(&str, &str, &str, &str, &str)] = &[
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{amd64}-server-20260708",
        "/dev/sda1",
        "2026-07-08T06:21:12.000Z",
        "/aws/service/canonical/ubuntu/server/22.04/stable/current/{amd64}/hvm/ebs-gp2/ami-id",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{amd64}-server-20260714",
        "/dev/sda1",
        "2026-07-14T05:46:31.000Z",
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/{amd64}/hvm/ebs-gp3/ami-id",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-{amd64}-server-20260716",
        "/dev/sda1",
        "2026-07-16T07:02:55.000Z",
        "/aws/service/canonical/ubuntu/server/26.04/stable/current/{amd64}/hvm/ebs-gp3/ami-id",
    ),
    (
        DEBIAN,
        "debian-12-{amd64}-20260702-2489",
        "/dev/xvda",
        "2026-07-02T12:00:08.000Z",
        "/aws/service/debian/release/12/latest/{amd64}",
    ),
    (
        DEBIAN,
        "debian-13-{amd64}-20260702-2489",
        "/dev/xvda",
        "2026-07-02T12:04:41.000Z",
        "/aws/service/debian/release/13/latest/{amd64}",
    ),
    (
        AMAZON,
        "al2023-ami-2023.8.20260710.0-kernel-6.1-{x86_64}",
        "/dev/xvda",
        "2026-07-10T22:13:30.000Z",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-{x86_64}",
    ),
];

/// The images, and the parameters that name them.
pub(super) fn images() -> (Vec<Image>, BTreeMap<String, String>) {
    let mut images = Vec::new();
    let mut parameters = BTreeMap::new();
    for (owner, name, device, date, parameter) in IMAGES {
        for (architecture, amd64) in [("x86_64", "amd64"), ("arm64", "arm64")] {
            let fill = |text: &str| text.replace("{amd64}", amd64).replace("{x86_64}", architecture);
            let name = fill(name);
            let id = format!("ami-0{}", hex(&digest(&["image", owner, &name])).get(..16).unwrap_or_default());
            parameters.insert(fill(parameter), id.clone());
            images.push(Image {
                id,
                owner: (*owner).to_owned(),
                name,
                root_device_name: (*device).to_owned(),
                architecture: architecture.to_owned(),
                creation_date: (*date).to_owned(),
            });
        }
    }
    (images, parameters)
}
