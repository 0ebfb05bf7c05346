//! Tables: columns as wide as what they hold, two spaces between them.

use crate::text::{Line, Role, Text};

/// A table. Rows have as many cells as there are headings.
#[must_use]
pub fn render(headings: &[&str], rows: &[Vec<String>]) -> Text {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = Text::new();
    text.push(line(Role::Heading, headings.iter().map(|heading| (*heading).to_owned()), &widths));
    for row in rows {
        text.push(line(Role::Plain, row.iter().cloned(), &widths));
    }
    text
}

fn line(role: Role, cells: impl Iterator<Item = String>, widths: &[usize]) -> Line {
    let padded: Vec<String> = cells
        .zip(widths)
        .map(|(cell, width)| format!("{}{}", cell, " ".repeat(width - cell.chars().count().min(*width))))
        .collect();
    Line::of(role, padded.join("  ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn columns_fit_what_they_hold() {
        let rows = [vec!["nodes".to_owned(), "2".to_owned()], vec!["ü".to_owned(), "10".to_owned()]];
        assert_eq!(render(&["NAME", "SIZE"], &rows).to_string(), "NAME   SIZE\nnodes  2\nü      10\n");
    }
}
