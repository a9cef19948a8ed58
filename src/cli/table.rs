//! Rows of text in columns, for a person to read. It must not know what they say.

/// A table with `heads` above its columns.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    widest: usize,
}

impl Table {
    /// A table with these heads; what is longer than `widest` letters is cut.
    pub(crate) fn new(heads: &[&str], widest: usize) -> Self {
        Self { rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()], widest }
    }

    /// Adds a row, which has as many cells as there are heads. What is empty shows as a dash.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        let shown = |cell: String| if cell.is_empty() { "-".to_owned() } else { cut(&cell, self.widest) };
        let row = cells.into_iter().map(shown).collect();
        self.rows.push(row);
    }

    /// The whole, two spaces between the columns and none at the ends of lines.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            format!("{}\n", line.trim_end())
        };
        self.rows.iter().map(line).collect()
    }

    fn width(&self, column: usize) -> usize {
        self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

/// `cell`, cut where it is longer than `widest` letters.
pub(crate) fn cut(cell: &str, widest: usize) -> String {
    if cell.chars().count() <= widest {
        return cell.to_owned();
    }
    cell.chars().take(widest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let mut table = Table::new(&["NAME", "STATE"], 34);
        table.row(vec!["žluťoučký".to_owned(), "ready".to_owned()]);
        table.row(vec!["a".to_owned(), String::new()]);
        assert_eq!(table.text(), "NAME       STATE\nžluťoučký  ready\na          -\n");
        table.row(vec!["x".repeat(50), String::new()]);
        assert!(table.text().lines().all(|line| line.chars().count() < 45));
    }
}
