//! Applying add-ons.
//!
//! Server-side apply as the manager `kedge`: the API server merges, and says who else owns a field. What is not possible yet
//! (a kind whose definition was applied a moment ago, a webhook that has not started) is tried again until a deadline.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use kedge_addons::{Addon, Wave};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::FIELD_MANAGER;
use crate::api::Form;
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::guard::{Alone, Guard};
use crate::inventory::{Inventory, ObjectRef};
use crate::labels;
use crate::prune::Pruned;

/// How long is waited between two tries, at first and at most.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How add-ons are applied.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions {
    /// Fields that others own are taken over, also of an add-on that is as it was when it was applied last.
    pub force: bool,
    /// How long is waited for what is not possible yet, for each add-on.
    pub deadline: Duration,
    /// The time, for certificates.
    pub now: Timestamp,
    /// Namespaces, volumes and definitions with objects are deleted too where they are pruned.
    pub destroy: bool,
}

/// An add-on and its objects ([`Addon::render`]).
#[derive(Clone, Debug)]
pub struct Unit {
    /// The add-on.
    pub addon: Addon,
    /// Its objects in their order.
    pub objects: Vec<Value>,
}

/// What was done for an add-on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Objects that are new.
    pub created: Vec<ObjectRef>,
    /// Objects that were changed.
    pub changed: Vec<ObjectRef>,
    /// How many were as they should be.
    pub unchanged: usize,
    /// What was pruned, and what was not.
    pub pruned: Pruned,
}

/// What became of an add-on.
#[derive(Debug)]
pub struct Step {
    /// Its name.
    pub addon: String,
    /// Whether fields of others were taken over.
    pub forced: bool,
    /// What was done.
    pub outcome: Result<Applied, KubeError>,
}

/// What applying an object did.
enum Done {
    Created,
    Changed,
    Nothing,
}

impl Cluster {
    /// Applies add-ons wave by wave, and prunes those that are no longer among them. A failure stops neither the others nor the
    /// next wave: what is broken in one place must not keep a cluster from the rest. Add-ons that failed are not pruned, and
    /// neither are `others`: the names of those that are wanted although they could not be made. The guard's refusal ends it.
    ///
    /// What is new takes its fields from whoever has them. An add-on that was applied to the end before gets back what is
    /// gone, and leaves what somebody else has changed since (unless it is forced): autoscalers, and people who had a reason.
    pub async fn apply_all(
        &self,
        units: &[Unit],
        others: &BTreeSet<String>,
        options: &ApplyOptions,
        guard: &dyn Guard,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let known = match self.inventories().await {
            Ok(known) => known,
            Err(error) => return vec![Step { addon: String::new(), forced: false, outcome: Err(error) }],
        };
        for wave in [Wave::Foundation, Wave::System, Wave::Extension, Wave::User] {
            for unit in units.iter().filter(|unit| unit.addon.wave == wave) {
                let is_known = known.get(&unit.addon.name).is_some_and(|known| known.digest == unit.addon.digest());
                let options = ApplyOptions { force: options.force || !is_known, ..*options };
                let allowed = guard.goes_on().await;
                let ends = allowed.is_err();
                let outcome = match allowed {
                    Ok(()) => self.apply_guarded(&unit.addon, &unit.objects, &options, guard).await,
                    Err(error) => Err(error),
                };
                steps.push(Step { addon: unit.addon.name.clone(), forced: options.force, outcome });
                if ends {
                    return steps;
                }
            }
        }
        match self.inventories().await {
            Ok(inventories) => {
                let wanted = |name: &str| units.iter().any(|unit| unit.addon.name == name) || others.contains(name);
                for addon in inventories.keys().filter(|name| !wanted(name)) {
                    let outcome = match guard.goes_on().await {
                        Ok(()) => self.remove(addon, options.destroy).await,
                        Err(error) => Err(error),
                    };
                    steps.push(Step {
                        addon: addon.clone(),
                        forced: false,
                        outcome: outcome.map(|pruned| Applied { pruned, ..Applied::default() }),
                    });
                }
            }
            Err(error) => steps.push(Step { addon: String::new(), forced: false, outcome: Err(error) }),
        }
        steps
    }

