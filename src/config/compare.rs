//! `stoa compare`'s options, and those of the servers that it starts.

use std::path::PathBuf;

use clap::Args;

use super::raw::RawShared;
use super::{engine_options, value};
use crate::cli::compare;
use crate::error::{Error, Kind, Result};

#[derive(Clone, Debug, Args)]
pub(super) struct RawCompare {
    /// Files of SQL, and folders of .sql files
    #[arg(value_name = "FILE|DIR", required_unless_present = "suite")]
    pub places: Vec<PathBuf>,
    /// The queries of a built-in suite: opendata, tpch or clickbench
    #[arg(long, value_name = "NAME")]
    pub suite: Option<String>,
    /// What to run them on; the first is what others are compared with. SPEC is stoa, stoa:PROGRAM, a state's folder, a file of settings,
    /// postgres://.., datafusion:FOLDER, duckdb:FOLDER or duckdb:FILE [default: this program as its options say]
    #[arg(long, value_name = "NAME=SPEC")]
    pub variant: Vec<String>,
    /// The catalog to ask [default: the first]
    #[arg(short, long, value_name = "NAME")]
    pub database: Option<String>,
    /// Hot runs of each query, after the first; 0 compares answers and the shapes of plans only
    #[arg(long, value_name = "N", default_value = "5")]
    pub rounds: String,
    /// Write all that was found as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a page with the plans side by side, which needs no other file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Compare with what an earlier run found
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Keep what the first variant gives as a baseline
    #[arg(long, value_name = "FILE")]
    pub save_baseline: Option<PathBuf>,
    /// Fail (exit status 1) when one of these holds: wrong, lost-pushdown, plan, slower:FACTOR
    #[arg(long, value_name = "CONDITIONS", value_delimiter = ',', default_value = "wrong")]
    pub fail_on: Vec<String>,
}

/// Checks every value; those that servers get are checked as a server would.
pub(super) fn options(raw: RawCompare, shared: &RawShared) -> Result<compare::Options> {
    let threads = engine_options(shared)?.threads;
    let mut variants = raw.variant.iter().map(|text| compare::Variant::parse(text)).collect::<Result<Vec<_>>>()?;
    if variants.is_empty() {
        variants.push(compare::Variant::own());
    }
    let mut names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(
            Error::new(Kind::Config, format!("two variants are called {:?}", twice[0])).with_hint("Give each a name of its own.")
        );
    }
    let fail_on =
        raw.fail_on.iter().map(|text| value::parse("--fail-on", text, compare::Condition::parse, compare::Condition::NAMES));
    Ok(compare::Options {
        places: raw.places,
        suite: raw.suite,
        shared: compare::Shared { options: of_servers(shared, threads), database: raw.database, threads },
        rounds: value::parse(
            "--rounds",
            &raw.rounds,
            |text| text.parse().ok().filter(|n| *n <= 1000),
            "a number from 0 to 1000",
        )?,
        json: raw.json,
        html: raw.html,
        baseline: raw.baseline,
        save_baseline: raw.save_baseline,
        fail_on: fail_on.collect::<Result<_>>()?,
        variants,
    })
}

/// What a server must be told to serve what these options say. What comes by variables of the environment, it reads itself.
fn of_servers(raw: &RawShared, threads: usize) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut options: Vec<(String, String)> = raw.catalog.iter().map(|catalog| pair("catalog", catalog)).collect();
    options.extend(raw.mirror.iter().map(|mirror| pair("mirror", mirror)));
    options.extend([
        pair("state", &raw.state),
        pair("threads", &threads.to_string()),
        pair("statement-timeout", &raw.statement_timeout),
        pair("http-retries", &raw.http_retries),
        pair("connect-timeout", &raw.connect_timeout),
        pair("read-timeout", &raw.read_timeout),
        pair("revalidate", &raw.revalidate),
        pair("touch-timeout", &raw.touch_timeout),
    ]);
    options.extend(raw.memory.as_ref().map(|memory| pair("memory", memory)));
    options.extend(raw.cache.as_ref().map(|cache| pair("cache", &cache.display().to_string())));
    options
}
