//! `stoa refresh`: tables read ahead of time, a line for each on standard output. Which tables there are, the engine knows.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::interrupt::interruptible;
use super::output::not_printed;
use super::progress::Reporter;
use super::report::Failure;
use crate::catalog::TableEntry;
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::name::{nearest, quoted};
use crate::snapshot::{Outcome, Refreshed};

/// Tables that are refreshed at the same time: most of the time goes by waiting for publishers.
const AT_ONCE: usize = 4;

/// What to refresh.
#[derive(Clone, Debug)]
pub struct Options {
    /// The catalog; the first one when `None`.
    pub database: Option<String>,
    /// Tables as `schema.table`, and themes; all tables when it is empty.
    pub names: Vec<String>,
}

/// Refreshes the tables, and prints of each what came of it: `unchanged`, `new` or `failed`. The error at the end ([`Kind::SourceInvalid`])
/// counts those that failed, also where an older snapshot goes on to be served.
pub async fn refresh(engine: &Arc<Engine>, options: &Options) -> Result<(), Failure> {
    let tables = tables(engine, options)?;
    let reporter = Reporter::new();
    let cancel = CancellationToken::new();
    let refreshing = futures::stream::iter(&tables)
        .map(|table| {
            let progress = reporter.progress();
            async move { (table, engine.refresh(table, Some(progress)).await) }
        })
        .buffer_unordered(AT_ONCE);
    let told = async {
        let mut refreshing = std::pin::pin!(refreshing.take_until(cancel.cancelled()));
        let mut failed = 0;
        while let Some((table, refreshed)) = refreshing.next().await {
            failed += usize::from(!is_good(&refreshed));
            let line = line(table, &refreshed);
            reporter.above(|| writeln!(io::stdout(), "{line}")).map_err(not_printed)?;
        }
        if cancel.is_cancelled() { Err(Error::new(Kind::Cancelled, "stopped; what was read stays")) } else { Ok(failed) }
    };
    let failed = interruptible(&cancel, told).await;
    reporter.clear();
    match failed? {
        0 => Ok(()),
        failed => {
            let message = format!("{failed} of {} tables could not be refreshed", tables.len());
            Err(Error::new(Kind::SourceInvalid, message).into())
        }
    }
}

fn is_good(refreshed: &Result<Refreshed>) -> bool {
    refreshed.as_ref().is_ok_and(|r| !matches!(r.outcome, Outcome::Failed(_)))
}

/// What is told of one table.
fn line(table: &TableEntry, refreshed: &Result<Refreshed>) -> String {
    let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    match refreshed {
        Ok(Refreshed { snapshot, outcome: Outcome::Unchanged }) => format!("{name}: unchanged since {}", snapshot.created),
        Ok(Refreshed { snapshot, outcome: Outcome::New }) if snapshot.rejects > 0 => {
            format!("{name}: new, rows: {}, rejects: {}", snapshot.rows, snapshot.rejects)
        }
        Ok(Refreshed { snapshot, outcome: Outcome::New }) => format!("{name}: new, rows: {}", snapshot.rows),
        Ok(Refreshed { snapshot, outcome: Outcome::Failed(stale) }) => {
            format!("{name}: failed, the snapshot of {} stays: {}", snapshot.created, stale.message)
        }
        Err(e) => format!("{name}: failed: {e}"),
    }
}

/// The tables that the names mean, each once, by schema and name.
fn tables(engine: &Engine, options: &Options) -> Result<Vec<Arc<TableEntry>>> {
    let catalogs = engine.catalogs();
    let database = match &options.database {
        Some(database) => database.clone(),
        None => catalogs.names().into_iter().next().ok_or_else(|| {
            Error::new(Kind::UndefinedDatabase, "there is no catalog").with_hint("Start with --catalog DIR or URL.")
        })?,
    };
    let all = catalogs.tables(&database, None)?;
    if options.names.is_empty() {
        return Ok(all);
    }
    let mut wanted = BTreeSet::new();
    for name in &options.names {
        let meant: Vec<usize> =
            all.iter().enumerate().filter(|(_, t)| super::means(name, &t.schema, &t.name)).map(|(i, _)| i).collect();
        if meant.is_empty() {
            let names: Vec<String> = all.iter().flat_map(|t| [t.schema.clone(), format!("{}.{}", t.schema, t.name)]).collect();
            let e = Error::new(Kind::UndefinedTable, format!("there is no table or theme \"{name}\" in {database}"));
            return Err(match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => e.with_hint(format!("Perhaps you meant {near}.")),
                None => e.with_hint("A table is named SCHEMA.TABLE; stoa query \"select schema_name, table_name from catalog.distributions\" lists them."),
            });
        }
        wanted.extend(meant);
    }
    Ok(wanted.into_iter().map(|i| Arc::clone(&all[i])).collect())
}
