//! The member of etcd that lives on an instance: membership, snapshots, restoring.
