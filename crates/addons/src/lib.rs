//! What runs in a cluster beside the workloads: manifests of add-ons, versions and digests.
