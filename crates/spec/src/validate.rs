//! Rules that look at more than one field. One file for each group of rules.

mod api;
mod etcd;
mod groups;
mod idle;
mod ipv6;
mod names;
mod roles;
mod routes;
mod sizes;
mod subnets;
mod vpc;

use kedge_diag::{Diagnostic, Diagnostics};

use crate::resolve::{Draft, Report};
use crate::resolved::InstanceGroup;

/// Checks a draft by every rule.
pub(crate) fn validate(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { draft, diagnostics };
    names::check(&mut checker);
    vpc::check(&mut checker);
    subnets::check(&mut checker);
    ipv6::check(&mut checker);
    routes::check(&mut checker);
    api::check(&mut checker);
    etcd::check(&mut checker);
    groups::check(&mut checker);
    roles::check(&mut checker);
    sizes::check(&mut checker);
    idle::check(&mut checker);
}

/// What rules work with.
struct Checker<'a> {
    draft: &'a Draft<'a>,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Checker<'a> {
    /// Reports about a field of the cluster.
    fn cluster(&mut self, path: &str, diagnostic: Diagnostic) {
        Report::new(&self.draft.cluster.document, self.diagnostics).push(path, diagnostic);
    }

    /// The groups, each with what reports about it.
    fn each_group(&mut self, mut rule: impl FnMut(&'a InstanceGroup, &mut Report<'_>)) {
        for (group, read) in self.draft.spec.groups.iter().zip(&self.draft.groups) {
            rule(group, &mut Report::new(&read.document, self.diagnostics));
        }
    }
}

#[cfg(test)]
mod tests;
