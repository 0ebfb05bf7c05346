//! A small directed graph with a deterministic order.
//!
//! Nodes are numbers; whoever builds a graph numbers them in the order of their keys, so that ties are broken by key. The
//! graph knows nothing of resources. Ours instead of a crate because the order has to be the same on every run and
//! platform, and a cycle has to be printed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Why one node comes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edge {
    /// It needs what the other one makes.
    NeedsOutputOf,
    /// It is removed, and must outlive what still uses it.
    MustOutlive,
}

impl Edge {
    /// The edge in words, between the two nodes.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NeedsOutputOf => "needs",
            Self::MustOutlive => "must outlive",
        }
    }
}

/// A directed graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    /// By node: what comes before it.
    before: Vec<Vec<(usize, Edge)>>,
}

/// An order of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// The nodes; each after everything that comes before it.
    pub(crate) nodes: Vec<usize>,
    /// By node: length of the longest chain that waits for it, itself included.
    pub(crate) chain: Vec<usize>,
}

/// Nodes that come before each other, each with the edge to the next; the last one leads to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle(pub(crate) Vec<(usize, Edge)>);

impl Graph {
    /// A graph of `nodes` nodes without edges.
    pub(crate) fn new(nodes: usize) -> Self {
        Self { before: vec![Vec::new(); nodes] }
    }

    /// Puts `first` before `node`. A node is never before itself: such an edge is left out.
    pub(crate) fn add(&mut self, node: usize, edge: Edge, first: usize) {
        if node == first || first >= self.before.len() {
            return;
        }
        if let Some(edges) = self.before.get_mut(node) {
            edges.push((first, edge));
        }
    }

    /// What comes directly before `node`, each once, in order.
    pub(crate) fn before(&self, node: usize) -> Vec<usize> {
        let mut nodes: Vec<usize> = self.edges(node).iter().map(|(first, _)| *first).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Orders the nodes: of those that are ready, the one with the longest chain behind it comes first, then the lowest.
    pub(crate) fn order(&self) -> Result<Order, Cycle> {
        let count = self.before.len();
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut waits: Vec<usize> = vec![0; count];
        for (node, waiting) in waits.iter_mut().enumerate() {
            for first in self.before(node) {
                *waiting += 1;
                if let Some(list) = after.get_mut(first) {
                    list.push(node);
                }
            }
        }
        let plain = self.any_order(&after, waits.clone())?;
        let mut chain: Vec<usize> = vec![1; count];
        for &node in plain.iter().rev() {
            let longest = after.get(node).into_iter().flatten().filter_map(|next| chain.get(*next)).max().copied();
            if let (Some(own), Some(longest)) = (chain.get_mut(node), longest) {
                *own = longest + 1;
            }
        }
        let priority = |node: usize| (chain.get(node).copied().unwrap_or_default(), Reverse(node));
        let mut ready: BinaryHeap<(usize, Reverse<usize>)> =
            waits.iter().enumerate().filter(|(_, waiting)| **waiting == 0).map(|(node, _)| priority(node)).collect();
        let mut nodes = Vec::with_capacity(count);
        while let Some((_, Reverse(node))) = ready.pop() {
            nodes.push(node);
            for &next in after.get(node).into_iter().flatten() {
                if let Some(waiting) = waits.get_mut(next) {
                    *waiting -= 1;
                    if *waiting == 0 {
                        ready.push(priority(next));
                    }
                }
            }
        }
        Ok(Order { nodes, chain })
    }

    fn edges(&self, node: usize) -> &[(usize, Edge)] {
        self.before.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    fn any_order(&self, after: &[Vec<usize>], mut waits: Vec<usize>) -> Result<Vec<usize>, Cycle> {
        let mut nodes: Vec<usize> =
            waits.iter().enumerate().filter(|(_, waiting)| **waiting == 0).map(|(node, _)| node).collect();
        let mut done = 0;
        while let Some(&node) = nodes.get(done) {
            done += 1;
            for &next in after.get(node).into_iter().flatten() {
                if let Some(waiting) = waits.get_mut(next) {
                    *waiting -= 1;
                    if *waiting == 0 {
                        nodes.push(next);
                    }
                }
            }
        }
        if done == waits.len() { Ok(nodes) } else { Err(self.cycle(&waits)) }
    }

    /// Finds one cycle among the nodes that still wait. Each of them waits for another one that waits, so that walking
    /// on comes back to a node that was seen.
    fn cycle(&self, waits: &[usize]) -> Cycle {
        let stuck = |node: usize| waits.get(node).is_some_and(|waiting| *waiting > 0);
        let mut path: Vec<(usize, Edge)> = Vec::new();
        let mut current = (0..waits.len()).find(|node| stuck(*node));
        while let Some(node) = current {
            if let Some(start) = path.iter().position(|(seen, _)| *seen == node) {
                path.drain(..start);
                break;
            }
            let next = self.edges(node).iter().filter(|(first, _)| stuck(*first)).min();
            if let Some((_, edge)) = next {
                path.push((node, *edge));
            }
            current = next.map(|(first, _)| *first);
        }
        Cycle(path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(nodes);
        for &(node, first) in edges {
            graph.add(node, Edge::NeedsOutputOf, first);
        }
        graph
    }

    /// The dumb solver: again and again, the ready node with the longest chain, found by trying all paths.
    fn brute_force(nodes: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
        fn longest(node: usize, edges: &[(usize, usize)], depth: usize) -> usize {
            if depth == 0 {
                return 1;
            }
            1 + edges
                .iter()
                .filter(|(later, first)| *first == node && *later != node)
                .map(|(later, _)| longest(*later, edges, depth - 1))
                .max()
                .unwrap_or(0)
        }
        let mut done = Vec::new();
        while done.len() < nodes {
            let next = (0..nodes)
                .filter(|node| !done.contains(node))
                .filter(|node| {
                    edges.iter().all(|(later, first)| later != node || first == node || done.contains(first))
                })
                .max_by_key(|node| (longest(*node, edges, nodes), Reverse(*node)))?;
            done.push(next);
        }
        Some(done)
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_dumb_solver(edges in prop::collection::vec((0_usize..7, 0_usize..7), 0..10)) {
            let order = graph(7, &edges).order();
            match brute_force(7, &edges) {
                Some(nodes) => prop_assert_eq!(order.unwrap().nodes, nodes),
                None => {
                    let Cycle(cycle) = order.unwrap_err();
                    prop_assert!(cycle.len() > 1);
                    for (at, (node, _)) in cycle.iter().enumerate() {
                        let (next, _) = cycle[(at + 1) % cycle.len()];
                        prop_assert!(edges.contains(&(*node, next)), "{} does not need {}", node, next);
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_chain_goes_before_a_lower_number() {
        let order = graph(4, &[(3, 2), (2, 1)]).order().unwrap();
        assert_eq!(order.nodes, [1, 2, 0, 3]);
        assert_eq!(order.chain, [1, 3, 2, 1]);
    }

    #[test]
    fn a_cycle_is_named_without_what_hangs_on_it() {
        let Cycle(cycle) = graph(4, &[(0, 1), (1, 2), (2, 1), (3, 0)]).order().unwrap_err();
        assert_eq!(cycle.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [1, 2]);
    }
}
