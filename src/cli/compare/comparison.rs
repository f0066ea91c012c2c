//! Running the queries under each variant in turns, and what came of it.

use std::time::Duration;

use super::answer::Answer;
use super::difference::Difference;
use super::plan::Node;
use super::runner::Runner;
use super::sql;
use super::statistics::{geometric_mean, median, spread};
use super::suite::Query;
use crate::error::Result;

/// All queries under all variants; the first variant is what the others are compared with.
pub(super) struct Comparison {
    /// Each with the name that it was given and the version that it tells.
    pub variants: Vec<(String, String)>,
    pub queries: Vec<Compared>,
}

/// The notation of conditions and columns in the plans of an engine, by the version that it tells: what a scan takes over can be compared
/// between those of one notation.
fn notation(version: &str) -> &str {
    let of_datafusion = ["Stoa", "DataFusion"].iter().any(|name| version.contains(name));
    if of_datafusion { "DataFusion" } else { version.split_whitespace().next().unwrap_or_default() }
}

/// One query.
pub(super) struct Compared {
    pub query: Query,
    /// Whether its rows are asked for in an order.
    pub ordered: bool,
    /// One for each variant.
    pub runs: Vec<Run>,
}

/// One query under one variant.
#[derive(Default)]
pub(super) struct Run {
    /// Why it gave nothing.
    pub error: Option<String>,
    pub answer: Answer,
    /// In what its answer is not the first variant's.
    pub differs: Option<String>,
    /// Milliseconds of the first run of a process.
    pub cold: Option<f64>,
    /// Milliseconds of the runs after that.
    pub hot: Vec<f64>,
    pub plan: Option<Node>,
    /// From the first variant's plan.
    pub difference: Option<Difference>,
}

impl Run {
    pub fn median(&self) -> Option<f64> {
        median(&self.hot)
    }

    pub fn spread(&self) -> Option<f64> {
        spread(&self.hot)
    }
}

impl Compared {
    /// How much longer a variant takes than the first, hot: 2 is twice as long.
    pub fn ratio(&self, variant: usize) -> Option<f64> {
        let (own, first) = (self.runs.get(variant)?.median()?, self.runs.first()?.median()?);
        (own > 0.0 && first > 0.0).then(|| own / first)
    }

    /// The same of the first runs.
    pub fn cold_ratio(&self, variant: usize) -> Option<f64> {
        let (own, first) = (self.runs.get(variant)?.cold?, self.runs.first()?.cold?);
        (own > 0.0 && first > 0.0).then(|| own / first)
    }

    /// Whether all variants answered, and the same.
    pub fn agrees(&self) -> bool {
        self.runs.iter().all(|run| run.error.is_none() && run.differs.is_none())
    }
}

impl Comparison {
    /// The geometric mean of a variant's ratios, hot and cold.
    pub fn means(&self, variant: usize) -> (Option<f64>, Option<f64>) {
        let of =
            |ratio: &dyn Fn(&Compared) -> Option<f64>| geometric_mean(&self.queries.iter().filter_map(ratio).collect::<Vec<_>>());
        (of(&|query| query.ratio(variant)), of(&|query| query.cold_ratio(variant)))
    }

    /// Whether a variant's plans are told in the notation of the first one's.
    pub fn is_of_one_notation(&self, variant: usize) -> bool {
        let of = |at: usize| self.variants.get(at).map(|(_, version)| notation(version));
        of(variant) == of(0)
    }
}

/// Runs the queries. With `rounds` of 0 nothing is timed and no plan is run: answers and shapes only. `told` hears of each query when it is done.
pub(super) async fn run(
    runners: &mut [Runner<'_>],
    names: &[String],
    queries: Vec<Query>,
    rounds: usize,
    told: &dyn Fn(&Compared),
) -> Result<Comparison> {
    let mut variants = Vec::new();
    for (runner, name) in runners.iter_mut().zip(names) {
        variants.push((name.clone(), runner.version().await?));
    }
    let mut comparison = Comparison { variants, queries: Vec::with_capacity(queries.len()) };
    for query in queries {
        let mut done = one(runners, query, rounds).await?;
        for (_, run) in done.runs.iter_mut().enumerate().filter(|(at, _)| !comparison.is_of_one_notation(*at)) {
            run.difference.iter_mut().for_each(|difference| difference.lost.clear());
        }
        // What failed may have ended with the query: the next one is to find it up.
        for (runner, _) in runners.iter_mut().zip(&done.runs).filter(|(_, run)| run.error.is_some()) {
            runner.restart().await?;
        }
        told(&done);
        comparison.queries.push(done);
    }
    Ok(comparison)
}

async fn one(runners: &mut [Runner<'_>], query: Query, rounds: usize) -> Result<Compared> {
    let ordered = sql::is_ordered(&query.sql);
    let mut runs: Vec<Run> = Vec::new();
    // What is read for the first time is read here, before anything is timed.
    for runner in runners.iter_mut() {
        runs.push(match runner.answer(&query.sql).await {
            Ok(answer) => Run { answer, ..Run::default() },
            Err(e) => Run { error: Some(e.message().to_owned()), ..Run::default() },
        });
    }
    if rounds > 0 {
        for (runner, run) in runners.iter_mut().zip(&mut runs).filter(|(_, run)| run.error.is_none()) {
            runner.restart().await?;
            match runner.time(&query.sql).await {
                Ok(took) => run.cold = Some(millis(took)),
                Err(e) => run.error = Some(e.message().to_owned()),
            }
        }
        // In turns, each round beginning with another one: what slows the machine for a while slows all.
        for round in 0..rounds {
            for turn in 0..runners.len() {
                let at = (round + turn) % runners.len();
                let run = &mut runs[at];
                if run.error.is_some() {
                    continue;
                }
                match runners[at].time(&query.sql).await {
                    Ok(took) => run.hot.push(millis(took)),
                    Err(e) => run.error = Some(e.message().to_owned()),
                }
            }
        }
    }
    for (runner, run) in runners.iter_mut().zip(&mut runs).filter(|(_, run)| run.error.is_none()) {
        match runner.plan(&query.sql, rounds > 0).await {
            Ok(plan) => run.plan = Some(plan),
            Err(e) => run.error = Some(format!("no plan: {}", e.message())),
        }
    }
    if let Some((first, others)) = runs.split_first_mut() {
        for run in others.iter_mut().filter(|run| run.error.is_none() && first.error.is_none()) {
            run.differs = first.answer.differs(&run.answer, ordered);
            run.difference = first.plan.as_ref().zip(run.plan.as_ref()).map(|(a, b)| Difference::of(a, b));
        }
    }
    Ok(Compared { query, ordered, runs })
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::notation;

    #[test]
    fn stoa_writes_conditions_as_datafusion_does() {
        assert_eq!(notation("PostgreSQL 15.18 (Stoa 0.1.0) on x86_64"), notation("DataFusion"));
        assert_ne!(notation("PostgreSQL 15.18 on x86_64"), notation("DataFusion"));
        assert_eq!(notation("DuckDB 2.0.0"), notation("DuckDB 1.4.1"));
    }
}
