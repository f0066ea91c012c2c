//! What a session is: version, database, user, schemas, settings, addresses; and what it may do to another one: cancel it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::error::Result;

use super::native::{Arguments, Native, outward};
use crate::engine::SERVER_VERSION;
use crate::table::pg_catalog::settings::Known;
use crate::table::virtual_table::SystemEnv;

pub(super) fn functions(env: &Arc<SystemEnv>) -> Vec<Native> {
    let text = |name, arguments: &'static [usize], f: fn(&SystemEnv) -> Result<Option<String>>| {
        let env = Arc::clone(env);
        Native::stable(name, arguments, DataType::Utf8, move |a| a.same_text(f(&env)?.as_deref()))
    };
    let shared = || Arc::clone(env);
    let user = |env: &SystemEnv| Ok(Some(env.user.clone()));
    let (schemas_env, pid_env, started_env, setting_env, set_env, cancel_env, end_env) =
        (shared(), shared(), shared(), shared(), shared(), shared(), shared());
    let (client_env, server_env) = (shared(), shared());
    vec![
        text("version", &[0], |_| {
            Ok(Some(format!("PostgreSQL {SERVER_VERSION} (Stoa {}) on {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH)))
        }),
        text("current_database", &[0], |env| Ok(Some(env.database.clone()))),
        text("current_catalog", &[0], |env| Ok(Some(env.database.clone()))),
        text("current_schema", &[0], |env| Ok(env.visible_schemas().map_err(outward)?.into_iter().find(|s| s != "pg_catalog"))),
        text("current_user", &[0], user),
        text("session_user", &[0], user),
        text("current_role", &[0], user),
        text("getpgusername", &[0], user),
        text("getdatabaseencoding", &[0], |_| Ok(Some("UTF8".to_owned()))),
        text("pg_client_encoding", &[0], |env| Ok(env.facts.setting("client_encoding"))),
        // There are no locks of users' own; pools let go of them all the same.
        text("pg_advisory_unlock_all", &[0], |_| Ok(Some(String::new()))),
        text("inet_client_addr", &[0], |env| Ok(env.facts.client_address().map(|a| a.ip().to_string()))),
        text("inet_server_addr", &[0], |env| Ok(env.facts.server_address().map(|a| a.ip().to_string()))),
        Native::stable("inet_client_port", &[0], DataType::Int32, move |a| {
            same_port(a, client_env.facts.client_address().map(|a| a.port()))
        }),
        Native::stable("inet_server_port", &[0], DataType::Int32, move |a| {
            same_port(a, server_env.facts.server_address().map(|a| a.port()))
        }),
        Native::stable("current_schemas", &[1], list_of_text(), move |a| current_schemas(&schemas_env, a)),
        Native::stable("pg_backend_pid", &[0], DataType::Int32, move |a| {
            Ok(Arc::new(Int32Array::from(vec![pid_env.facts.backend_pid(); a.rows])))
        }),
        Native::stable("pg_postmaster_start_time", &[0], instant(), move |a| started(&started_env, a)),
        Native::stable("pg_is_in_recovery", &[0], DataType::Boolean, |a| a.same_flag(false)),
        Native::stable("txid_current", &[0], DataType::Int64, |a| Ok(Arc::new(Int64Array::from(vec![1; a.rows])))),
        Native::stable("pg_my_temp_schema", &[0], DataType::UInt32, |a| {
            Ok(Arc::new(arrow::array::UInt32Array::from(vec![0; a.rows])))
        }),
        Native::stable("pg_is_other_temp_schema", &[1], DataType::Boolean, |a| a.same_flag(false)),
        Native::acting("current_setting", &[1, 2], DataType::Utf8, move |a| current_setting(&setting_env, a)),
        Native::acting("set_config", &[3], DataType::Utf8, move |a| set_config(&set_env, a)),
        Native::acting("pg_cancel_backend", &[1], DataType::Boolean, move |a| signal(a, |pid| cancel_env.facts.cancel(pid))),
        Native::acting("pg_terminate_backend", &[1, 2], DataType::Boolean, move |a| {
            signal(a, |pid| end_env.facts.terminate(pid))
        }),
    ]
}

fn list_of_text() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn same_port(a: &Arguments, port: Option<u16>) -> Result<ArrayRef> {
    Ok(Arc::new(Int32Array::from(vec![port.map(i32::from); a.rows])))
}

fn started(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    Ok(Arc::new(TimestampMicrosecondArray::from(vec![env.facts.server_started(); a.rows]).with_timezone("UTC")))
}

fn current_schemas(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let schemas = env.visible_schemas().map_err(outward)?;
    let mut lists = ListBuilder::new(StringBuilder::new());
    for with_system in &a.booleans(0)? {
        let with_system = with_system.unwrap_or(false);
        lists.append_value(schemas.iter().filter(|s| with_system || *s != "pg_catalog").map(Some));
    }
    Ok(Arc::new(lists.finish()))
}

fn current_setting(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let missing_ok = if a.len() > 1 { a.booleans(1)? } else { BooleanArray::from(vec![false; a.rows]) };
    let names = a.texts(0)?;
    let values = names.iter().zip(&missing_ok).map(|(name, missing_ok)| {
        let Some(name) = name else { return Ok(None) };
        match (env.setting(name), Known::named(name)) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(_), Some(known)) => Ok(Some(known.shown())),
            (Err(_), None) if missing_ok == Some(true) => Ok(None),
            (Err(e), None) => Err(outward(e)),
        }
    });
    Ok(Arc::new(values.collect::<Result<StringArray>>()?))
}

fn set_config(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let (names, values, local) = (a.texts(0)?, a.texts(1)?, a.booleans(2)?);
    let set = names.iter().zip(&values).zip(&local).map(|((name, value), local)| match (name, value) {
        (Some(name), Some(value)) => env.facts.set(name, value, local.unwrap_or(false)).map(Some).map_err(outward),
        _ => Ok(None),
    });
    Ok(Arc::new(set.collect::<Result<StringArray>>()?))
}

fn signal(a: &Arguments, send: impl Fn(i32) -> crate::error::Result<bool>) -> Result<ArrayRef> {
    let sent = a.numbers(0)?.into_iter().map(|pid| match pid.and_then(|p| i32::try_from(p).ok()) {
        Some(pid) => send(pid).map(Some).map_err(outward),
        None => Ok(None),
    });
    Ok(Arc::new(sent.collect::<Result<BooleanArray>>()?))
}
