//! The kedge command.

fn main() {}
