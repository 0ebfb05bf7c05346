//! Fields of etcd clusters.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Duration, Integer, List, Object, Quantity, Text, Word};
use crate::field::{Block, acts, block, quiet};

pub(crate) static ETCD_CLUSTER_SPEC: Block = block(
    "EtcdClusterSpec",
    &[
        acts("name", Text),
        quiet("provider", Word(&["Manager"])),
        acts("etcdMembers", List(&Object(&ETCD_MEMBER_SPEC))),
        quiet("enableEtcdTLS", Boolean),
        quiet("enableTLSAuth", Boolean),
        quiet("version", Text),
        quiet("leaderElectionTimeout", Duration),
        quiet("heartbeatInterval", Duration),
        quiet("image", Text),
        quiet("backups", Object(&ETCD_BACKUP_SPEC)),
        quiet("manager", Object(&ETCD_MANAGER_SPEC)),
        quiet("memoryRequest", Quantity),
        quiet("cpuRequest", Quantity),
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
        quiet("env", List(&Object(&ENV_VAR))),
        quiet("backupInterval", Duration),
        quiet("backupRetentionDays", Integer),
        quiet("discoveryPollInterval", Duration),
        quiet("listenMetricsURLs", List(&Text)),
        quiet("listenClientHTTPURLs", List(&Text)),
        quiet("logLevel", Integer),
    ],
);

pub(crate) static ENV_VAR: Block = block("EnvVar", &[quiet("name", Text), quiet("value", Text)]);
