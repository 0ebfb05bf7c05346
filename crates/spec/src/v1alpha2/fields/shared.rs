//! Blocks that clusters and instance groups have in common.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Duration, Integer, IntegerOrText, List, Map, Object, Text};
use crate::field::{Block, acts, block, quiet};

pub(crate) static WARM_POOL_SPEC: Block = block(
    "WarmPoolSpec",
    &[
        acts("minSize", Integer),
        acts("maxSize", Integer),
        acts("enableLifecycleHook", Boolean),
        acts("lifecycleHookTimeout", Integer),
        quiet("additionalImages", List(&Text)),
    ],
);

pub(crate) static ROLLING_UPDATE: Block = block(
    "RollingUpdate",
    &[quiet("drainAndTerminate", Boolean), quiet("maxUnavailable", IntegerOrText), quiet("maxSurge", IntegerOrText)],
);

pub(crate) static HOOK_SPEC: Block = block(
    "HookSpec",
    &[
        quiet("name", Text),
        quiet("disabled", Boolean),
        quiet("roles", List(&Text)),
        quiet("requires", List(&Text)),
        quiet("before", List(&Text)),
        quiet("execContainer", Object(&EXEC_CONTAINER_ACTION)),
        quiet("manifest", Text),
        quiet("useRawManifest", Boolean),
    ],
);

pub(crate) static EXEC_CONTAINER_ACTION: Block = block(
    "ExecContainerAction",
    &[quiet("image", Text), quiet("command", List(&Text)), quiet("environment", Map(&Text))],
);

pub(crate) static FILE_ASSET_SPEC: Block = block(
    "FileAssetSpec",
    &[
        quiet("name", Text),
        quiet("path", Text),
        quiet("roles", List(&Text)),
        quiet("content", Text),
        quiet("isBase64", Boolean),
        quiet("mode", Text),
    ],
);

pub(crate) static PACKAGES_CONFIG: Block = block(
    "PackagesConfig",
    &[quiet("hashAmd64", Text), quiet("hashArm64", Text), quiet("urlAmd64", Text), quiet("urlArm64", Text)],
);

pub(crate) static CONTAINERD_CONFIG: Block = block(
    "ContainerdConfig",
    &[
        quiet("address", Text),
        quiet("configAdditions", Map(&IntegerOrText)),
        quiet("configOverride", Text),
        quiet("logLevel", Text),
        quiet("packages", Object(&PACKAGES_CONFIG)),
        quiet("registryMirrors", Map(&List(&Text))),
        quiet("root", Text),
        quiet("skipInstall", Boolean),
        quiet("state", Text),
        quiet("version", Text),
        acts("nvidiaGPU", Object(&NVIDIA_GPU_CONFIG)),
        quiet("gvisor", Object(&G_VISOR_CONFIG)),
        quiet("runc", Object(&RUNC)),
        quiet("selinuxEnabled", Boolean),
        quiet("nri", Object(&NRI_CONFIG)),
        acts("useECRCredentialsForMirrors", Boolean),
        quiet("installCriCtl", Boolean),
        quiet("installNerdCtl", Boolean),
        quiet("sandboxImage", Text),
    ],
);

pub(crate) static GROUP_CONTAINERD_CONFIG: Block = block(
    "GroupContainerdConfig",
    &[
        quiet("address", Text),
        quiet("configAdditions", Map(&IntegerOrText)),
        quiet("configOverride", Text),
        quiet("logLevel", Text),
        quiet("packages", Object(&PACKAGES_CONFIG)),
        quiet("registryMirrors", Map(&List(&Text))),
        quiet("root", Text),
        quiet("skipInstall", Boolean),
        quiet("state", Text),
        quiet("version", Text),
        acts("nvidiaGPU", Object(&NVIDIA_GPU_CONFIG)),
        quiet("gvisor", Object(&G_VISOR_CONFIG)),
        quiet("runc", Object(&RUNC)),
        quiet("selinuxEnabled", Boolean),
        quiet("nri", Object(&NRI_CONFIG)),
        quiet("useECRCredentialsForMirrors", Boolean),
        quiet("installCriCtl", Boolean),
        quiet("installNerdCtl", Boolean),
        quiet("sandboxImage", Text),
    ],
);

pub(crate) static NVIDIA_GPU_CONFIG: Block = block(
    "NvidiaGPUConfig",
    &[
        quiet("package", Text),
        acts("enabled", Boolean),
        quiet("image", Text),
        quiet("dcgmExporter", Object(&DCGM_EXPORTER_CONFIG)),
    ],
);

pub(crate) static G_VISOR_CONFIG: Block = block("GVisorConfig", &[quiet("enabled", Boolean), quiet("platform", Text)]);

pub(crate) static RUNC: Block = block("Runc", &[quiet("version", Text), quiet("packages", Object(&PACKAGES_CONFIG))]);

pub(crate) static NRI_CONFIG: Block = block(
    "NRIConfig",
    &[quiet("enabled", Boolean), quiet("pluginRegistrationTimeout", Duration), quiet("pluginRequestTimeout", Duration)],
);

pub(crate) static DCGM_EXPORTER_CONFIG: Block = block("DCGMExporterConfig", &[quiet("enabled", Boolean)]);
