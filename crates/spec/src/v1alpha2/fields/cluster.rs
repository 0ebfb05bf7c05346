//! Fields of a `Cluster` and of the blocks that only it has.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::access::{API_SPEC, TOPOLOGY_SPEC};
use super::addons::{
    CERT_MANAGER_CONFIG, CLUSTER_AUTOSCALER_CONFIG, LOAD_BALANCER_CONTROLLER_SPEC, METRICS_SERVER_CONFIG,
    NODE_PROBLEM_DETECTOR_CONFIG, NODE_TERMINATION_HANDLER_SPEC, SNAPSHOT_CONTROLLER_CONFIG,
};
use super::api_server::KUBE_API_SERVER_CONFIG;
use super::cloud::{CLOUD_CONFIGURATION, DOCKER_CONFIG, NTP_CONFIG};
use super::control_plane::{
    CLOUD_CONTROLLER_MANAGER_CONFIG, KUBE_CONTROLLER_MANAGER_CONFIG, KUBE_PROXY_CONFIG, KUBE_SCHEDULER_CONFIG,
};
use super::etcd::ETCD_CLUSTER_SPEC;
use super::kubelet::KUBELET_CONFIG_SPEC;
use super::networking::NETWORKING_SPEC;
use super::shared::{CONTAINERD_CONFIG, FILE_ASSET_SPEC, HOOK_SPEC, ROLLING_UPDATE, WARM_POOL_SPEC};
use crate::field::Shape::{Any, Boolean, Duration, Integer, List, Map, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, quiet, refused};

const GOSSIP: &str = "clusters without hosted zones use `topology: {dns: {type: None}}`; gossip was removed from kops";

