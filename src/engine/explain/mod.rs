//! `EXPLAIN`: its options, and a plan told as PostgreSQL tells one: text with an arrow before each operator and estimates behind it, JSON
//! or YAML. The operators are DataFusion's under their own names; tools that draw plans find PostgreSQL's names for them in the latter two.

mod facts;
mod measured;
mod node;
mod structured;
mod text;
mod yaml;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::sqlparser::ast::{AnalyzeFormatKind, Expr, UtilityOption, Value};

use self::node::Node;
use super::failure::position;
use super::run::text_batch;
use crate::error::{Error, Kind, Result};
use crate::snapshot::field_key;

/// What is told of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub analyze: bool,
    pub verbose: bool,
    costs: bool,
    timing: bool,
    summary: Option<bool>,
    buffers: bool,
    format: Format,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Yaml,
}

impl Options {
    /// What is told unless something else is asked for.
    const PLAIN: Self =
        Self { analyze: false, verbose: false, costs: true, timing: true, summary: None, buffers: false, format: Format::Text };

    /// `EXPLAIN`'s options in either of its forms. [`Kind::Syntax`] with the place for one that there is not, [`Kind::Unsupported`] for formats
    /// other than text, JSON and YAML.
    pub fn new(
        analyze: bool,
        verbose: bool,
        options: &[UtilityOption],
        format: Option<&AnalyzeFormatKind>,
        sql: &str,
    ) -> Result<Self> {
        let mut told = Self { analyze, verbose, ..Self::PLAIN };
        if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format {
            told.format = Format::of(&format.to_string())?;
        }
        for option in options {
            let name = option.name.value.to_ascii_lowercase();
            let at = |e: Error| match position(sql, option.name.span.start) {
                Some(at) => e.at(at),
                None => e,
            };
            if name == "format" {
                told.format = Format::of(&option.arg.as_ref().map(word).unwrap_or_default()).map_err(at)?;
                continue;
            }
            let on = || option.arg.as_ref().map_or(Ok(true), |value| is_on(&name, value));
            match name.as_str() {
                "analyze" => told.analyze = on()?,
                "verbose" => told.verbose = on()?,
                "costs" => told.costs = on()?,
                "timing" => told.timing = on()?,
                "summary" => told.summary = Some(on()?),
                "buffers" => told.buffers = on()?,
                // There is nothing to tell of them.
                "settings" | "wal" => {
                    on()?;
                }
                _ => return Err(at(Error::new(Kind::Syntax, format!("unrecognized EXPLAIN option \"{name}\"")))),
            }
        }
        Ok(told)
    }
}

impl Format {
    fn of(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            "xml" => Err(Error::new(Kind::Unsupported, format!("EXPLAIN in the format {name} is not supported"))
                .with_hint("It is told as TEXT, JSON or YAML.")),
            other => {
                Err(Error::new(Kind::InvalidParameter, format!("unrecognized value for EXPLAIN option \"format\": \"{other}\"")))
            }
        }
    }
}

fn word(value: &Expr) -> String {
    match value {
        Expr::Identifier(word) => word.value.clone(),
        Expr::Value(v) => match &v.value {
            Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

fn is_on(name: &str, value: &Expr) -> Result<bool> {
    match word(value).to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(Error::new(Kind::Syntax, format!("{name} requires a Boolean value"))),
    }
}

/// How long planning and, with `ANALYZE`, running took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    pub planning: Duration,
    pub running: Duration,
    /// What the result cache would have given in place of running.
    pub kept: Option<Kept>,
}

/// An answer of the result cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub rows: u64,
    pub bytes: usize,
}

/// The one column that EXPLAIN gives.
pub(super) fn columns(options: Options) -> SchemaRef {
    let mut shown = Field::new("QUERY PLAN", DataType::Utf8, false);
    if options.format == Format::Json {
        shown.set_metadata(HashMap::from([(field_key::LOGICAL.to_owned(), "json".to_owned())]));
    }
    Arc::new(Schema::new(vec![shown]))
}

/// The plan: a line a row as text, all of it in one row as JSON or YAML.
pub(super) fn told(plan: &Arc<dyn ExecutionPlan>, options: Options, took: Took) -> Result<RecordBatch> {
    let node = Node::of_plan(plan, options);
    let lines = match options.format {
        Format::Text => text::lines(&node, options, took),
        Format::Json => vec![pretty(&structured::document(&node, options, took))?],
        Format::Yaml => vec![yaml::text(&structured::document(&node, options, took))],
    };
    text_batch(&columns(options), &[lines])
}

/// A plan as `EXPLAIN (VERBOSE, BUFFERS, FORMAT JSON)` tells it, and what it did when it ran.
pub(super) fn json(plan: &Arc<dyn ExecutionPlan>, analyze: bool, took: Took) -> Result<String> {
    let options = Options { analyze, verbose: true, buffers: true, format: Format::Json, ..Options::PLAIN };
    pretty(&structured::document(&Node::of_plan(plan, options), options, took))
}

fn pretty(document: &serde_json::Value) -> Result<String> {
    serde_json::to_string_pretty(document).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

/// Whether the times of planning and running are told.
fn is_summed_up(options: Options) -> bool {
    options.summary.unwrap_or(options.analyze)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::Statement;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn options(sql: &str) -> std::result::Result<Options, (Kind, Option<usize>)> {
        let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect(sql);
        let Some(Statement::Explain { analyze, verbose, options, format, .. }) = parsed.pop() else { panic!("{sql}") };
        let options = options.unwrap_or_default();
        Options::new(analyze, verbose, &options, format.as_ref(), sql).map_err(|e| (e.kind(), e.position()))
    }

    #[test]
    fn options_are_postgresqls() {
        let plain = Options::PLAIN;
        for (sql, want) in [
            ("explain select 1", Ok(plain)),
            ("explain analyze verbose select 1", Ok(Options { analyze: true, verbose: true, ..plain })),
            (
                "explain (analyze false, costs off, buffers, format 'JSON') select 1",
                Ok(Options { costs: false, buffers: true, format: Format::Json, ..plain }),
            ),
            ("explain (format yaml) select 1", Ok(Options { format: Format::Yaml, ..plain })),
            ("explain (format xml) select 1", Err((Kind::Unsupported, Some(10)))),
            ("explain (costs, colour red) select 1", Err((Kind::Syntax, Some(17)))),
        ] {
            assert_eq!(options(sql), want, "{sql}");
        }
    }
}
