//! The changes and what each waits for, drawn from left to right.
//!
//! A plan of many changes is drawn by kind: a thousand boxes show nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use kedge_resource::{Action, Plan, ResourceKey};

use super::svg::{self, Area};
use super::{anchor, brief, class};
use crate::plan::symbol;

/// Most boxes of single changes.
const SINGLE: usize = 60;
const COLUMN: usize = 300;
const ROW: usize = 32;
const BOX: (usize, usize) = (240, 26);

/// A box.
struct Node {
    label: String,
    title: String,
    action: Action,
    /// The change that it leads to.
    link: Option<usize>,
    needs: BTreeSet<usize>,
}

/// Adds the drawing, if there is anything to draw.
pub(super) fn render(plan: &Plan, number: usize, out: &mut String) {
    let nodes = if plan.changes.len() <= SINGLE { single(plan) } else { by_kind(plan) };
    if nodes.len() < 2 {
        return;
    }
    let layers = layers(&nodes);
    let columns = layers.iter().copied().max().unwrap_or_default() + 1;
    let places = places(&nodes, &layers);
    let rows = places.iter().map(|(_, row)| row + 1).max().unwrap_or(1);
    out.push_str("<details class=\"figure\" open><summary>In which order</summary>\n");
    svg::open(columns * COLUMN, rows * ROW + 8, "what is changed, and what each change waits for", out);
    for (at, node) in nodes.iter().enumerate() {
        for need in &node.needs {
            if let (Some(from), Some(to)) = (places.get(*need), places.get(at)) {
                edge(*from, *to, out);
            }
        }
    }
    for (node, (column, row)) in nodes.iter().zip(&places) {
        let area = Area { x: column * COLUMN, y: row * ROW + 4, width: BOX.0, height: BOX.1 };
        if let Some(link) = node.link {
            let _ = write!(out, "<a href=\"#{}\">", anchor(number, link));
        }
        svg::labelled(area, class(node.action), &format!("{} {}", symbol(node.action), node.label), &node.title, out);
        if node.link.is_some() {
            out.push_str("</a>\n");
        }
    }
    svg::close(out);
    out.push_str("</details>\n");
}

fn edge((from_column, from_row): (usize, usize), (column, row): (usize, usize), out: &mut String) {
    let middle = |row: usize| row * ROW + 4 + BOX.1 / 2;
    let (x1, y1, x2, y2) = (from_column * COLUMN + BOX.0, middle(from_row), column * COLUMN, middle(row));
    let bend = (COLUMN - BOX.0) / 2 + 10;
    let _ = writeln!(
        out,
        "<path class=\"edge\" d=\"M{x1},{y1} C{},{y1} {},{y2} {x2},{y2}\"/>",
        x1 + bend,
        x2.saturating_sub(bend)
    );
}

/// A box for each change.
fn single(plan: &Plan) -> Vec<Node> {
    let numbers = numbers(plan);
    let nodes = plan.changes.iter().enumerate().map(|(at, change)| Node {
        label: brief(&change.key, &plan.cluster),
        title: change.key.to_string(),
        action: change.action,
        link: Some(at),
        needs: change.needs.iter().filter_map(|need| numbers.get(need).copied()).filter(|need| *need != at).collect(),
    });
    nodes.collect()
}

/// A box for each kind and action.
fn by_kind(plan: &Plan) -> Vec<Node> {
    let mut groups: BTreeMap<(Action, &str), usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut of_change = Vec::new();
    for change in &plan.changes {
        let kind = change.key.kind.slug();
        let at = *groups.entry((change.action, kind)).or_insert_with(|| {
            nodes.push(Node {
                label: kind.to_owned(),
                title: kind.to_owned(),
                action: change.action,
                link: None,
                needs: BTreeSet::new(),
            });
            counts.push(0);
            nodes.len() - 1
        });
        of_change.push(at);
        counts.iter_mut().skip(at).take(1).for_each(|count| *count += 1);
    }
    let numbers = numbers(plan);
    for (change, at) in plan.changes.iter().zip(&of_change) {
        let needs = change.needs.iter().filter_map(|need| of_change.get(*numbers.get(need)?).copied());
        let needs: Vec<usize> = needs.filter(|need| need != at).collect();
        if let Some(node) = nodes.get_mut(*at) {
            node.needs.extend(needs);
        }
    }
    for (node, count) in nodes.iter_mut().zip(counts) {
        node.label = format!("{count} {}", node.label);
    }
    nodes
}

fn numbers(plan: &Plan) -> BTreeMap<&ResourceKey, usize> {
    plan.changes.iter().enumerate().map(|(at, change)| (&change.key, at)).collect()
}

/// The column of each box: one behind the last of what it needs. Kinds may need one another; such a circle stays where it is.
fn layers(nodes: &[Node]) -> Vec<usize> {
    let mut layers: Vec<usize> = vec![0; nodes.len()];
    // A path has no more steps than there are boxes, unless it is a circle.
    for _ in 0..nodes.len() {
        let mut moved = false;
        for (at, node) in nodes.iter().enumerate() {
            let behind = node.needs.iter().filter_map(|need| layers.get(*need)).max().map_or(0, |layer| layer + 1);
            if let Some(layer) = layers.get_mut(at).filter(|layer| **layer < behind && behind < nodes.len().min(40)) {
                *layer = behind;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    layers
}

/// Column and row of each box: within a column near what it needs.
fn places(nodes: &[Node], layers: &[usize]) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> = vec![(0, 0); nodes.len()];
    let columns = layers.iter().copied().max().unwrap_or_default();
    for column in 0..=columns {
        let mut members: Vec<(usize, usize)> = nodes
            .iter()
            .enumerate()
            .filter(|(at, _)| layers.get(*at) == Some(&column))
            .map(|(at, node)| {
                let rows: Vec<usize> =
                    node.needs.iter().filter_map(|need| places.get(*need)).map(|(_, row)| *row).collect();
                let mean = rows.iter().sum::<usize>().checked_div(rows.len()).unwrap_or_default();
                (mean, at)
            })
            .collect();
        members.sort_unstable();
        for (row, (_, at)) in members.into_iter().enumerate() {
            if let Some(place) = places.get_mut(at) {
                *place = (column, row);
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(needs: &[usize]) -> Node {
        Node {
            label: String::new(),
            title: String::new(),
            action: Action::Create,
            link: None,
            needs: needs.iter().copied().collect(),
        }
    }

    #[test]
    fn boxes_stand_behind_what_they_need() {
        let nodes = [node(&[]), node(&[0]), node(&[0, 1]), node(&[])];
        let layers = layers(&nodes);
        assert_eq!(layers, [0, 1, 2, 0]);
        assert_eq!(places(&nodes, &layers), [(0, 0), (1, 0), (2, 0), (0, 1)]);
    }

    #[test]
    fn a_circle_ends() {
        let layers = layers(&[node(&[1]), node(&[0]), node(&[1])]);
        assert!(layers.iter().all(|layer| *layer <= 3), "{layers:?}");
    }
}
