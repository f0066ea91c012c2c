//! A physical plan as EXPLAIN tells it: each operator with its estimates, what it is, and what it did. How that is written stands beside.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};

use super::facts::Facts;
use super::measured::Measured;
use super::{Format, Options};

/// What PostgreSQL takes for the bytes of a text of unknown length.
const WIDTH_OF_TEXT: usize = 32;

/// The cost of a row that an operator gives, as PostgreSQL's `cpu_tuple_cost` has it: a page that is read costs 1.
const COST_OF_ROW: f64 = 0.01;

/// The bytes of a page, by which PostgreSQL counts what is read.
pub(super) const PAGE: usize = 8192;

/// Rows of an operator that nothing is known about.
const ROWS_UNKNOWN: f64 = 1000.0;

/// An operator as it is told.
#[derive(Default)]
pub(super) struct Node {
    /// DataFusion's name.
    pub name: String,
    /// What DataFusion says of it beside its name.
    pub details: String,
    pub facts: Facts,
    pub startup: f64,
    pub total: f64,
    pub rows: f64,
    pub width: usize,
    /// What it did, where it ran and keeps count.
    pub measured: Option<Measured>,
    pub inputs: Vec<Node>,
}

impl Node {
    /// A plan, with what it did when it ran.
    pub fn of_plan(plan: &Arc<dyn ExecutionPlan>, options: Options) -> Self {
        // What was measured has keys of its own where tools read it.
        let shown = if options.analyze && options.format == Format::Text {
            DisplayableExecutionPlan::with_metrics(plan.as_ref()).indent(options.verbose).to_string()
        } else {
            displayable(plan.as_ref()).indent(options.verbose).to_string()
        };
        Self::of(plan, &mut shown.lines(), &StatisticsContext::new())
    }

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
        let total = below + bytes / PAGE as f64 + rows * COST_OF_ROW;
        let waits = matches!(plan.pipeline_behavior(), EmissionType::Final);
        let startup = if waits { below } else { inputs.iter().map(|i| i.startup).fold(0.0, f64::max) };
        let ran: Vec<Option<&Measured>> = inputs.iter().map(|i| i.measured.as_ref()).collect();
        let lanes = plan.output_partitioning().partition_count();
        let measured = match (plan.metrics(), ran.as_slice()) {
            (Some(metrics), _) => Some(Measured::of(&metrics, lanes, waits, &ran)),
            // One that hands on what it gets keeps no count.
            (None, [Some(input)]) => Some(input.handed_on()),
            (None, _) => None,
        };
        let width = plan.schema().fields().iter().map(|f| width(f.data_type())).sum();
        Self { name, details, facts: Facts::of(plan), startup, total, rows, width, measured, inputs }
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

fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::Boolean => 1,
        other => other.primitive_width().unwrap_or(WIDTH_OF_TEXT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
