//! Fields of the cloud settings.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::reasons::ELSEWHERE;
use super::shared::PACKAGES_CONFIG;
use crate::field::Shape::{Boolean, Integer, List, Map, Object, Quantity, Text};
use crate::field::{Block, acts, block, boots, idle, quiet, refused};

pub(crate) static CLOUD_CONFIGURATION: Block = block(
    "CloudConfiguration",
    &[
        boots("manageStorageClasses", Boolean),
        refused("multizone", Boolean, "it belongs to another cloud; kedge provisions AWS"),
        refused("nodeTags", Text, "it belongs to another cloud; kedge provisions AWS"),
        refused("nodeInstancePrefix", Text, "it belongs to another cloud; kedge provisions AWS"),
        boots("nodeIPFamilies", List(&Text)),
        refused("gceServiceAccount", Text, "it belongs to another cloud; kedge provisions AWS"),
        refused("gceUseStartupScript", Boolean, "it belongs to another cloud; kedge provisions AWS"),
        boots("disableSecurityGroupIngress", Boolean),
        boots("elbSecurityGroup", Text),
        acts("nlbSecurityGroupMode", Text),
        acts("useIPBasedNodeNames", Boolean),
        idle("vSphereUsername", Text, ELSEWHERE),
        idle("vSpherePassword", Text, ELSEWHERE),
        idle("vSphereServer", Text, ELSEWHERE),
        idle("vSphereDatacenter", Text, ELSEWHERE),
        idle("vSphereResourcePool", Text, ELSEWHERE),
        idle("vSphereDatastore", Text, ELSEWHERE),
        idle("vSphereCoreDNSServer", Text, ELSEWHERE),
        refused(
            "spotinstProduct",
            Text,
            "Spot by NetApp would own the instances; use `mixedInstancesPolicy` of the groups",
        ),
        refused(
            "spotinstOrientation",
            Text,
            "Spot by NetApp would own the instances; use `mixedInstancesPolicy` of the groups",
        ),
        idle("openstack", Object(&OPENSTACK_SPEC), ELSEWHERE),
        idle("azure", Object(&AZURE_SPEC), ELSEWHERE),
        acts("awsEBSCSIDriver", Object(&EBSCSI_DRIVER_SPEC)),
        refused("gcpPDCSIDriver", Object(&PDCSI_DRIVER), "it belongs to another cloud; kedge provisions AWS"),
    ],
);

pub(crate) static OPENSTACK_SPEC: Block = block(
    "OpenstackSpec",
    &[
        quiet("loadbalancer", Object(&OPENSTACK_LOADBALANCER_CONFIG)),
        quiet("monitor", Object(&OPENSTACK_MONITOR)),
        quiet("router", Object(&OPENSTACK_ROUTER)),
        quiet("blockStorage", Object(&OPENSTACK_BLOCK_STORAGE_CONFIG)),
        quiet("insecureSkipVerify", Boolean),
        quiet("network", Object(&OPENSTACK_NETWORK)),
        quiet("metadata", Object(&OPENSTACK_METADATA)),
    ],
);

pub(crate) static AZURE_SPEC: Block = block(
    "AzureSpec",
    &[
        quiet("subscriptionId", Text),
        quiet("storageAccountID", Text),
        quiet("tenantId", Text),
        quiet("resourceGroupName", Text),
        quiet("routeTableName", Text),
        quiet("adminUser", Text),
    ],
);

pub(crate) static EBSCSI_DRIVER_SPEC: Block = block(
    "EBSCSIDriverSpec",
    &[
        acts("enabled", Boolean),
        boots("managed", Boolean),
        boots("version", Text),
        boots("kubeAPIQPS", Quantity),
        boots("kubeAPIBurst", Integer),
        boots("hostNetwork", Boolean),
        boots("volumeAttachLimit", Integer),
        boots("podAnnotations", Map(&Text)),
    ],
);

pub(crate) static PDCSI_DRIVER: Block =
    block("PDCSIDriver", &[quiet("enabled", Boolean), quiet("version", Text), quiet("defaultStorageClassName", Text)]);

