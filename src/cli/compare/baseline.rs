//! What an earlier run found, kept in a file: the shape of each plan, the answer, the time. And the conditions under which a run fails.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::comparison::{Comparison, Run};
use super::difference::Difference;
use super::plan::Node;
use crate::error::{Error, Kind, Result};

/// The version of what is written here.
const VERSION: u32 = 1;

/// Answers of more rows are kept as their number alone.
const ROWS_KEPT: usize = 200;

/// A baseline as it is kept.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Baseline {
    version: u32,
    queries: BTreeMap<String, Kept>,
}

/// One query of it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// The number of its rows.
    rows: usize,
    /// The rows themselves, where they are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    /// The median of its hot runs in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    millis: Option<f64>,
    plan: Node,
}

/// When a run fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    /// A scan no longer takes over what it did.
    LostPushdown,
    /// A query takes more than so many times as long.
    Slower(f64),
    /// A query fails, or answers otherwise.
    Wrong,
    /// A plan has other operators, or the same in other places.
    Plan,
}

impl Condition {
    /// What `--fail-on` takes.
    pub const NAMES: &'static str = "wrong, lost-pushdown, plan, and slower:FACTOR such as slower:1.3, with commas between them";

    /// One by its name, with its factor.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => match text {
                "lost-pushdown" => Some(Self::LostPushdown),
                "wrong" => Some(Self::Wrong),
                "plan" => Some(Self::Plan),
                _ => None,
            },
            Some(("slower", factor)) => factor.parse().ok().filter(|f: &f64| f.is_finite() && *f >= 1.0).map(Self::Slower),
            Some(_) => None,
        }
    }
}

impl Baseline {
    /// What the first variant of a run found.
    pub fn of(comparison: &Comparison) -> Self {
        let kept = comparison.queries.iter().filter_map(|query| {
            let run = query.runs.first().filter(|run| run.error.is_none())?;
            let rows = run.answer.rows.len();
            let answer = (rows <= ROWS_KEPT).then(|| run.answer.clone());
            Some((query.query.name.clone(), Kept { rows, answer, millis: run.median(), plan: run.plan.as_ref()?.shape() }))
        });
        Self { version: VERSION, queries: kept.collect() }
    }

    /// Reads a file. [`Kind::Config`] when it is not there or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let refused = |why: String| {
            Error::new(Kind::Config, format!("can't use the baseline {}: {why}", path.display()))
                .with_hint("Make one with --save-baseline.")
        };
        let bytes = std::fs::read(path).map_err(|e| refused(e.to_string()))?;
        let baseline: Self = serde_json::from_slice(&bytes).map_err(|e| refused(e.to_string()))?;
        if baseline.version != VERSION {
            return Err(refused(format!("it is of version {}, not {VERSION}", baseline.version)));
        }
        Ok(baseline)
    }

    /// The file's text.
    pub fn print(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
        Ok(text + "\n")
    }

    /// Queries of the run that the baseline does not know, and those of the baseline that did not run.
    pub fn strangers(&self, comparison: &Comparison) -> (Vec<String>, Vec<String>) {
        let ran: Vec<&str> = comparison.queries.iter().map(|q| q.query.name.as_str()).collect();
        let new = ran.iter().filter(|name| !self.queries.contains_key(**name)).map(|name| (*name).to_owned()).collect();
        let gone = self.queries.keys().filter(|name| !ran.contains(&name.as_str())).cloned().collect();
        (new, gone)
    }
}

/// What fails under these conditions, a line each: the query, the variant, and what it is. Variants are held against the baseline where
/// there is one, else against the first of them; answers against both.
pub(super) fn failures(comparison: &Comparison, baseline: Option<&Baseline>, conditions: &[Condition]) -> Vec<String> {
    let mut lines = Vec::new();
    for query in &comparison.queries {
        let kept = baseline.and_then(|b| b.queries.get(&query.query.name));
        for (at, run) in query.runs.iter().enumerate() {
            let mut fails = |condition: &str, what: String| {
                lines.push(format!("{} on {}: {condition}: {what}", query.query.name, comparison.variants[at].0));
            };
            let first = query.runs.first().filter(|_| at > 0);
            let difference = match kept {
                Some(_) if !comparison.is_of_one_notation(at) => None,
                Some(kept) => run.plan.as_ref().map(|plan| Difference::of(&kept.plan, &plan.shape())),
                None => run.difference.clone(),
            };
            for condition in conditions {
                match condition {
                    Condition::Wrong => {
                        for what in wrong(run, kept, query.ordered) {
                            fails("wrong", what);
                        }
                    }
                    Condition::LostPushdown => {
                        for lost in difference.iter().flat_map(|d| &d.lost) {
                            fails("lost-pushdown", format!("{}: {}", lost.operator, lost.what));
                        }
                    }
                    Condition::Plan => {
                        let Some(found) = difference.as_ref().filter(|d| !d.is_none()) else { continue };
                        let before = kept.map(|k| &k.plan).or_else(|| first.and_then(|f| f.plan.as_ref()));
                        if let (Some(before), Some(now)) = (before, &run.plan) {
                            fails("plan", found.in_words(before, now));
                        }
                    }
                    Condition::Slower(factor) => {
                        let before = kept.and_then(|k| k.millis).or_else(|| first.and_then(Run::median));
                        if let (Some(before), Some(now)) = (before, run.median())
                            && now > before * factor
                        {
                            fails("slower", format!("{now:.2} ms, not {before:.2} ms: {:.2} times as long", now / before));
                        }
                    }
                }
            }
        }
    }
    lines
}

