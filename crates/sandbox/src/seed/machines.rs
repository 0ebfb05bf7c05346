//! Machine types of the default account.

use std::collections::BTreeMap;

use kedge_resource::facts::InstanceType;

/// Family, architecture, sizes with virtual CPUs and memory in MiB, local disks, GPUs.
type Family = (&'static str, &'static str, &'static [(&'static str, i32, i64)], i32, i32);

const BURSTABLE: &[(&str, i32, i64)] = &[
    ("nano", 2, 512),
    ("micro", 2, 1024),
    ("small", 2, 2048),
    ("medium", 2, 4096),
    ("large", 2, 8192),
    ("xlarge", 4, 16_384),
    ("2xlarge", 8, 32_768),
];
const GENERAL: &[(&str, i32, i64)] =
    &[("large", 2, 8192), ("xlarge", 4, 16_384), ("2xlarge", 8, 32_768), ("4xlarge", 16, 65_536)];
const COMPUTE: &[(&str, i32, i64)] =
    &[("large", 2, 4096), ("xlarge", 4, 8192), ("2xlarge", 8, 16_384), ("4xlarge", 16, 32_768)];
const MEMORY: &[(&str, i32, i64)] =
    &[("large", 2, 16_384), ("xlarge", 4, 32_768), ("2xlarge", 8, 65_536), ("4xlarge", 16, 131_072)];

const FAMILIES: &[Family] = &[
    (
        "t2",
        "x86_64",
        &[("nano", 1, 512), ("micro", 1, 1024), ("small", 1, 2048), ("medium", 2, 4096), ("large", 2, 8192)],
        0,
        0,
    ),
    ("t3", "x86_64", BURSTABLE, 0, 0),
    ("t3a", "x86_64", &[("small", 2, 2048), ("medium", 2, 4096), ("large", 2, 8192)], 0, 0),
    ("t4g", "arm64", BURSTABLE, 0, 0),
    ("m3", "x86_64", &[("medium", 1, 3840)], 1, 0),
    ("m4", "x86_64", &[("large", 2, 8192), ("xlarge", 4, 16_384)], 0, 0),
    ("m5", "x86_64", GENERAL, 0, 0),
    ("m5d", "x86_64", &[("large", 2, 8192), ("xlarge", 4, 16_384)], 1, 0),
    ("m6g", "arm64", GENERAL, 0, 0),
    ("m6i", "x86_64", GENERAL, 0, 0),
    ("m7g", "arm64", &[("large", 2, 8192), ("xlarge", 4, 16_384)], 0, 0),
    ("m7i", "x86_64", GENERAL, 0, 0),
    ("c5", "x86_64", COMPUTE, 0, 0),
    ("c6g", "arm64", &[("large", 2, 4096), ("xlarge", 4, 8192)], 0, 0),
    ("c6i", "x86_64", COMPUTE, 0, 0),
    ("r5", "x86_64", MEMORY, 0, 0),
    ("r6g", "arm64", &[("large", 2, 16_384), ("xlarge", 4, 32_768)], 0, 0),
    ("r6i", "x86_64", MEMORY, 0, 0),
    ("i3", "x86_64", &[("large", 2, 15_616), ("xlarge", 4, 31_232)], 1, 0),
    ("g4dn", "x86_64", &[("xlarge", 4, 16_384), ("2xlarge", 8, 32_768)], 1, 1),
    ("g5", "x86_64", &[("xlarge", 4, 16_384)], 1, 1),
];

/// The types by name.
pub(super) fn types() -> BTreeMap<String, InstanceType> {
    let of_family = |(family, architecture, sizes, local_disks, gpus): &Family| {
        let (family, architectures) = (*family, vec![(*architecture).to_owned()]);
        let (local_disks, gpus) = (*local_disks, *gpus);
        sizes
            .iter()
            .map(|(size, vcpus, memory_mib)| {
                let architectures = architectures.clone();
                let machine = InstanceType { vcpus: *vcpus, memory_mib: *memory_mib, local_disks, gpus, architectures };
                (format!("{family}.{size}"), machine)
            })
            .collect::<Vec<_>>()
    };
    FAMILIES.iter().flat_map(of_family).collect()
}
