//! Whether two elements mean the same: without recursion, so that depth costs no stack.

use alloc::vec::Vec;

use super::element::ElementRef;
use super::namespace::FIRST_LOCAL;
use super::navigate::{Attr, Children, Tree};
use super::tape::{Kind, Node};

/// Equality of expanded names, of attributes as a set, and of children in order with their
/// meaning.
pub(crate) fn equal(a: ElementRef<'_>, b: ElementRef<'_>) -> bool {
    let (tree_a, tree_b) = (a.tree(), b.tree());
    if !same_tag(a, b) {
        return false;
    }
    let mut now = (a.children(), b.children());
    let mut outer: Vec<(Children<'_>, Children<'_>)> = Vec::new();
    loop {
        match (now.0.next_node(), now.1.next_node()) {
            (None, None) => match outer.pop() {
                Some(up) => now = up,
                None => return true,
            },
            (Some((in_a, x)), Some((in_b, y))) => match (x.kind(), y.kind()) {
                (Kind::Element, Kind::Element) => {
                    let (x, y) = (ElementRef::at(tree_a, in_a), ElementRef::at(tree_b, in_b));
                    if !same_tag(x, y) {
                        return false;
                    }
                    outer.push(core::mem::replace(&mut now, (x.children(), y.children())));
                }
                (Kind::Text, Kind::Text) => {
                    if !same_value(tree_a, x, tree_b, y) {
                        return false;
                    }
                }
                _ => return false,
            },
            _ => return false,
        }
    }
}

/// Names and attributes.
fn same_tag(a: ElementRef<'_>, b: ElementRef<'_>) -> bool {
    let (attrs_a, attrs_b) = (a.attrs(), b.attrs());
    if attrs_a.len() != attrs_b.len() || !same_name(a.tree(), a.node(), b.tree(), b.node()) {
        return false;
    }
    // No element has two attributes of one name, so equal counts and a partner for each of `a`
    // make equal sets. Most often the partner stands in the same place.
    let same = |x: Attr<'_>, y: Attr<'_>| {
        same_name(a.tree(), x.node(), b.tree(), y.node())
            && same_value(a.tree(), x.node(), b.tree(), y.node())
    };
    attrs_a.zip(attrs_b.clone()).all(|(x, y)| same(x, y) || attrs_b.clone().any(|y| same(x, y)))
}

fn same_name(a: Tree<'_>, x: Node, b: Tree<'_>, y: Node) -> bool {
    let same_ns =
        x.ns() == y.ns() && x.ns() < FIRST_LOCAL || a.namespace(x.ns()) == b.namespace(y.ns());
    same_ns && a.slice(x.name()) == b.slice(y.name())
}

fn same_value(a: Tree<'_>, x: Node, b: Tree<'_>, y: Node) -> bool {
    a.value(x) == b.value(y)
}
