//! The head of a sheet: comments and titles above the table, its header of one or more rows, and the names that these give to the
//! columns. What is a title and what a header is decided as for delimited text; merged cells add what only a sheet can say.

use std::collections::{BTreeMap, HashMap};

use super::book::Region;
use super::grid::Row;
use crate::descriptor::Dialect;
use crate::snapshot::csv::Record;
use crate::snapshot::csv::look::{Look, is_year};
use crate::snapshot::csv::preface::{Comment, Header, head};
use crate::snapshot::csv::stacked;

/// Where the table is among the first rows of its sheet.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) comment: Option<Comment>,
    /// For each row: what it is.
    pub(super) parts: Vec<Part>,
    /// The published name of each column that has one, or that a header's merged cells cover.
    pub(super) names: BTreeMap<u32, String>,
    /// The first column of the rows.
    pub(super) left: u32,
    /// What shows that another table begins below, where something does.
    pub(super) second: Option<String>,
}

/// What a row at the head of a sheet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Comment,
    Title,
    Header,
    /// Neither a name nor a row: a rule, or keys with their values.
    Between,
    Data,
}

/// The most that merged cells may say in the columns that they cover, in bytes: cells that don't overlap, as a sheet has them, say far less.
const MAX_SPREAD: u64 = 16 << 20;

/// What a text of a column takes beside its bytes, about.
const TEXT_BYTES: u64 = 32;

/// Finds the table. `rows` are the first that are not blank, top to bottom; `max_columns` bounds what merged cells may cover.
pub(super) fn find(rows: &[Row], regions: &[Region], dialect: &Dialect, max_columns: usize) -> Head {
    let left = rows.iter().filter_map(|r| r.cells.first()).map(|(column, _)| *column).min().unwrap_or(0);
    let merged = Merged::new(rows, regions);
    let mut records: Vec<Record> = rows.iter().map(|row| record(row, left, &merged)).collect();
    for i in 1..rows.len() {
        records[i].apart = rows[i].line > rows[i - 1].line + 1;
    }
    let mut parts = vec![Part::Data; rows.len()];
    for (row, part) in rows.iter().zip(&mut parts) {
        if dialect.comment_rows.iter().any(|line| *line as u64 == row.line) {
            *part = Part::Comment;
        }
    }
    let lines: HashMap<u64, usize> = rows.iter().enumerate().map(|(i, row)| (row.line, i)).collect();
    records.retain(|r| lines.get(&r.line).is_none_or(|i| parts[*i] != Part::Comment));
    let (found, _) = head(dialect, &mut records);
    let kept: Vec<usize> = records.iter().filter_map(|r| lines.get(&r.line).copied()).collect();
    for (i, part) in parts.iter_mut().enumerate() {
        if !kept.contains(&i) {
            *part = Part::Comment;
        }
    }
    for i in kept.iter().take(found.preamble) {
        parts[*i] = Part::Title;
    }
    let body = &kept[found.preamble.min(kept.len())..];
    let (header, between) = match &found.header {
        Header::None => (Vec::new(), 0),
        Header::Records(lines, _) => {
            let told: Vec<usize> = body.iter().filter(|i| lines.contains(&(rows[**i].line as usize))).copied().collect();
            let merged = if dialect.header_rows.is_empty() { merged.header(rows, body) } else { Vec::new() };
            if merged.len() > told.len() { (merged, 0) } else { (told, found.between) }
        }
    };
    if let Some(last) = header.last() {
        for i in body.iter().take_while(|i| *i <= last) {
            parts[*i] = if header.contains(i) { Part::Header } else { Part::Title };
        }
        for i in body.iter().skip_while(|i| *i <= last).take(between) {
            parts[*i] = Part::Between;
        }
    }
    let mut names = merged.names(rows, &header, dialect.header_join.as_deref().unwrap_or(" "));
    if header.is_empty() {
        names.extend(body.iter().take(1).flat_map(|i| merged.covered(&rows[*i])).map(|column| (column, String::new())));
    }
    while names.len() > max_columns {
        names.pop_last();
    }
    let is_header = |r: &&Record| lines.get(&r.line).is_some_and(|i| header.contains(i));
    let first = records.iter().rposition(|r| is_header(&r)).map_or(0, |i| i + 1);
    let second = stacked::second(&records.iter().filter(is_header).collect::<Vec<_>>(), &records[first..]);
    Head { comment: found.comment, parts, names, left, second }
}

/// A row as delimited text would have it: from the table's first column to the row's last filled cell.
fn record(row: &Row, left: u32, merged: &Merged<'_>) -> Record {
    let labels = merged.labels(row);
    let last = labels.keys().next_back().copied().unwrap_or(left);
    let fields = (left..=last).map(|column| labels.get(&column).cloned().unwrap_or_default()).collect();
    Record { line: row.line, start: 0, end: 0, apart: false, fields }
}

/// The merged cells of the head, each with what it says.
struct Merged<'r> {
    regions: Vec<(&'r Region, String)>,
    /// The last column with a cell of its own.
    right: u32,
}

