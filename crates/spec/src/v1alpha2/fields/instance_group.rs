//! Fields of an `InstanceGroup` and of an `SSHCredential`.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::kubelet::KUBELET_CONFIG_SPEC;
use super::reasons::NO_UPDATES;
use super::shared::{FILE_ASSET_SPEC, GROUP_CONTAINERD_CONFIG, HOOK_SPEC, ROLLING_UPDATE, WARM_POOL_SPEC};
use crate::field::Shape::{Boolean, Duration, Integer, List, Map, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots, idle, quiet, refused};

pub(crate) static INSTANCE_GROUP_SPEC: Block = block(
    "InstanceGroupSpec",
    &[
        acts("manager", Text),
        acts("role", Text),
        acts("image", Text),
        acts("minSize", Integer),
        acts("maxSize", Integer),
        boots("autoscale", Boolean),
        boots("autoscalePriority", Integer),
        acts("machineType", Text),
        acts("rootVolumeSize", Integer),
        acts("rootVolumeType", Word(&["gp3", "gp2", "io1", "io2", "standard"])),
        acts("rootVolumeIops", Integer),
        acts("rootVolumeThroughput", Integer),
        acts("rootVolumeOptimization", Boolean),
        idle("rootVolumeDeleteOnTermination", Boolean, "root volumes always go with their instances"),
        acts("rootVolumeEncryption", Boolean),
        acts("rootVolumeEncryptionKey", Text),
        acts("volumes", List(&Object(&VOLUME_SPEC))),
        boots("volumeMounts", List(&Object(&VOLUME_MOUNT_SPEC))),
        acts("subnets", List(&Text)),
        acts("zones", List(&Text)),
        boots("hooks", List(&Object(&HOOK_SPEC))),
        acts("maxPrice", Text),
        acts("spotDurationInMinutes", Integer),
        acts("cpuCredits", Text),
        acts("associatePublicIp", Boolean),
        acts("additionalSecurityGroups", List(&Text)),
        acts("cloudLabels", Map(&Text)),
        acts("nodeLabels", Map(&Text)),
        boots("fileAssets", List(&Object(&FILE_ASSET_SPEC))),
        acts("tenancy", Text),
        acts("kubelet", Object(&KUBELET_CONFIG_SPEC)),
        acts("taints", List(&Text)),
        acts("mixedInstancesPolicy", Object(&MIXED_INSTANCES_POLICY_SPEC)),
        acts("capacityRebalance", Boolean),
        acts("additionalUserData", List(&Object(&USER_DATA))),
        acts("suspendProcesses", List(&Text)),
        acts("externalLoadBalancers", List(&Object(&LOAD_BALANCER_SPEC))),
        acts("detailedInstanceMonitoring", Boolean),
        acts("iam", Object(&IAM_PROFILE_SPEC)),
        acts("securityGroupOverride", Text),
        acts("instanceProtection", Boolean),
        boots("sysctlParameters", List(&Text)),
        idle("rollingUpdate", Object(&ROLLING_UPDATE), NO_UPDATES),
        acts("instanceInterruptionBehavior", Text),
        idle("compressUserData", Boolean, "user data is never compressed"),
        acts("instanceMetadata", Object(&INSTANCE_METADATA_OPTIONS)),
        idle("updatePolicy", Word(&["automatic", "external"]), NO_UPDATES),
        acts("warmPool", Object(&WARM_POOL_SPEC)),
        acts("containerd", Object(&GROUP_CONTAINERD_CONFIG)),
        boots("packages", List(&Text)),
        refused(
            "guestAccelerators",
            List(&Object(&ACCELERATOR_CONFIG)),
            "it belongs to another cloud; kedge provisions AWS",
        ),
        acts("maxInstanceLifetime", Duration),
        refused("gcpProvisioningModel", Text, "it belongs to another cloud; kedge provisions AWS"),
    ],
);

pub(crate) static VOLUME_SPEC: Block = block(
    "VolumeSpec",
    &[
        acts("deleteOnTermination", Boolean),
        acts("device", Text),
        acts("encrypted", Boolean),
        acts("iops", Integer),
        acts("throughput", Integer),
        acts("key", Text),
        acts("size", Integer),
        acts("type", Word(&["gp3", "gp2", "io1", "io2", "st1", "sc1", "standard"])),
    ],
);

pub(crate) static VOLUME_MOUNT_SPEC: Block = block(
    "VolumeMountSpec",
    &[
        boots("device", Text),
        boots("filesystem", Text),
        boots("formatOptions", List(&Text)),
        boots("mountOptions", List(&Text)),
        boots("path", Text),
    ],
);

pub(crate) static MIXED_INSTANCES_POLICY_SPEC: Block = block(
    "MixedInstancesPolicySpec",
    &[
        acts("instances", List(&Text)),
        acts("instanceRequirements", Object(&INSTANCE_REQUIREMENTS_SPEC)),
        acts("onDemandAllocationStrategy", Text),
        acts("onDemandBase", Integer),
        acts("onDemandAboveBase", Integer),
        acts("spotAllocationStrategy", Text),
        acts("spotInstancePools", Integer),
    ],
);

pub(crate) static USER_DATA: Block = block(
    "UserData",
    &[
        acts("name", Text),
        acts(
            "type",
            Word(&[
                "text/x-shellscript",
                "text/cloud-config",
                "text/cloud-config-archive",
                "text/cloud-boothook",
                "text/part-handler",
                "text/upstart-job",
                "text/x-include-once-url",
                "text/x-include-url",
            ]),
        ),
        acts("content", Text),
    ],
);

pub(crate) static LOAD_BALANCER_SPEC: Block =
    block("LoadBalancerSpec", &[acts("loadBalancerName", Text), acts("targetGroupArn", Text)]);

pub(crate) static IAM_PROFILE_SPEC: Block = block("IAMProfileSpec", &[acts("profile", Text)]);

pub(crate) static INSTANCE_METADATA_OPTIONS: Block =
    block("InstanceMetadataOptions", &[acts("httpPutResponseHopLimit", Integer), acts("httpTokens", Text)]);

pub(crate) static ACCELERATOR_CONFIG: Block =
    block("AcceleratorConfig", &[quiet("acceleratorCount", Integer), quiet("acceleratorType", Text)]);

pub(crate) static INSTANCE_REQUIREMENTS_SPEC: Block = block(
    "InstanceRequirementsSpec",
    &[
        acts("cpu", Object(&MIN_MAX_SPEC)),
        acts("memory", Object(&MIN_MAX_SPEC)),
        acts("excludedInstanceTypes", List(&Text)),
    ],
);

pub(crate) static MIN_MAX_SPEC: Block = block("MinMaxSpec", &[acts("max", Quantity), acts("min", Quantity)]);

pub(crate) static SSH_CREDENTIAL_SPEC: Block = block("SSHCredentialSpec", &[acts("publicKey", Text)]);
