//! Which add-ons a cluster gets.

use kedge_spec::ResolvedSpec;

use crate::addon::{Addon, FORMAT_VERSION, Registry, Wave};
use crate::context::{Context, Surroundings};
use crate::problem::Problem;
use crate::software;

/// The add-ons that a specification asks for, in the order in which they are applied.
///
/// # Errors
/// Everything that the manifest asks of add-ons and that cannot be done.
pub fn wanted(spec: &ResolvedSpec, surroundings: &Surroundings<'_>) -> Result<Vec<Addon>, Vec<Problem>> {
    let mut problems = Vec::new();
    let context = Context::new(spec, surroundings, &mut problems);
    let mut addons = software::all(&context, &mut problems);
    let registry = context.registry();
    for addon in addons.iter_mut().filter(|addon| addon.wave != Wave::User) {
        addon.registry.clone_from(&registry);
    }
    addons.sort_by(|one, other| (one.wave, &one.name).cmp(&(other.wave, &other.name)));
    if problems.is_empty() { Ok(addons) } else { Err(problems) }
}

impl Context<'_> {
    /// The registry that images come from instead of their own.
    pub(crate) fn registry(&self) -> Option<Registry> {
        let assets = self.settings("assets");
        let proxy = assets.text("containerProxy").map(|registry| Registry::Proxy(registry.to_owned()));
        proxy.or_else(|| assets.text("containerRegistry").map(|name| Registry::Mirror(name.to_owned())))
    }

    /// An add-on of the table, with its upstream files and no objects yet.
    pub(crate) fn addon(&self, name: &str, wave: Wave) -> Addon {
        let release = self.release(name);
        Addon {
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            version: release.version.to_owned(),
            wave,
            kubernetes: release.needs(),
            namespace: None,
            upstream: release.files(),
            patches: Vec::new(),
            objects: Vec::new(),
            registry: None,
            certificates: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