impl<'r> Merged<'r> {
    /// Those that would say too much are taken for cells that are not merged.
    fn new(rows: &[Row], regions: &'r [Region]) -> Self {
        let right = rows.iter().filter_map(|r| r.cells.last()).map(|(column, _)| *column).max().unwrap_or(0);
        let before = |line: u64| rows.partition_point(|row| row.line < line);
        let label = |region: &Region| {
            let row = rows.get(before(u64::from(region.top) + 1)).filter(|row| row.line == u64::from(region.top) + 1)?;
            let at = row.cells.binary_search_by_key(&region.left, |(column, _)| *column).ok()?;
            Some(row.cells[at].1.label())
        };
        let mut left = MAX_SPREAD;
        let mut fits = |region: &Region, label: &str| {
            let covered = before(u64::from(region.bottom) + 2) - before(u64::from(region.top) + 1);
            let columns = u64::from(region.right - region.left) + 1;
            let bytes = (covered as u64).saturating_mul(columns).saturating_mul(label.len() as u64 + TEXT_BYTES);
            let rest = left.checked_sub(bytes);
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        let regions = regions.iter().filter_map(|r| label(r).filter(|label| fits(r, label)).map(|label| (r, label))).collect();
        Self { regions, right }
    }

    /// The texts of a row by column. In a row of several cells a merged one speaks for all columns that it covers; one that is alone
    /// in its row is a title, however wide it is.
    fn labels(&self, row: &Row) -> BTreeMap<u32, String> {
        let mut labels: BTreeMap<u32, String> = row.cells.iter().map(|(c, v)| (*c, v.label())).collect();
        let index = row.line - 1;
        let here: Vec<_> =
            self.regions.iter().filter(|(r, _)| (u64::from(r.top)..=u64::from(r.bottom)).contains(&index)).collect();
        let from_above = here.iter().filter(|(r, _)| u64::from(r.top) < index).count();
        if labels.len() + from_above > 1 {
            for (region, label) in here {
                for column in region.left..=region.right.min(self.right) {
                    labels.entry(column).or_insert_with(|| label.clone());
                }
            }
        }
        labels
    }

    /// Columns that merged cells which begin in `row` cover.
    fn covered(&self, row: &Row) -> impl Iterator<Item = u32> {
        let top = row.line - 1;
        self.regions.iter().filter(move |(r, _)| u64::from(r.top) == top).flat_map(|(r, _)| r.left..=r.right)
    }

    /// The rows of the header, of which the first of `body` is one: merged cells that reach further down take more rows into it, and
    /// a group's name over several columns takes in the row of names below it.
    fn header(&self, rows: &[Row], body: &[usize]) -> Vec<usize> {
        let Some(first) = body.first() else { return Vec::new() };
        let mut header = vec![*first];
        let mut bottom = rows[*first].line;
        let mut at = 0;
        while at < header.len() {
            let row = &rows[header[at]];
            let mut is_group = false;
            for (region, _) in self.regions.iter().filter(|(r, _)| u64::from(r.top) + 1 == row.line) {
                bottom = bottom.max(u64::from(region.bottom) + 1);
                is_group |= region.right > region.left && row.cells.len() > 1;
            }
            at += 1;
            if at == header.len() {
                let next = body.get(at).copied().filter(|i| {
                    let inside = rows[*i].line <= bottom;
                    inside || (is_group && are_names(&rows[*i]) && body.get(at + 1).is_some())
                });
                header.extend(next);
            }
        }
        header
    }

    /// The names that header rows give: what stands in a column from the top down, each text once.
    fn names(&self, rows: &[Row], header: &[usize], joint: &str) -> BTreeMap<u32, String> {
        let mut names: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for i in header {
            let mut labels = self.labels(&rows[*i]);
            for (region, label) in &self.regions {
                if u64::from(region.top) + 1 == rows[*i].line {
                    (region.left..=region.right).for_each(|column| {
                        labels.entry(column).or_insert_with(|| label.clone());
                    });
                }
            }
            for (column, label) in labels {
                let parts = names.entry(column).or_default();
                if parts.last() != Some(&label) && !label.is_empty() {
                    parts.push(label);
                }
            }
        }
        names.into_iter().map(|(column, parts)| (column, parts.join(joint))).collect()
    }
}

/// Whether all that a row holds could name columns.
fn are_names(row: &Row) -> bool {
    row.cells.iter().all(|(_, value)| {
        let label = value.label();
        !Look::of(&label).is_value() || is_year(&label)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::cells::CellKind;
    use crate::snapshot::sheet::value::Value;

    /// A sheet has no merged cells over each other; who writes a thousand of them wants memory.
    #[test]
    fn merged_cells_say_no_more_than_a_sheet_can() {
        let text = |text: &str| Value::Text { kind: CellKind::String, text: text.to_owned() };
        let rows = [Row { line: 1, cells: vec![(0, text("a")), (16_383, text("b"))] }];
        let wide = Region { top: 0, left: 0, bottom: 0, right: 16_383 };
        let merged = Merged::new(&rows, &[wide; 1000]).regions.len();
        assert!((1..100).contains(&merged), "{merged}");
    }
}
