//! Fields of the network plugins.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::etcd::ENV_VAR;
use crate::field::Shape::{Boolean, Integer, List, Map, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots, quiet, refused};

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
        boots("backend", Word(&["udp", "vxlan"])),
        boots("disableTxChecksumOffloading", Boolean),
        boots("iptablesResyncSeconds", Integer),
    ],
);

pub(crate) static CALICO_NETWORKING_SPEC: Block = block(
    "CalicoNetworkingSpec",
    &[
        boots("registry", Text),
        boots("version", Text),
        boots("allowIPForwarding", Boolean),
        acts("awsSrcDstCheck", Word(&["Enable", "Disable", "DoNothing"])),
        boots("bpfEnabled", Boolean),
        boots("bpfExternalServiceMode", Word(&["Tunnel", "DSR"])),
        boots("bpfKubeProxyIptablesCleanupEnabled", Boolean),
        boots("bpfLogLevel", Word(&["Off", "Info", "Debug"])),
        boots("chainInsertMode", Word(&["insert", "append"])),
        boots("cpuRequest", Quantity),
        boots("crossSubnet", Boolean),
        boots("encapsulationMode", Word(&["ipip", "vxlan", "none"])),
        boots("ipipMode", Word(&["Always", "CrossSubnet", "Never"])),
        boots("ipv4AutoDetectionMethod", Text),
        boots("ipv6AutoDetectionMethod", Text),
        boots("iptablesBackend", Word(&["Auto", "Legacy", "NFT"])),
        boots("logSeverityScreen", Text),
        boots("mtu", Integer),
        boots("nftablesMode", Word(&["Disabled", "Enabled", "Auto"])),
        boots("prometheusMetricsEnabled", Boolean),
        boots("prometheusMetricsPort", Integer),
        boots("prometheusGoMetricsEnabled", Boolean),
        boots("prometheusProcessMetricsEnabled", Boolean),
        quiet("majorVersion", Text),
        quiet("typhaPrometheusMetricsEnabled", Boolean),
        quiet("typhaPrometheusMetricsPort", Integer),
        boots("typhaReplicas", Integer),
        boots("vxlanMode", Word(&["Always", "CrossSubnet", "Never"])),
        boots("wireguardEnabled", Boolean),
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
    block("KuberouterNetworkingSpec", &[boots("useNFTablesForNetpol", Boolean)]);

pub(crate) static ROMANA_NETWORKING_SPEC: Block =
    block("RomanaNetworkingSpec", &[quiet("daemonServiceIP", Text), quiet("etcdServiceIP", Text)]);

pub(crate) static AMAZON_VPC_NETWORKING_SPEC: Block = block(
    "AmazonVPCNetworkingSpec",
    &[
        boots("imageName", Text),
        boots("initImageName", Text),
        boots("networkPolicyAgentImage", Text),
        boots("env", List(&Object(&ENV_VAR))),
    ],
);

pub(crate) static CILIUM_NETWORKING_SPEC: Block = block(
    "CiliumNetworkingSpec",
    &[
        boots("registry", Text),
        boots("version", Text),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
        boots("accessLog", Text),
        boots("agentLabels", List(&Text)),
        boots("agentPrometheusPort", Integer),
        boots("metrics", List(&Text)),
        boots("allowLocalhost", Text),
        quiet("autoIpv6NodeRoutes", Boolean),
        boots("bpfRoot", Text),
        boots("chainingMode", Text),
        quiet("containerRuntime", List(&Text)),
        quiet("containerRuntimeEndpoint", Map(&Text)),
        boots("debug", Boolean),
        boots("debugVerbose", List(&Text)),
        boots("device", Text),
        quiet("disableConntrack", Boolean),
        boots("disableEndpointCRD", Boolean),
        quiet("disableIpv4", Boolean),
        quiet("disableK8sServices", Boolean),
        boots("enablePolicy", Word(&["default", "always", "never"])),
        boots("enableL7Proxy", Boolean),
        boots("enableLocalRedirectPolicy", Boolean),
        boots("enableBPFMasquerade", Boolean),
        boots("enableEndpointHealthChecking", Boolean),
        boots("enableHostFirewall", Boolean),
        boots("enableTracing", Boolean),
        boots("enablePrometheusMetrics", Boolean),
        boots("enableEncryption", Boolean),
        boots("encryptionType", Word(&["ipsec", "wireguard"])),
        boots("nodeEncryption", Boolean),
        quiet("envoyLog", Text),
        boots("identityAllocationMode", Word(&["crd", "kvstore"])),
        boots("identityChangeGracePeriod", Text),
        quiet("ipv4ClusterCidrMaskSize", Integer),
        quiet("ipv4Node", Text),
        quiet("ipv4Range", Text),
        boots("ipv4ServiceRange", Text),
        quiet("ipv6ClusterAllocCidr", Text),
        quiet("ipv6Node", Text),
        quiet("ipv6Range", Text),
        boots("ipv6ServiceRange", Text),
        quiet("k8sApiServer", Text),
        quiet("k8sKubeconfigPath", Text),
        quiet("keepBpfTemplates", Boolean),
        boots("keepConfig", Boolean),
        quiet("labelPrefixFile", Text),
        boots("labels", List(&Text)),
        quiet("lb", Text),
        quiet("libDir", Text),
        quiet("logDriver", List(&Text)),
        quiet("logOpt", Map(&Text)),
        quiet("logstash", Boolean),
        quiet("logstashAgent", Text),
        quiet("logstashProbeTimer", Integer),
        boots("disableMasquerade", Boolean),
        quiet("nat46Range", Text),
        boots("agentPodAnnotations", Map(&Text)),
        boots("operatorPodAnnotations", Map(&Text)),
        boots("pprof", Boolean),
        quiet("prefilterDevice", Text),
        quiet("prometheusServeAddr", Text),
        quiet("restore", Boolean),
        quiet("singleClusterRoute", Boolean),
        quiet("socketPath", Text),
        quiet("stateDir", Text),
        boots("tracePayloadlen", Integer),
        boots("tunnel", Word(&["vxlan", "geneve", "disabled"])),
        quiet("enableipv6", Boolean),
        quiet("enableipv4", Boolean),
        boots("monitorAggregation", Word(&["low", "medium", "maximum"])),
        boots("bpfCTGlobalTCPMax", Integer),
        boots("bpfCTGlobalAnyMax", Integer),
        boots("bpfLBAlgorithm", Word(&["random", "maglev"])),
        boots("bpfLBMaglevTableSize", Text),
        boots("bpfNATGlobalMax", Integer),
        boots("bpfNeighGlobalMax", Integer),
        boots("bpfPolicyMapMax", Integer),
        boots("bpfLBMapMax", Integer),
        boots("bpfLBSock", Boolean),
        boots("bpfLBSockHostNSOnly", Boolean),
        boots("preallocateBPFMaps", Boolean),
        quiet("sidecarIstioProxyImage", Text),
        boots("clusterName", Text),
        boots("clusterID", Integer),
        boots("toFqdnsDnsRejectResponseCode", Text),
        quiet("toFqdnsEnablePoller", Boolean),
        quiet("containerRuntimeLabels", Text),
        acts("ipam", Word(&["hostscope", "kubernetes", "crd", "eni"])),
        boots("IPTablesRulesNoinstall", Boolean),
        boots("autoDirectNodeRoutes", Boolean),
        boots("enableHostReachableServices", Boolean),
        boots("enableNodePort", Boolean),
        acts("etcdManaged", Boolean),
        quiet("enableRemoteNodeIdentity", Boolean),
        boots("enableUnreachableRoutes", Boolean),
        boots("cniExclusive", Boolean),
        boots("hubble", Object(&HUBBLE_SPEC)),
        quiet("removeCbrBridge", Boolean),
        quiet("restartPods", Boolean),
        quiet("reconfigureKubelet", Boolean),
        quiet("nodeInitBootstrapFile", Text),
        quiet("cniBinPath", Text),
        quiet("disableCNPStatusUpdates", Boolean),
        boots("enableServiceTopology", Boolean),
        boots("ingress", Object(&CILIUM_INGRESS_SPEC)),
        boots("gatewayAPI", Object(&CILIUM_GATEWAY_API_SPEC)),
        boots("extraConfig", Map(&Text)),
    ],
);

pub(crate) static LYFT_VPC_NETWORKING_SPEC: Block = block("LyftVPCNetworkingSpec", &[quiet("subnetTags", Map(&Text))]);

pub(crate) static GCP_NETWORKING_SPEC: Block = block("GCPNetworkingSpec", &[]);

pub(crate) static KINDNET_NETWORKING_SPEC: Block = block(
    "KindnetNetworkingSpec",
    &[
        boots("version", Text),
        boots("networkPolicies", Boolean),
        boots("adminNetworkPolicies", Boolean),
        boots("baselineAdminNetworkPolicies", Boolean),
        boots("dnsCaching", Boolean),
        boots("nat64", Boolean),
        boots("fastPathThreshold", Integer),
        boots("masquerade", Object(&KINDNET_MASQUERADE_SPEC)),
        boots("logLevel", Integer),
    ],
);

pub(crate) static HUBBLE_SPEC: Block = block("HubbleSpec", &[boots("enabled", Boolean), boots("metrics", List(&Text))]);

pub(crate) static CILIUM_INGRESS_SPEC: Block = block(
    "CiliumIngressSpec",
    &[
        boots("enabled", Boolean),
        boots("enforceHttps", Boolean),
        boots("enableSecretsSync", Boolean),
        boots("loadBalancerAnnotationPrefixes", Text),
        boots("defaultLoadBalancerMode", Word(&["shared", "dedicated"])),
        boots("sharedLoadBalancerServiceName", Text),
    ],
);

pub(crate) static CILIUM_GATEWAY_API_SPEC: Block =
    block("CiliumGatewayAPISpec", &[boots("enabled", Boolean), quiet("enableSecretsSync", Boolean)]);

pub(crate) static KINDNET_MASQUERADE_SPEC: Block =
    block("KindnetMasqueradeSpec", &[boots("enabled", Boolean), boots("nonMasqueradeCIDRs", List(&Text))]);
