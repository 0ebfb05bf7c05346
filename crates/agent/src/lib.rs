//! What an instance does to become a node, and to stay one.
