//! What the session and its neighbours are doing, and what the session has named: `pg_stat_activity` and its kin, `pg_cursors`,
//! `pg_prepared_statements`.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

pub(super) fn pg_stat_activity(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let (databases, roles) = (env.catalogs.names(), env.roles());
    let mut sessions = env.facts.sessions();
    sessions.retain(|s| pins.allow_number("pid", s.pid) && pins.allow("datname", &s.database));
    Ok(Rows::of(sessions, move |s, column| match column {
        "datid" => (super::namespaces::FIRST_DATABASE..)
            .zip(&databases)
            .find(|(_, name)| **name == s.database)
            .map_or(Cell::Null, |(oid, _)| oid.into()),
        "datname" => (&s.database).into(),
        "pid" => s.pid.into(),
        "usesysid" => roles.iter().find(|(_, name)| *name == s.user).map_or(Cell::Null, |(oid, _)| (*oid).into()),
        "usename" => (&s.user).into(),
        "application_name" => (&s.application_name).into(),
        "client_addr" => Cell::opt(s.client.map(|a| a.ip().to_string())),
        "client_port" => s.client.map_or(Cell::Null, |a| i32::from(a.port()).into()),
        "backend_start" => s.started.into(),
        "xact_start" => time(s.transaction_started),
        "query_start" => time(s.query_started),
        "state_change" => s.changed.into(),
        "wait_event_type" if s.running.is_none() => "Client".into(),
        "wait_event" if s.running.is_none() => "ClientRead".into(),
        "state" => s.state().into(),
        "query" => (&s.query).into(),
        "backend_type" => "client backend".into(),
        _ => Cell::Unset,
    }))
}

fn time(micros: Option<i64>) -> Cell {
    micros.map_or(Cell::Null, Cell::from)
}

pub(super) fn pg_stat_ssl(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut sessions = env.facts.sessions();
    sessions.retain(|s| pins.allow_number("pid", s.pid));
    Ok(Rows::of(sessions, |s, column| match (column, &s.tls) {
        ("pid", _) => s.pid.into(),
        ("ssl", tls) => tls.is_some().into(),
        ("version", Some(tls)) => tls.version.into(),
        ("cipher", Some(tls)) => tls.cipher.into(),
        ("bits", Some(tls)) => tls.bits.into(),
        _ => Cell::Unset,
    }))
}

/// What every running transaction holds in PostgreSQL: its own number. Nothing waits for another here, so there is no other lock.
pub(super) fn pg_locks(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut sessions = env.facts.sessions();
    sessions.retain(|s| s.transaction_started.is_some() && pins.allow_number("pid", s.pid));
    Ok(Rows::of(sessions, |s, column| match column {
        "locktype" => "virtualxid".into(),
        "virtualxid" | "virtualtransaction" => format!("{}/1", s.pid).into(),
        "pid" => s.pid.into(),
        "mode" => "ExclusiveLock".into(),
        "granted" | "fastpath" => true.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_stat_database(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let sessions = env.facts.sessions();
    let mut rows: Vec<(u32, String)> = (super::FIRST_DATABASE..).zip(env.catalogs.names()).collect();
    rows.retain(|(oid, name)| pins.allow_oid("datid", *oid) && pins.allow("datname", name));
    Ok(Rows::of(rows, move |(oid, name), column| match column {
        "datid" => (*oid).into(),
        "datname" => name.into(),
        "numbackends" => i64::try_from(sessions.iter().filter(|s| s.database == *name).count()).map_or(Cell::Unset, Cell::Int),
        // What is not counted here reads as nothing happened, as in a cluster that was just made.
        "checksum_failures" | "checksum_last_failure" | "stats_reset" => Cell::Null,
        "blk_read_time" | "blk_write_time" | "session_time" | "active_time" | "idle_in_transaction_time" => Cell::Float(0.0),
        _ => 0.into(),
    }))
}

pub(super) fn pg_stat_gssapi(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut sessions = env.facts.sessions();
    sessions.retain(|s| pins.allow_number("pid", s.pid));
    Ok(Rows::of(sessions, |s, column| match column {
        "pid" => s.pid.into(),
        "gss_authenticated" | "encrypted" | "credentials_delegated" => false.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_prepared_statements(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.facts.prepared_statements(), |s, column| match column {
        "name" => (&s.name).into(),
        "statement" => (&s.statement).into(),
        "prepare_time" => s.prepared.into(),
        "parameter_types" => Cell::Array(s.parameters.iter().map(u32::to_string).collect()),
        "from_sql" => s.from_sql.into(),
        "generic_plans" | "custom_plans" => 0.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_cursors(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.facts.cursors(), |c, column| match column {
        "name" => (&c.name).into(),
        "statement" => c.statement.to_string().into(),
        "is_holdable" => c.holdable.into(),
        "is_binary" => c.binary.into(),
        "is_scrollable" => c.scrollable.into(),
        "creation_time" => c.created.into(),
        _ => Cell::Unset,
    }))
}
