//! Permission to write, which can end while a run goes on.

use std::fmt;
use std::sync::Arc;

/// Says whether a run may still write. A run that holds a lease asks before every write, so that it stops when the lease is
/// lost, even in the middle of a step.
#[derive(Clone)]
pub struct Fence(Arc<dyn Fn() -> Result<(), String> + Send + Sync>);

impl Fence {
    /// A fence that asks `permission`, which says why writing is over.
    pub fn new(permission: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(permission))
    }

    /// A fence that never closes.
    #[must_use]
    pub fn open() -> Self {
        Self::new(|| Ok(()))
    }

    /// Whether writing is still allowed.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self) -> Result<(), String> {
        (self.0)()
    }
}

impl Default for Fence {
    fn default() -> Self {
        Self::open()
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fence").field(&self.check()).finish()
    }
}
