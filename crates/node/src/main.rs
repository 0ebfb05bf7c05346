//! kedge-node: the program that an instance runs to become a node.

fn main() {}
