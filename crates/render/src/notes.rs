//! Remarks about a plan: severity, text, and what they are about.

use kedge_resource::plan::{Note, Severity};

use crate::text::{Line, Role, Text};
use crate::wrap::wrap;

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
        let all = format!("{word}[{}]: {sentence}", note.code);
        for (position, line) in wrap(&all, width.saturating_sub(2)).into_iter().enumerate() {
            // A code has no space, so the label ends at the first one, or with the line if a long word follows.
            text.push(match (position, line.split_once(' ')) {
                (0, Some((label, rest))) => Line::of(role, label).with(Role::Plain, format!(" {rest}")),
                (0, None) => Line::of(role, line),
                _ => Line::plain(format!("  {line}")),
            });
        }
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