pub(crate) static CLUSTER_SPEC: Block = block(
    "ClusterSpec",
    &[
        quiet("channel", Text),
        quiet("addons", List(&Object(&ADDON_SPEC))),
        acts("configBase", Text),
        acts("cloudProvider", Text),
        refused("gossipConfig", Object(&GOSSIP_CONFIG), GOSSIP),
        quiet("containerRuntime", Word(&["containerd", "docker"])),
        acts("kubernetesVersion", Text),
        acts("subnets", List(&Object(&CLUSTER_SUBNET_SPEC))),
        quiet("project", Text),
        acts("masterPublicName", Text),
        quiet("masterInternalName", Text),
        acts("networkCIDR", Text),
        acts("additionalNetworkCIDRs", List(&Text)),
        acts("networkID", Text),
        acts("topology", Object(&TOPOLOGY_SPEC)),
        quiet("secretStore", Text),
        quiet("keyStore", Text),
        quiet("configStore", Text),
        acts("dnsZone", Text),
        refused("dnsControllerGossipConfig", Object(&DNS_CONTROLLER_GOSSIP_CONFIG), GOSSIP),
        quiet("additionalSans", List(&Text)),
        quiet("clusterDNSDomain", Text),
        quiet("serviceClusterIPRange", Text),
        quiet("podCIDR", Text),
        acts("nonMasqueradeCIDR", Text),
        acts("sshAccess", List(&Text)),
        acts("nodePortAccess", List(&Text)),
        quiet("egressProxy", Object(&EGRESS_PROXY_SPEC)),
        acts("sshKeyName", Text),
        acts("kubernetesApiAccess", List(&Text)),
        quiet("isolateMasters", Boolean),
        quiet("updatePolicy", Word(&["automatic", "external"])),
        acts("externalPolicies", Map(&List(&Text))),
        acts("additionalPolicies", Map(&Text)),
        quiet("fileAssets", List(&Object(&FILE_ASSET_SPEC))),
        acts("etcdClusters", List(&Object(&ETCD_CLUSTER_SPEC))),
        refused("docker", Object(&DOCKER_CONFIG), "Kubernetes runs no Docker since 1.24; see `containerd`"),
        acts("containerd", Object(&CONTAINERD_CONFIG)),
        quiet("kubeDNS", Object(&KUBE_DNS_CONFIG)),
        acts("kubeAPIServer", Object(&KUBE_API_SERVER_CONFIG)),
        quiet("kubeControllerManager", Object(&KUBE_CONTROLLER_MANAGER_CONFIG)),
        quiet("cloudControllerManager", Object(&CLOUD_CONTROLLER_MANAGER_CONFIG)),
        quiet("kubeScheduler", Object(&KUBE_SCHEDULER_CONFIG)),
        quiet("kubeProxy", Object(&KUBE_PROXY_CONFIG)),
        acts("kubelet", Object(&KUBELET_CONFIG_SPEC)),
        acts("masterKubelet", Object(&KUBELET_CONFIG_SPEC)),
        acts("cloudConfig", Object(&CLOUD_CONFIGURATION)),
        acts("externalDns", Object(&EXTERNAL_DNS_CONFIG)),
        quiet("ntp", Object(&NTP_CONFIG)),
        quiet("packages", List(&Text)),
        acts("nodeTerminationHandler", Object(&NODE_TERMINATION_HANDLER_SPEC)),
        quiet("nodeProblemDetector", Object(&NODE_PROBLEM_DETECTOR_CONFIG)),
        quiet("metricsServer", Object(&METRICS_SERVER_CONFIG)),
        acts("certManager", Object(&CERT_MANAGER_CONFIG)),
        acts("awsLoadBalancerController", Object(&LOAD_BALANCER_CONTROLLER_SPEC)),
        acts("networking", Object(&NETWORKING_SPEC)),
        acts("api", Object(&API_SPEC)),
        quiet("authentication", Object(&AUTHENTICATION_SPEC)),
        quiet("authorization", Object(&AUTHORIZATION_SPEC)),
        refused(
            "nodeAuthorization",
            Object(&NODE_AUTHORIZATION_SPEC),
            "kops dropped it; nodes prove who they are without a setting",
        ),
        acts("cloudLabels", Map(&Text)),
        quiet("hooks", List(&Object(&HOOK_SPEC))),
        quiet("assets", Object(&ASSETS_SPEC)),
        acts("iam", Object(&IAM_SPEC)),
        acts("encryptionConfig", Boolean),
        acts("DisableSubnetTags", Boolean),
        quiet("target", Object(&TARGET_SPEC)),
        quiet("useHostCertificates", Boolean),
        quiet("sysctlParameters", List(&Text)),
        quiet("rollingUpdate", Object(&ROLLING_UPDATE)),
        acts("clusterAutoscaler", Object(&CLUSTER_AUTOSCALER_CONFIG)),
        acts("warmPool", Object(&WARM_POOL_SPEC)),
        acts("serviceAccountIssuerDiscovery", Object(&SERVICE_ACCOUNT_ISSUER_DISCOVERY_CONFIG)),
        acts("snapshotController", Object(&SNAPSHOT_CONTROLLER_CONFIG)),
        acts("karpenter", Object(&KARPENTER_CONFIG)),
        quiet("podIdentityWebhook", Object(&POD_IDENTITY_WEBHOOK_SPEC)),
    ],
);

pub(crate) static ADDON_SPEC: Block = block("AddonSpec", &[quiet("manifest", Text)]);

pub(crate) static GOSSIP_CONFIG: Block = block(
    "GossipConfig",
    &[
        quiet("protocol", Text),
        quiet("listen", Text),
        quiet("secret", Text),
        quiet("secondary", Object(&GOSSIP_CONFIG_SECONDARY)),
    ],
);

pub(crate) static CLUSTER_SUBNET_SPEC: Block = block(
    "ClusterSubnetSpec",
    &[
        acts("name", Text),
        acts("zone", Text),
        quiet("region", Text),
        acts("cidr", Text),
        acts("ipv6CIDR", Text),
        acts("id", Text),
        acts("egress", Text),
        acts("type", Text),
        quiet("publicIP", Text),
        acts("additionalRoutes", List(&Object(&ROUTE_SPEC))),
    ],
);

