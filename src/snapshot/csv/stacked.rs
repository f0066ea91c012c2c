//! Tables that stand one below the other in one file. They are read as one, since no rule tells for sure where one ends; what looks like it is
//! said. Workbooks ask this too.

use super::header::filled;
use super::look::Look;
use super::record::Record;

/// What shows that another table begins among the rows, in words that name its line: a row that repeats one of the header's, or one of names
/// behind a blank line, between rows of values. `None` when nothing does.
pub(in crate::snapshot) fn second(header: &[&Record], rows: &[Record]) -> Option<String> {
    let repeats = |r: &&Record| header.iter().any(|h| filled(&h.fields) > 1 && same(h, r));
    if let Some(row) = rows.iter().find(repeats) {
        return Some(format!("line {} repeats the header", row.line));
    }
    let found = (1..rows.len().saturating_sub(1)).find(|i| begins(rows, *i));
    found.map(|i| format!("line {}, behind a blank line, looks like another header", rows[i].line))
}

/// Whether the row is a header behind a blank line, or behind a title that stands behind one.
fn begins(rows: &[Record], row: usize) -> bool {
    let titles = usize::from(!rows[row].apart && filled(&rows[row - 1].fields) == 1);
    let first = row - titles;
    first > 0 && rows[first].apart && is_head(&rows[row], &rows[first - 1], &rows[row + 1])
}

fn same(a: &Record, b: &Record) -> bool {
    let cells = |r: &Record| r.fields.iter().map(|f| f.trim().to_owned()).filter(|f| !f.is_empty()).collect::<Vec<String>>();
    cells(a) == cells(b)
}

/// Whether the row holds names alone, two and more, and a word where the rows before and behind it hold values.
fn is_head(row: &Record, before: &Record, behind: &Record) -> bool {
    let looks = |r: &Record| r.fields.iter().map(|f| Look::of(f)).collect::<Vec<Look>>();
    let own = looks(row);
    let flips = |other: &Record| own.iter().zip(looks(other)).any(|(own, other)| *own == Look::Word && other.is_value());
    filled(&row.fields) > 1 && !own.iter().any(|l| l.is_value()) && flips(before) && flips(behind)
}

#[cfg(test)]
mod tests {
    use super::super::tokenize::Syntax;
    use super::*;

    #[test]
    fn another_table_below() {
        for (text, want) in [
            ("id,v\n1,2\n2,3\n\nid,v\n1,5\n", Some("line 5 repeats the header")),
            ("id,v\n1,5\nid,v\n3,7\n", Some("line 3 repeats the header")),
            (
                "id,v\n1,2\n2,3\n\ncode,name,price\nx,y,2.5\nz,2,3.5\n",
                Some("line 5, behind a blank line, looks like another header"),
            ),
            ("id,v\n1,2\n2,3\n\ncode,price\nx,2.5\nz,3.5\n", Some("line 5, behind a blank line, looks like another header")),
            ("id,v\n1,2\n2,3\n\nTable 2\nid,m\n1,2\n", Some("line 6, behind a blank line, looks like another header")),
            ("id,v\n1,2\n2,3\nTable 2\nid,m\n1,2\n", None),
            ("id,v\nx,2\n\ny,\nz,3\n", None),
            ("id,v\nx,2\n\ny,4\nz,3\n", None),
            ("v\n1\nv\n2\n", None),
        ] {
            let records = Syntax::default().records(text.as_bytes(), true, 100, None).all;
            assert_eq!(second(&[&records[0]], &records[1..]).as_deref(), want, "{text:?}");
        }
    }
}
