//! Lints a plan: one function per rule.
