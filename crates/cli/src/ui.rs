//! The one thing that writes: data to standard output, conversation to standard error.
//!
//! It knows whether there is a terminal, how wide it is, which colours are wanted and how much is to be said, and maps the
//! roles of rendered text to colours.

use std::fmt::Write as _;
use std::future::Future;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use camino::Utf8PathBuf;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kedge_diag::{Diagnostics, Severity};
use kedge_render::diagnostics::DiagnosticOptions;
use kedge_render::plan::PlanTextOptions;
use kedge_render::wrap::wrap;
use kedge_render::{Line, Role, Text};

use crate::args::{Color, GlobalArgs};
use crate::backend::Backend;
use crate::env::Environment;

/// Narrower than this nothing reads well; wider than this lines are hard to follow.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;
/// How long something may take until a terminal shows that it takes.
const TERMINAL_PATIENCE: Duration = Duration::from_millis(400);
/// How long something may take until a log says that it takes.
const LOG_PATIENCE: Duration = Duration::from_secs(2);

/// Streams, width, colour and verbosity.
#[derive(Debug)]
pub(crate) struct Ui {
    out: ColorChoice,
    err: ColorChoice,
    width: usize,
    verbose: u8,
    quiet: bool,
    live: bool,
    can_ask: bool,
    sandbox: Option<String>,
}

impl Ui {
    pub(crate) fn new(globals: &GlobalArgs, environment: &Environment) -> Self {
        let choice = |terminal: bool| match globals.color {
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
            Color::Auto if terminal && !environment.no_color && !environment.dumb_terminal => ColorChoice::AlwaysAnsi,
            Color::Auto => ColorChoice::Never,
        };
        let (stdin, stdout, stderr) =
            (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal());
        let width = terminal_size::terminal_size()
            .map(|(width, _)| usize::from(width.0))
            .filter(|_| stdout || stderr)
            .or(environment.columns)
            .unwrap_or(80);
        Self {
            out: choice(stdout),
            err: choice(stderr),
            width: width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            verbose: globals.verbose,
            quiet: globals.quiet,
            live: stderr && !environment.ci && !environment.dumb_terminal && !globals.quiet,
            can_ask: stdin && stderr,
            sandbox: Backend::sandbox(globals, environment).map(Utf8PathBuf::into_string),
        }
    }

