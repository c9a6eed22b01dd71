//! The namespaces that one tree under construction numbers itself.

use alloc::vec::Vec;

use super::namespace::FIRST_LOCAL;
use super::navigate::Tree;
use super::tape::Node;

/// The namespaces of a tree that are not well known.
#[derive(Clone, Debug, Default)]
pub(super) struct Spaces {
    /// In the order of their ids.
    pub(super) nodes: Vec<Node>,
    /// Indices into `nodes` in the order of their names, so that a tree of thousands of
    /// namespaces is not searched from end to end for each.
    sorted: Vec<u16>,
}

impl Spaces {
    /// The id of `ns`, or where it belongs in `sorted`.
    pub(super) fn find(&self, text: &str, ns: &str) -> Result<u16, usize> {
        let tree = Tree { text, aux: "", nodes: &[] };
        let name = |number: u16| {
            self.nodes.get(usize::from(number)).map_or("", |node| tree.slice(node.value()))
        };
        self.sorted
            .binary_search_by(|number| name(*number).cmp(ns))
            .map(|at| self.sorted[at] + FIRST_LOCAL)
    }

    /// Adds a namespace where [`find`](Self::find) said; its id.
    #[expect(clippy::cast_possible_truncation, reason = "the caller keeps within MAX_NS")]
    pub(super) fn insert(&mut self, at: usize, name: Node) -> u16 {
        let number = self.nodes.len() as u16;
        self.nodes.push(name);
        self.sorted.insert(at, number);
        number + FIRST_LOCAL
    }
}
