//! `pg_settings` and `pg_stat_activity`: what the session and its neighbours are doing.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

pub(super) fn pg_settings(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = env.facts.settings();
    rows.retain(|s| pins.allow("name", &s.name));
    Ok(Rows::of(rows, |s, column| match column {
        "name" => (&s.name).into(),
        "setting" => (&s.value).into(),
        "reset_val" | "boot_val" => (&s.reset_value).into(),
        "unit" => Cell::opt(s.unit),
        "category" => s.category.into(),
        "short_desc" => s.description.into(),
        "context" => (if s.settable { "user" } else { "internal" }).into(),
        "vartype" => s.vartype.into(),
        "source" => (if s.value == s.reset_value { "default" } else { "session" }).into(),
        "pending_restart" => false.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_stat_activity(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let (databases, roles) = (env.catalogs.names(), env.roles());
    Ok(Rows::of(env.facts.sessions(), move |s, column| match column {
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
        "query_start" | "xact_start" => s.running.map_or(Cell::Null, |r| r.started.into()),
        "state" => s.state().into(),
        "query" => (&s.query).into(),
        "backend_type" => "client backend".into(),
        _ => Cell::Unset,
    }))
}
