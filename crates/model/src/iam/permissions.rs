//! Sets of permissions, each named after who needs it. Which role gets which set is decided elsewhere.

pub(super) mod addons;
pub(super) mod cert_manager;
pub(super) mod cloud;
pub(super) mod cloud_controller;
pub(super) mod karpenter;
pub(super) mod load_balancer_controller;
pub(super) mod network;
pub(super) mod nodes;
pub(super) mod state_store;
