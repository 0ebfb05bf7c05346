//! Fields of etcd clusters.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Duration, Integer, List, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, boots, quiet};

pub(crate) static ETCD_CLUSTER_SPEC: Block = block(
    "EtcdClusterSpec",
    &[
        acts("name", Text),
        quiet("provider", Word(&["Manager"])),
        acts("etcdMembers", List(&Object(&ETCD_MEMBER_SPEC))),
        quiet("enableEtcdTLS", Boolean),
        quiet("enableTLSAuth", Boolean),
        boots("version", Text),
        boots("leaderElectionTimeout", Duration),
        boots("heartbeatInterval", Duration),
        boots("image", Text),
        quiet("backups", Object(&ETCD_BACKUP_SPEC)),
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
        quiet("image", Text),
        boots("env", List(&Object(&ENV_VAR))),
        quiet("backupInterval", Duration),
        quiet("backupRetentionDays", Integer),
        quiet("discoveryPollInterval", Duration),
        boots("listenMetricsURLs", List(&Text)),
        quiet("listenClientHTTPURLs", List(&Text)),
        quiet("logLevel", Integer),
    ],
);

pub(crate) static ENV_VAR: Block = block("EnvVar", &[boots("name", Text), boots("value", Text)]);
