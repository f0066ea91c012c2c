//! `stoa show`: all that is known of one dataset, for people or as JSON. What is known stands in [`facts`], how a dataset is found in [`find`].

mod facts;
mod find;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;

use serde_json::Value;

use super::output::not_printed;
use super::report::Failure;
use crate::engine::Engine;

use facts::{Fact, Facts};

/// Which dataset, and how it is shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// `theme.table`, `catalog.theme.table`, an identifier, or a title.
    pub dataset: String,
    /// The catalog to look in where the name does not say; the first when `None`.
    pub database: Option<String>,
    pub json: bool,
}

/// Prints what is known of the dataset.
pub fn show(engine: &Arc<Engine>, options: &Options) -> Result<(), Failure> {
    let (catalog, publication) = find::find(engine.catalogs(), options.database.as_deref(), &options.dataset)?;
    let facts = facts::of(engine, &catalog, &publication)?;
    let text = if options.json { format!("{:#}\n", json(&facts)) } else { lines(&facts) };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Who has read enough (`| head`) has gone.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.map_err(not_printed)?),
    }
}

/// The facts by their names, words joined by `_`.
fn json(facts: &Facts) -> Value {
    let value = |fact: &Fact| match fact {
        Fact::Text(text) => text.as_str().into(),
        Fact::Number(number) => (*number).into(),
        Fact::List(items) => items.iter().map(String::as_str).collect(),
        Fact::Parts(parts) => parts.iter().map(json).collect(),
    };
    Value::Object(facts.iter().map(|(name, fact)| (name.replace(' ', "_"), value(fact))).collect())
}

/// A line for each fact, those of parts below, moved in.
fn lines(facts: &Facts) -> String {
    let mut out = String::new();
    told(&mut out, facts, 0);
    out
}

fn told(out: &mut String, facts: &Facts, depth: usize) {
    let pad = "  ".repeat(depth);
    let width = facts.iter().filter(|(_, fact)| !matches!(fact, Fact::Parts(_))).map(|(name, _)| name.len() + 1).max();
    let width = width.unwrap_or(0);
    for (name, fact) in facts {
        let label = format!("{name}:");
        let behind = format!("\n{pad}{:width$} ", "");
        // Writing to a text does not fail.
        let _ = match fact {
            Fact::Text(text) => writeln!(out, "{pad}{label:width$} {}", text.trim().replace('\n', &behind)),
            Fact::Number(number) => writeln!(out, "{pad}{label:width$} {number}"),
            Fact::List(items) => writeln!(out, "{pad}{label:width$} {}", items.join(&behind)),
            Fact::Parts(parts) => {
                for part in parts {
                    let _ = writeln!(out, "\n{pad}{}", name.strip_suffix('s').unwrap_or(name));
                    told(out, part, depth + 1);
                }
                Ok(())
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn facts_are_told_as_lines_and_as_json() {
        let part = vec![("table", Fact::Text("transport.trips".to_owned())), ("bytes", Fact::Number(7))];
        let facts: Facts = vec![
            ("title", Fact::Text("Trips\nof all".to_owned())),
            ("access rights", Fact::Text("PUBLIC".to_owned())),
            ("keywords", Fact::List(vec!["bus".to_owned(), "tram".to_owned()])),
            ("distributions", Fact::Parts(vec![part])),
        ];
        expect![[r#"
            title:         Trips
                           of all
            access rights: PUBLIC
            keywords:      bus
                           tram

            distribution
              table: transport.trips
              bytes: 7
        "#]]
        .assert_eq(&lines(&facts));
        expect![[r#"{"title":"Trips\nof all","access_rights":"PUBLIC","keywords":["bus","tram"],"distributions":[{"table":"transport.trips","bytes":7}]}"#]]
            .assert_eq(&json(&facts).to_string());
    }
}
