//! `stoa compare`: queries under two or more variants, their answers checked to be the same, their times taken in turns, their plans compared
//! operator by operator; against a kept baseline too. The parts that compute stand beside the parts that ask.

mod answer;
mod baseline;
mod comparison;
mod difference;
mod duckdb;
mod plan;
mod postgres;
mod report;
mod runner;
mod sql;
mod statistics;
mod suite;
mod tables;
mod variant;

use std::io::Write;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

pub use self::baseline::Condition;
pub use self::runner::Shared;
pub use self::suite::SUITES;
pub use self::variant::Variant;

use self::baseline::{Baseline, failures};
use self::comparison::Comparison;
use self::runner::Runner;
use super::interrupt::interruptible;
use super::output::{Output, not_printed};
use super::report::Failure;
use crate::error::{Error, Kind, Result};

/// What is compared, and where it is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files of SQL, and folders of `.sql` files.
    pub places: Vec<PathBuf>,
    /// A built-in suite.
    pub suite: Option<String>,
    /// At least one; the first is what the others are compared with.
    pub variants: Vec<Variant>,
    pub shared: Shared,
    /// Hot runs of each query; 0 times nothing and runs no plan.
    pub rounds: usize,
    /// Files for what was found.
    pub json: Option<PathBuf>,
    pub html: Option<PathBuf>,
    pub baseline: Option<PathBuf>,
    pub save_baseline: Option<PathBuf>,
    /// When it fails.
    pub fail_on: Vec<Condition>,
}

/// Compares, and prints a table. The error says whether something could not be used or reached (exit code 2) or a condition of
/// [`Options::fail_on`] holds (exit code 1), which is then named line by line on standard output.
pub async fn compare(options: &Options) -> Result<(), Failure> {
    let baseline = options.baseline.as_deref().map(Baseline::read).transpose().map_err(Failure::unusable)?;
    let cancel = CancellationToken::new();
    let work = async {
        tokio::select! {
            () = cancel.cancelled() => Err(Error::new(Kind::Cancelled, "stopped")),
            compared = compared(options) => compared,
        }
    };
    let comparison = interruptible(&cancel, work).await.map_err(Failure::unusable)?;
    told(options, &comparison, baseline.as_ref()).map_err(Failure::unusable)?;
    let failed = failures(&comparison, baseline.as_ref(), &options.fail_on);
    if failed.is_empty() {
        if let Some(path) = &options.save_baseline {
            Baseline::of(&comparison).print().and_then(|text| write(path, &text)).map_err(Failure::unusable)?;
        }
        return Ok(());
    }
    print(&failed.iter().map(|line| format!("FAILED {line}\n")).collect::<String>())?;
    let conditions = if failed.len() == 1 { "condition" } else { "conditions" };
    Err(Error::new(Kind::InvalidState, format!("{} {conditions} of --fail-on", failed.len())).into())
}

async fn compared(options: &Options) -> Result<Comparison> {
    let mut queries = suite::of_places(&options.places)?;
    if let Some(suite) = &options.suite {
        queries.extend(suite::of_suite(suite)?);
    }
    suite::check_names(&queries)?;
    let mut runners = Vec::new();
    for variant in &options.variants {
        runners.push(Runner::start(variant, &options.shared).await?);
    }
    let names: Vec<String> = options.variants.iter().map(|variant| variant.name.clone()).collect();
    let count = queries.len();
    let done = std::cell::Cell::new(0);
    let progress = |compared: &comparison::Compared| {
        done.set(done.get() + 1);
        eprintln!("{}/{count} {}", done.get(), compared.query.name);
    };
    comparison::run(&mut runners, &names, queries, options.rounds, &progress).await
}

/// Writes the files, says what the baseline does not know, and prints the table.
fn told(options: &Options, comparison: &Comparison, baseline: Option<&Baseline>) -> Result<()> {
    if let Some(baseline) = baseline {
        let (new, gone) = baseline.strangers(comparison);
        for (names, what) in [(new, "not in the baseline"), (gone, "in the baseline, but not among these queries")] {
            if !names.is_empty() {
                eprintln!("{what}: {}", names.join(", "));
            }
        }
    }
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&report::json::document(comparison));
        write(path, &text.map_err(|e| Error::new(Kind::Internal, e.to_string()))?)?;
    }
    if let Some(path) = &options.html {
        write(path, &report::html::page(comparison))?;
    }
    print(&report::table::text(comparison))
}

fn print(text: &str) -> Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(not_printed)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut out = Output::file(path)?;
    out.write_all(text.as_bytes())?;
    out.keep()
}

#[cfg(test)]
mod tests {
    use super::answer::{Answer, Class};
    use super::comparison::{Compared, Comparison, Run};
    use super::difference::Difference;
    use super::plan::{Family, Node};
    use super::suite::Query;

    fn scan(filters: &[&str], bytes: u64, estimated: f64) -> Node {
        Node {
            family: Family::Scan,
            operator: "DataSourceExec".into(),
            table: Some("city.trips".into()),
            filters: filters.iter().map(|f| (*f).to_owned()).collect(),
            bytes: Some(bytes),
            millis: Some(1.5),
            estimated: Some(estimated),
            rows: Some(10.0),
            ..Node::default()
        }
    }

    fn compared(name: &str, plans: [Node; 2], hot: [f64; 2], cold: [f64; 2]) -> Compared {
        let answer = Answer { columns: vec![("n".into(), Class::Exact)], rows: vec![vec![Some("1".into())]] };
        let difference = Difference::of(&plans[0], &plans[1]);
        let run = |at: usize, plan: Node| Run {
            answer: answer.clone(),
            hot: vec![hot[at]; 3],
            cold: Some(cold[at]),
            plan: Some(plan),
            ..Run::default()
        };
        let [first, second] = plans;
        let runs = vec![run(0, first), Run { difference: Some(difference), ..run(1, second) }];
        Compared {
            query: Query { name: name.into(), sql: "select count(*) from trips where minutes > 5".into() },
            ordered: false,
            runs,
        }
    }

    /// Two queries under two variants: one alike, one whose filter no longer reaches the scan.
    pub(super) fn example() -> Comparison {
        let filter = Node {
            family: Family::Filter,
            operator: "FilterExec".into(),
            inputs: vec![scan(&[], 90_000, 10.0)],
            ..Node::default()
        };
        Comparison {
            variants: vec![("old".into(), "Stoa 1".into()), ("new".into(), "Stoa 2".into())],
            queries: vec![
                compared("counts", [scan(&[], 1234, 20.0), scan(&[], 1234, 20.0)], [2.0, 1.0], [10.0, 5.0]),
                compared("filtered", [scan(&["minutes > 5"], 20_000, 10.0), filter], [4.0, 8.0], [10.0, 20.0]),
            ],
        }
    }
}
