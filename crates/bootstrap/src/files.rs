//! Files that an instance gets: those of the manifest, and those that kedge makes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kedge_spec::Settings;
use kedge_spec::resolved::Role;
use serde::{Deserialize, Serialize};

use crate::lines::Lines;
use crate::problem::BootProblem;

/// A file. A text is stored as its lines, so that people see what of it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct File {
    /// Where it goes.
    pub path: String,
    /// Its permissions in octal digits, such as `0644`.
    pub mode: String,
    /// What it holds, base64.
    pub content: String,
}

impl File {
    /// A text that everybody may read.
    pub(crate) fn text(path: impl Into<String>, content: &str) -> Self {
        Self { path: path.into(), mode: "0644".to_owned(), content: STANDARD.encode(content) }
    }

    /// What it holds, if that is text.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        String::from_utf8(STANDARD.decode(&self.content).ok()?).ok()
    }
}

/// A file as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    path: String,
    mode: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lines: Option<Lines>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl From<Stored> for File {
    fn from(stored: Stored) -> Self {
        let content = match stored.lines {
            Some(lines) => STANDARD.encode(String::from(lines)),
            None => stored.content.unwrap_or_default(),
        };
        Self { path: stored.path, mode: stored.mode, content }
    }
}

impl From<File> for Stored {
    fn from(file: File) -> Self {
        // What is not the usual base64 of its content stays as it is written.
        let text = file.as_text().filter(|text| STANDARD.encode(text) == file.content);
        let lines = text.map(Lines::from);
        let content = lines.is_none().then_some(file.content);
        Self { path: file.path, mode: file.mode, lines, content }
    }
}

/// Whether something of the manifest is meant for a role: `roles` that name none mean all.
pub(crate) fn is_for(settings: &Settings, role: Role) -> bool {
    let roles = settings.texts("roles");
    roles.is_empty()
        || roles.iter().any(|word| match role {
            Role::ControlPlane => ["Master", "ControlPlane"].contains(word),
            Role::ApiServer => *word == "APIServer",
            Role::Node => *word == "Node",
            Role::Bastion => *word == "Bastion",
        })
}

/// The file assets of a cluster and a group, for the role of the group. Those of the group win.
pub(crate) fn assets(cluster: &Settings, group: &Settings, role: Role, problems: &mut Vec<BootProblem>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for asset in cluster.blocks("fileAssets").iter().chain(&group.blocks("fileAssets")) {
        if !is_for(asset, role) {
            continue;
        }
        match file(asset) {
            Ok(file) => {
                files.retain(|known| known.path != file.path);
                files.push(file);
            }
            Err(problem) => problems.push(problem),
        }
    }
    files
}

fn file(asset: &Settings) -> Result<File, BootProblem> {
    let name = asset.text("name").unwrap_or_default();
    let wrong = |why: String, hint: &str| BootProblem::new("fileAssets", format!("`{name}`: {why}"), hint);
    let path = match asset.text("path") {
        Some(path) => path.to_owned(),
        None => format!("/srv/kubernetes/assets/{name}"),
    };
    if !path.starts_with('/') || path.split('/').any(|part| part == "..") || path.ends_with('/') {
        return Err(wrong(format!("`{path}` is no absolute path of a file"), "begin it with `/`, without `..`"));
    }
    let mode = asset.text("mode").unwrap_or("0440");
    if u32::from_str_radix(mode, 8).is_err() || !(3..=4).contains(&mode.len()) {
        return Err(wrong(format!("`{mode}` are no permissions"), "write octal digits such as `0440`"));
    }
    let content = asset.text("content").unwrap_or_default();
    let content = if asset.boolean("isBase64") == Some(true) {
        let plain: String = content.split_whitespace().collect();
        STANDARD
            .decode(&plain)
            .map_err(|_| wrong("its content is no base64".to_owned(), "encode it, or leave out `isBase64`"))?;
        plain
    } else {
        STANDARD.encode(content)
    };
    Ok(File { path, mode: format!("{mode:0>4}"), content })
}