    /// Applies an add-on and prunes what it has no longer.
    ///
    /// # Errors
    /// The API refuses something, or did not become ready for it until the deadline. What was applied is noted.
    pub async fn apply(&self, addon: &Addon, objects: &[Value], options: &ApplyOptions) -> Result<Applied, KubeError> {
        self.apply_guarded(addon, objects, options, &Alone).await
    }

    async fn apply_guarded(
        &self,
        addon: &Addon,
        objects: &[Value],
        options: &ApplyOptions,
        guard: &dyn Guard,
    ) -> Result<Applied, KubeError> {
        let until = Instant::now() + options.deadline;
        let before = self.inventories().await?.remove(&addon.name).unwrap_or_default();
        let wanted: Vec<ObjectRef> = crate::certificates::places(addon, objects);
        let gone: Vec<ObjectRef> =
            before.objects.iter().filter(|old| !wanted.iter().any(|new| new.is_same(old))).cloned().collect();
        let everything = wanted.iter().chain(&gone).cloned().collect();
        // What was applied to the end once is not new, wherever this run is cut off.
        let digest = if before.digest == addon.digest() { before.digest } else { String::new() };
        let started = Inventory { version: addon.version.clone(), digest, objects: everything };
        self.record(&addon.name, Some(&started)).await?;

        let mut applied = Applied::default();
        let is_namespace = |object: &&Value| object.get("kind").and_then(Value::as_str) == Some("Namespace");
        let (namespaces, others): (Vec<&Value>, Vec<&Value>) = objects.iter().partition(is_namespace);
        for object in namespaces {
            self.apply_until(addon, object.clone(), options, until, &mut applied).await?;
        }
        let bundles = self.certificates(addon, options.now).await?;
        for object in others {
            let mut object = object.clone();
            crate::certificates::trust(&mut object, &bundles);
            self.apply_until(addon, object, options, until, &mut applied).await?;
        }
        if !gone.is_empty() {
            guard.goes_on().await?;
            applied.pruned = self.prune(&addon.name, &gone, options.destroy).await?;
        }
        let mut there = wanted;
        there.extend(applied.pruned.kept.iter().filter(|kept| kept.ours).map(|kept| kept.object.clone()));
        let inventory = Inventory { version: addon.version.clone(), digest: addon.digest(), objects: there };
        self.record(&addon.name, Some(&inventory)).await?;
        Ok(applied)
    }

