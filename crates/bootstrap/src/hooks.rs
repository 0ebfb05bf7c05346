//! Hooks: units of systemd that the manifest asks for.

use kedge_spec::Settings;
use kedge_spec::resolved::Role;
use serde::{Deserialize, Serialize};

use crate::files::is_for;
use crate::problem::BootProblem;

/// A unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// Its name with its ending.
    pub name: String,
    /// Its text.
    #[serde(with = "crate::lines")]
    pub text: String,
}

/// The units of a cluster and a group, for the role of the group. A hook of the group replaces one of the cluster that has
/// its name, also by switching it off.
pub(crate) fn units(cluster: &Settings, group: &Settings, role: Role, problems: &mut Vec<BootProblem>) -> Vec<Unit> {
    let mut units: Vec<(String, Option<Unit>)> = Vec::new();
    let hooks = [cluster.blocks("hooks"), group.blocks("hooks")].concat();
    for (position, hook) in hooks.iter().enumerate() {
        if !is_for(hook, role) {
            continue;
        }
        let name = hook.text("name").map_or_else(|| format!("kops-hook-{position}.service"), with_ending);
        let unit = if hook.boolean("disabled") == Some(true) { Ok(None) } else { unit(&name, hook).map(Some) };
        match unit {
            Ok(unit) => {
                units.retain(|(known, _)| *known != name);
                units.push((name, unit));
            }
            Err(problem) => problems.push(problem),
        }
    }
    units.into_iter().filter_map(|(_, unit)| unit).collect()
}

fn with_ending(name: &str) -> String {
    let kinds = [".service", ".timer", ".socket", ".path", ".mount", ".target"];
    if kinds.iter().any(|kind| name.ends_with(kind)) { name.to_owned() } else { format!("{name}.service") }
}

fn unit(name: &str, hook: &Settings) -> Result<Unit, BootProblem> {
    let wrong = |why: &str, hint: &str| BootProblem::new("hooks", format!("`{name}` {why}"), hint);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@' | ':');
    if !name.chars().all(plain) {
        return Err(wrong("is no name of a unit", "use letters, digits, `-`, `_` and `.`"));
    }
    let container = hook.get("execContainer").map(|_| hook.block("execContainer"));
    let text = match (hook.text("manifest"), container) {
        (Some(manifest), None) if hook.boolean("useRawManifest") == Some(true) => ended(manifest),
        (Some(manifest), None) => head(name, hook) + "[Service]\n" + &ended(manifest) + TAIL,
        (None, Some(container)) => {
            let image = container.text("image").ok_or_else(|| wrong("runs no image", "name one in `execContainer`"))?;
            head(name, hook) + &service(name, image, &container) + TAIL
        }
        (Some(_), Some(_)) => return Err(wrong("has both a manifest and a container", "keep one of them")),
        (None, None) => return Err(wrong("does nothing", "give it a `manifest` or an `execContainer`")),
    };
    Ok(Unit { name: name.to_owned(), text })
}

const TAIL: &str = "\n[Install]\nWantedBy=multi-user.target\n";

fn head(name: &str, hook: &Settings) -> String {
    let mut text = format!("[Unit]\nDescription=Hook {name} of the manifest\n");
    for (field, key) in [("requires", "Requires"), ("before", "Before")] {
        for other in hook.texts(field) {
            text.extend([key, "=", other, "\n"]);
        }
    }
    text.push('\n');
    text
}

fn service(name: &str, image: &str, container: &Settings) -> String {
    let mut words = vec!["/usr/bin/env", "ctr", "--namespace", "k8s.io", "run", "--rm", "--net-host", "--privileged"];
    words.extend(["--mount", "type=bind,src=/,dst=/rootfs,options=rbind:rw"]);
    let environment: Vec<String> =
        container.map("environment").into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    for variable in &environment {
        words.extend(["--env", variable.as_str()]);
    }
    let id = format!("hook-{}", name.trim_end_matches(".service"));
    words.extend([image, id.as_str()]);
    let command = container.texts("command");
    words.extend(&command);
    let run = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    format!(
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStartPre=/usr/bin/env ctr --namespace k8s.io images pull {}\n\
         ExecStart={run}\n",
        quoted(image)
    )
}

/// A word of a command of systemd.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    let word = word.replace('%', "%%").replace('$', "$$");
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn ended(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::testing::{group, spec};

    const HOOKS: &str = r#"
  hooks:
  - name: one
    before: [kubelet.service]
    execContainer:
      image: example.com/hook:1
      command: [sh, -c, "echo 'a $b'"]
      environment: {A: "1 2"}
  - name: two
    roles: [Master]
    manifest: "Type=oneshot\nExecStart=/bin/true"
  - name: raw.timer
    useRawManifest: true
    manifest: "[Timer]\nOnBootSec=1\n"
  - name: off
    disabled: true
    manifest: "ExecStart=/bin/false"
"#;

    fn made(text: &str, role: Role) -> (Vec<Unit>, Vec<BootProblem>) {
        let spec = spec(&[("spec:\n", &format!("spec:{text}"))]);
        let mut problems = Vec::new();
        let units = units(&spec.cluster.settings, &group(&spec, role).settings, role, &mut problems);
        (units, problems)
    }

    #[test]
    fn units_of_every_form() {
        let (units, problems) = made(HOOKS, Role::ControlPlane);
        assert_eq!(problems, []);
        let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(names, ["one.service", "two.service", "raw.timer"]);
        assert_data_eq!(
            &units[0].text,
            str![[r#"
[Unit]
Description=Hook one.service of the manifest
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/usr/bin/env ctr --namespace k8s.io images pull example.com/hook:1
ExecStart=/usr/bin/env ctr --namespace k8s.io run --rm --net-host --privileged --mount type=bind,src=/,dst=/rootfs,options=rbind:rw --env "A=1 2" example.com/hook:1 hook-one sh -c "echo 'a $$b'"

[Install]
WantedBy=multi-user.target

"#]]
        );
        assert_data_eq!(
            &units[1].text,
            str![[r#"
[Unit]
Description=Hook two.service of the manifest

[Service]
Type=oneshot
ExecStart=/bin/true

[Install]
WantedBy=multi-user.target

"#]]
        );
        assert_eq!(units[2].text, "[Timer]\nOnBootSec=1\n");
        assert_eq!(made(HOOKS, Role::Node).0.len(), 2);
    }

    #[test]
    fn hooks_that_do_nothing_are_told() {
        let (_, problems) =
            made("\n  hooks: [{name: a}, {name: b, execContainer: {}}, {name: \"c d\", manifest: x}]\n", Role::Node);
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.hooks: `a.service` does nothing; give it a `manifest` or an `execContainer`",
                "spec.hooks: `b.service` runs no image; name one in `execContainer`",
                "spec.hooks: `c d.service` is no name of a unit; use letters, digits, `-`, `_` and `.`",
            ]
        );
    }
}
