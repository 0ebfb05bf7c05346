//! Writing to a cloud: one step of a plan at a time.

use std::collections::BTreeMap;
use std::future::Future;

use kedge_resource::inventory::{Handle, Observed};
use kedge_resource::kind::{Kind, KindOf, Properties};
use kedge_resource::reference::Target;
use kedge_resource::{ClusterName, Ref, ResourceKey};

use crate::error::{CloudError, ErrorClass};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Makes the resources.
    Create,
    /// Changes them in place.
    Update,
    /// Removes them.
    Delete,
}

/// One unit of work: one resource, or several of a batch that one call can handle.
#[derive(Clone, Debug)]
pub struct Step {
    /// What to do.
    pub verb: Verb,
    /// The resources; at least one. In a batch of rules all are of one group and direction; in a batch of records all are
    /// of one zone; in a batch that creates an auto scaling group the group comes first and its hooks follow.
    pub changes: Vec<StepChange>,
}

/// One resource of a step.
#[derive(Clone, Debug)]
pub struct StepChange {
    /// The resource.
    pub key: ResourceKey,
    /// As AWS holds it: present for updates and deletions.
    pub before: Option<Observed>,
    /// As it shall be: present for creations and updates.
    pub after: Option<Properties>,
    /// Top-level properties that differ, for updates: executors touch nothing else.
    pub fields: Vec<String>,
}

/// What a step did.
#[derive(Clone, Debug, Default)]
pub struct StepOutcome {
    /// Ids of the resources after a creation or update, in the order of the step's changes; empty after a deletion.
    pub handles: Vec<(ResourceKey, Handle)>,
}

/// The ids that are known so far, by key and by id: those of the plan and those that steps returned.
#[derive(Clone, Debug, Default)]
pub struct Handles {
    known: BTreeMap<ResourceKey, Handle>,
    // Ids are unique within a kind only: a role and its instance profile have the same name.
    by_id: BTreeMap<(Kind, String), Handle>,
}

impl Handles {
    /// Handles of resources that exist.
    pub fn new(known: impl IntoIterator<Item = (ResourceKey, Handle)>) -> Self {
        let mut handles = Self::default();
        for (key, handle) in known {
            handles.insert(key, handle);
        }
        handles
    }

    /// Adds or replaces one. Its key stands for the new handle from now on; an older handle of the key is still found by
    /// its id.
    pub fn insert(&mut self, key: ResourceKey, handle: Handle) {
        self.by_id.insert((key.kind, handle.id.clone()), handle.clone());
        self.known.insert(key, handle);
    }

    /// Adds one that is found by its id only: of a resource that another one takes the place of.
    pub fn remember(&mut self, kind: Kind, handle: Handle) {
        self.by_id.insert((kind, handle.id.clone()), handle);
    }

    /// The handle that an id belongs to.
    #[must_use]
    pub fn find(&self, kind: Kind, id: &str) -> Option<&Handle> {
        self.by_id.get(&(kind, id.to_owned()))
    }

    /// The handle of a resource.
    #[must_use]
    pub fn get(&self, key: &ResourceKey) -> Option<&Handle> {
        self.known.get(key)
    }

    /// The id that a reference stands for.
    ///
    /// # Errors
    /// [`ErrorClass::Other`] if nothing made the resource so far: the plan is in the wrong order, which is a bug.
    pub fn resolve<K: KindOf>(&self, reference: &Ref<K>) -> Result<String, CloudError> {
        match reference.target() {
            Target::Existing(id) => Ok(id.clone()),
            Target::Managed(name) => {
                let key = ResourceKey::new(K::KIND, name.clone());
                self.known.get(&key).map(|handle| handle.id.clone()).ok_or_else(|| {
                    CloudError::new(ErrorClass::Other, "kedge", format!("{key} is needed before it has an id"))
                        .with_hint("this is a bug in kedge: please report it with the plan")
                })
            }
        }
    }

    /// The whole handle that a reference stands for. Plans refer to existing resources by id; their handles are found by
    /// that id. For a thing that the plan knows nothing about it is a handle with nothing but the id.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_handle<K: KindOf>(&self, reference: &Ref<K>) -> Result<Handle, CloudError> {
        let id = self.resolve(reference)?;
        let known = match reference.key() {
            Some(key) => self.known.get(&key),
            None => self.by_id.get(&(K::KIND, id.clone())),
        };
        Ok(known.cloned().unwrap_or_else(|| Handle::new(id)))
    }
}

/// Where a step says what it waits for; never blocks.
pub type Progress<'a> = &'a (dyn Fn(String) + Send + Sync);

/// Every write that kedge makes.
///
/// A step is idempotent: it first makes sure of what an interrupted run may have left (an answer that was lost, a gateway
/// that was made and not attached) and does what remains. The implementation retries throttling by itself, with its rate
/// budget, and waits for what AWS does asynchronously with a deadline. An error whose class [`ErrorClass::may_pass`] can be
/// tried again by the engine; [`ErrorClass::Ambiguous`] never leaves an implementation: it looks first.
pub trait Realize: Send + Sync {
    /// Does one step. `handles` has what the step refers to, before and after, and what stands under its own keys now.
    fn realize(
        &self,
        cluster: &ClusterName,
        step: &Step,
        handles: &Handles,
        progress: Progress<'_>,
    ) -> impl Future<Output = Result<StepOutcome, CloudError>> + Send;
}

#[cfg(test)]
mod tests {
    use kedge_resource::kind::LoadBalancer;

    use super::*;

    #[test]
    fn an_id_in_a_plan_finds_the_whole_handle() {
        let key = ResourceKey::new(Kind::LoadBalancer, "api.c.example.com");
        let handle = Handle { dns_name: Some("api-1.elb".to_owned()), ..Handle::new("arn:1") };
        let handles = Handles::new([(key, handle.clone())]);
        assert_eq!(handles.resolve_handle(&Ref::<LoadBalancer>::existing("arn:1")), Ok(handle.clone()));
        assert_eq!(handles.resolve_handle(&Ref::<LoadBalancer>::managed("api.c.example.com")), Ok(handle));
        assert_eq!(handles.resolve_handle(&Ref::<LoadBalancer>::existing("arn:2")), Ok(Handle::new("arn:2")));
        assert!(handles.resolve_handle(&Ref::<LoadBalancer>::managed("other")).is_err());
    }
}
