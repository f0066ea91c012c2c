//! `stoa compare`'s options, and those of the servers that it starts.

use super::raw::{RawCompare, RawShared};
use super::{engine_options, value};
use crate::cli::compare;
use crate::error::{Error, Kind, Result};

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
