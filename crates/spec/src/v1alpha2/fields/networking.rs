//! Fields of the network plugins.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::etcd::ENV_VAR;
use crate::field::Shape::{Boolean, Integer, List, Map, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, quiet, refused};

pub(crate) static NETWORKING_SPEC: Block = block(
    "NetworkingSpec",
    &[
        refused(
            "classic",
            Object(&CLASSIC_NETWORKING_SPEC),
            "the plugin was removed from kops; choose one of amazonvpc, calico, cilium, cni, flannel, kindnet, kopeio, kuberouter",
        ),
        acts("kubenet", Object(&KUBENET_NETWORKING_SPEC)),
        refused(
            "external",
            Object(&EXTERNAL_NETWORKING_SPEC),
            "kedge does not run routes for a foreign plugin; `cni: {}` leaves the plugin to you",
        ),
        acts("cni", Object(&CNI_NETWORKING_SPEC)),
        acts("kopeio", Object(&KOPEIO_NETWORKING_SPEC)),
        refused(
            "weave",
            Object(&WEAVE_NETWORKING_SPEC),
            "the plugin was removed from kops; choose one of amazonvpc, calico, cilium, cni, flannel, kindnet, kopeio, kuberouter",
        ),
        acts("flannel", Object(&FLANNEL_NETWORKING_SPEC)),
        acts("calico", Object(&CALICO_NETWORKING_SPEC)),
        refused(
            "canal",
            Object(&CANAL_NETWORKING_SPEC),
            "the plugin was removed from kops; choose one of amazonvpc, calico, cilium, cni, flannel, kindnet, kopeio, kuberouter",
        ),
        acts("kuberouter", Object(&KUBEROUTER_NETWORKING_SPEC)),
        refused(
            "romana",
            Object(&ROMANA_NETWORKING_SPEC),
            "the plugin was removed from kops; choose one of amazonvpc, calico, cilium, cni, flannel, kindnet, kopeio, kuberouter",
        ),
        acts("amazonvpc", Object(&AMAZON_VPC_NETWORKING_SPEC)),
        acts("cilium", Object(&CILIUM_NETWORKING_SPEC)),
        refused(
            "lyftvpc",
            Object(&LYFT_VPC_NETWORKING_SPEC),
            "the plugin was removed from kops; choose one of amazonvpc, calico, cilium, cni, flannel, kindnet, kopeio, kuberouter",
        ),
        refused("gce", Object(&GCP_NETWORKING_SPEC), "it belongs to another cloud; kedge provisions AWS"),
        acts("kindnet", Object(&KINDNET_NETWORKING_SPEC)),
    ],
);

pub(crate) static CLASSIC_NETWORKING_SPEC: Block = block("ClassicNetworkingSpec", &[]);

pub(crate) static KUBENET_NETWORKING_SPEC: Block = block("KubenetNetworkingSpec", &[]);

pub(crate) static EXTERNAL_NETWORKING_SPEC: Block = block("ExternalNetworkingSpec", &[]);

pub(crate) static CNI_NETWORKING_SPEC: Block = block("CNINetworkingSpec", &[quiet("usesSecondaryIP", Boolean)]);

pub(crate) static KOPEIO_NETWORKING_SPEC: Block = block("KopeioNetworkingSpec", &[]);

pub(crate) static WEAVE_NETWORKING_SPEC: Block = block(
    "WeaveNetworkingSpec",
    &[
        quiet("mtu", Integer),
        quiet("connLimit", Integer),
        quiet("noMasqLocal", Integer),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("memoryLimit", Quantity),
        quiet("cpuLimit", Quantity),
        quiet("netExtraArgs", Text),
        quiet("npcMemoryRequest", Quantity),
        quiet("npcCPURequest", Quantity),
        quiet("npcMemoryLimit", Quantity),
        quiet("npcCPULimit", Quantity),
        quiet("npcExtraArgs", Text),
        quiet("version", Text),
    ],
);

