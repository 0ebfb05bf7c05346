//! Fields of etcd clusters.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use super::reasons::{ETCD_MANAGER, SNAPSHOTS};
use crate::field::Shape::{Boolean, Duration, Integer, List, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots, idle, quiet};

pub(crate) static ETCD_CLUSTER_SPEC: Block = block(
    "EtcdClusterSpec",
    &[
        acts("name", Text),
        idle("provider", Word(&["Manager"]), "kubeadm runs etcd"),
        acts("etcdMembers", List(&Object(&ETCD_MEMBER_SPEC))),
        idle("enableEtcdTLS", Boolean, "etcd always has TLS"),
        idle("enableTLSAuth", Boolean, "etcd always has TLS"),
        boots("version", Text),
        boots("leaderElectionTimeout", Duration),
        boots("heartbeatInterval", Duration),
        boots("image", Text),
        idle("backups", Object(&ETCD_BACKUP_SPEC), SNAPSHOTS),
        boots("manager", Object(&ETCD_MANAGER_SPEC)),
        boots("memoryRequest", Quantity),
        boots("cpuRequest", Quantity),
    ],
);

pub(crate) static ETCD_MEMBER_SPEC: Block = block(
    "EtcdMemberSpec",
    &[
        acts("name", Text),
        acts("instanceGroup", Text),
        acts("volumeType", Word(&["gp3", "gp2", "io1", "io2", "st1", "sc1", "standard"])),
        acts("volumeIops", Integer),
        acts("volumeThroughput", Integer),
        acts("volumeSize", Integer),
        acts("kmsKeyId", Text),
        acts("encryptedVolume", Boolean),
    ],
);

pub(crate) static ETCD_BACKUP_SPEC: Block =
    block("EtcdBackupSpec", &[quiet("backupStore", Text), quiet("image", Text)]);

pub(crate) static ETCD_MANAGER_SPEC: Block = block(
    "EtcdManagerSpec",
    &[
        idle("image", Text, ETCD_MANAGER),
        boots("env", List(&Object(&ENV_VAR))),
        idle("backupInterval", Duration, SNAPSHOTS),
        boots("backupRetentionDays", Integer),
        idle("discoveryPollInterval", Duration, ETCD_MANAGER),
        boots("listenMetricsURLs", List(&Text)),
        idle("listenClientHTTPURLs", List(&Text), "`kedge-node` asks etcd at its usual address"),
        idle("logLevel", Integer, ETCD_MANAGER),
    ],
);

pub(crate) static ENV_VAR: Block = block("EnvVar", &[boots("name", Text), boots("value", Text)]);
