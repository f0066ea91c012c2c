//! How a table's text is written: a dialect description.

use serde_json::Value;

use crate::descriptor::property::Properties;
use crate::descriptor::published::kept::PREFIX;
use crate::descriptor::{Dialect, Distribution, Extra};

/// The most rows that are counted out one by one.
const MOST_ROWS: u64 = 1_000;

/// Names that mean something in a Data Package's dialect and nothing in one of CSV on the Web.
const TAKEN: &[&str] = &[
    "csv",
    "json",
    "excel",
    "ods",
    "escapeChar",
    "headerJoin",
    "headerRows",
    "commentRows",
    "commentChar",
    "lineTerminator",
    "nullSequence",
    "property",
    "itemType",
    "itemKeys",
    "stoa:flatten",
    "sheet",
    "sheetName",
    "sheetNumber",
];

/// Reads a table's `dialect` into its distribution. What the model has no word for is returned.
pub(super) fn dialect(distribution: &mut Distribution, table: &mut Properties<'_>) -> Extra {
    match table.take("dialect") {
        None => return Extra::new(),
        Some(Value::String(place)) => {
            table.problem("dialect", format!("the dialect stands in a document of its own, \"{place}\"; copy it here; ignored"));
            return Extra::new();
        }
        Some(value) => table.keep("dialect", value),
    }
    let Some(mut of) = table.object("dialect") else { return Extra::new() };
    for key in ["@id", "@type"] {
        of.take(key);
    }
    let double_quote = of.flag("doubleQuote");
    let lines = of.texts("lineTerminators").unwrap_or_default();
    let trim = of.take("trim");
    let rows = |of: &mut Properties<'_>, key: &str| {
        let count = of.count(key);
        count.filter(|count| *count > MOST_ROWS).inspect(|count| of.problem(key, format!("{count} rows are too many; ignored")));
        count.filter(|count| *count <= MOST_ROWS).and_then(|count| usize::try_from(count).ok())
    };
    let skipped = rows(&mut of, "skipRows").unwrap_or(0);
    let header_rows = rows(&mut of, "headerRowCount");
    let header = of.flag("header").or(header_rows.map(|rows| rows > 0)).or((skipped > 0).then_some(true));
    let mut read = Dialect {
        delimiter: of.character("delimiter"),
        quote: of.character("quoteChar"),
        double_quote,
        escape: (double_quote == Some(false)).then_some('\\'),
        header,
        comment_char: of.text("commentPrefix").filter(|prefix| !prefix.is_empty()),
        skip_initial_space: of.flag("skipInitialSpace"),
        line_terminator: lines.into_iter().next().filter(|line| matches!(line.as_str(), "\r\n" | "\n" | "\r")),
        ..Dialect::default()
    };
    let last_of_header = skipped + header_rows.unwrap_or(1);
    if header == Some(false) {
        read.comment_rows = (1..=skipped).collect();
    } else if last_of_header > 1 {
        // Each row of a header names the columns on its own (titles), where the model would join them.
        read.header_rows = vec![skipped + 1];
        read.comment_rows = (skipped + 2..=last_of_header).collect();
    }
    if let Some(trim) = trim {
        if matches!(&trim, Value::Bool(true)) || trim == "true" || trim == "start" {
            read.skip_initial_space = read.skip_initial_space.or(Some(true));
        }
        of.keep("trim", trim);
    }
    distribution.encoding = of.words("encoding");
    distribution.dialect = read;
    let renamed = |(key, value): (String, Value)| {
        if TAKEN.contains(&key.as_str()) { (format!("{PREFIX}{key}"), value) } else { (key, value) }
    };
    of.rest().into_iter().map(renamed).collect()
}
