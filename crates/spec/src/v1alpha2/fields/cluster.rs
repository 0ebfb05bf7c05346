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
use super::reasons::{ELSEWHERE, KARPENTER, KOPS_TOO, NO_UPDATES, STORE};
use super::shared::{CONTAINERD_CONFIG, FILE_ASSET_SPEC, HOOK_SPEC, ROLLING_UPDATE, WARM_POOL_SPEC};
use crate::field::Shape::{Any, Boolean, Duration, Integer, List, Map, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots, idle, quiet, refused};

const GOSSIP: &str = "clusters without hosted zones use `topology: {dns: {type: None}}`; gossip was removed from kops";

pub(crate) static CLUSTER_SPEC: Block = block(
    "ClusterSpec",
    &[
        idle("channel", Text, "kedge names the versions of add-ons itself"),
        boots("addons", List(&Object(&ADDON_SPEC))),
        acts("configBase", Text),
        acts("cloudProvider", Text),
        refused("gossipConfig", Object(&GOSSIP_CONFIG), GOSSIP),
        idle("containerRuntime", Word(&["containerd", "docker"]), "it is always containerd"),
        acts("kubernetesVersion", Text),
        acts("subnets", List(&Object(&CLUSTER_SUBNET_SPEC))),
        idle("project", Text, ELSEWHERE),
        acts("masterPublicName", Text),
        idle("masterInternalName", Text, KOPS_TOO),
        acts("networkCIDR", Text),
        acts("additionalNetworkCIDRs", List(&Text)),
        acts("networkID", Text),
        acts("topology", Object(&TOPOLOGY_SPEC)),
        idle("secretStore", Text, STORE),
        idle("keyStore", Text, STORE),
        idle("configStore", Text, STORE),
        acts("dnsZone", Text),
        refused("dnsControllerGossipConfig", Object(&DNS_CONTROLLER_GOSSIP_CONFIG), GOSSIP),
        boots("additionalSans", List(&Text)),
        boots("clusterDNSDomain", Text),
        boots("serviceClusterIPRange", Text),
        boots("podCIDR", Text),
        acts("nonMasqueradeCIDR", Text),
        acts("sshAccess", List(&Text)),
        acts("nodePortAccess", List(&Text)),
        boots("egressProxy", Object(&EGRESS_PROXY_SPEC)),
        acts("sshKeyName", Text),
        acts("kubernetesApiAccess", List(&Text)),
        idle("isolateMasters", Boolean, "control planes are on the network of pods"),
        idle("updatePolicy", Word(&["automatic", "external"]), NO_UPDATES),
        acts("externalPolicies", Map(&List(&Text))),
        acts("additionalPolicies", Map(&Text)),
        boots("fileAssets", List(&Object(&FILE_ASSET_SPEC))),
        acts("etcdClusters", List(&Object(&ETCD_CLUSTER_SPEC))),
        refused("docker", Object(&DOCKER_CONFIG), "Kubernetes runs no Docker since 1.24; see `containerd`"),
        acts("containerd", Object(&CONTAINERD_CONFIG)),
        boots("kubeDNS", Object(&KUBE_DNS_CONFIG)),
        acts("kubeAPIServer", Object(&KUBE_API_SERVER_CONFIG)),
        boots("kubeControllerManager", Object(&KUBE_CONTROLLER_MANAGER_CONFIG)),
        boots("cloudControllerManager", Object(&CLOUD_CONTROLLER_MANAGER_CONFIG)),
        boots("kubeScheduler", Object(&KUBE_SCHEDULER_CONFIG)),
        boots("kubeProxy", Object(&KUBE_PROXY_CONFIG)),
        acts("kubelet", Object(&KUBELET_CONFIG_SPEC)),
        acts("masterKubelet", Object(&KUBELET_CONFIG_SPEC)),
        acts("cloudConfig", Object(&CLOUD_CONFIGURATION)),
        acts("externalDns", Object(&EXTERNAL_DNS_CONFIG)),
        boots("ntp", Object(&NTP_CONFIG)),
        boots("packages", List(&Text)),
        acts("nodeTerminationHandler", Object(&NODE_TERMINATION_HANDLER_SPEC)),
        boots("nodeProblemDetector", Object(&NODE_PROBLEM_DETECTOR_CONFIG)),
        boots("metricsServer", Object(&METRICS_SERVER_CONFIG)),
        acts("certManager", Object(&CERT_MANAGER_CONFIG)),
        acts("awsLoadBalancerController", Object(&LOAD_BALANCER_CONTROLLER_SPEC)),
        acts("networking", Object(&NETWORKING_SPEC)),
        acts("api", Object(&API_SPEC)),
        idle(
            "authentication",
            Object(&AUTHENTICATION_SPEC),
            "kedge runs neither of them; `kubeAPIServer` has the fields for OIDC",
        ),
        boots("authorization", Object(&AUTHORIZATION_SPEC)),
        refused(
            "nodeAuthorization",
            Object(&NODE_AUTHORIZATION_SPEC),
            "kops dropped it; nodes prove who they are without a setting",
        ),
        acts("cloudLabels", Map(&Text)),
        boots("hooks", List(&Object(&HOOK_SPEC))),
        boots("assets", Object(&ASSETS_SPEC)),
        acts("iam", Object(&IAM_SPEC)),
        acts("encryptionConfig", Boolean),
        acts("DisableSubnetTags", Boolean),
        idle("target", Object(&TARGET_SPEC), "kedge writes no Terraform"),
        idle("useHostCertificates", Boolean, "kubeadm always mounts the certificates of the host"),
        boots("sysctlParameters", List(&Text)),
        idle("rollingUpdate", Object(&ROLLING_UPDATE), NO_UPDATES),
        acts("clusterAutoscaler", Object(&CLUSTER_AUTOSCALER_CONFIG)),
        acts("warmPool", Object(&WARM_POOL_SPEC)),
        acts("serviceAccountIssuerDiscovery", Object(&SERVICE_ACCOUNT_ISSUER_DISCOVERY_CONFIG)),
        acts("snapshotController", Object(&SNAPSHOT_CONTROLLER_CONFIG)),
        acts("karpenter", Object(&KARPENTER_CONFIG)),
        boots("podIdentityWebhook", Object(&POD_IDENTITY_WEBHOOK_SPEC)),
    ],
);

