//! What AWS does by itself some time after a call.

use serde::{Deserialize, Serialize};

use super::Account;

/// One thing that happens later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Timer {
    /// When, on the simulated clock.
    pub(crate) due_ms: u64,
    /// What.
    pub(crate) event: Event,
}

/// Events by what they are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Event {
    VpcBlocksAssociated(String),
    NatGatewayAvailable(String),
    NatGatewayDeleted(String),
    NatGatewayForgotten(String),
    InstanceRunning(String),
    InstanceTerminated(String),
    InstanceForgotten(String),
    LoadBalancerActive(String),
    /// Interfaces of a deleted load balancer go.
    InterfacesReleased(String),
    VolumeAvailable(String),
}

impl Account {
    /// Plans an event.
    pub(crate) fn after(&mut self, seconds: u64, event: Event) {
        self.timers.push(Timer { due_ms: self.now_ms + seconds * 1000, event });
    }

    /// Lets everything happen that is due; says whether anything did.
    pub(crate) fn settle(&mut self) -> bool {
        let mut any = false;
        // Events plan further events, and those may be due as well.
        while let Some(at) = self
            .timers
            .iter()
            .enumerate()
            .filter(|(_, timer)| timer.due_ms <= self.now_ms)
            .min_by_key(|(at, timer)| (timer.due_ms, *at))
            .map(|(at, _)| at)
        {
            let timer = self.timers.remove(at);
            self.happen(&timer.event, timer.due_ms);
            any = true;
        }
        any
    }

    fn happen(&mut self, event: &Event, at_ms: u64) {
        match event {
            Event::VpcBlocksAssociated(id) => self.vpc_blocks_associated(id),
            Event::NatGatewayAvailable(id) => self.nat_gateway_available(id),
            Event::NatGatewayDeleted(id) => self.nat_gateway_deleted(id, at_ms),
            Event::NatGatewayForgotten(id) => {
                self.nat_gateways.remove(id);
            }
            Event::InstanceRunning(id) => self.instance_running(id),
            Event::InstanceTerminated(id) => self.instance_terminated(id, at_ms),
            Event::InstanceForgotten(id) => {
                self.instances.remove(id);
            }
            Event::LoadBalancerActive(arn) => {
                if let Some(balancer) = self.load_balancers.get_mut(arn) {
                    "active".clone_into(&mut balancer.state);
                }
            }
            Event::InterfacesReleased(owner) => self.release_interfaces(owner),
            Event::VolumeAvailable(id) => {
                if let Some(volume) = self.volumes.get_mut(id) {
                    "available".clone_into(&mut volume.state);
                }
            }
        }
    }
}