fn wrong(run: &Run, kept: Option<&Kept>, ordered: bool) -> Vec<String> {
    if let Some(error) = &run.error {
        return vec![format!("it fails: {error}")];
    }
    let mut what: Vec<String> = run.differs.iter().cloned().collect();
    if let Some(kept) = kept {
        let rows = run.answer.rows.len();
        match &kept.answer {
            Some(answer) => what.extend(answer.differs(&run.answer, ordered).map(|d| format!("not the baseline's answer: {d}"))),
            None if kept.rows != rows => what.push(format!("{rows} rows, not the baseline's {}", kept.rows)),
            None => (),
        }
    }
    what
}

#[cfg(test)]
mod tests {
    use super::super::comparison::Compared;
    use super::super::plan::Family;
    use super::super::suite::Query;
    use super::*;

    fn run(filter: &str, millis: f64) -> Run {
        let filters = Some(filter.to_owned()).filter(|f| !f.is_empty()).into_iter().collect();
        let scan =
            Node { family: Family::Scan, operator: "DataSourceExec".into(), table: Some("t".into()), filters, ..Node::default() };
        let answer = Answer { columns: Vec::new(), rows: vec![Vec::new()] };
        Run { answer, hot: vec![millis], plan: Some(scan), ..Run::default() }
    }

    fn comparison(runs: Vec<Run>) -> Comparison {
        let query = Query { name: "q1".into(), sql: "select 1".into() };
        let variants = (0..runs.len()).map(|n| (format!("v{n}"), "Stoa".to_owned())).collect();
        Comparison { variants, queries: vec![Compared { query, ordered: false, runs }] }
    }

    const ALL: &[Condition] = &[Condition::LostPushdown, Condition::Slower(1.3), Condition::Wrong, Condition::Plan];

    #[test]
    fn a_run_holds_against_its_own_baseline() {
        let same = comparison(vec![run("a > 1", 5.0)]);
        let baseline = Baseline::of(&same);
        assert_eq!(failures(&same, Some(&baseline), ALL), Vec::<String>::new());
        let text = baseline.print().expect("it is JSON");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("b.json");
        std::fs::write(&path, text).expect("it is writable");
        assert_eq!(Baseline::read(&path).expect("it reads"), baseline);
        std::fs::write(&path, "{\"version\": 9, \"queries\": {}}").expect("it is writable");
        assert!(Baseline::read(&path).expect_err("newer").message().contains("version 9"));
    }

    #[test]
    fn each_condition_names_the_query_and_what_it_is() {
        let baseline = Baseline::of(&comparison(vec![run("a > 1", 5.0)]));
        let mut now = run("", 10.0);
        now.answer.rows.clear();
        assert_eq!(
            failures(&comparison(vec![now]), Some(&baseline), ALL),
            [
                "q1 on v0: lost-pushdown: DataSourceExec t: the filter a > 1 does not reach the scan",
                "q1 on v0: slower: 10.00 ms, not 5.00 ms: 2.00 times as long",
                "q1 on v0: wrong: not the baseline's answer: 0 rows, not 1",
                "q1 on v0: plan: DataSourceExec t: the filter a > 1 does not reach the scan",
            ]
        );
        let failed = Run { error: Some("no table".into()), ..Run::default() };
        assert_eq!(failures(&comparison(vec![failed]), None, &[Condition::Wrong]), ["q1 on v0: wrong: it fails: no table"]);
    }

    #[test]
    fn conditions_have_names() {
        for (text, want) in [
            ("lost-pushdown", Some(Condition::LostPushdown)),
            ("slower:1.5", Some(Condition::Slower(1.5))),
            ("slower:0.5", None),
            ("slower", None),
            ("later", None),
        ] {
            assert_eq!(Condition::parse(text), want, "{text}");
        }
    }
}
