//! Events as lines of a log: what a run does where no terminal shows bars.

use std::collections::BTreeMap;

use kedge_resource::event::{Event, Outcome, Skipped};
use kedge_resource::{Action, Kind, ResourceKey};

use crate::plan::{counts, role};
use crate::text::{Line, Role};

/// Turns events into lines, counting the steps that are over.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    steps: usize,
    over: usize,
    verbose: bool,
    /// What steps wait for, by their first resource: said once, however often they look.
    waiting: BTreeMap<ResourceKey, String>,
}

impl EventLog {
    /// A log at its beginning. A verbose one also says when a step begins.
    #[must_use]
    pub fn new(verbose: bool) -> Self {
        Self { verbose, ..Self::default() }
    }

    /// Steps of the run, and those of them that are over.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.over, self.steps)
    }

    /// The lines that an event is worth.
    pub fn lines(&mut self, event: &Event) -> Vec<Line> {
        match event {
            Event::RunStarted { format_version: _, cluster, totals, steps } => {
                self.steps = *steps;
                vec![
                    Line::of(Role::Heading, cluster.clone())
                        .with(Role::Plain, format!(": {} in {}", counts(*totals), step_count(*steps))),
                ]
            }
            Event::StepStarted { keys, action } => {
                if self.verbose {
                    vec![self.line(*action, &format!("{} {}", doing(*action), names(keys)))]
                } else {
                    Vec::new()
                }
            }
            Event::StepRetried { keys, attempt, delay_ms, why } => vec![
                self.counter()
                    .with(Role::Warning, format!("again {}", names(keys)))
                    .with(Role::Plain, format!(" (attempt {attempt} in {}): {why}", seconds(*delay_ms))),
            ],
            Event::StepWaiting { keys, what } => {
                let what = waited_for(what);
                let known = keys.first().and_then(|first| self.waiting.insert(first.clone(), what.to_owned()));
                if known.as_deref() == Some(what) {
                    return Vec::new();
                }
                vec![self.counter().with(Role::Dim, format!("waiting {}: {what}", names(keys)))]
            }
            Event::StepFinished { results, action } => {
                self.over += 1;
                let keys: Vec<ResourceKey> = results.iter().map(|result| result.key.clone()).collect();
                let mut line = self.line(*action, &format!("{} {}", done(*action), names(&keys)));
                if let [only] = results.as_slice()
                    && let Some(id) = only.id.as_deref().and_then(|id| telling_id(&only.key, id))
                {
                    line = line.with(Role::Plain, "  ").with(Role::Id, id);
                }
                vec![line]
            }
            Event::StepFailed { keys, action, class, error, hint } => {
                self.over += 1;
                let mut lines = vec![
                    self.counter()
                        .with(Role::Error, format!("failed to {} {}", imperative(*action), names(keys)))
                        .with(Role::Plain, format!(" ({class}): {error}")),
                ];
                if let Some(hint) = hint {
                    lines.push(Line::plain("  ").with(Role::Hint, format!("hint: {hint}")));
                }
                lines
            }
            Event::StepSkipped { keys, action, because } => {
                self.over += 1;
                // Whoever asked to stop knows why; how many changes that are is said at the end.
                if *because == Skipped::Stopped && !self.verbose {
                    return Vec::new();
                }
                let why = match because {
                    Skipped::Needs { key } => format!("needs {key}"),
                    Skipped::Stopped => "asked to stop".to_owned(),
                };
                vec![
                    self.counter()
                        .with(Role::Warning, format!("did not {} {}", imperative(*action), names(keys)))
                        .with(Role::Plain, format!(": {why}")),
                ]
            }
            Event::Stopping => {
                vec![Line::of(Role::Warning, "Stopping: nothing new begins, calls that run are waited for.")]
            }
            Event::RunFinished { outcome } => vec![outcome_line(outcome)],
        }
    }

    fn counter(&self) -> Line {
        let digits = self.steps.to_string().len();
        Line::of(Role::Dim, format!("[{:>digits$}/{}] ", self.over, self.steps))
    }

    fn line(&self, action: Action, text: &str) -> Line {
        self.counter().with(role(action), text)
    }
}

/// How a run ended, in one sentence.
#[must_use]
pub fn outcome_line(outcome: &Outcome) -> Line {
    if outcome.complete() {
        return Line::of(Role::Success, format!("Done: {}.", change_count(outcome.done)));
    }
    let heading = if outcome.stopped && outcome.failed == 0 { "Stopped" } else { "Not complete" };
    Line::of(Role::Error, heading).with(Role::Plain, format!(": {}.", unfinished(outcome)))
}

/// What was done of a run that did not do everything, and what was not.
#[must_use]
pub fn unfinished(outcome: &Outcome) -> String {
    let Outcome { done, failed, skipped, stopped: _ } = *outcome;
    let mut parts = vec![format!("{} done", change_count(done))];
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if skipped > 0 {
        parts.push(format!("{skipped} not begun"));
    }
    parts.join(", ")
}

/// The resources of a step: the first, and how many there are besides.
#[must_use]
pub fn names(keys: &[ResourceKey]) -> String {
    match keys {
        [] => "nothing".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// What a step waits for, without the words that say that it waits.
///
/// One answer of AWS is part of every first apply, and reads like a mistake of whoever wrote the manifests: services learn of a
/// new instance profile some seconds after IAM has made it.
#[must_use]
pub fn waited_for(what: &str) -> &str {
    let lower = what.to_ascii_lowercase();
    let profile = lower.contains("iaminstanceprofile") || lower.contains("iam instance profile");
    if profile && lower.contains("invalid") {
        return "IAM does not know the new instance profile everywhere yet; trying again";
    }
    what.strip_prefix("waiting for ").unwrap_or(what)
}

/// The id of a resource, if it says more than the key does. ARNs, long and made of the name, do not.
#[must_use]
pub fn telling_id<'a>(key: &ResourceKey, id: &'a str) -> Option<&'a str> {
    // Objects of a store have their digest in their id, which is a property of theirs.
    let told = key.kind == Kind::StoreObject || key.name.contains(id) || id.starts_with("arn:");
    (!told).then_some(id)
}

