//! `pg_stat_activity` and `pg_stat_database`: what the session and its neighbours are doing.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

pub(super) fn pg_stat_activity(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let (databases, roles) = (env.catalogs.names(), env.roles());
    let mut sessions = env.facts.sessions();
    sessions.retain(|s| pins.allow("pid", &s.pid.to_string()) && pins.allow("datname", &s.database));
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
        "query_start" | "xact_start" | "state_change" => s.running.map_or(Cell::Null, |r| r.started.into()),
        "state" => s.state().into(),
        "query" => (&s.query).into(),
        "backend_type" => "client backend".into(),
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
    sessions.retain(|s| pins.allow("pid", &s.pid.to_string()));
    Ok(Rows::of(sessions, |s, column| match column {
        "pid" => s.pid.into(),
        "gss_authenticated" | "encrypted" | "credentials_delegated" => false.into(),
        _ => Cell::Unset,
    }))
}
