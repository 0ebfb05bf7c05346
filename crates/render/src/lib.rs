//! Turns plans, events and diagnostics into text with roles, and plans into the views of [`view`].
//!
//! Nothing here knows of a terminal: renderers return [`Text`], lines whose parts have a [`Role`]; the command line maps
//! roles to colours. The text says the same without them. Widths are a parameter.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod diagnostics;
pub mod difference;
pub mod events;
pub mod findings;
pub mod notes;
pub mod plan;
pub mod table;
pub mod text;
pub mod unified;
pub mod view;
pub mod wrap;

pub use text::{Line, Role, Segment, Text};
