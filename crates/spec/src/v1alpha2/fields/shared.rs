//! Blocks that clusters and instance groups have in common.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Duration, Integer, IntegerOrText, List, Map, Object, Text};
use crate::field::{Block, acts, block, boots, idle, quiet};

pub(crate) static WARM_POOL_SPEC: Block = block(
    "WarmPoolSpec",
    &[
        acts("minSize", Integer),
        acts("maxSize", Integer),
        acts("enableLifecycleHook", Boolean),
        acts("lifecycleHookTimeout", Integer),
        idle("additionalImages", List(&Text), "instances fetch images when pods need them"),
    ],
);

pub(crate) static ROLLING_UPDATE: Block = block(
    "RollingUpdate",
    &[quiet("drainAndTerminate", Boolean), quiet("maxUnavailable", IntegerOrText), quiet("maxSurge", IntegerOrText)],
);

pub(crate) static HOOK_SPEC: Block = block(
    "HookSpec",
    &[
        boots("name", Text),
        boots("disabled", Boolean),
        boots("roles", List(&Text)),
        boots("requires", List(&Text)),
        boots("before", List(&Text)),
        boots("execContainer", Object(&EXEC_CONTAINER_ACTION)),
        boots("manifest", Text),
        boots("useRawManifest", Boolean),
    ],
);

pub(crate) static EXEC_CONTAINER_ACTION: Block = block(
    "ExecContainerAction",
    &[boots("image", Text), boots("command", List(&Text)), boots("environment", Map(&Text))],
);

pub(crate) static FILE_ASSET_SPEC: Block = block(
    "FileAssetSpec",
    &[
        boots("name", Text),
        boots("path", Text),
        boots("roles", List(&Text)),
        boots("content", Text),
        boots("isBase64", Boolean),
        boots("mode", Text),
    ],
);

pub(crate) static PACKAGES_CONFIG: Block = block(
    "PackagesConfig",
    &[boots("hashAmd64", Text), boots("hashArm64", Text), boots("urlAmd64", Text), boots("urlArm64", Text)],
);

pub(crate) static CONTAINERD_CONFIG: Block = block(
    "ContainerdConfig",
    &[
        boots("address", Text),
        boots("configAdditions", Map(&IntegerOrText)),
        boots("configOverride", Text),
        boots("logLevel", Text),
        boots("packages", Object(&PACKAGES_CONFIG)),
        boots("registryMirrors", Map(&List(&Text))),
        boots("root", Text),
        boots("skipInstall", Boolean),
        boots("state", Text),
        boots("version", Text),
        acts("nvidiaGPU", Object(&NVIDIA_GPU_CONFIG)),
        boots("gvisor", Object(&G_VISOR_CONFIG)),
        boots("runc", Object(&RUNC)),
        boots("selinuxEnabled", Boolean),
        boots("nri", Object(&NRI_CONFIG)),
        acts("useECRCredentialsForMirrors", Boolean),
        idle("installCriCtl", Boolean, "it comes with kubeadm"),
        idle("installNerdCtl", Boolean, "`fileAssets` and `packages` bring further programs"),
        boots("sandboxImage", Text),
    ],
);

pub(crate) static GROUP_CONTAINERD_CONFIG: Block = block(
    "GroupContainerdConfig",
    &[
        boots("address", Text),
        boots("configAdditions", Map(&IntegerOrText)),
        boots("configOverride", Text),
        boots("logLevel", Text),
        boots("packages", Object(&PACKAGES_CONFIG)),
        boots("registryMirrors", Map(&List(&Text))),
        boots("root", Text),
        boots("skipInstall", Boolean),
        boots("state", Text),
        boots("version", Text),
        acts("nvidiaGPU", Object(&NVIDIA_GPU_CONFIG)),
        boots("gvisor", Object(&G_VISOR_CONFIG)),
        boots("runc", Object(&RUNC)),
        boots("selinuxEnabled", Boolean),
        boots("nri", Object(&NRI_CONFIG)),
        idle("useECRCredentialsForMirrors", Boolean, "permissions are those of the cluster"),
        idle("installCriCtl", Boolean, "it comes with kubeadm"),
        idle("installNerdCtl", Boolean, "`fileAssets` and `packages` bring further programs"),
        boots("sandboxImage", Text),
    ],
);

pub(crate) static NVIDIA_GPU_CONFIG: Block = block(
    "NvidiaGPUConfig",
    &[
        idle("package", Text, "the driver comes with the image of instances, or is named in `packages`"),
        acts("enabled", Boolean),
        idle("image", Text, "the driver comes with the image of instances, or is named in `packages`"),
        idle("dcgmExporter", Object(&DCGM_EXPORTER_CONFIG), "kedge has no such add-on"),
    ],
);

pub(crate) static G_VISOR_CONFIG: Block = block("GVisorConfig", &[boots("enabled", Boolean), boots("platform", Text)]);

pub(crate) static RUNC: Block = block(
    "Runc",
    &[
        idle("version", Text, "the version comes with containerd; `packages` names another one"),
        boots("packages", Object(&PACKAGES_CONFIG)),
    ],
);

pub(crate) static NRI_CONFIG: Block = block(
    "NRIConfig",
    &[boots("enabled", Boolean), boots("pluginRegistrationTimeout", Duration), boots("pluginRequestTimeout", Duration)],
);

pub(crate) static DCGM_EXPORTER_CONFIG: Block = block("DCGMExporterConfig", &[quiet("enabled", Boolean)]);
