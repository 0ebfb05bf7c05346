//! The part of a comment that is about one cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use kedge_resource::plan::Purpose;
use kedge_resource::{Action, Change, Plan};

use super::escape::{code, fence, prose};
use super::limit::{Detail, Show};
use super::{line, to_do};
use crate::plan::section::part_label;
use crate::plan::{reason, said, summary, symbol};
use crate::view::changes::{Entry, details, entries, goes_along, label};
use crate::view::remarks::{Level, Remark, Source, remarks};
use crate::view::rolling::rolling;
use crate::view::verdict::{Rank, rank, worst};
use crate::view::{Failure, Planned, Reviewed};
use crate::wrap::wrap;

/// A folded part is open if the comment still fits on a screen: nobody has to click for three lines.
const SCREEN: usize = 40;
/// Lines that follow a part in any case: what closes it, notes, how to apply.
const TAIL: usize = 14;
/// Columns of a code block that need no scrolling sideways.
const WIDTH: usize = 100;

/// Adds everything about a cluster but its heading.
pub(super) fn render(reviewed: &Reviewed, detail: &Detail, out: &mut String) {
    let said = remarks(reviewed);
    // What merely changes, what rolls, why it is refused, and what is wrong with manifests is said below.
    let below = matches!(rank(reviewed), Rank::Changes | Rank::Refused)
        || matches!(reviewed, Reviewed::Failed(failure) if !failure.problems.is_empty());
    if let Some(worst) = worst(reviewed).filter(|_| !below) {
        let _ = write!(out, "\n**{}**\n", prose(&worst));
    }
    match reviewed {
        Reviewed::Failed(failure) => failed(failure, &said, detail, out),
        Reviewed::Planned(planned) => self::planned(planned, &said, detail, out),
    }
}

fn failed(failure: &Failure, said: &[Remark], detail: &Detail, out: &mut String) {
    if !failure.causes.is_empty() {
        out.push('\n');
    }
    for cause in &failure.causes {
        line(out, &format!("- {}", prose(cause)));
    }
    remark_list("", said, detail, out);
    if !failure.hints.is_empty() {
        let hints: Vec<String> = failure.hints.iter().map(|hint| prose(hint)).collect();
        let _ = write!(out, "\nWhat to do: {}\n", hints.join("; "));
    }
}

fn planned(planned: &Planned, remarks: &[Remark], detail: &Detail, out: &mut String) {
    let plan = planned.plan();
    let of = |level: Level| -> Vec<Remark> {
        let mut list: Vec<Remark> = remarks.iter().filter(|remark| remark.level == level).cloned().collect();
        // Which instances roll is said below, and better.
        list.retain(|remark| remark.rule != "instances-to-roll");
        list
    };
    let errors = of(Level::Error);
    match errors.as_slice() {
        [] => {}
        [only] => {
            let _ = write!(out, "\n**Refused:** {}\n", sentence(only));
        }
        several => remark_list(&format!("Refused for {} reasons", several.len()), several, detail, out),
    }
    for (action, show) in [(Action::Delete, detail.removals), (Action::Replace, detail.replacements)] {
        let (count, text) = changes(plan, action, show, detail);
        if count > 0 {
            let _ = write!(out, "\n**{}**\n\n{}", to_do(count, action), block(&text));
        }
    }
    roll(planned, out);
    remark_list("Look at", &of(Level::Warning), detail, out);
    for (action, show) in [(Action::Update, detail.updates), (Action::Create, detail.creations)] {
        let (count, text) = changes(plan, action, show, detail);
        if count > 0 {
            fold(&to_do(count, action), &format!("\n{}", block(&text)), text.lines().count(), out);
        }
    }
    let notes = of(Level::Note);
    if !notes.is_empty() {
        let mut list = String::new();
        remark_list("", &notes, detail, &mut list);
        let heading = if notes.len() == 1 { "1 note".to_owned() } else { format!("{} notes", notes.len()) };
        fold(&heading, &list, usize::MAX, out);
    }
    policies(planned, out);
    apply(planned, &errors, out);
}

/// A part that is folded, unless there is room for its lines.
fn fold(heading: &str, body: &str, lines: usize, out: &mut String) {
    let open = if unfolded(out).saturating_add(lines) <= SCREEN - TAIL { " open" } else { "" };
    let _ = write!(out, "\n<details{open}><summary><b>{heading}</b></summary>\n{body}\n</details>\n");
}

/// Lines that are seen without unfolding anything.
fn unfolded(text: &str) -> usize {
    let mut folded = false;
    let mut count = 0;
    for line in text.lines() {
        folded |= line.starts_with("<details>");
        count += usize::from(!folded);
        folded &= line != "</details>";
    }
    count
}