/// What is happening to a resource: `creating`.
#[must_use]
pub fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
    }
}

fn imperative(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

fn step_count(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

fn change_count(changes: usize) -> String {
    if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") }
}

#[cfg(test)]
mod tests {
    use kedge_resource::event::{EVENT_FORMAT_VERSION, StepResult};
    use kedge_resource::plan::Totals;
    use snapbox::{assert_data_eq, str};

    use super::*;

    fn log(verbose: bool, events: &[Event]) -> String {
        let mut log = EventLog::new(verbose);
        let lines = events.iter().flat_map(|event| log.lines(event));
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn run() -> Vec<Event> {
        let vpc = ResourceKey::new(Kind::Vpc, "prod.example.com");
        let rule = |port| {
            ResourceKey::new(Kind::SecurityGroupRule, format!("nodes.prod.example.com tcp {port} from 10.0.0.0/8"))
        };
        let nat = ResourceKey::new(Kind::NatGateway, "a.prod.example.com");
        vec![
            Event::RunStarted {
                format_version: EVENT_FORMAT_VERSION,
                cluster: "prod.example.com".to_owned(),
                totals: Totals { create: 5, ..Totals::default() },
                steps: 12,
            },
            Event::StepStarted { keys: vec![vpc.clone()], action: Action::Create },
            Event::StepRetried { keys: vec![vpc.clone()], attempt: 2, delay_ms: 1500, why: "throttled".to_owned() },
            Event::StepFinished {
                results: vec![StepResult { key: vpc.clone(), id: Some("vpc-0123".to_owned()) }],
                action: Action::Create,
            },
            Event::StepFinished {
                results: vec![
                    StepResult { key: rule(22), id: Some("sgr-1".to_owned()) },
                    StepResult { key: rule(23), id: Some("sgr-2".to_owned()) },
                ],
                action: Action::Create,
            },
            Event::StepWaiting { keys: vec![nat.clone()], what: "waiting for NAT gateway nat-1".to_owned() },
            Event::StepWaiting { keys: vec![nat.clone()], what: "waiting for NAT gateway nat-1".to_owned() },
            Event::StepFailed {
                keys: vec![nat.clone()],
                action: Action::Create,
                class: "denied".to_owned(),
                error: "ec2:CreateNatGateway: not authorized".to_owned(),
                hint: Some("allow ec2:CreateNatGateway".to_owned()),
            },
            Event::StepSkipped { keys: vec![rule(24)], action: Action::Create, because: Skipped::Needs { key: nat } },
            Event::Stopping,
            Event::StepSkipped { keys: vec![vpc], action: Action::Delete, because: Skipped::Stopped },
            Event::RunFinished { outcome: Outcome { done: 3, failed: 1, skipped: 2, stopped: true } },
        ]
    }

    #[test]
    fn a_run_in_a_log() {
        assert_data_eq!(
            log(false, &run()),
            str![[r#"
prod.example.com: 5 to create, 0 to update, 0 to replace, 0 to delete in 12 steps
[ 0/12] again vpc/prod.example.com (attempt 2 in 1.5 s): throttled
[ 1/12] created vpc/prod.example.com  vpc-0123
[ 2/12] created security-group-rule/nodes.prod.example.com tcp 22 from 10.0.0.0/8 and 1 more
[ 2/12] waiting nat-gateway/a.prod.example.com: NAT gateway nat-1
[ 3/12] failed to create nat-gateway/a.prod.example.com (denied): ec2:CreateNatGateway: not authorized
  hint: allow ec2:CreateNatGateway
[ 4/12] did not create security-group-rule/nodes.prod.example.com tcp 24 from 10.0.0.0/8: needs nat-gateway/a.prod.example.com
Stopping: nothing new begins, calls that run are waited for.
Not complete: 3 changes done, 1 failed, 2 not begun.

"#]]
        );
    }

    #[test]
    fn a_new_instance_profile_is_waited_for() {
        let own = "IAM does not know the new instance profile everywhere yet; trying again";
        for answer in [
            "nodes.c.example.com: You must use a valid fully-formed launch template. Value (nodes.c.example.com) for parameter \
             iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
            "Invalid IamInstanceProfile: masters.c.example.com",
        ] {
            assert_eq!(waited_for(answer), own);
        }
        assert_eq!(waited_for("waiting for NAT gateway nat-1"), "NAT gateway nat-1");
    }

    #[test]
    fn verbose_says_what_begins() {
        let lines = log(true, &run());
        assert!(lines.contains("[ 0/12] creating vpc/prod.example.com\n"), "{lines}");
        assert!(lines.contains("[ 5/12] did not delete vpc/prod.example.com: asked to stop\n"), "{lines}");
    }

    #[test]
    fn outcomes_have_their_own_words() {
        let line =
            |done, failed, skipped, stopped| outcome_line(&Outcome { done, failed, skipped, stopped }).to_string();
        assert_eq!(line(1, 0, 0, false), "Done: 1 change.");
        assert_eq!(line(2, 0, 0, true), "Done: 2 changes.");
        assert_eq!(line(2, 0, 3, true), "Stopped: 2 changes done, 3 not begun.");
        assert_eq!(line(0, 1, 0, false), "Not complete: 0 changes done, 1 failed.");
    }
}
