//! The words that every other crate of kedge speaks.
//!
//! Identifiers ([`key`]), references between resources ([`reference`]), one typed struct for each kind of AWS resource
//! ([`kind`]), what the account offers ([`facts`]), what AWS holds now ([`inventory`]), what has to change ([`plan`]) and
//! what happens while it changes ([`event`]). Values only: nothing here reads a file, a clock or the network, and nothing
//! decides. Deciding is the planner's job, doing is the executor's.

pub mod desired;
pub mod difference;
pub mod event;
pub mod facts;
pub mod finding;
pub mod inventory;
pub mod key;
pub mod kind;
pub mod names;
pub mod plan;
pub mod policy;
pub mod reference;
pub mod tags;

pub use desired::{Desired, Resource};
pub use difference::Difference;
pub use event::Event;
pub use facts::{Facts, FactsQuery};
pub use finding::{Finding, Position};
pub use inventory::{Handle, Inventory, Observed, Ownership};
pub use key::{ClusterName, ResourceKey};
pub use kind::{Kind, Mutability, Properties};
pub use plan::{Action, Change, FieldChange, Plan, Reason};
pub use policy::PolicyDocument;
pub use reference::Ref;
pub use tags::Tags;