pub(crate) static DNS_CONTROLLER_GOSSIP_CONFIG: Block = block(
    "DNSControllerGossipConfig",
    &[
        quiet("protocol", Text),
        quiet("listen", Text),
        quiet("secret", Text),
        quiet("secondary", Object(&DNS_CONTROLLER_GOSSIP_CONFIG_SECONDARY)),
        quiet("seed", Text),
    ],
);

pub(crate) static EGRESS_PROXY_SPEC: Block =
    block("EgressProxySpec", &[quiet("httpProxy", Object(&HTTP_PROXY)), quiet("excludes", Text)]);

pub(crate) static KUBE_DNS_CONFIG: Block = block(
    "KubeDNSConfig",
    &[
        quiet("cacheMaxSize", Integer),
        quiet("cacheMaxConcurrent", Integer),
        quiet("tolerations", List(&Any)),
        quiet("affinity", Any),
        quiet("coreDNSImage", Text),
        quiet("cpaImage", Text),
        quiet("domain", Text),
        quiet("externalCoreFile", Text),
        quiet("image", Text),
        quiet("replicas", Integer),
        quiet("provider", Text),
        quiet("serverIP", Text),
        quiet("stubDomains", Map(&List(&Text))),
        quiet("upstreamNameservers", List(&Text)),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("memoryLimit", Quantity),
        quiet("nodeLocalDNS", Object(&NODE_LOCAL_DNS_CONFIG)),
        quiet("podAnnotations", Map(&Text)),
    ],
);

pub(crate) static EXTERNAL_DNS_CONFIG: Block = block(
    "ExternalDNSConfig",
    &[
        quiet("disable", Boolean),
        quiet("watchIngress", Boolean),
        quiet("watchNamespace", Text),
        acts("provider", Text),
        quiet("priorityClassName", Text),
    ],
);

pub(crate) static AUTHENTICATION_SPEC: Block = block(
    "AuthenticationSpec",
    &[quiet("kopeio", Object(&KOPEIO_AUTHENTICATION_SPEC)), quiet("aws", Object(&AWS_AUTHENTICATION_SPEC))],
);

pub(crate) static AUTHORIZATION_SPEC: Block = block(
    "AuthorizationSpec",
    &[quiet("alwaysAllow", Object(&ALWAYS_ALLOW_AUTHORIZATION_SPEC)), quiet("rbac", Object(&RBAC_AUTHORIZATION_SPEC))],
);

pub(crate) static NODE_AUTHORIZATION_SPEC: Block =
    block("NodeAuthorizationSpec", &[quiet("nodeAuthorizer", Object(&NODE_AUTHORIZER_SPEC))]);

pub(crate) static ASSETS_SPEC: Block = block(
    "AssetsSpec",
    &[quiet("containerRegistry", Text), quiet("fileRepository", Text), quiet("containerProxy", Text)],
);

pub(crate) static IAM_SPEC: Block = block(
    "IAMSpec",
    &[
        acts("legacy", Boolean),
        acts("allowContainerRegistry", Boolean),
        acts("permissionsBoundary", Text),
        acts("useServiceAccountExternalPermissions", Boolean),
        acts("serviceAccountExternalPermissions", List(&Object(&SERVICE_ACCOUNT_EXTERNAL_PERMISSION))),
    ],
);

pub(crate) static TARGET_SPEC: Block = block("TargetSpec", &[quiet("terraform", Object(&TERRAFORM_SPEC))]);

pub(crate) static SERVICE_ACCOUNT_ISSUER_DISCOVERY_CONFIG: Block = block(
    "ServiceAccountIssuerDiscoveryConfig",
    &[
        acts("discoveryStore", Text),
        acts("discoveryService", Object(&DISCOVERY_SERVICE_OPTIONS)),
        acts("enableAWSOIDCProvider", Boolean),
        acts("additionalAudiences", List(&Text)),
    ],
);

