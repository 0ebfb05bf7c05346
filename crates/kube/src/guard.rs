//! Whether whoever applies add-ons may go on: somebody else may have taken over, with something newer.

use async_trait::async_trait;

use crate::error::KubeError;

/// What is asked before each add-on, and before anything is deleted.
#[async_trait]
pub trait Guard: Send + Sync {
    /// An error ends everything.
    async fn goes_on(&self) -> Result<(), KubeError>;
}

/// There is nobody else.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

#[async_trait]
impl Guard for Alone {
    async fn goes_on(&self) -> Result<(), KubeError> {
        Ok(())
    }
}
