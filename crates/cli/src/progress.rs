//! What a run shows while it runs: bars on a terminal, lines in a log, JSON lines on request.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kedge_render::events::{EventLog, doing, names, waited_for};
use kedge_render::{Line, Text};
use kedge_resource::event::Skipped;
use kedge_resource::{Event, ResourceKey};

use crate::args::RunOutput;
use crate::ui::Ui;

/// Listens to the events of a run.
pub(crate) struct RunProgress<'a> {
    ui: &'a Ui,
    output: RunOutput,
    state: Mutex<State>,
}

struct State {
    log: EventLog,
    bar: Option<ProgressBar>,
    /// Steps that run, by their first key: when they began, and what they do.
    running: BTreeMap<ResourceKey, (usize, String)>,
    begun: usize,
}

impl<'a> RunProgress<'a> {
    pub(crate) fn new(ui: &'a Ui, output: RunOutput) -> Self {
        let bar = (ui.is_live() && output == RunOutput::Text).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let state = State { log: EventLog::new(ui.is_verbose()), bar, running: BTreeMap::new(), begun: 0 };
        Self { ui, output, state: Mutex::new(state) }
    }

    /// Takes one event.
    pub(crate) fn take(&self, event: &Event) {
        if self.output == RunOutput::Jsonl {
            if let Err(error) = self.ui.data_json_line(event) {
                self.ui
                    .complain(&Text { lines: vec![Line::plain(format!("error: failed to write an event: {error}"))] });
            }
            return;
        }
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { log, bar, running, begun } = &mut *guard;
        let lines = log.lines(event);
        match event {
            Event::StepStarted { keys, action } => {
                if let Some(first) = keys.first() {
                    *begun += 1;
                    running.insert(first.clone(), (*begun, format!("{} {}", doing(*action), names(keys))));
                }
            }
            Event::StepWaiting { keys, what } => {
                if let Some((_, text)) = keys.first().and_then(|first| running.get_mut(first)) {
                    *text = format!("{}: {}", names(keys), waited_for(what));
                }
            }
            Event::StepFinished { results, .. } => {
                for result in results {
                    running.remove(&result.key);
                }
            }
            Event::StepFailed { keys, .. } | Event::StepSkipped { keys, .. } => {
                for key in keys {
                    running.remove(key);
                }
            }
            Event::RunStarted { .. } | Event::StepRetried { .. } | Event::Stopping | Event::RunFinished { .. } => {}
        }
        match bar {
            Some(bar) => {
                let (over, steps) = log.progress();
                bar.set_length(u64::try_from(steps).unwrap_or(u64::MAX));
                bar.set_position(u64::try_from(over).unwrap_or(u64::MAX));
                bar.set_message(message(running));
                if is_news(event, self.ui.is_verbose()) {
                    for line in &lines {
                        bar.println(self.ui.for_stderr(line));
                    }
                }
                if matches!(event, Event::RunFinished { .. }) {
                    bar.finish_and_clear();
                }
            }
            // How it ended is the result, which the command says on standard output.
            None if matches!(event, Event::RunFinished { .. }) => {}
            None if matches!(event, Event::StepFailed { .. }) => self.ui.complain(&Text { lines }),
            None => self.ui.say(&Text { lines }),
        }
    }
}

/// What stays on a terminal after the bar has moved on.
fn is_news(event: &Event, verbose: bool) -> bool {
    match event {
        Event::StepFailed { .. } | Event::StepRetried { .. } | Event::Stopping => true,
        // See `EventLog`.
        Event::StepSkipped { because, .. } => verbose || *because != Skipped::Stopped,
        Event::StepFinished { .. } | Event::StepWaiting { .. } => verbose,
        Event::RunStarted { .. } | Event::StepStarted { .. } | Event::RunFinished { .. } => false,
    }
}

/// The step that runs longest, and how many others run.
fn message(running: &BTreeMap<ResourceKey, (usize, String)>) -> String {
    let Some((_, oldest)) = running.values().min_by_key(|(begun, _)| *begun) else { return String::new() };
    match running.len() {
        1 => oldest.clone(),
        many => format!("{oldest} (and {} more)", many - 1),
    }
}