/// A code block with coloured signs.
fn block(text: &str) -> String {
    let fence = fence(text);
    format!("{fence}diff\n{text}{fence}\n")
}

/// The changes of an action: how many, and the lines of a block.
fn changes(plan: &Plan, action: Action, show: Show, detail: &Detail) -> (usize, String) {
    let entries = entries(plan, action);
    let count = entries.iter().map(|entry| 1 + entry.parts.len()).sum();
    let mut out = String::new();
    match show {
        Show::Full | Show::Keys => {
            for entry in &entries {
                let (along, parts): (Vec<&Change>, Vec<&Change>) =
                    entry.parts.iter().copied().partition(|part| goes_along(part, entry.change));
                let along = match along.len() {
                    0 => String::new(),
                    1 => ", with 1 part".to_owned(),
                    count => format!(", with {count} parts"),
                };
                let label = label(entry.change) + &along;
                one(entry.change, &label, "", plan.purpose, show, detail, &mut out);
                if action == Action::Delete {
                    together(&parts, &mut out);
                    continue;
                }
                for part in parts {
                    one(part, &part_label(part), "    ", plan.purpose, show, detail, &mut out);
                }
            }
        }
        Show::Names => names(plan, &entries, action, &mut out),
        Show::Counts => {
            let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
            for change in plan.changes.iter().filter(|change| change.action == action) {
                *kinds.entry(change.key.kind.slug()).or_default() += 1;
            }
            for (kind, count) in kinds {
                line(&mut out, &format!("{} {count} {kind}", sign(Some(action))));
            }
        }
    }
    (count, out)
}

/// One change: its key, why, and what differs.
fn one(change: &Change, label: &str, indent: &str, purpose: Purpose, show: Show, detail: &Detail, out: &mut String) {
    let sign = if change.action == Action::Replace { symbol(change.action) } else { sign(Some(change.action)) };
    let mut text = format!("{sign} {indent}{}", crate::text::visible(label));
    if show == Show::Full {
        let mut remarks: Vec<String> = Vec::new();
        if let (Action::Create, Some(after)) = (change.action, &change.after) {
            remarks.extend(summary::of(after));
        }
        if let Some(why) = reason(change, purpose) {
            remarks.push(format!("# {why}"));
        }
        let remark = crate::text::visible(&remarks.join(", ").replace(", # ", "  # "));
        if !remark.is_empty() {
            if text.chars().count() + 2 + remark.chars().count() <= WIDTH {
                let _ = write!(text, "  {remark}");
            } else {
                for part in wrap(&remark, WIDTH - 10) {
                    let _ = write!(text, "\n  {indent}      {part}");
                }
            }
        }
    }
    line(out, &text);
    if show == Show::Full {
        for below in details(change, detail.context) {
            line(out, &format!("{} {indent}    {}", self::sign(below.sign), crate::text::visible(&below.text)));
        }
    }
}

/// Parts that go with what they belong to: named one after the other, since their reason is the same.
fn together(parts: &[&Change], out: &mut String) {
    let labels: Vec<String> = parts.iter().map(|part| crate::text::visible(&part_label(part))).collect();
    for row in wrap(&labels.join(", "), WIDTH - 10).iter().filter(|row| !row.is_empty()) {
        line(out, &format!("{}     {row}", sign(Some(Action::Delete))));
    }
}

/// The first character of a line, by which GitHub colours it.
fn sign(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::Create) => "+",
        Some(Action::Update) => "!",
        Some(Action::Delete | Action::Replace) => "-",
        None => " ",
    }
}

