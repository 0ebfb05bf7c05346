//! The table of fields as a page for people.

use std::fmt::Write;

use super::{FieldEffect, FieldEntry, fields, kinds};

const HEAD: &str = "\
# Fields of manifests

<!-- Written by `cargo xtask generate` from the tables in `crates/spec/src/v1alpha2/fields/`. Do not edit. -->

Every field of kops's `v1alpha2` kinds is in one of four tables:

* **acts**: it decides about something that kedge makes in AWS, or whether the manifest is sound; instances and add-ons
  may follow it as well;
* **acts on instances and add-ons**: it decides what instances boot with or which add-ons run, where there is a state store
  for them. Instances keep what they booted with until they are replaced;
* **accepted, no effect**: it is read and checked for its type; nothing that kedge makes depends on it, for the reason that
  stands beside it, and a note says so with its line;
* **refused**: an error says why.

`[]` stands for each item of a list, `<key>` for a key of one's own. A field that is in no table is an error with the nearest
known name; `--allow-unknown-fields` makes that a note.
";

/// A page in Markdown with every field of every kind.
#[must_use]
pub fn fields_page() -> String {
    let mut page = HEAD.to_owned();
    let all = fields();
    for (kind, _) in kinds() {
        let of_kind = |wanted: fn(&FieldEffect) -> bool| -> Vec<&FieldEntry> {
            all.iter().filter(|entry| entry.kind == kind && wanted(&entry.effect)).collect()
        };
        heading(&mut page, &format!("## {kind}"));
        table(&mut page, "acts", "value", &of_kind(|effect| *effect == FieldEffect::Acts));
        table(&mut page, "acts on instances and add-ons", "value", &of_kind(|effect| *effect == FieldEffect::Boots));
        table(&mut page, "accepted, no effect", "why", &of_kind(|effect| matches!(effect, FieldEffect::NoEffect(_))));
        table(&mut page, "refused", "why", &of_kind(|effect| matches!(effect, FieldEffect::Refused(_))));
    }
    page
}

fn heading(page: &mut String, text: &str) {
    page.push('\n');
    page.push_str(text);
    page.push('\n');
}

fn table(page: &mut String, name: &str, second: &str, entries: &[&FieldEntry]) {
    if entries.is_empty() {
        return;
    }
    heading(page, &format!("### {} fields: {name}", entries.len()));
    heading(page, &format!("| field | {second} |\n|---|---|"));
    page.truncate(page.trim_end().len());
    for entry in entries {
        let cell = match entry.effect {
            FieldEffect::NoEffect(why) | FieldEffect::Refused(why) => why.to_owned(),
            _ if entry.words.is_empty() => entry.shape.clone(),
            _ => entry.words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        };
        // Writing to a string cannot fail.
        let _ = write!(page, "\n| `{}` | {cell} |", entry.path);
    }
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_one_row() {
        let page = fields_page();
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, fields().len());
        for line in [
            "| `spec.subnets[].cidr` | text |",
            "| `spec.clusterAutoscaler.expander` | `least-waste`, `random`, `most-pods`, `price`, `priority` |",
            "| `spec.cloudConfig.gceServiceAccount` | it belongs to another cloud; kedge provisions AWS |",
        ] {
            assert_eq!(page.lines().filter(|row| *row == line).count(), 1, "{line}");
        }
    }
}
