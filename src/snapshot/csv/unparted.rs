//! Texts whose cells are parted in a way that is not read: by several characters, or by blanks. They are read as they stand, and this says what
//! they look like.

use super::look::Look;
use super::record::Record;
use super::sniff::NEVER;
use super::tokenize::Syntax;

/// Delimiters of several bytes that are published.
const LONG: [&str; 11] = ["||", "::", "^^", "~~", "|~|", "^|^", "~|~", "||~||", "<>", "§", "¦"];

/// Lines that are looked at.
const LINES: usize = 100;

/// How the lines seem to be parted, where that is otherwise than they are read. `head` is the text that the records stand in.
pub(super) fn shown(records: &[Record], head: &[u8], syntax: &Syntax) -> Option<String> {
    let line = |r: &Record| String::from_utf8_lossy(&head[r.start..r.end]).trim_end().to_owned();
    let lines: Vec<String> = records.iter().take(LINES).map(line).collect();
    let is_regular = records.windows(2).all(|two| two[0].fields.len() == two[1].fields.len());
    if let Some(long) = LONG.iter().rev().find(|long| part(long, &lines, syntax, is_regular)) {
        return Some(format!(
            "its cells seem to be parted by \"{long}\", which is not read as one delimiter: publish it with a single ASCII character there"
        ));
    }
    let is_one = records.iter().all(|r| r.fields.len() == 1);
    if let Some(said) = is_one.then(|| otherwise(&lines, syntax)).flatten() {
        return Some(said);
    }
    (is_one && (are_aligned(&lines) || are_numbers(&lines)))
        .then(|| "its lines look like columns that blanks part or align, which are not parted: each line is one text".to_owned())
}

/// What lines of one field show of another delimiter: all hold it equally often, or only the first does, and the others hold as many commas.
fn otherwise(lines: &[String], syntax: &Syntax) -> Option<String> {
    let (first, below) = lines.split_first().filter(|(_, below)| !below.is_empty())?;
    let count = |line: &String, delimiter: char| line.matches(delimiter).count();
    let is_quoted = |line: &String| line.starts_with('"');
    let held = |d: &char| *d != char::from(syntax.delimiter) && count(first, *d) > 0;
    let parts_all = |d: &char| below.iter().all(|line| count(line, *d) == count(first, *d) && !line.contains(", "));
    if syntax.delimiter != NEVER
        && !lines.iter().all(is_quoted)
        && let Some(d) = [',', ';', '\t', '|'].into_iter().filter(held).find(parts_all)
    {
        return Some(format!(
            "its lines are not parted: they hold no {:?} and all of them {d:?}: declare that as the dialect's delimiter",
            char::from(syntax.delimiter)
        ));
    }
    let parts_first = |d: &char| below.iter().all(|line| count(line, *d) == 0 && count(line, ',') == count(first, *d));
    let d = [';', '\t', '|'].into_iter().filter(held).find(parts_first)?;
    Some(format!(
        "its first line is parted by {d:?} and all others by ',', so that each line is one text: publish it with one delimiter"
    ))
}

/// Whether all lines hold the delimiter equally often: never a part of it alone, where it is made of the one that the lines are read by, else
/// where that does not part them alike.
fn part(long: &str, lines: &[String], syntax: &Syntax, is_regular: bool) -> bool {
    let first = |line: &String| line.matches(long).count();
    let count = lines.first().map_or(0, first);
    let rest = |line: &String| line.replace(long, "");
    let is_own =
        long.contains(char::from(syntax.delimiter)) && !lines.iter().any(|l| rest(l).contains(char::from(syntax.delimiter)));
    let is_none_else = || !is_regular || !lines.iter().all(|l| rest(l).contains(char::from(syntax.delimiter)));
    let has_cells = |line: &String| line.split(long).filter(|cell| !cell.trim().is_empty()).count() > 1;
    lines.len() > 2
        && count > 0
        && (is_own || count > 1 && is_none_else() || !long.is_ascii() && is_none_else())
        && lines.iter().all(|l| first(l) == count)
        && lines.iter().any(has_cells)
}

/// Whether a gap of blanks goes through all lines, between texts of which most have several blanks beside them.
fn are_aligned(lines: &[String]) -> bool {
    let chars: Vec<Vec<char>> = lines.iter().map(|l| l.chars().collect()).collect();
    let width = chars.iter().map(Vec::len).max().unwrap_or(0);
    let is_blank = |column: usize| chars.iter().all(|line| line.get(column).is_none_or(|c| *c == ' '));
    let left = (0..width).find(|column| !is_blank(*column)).unwrap_or(width);
    let is_gap = |column: &usize| is_blank(*column) && chars.iter().filter(|line| line.len() > *column).count() * 2 > lines.len();
    let runs = lines.iter().filter(|l| l.trim().contains("  ")).count();
    lines.len() > 1 && (left..width).any(|column| is_gap(&column)) && runs * 2 > lines.len()
}

/// Whether all lines hold equally many numbers, three and more, and no thousands alone.
fn are_numbers(lines: &[String]) -> bool {
    let words = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let all: Vec<Vec<String>> = lines.iter().map(words).collect();
    let width = all.first().map_or(0, Vec::len);
    let are_groups = all.iter().all(|words| words.iter().skip(1).all(|w| w.len() == 3));
    width > 2
        && all.len() > 2
        && all.iter().all(|words| words.len() == width && words.iter().all(|w| Look::of(w) == Look::Number))
        && !are_groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_cells_and_is_not_read() {
        for (delimiter, text, want) in [
            (b'|', "id||name||v\n1||a||2\n2||b||3\n", Some("by \"||\"")),
            (b'|', "id|~|name\n1|~|a\n2|~|b\n", Some("by \"|~|\"")),
            (b'|', "1::Toy::A|B|C\n2::Jumanji::D|E\n3::Old::F|G\n", Some("by \"::\"")),
            (b',', "a§b\n1§2\n3§4\n", Some("by \"§\"")),
            (b'|', "a|b||c\n1|2||3\n4|5||6\n", None),
            (b'|', "a||\n1||\n2||\n", None),
            (b',', "a,b\nx::y,1\nz::y,2\n", None),
            (b',', "std::io,§ 1,5::6\nstd::fs,§ 2,6::7\nstd::io,§ 3,5::5\n", None),
            (b'\t', "id,name\n1,a\n2,b\n", Some("all of them ','")),
            (b'\t', "name\nSmith, J\nDoe, K\n", None),
            (NEVER, "id;v\n1,5\n2,6\n", Some("by ';' and all others")),
            (NEVER, "name, place\nSmith, J\nDoe, K\n", None),
            (b',', "ID   NAME      V\n1    abc       1\n2    ghi jkl   2\n", Some("blanks")),
            (b',', "18 8 307\n15 8 350\n18 8 318\n", Some("blanks")),
            (b',', "1 234 567\n2 345 678\n3 456 789\n", None),
            (b',', "some words here\nand others of them\nand yet more\n", None),
            (b',', "a\nb\nc\n", None),
            (b',', "a\n\u{a0}\nc\n", None),
        ] {
            let syntax = Syntax { delimiter, ..Syntax::default() };
            let found = shown(&syntax.records(text.as_bytes(), true, 10, None).all, text.as_bytes(), &syntax);
            assert_eq!(found.is_some(), want.is_some(), "{text:?} {found:?}");
            assert!(found.unwrap_or_default().contains(want.unwrap_or_default()), "{text:?}");
        }
    }
}
