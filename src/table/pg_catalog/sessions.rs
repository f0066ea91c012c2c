//! What the session and its neighbours are doing, and what the session has named: `pg_stat_activity` and its kin, `pg_cursors`,
//! `pg_prepared_statements`.

use crate::error::Result;
use crate::table::virtual_table::{AdvisoryRow, Cell, Pins, Rows, SystemEnv};

pub(super) fn pg_stat_activity(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let (databases, roles) = (env.catalogs.databases(), env.roles());
    let mut sessions = env.facts.sessions();
    sessions.retain(|s| pins.allow_number("pid", s.pid) && pins.allow("datname", &s.database));
    Ok(Rows::of(sessions, move |s, column| match column {
        "datid" => database(&databases, &s.database),
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

/// A lock: the number of its own that every running transaction holds in PostgreSQL, or an advisory one. Nothing is written, so there are no others.
enum Lock {
    Transaction(i32),
    Advisory(AdvisoryRow),
}

pub(super) fn pg_locks(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let databases = env.catalogs.databases();
    let running = env.facts.sessions().into_iter().filter(|s| s.transaction_started.is_some());
    let running = running.map(|s| Lock::Transaction(s.pid));
    let mut locks: Vec<Lock> = running.chain(env.facts.advisory_locks().into_iter().map(Lock::Advisory)).collect();
    locks.retain(|lock| pins.allow_number("pid", lock.pid()));
    Ok(Rows::of(locks, move |lock, column| match (lock, column) {
        (_, "pid") => lock.pid().into(),
        (_, "virtualtransaction") => format!("{}/1", lock.pid()).into(),
        (Lock::Transaction(_), "locktype") => "virtualxid".into(),
        (Lock::Transaction(pid), "virtualxid") => format!("{pid}/1").into(),
        (Lock::Transaction(_), "mode") => "ExclusiveLock".into(),
        (Lock::Transaction(_), "granted" | "fastpath") => true.into(),
        (Lock::Advisory(_), "locktype") => "advisory".into(),
        (Lock::Advisory(of), "database") => database(&databases, &of.database),
        (Lock::Advisory(of), "classid") => of.object().0.into(),
        (Lock::Advisory(of), "objid") => of.object().1.into(),
        (Lock::Advisory(of), "objsubid") => i32::from(of.object().2).into(),
        (Lock::Advisory(of), "mode") => of.mode().into(),
        (Lock::Advisory(of), "granted") => of.granted.into(),
        (Lock::Advisory(_), "fastpath") => false.into(),
        _ => Cell::Unset,
    }))
}

impl Lock {
    fn pid(&self) -> i32 {
        match self {
            Self::Transaction(pid) => *pid,
            Self::Advisory(of) => of.pid,
        }
    }
}

/// The oid of a database.
fn database(databases: &[String], name: &str) -> Cell {
    let found = (super::FIRST_DATABASE..).zip(databases).find(|(_, known)| *known == name);
    found.map_or(Cell::Null, |(oid, _)| oid.into())
}

pub(super) fn pg_stat_database(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let sessions = env.facts.sessions();
    let mut rows: Vec<(u32, String)> = (super::FIRST_DATABASE..).zip(env.catalogs.databases()).collect();
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
