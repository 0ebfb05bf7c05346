//! The fields of the kinds, as tables.

pub(crate) mod access;
pub(crate) mod addons;
pub(crate) mod api_server;
pub(crate) mod cloud;
pub(crate) mod cluster;
pub(crate) mod control_plane;
pub(crate) mod etcd;
pub(crate) mod instance_group;
pub(crate) mod kubelet;
pub(crate) mod networking;
pub(crate) mod reasons;
pub(crate) mod shared;

use crate::field::Shape::{Any, List, Map, Object, Text};
use crate::field::{Block, acts, block, bookkeeping, idle};
use reasons::NO_OBJECT;

/// A `Cluster`.
pub(crate) static CLUSTER: Block = block(
    "Cluster",
    &[
        acts("apiVersion", Text),
        acts("kind", Text),
        acts("metadata", Object(&METADATA)),
        acts("spec", Object(&cluster::CLUSTER_SPEC)),
    ],
);

/// An `InstanceGroup`.
pub(crate) static INSTANCE_GROUP: Block = block(
    "InstanceGroup",
    &[
        acts("apiVersion", Text),
        acts("kind", Text),
        acts("metadata", Object(&METADATA)),
        acts("spec", Object(&instance_group::INSTANCE_GROUP_SPEC)),
    ],
);

/// An `SSHCredential`.
pub(crate) static SSH_CREDENTIAL: Block = block(
    "SSHCredential",
    &[
        acts("apiVersion", Text),
        acts("kind", Text),
        acts("metadata", Object(&METADATA)),
        acts("spec", Object(&instance_group::SSH_CREDENTIAL_SPEC)),
    ],
);

/// Metadata as the Kubernetes API has it. What only an API server writes is accepted without a word.
static METADATA: Block = block(
    "ObjectMeta",
    &[
        acts("name", Text),
        acts("labels", Map(&Text)),
        acts("annotations", Map(&Text)),
        bookkeeping("creationTimestamp", Any),
        idle("namespace", Text, NO_OBJECT),
        idle("generateName", Text, NO_OBJECT),
        bookkeeping("generation", Any),
        bookkeeping("resourceVersion", Any),
        bookkeeping("selfLink", Any),
        bookkeeping("uid", Any),
        bookkeeping("managedFields", List(&Any)),
        idle("deletionTimestamp", Any, NO_OBJECT),
        idle("deletionGracePeriodSeconds", Any, NO_OBJECT),
        idle("finalizers", List(&Text), NO_OBJECT),
        idle("ownerReferences", List(&Any), NO_OBJECT),
    ],
);