    /// Columns to write in.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether details are wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// How plans are shown here.
    pub(crate) fn plan_options(&self) -> PlanTextOptions<'_> {
        PlanTextOptions { width: self.width, verbose: self.is_verbose(), sandbox: self.sandbox() }
    }

    /// Directory of the sandbox that stands for the account; none for AWS. Nobody may take the one for the other.
    pub(crate) fn sandbox(&self) -> Option<&str> {
        self.sandbox.as_deref()
    }

    /// Whether only results and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether standard error is a terminal that bars can move on.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Whether there is somebody to ask.
    pub(crate) fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Writes rendered text to standard output.
    pub(crate) fn data(&self, text: &Text) -> io::Result<()> {
        self.data_text(&text.lines.iter().fold(String::new(), |all, line| all + &styled(line) + "\n"))
    }

    /// Writes a value as JSON to standard output.
    pub(crate) fn data_json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut json = serde_json::to_string_pretty(value)?;
        json.push('\n');
        self.data_text(&json)
    }

    /// Writes a value as one line of JSON to standard output.
    pub(crate) fn data_json_line(&self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut json = serde_json::to_string(value)?;
        json.push('\n');
        self.data_text(&json)
    }

    /// Writes bytes to standard output as they are.
    pub(crate) fn data_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = io::stdout().lock();
        match stream.write_all(bytes).and_then(|()| stream.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes text to standard output. That nobody reads on is no error.
    pub(crate) fn data_text(&self, text: &str) -> io::Result<()> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.out);
        match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Says something that results and errors do without.
    pub(crate) fn say(&self, text: &Text) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Says a line that results and errors do without.
    pub(crate) fn say_line(&self, line: Line) {
        self.say(&Text { lines: vec![line] });
    }

    /// Warns of something: a label and a sentence, whose further lines stand below its first word.
    pub(crate) fn warn(&self, sentence: &str) {
        let label = "warning:";
        let mut text = Text::new();
        for (position, line) in wrap(sentence, self.width.saturating_sub(label.len() + 1)).into_iter().enumerate() {
            text.push(match position {
                0 => Line::of(Role::Warning, label).with(Role::Plain, format!(" {line}")),
                _ => Line::plain(format!("{:1$}{line}", "", label.len() + 1)),
            });
        }
        self.say(&text);
    }

    /// Says a detail that only `-v` asks for.
    pub(crate) fn detail(&self, text: impl Into<String>) {
        if self.is_verbose() {
            self.say_line(Line::of(Role::Dim, text));
        }
    }

    /// Says something that nobody may miss.
    pub(crate) fn complain(&self, text: &Text) {
        let all = text.lines.iter().fold(String::new(), |all, line| all + &styled(line) + "\n");
        self.raw(&all);
    }

    /// Says what is wrong with manifests. Notes, of which there may be many, are counted unless `-v` asks for them.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics) {
        let least = match (self.quiet, self.is_verbose()) {
            (true, _) => Severity::Error,
            (false, true) => Severity::Note,
            (false, false) => Severity::Warning,
        };
        let options = DiagnosticOptions { width: self.width, styled: true, least };
        self.raw(&kedge_render::diagnostics::render(diagnostics, &options));
        let notes = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Note).count();
        if notes > 0 && least == Severity::Warning {
            let notes = if notes == 1 { "1 note".to_owned() } else { format!("{notes} notes") };
            self.say_line(
                Line::of(Role::Note, "note:").with(Role::Plain, format!(" {notes} about the manifests; -v shows them")),
            );
        }
    }

    /// Asks a question and returns the answer without spaces at its ends; `None` at the end of the input.
    pub(crate) fn ask(&self, question: &str) -> io::Result<Option<String>> {
        let line = Line::of(Role::Heading, question);
        self.raw(&(styled(&line) + " "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer)?;
        if read == 0 {
            self.raw("\n");
        }
        Ok((read > 0).then(|| answer.trim().to_owned()))
    }

    /// Waits for `work`, and shows that it takes its time if it does.
    pub(crate) async fn patiently<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let patience = if self.live { TERMINAL_PATIENCE } else { LOG_PATIENCE };
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(patience) => {}
        }
        if !self.live {
            self.say_line(Line::of(Role::Dim, format!("{what} …")));
            return work.await;
        }
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        spinner.set_style(ProgressStyle::default_spinner());
        spinner.set_message(what.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(120));
        let done = work.await;
        spinner.finish_and_clear();
        done
    }

    /// A line as bytes for standard error.
    pub(crate) fn for_stderr(&self, line: &Line) -> String {
        if self.err == ColorChoice::Never { line.to_string() } else { styled(line) }
    }

    fn raw(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.err);
        // There is nowhere left to say that standard error cannot be written to.
        let _failed = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }
}

fn styled(line: &Line) -> String {
    let mut out = String::new();
    for segment in &line.segments {
        let style = style(segment.role);
        // Writing to a string cannot fail.
        let _written = write!(out, "{style}{}{style:#}", segment.text);
    }
    out
}

fn style(role: Role) -> Style {
    let color = |color: AnsiColor| color.on_default();
    match role {
        Role::Plain => Style::new(),
        Role::Heading => Style::new().bold(),
        Role::Added | Role::Success => color(AnsiColor::Green),
        Role::Changed => color(AnsiColor::Yellow),
        Role::Replaced => color(AnsiColor::Magenta),
        Role::Removed => color(AnsiColor::Red),
        Role::Id => color(AnsiColor::Cyan),
        Role::Dim => Style::new().dimmed(),
        Role::Error => color(AnsiColor::Red).bold(),
        Role::Warning => color(AnsiColor::Yellow).bold(),
        Role::Note => color(AnsiColor::Blue).bold(),
        Role::Hint => color(AnsiColor::Cyan).bold(),
    }
}