pub(crate) static OPENSTACK_LOADBALANCER_CONFIG: Block = block(
    "OpenstackLoadbalancerConfig",
    &[
        quiet("method", Text),
        quiet("provider", Text),
        quiet("useOctavia", Boolean),
        quiet("floatingNetwork", Text),
        quiet("floatingNetworkID", Text),
        quiet("floatingSubnet", Text),
        quiet("subnetID", Text),
        quiet("manageSecurityGroups", Boolean),
        quiet("enableIngressHostname", Boolean),
        quiet("ingressHostnameSuffix", Text),
        quiet("flavorID", Text),
    ],
);

pub(crate) static OPENSTACK_MONITOR: Block =
    block("OpenstackMonitor", &[quiet("delay", Text), quiet("timeout", Text), quiet("maxRetries", Integer)]);

pub(crate) static OPENSTACK_ROUTER: Block = block(
    "OpenstackRouter",
    &[
        quiet("externalNetwork", Text),
        quiet("dnsServers", Text),
        quiet("externalSubnet", Text),
        quiet("availabilityZoneHints", List(&Text)),
    ],
);

pub(crate) static OPENSTACK_BLOCK_STORAGE_CONFIG: Block = block(
    "OpenstackBlockStorageConfig",
    &[
        quiet("bs-version", Text),
        quiet("ignore-volume-az", Boolean),
        quiet("override-volume-az", Text),
        quiet("ignore-volume-microversion", Boolean),
        quiet("metricsEnabled", Boolean),
        quiet("createStorageClass", Boolean),
        quiet("csiPluginImage", Text),
        quiet("csiTopologySupport", Boolean),
        quiet("clusterName", Text),
    ],
);

pub(crate) static OPENSTACK_NETWORK: Block = block(
    "OpenstackNetwork",
    &[
        quiet("availabilityZoneHints", List(&Text)),
        quiet("ipv6SupportDisabled", Boolean),
        quiet("publicNetworkNames", List(&Text)),
        quiet("internalNetworkNames", List(&Text)),
        quiet("addressSortOrder", Text),
    ],
);

pub(crate) static OPENSTACK_METADATA: Block = block("OpenstackMetadata", &[quiet("configDrive", Boolean)]);

pub(crate) static NTP_CONFIG: Block = block("NTPConfig", &[boots("managed", Boolean)]);

pub(crate) static DOCKER_CONFIG: Block = block(
    "DockerConfig",
    &[
        quiet("authorizationPlugins", List(&Text)),
        quiet("bridge", Text),
        quiet("bridgeIP", Text),
        quiet("dataRoot", Text),
        quiet("defaultUlimit", List(&Text)),
        quiet("defaultRuntime", Text),
        quiet("dns", List(&Text)),
        quiet("execOpt", List(&Text)),
        quiet("execRoot", Text),
        quiet("experimental", Boolean),
        quiet("healthCheck", Boolean),
        quiet("hosts", List(&Text)),
        quiet("ipMasq", Boolean),
        quiet("ipTables", Boolean),
        quiet("insecureRegistry", Text),
        quiet("insecureRegistries", List(&Text)),
        quiet("liveRestore", Boolean),
        quiet("logDriver", Text),
        quiet("logLevel", Text),
        quiet("logOpt", List(&Text)),
        quiet("maxConcurrentDownloads", Integer),
        quiet("maxConcurrentUploads", Integer),
        quiet("maxDownloadAttempts", Integer),
        quiet("metricsAddress", Text),
        quiet("mtu", Integer),
        quiet("packages", Object(&PACKAGES_CONFIG)),
        quiet("registryMirrors", List(&Text)),
        quiet("runtimes", List(&Text)),
        quiet("selinuxEnabled", Boolean),
        quiet("skipInstall", Boolean),
        quiet("storage", Text),
        quiet("storageOpts", List(&Text)),
        quiet("userNamespaceRemap", Text),
        quiet("version", Text),
    ],
);