pub(crate) static FLANNEL_NETWORKING_SPEC: Block = block(
    "FlannelNetworkingSpec",
    &[
        quiet("backend", Word(&["udp", "vxlan"])),
        quiet("disableTxChecksumOffloading", Boolean),
        quiet("iptablesResyncSeconds", Integer),
    ],
);

pub(crate) static CALICO_NETWORKING_SPEC: Block = block(
    "CalicoNetworkingSpec",
    &[
        quiet("registry", Text),
        quiet("version", Text),
        quiet("allowIPForwarding", Boolean),
        acts("awsSrcDstCheck", Word(&["Enable", "Disable", "DoNothing"])),
        quiet("bpfEnabled", Boolean),
        quiet("bpfExternalServiceMode", Word(&["Tunnel", "DSR"])),
        quiet("bpfKubeProxyIptablesCleanupEnabled", Boolean),
        quiet("bpfLogLevel", Word(&["Off", "Info", "Debug"])),
        quiet("chainInsertMode", Word(&["insert", "append"])),
        quiet("cpuRequest", Quantity),
        quiet("crossSubnet", Boolean),
        quiet("encapsulationMode", Word(&["ipip", "vxlan", "none"])),
        quiet("ipipMode", Word(&["Always", "CrossSubnet", "Never"])),
        quiet("ipv4AutoDetectionMethod", Text),
        quiet("ipv6AutoDetectionMethod", Text),
        quiet("iptablesBackend", Word(&["Auto", "Legacy", "NFT"])),
        quiet("logSeverityScreen", Text),
        quiet("mtu", Integer),
        quiet("nftablesMode", Word(&["Disabled", "Enabled", "Auto"])),
        quiet("prometheusMetricsEnabled", Boolean),
        quiet("prometheusMetricsPort", Integer),
        quiet("prometheusGoMetricsEnabled", Boolean),
        quiet("prometheusProcessMetricsEnabled", Boolean),
        quiet("majorVersion", Text),
        quiet("typhaPrometheusMetricsEnabled", Boolean),
        quiet("typhaPrometheusMetricsPort", Integer),
        quiet("typhaReplicas", Integer),
        quiet("vxlanMode", Word(&["Always", "CrossSubnet", "Never"])),
        quiet("wireguardEnabled", Boolean),
    ],
);

pub(crate) static CANAL_NETWORKING_SPEC: Block = block(
    "CanalNetworkingSpec",
    &[
        quiet("chainInsertMode", Text),
        quiet("cpuRequest", Quantity),
        quiet("defaultEndpointToHostAction", Text),
        quiet("disableFlannelForwardRules", Boolean),
        quiet("disableTxChecksumOffloading", Boolean),
        quiet("iptablesBackend", Text),
        quiet("logSeveritySys", Text),
        quiet("mtu", Integer),
        quiet("prometheusGoMetricsEnabled", Boolean),
        quiet("prometheusMetricsEnabled", Boolean),
        quiet("prometheusMetricsPort", Integer),
        quiet("prometheusProcessMetricsEnabled", Boolean),
        quiet("typhaPrometheusMetricsEnabled", Boolean),
        quiet("typhaPrometheusMetricsPort", Integer),
        quiet("typhaReplicas", Integer),
    ],
);

pub(crate) static KUBEROUTER_NETWORKING_SPEC: Block =
    block("KuberouterNetworkingSpec", &[quiet("useNFTablesForNetpol", Boolean)]);

pub(crate) static ROMANA_NETWORKING_SPEC: Block =
    block("RomanaNetworkingSpec", &[quiet("daemonServiceIP", Text), quiet("etcdServiceIP", Text)]);

pub(crate) static AMAZON_VPC_NETWORKING_SPEC: Block = block(
    "AmazonVPCNetworkingSpec",
    &[
        quiet("imageName", Text),
        quiet("initImageName", Text),
        quiet("networkPolicyAgentImage", Text),
        quiet("env", List(&Object(&ENV_VAR))),
    ],
);

