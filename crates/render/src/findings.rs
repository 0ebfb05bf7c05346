//! What policies found in a plan, as text: severity, policy, message, and where the manifests decide it.

use kedge_resource::Finding;
use kedge_resource::finding::Severity;

use crate::text::{Role, Text};
use crate::wrap::labelled;

/// The findings in their order, wrapped at `width`.
#[must_use]
pub fn render(findings: &[Finding], width: usize) -> Text {
    let mut text = Text::new();
    for finding in findings {
        let (role, word) = match finding.severity {
            Severity::Deny => (Role::Error, "denied"),
            Severity::Warn => (Role::Warning, "warning"),
        };
        let label = format!("{word}[{}]:", finding.policy);
        let place = finding.position.as_ref().map(|position| format!("at {position}"));
        let about: Vec<String> = finding.key.iter().map(ToString::to_string).chain(place).collect();
        let sentence = if about.is_empty() {
            finding.message.clone()
        } else {
            format!("{} ({})", finding.message, about.join(" "))
        };
        labelled(&mut text, role, &label, &sentence, width);
    }
    text
}

#[cfg(test)]
mod tests {
    use kedge_resource::Position;
    use snapbox::{assert_data_eq, str};

    use super::*;

    #[test]
    fn severity_policy_message_and_place() {
        let findings = [
            Finding {
                severity: Severity::Deny,
                policy: "encrypted_volumes".to_owned(),
                message: "the volume is not encrypted".to_owned(),
                key: Some("volume/a.etcd-main.prod.example.com".parse().unwrap()),
                position: Some(Position { path: "prod.yaml".to_owned(), line: 12, column: 5 }),
            },
            Finding {
                severity: Severity::Warn,
                policy: "size".to_owned(),
                message: "this is large".to_owned(),
                key: None,
                position: None,
            },
        ];
        assert_data_eq!(
            render(&findings, 60).to_string(),
            str![[r#"
denied[encrypted_volumes]: the volume is not encrypted
  (volume/a.etcd-main.prod.example.com at prod.yaml:12:5)
warning[size]: this is large

"#]]
        );
    }
}
