//! Boxes with text.

use std::fmt::Write as _;

use crate::view::escape::xml;

/// Width of a character of the drawings' font, in pixels.
const CHARACTER: usize = 7;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Begins a drawing.
pub(super) fn open(width: usize, height: usize, label: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<div class=\"drawing\"><svg role=\"img\" aria-label=\"{}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">",
        xml(label)
    );
}

/// Ends it.
pub(super) fn close(out: &mut String) {
    out.push_str("</svg></div>\n");
}

/// A box with a line of text, cut to its width; `title` is what it says when it is pointed at.
pub(super) fn labelled(area: Area, class: &str, text: &str, title: &str, out: &mut String) {
    let Area { x, y, width, height } = area;
    let _ = writeln!(
        out,
        "<g class=\"{class}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>\
         <text x=\"{}\" y=\"{}\">{}</text></g>",
        xml(title),
        x + 8,
        y + 17,
        xml(&cut(text, width.saturating_sub(16) / CHARACTER))
    );
}

/// A line of text.
pub(super) fn text(x: usize, y: usize, width: usize, class: &str, text: &str, out: &mut String) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", xml(&cut(text, width / CHARACTER)));
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
