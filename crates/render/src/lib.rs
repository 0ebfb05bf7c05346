//! Turns plans, events and diagnostics into text with roles, and JSON.