/// Names only: those of the same kinds together, without the cluster's name at their end.
fn names(plan: &Plan, entries: &[Entry<'_>], action: Action, out: &mut String) {
    let suffix = format!(".{}", plan.cluster);
    let mut kinds: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for entry in entries {
        let key = &entry.change.key;
        // What is a part of something that stays needs its whole name.
        if key.name.contains(' ') {
            line(out, &format!("{} {}", sign(Some(action)), crate::text::visible(&key.to_string())));
            continue;
        }
        let of_name = kinds.entry(key.name.clone()).or_default();
        of_name.insert(key.kind.slug());
        of_name.extend(entry.parts.iter().map(|part| part.key.kind.slug()));
    }
    let mut groups: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (name, kinds) in &kinds {
        let name = name.strip_suffix(&suffix).unwrap_or(name);
        groups.entry(kinds.iter().copied().collect()).or_default().push(name);
    }
    for (kinds, names) in groups {
        line(out, &format!("{} {} of", sign(Some(action)), kinds.join(", ")));
        for part in wrap(&crate::text::visible(&names.join(", ")), WIDTH) {
            line(out, &format!("{}     {part}", sign(Some(action))));
        }
    }
}

/// Which instances have to be replaced after applying.
fn roll(planned: &Planned, out: &mut String) {
    let groups = rolling(planned);
    if groups.is_empty() {
        return;
    }
    let _ =
        write!(out, "\n**Instances to replace after applying** (running ones keep what they were launched with)\n\n");
    // With their sizes, then by name, then by number alone.
    const DESCRIBED: usize = 20;
    const NAMED: usize = 500;
    for group in groups.iter().take(DESCRIBED) {
        line(out, &format!("- {}", code(&group.describe())));
    }
    if let Some(more) = groups.len().checked_sub(DESCRIBED).filter(|more| *more > 0) {
        let names: Vec<&str> = groups.iter().skip(DESCRIBED).take(NAMED).map(|group| group.group.as_str()).collect();
        let rest = if more > NAMED { " and others" } else { "" };
        line(out, &format!("- {more} more: {}{rest}", code(&names.join(", "))));
    }
    if let Some(name) = groups.iter().find_map(|group| group.auto_scaling_group.as_deref()) {
        let command = format!("aws autoscaling start-instance-refresh --auto-scaling-group-name {name}");
        let _ = write!(out, "\nOne group after the other, control planes first: {}\n", code(&command));
    }
}

/// A list of remarks; of each rule only the first ones.
fn remark_list(heading: &str, list: &[Remark], detail: &Detail, out: &mut String) {
    if list.is_empty() {
        return;
    }
    out.push('\n');
    if !heading.is_empty() {
        let _ = write!(out, "**{heading}**\n\n");
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for remark in list {
        let count = seen.entry(remark.rule.as_str()).or_default();
        *count += 1;
        if *count <= detail.remarks {
            line(out, &format!("- {}", sentence(remark)));
        }
    }
    for (rule, count) in seen {
        if let Some(more) = count.checked_sub(detail.remarks).filter(|more| *more > 0) {
            line(out, &format!("- {}: {more} more of this rule", code(rule)));
        }
    }
}

/// A remark: who says it, what, and where that is decided.
fn sentence(remark: &Remark) -> String {
    let policy = if remark.source == Source::Policy { "policy " } else { "" };
    let place = remark.position.as_ref().map(|place| format!(" ({})", code(&format!("{}:{}", place.path, place.line))));
    format!("{policy}{}: {}{}", code(&remark.rule), prose(&remark.sentence()), place.unwrap_or_default())
}

/// What policies came to, where any were asked.
fn policies(planned: &Planned, out: &mut String) {
    let Some(findings) = &planned.findings else { return };
    if findings.is_empty() {
        let _ = write!(out, "\nPolicies: nothing to object to.\n");
    }
}

/// How to do just this.
fn apply(planned: &Planned, errors: &[Remark], out: &mut String) {
    let plan = planned.plan();
    if plan.purpose == Purpose::Compare {
        let same = plan.unchanged;
        let _ = write!(out, "\n<sub>no account was asked · {same} resources are the same in both versions</sub>\n");
        return;
    }
    if !plan.is_empty() {
        let sentence = match &planned.saved {
            _ if !errors.is_empty() => "It is refused as it is: mend what is listed first.".to_owned(),
            Some(saved) => format!(
                "To apply exactly this plan (digest {}): {}; it is refused if anything has moved since.",
                code(saved.digest.get(..12).unwrap_or(&saved.digest)),
                code(&format!("kedge apply {}", saved.path)),
            ),
            None if said(plan, "account-not-asked") => {
                "The account was not asked, so this cannot be applied as it is: plan against the account first."
                    .to_owned()
            }
            None => format!(
                "This plan was not saved. To apply exactly what was reviewed, plan with {} and then {}.",
                code("--out plan.json"),
                code("kedge apply plan.json"),
            ),
        };
        let _ = write!(out, "\n{sentence}\n");
    }
    let _ = write!(
        out,
        "\n<sub>account {} · {}{} · {} resources stay as they are</sub>\n",
        prose(&plan.account_id),
        prose(&plan.region),
        files(&planned.manifests),
        plan.unchanged
    );
}

/// The first of the files that a plan is for.
fn files(manifests: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut parts: Vec<String> = manifests.iter().take(SHOWN).map(|path| code(path)).collect();
    if let Some(more) = manifests.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        parts.push(format!("{more} more"));
    }
    if parts.is_empty() { String::new() } else { format!(" · {}", parts.join(", ")) }
}
