//! `EXPLAIN`: its options, and a plan told as PostgreSQL tells one: text with an arrow before each operator and estimates behind it, or JSON.
//! The operators are DataFusion's under their own names; tools that draw plans find PostgreSQL's names for them in JSON.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};
use datafusion::sql::sqlparser::ast::{AnalyzeFormatKind, Expr, UtilityOption, Value};
use serde_json::{Map, Value as Json, json};

use super::failure::position;
use super::run::text_batch;
use crate::error::{Error, Kind, Result};
use crate::snapshot::field_key;

/// What PostgreSQL takes for the bytes of a text of unknown length.
const WIDTH_OF_TEXT: usize = 32;

/// The cost of a row that an operator gives, as PostgreSQL's `cpu_tuple_cost` has it: a page that is read costs 1.
const COST_OF_ROW: f64 = 0.01;

/// Rows of an operator that nothing is known about.
const ROWS_UNKNOWN: f64 = 1000.0;

/// What is told of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub analyze: bool,
    pub verbose: bool,
    costs: bool,
    timing: bool,
    summary: Option<bool>,
    json: bool,
}

impl Options {
    /// `EXPLAIN`'s options in either of its forms. [`Kind::Syntax`] with the place for one that there is not, [`Kind::Unsupported`] for formats
    /// other than text and JSON.
    pub fn new(
        analyze: bool,
        verbose: bool,
        options: &[UtilityOption],
        format: Option<&AnalyzeFormatKind>,
        sql: &str,
    ) -> Result<Self> {
        let mut told = Self { analyze, verbose, costs: true, timing: true, summary: None, json: false };
        if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format {
            told.json = is_json(&format.to_string())?;
        }
        for option in options {
            let name = option.name.value.to_ascii_lowercase();
            let at = |e: Error| match position(sql, option.name.span.start) {
                Some(at) => e.at(at),
                None => e,
            };
            if name == "format" {
                told.json = is_json(&option.arg.as_ref().map(word).unwrap_or_default()).map_err(at)?;
                continue;
            }
            let on = || option.arg.as_ref().map_or(Ok(true), |value| is_on(&name, value));
            match name.as_str() {
                "analyze" => told.analyze = on()?,
                "verbose" => told.verbose = on()?,
                "costs" => told.costs = on()?,
                "timing" => told.timing = on()?,
                "summary" => told.summary = Some(on()?),
                // There is nothing to tell of them.
                "buffers" | "settings" | "wal" => {
                    on()?;
                }
                _ => return Err(at(Error::new(Kind::Syntax, format!("unrecognized EXPLAIN option \"{name}\"")))),
            }
        }
        Ok(told)
    }
}