pub(crate) static CILIUM_NETWORKING_SPEC: Block = block(
    "CiliumNetworkingSpec",
    &[
        quiet("registry", Text),
        quiet("version", Text),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("accessLog", Text),
        quiet("agentLabels", List(&Text)),
        quiet("agentPrometheusPort", Integer),
        quiet("metrics", List(&Text)),
        quiet("allowLocalhost", Text),
        quiet("autoIpv6NodeRoutes", Boolean),
        quiet("bpfRoot", Text),
        quiet("chainingMode", Text),
        quiet("containerRuntime", List(&Text)),
        quiet("containerRuntimeEndpoint", Map(&Text)),
        quiet("debug", Boolean),
        quiet("debugVerbose", List(&Text)),
        quiet("device", Text),
        quiet("disableConntrack", Boolean),
        quiet("disableEndpointCRD", Boolean),
        quiet("disableIpv4", Boolean),
        quiet("disableK8sServices", Boolean),
        quiet("enablePolicy", Word(&["default", "always", "never"])),
        quiet("enableL7Proxy", Boolean),
        quiet("enableLocalRedirectPolicy", Boolean),
        quiet("enableBPFMasquerade", Boolean),
        quiet("enableEndpointHealthChecking", Boolean),
        quiet("enableHostFirewall", Boolean),
        quiet("enableTracing", Boolean),
        quiet("enablePrometheusMetrics", Boolean),
        quiet("enableEncryption", Boolean),
        quiet("encryptionType", Word(&["ipsec", "wireguard"])),
        quiet("nodeEncryption", Boolean),
        quiet("envoyLog", Text),
        quiet("identityAllocationMode", Word(&["crd", "kvstore"])),
        quiet("identityChangeGracePeriod", Text),
        quiet("ipv4ClusterCidrMaskSize", Integer),
        quiet("ipv4Node", Text),
        quiet("ipv4Range", Text),
        quiet("ipv4ServiceRange", Text),
        quiet("ipv6ClusterAllocCidr", Text),
        quiet("ipv6Node", Text),
        quiet("ipv6Range", Text),
        quiet("ipv6ServiceRange", Text),
        quiet("k8sApiServer", Text),
        quiet("k8sKubeconfigPath", Text),
        quiet("keepBpfTemplates", Boolean),
        quiet("keepConfig", Boolean),
        quiet("labelPrefixFile", Text),
        quiet("labels", List(&Text)),
        quiet("lb", Text),
        quiet("libDir", Text),
        quiet("logDriver", List(&Text)),
        quiet("logOpt", Map(&Text)),
        quiet("logstash", Boolean),
        quiet("logstashAgent", Text),
        quiet("logstashProbeTimer", Integer),
        quiet("disableMasquerade", Boolean),
        quiet("nat46Range", Text),
        quiet("agentPodAnnotations", Map(&Text)),
        quiet("operatorPodAnnotations", Map(&Text)),
        quiet("pprof", Boolean),
        quiet("prefilterDevice", Text),
        quiet("prometheusServeAddr", Text),
        quiet("restore", Boolean),
        quiet("singleClusterRoute", Boolean),
        quiet("socketPath", Text),
        quiet("stateDir", Text),
        quiet("tracePayloadlen", Integer),
        quiet("tunnel", Word(&["vxlan", "geneve", "disabled"])),
        quiet("enableipv6", Boolean),
        quiet("enableipv4", Boolean),
        quiet("monitorAggregation", Word(&["low", "medium", "maximum"])),
        quiet("bpfCTGlobalTCPMax", Integer),
        quiet("bpfCTGlobalAnyMax", Integer),
        quiet("bpfLBAlgorithm", Word(&["random", "maglev"])),
        quiet("bpfLBMaglevTableSize", Text),
        quiet("bpfNATGlobalMax", Integer),
        quiet("bpfNeighGlobalMax", Integer),
        quiet("bpfPolicyMapMax", Integer),
        quiet("bpfLBMapMax", Integer),
        quiet("bpfLBSock", Boolean),
        quiet("bpfLBSockHostNSOnly", Boolean),
        quiet("preallocateBPFMaps", Boolean),
        quiet("sidecarIstioProxyImage", Text),
        quiet("clusterName", Text),
        quiet("clusterID", Integer),
        quiet("toFqdnsDnsRejectResponseCode", Text),
        quiet("toFqdnsEnablePoller", Boolean),
        quiet("containerRuntimeLabels", Text),
        acts("ipam", Word(&["hostscope", "kubernetes", "crd", "eni"])),
        quiet("IPTablesRulesNoinstall", Boolean),
        quiet("autoDirectNodeRoutes", Boolean),
        quiet("enableHostReachableServices", Boolean),
        quiet("enableNodePort", Boolean),
        acts("etcdManaged", Boolean),
        quiet("enableRemoteNodeIdentity", Boolean),
        quiet("enableUnreachableRoutes", Boolean),
        quiet("cniExclusive", Boolean),
        quiet("hubble", Object(&HUBBLE_SPEC)),
        quiet("removeCbrBridge", Boolean),
        quiet("restartPods", Boolean),
        quiet("reconfigureKubelet", Boolean),
        quiet("nodeInitBootstrapFile", Text),
        quiet("cniBinPath", Text),
        quiet("disableCNPStatusUpdates", Boolean),
        quiet("enableServiceTopology", Boolean),
        quiet("ingress", Object(&CILIUM_INGRESS_SPEC)),
        quiet("gatewayAPI", Object(&CILIUM_GATEWAY_API_SPEC)),
        quiet("extraConfig", Map(&Text)),
    ],
);

