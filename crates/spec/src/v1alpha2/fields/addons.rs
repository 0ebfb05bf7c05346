//! Fields of the add-ons.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Integer, List, Map, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots};

pub(crate) static NODE_TERMINATION_HANDLER_SPEC: Block = block(
    "NodeTerminationHandlerSpec",
    &[
        boots("deleteSQSMsgIfNodeNotFound", Boolean),
        acts("enabled", Boolean),
        boots("enableSpotInterruptionDraining", Boolean),
        boots("enableScheduledEventDraining", Boolean),
        boots("enableRebalanceMonitoring", Boolean),
        acts("enableRebalanceDraining", Boolean),
        boots("enableOutOfServiceTaint", Boolean),
        boots("prometheusEnable", Boolean),
        acts("enableSQSTerminationDraining", Boolean),
        boots("excludeFromLoadBalancers", Boolean),
        acts("managedASGTag", Text),
        boots("podTerminationGracePeriod", Integer),
        boots("taintNode", Boolean),
        boots("memoryLimit", Quantity),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
        boots("version", Text),
        boots("webhookTemplate", Text),
        boots("webhookURL", Text),
    ],
);

pub(crate) static NODE_PROBLEM_DETECTOR_CONFIG: Block = block(
    "NodeProblemDetectorConfig",
    &[
        boots("enabled", Boolean),
        boots("image", Text),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
        boots("memoryLimit", Quantity),
        boots("cpuLimit", Quantity),
    ],
);

pub(crate) static METRICS_SERVER_CONFIG: Block =
    block("MetricsServerConfig", &[boots("enabled", Boolean), boots("image", Text), boots("insecure", Boolean)]);

pub(crate) static CERT_MANAGER_CONFIG: Block = block(
    "CertManagerConfig",
    &[
        acts("enabled", Boolean),
        boots("managed", Boolean),
        boots("image", Text),
        boots("defaultIssuer", Text),
        boots("nameservers", List(&Text)),
        acts("hostedZoneIDs", List(&Text)),
        boots("featureGates", Map(&Boolean)),
    ],
);

pub(crate) static LOAD_BALANCER_CONTROLLER_SPEC: Block = block(
    "LoadBalancerControllerSpec",
    &[
        acts("enabled", Boolean),
        boots("version", Text),
        acts("enableWAF", Boolean),
        acts("enableWAFv2", Boolean),
        acts("enableShield", Boolean),
        boots("cpuRequest", Quantity),
        boots("cpuLimit", Quantity),
        boots("memoryRequest", Quantity),
        boots("memoryLimit", Quantity),
    ],
);

pub(crate) static CLUSTER_AUTOSCALER_CONFIG: Block = block(
    "ClusterAutoscalerConfig",
    &[
        acts("enabled", Boolean),
        boots("expander", Word(&["least-waste", "random", "most-pods", "price", "priority"])),
        boots("balanceSimilarNodeGroups", Boolean),
        boots("emitPerNodegroupMetrics", Boolean),
        acts("awsUseStaticInstanceList", Boolean),
        boots("ignoreDaemonSetsUtilization", Boolean),
        boots("scaleDownUtilizationThreshold", Text),
        boots("skipNodesWithCustomControllerPods", Boolean),
        boots("skipNodesWithSystemPods", Boolean),
        boots("skipNodesWithLocalStorage", Boolean),
        boots("newPodScaleUpDelay", Text),
        boots("scaleDownDelayAfterAdd", Text),
        boots("scaleDownUnneededTime", Text),
        boots("scaleDownUnreadyTime", Text),
        boots("cordonNodeBeforeTerminating", Boolean),
        boots("image", Text),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
        boots("maxNodeProvisionTime", Text),
        boots("podAnnotations", Map(&Text)),
        boots("createPriorityExpanderConfig", Boolean),
        boots("customPriorityExpanderConfig", Map(&List(&Text))),
    ],
);

pub(crate) static SNAPSHOT_CONTROLLER_CONFIG: Block =
    block("SnapshotControllerConfig", &[acts("enabled", Boolean), boots("installDefaultClass", Boolean)]);