pub(crate) static KARPENTER_CONFIG: Block = block(
    "KarpenterConfig",
    &[
        acts("enabled", Boolean),
        quiet("logEncoding", Text),
        quiet("logLevel", Text),
        quiet("image", Text),
        quiet("featureGates", Text),
        quiet("memoryLimit", Quantity),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
    ],
);

pub(crate) static POD_IDENTITY_WEBHOOK_SPEC: Block =
    block("PodIdentityWebhookSpec", &[quiet("enabled", Boolean), quiet("replicas", Integer)]);

pub(crate) static GOSSIP_CONFIG_SECONDARY: Block =
    block("GossipConfigSecondary", &[quiet("protocol", Text), quiet("listen", Text), quiet("secret", Text)]);

pub(crate) static ROUTE_SPEC: Block = block("RouteSpec", &[acts("cidr", Text), acts("target", Text)]);

pub(crate) static DNS_CONTROLLER_GOSSIP_CONFIG_SECONDARY: Block = block(
    "DNSControllerGossipConfigSecondary",
    &[quiet("protocol", Text), quiet("listen", Text), quiet("secret", Text), quiet("seed", Text)],
);

pub(crate) static HTTP_PROXY: Block = block("HTTPProxy", &[quiet("host", Text), quiet("port", Integer)]);

pub(crate) static NODE_LOCAL_DNS_CONFIG: Block = block(
    "NodeLocalDNSConfig",
    &[
        quiet("enabled", Boolean),
        quiet("externalCoreFile", Text),
        quiet("additionalConfig", Text),
        quiet("image", Text),
        quiet("localIP", Text),
        quiet("forwardToKubeDNS", Boolean),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("podAnnotations", Map(&Text)),
    ],
);

pub(crate) static KOPEIO_AUTHENTICATION_SPEC: Block = block("KopeioAuthenticationSpec", &[]);

pub(crate) static AWS_AUTHENTICATION_SPEC: Block = block(
    "AWSAuthenticationSpec",
    &[
        quiet("image", Text),
        quiet("backendMode", Text),
        quiet("clusterID", Text),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("memoryLimit", Quantity),
        quiet("cpuLimit", Quantity),
        quiet("identityMappings", List(&Object(&AWS_AUTHENTICATION_IDENTITY_MAPPING_SPEC))),
    ],
);

pub(crate) static ALWAYS_ALLOW_AUTHORIZATION_SPEC: Block = block("AlwaysAllowAuthorizationSpec", &[]);

pub(crate) static RBAC_AUTHORIZATION_SPEC: Block = block("RBACAuthorizationSpec", &[]);

pub(crate) static NODE_AUTHORIZER_SPEC: Block = block(
    "NodeAuthorizerSpec",
    &[
        quiet("authorizer", Text),
        quiet("features", List(&Text)),
        quiet("image", Text),
        quiet("nodeURL", Text),
        quiet("port", Integer),
        quiet("interval", Duration),
        quiet("timeout", Duration),
        quiet("tokenTTL", Duration),
    ],
);

pub(crate) static SERVICE_ACCOUNT_EXTERNAL_PERMISSION: Block = block(
    "ServiceAccountExternalPermission",
    &[acts("name", Text), acts("namespace", Text), acts("aws", Object(&AWS_PERMISSION))],
);

pub(crate) static TERRAFORM_SPEC: Block =
    block("TerraformSpec", &[quiet("providerExtraConfig", Map(&Text)), quiet("filesProviderExtraConfig", Map(&Text))]);

pub(crate) static DISCOVERY_SERVICE_OPTIONS: Block = block("DiscoveryServiceOptions", &[acts("url", Text)]);

pub(crate) static AWS_AUTHENTICATION_IDENTITY_MAPPING_SPEC: Block = block(
    "AWSAuthenticationIdentityMappingSpec",
    &[quiet("arn", Text), quiet("username", Text), quiet("groups", List(&Text))],
);

pub(crate) static AWS_PERMISSION: Block =
    block("AWSPermission", &[acts("policyARNs", List(&Text)), acts("inlinePolicy", Text)]);
