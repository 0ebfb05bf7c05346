//! The Kubernetes API: server-side apply, pruning, tokens, nodes.
