//! The schemas `catalog` (what is published) and `system` (what the server does): which rows their tables have.

mod drift;
mod profile;
mod publications;
mod rejects;
mod related;
mod scorecard;
mod search;
mod snapshots;

use std::sync::Arc;

use crate::error::Result;

use super::virtual_table::{Cell, EndedQuery, Ending, Pins, Rows, Source, SystemEnv};

/// The rows of a relation of `catalog`.
pub fn source(name: &str) -> Source {
    match name {
        "themes" => Source::Listed(publications::themes),
        "datasets" => Source::Streamed(publications::datasets),
        "distributions" => Source::Streamed(publications::distributions),
        "columns" => Source::Streamed(publications::columns),
        "publishers" => Source::Listed(publications::publishers),
        "problems" => Source::Listed(publications::problems),
        "search" => Source::Listed(search::search),
        "facets" => Source::Listed(search::facets),
        "related" => Source::Described(|env, pins| Box::pin(related::related(env, pins))),
        "scorecard" => Source::Streamed(scorecard::scorecard),
        "scorecard_publishers" => Source::Streamed(scorecard::publishers),
        "scorecard_themes" => Source::Streamed(scorecard::themes),
        "snapshots" => Source::Listed(snapshots::snapshots),
        "drift" => Source::Listed(drift::drift),
        "profile" => Source::Described(|env, pins| Box::pin(profile::profile(env, pins))),
        "rejects" => Source::Streamed(rejects::rejects),
        _ => Source::Empty,
    }
}

/// The rows of a relation of `system`.
pub fn system_source(name: &str) -> Source {
    match name {
        "settings" => Source::Listed(settings),
        "sessions" => Source::Listed(sessions),
        "queries" => Source::Listed(queries),
        _ => Source::Empty,
    }
}

fn settings(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.facts.settings(), |s, column| match column {
        "name" => (&s.name).into(),
        "setting" => (&s.value).into(),
        "unit" => Cell::opt(s.unit),
        "category" => s.category.into(),
        "description" => s.description.into(),
        _ => Cell::Unset,
    }))
}

fn sessions(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.facts.sessions(), |s, column| match column {
        "pid" => s.pid.into(),
        "user_name" => (&s.user).into(),
        "database" => (&s.database).into(),
        "application_name" => (&s.application_name).into(),
        "client_address" => Cell::opt(s.client.map(|a| a.ip().to_string())),
        "client_port" => s.client.map_or(Cell::Null, |a| i32::from(a.port()).into()),
        "started" => s.started.into(),
        "state" => s.state().into(),
        "query" => (&s.query).into(),
        _ => Cell::Unset,
    }))
}

/// What runs, then what ended last: of those that read tables.
fn queries(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let running = env.facts.sessions().into_iter().filter_map(|s| {
        let started = s.running?.started;
        let query = s.query.as_str().into();
        Some((
            Arc::new(EndedQuery { pid: s.pid, user: s.user, database: s.database, started, query, ..EndedQuery::default() }),
            true,
        ))
    });
    let ended = env.facts.ended().into_iter().rev().map(|query| (query, false));
    Ok(Rows::of(running.chain(ended).collect(), |(query, running), column| match column {
        "pid" => query.pid.into(),
        "user_name" => (&query.user).into(),
        "database" => (&query.database).into(),
        "started" => query.started.into(),
        "query" => query.query.to_string().into(),
        "state" if *running => "running".into(),
        "state" => match &query.how {
            Ending::Finished => "finished",
            Ending::Failed(_) => "failed",
            Ending::Closed => "closed",
        }
        .into(),
        _ if *running => Cell::Unset,
        "ended" => query.ended.into(),
        "milliseconds" => Cell::Float((query.ended - query.started) as f64 / 1000.0),
        "rows" => (query.rows as i64).into(),
        "result_cache" => query.cached.into(),
        "error" => match &query.how {
            Ending::Failed(message) => message.into(),
            Ending::Finished | Ending::Closed => Cell::Null,
        },
        _ => Cell::Unset,
    }))
}
