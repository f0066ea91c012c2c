//! Footers: notes, sources and explanations below a table's rows. They are told by their shape at the end of the text, and only there.

use super::header::{self, Profile, filled};
use super::look::is_sentence;
use super::record::Record;
use super::sniff::width_of_most;
use super::tokenize::Syntax;

/// Bytes at the end of a text that are looked at.
pub(super) const TAIL: u64 = 1 << 16;

/// Records of a footer, at most.
const MOST: usize = 200;

/// Words of a note that takes a row's place, at least: names and headings have fewer.
const WORDS: usize = 4;

/// The records of `tail`, which starts at a record when `whole`, else anywhere: then it is taken up at a line. Each says where in `tail` it is.
pub(super) fn records(syntax: &Syntax, tail: &[u8], whole: bool) -> Vec<Record> {
    let from = if whole { Some(0) } else { syntax.line(tail, 0, false) };
    let Some(from) = from else { return Vec::new() };
    let mut found = syntax.records(&tail[from..], true, usize::MAX, None).all;
    for record in &mut found {
        (record.start, record.end) = (record.start + from, record.end + from);
    }
    found
}

/// Where the footer begins in a tail of these [`records`]; `None` when there is no footer, or when it can't be told. `width` is the table's
/// number of columns.
pub(super) fn begin(records: &[Record], whole: bool, width: usize) -> Option<usize> {
    let rows: Vec<&[String]> = records.iter().map(|r| r.fields.as_slice()).collect();
    let first = first_note(&rows, width)?;
    // A tail that begins within a quoted text shows as records of no one width.
    let above = &records[..first];
    if !whole && (above.len() < 10 || width_of_most(above) != width || regular(above, width) * 10 < above.len() * 9) {
        return None;
    }
    Some(records[first].start)
}

fn regular(records: &[Record], width: usize) -> usize {
    records.iter().filter(|r| r.fields.len() == width).count()
}

/// The first row of the footer. A footer is the last rows, each of them a note or empty and at least one a note.
///
/// A note is shorter than a row, at most half of it or with a text of several words; or it fills a row's first cell only, with such
/// a text, where no row above it is of that shape. It has no value in a column of values. Above a note, a line without a delimiter is
/// its heading.
fn first_note(rows: &[&[String]], width: usize) -> Option<usize> {
    if width < 2 || rows.len() < 2 {
        return None;
    }
    let owned: Vec<Vec<&str>> = rows.iter().map(|r| r.iter().map(String::as_str).collect()).collect();
    let profiles = header::profiles(&owned, width);
    let mut first = rows.len();
    let mut notes = 0;
    while first > 0 && rows.len() - first < MOST {
        let row = rows[first - 1];
        let is_heading = || notes > 0 && width > 2 && row.len() == 1 && header::agreement(row, &profiles).0 == 0;
        if is_note(row, width, &profiles) || (is_heading() && filled(row) > 0) {
            notes += 1;
        } else if filled(row) > 0 {
            break;
        }
        first -= 1;
    }
    if notes == 0 || first == 0 {
        return None;
    }
    let is_padded = |row: &&&[String]| row.len() >= width && filled(row) == 1 && !row[0].trim().is_empty();
    // Headings between rows have that shape too: then it tells nothing, and only what is shorter than a row is a note.
    if rows[1.min(first)..first].iter().any(|r| is_padded(&r)) {
        let last_padded = (first..rows.len()).rev().find(|i| is_padded(&&rows[*i]));
        first = last_padded.map_or(first, |i| i + 1);
        if rows[first..].iter().all(|r| filled(r) == 0) {
            return None;
        }
    }
    Some(first)
}

fn is_note(row: &[String], width: usize, profiles: &[Profile]) -> bool {
    let filled = filled(row);
    let (values, _) = header::agreement(row, profiles);
    if filled == 0 || values > 0 {
        return false;
    }
    if row.len() >= width {
        return width > 2 && filled == 1 && is_sentence(&row[0], WORDS);
    }
    if row.len() == 1 { is_sentence(&row[0], 2) } else { row.len() * 2 <= width || row.iter().any(|c| is_sentence(c, WORDS)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers() {
        let rows = "a,b,c\nx y,1,2\nz,3,4\n";
        for (below, footer) in [
            ("", None),
            ("Source: the office\n", Some("Source: the office\n")),
            (
                "\n,,\nSource: the office of statistics,,\n\"(1) is\nprovisional\",,\n",
                Some(",,\nSource: the office of statistics,,\n\"(1) is\nprovisional\",,\n"),
            ),
            ("****\n1.,Of the year before last\n", Some("****\n1.,Of the year before last\n")),
            ("Notes\n\n1.,Of the year before last\n", Some("Notes\n\n1.,Of the year before last\n")),
            // Short rows, headings, totals and empty rows are none.
            ("v\n", None),
            ("5\n", None),
            ("Total of all,4,6\n", None),
            (",,\n,,\n", None),
            ("v,7\n", None),
            ("Northern parts,,\n", None),
            ("注：数据来源：市统计局,,\n", Some("注：数据来源：市统计局,,\n")),
            ("The whole of the north,,\nq,1,2\nThe whole of the south,,\n", None),
        ] {
            let text = format!("{rows}{below}");
            let found = begin(&records(&Syntax::default(), text.as_bytes(), true), true, 3);
            assert_eq!(found.map(|at| &text[at..]), footer, "{below:?}");
        }
    }

    #[test]
    fn a_tail_is_taken_up_at_a_line() {
        let text = format!("5,\"6\n{}Source: the office\n", "\"x\",1,2\n".repeat(20));
        let begin = |text: &str| begin(&records(&Syntax::default(), text.as_bytes(), false), false, 3);
        assert_eq!(begin(&text), Some(text.len() - 19));
        let quoted = format!("5\n{}Source: the office\n", "\"x\ny\",1,2\n\"x,2".repeat(20));
        assert_eq!(begin(&quoted), None);
    }
}