pub(crate) static LYFT_VPC_NETWORKING_SPEC: Block = block("LyftVPCNetworkingSpec", &[quiet("subnetTags", Map(&Text))]);

pub(crate) static GCP_NETWORKING_SPEC: Block = block("GCPNetworkingSpec", &[]);

pub(crate) static KINDNET_NETWORKING_SPEC: Block = block(
    "KindnetNetworkingSpec",
    &[
        quiet("version", Text),
        quiet("networkPolicies", Boolean),
        quiet("adminNetworkPolicies", Boolean),
        quiet("baselineAdminNetworkPolicies", Boolean),
        quiet("dnsCaching", Boolean),
        quiet("nat64", Boolean),
        quiet("fastPathThreshold", Integer),
        quiet("masquerade", Object(&KINDNET_MASQUERADE_SPEC)),
        quiet("logLevel", Integer),
    ],
);

pub(crate) static HUBBLE_SPEC: Block = block("HubbleSpec", &[quiet("enabled", Boolean), quiet("metrics", List(&Text))]);

pub(crate) static CILIUM_INGRESS_SPEC: Block = block(
    "CiliumIngressSpec",
    &[
        quiet("enabled", Boolean),
        quiet("enforceHttps", Boolean),
        quiet("enableSecretsSync", Boolean),
        quiet("loadBalancerAnnotationPrefixes", Text),
        quiet("defaultLoadBalancerMode", Word(&["shared", "dedicated"])),
        quiet("sharedLoadBalancerServiceName", Text),
    ],
);

pub(crate) static CILIUM_GATEWAY_API_SPEC: Block =
    block("CiliumGatewayAPISpec", &[quiet("enabled", Boolean), quiet("enableSecretsSync", Boolean)]);

pub(crate) static KINDNET_MASQUERADE_SPEC: Block =
    block("KindnetMasqueradeSpec", &[quiet("enabled", Boolean), quiet("nonMasqueradeCIDRs", List(&Text))]);