fn is_json(format: &str) -> Result<bool> {
    match format.to_ascii_lowercase().as_str() {
        "text" => Ok(false),
        "json" => Ok(true),
        "xml" | "yaml" => Err(Error::new(Kind::Unsupported, format!("EXPLAIN in the format {format} is not supported"))
            .with_hint("It is told as TEXT or JSON.")),
        other => {
            Err(Error::new(Kind::InvalidParameter, format!("unrecognized value for EXPLAIN option \"format\": \"{other}\"")))
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
}

/// The one column that EXPLAIN gives.
pub(super) fn columns(options: Options) -> SchemaRef {
    let mut shown = Field::new("QUERY PLAN", DataType::Utf8, false);
    if options.json {
        shown.set_metadata(HashMap::from([(field_key::LOGICAL.to_owned(), "json".to_owned())]));
    }
    Arc::new(Schema::new(vec![shown]))
}

/// The plan, a line a row, or all of it as one JSON document.
pub(super) fn told(plan: &Arc<dyn ExecutionPlan>, options: Options, took: Took) -> Result<RecordBatch> {
    let shown = if options.analyze {
        DisplayableExecutionPlan::with_metrics(plan.as_ref()).indent(options.verbose).to_string()
    } else {
        displayable(plan.as_ref()).indent(options.verbose).to_string()
    };
    let mut shown = shown.lines();
    let node = Node::of(plan, &mut shown, &StatisticsContext::new());
    let summary = options.summary.unwrap_or(options.analyze);
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    if options.json {
        let mut all = Map::new();
        all.insert("Plan".into(), node.json(options));
        if summary {
            all.insert("Planning Time".into(), rounded(millis(took.planning)));
        }
        if options.analyze {
            all.insert("Triggers".into(), json!([]));
        }
        if summary && options.analyze {
            all.insert("Execution Time".into(), rounded(millis(took.running)));
        }
        let text = serde_json::to_string_pretty(&json!([all])).map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
        return text_batch(&columns(options), &[vec![text]]);
    }
    let mut lines = Vec::new();
    node.lines(0, options, &mut lines);
    if summary {
        lines.push(format!("Planning Time: {:.3} ms", millis(took.planning)));
    }
    if summary && options.analyze {
        lines.push(format!("Execution Time: {:.3} ms", millis(took.running)));
    }
    text_batch(&columns(options), &[lines])
}

/// An operator as it is told.
struct Node {
    name: String,
    /// What DataFusion says of it beside its name.
    details: String,
    startup: f64,
    total: f64,
    rows: f64,
    width: usize,
    /// What ran: milliseconds, and rows.
    actual: Option<(f64, usize)>,
    inputs: Vec<Node>,
}

impl Node {
    /// The operator and its inputs; `shown` are DataFusion's lines for them, each before its inputs'.
    fn of<'a>(plan: &Arc<dyn ExecutionPlan>, shown: &mut impl Iterator<Item = &'a str>, estimates: &StatisticsContext) -> Self {
        let (name, details) = split(shown.next().unwrap_or_default().trim(), plan.name());
        let details = without_folders(&details);
        let inputs: Vec<Self> = plan.children().into_iter().map(|input| Self::of(input, shown, estimates)).collect();
        let known = estimates.compute(plan.as_ref(), &StatisticsArgs::new()).ok();
        let most = inputs.iter().map(|i| i.rows).reduce(f64::max);
        let rows = known.as_ref().and_then(|s| number(&s.num_rows)).or(most).unwrap_or(ROWS_UNKNOWN);
        let bytes = known.as_ref().filter(|_| inputs.is_empty()).and_then(|s| number(&s.total_byte_size)).unwrap_or_default();
        let below: f64 = inputs.iter().map(|i| i.total).sum();
        let total = below + bytes / 8192.0 + rows * COST_OF_ROW;
        let waits = matches!(plan.pipeline_behavior(), EmissionType::Final);
        let startup = if waits { below } else { inputs.iter().map(|i| i.startup).fold(0.0, f64::max) };
        let actual = plan.metrics().map(|m| {
            let nanos = m.elapsed_compute().unwrap_or_default();
            (std::time::Duration::from_nanos(nanos as u64).as_secs_f64() * 1000.0, m.output_rows().unwrap_or_default())
        });
        let width = plan.schema().fields().iter().map(|f| width(f.data_type())).sum();
        Self { name, details, startup, total, rows, width, actual, inputs }
    }

    fn lines(&self, depth: usize, options: Options, out: &mut Vec<String>) {
        let mut line = match depth {
            0 => String::new(),
            _ => format!("{}->  ", " ".repeat(6 * depth - 4)),
        };
        line.push_str(&self.name);
        // Writing to a string never fails.
        if options.costs {
            let _ = write!(line, "  (cost={:.2}..{:.2} rows={:.0} width={})", self.startup, self.total, self.rows, self.width);
        }
        if options.analyze
            && let Some((millis, rows)) = self.actual
        {
            let time = if options.timing { format!("time=0.000..{millis:.3} ") } else { String::new() };
            let _ = write!(line, " (actual {time}rows={rows} loops=1)");
        }
        out.push(line);
        if !self.details.is_empty() {
            out.push(format!("{}{}", " ".repeat(6 * depth + 2), self.details));
        }
        for input in &self.inputs {
            input.lines(depth + 1, options, out);
        }
    }

    fn json(&self, options: Options) -> Json {
        let mut told = Map::new();
        told.insert("Node Type".into(), json!(known_as(&self.name)));
        told.insert("Parallel Aware".into(), json!(false));
        told.insert("Async Capable".into(), json!(false));
        told.insert("Operator".into(), json!(self.name));
        if !self.details.is_empty() {
            told.insert("Details".into(), json!(self.details));
        }
        if options.costs {
            told.insert("Startup Cost".into(), rounded(self.startup));
            told.insert("Total Cost".into(), rounded(self.total));
            told.insert("Plan Rows".into(), json!(self.rows.round() as u64));
            told.insert("Plan Width".into(), json!(self.width));
        }
        if options.analyze
            && let Some((millis, rows)) = self.actual
        {
            if options.timing {
                told.insert("Actual Startup Time".into(), json!(0.0));
                told.insert("Actual Total Time".into(), rounded(millis));
            }
            told.insert("Actual Rows".into(), json!(rows));
            told.insert("Actual Loops".into(), json!(1));
        }
        if !self.inputs.is_empty() {
            let inputs: Vec<Json> = self.inputs.iter().map(|input| input.json(options)).collect();
            told.insert("Plans".into(), json!(inputs));
        }
        Json::Object(told)
    }
}

/// `SortExec: expr=[..]` apart.
fn split(line: &str, name: &str) -> (String, String) {
    match line.split_once(": ").or_else(|| line.split_once(", ")) {
        Some((name, details)) => (name.to_owned(), details.to_owned()),
        None if line.is_empty() => (name.to_owned(), String::new()),
        None => (line.to_owned(), String::new()),
    }
}

/// The files of a scan without the state's folder, which is no client's business; published files are told by their own paths.
fn without_folders(details: &str) -> String {
    let Some((before, rest)) = details.split_once("file_groups={") else { return details.to_owned() };
    let Some((files, after)) = rest.split_once('}') else { return details.to_owned() };
    let shown = |part: &str| match part.rsplit_once("/snapshots/") {
        Some((_, name)) => name.to_owned(),
        None => part.to_owned(),
    };
    let files: String = files.split_inclusive(['[', ']', ',', ' ']).map(shown).collect();
    format!("{before}file_groups={{{files}}}{after}")
}

fn number(known: &Precision<usize>) -> Option<f64> {
    known.get_value().map(|n| *n as f64)
}

fn rounded(number: f64) -> Json {
    json!((number * 1000.0).round() / 1000.0)
}

fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::Boolean => 1,
        other => other.primitive_width().unwrap_or(WIDTH_OF_TEXT),
    }
}

