//! Fields of the network plugins.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::etcd::ENV_VAR;
use super::reasons::{CILIUM, KOPS_TOO, TYPHA};
use crate::field::Shape::{Boolean, Integer, List, Map, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots, idle, quiet, refused};

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

pub(crate) static CNI_NETWORKING_SPEC: Block =
    block("CNINetworkingSpec", &[idle("usesSecondaryIP", Boolean, "the plugin is yours")]);

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
        idle("majorVersion", Text, KOPS_TOO),
        idle("typhaPrometheusMetricsEnabled", Boolean, TYPHA),
        idle("typhaPrometheusMetricsPort", Integer, TYPHA),
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
        idle("autoIpv6NodeRoutes", Boolean, CILIUM),
        boots("bpfRoot", Text),
        boots("chainingMode", Text),
        idle("containerRuntime", List(&Text), CILIUM),
        idle("containerRuntimeEndpoint", Map(&Text), CILIUM),
        boots("debug", Boolean),
        boots("debugVerbose", List(&Text)),
        boots("device", Text),
        idle("disableConntrack", Boolean, CILIUM),
        boots("disableEndpointCRD", Boolean),
        idle("disableIpv4", Boolean, CILIUM),
        idle("disableK8sServices", Boolean, CILIUM),
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
        idle("envoyLog", Text, CILIUM),
        boots("identityAllocationMode", Word(&["crd", "kvstore"])),
        boots("identityChangeGracePeriod", Text),
        idle("ipv4ClusterCidrMaskSize", Integer, CILIUM),
        idle("ipv4Node", Text, CILIUM),
        idle("ipv4Range", Text, CILIUM),
        boots("ipv4ServiceRange", Text),
        idle("ipv6ClusterAllocCidr", Text, CILIUM),
        idle("ipv6Node", Text, CILIUM),
        idle("ipv6Range", Text, CILIUM),
        boots("ipv6ServiceRange", Text),
        idle("k8sApiServer", Text, CILIUM),
        idle("k8sKubeconfigPath", Text, CILIUM),
        idle("keepBpfTemplates", Boolean, CILIUM),
        boots("keepConfig", Boolean),
        idle("labelPrefixFile", Text, CILIUM),
        boots("labels", List(&Text)),
        idle("lb", Text, CILIUM),
        idle("libDir", Text, CILIUM),
        idle("logDriver", List(&Text), CILIUM),
        idle("logOpt", Map(&Text), CILIUM),
        idle("logstash", Boolean, CILIUM),
        idle("logstashAgent", Text, CILIUM),
        idle("logstashProbeTimer", Integer, CILIUM),
        boots("disableMasquerade", Boolean),
        idle("nat46Range", Text, CILIUM),
        boots("agentPodAnnotations", Map(&Text)),
        boots("operatorPodAnnotations", Map(&Text)),
        boots("pprof", Boolean),
        idle("prefilterDevice", Text, CILIUM),
        idle("prometheusServeAddr", Text, CILIUM),
        idle("restore", Boolean, CILIUM),
        idle("singleClusterRoute", Boolean, CILIUM),
        idle("socketPath", Text, CILIUM),
        idle("stateDir", Text, CILIUM),
        boots("tracePayloadlen", Integer),
        boots("tunnel", Word(&["vxlan", "geneve", "disabled"])),
        idle("enableipv6", Boolean, CILIUM),
        idle("enableipv4", Boolean, CILIUM),
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
        idle("sidecarIstioProxyImage", Text, CILIUM),
        boots("clusterName", Text),
        boots("clusterID", Integer),
        boots("toFqdnsDnsRejectResponseCode", Text),
        idle("toFqdnsEnablePoller", Boolean, CILIUM),
        idle("containerRuntimeLabels", Text, CILIUM),
        acts("ipam", Word(&["hostscope", "kubernetes", "crd", "eni"])),
        boots("IPTablesRulesNoinstall", Boolean),
        boots("autoDirectNodeRoutes", Boolean),
        boots("enableHostReachableServices", Boolean),
        boots("enableNodePort", Boolean),
        acts("etcdManaged", Boolean),
        idle("enableRemoteNodeIdentity", Boolean, CILIUM),
        boots("enableUnreachableRoutes", Boolean),
        boots("cniExclusive", Boolean),
        boots("hubble", Object(&HUBBLE_SPEC)),
        idle("removeCbrBridge", Boolean, CILIUM),
        idle("restartPods", Boolean, CILIUM),
        idle("reconfigureKubelet", Boolean, CILIUM),
        idle("nodeInitBootstrapFile", Text, CILIUM),
        idle("cniBinPath", Text, CILIUM),
        idle("disableCNPStatusUpdates", Boolean, CILIUM),
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

pub(crate) static CILIUM_GATEWAY_API_SPEC: Block = block(
    "CiliumGatewayAPISpec",
    &[boots("enabled", Boolean), idle("enableSecretsSync", Boolean, "kedge does not run the Gateway API")],
);

pub(crate) static KINDNET_MASQUERADE_SPEC: Block =
    block("KindnetMasqueradeSpec", &[boots("enabled", Boolean), boots("nonMasqueradeCIDRs", List(&Text))]);
