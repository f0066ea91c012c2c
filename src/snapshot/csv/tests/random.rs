//! Random tables in random dialects, and random texts.

use super::read;
use crate::descriptor::Dialect;

/// How a random table is written.
#[derive(Clone, Debug)]
struct Style {
    delimiter: char,
    quote: char,
    line_end: &'static str,
    header: bool,
    titles: usize,
    trailing: bool,
    quote_all: bool,
    blanks: bool,
}

impl Style {
    fn written(&self, names: &[String], rows: &[Vec<String>]) -> String {
        let (q, d) = (self.quote, self.delimiter);
        let cell = |c: &String| {
            let needs = self.quote_all && !c.is_empty() || c.contains([d, q, '\n', '\r']) || c.starts_with(' ');
            if needs { format!("{q}{}{q}", c.replace(q, &format!("{q}{q}"))) } else { c.clone() }
        };
        let blank = if self.blanks { " " } else { "" };
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(cell).collect();
            // Blanks before a quote belong to no cell; before anything else they do.
            let joint = if self.quote_all { format!("{d}{blank}") } else { d.to_string() };
            let trailing = if self.trailing { d.to_string() } else { String::new() };
            cells.join(&joint) + &trailing + self.line_end
        };
        let title = |n: usize| format!("Table {n} of the yearbook{}", self.line_end);
        let head: String = (0..self.titles).map(title).collect();
        let header = if self.header { line(names) } else { String::new() };
        head + &header + &rows.iter().map(|r| line(r)).collect::<String>()
    }
}

/// A column's values: whole numbers, decimals, dates, words, or texts with all that must be quoted.
fn value(kind: u8) -> proptest::strategy::BoxedStrategy<String> {
    use proptest::strategy::Strategy;
    match kind {
        0 => "[1-9][0-9]{0,5}".boxed(),
        1 => "-?[0-9]{1,3}\\.[0-9]{2}".boxed(),
        2 => "20[0-2][0-9]-0[1-9]-[12][0-9]".boxed(),
        3 => "[a-z]{1,8}".boxed(),
        _ => "[a-z]{2,5}[,;|\t\"' \n]?[a-zé省]{1,4}".boxed(),
    }
}

fn table() -> impl proptest::strategy::Strategy<Value = Vec<Vec<String>>> {
    use proptest::prelude::*;
    // The first column is of numbers, so that a header shows.
    proptest::collection::vec(0_u8..5, 2..6).prop_flat_map(|kinds| {
        let row: Vec<_> = std::iter::once(0).chain(kinds).map(value).collect();
        proptest::collection::vec(row, 4..30)
    })
}

fn style() -> impl proptest::strategy::Strategy<Value = Style> {
    use proptest::prelude::*;
    let delimiter = prop_oneof![Just(','), Just(';'), Just('\t'), Just('|')];
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    (delimiter, any::<bool>(), line_end, any::<bool>(), 0_usize..3, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(delimiter, single, line_end, header, titles, trailing, quote_all, blanks)| Style {
            delimiter,
            quote: if single && quote_all { '\'' } else { '"' },
            line_end,
            header,
            titles,
            trailing,
            quote_all,
            blanks,
        },
    )
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// What is written in a random dialect is read back to the same cells, and again when what was found out is declared.
    #[test]
    fn any_dialect_is_found_out(rows in table(), style in style()) {
        let width = rows[0].len();
        let names: Vec<String> = (0..width).map(|i| format!("name of {}", char::from(b'a' + i as u8))).collect();
        let text = style.written(&names, &rows);
        let found = read(&Dialect::default(), &[], &text).map_err(|e| proptest::test_runner::TestCaseError::fail(format!("{e} {text}")))?;
        for found in [read(&found.dialect, &[], &text).expect("is read again"), found] {
            let read_back: Vec<Vec<String>> = found.rows.iter().map(|(_, r)| r[..width.min(r.len())].to_vec()).collect();
            proptest::prop_assert_eq!(&read_back, &rows, "{:?}\n{}", style, text);
            proptest::prop_assert!(found.rows.iter().all(|(_, r)| r[width..].iter().all(String::is_empty)), "{}", text);
            if style.header {
                proptest::prop_assert_eq!(&found.names[..width], &names[..], "{}", text);
            }
        }
    }

    /// No text makes the reader fail otherwise than with an error, and every row is somewhere.
    #[test]
    fn any_text_is_read_or_refused(text in "([a-z0-9,;|\"'#\\\\ \t\r\n\u{0}é-]{0,12}\n?){0,40}") {
        if let Ok(found) = read(&Dialect::default(), &[], &text) {
            proptest::prop_assert!(!found.names.is_empty());
            proptest::prop_assert!(found.rows.iter().all(|(_, r)| r.len() == found.names.len()));
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z\",\r\n 省é;|]{0,12}", 3), 1..20),
        crlf in proptest::prelude::any::<bool>(),
    ) {
        let dialect = Dialect {
            header: Some(false),
            delimiter: Some(','),
            quote: Some('"'),
            line_terminator: Some("\n".to_owned()),
            ..Dialect::default()
        };
        let cell = |c: &String| format!("\"{}\"", c.replace('"', "\"\""));
        let line_end = if crlf { "\r\n" } else { "\n" };
        let text: String = rows.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(",") + line_end).collect();
        let found = read(&dialect, &[], &text).expect("has a first record");
        // Last columns without a name that hold nothing are none.
        let padded = |mut r: Vec<String>| {
            r.resize(3, String::new());
            r
        };
        let mut read_back: Vec<Vec<String>> = found.rows.into_iter().map(|(_, r)| padded(r)).collect();
        // A last row that reads as a note is a reject.
        for fault in &found.faults {
            proptest::prop_assert_eq!(fault.reason.as_str(), "the row stands below the table");
            read_back.push(rows[read_back.len()].clone());
        }
        proptest::prop_assert_eq!(read_back, rows);
    }
}