    /// Whether an add-on is there as it should be, without a look at its objects: its document was applied to the end, and its
    /// certificates are good. Whoever looks again and again asks this first.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn is_current(&self, addon: &Addon, now: Timestamp) -> Result<bool, KubeError> {
        let known = self.inventories().await?.remove(&addon.name);
        if known.is_none_or(|known| known.digest != addon.digest()) {
            return Ok(false);
        }
        self.has_good_certificates(addon, now).await
    }

    /// Removes an add-on with all of its objects.
    ///
    /// # Errors
    /// The API refuses something.
    pub async fn remove(&self, addon: &str, destroy: bool) -> Result<Pruned, KubeError> {
        let Some(inventory) = self.inventories().await?.remove(addon) else { return Ok(Pruned::default()) };
        // Last come first: workloads go before what they are allowed to do, and definitions at the end.
        let objects: Vec<ObjectRef> = inventory.objects.iter().rev().cloned().collect();
        let pruned = self.prune(addon, &objects, destroy).await?;
        // What is kept is no longer looked after; it stays under its label, for people to decide.
        self.record(addon, None).await?;
        Ok(pruned)
    }

    /// Applies an object, again and again until the deadline as long as it may succeed later.
    async fn apply_until(
        &self,
        addon: &Addon,
        mut object: Value,
        options: &ApplyOptions,
        until: Instant,
        applied: &mut Applied,
    ) -> Result<(), KubeError> {
        labels::mark(&mut object, &addon.name, &addon.version);
        let place = ObjectRef::of(&object);
        let mut pause = PAUSE;
        let done = loop {
            let error = match self.apply_object(&object, &place, options.force).await {
                Ok(done) => break done,
                Err(error) => error,
            };
            // A namespace that another add-on brings, or that is only just going.
            let missing_namespace = error.class == Class::NotFound && error.why.starts_with("namespaces ");
            if !(error.class.may_pass() || missing_namespace) || Instant::now() + pause > until {
                return Err(error);
            }
            tracing::debug!(object = %place, %error, "tried again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        if place.kind == "CustomResourceDefinition" {
            self.established(&place, until).await?;
        }
        match done {
            Done::Created => applied.created.push(place),
            Done::Changed => applied.changed.push(place),
            Done::Nothing => applied.unchanged += 1,
        }
        Ok(())
    }

    /// Waits until objects of a definition can be made.
    async fn established(&self, definition: &ObjectRef, until: Instant) -> Result<(), KubeError> {
        let action = format!("wait for {definition}");
        let path = self.path(definition).await?;
        while !self.get(&action, &path).await.is_ok_and(|found| is_established(&found)) {
            if Instant::now() + PAUSE > until {
                return Err(KubeError::new(Class::NotReady, action, "it is not established"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.kinds.lock().await.clear();
        Ok(())
    }

    async fn apply_object(&self, object: &Value, place: &ObjectRef, force: bool) -> Result<Done, KubeError> {
        let action = format!("apply {place}");
        let path = self.path(place).await?;
        let before = self.find(&action, &path).await?;
        let query = format!("{path}?fieldManager={FIELD_MANAGER}&force={force}&fieldValidation=Strict");
        let after = match self.patch(&action, &query, Form::Apply, object).await {
            Err(error) if is_immutable(&error) && is_replaceable(&place.kind) => {
                let Some(before) = &before else { return Err(error) };
                // What such an object says cannot be changed, and nothing is lost with it. But it goes only if the new one is
                // taken: under another name, as the API would not look at it under this one.
                let (mut probe, name) = (object.clone(), format!("{}-new", place.name));
                if let Some(metadata) = probe.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.insert("name".to_owned(), name.clone().into());
                }
                let probed = self.path(&ObjectRef { name, ..place.clone() }).await?;
                let tried =
                    format!("{probed}?fieldManager={FIELD_MANAGER}&force=true&fieldValidation=Strict&dryRun=All");
                self.patch(&action, &tried, Form::Apply, &probe).await?;
                let uid = before.pointer("/metadata/uid").cloned().unwrap_or_default();
                let options = json!({ "propagationPolicy": "Background", "preconditions": { "uid": uid } });
                self.delete(&action, &path, &options).await?;
                self.patch(&action, &query, Form::Apply, object).await?
            }
            done => done?,
        };
        let version = |object: &Value| object.pointer("/metadata/resourceVersion").cloned();
        Ok(match before {
            None => Done::Created,
            Some(before) if version(&before) == version(&after) => Done::Nothing,
            Some(_) => Done::Changed,
        })
    }
}

/// Whether the API refuses a change because such a thing cannot change, and not because it is wrong or forbidden.
fn is_immutable(error: &KubeError) -> bool {
    error.class == Class::Invalid
        && ["cannot change roleRef", "field is immutable"].iter().any(|words| error.why.contains(words))
}

/// Kinds whose objects hold nothing and may be made anew.
fn is_replaceable(kind: &str) -> bool {
    ["ClusterRoleBinding", "RoleBinding", "Job"].contains(&kind)
}

/// Whether objects of a definition can be made.
fn is_established(definition: &Value) -> bool {
    let conditions = definition.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.into_iter().any(|condition| {
        let text = |field: &str| condition.get(field).and_then(Value::as_str);
        text("type") == Some("Established") && text("status") == Some("True")
    })
}
