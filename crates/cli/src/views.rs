//! The forms of a plan: which are wanted, and where they go.

use std::cell::LazyCell;
use std::str::FromStr;

use camino::Utf8PathBuf;
use clap::Args;
use kedge_render::view::markdown::{self, MarkdownOptions};
use kedge_render::view::{Review, github, html, json, junit, sarif, slack};
use kedge_render::{Line, Text};
use serde::Serialize;

use crate::error::CliError;
use crate::session::Session;

/// Options of commands that show plans.
#[derive(Clone, Debug, Args)]
pub(crate) struct ViewArgs {
    /// Form of the plan: text, json, markdown, github, junit, sarif, slack or html; repeatable with a file for each
    ///
    /// Without a file it goes to standard output, which takes one form. markdown is a comment for a pull request, github are
    /// annotations of a workflow, junit and sarif are reports, slack is a message for an incoming webhook, html is a page.
    /// None of them but text shows user data.
    #[arg(short = 'o', long = "output", value_name = "FORM[=FILE]", default_value = "text")]
    pub(crate) output: Vec<View>,

    /// Begin the Markdown with an invisible line of this name, by which a bot finds its comment to update it
    #[arg(long, value_name = "NAME", value_parser = marker)]
    pub(crate) comment_marker: Option<String>,

    /// Where people can see the whole plan, such as the page of the CI job: Markdown and Slack name it
    #[arg(long, value_name = "URL", value_parser = link)]
    pub(crate) link: Option<String>,
}

/// A form, and the file that it goes to; standard output without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    form: Form,
    file: Option<Utf8PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Markdown,
    Github,
    Junit,
    Sarif,
    Slack,
    Html,
}

const FORMS: [(&str, Form); 8] = [
    ("text", Form::Text),
    ("json", Form::Json),
    ("markdown", Form::Markdown),
    ("github", Form::Github),
    ("junit", Form::Junit),
    ("sarif", Form::Sarif),
    ("slack", Form::Slack),
    ("html", Form::Html),
];

impl FromStr for View {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("no file follows the =".to_owned()),
            Some((name, file)) => (name, Some(Utf8PathBuf::from(file))),
            None => (text, None),
        };
        match FORMS.iter().find(|(known, _)| *known == name) {
            Some((_, form)) => Ok(Self { form: *form, file }),
            None => Err(format!("the forms are {}", FORMS.map(|(known, _)| known).join(", "))),
        }
    }
}

fn marker(text: &str) -> Result<String, String> {
    if markdown::is_marker(text) {
        return Ok(text.to_owned());
    }
    Err("a marker has letters, digits and . _ / : - without two dashes in a row".to_owned())
}

fn link(text: &str) -> Result<String, String> {
    if ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(text.to_owned());
    }
    Err("a link begins with https:// or http://".to_owned())
}

impl ViewArgs {
    /// Refuses what cannot be shown: standard output takes one form.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        if self.output.iter().filter(|view| view.file.is_none()).count() > 1 {
            return Err(CliError::user("standard output takes one form of the plan")
                .hint("give each further one a file, such as -o html=plan.html"));
        }
        Ok(())
    }

    /// Whether a form other than text and JSON is wanted: those also show that there is no plan, and why.
    pub(crate) fn shows_failures(&self) -> bool {
        self.output.iter().any(|view| !matches!(view.form, Form::Text | Form::Json))
    }

    /// Shows a plan in every form that is wanted. `text` makes the one for a terminal, `review` what the others are made of,
    /// which takes longer.
    pub(crate) fn show(
        &self,
        session: &Session,
        review: impl FnOnce() -> Review,
        text: impl Fn() -> Text,
    ) -> Result<(), CliError> {
        self.show_with(session, review, text, |review| Ok(json::render(review).map_err(std::io::Error::from)?))
    }

    /// The same, with another document for programs.
    pub(crate) fn show_with(
        &self,
        session: &Session,
        review: impl FnOnce() -> Review,
        text: impl Fn() -> Text,
        document: impl Fn(&Review) -> Result<String, CliError>,
    ) -> Result<(), CliError> {
        let review = &LazyCell::new(review);
        for View { form, file } in &self.output {
            if let (Form::Text, None) = (form, file) {
                session.ui.data(&text())?;
                continue;
            }
            let content = match form {
                Form::Text => text().to_string(),
                Form::Json => document(review)?,
                Form::Markdown => markdown::render(
                    review,
                    &MarkdownOptions { marker: self.comment_marker.clone(), link: self.link.clone() },
                ),
                Form::Github => github::render(review),
                Form::Junit => junit::render(review),
                Form::Sarif => pretty(&sarif::document(review, env!("CARGO_PKG_VERSION")))?,
                Form::Slack => pretty(&slack::document(review, self.link.as_deref()))?,
                Form::Html => html::render(review),
            };
            match file {
                None => session.ui.data_text(&content)?,
                Some(path) => {
                    fs_err::write(path, content)?;
                    session.ui.say_line(Line::plain(format!("wrote {path}")));
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn pretty(value: &impl Serialize) -> Result<String, CliError> {
    let mut json = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    json.push('\n');
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_may_have_files() {
        let view = |text: &str| text.parse::<View>();
        assert_eq!(view("json"), Ok(View { form: Form::Json, file: None }));
        assert_eq!(view("html=a=b.html"), Ok(View { form: Form::Html, file: Some("a=b.html".into()) }));
        assert!(view("html=").is_err());
        assert!(view("pdf").unwrap_err().contains("markdown"));
    }
}
