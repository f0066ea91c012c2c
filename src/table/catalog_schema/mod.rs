//! The schemas `catalog` (what is published) and `system` (what the server does): which rows their tables have.

mod drift;
mod profile;
mod publications;
mod rejects;
mod search;
mod snapshots;

use crate::error::Result;

use super::virtual_table::{Cell, Pins, Rows, Source, SystemEnv};

/// The rows of a relation of `catalog`.
pub fn source(name: &str) -> Source {
    match name {
        "themes" => Source::Listed(publications::themes),
        "datasets" => Source::Streamed(publications::datasets),
        "distributions" => Source::Streamed(publications::distributions),
        "columns" => Source::Described(|env, pins| Box::pin(publications::columns(env, pins))),
        "publishers" => Source::Listed(publications::publishers),
        "problems" => Source::Listed(publications::problems),
        "search" => Source::Listed(search::search),
        "facets" => Source::Listed(search::facets),
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

fn queries(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let running = env.facts.sessions().into_iter().filter_map(|s| s.running.map(|r| (s, r.started))).collect();
    Ok(Rows::of(running, |(s, started), column| match column {
        "pid" => s.pid.into(),
        "user_name" => (&s.user).into(),
        "database" => (&s.database).into(),
        "started" => (*started).into(),
        "query" => (&s.query).into(),
        _ => Cell::Unset,
    }))
}
