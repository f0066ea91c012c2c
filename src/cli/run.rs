//! Runs a query string on a session and writes its results, batch by batch: what `stoa query` and `stoa shell` share.

use std::io::Write;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::format::Style;
use super::output::Output;
use crate::engine::{CopyEncoder, Outcome, Session, Statement};
use crate::error::{Error, Kind, Result};
use crate::table::pg_value::{self, Room};

/// Runs the statements of `sql` in order, up to the first that fails, and writes what each gives. The number of those
/// that gave rows.
pub(super) async fn run(
    session: &Session,
    sql: &str,
    style: Style,
    out: &mut Output,
    cancel: &CancellationToken,
) -> Result<usize> {
    let mut results = 0;
    for statement in &session.parse(sql)? {
        let ran = one(session, statement, style, results, out, cancel).await;
        for notice in session.notices() {
            eprintln!("{}: {}", notice.severity.to_lowercase(), notice.message);
        }
        results += usize::from(ran.inspect_err(|_| session.fail_transaction())?);
    }
    Ok(results)
}

/// How a session wants values written: its `TimeZone`, `bytea_output` and the like.
pub(super) fn values(session: &Session) -> pg_value::Style {
    pg_value::Style::from_settings(|name| session.setting(name))
}

/// Runs one statement; whether it gave rows.
async fn one(
    session: &Session,
    statement: &Statement,
    style: Style,
    results_before: usize,
    out: &mut Output,
    cancel: &CancellationToken,
) -> Result<bool> {
    let prepared = session.prepare(statement, &[], cancel).await?;
    if results_before > 0 && prepared.columns().is_some() && style.format.is_single() {
        let message = format!("the format {} holds one result, and more than one statement gives rows", style.format.name());
        return Err(
            Error::new(Kind::InvalidParameter, message).with_hint("Run them one by one, or take the format csv or table.")
        );
    }
    match session.run(&prepared, &[], cancel).await? {
        Outcome::Rows { schema, mut stream, tag: _ } => {
            let mut sink = style.sink(values(session), out);
            sink.begin(&schema)?;
            while let Some(batch) = stream.next().await {
                sink.batch(&batch?)?;
            }
            sink.finish()?;
            Ok(true)
        }
        Outcome::Done { tag } => {
            if style.shows_tags() {
                writeln!(out, "{tag}")?;
            }
            Ok(false)
        }
        Outcome::Copy { schema, mut stream, copy } => {
            let mut encoder = CopyEncoder::new(&schema, &copy, values(session).in_utf8());
            out.write_all(&encoder.head())?;
            let mut bytes = Room::default();
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                let ahead = bytes.ahead(encoder.load(&batch)?);
                let length = (0..batch.num_rows()).fold(0, |at, row| at + encoder.row(row, &mut ahead[at..]));
                bytes.advance(length);
                out.write_all(bytes.written())?;
                bytes.clear();
            }
            out.write_all(encoder.tail())?;
            Ok(false)
        }
    }
}
