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
    let first = first_note(records, width)?;
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
/// its heading. Behind a blank line, prose with delimiters in it is a note as well, how wide soever it is.
fn first_note(records: &[Record], width: usize) -> Option<usize> {
    let rows: Vec<&[String]> = records.iter().map(|r| r.fields.as_slice()).collect();
    if width < 2 || rows.len() < 2 {
        return None;
    }
    let owned: Vec<Vec<&str>> = rows.iter().map(|r| r.iter().map(String::as_str).collect()).collect();
    let profiles = header::profiles(&owned, width);
    let note = |i: usize| is_note(rows[i], width, &profiles);
    let is_heading = |i: usize| width > 2 && rows[i].len() == 1 && header::agreement(rows[i], &profiles).0 == 0;
    let begin = |prose: bool| {
        let (mut first, mut notes) = (rows.len(), 0);
        while first > 0 && rows.len() - first < MOST {
            let at = first - 1;
            if note(at) || prose && is_prose(rows[at]) || notes > 0 && is_heading(at) && filled(rows[at]) > 0 {
                notes += 1;
            } else if filled(rows[at]) > 0 {
                break;
            }
            first = at;
        }
        (first, notes)
    };
    let (mut first, mut notes) = begin(true);
    let apart = (first..rows.len()).find(|i| records[*i].apart);
    let is_doubtful = |i: usize| !note(i) && is_prose(rows[i]) && apart.is_none_or(|apart| apart > i);
    // Nothing is prose for its blanks where the rows have them too.
    if (first..rows.len()).any(is_doubtful) || rows[..first].iter().any(|r| has_blanks(r)) {
        (first, notes) = begin(false);
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

/// Whether a row is a text with delimiters in it: a blank stands behind one of them, and what stands before the first begins a note.
fn is_prose(row: &[String]) -> bool {
    let first = row[0].trim();
    let is_numbered = first
        .split_once([')', '.'])
        .is_some_and(|(n, said)| !n.is_empty() && n.len() < 3 && n.bytes().all(|b| b.is_ascii_digit()) && said.starts_with(' '));
    has_blanks(row) && (is_numbered || is_sentence(first, WORDS))
}

/// Whether a blank stands behind a delimiter.
fn has_blanks(row: &[String]) -> bool {
    row[1..].iter().any(|c| c.starts_with(' ') && !c.trim().is_empty())
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
            ("\nSource: Office, 2023, 5\n", Some("Source: Office, 2023, 5\n")),
            ("\n1) rounded, 5, 7\nNote: of the office\n", Some("1) rounded, 5, 7\nNote: of the office\n")),
            ("Source: Office, 2023, 5\n", None),
            ("\nTotal, 4, 6\n", None),
            ("q, 1,2\n\nSource: Office, 2023, 5\n", None),
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