/// What PostgreSQL calls an operator that does the same.
fn known_as(operator: &str) -> &str {
    match operator {
        "DataSourceExec" => "Seq Scan",
        "AggregateExec" => "Aggregate",
        "HashJoinExec" => "Hash Join",
        "SortMergeJoinExec" => "Merge Join",
        "NestedLoopJoinExec" | "CrossJoinExec" => "Nested Loop",
        "SortExec" => "Sort",
        "GlobalLimitExec" | "LocalLimitExec" => "Limit",
        "UnionExec" | "InterleaveExec" => "Append",
        "WindowAggExec" | "BoundedWindowAggExec" => "WindowAgg",
        "SortPreservingMergeExec" => "Gather Merge",
        "CoalescePartitionsExec" => "Gather",
        "RecursiveQueryExec" => "Recursive Union",
        "PlaceholderRowExec" | "EmptyExec" | "FilterExec" | "ProjectionExec" => "Result",
        other => other,
    }
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
        let plain = Options { analyze: false, verbose: false, costs: true, timing: true, summary: None, json: false };
        for (sql, want) in [
            ("explain select 1", Ok(plain)),
            ("explain analyze verbose select 1", Ok(Options { analyze: true, verbose: true, ..plain })),
            (
                "explain (analyze false, costs off, buffers, format 'JSON') select 1",
                Ok(Options { costs: false, json: true, ..plain }),
            ),
            ("explain (format yaml) select 1", Err((Kind::Unsupported, Some(10)))),
            ("explain (costs, colour red) select 1", Err((Kind::Syntax, Some(17)))),
        ] {
            assert_eq!(options(sql), want, "{sql}");
        }
    }

    #[test]
    fn no_folder_of_the_server_is_told() {
        assert_eq!(
            without_folders(
                "file_groups={2 groups: [[srv/state/snapshots/a/b/part-0.parquet:0..9], [srv/c.parquet]]}, projection=[id]"
            ),
            "file_groups={2 groups: [[a/b/part-0.parquet:0..9], [srv/c.parquet]]}, projection=[id]"
        );
        assert_eq!(without_folders("expr=[a / b]"), "expr=[a / b]");
    }

    #[test]
    fn estimates_stand_where_postgres_fdw_reads_them() {
        let leaf = |name: &str, details: &str| Node {
            name: name.to_owned(),
            details: details.to_owned(),
            startup: 0.0,
            total: 1.25,
            rows: 25.0,
            width: 12,
            actual: Some((0.5, 3)),
            inputs: Vec::new(),
        };
        let node = Node { inputs: vec![Node { inputs: vec![leaf("C", "of=c")], ..leaf("B", "") }], ..leaf("A", "by=a") };
        let options = Options { analyze: false, verbose: false, costs: true, timing: true, summary: None, json: false };
        let told = |options| {
            let mut lines = Vec::new();
            node.lines(0, options, &mut lines);
            lines
        };
        assert_eq!(
            told(options),
            [
                "A  (cost=0.00..1.25 rows=25 width=12)",
                "  by=a",
                "  ->  B  (cost=0.00..1.25 rows=25 width=12)",
                "        ->  C  (cost=0.00..1.25 rows=25 width=12)",
                "              of=c",
            ]
        );
        assert_eq!(told(Options { costs: false, analyze: true, timing: false, ..options })[0], "A (actual rows=3 loops=1)");
        assert_eq!(node.json(options)["Plans"][0]["Plans"][0]["Details"], json!("of=c"));
    }
}