pub(crate) static ADDON_SPEC: Block = block("AddonSpec", &[boots("manifest", Text)]);

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
        idle("region", Text, ELSEWHERE),
        acts("cidr", Text),
        acts("ipv6CIDR", Text),
        acts("id", Text),
        acts("egress", Text),
        acts("type", Text),
        idle("publicIP", Text, ELSEWHERE),
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
    block("EgressProxySpec", &[boots("httpProxy", Object(&HTTP_PROXY)), boots("excludes", Text)]);

pub(crate) static KUBE_DNS_CONFIG: Block = block(
    "KubeDNSConfig",
    &[
        boots("cacheMaxSize", Integer),
        boots("cacheMaxConcurrent", Integer),
        boots("tolerations", List(&Any)),
        boots("affinity", Any),
        boots("coreDNSImage", Text),
        boots("cpaImage", Text),
        boots("domain", Text),
        boots("externalCoreFile", Text),
        boots("image", Text),
        boots("replicas", Integer),
        boots("provider", Text),
        boots("serverIP", Text),
        boots("stubDomains", Map(&List(&Text))),
        boots("upstreamNameservers", List(&Text)),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
        boots("memoryLimit", Quantity),
        boots("nodeLocalDNS", Object(&NODE_LOCAL_DNS_CONFIG)),
        boots("podAnnotations", Map(&Text)),
    ],
);

pub(crate) static EXTERNAL_DNS_CONFIG: Block = block(
    "ExternalDNSConfig",
    &[
        boots("disable", Boolean),
        boots("watchIngress", Boolean),
        boots("watchNamespace", Text),
        acts("provider", Text),
        boots("priorityClassName", Text),
    ],
);

pub(crate) static AUTHENTICATION_SPEC: Block = block(
    "AuthenticationSpec",
    &[quiet("kopeio", Object(&KOPEIO_AUTHENTICATION_SPEC)), quiet("aws", Object(&AWS_AUTHENTICATION_SPEC))],
);

pub(crate) static AUTHORIZATION_SPEC: Block = block(
    "AuthorizationSpec",
    &[boots("alwaysAllow", Object(&ALWAYS_ALLOW_AUTHORIZATION_SPEC)), boots("rbac", Object(&RBAC_AUTHORIZATION_SPEC))],
);

pub(crate) static NODE_AUTHORIZATION_SPEC: Block =
    block("NodeAuthorizationSpec", &[quiet("nodeAuthorizer", Object(&NODE_AUTHORIZER_SPEC))]);

pub(crate) static ASSETS_SPEC: Block = block(
    "AssetsSpec",
    &[
        boots("containerRegistry", Text),
        idle("fileRepository", Text, "instances take their packages from signed repositories"),
        boots("containerProxy", Text),
    ],
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
        idle("logEncoding", Text, KARPENTER),
        idle("logLevel", Text, KARPENTER),
        idle("image", Text, KARPENTER),
        idle("featureGates", Text, KARPENTER),
        idle("memoryLimit", Quantity, KARPENTER),
        idle("memoryRequest", Quantity, KARPENTER),
        idle("cpuRequest", Quantity, KARPENTER),
    ],
);

pub(crate) static POD_IDENTITY_WEBHOOK_SPEC: Block =
    block("PodIdentityWebhookSpec", &[boots("enabled", Boolean), boots("replicas", Integer)]);

pub(crate) static GOSSIP_CONFIG_SECONDARY: Block =
    block("GossipConfigSecondary", &[quiet("protocol", Text), quiet("listen", Text), quiet("secret", Text)]);

pub(crate) static ROUTE_SPEC: Block = block("RouteSpec", &[acts("cidr", Text), acts("target", Text)]);

pub(crate) static DNS_CONTROLLER_GOSSIP_CONFIG_SECONDARY: Block = block(
    "DNSControllerGossipConfigSecondary",
    &[quiet("protocol", Text), quiet("listen", Text), quiet("secret", Text), quiet("seed", Text)],
);

pub(crate) static HTTP_PROXY: Block = block("HTTPProxy", &[boots("host", Text), boots("port", Integer)]);

pub(crate) static NODE_LOCAL_DNS_CONFIG: Block = block(
    "NodeLocalDNSConfig",
    &[
        boots("enabled", Boolean),
        boots("externalCoreFile", Text),
        boots("additionalConfig", Text),
        boots("image", Text),
        boots("localIP", Text),
        boots("forwardToKubeDNS", Boolean),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
        boots("podAnnotations", Map(&Text)),
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
