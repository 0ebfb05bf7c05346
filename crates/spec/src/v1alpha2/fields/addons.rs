//! Fields of the add-ons.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Integer, List, Map, Quantity, Text, Word};
use crate::field::{Block, acts, block, quiet};

pub(crate) static NODE_TERMINATION_HANDLER_SPEC: Block = block(
    "NodeTerminationHandlerSpec",
    &[
        quiet("deleteSQSMsgIfNodeNotFound", Boolean),
        acts("enabled", Boolean),
        quiet("enableSpotInterruptionDraining", Boolean),
        quiet("enableScheduledEventDraining", Boolean),
        quiet("enableRebalanceMonitoring", Boolean),
        acts("enableRebalanceDraining", Boolean),
        quiet("enableOutOfServiceTaint", Boolean),
        quiet("prometheusEnable", Boolean),
        acts("enableSQSTerminationDraining", Boolean),
        quiet("excludeFromLoadBalancers", Boolean),
        acts("managedASGTag", Text),
        quiet("podTerminationGracePeriod", Integer),
        quiet("taintNode", Boolean),
        quiet("memoryLimit", Quantity),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("version", Text),
        quiet("webhookTemplate", Text),
        quiet("webhookURL", Text),
    ],
);

pub(crate) static NODE_PROBLEM_DETECTOR_CONFIG: Block = block(
    "NodeProblemDetectorConfig",
    &[
        quiet("enabled", Boolean),
        quiet("image", Text),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("memoryLimit", Quantity),
        quiet("cpuLimit", Quantity),
    ],
);

pub(crate) static METRICS_SERVER_CONFIG: Block =
    block("MetricsServerConfig", &[quiet("enabled", Boolean), quiet("image", Text), quiet("insecure", Boolean)]);

pub(crate) static CERT_MANAGER_CONFIG: Block = block(
    "CertManagerConfig",
    &[
        acts("enabled", Boolean),
        quiet("managed", Boolean),
        quiet("image", Text),
        quiet("defaultIssuer", Text),
        quiet("nameservers", List(&Text)),
        acts("hostedZoneIDs", List(&Text)),
        quiet("featureGates", Map(&Boolean)),
    ],
);

pub(crate) static LOAD_BALANCER_CONTROLLER_SPEC: Block = block(
    "LoadBalancerControllerSpec",
    &[
        acts("enabled", Boolean),
        quiet("version", Text),
        acts("enableWAF", Boolean),
        acts("enableWAFv2", Boolean),
        acts("enableShield", Boolean),
        quiet("cpuRequest", Quantity),
        quiet("cpuLimit", Quantity),
        quiet("memoryRequest", Quantity),
        quiet("memoryLimit", Quantity),
    ],
);

pub(crate) static CLUSTER_AUTOSCALER_CONFIG: Block = block(
    "ClusterAutoscalerConfig",
    &[
        acts("enabled", Boolean),
        quiet("expander", Word(&["least-waste", "random", "most-pods", "price", "priority"])),
        quiet("balanceSimilarNodeGroups", Boolean),
        quiet("emitPerNodegroupMetrics", Boolean),
        acts("awsUseStaticInstanceList", Boolean),
        quiet("ignoreDaemonSetsUtilization", Boolean),
        quiet("scaleDownUtilizationThreshold", Text),
        quiet("skipNodesWithCustomControllerPods", Boolean),
        quiet("skipNodesWithSystemPods", Boolean),
        quiet("skipNodesWithLocalStorage", Boolean),
        quiet("newPodScaleUpDelay", Text),
        quiet("scaleDownDelayAfterAdd", Text),
        quiet("scaleDownUnneededTime", Text),
        quiet("scaleDownUnreadyTime", Text),
        quiet("cordonNodeBeforeTerminating", Boolean),
        quiet("image", Text),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
        quiet("maxNodeProvisionTime", Text),
        quiet("podAnnotations", Map(&Text)),
        quiet("createPriorityExpanderConfig", Boolean),
        quiet("customPriorityExpanderConfig", Map(&List(&Text))),
    ],
);

pub(crate) static SNAPSHOT_CONTROLLER_CONFIG: Block =
    block("SnapshotControllerConfig", &[acts("enabled", Boolean), quiet("installDefaultClass", Boolean)]);
