//! `imdsv1-allowed`: new instances answer metadata requests without a session token.
//!
//! Whoever can make a process on the instance fetch a URL can then read the credentials of its role.

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Plan, Properties};

use super::note;
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    let templates: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| match &change.after {
            Some(Properties::LaunchTemplate(template)) => {
                template.metadata_options.http_endpoint == "enabled"
                    && template.metadata_options.http_tokens != "required"
            }
            _ => false,
        })
        .map(|change| change.key.name.as_str())
        .collect();
    if templates.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "IMDSv1 is allowed on instances of {}: a process that can be made to fetch a URL gives away the credentials of the \
         instance's role. Set instanceMetadata.httpTokens to required",
        templates.join(", ")
    );
    vec![note(Severity::Warning, "imdsv1-allowed", None, text)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{create, launch_template, plan};

    #[test]
    fn tokens_have_to_be_required() {
        let clean = create("nodes.c.example.com", launch_template());
        assert_eq!(check(&plan(vec![clean]), &CheckOptions::default()), []);
        let mut template = launch_template();
        template.metadata_options.http_tokens = "optional".to_owned();
        let broken = create("nodes.c.example.com", template);
        let text = "IMDSv1 is allowed on instances of nodes.c.example.com: a process that can be made to fetch a URL gives \
                    away the credentials of the instance's role. Set instanceMetadata.httpTokens to required";
        let expected = note(Severity::Warning, "imdsv1-allowed", None, text.to_owned());
        assert_eq!(check(&plan(vec![broken]), &CheckOptions::default()), [expected]);
    }
}
