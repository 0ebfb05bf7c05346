//! Remarks about a plan: severity, text, and what they are about.

use kedge_resource::plan::{Note, Severity};

use crate::text::{Role, Text};
use crate::wrap::labelled;

/// The notes in their order, wrapped at `width`; the worst first if they are sorted.
#[must_use]
pub fn render(notes: &[Note], width: usize) -> Text {
    let mut text = Text::new();
    for note in notes {
        let (role, word) = match note.severity {
            Severity::Fatal => (Role::Error, "error"),
            Severity::Warning => (Role::Warning, "warning"),
            Severity::Info => (Role::Note, "note"),
        };
        let sentence = match &note.key {
            Some(key) if !note.text.contains(&key.to_string()) => format!("{} ({key})", note.text),
            Some(_) | None => note.text.clone(),
        };
        labelled(&mut text, role, &format!("{word}[{}]:", note.code), &sentence, width);
    }
    text
}

#[cfg(test)]
mod tests {
    use kedge_resource::ResourceKey;
    use kedge_resource::kind::Kind;
    use snapbox::{assert_data_eq, str};

    use super::*;

    #[test]
    fn severity_code_text_and_key() {
        let note = |severity, code: &str, text: &str, key| Note {
            severity,
            code: code.to_owned(),
            text: text.to_owned(),
            key,
        };
        let volume = ResourceKey::new(Kind::Volume, "a.etcd-main.prod.example.com");
        let notes = [
            note(
                Severity::Fatal,
                "destroys-data",
                "Deleting this volume loses the state of the cluster. To allow it, add --allow-destroy KEY.",
                Some(volume),
            ),
            note(Severity::Info, "instances-do-not-join", "Instances do not join the cluster yet.", None),
            note(Severity::Info, "long", "load-balancer/a-name-that-is-longer-than-the-line-that-it-stands-in", None),
        ];
        assert_data_eq!(
            render(&notes, 60).to_string(),
            str![[r#"
error[destroys-data]: Deleting this volume loses the state
  of the cluster. To allow it, add --allow-destroy KEY.
  (volume/a.etcd-main.prod.example.com)
note[instances-do-not-join]: Instances do not join the
  cluster yet.
note[long]:
  load-balancer/a-name-that-is-longer-than-the-line-that-it-stands-in

"#]]
        );
    }
}
