//! What the Tab key offers: key words, schemas, the tables of a schema, and the columns of the tables that the statement names.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::catalog::TableEntry;
use crate::engine::Engine;
use crate::name::quoted;

/// The most suggestions that a menu shows with profit.
const MOST: usize = 200;

/// The words that statements here are made of.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "count",
    "cross",
    "current_date",
    "date",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "extract",
    "false",
    "filter",
    "first",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "right",
    "rows",
    "select",
    "set",
    "show",
    "table",
    "then",
    "timestamp",
    "true",
    "union",
    "using",
    "values",
    "when",
    "where",
    "window",
    "with",
];

/// Completes against one engine's catalogs; the database is the one the shell is in.
pub(super) struct Completion {
    engine: Arc<Engine>,
    database: Arc<Mutex<String>>,
}

impl Completion {
    /// `database` is shared with the shell, which `\c` moves.
    pub(super) fn new(engine: Arc<Engine>, database: Arc<Mutex<String>>) -> Self {
        Self { engine, database }
    }

    /// What may stand in place of `word`, which is a part of `line`; tables that are named behind it offer their columns too.
    fn candidates(&self, line: &str, word: &str) -> BTreeSet<String> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let catalogs = self.engine.catalogs();
        // Tab offers what it can: a catalog that can't be read shows its error when it is asked in earnest.
        let themes = catalogs.themes(&database).unwrap_or_default();
        let in_schema = |schema: &str| catalogs.tables(&database, Some(schema)).unwrap_or_default();
        let named =
            mentioned(line).into_iter().filter_map(|(schema, table)| catalogs.table(&database, &schema, &table).ok().flatten());
        if let Some((qualifier, _)) = word.rsplit_once('.') {
            let tables = in_schema(&unquoted(qualifier));
            if !tables.is_empty() {
                return tables.iter().map(|t| format!("{qualifier}.{}", quoted(&t.name))).collect();
            }
            let columns = named.flat_map(|t| columns(&t)).map(|c| format!("{qualifier}.{}", quoted(&c)));
            return columns.collect();
        }
        let mut offered: BTreeSet<String> = named.flat_map(|t| columns(&t)).map(|c| quoted(&c)).collect();
        offered.extend(themes.iter().map(|t| format!("{}.", quoted(&t.name))));
        let upper = word.starts_with(|c: char| c.is_ascii_uppercase());
        offered.extend(KEYWORDS.iter().map(|k| if upper { k.to_uppercase() } else { (*k).to_owned() }));
        offered
    }
}

impl Completer for Completion {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = &line[..line.floor_char_boundary(pos)];
        let start = word_start(before);
        let word = &before[start..];
        let fits = |candidate: &String| candidate.len() > word.len() && candidate.starts_with(word);
        let suggestion = |value: String| Suggestion {
            append_whitespace: !value.ends_with('.'),
            span: Span::new(start, before.len()),
            value,
            ..Suggestion::default()
        };
        let offered = self.candidates(line, word).into_iter().filter(fits).take(MOST).map(suggestion);
        CompletionResult::fresh(offered.collect::<Vec<_>>())
    }
}

/// The columns as found, else as declared.
fn columns(table: &TableEntry) -> Vec<String> {
    match &table.columns {
        Some(known) => known.iter().map(|c| c.name.clone()).collect(),
        None => table.distribution().schema.columns.iter().map(|c| c.name.clone()).collect(),
    }
}

/// Where the last word of `before` starts; quoted parts and dots belong to it.
fn word_start(before: &str) -> usize {
    let in_quotes = before.matches('"').count() % 2 == 1;
    let mut quotes = usize::from(in_quotes);
    for (at, c) in before.char_indices().rev() {
        match c {
            '"' => quotes += 1,
            _ if quotes % 2 == 1 => {}
            '_' | '.' | '$' => {}
            c if c.is_alphanumeric() => {}
            c => return at + c.len_utf8(),
        }
    }
    0
}

/// The `schema.table` pairs in a text.
fn mentioned(text: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = word_start(rest);
        if let Some((schema, table)) = rest[start..].split_once('.') {
            words.push((unquoted(schema), unquoted(table)));
        }
        rest = &rest[..start];
        rest = rest.strip_suffix(|_: char| true).unwrap_or_default();
    }
    words
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('"') {
        Some(rest) => rest.trim_end_matches('"').replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_completed() {
        for (before, word) in [
            ("select co", "co"),
            ("select * from transport.tr", "transport.tr"),
            ("select \"PM_US P", "\"PM_US P"),
            ("select a.\"b c\"", "a.\"b c\""),
            ("sum(", ""),
            ("天", "天"),
        ] {
            assert_eq!(&before[word_start(before)..], word, "{before}");
        }
    }

    #[test]
    fn tables_are_found_in_a_statement() {
        let mut pairs = mentioned("select t.x from transport.trips t join Health.\"A b\" on 1=1");
        pairs.sort();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(pairs, [pair("health", "A b"), pair("t", "x"), pair("transport", "trips")]);
    }
}
