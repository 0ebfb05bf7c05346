//! Machine types.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ArchitectureType, InstanceTypeInfo};
use futures_util::future::try_join_all;
use kedge_cloud::CloudError;
use kedge_resource::facts::{InstanceType, InstanceTypes};

use super::filter;
use crate::client::Aws;

/// How many values a filter may have.
const VALUES: usize = 200;

/// The types of these names; one that the region does not have is absent.
pub(super) async fn read(aws: &Aws, names: &BTreeSet<String>) -> Result<InstanceTypes, CloudError> {
    let names: Vec<_> = names.iter().cloned().collect();
    let answers = try_join_all(names.chunks(VALUES).map(|names| Box::pin(describe(aws, names)))).await?;
    let types = answers.into_iter().flatten().filter_map(|raw| {
        let name = raw.instance_type.as_ref()?.as_str().to_owned();
        // a filter takes patterns, a manifest does not
        names.contains(&name).then(|| (name, fact(raw)))
    });
    Ok(InstanceTypes { types: types.collect(), ..InstanceTypes::default() })
}

async fn describe(aws: &Aws, names: &[String]) -> Result<Vec<InstanceTypeInfo>, CloudError> {
    let mut types = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("ec2:DescribeInstanceTypes", || {
                let wanted = filter("instance-type", names.to_vec());
                aws.ec2().describe_instance_types().filters(wanted).set_next_token(token.clone()).send()
            })
            .await?;
        types.extend(page.instance_types.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(types);
        }
    }
}

fn fact(raw: InstanceTypeInfo) -> InstanceType {
    let disks = raw.instance_storage_info.and_then(|storage| storage.disks).unwrap_or_default();
    let gpus = raw.gpu_info.and_then(|gpus| gpus.gpus).unwrap_or_default();
    let gpus = gpus.into_iter().filter(|gpu| gpu.manufacturer.as_deref() == Some("NVIDIA"));
    let architectures = raw.processor_info.and_then(|processor| processor.supported_architectures).unwrap_or_default();
    InstanceType {
        vcpus: raw.v_cpu_info.and_then(|vcpus| vcpus.default_v_cpus).unwrap_or_default(),
        memory_mib: raw.memory_info.and_then(|memory| memory.size_in_mib).unwrap_or_default(),
        local_disks: disks.into_iter().map(|disk| disk.count.unwrap_or_default()).sum(),
        gpus: gpus.map(|gpu| gpu.count.unwrap_or_default()).sum(),
        architectures: architectures
            .iter()
            .map(ArchitectureType::as_str)
            // the oldest types run both; nobody has images for the narrow one
            .filter(|architecture| *architecture != "i386")
            .map(str::to_owned)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        DiskInfo, GpuDeviceInfo, GpuInfo, InstanceStorageInfo, MemoryInfo, ProcessorInfo, VCpuInfo,
    };

    use super::*;

    #[test]
    fn disks_and_gpus_are_counted() {
        let disk = |count| DiskInfo::builder().count(count).build();
        let gpu = |maker: &str, count| GpuDeviceInfo::builder().manufacturer(maker).count(count).build();
        let raw = InstanceTypeInfo::builder()
            .v_cpu_info(VCpuInfo::builder().default_v_cpus(4).build())
            .memory_info(MemoryInfo::builder().size_in_mib(16384).build())
            .instance_storage_info(InstanceStorageInfo::builder().disks(disk(2)).disks(disk(1)).build())
            .gpu_info(GpuInfo::builder().gpus(gpu("NVIDIA", 1)).gpus(gpu("AMD", 2)).build())
            .processor_info(
                ProcessorInfo::builder()
                    .supported_architectures(ArchitectureType::I386)
                    .supported_architectures(ArchitectureType::X8664)
                    .build(),
            )
            .build();
        let expected = InstanceType {
            vcpus: 4,
            memory_mib: 16384,
            local_disks: 3,
            gpus: 1,
            architectures: vec!["x86_64".to_owned()],
        };
        assert_eq!(fact(raw), expected);
    }
}
