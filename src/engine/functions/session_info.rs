//! What a session is: version, database, user, schemas, settings, addresses; and what it may do to another one: cancel it.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, StringViewArray, StringViewBuilder};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType, UInt32Type};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type, Type::*, logical_list, outward};
use crate::engine::SERVER_VERSION;
use crate::table::pg_catalog::settings::Known;
use crate::table::pg_type;
use crate::table::virtual_table::SystemEnv;

const VOID: Gives = Gives::Logical(&pg_type::VOID);
const NAMES: Gives = Gives::Of(|_| Ok(logical_list(&pg_type::NAME_ARRAY)));

pub(super) fn functions() -> Vec<Function> {
    const NONE: &[&[Type]] = &[&[]];
    let told = |name, gives, f: fn(&SystemEnv) -> Result<Option<String>>| {
        Function::new(name, NONE, gives, move |a| a.same_text(f(a.env()?)?.as_deref())).stable()
    };
    let text = |name, f| told(name, Gives::Text, f);
    let named = |name, f| told(name, Gives::Logical(&pg_type::NAME), f);
    let address = |name, f| told(name, Gives::Logical(&pg_type::INET), f);
    let user = |env: &SystemEnv| Ok(Some(env.user.clone()));
    vec![
        text("version", |_| {
            Ok(Some(format!("PostgreSQL {SERVER_VERSION} (Stoa {}) on {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH)))
        }),
        named("current_database", |env| Ok(Some(env.database.clone()))),
        named("current_catalog", |env| Ok(Some(env.database.clone()))),
        named("current_schema", |env| Ok(env.visible_schemas().map_err(outward)?.into_iter().find(|s| s != "pg_catalog"))),
        named("current_user", user),
        named("session_user", user),
        named("current_role", user),
        named("user", user),
        named("getpgusername", user),
        named("getdatabaseencoding", |_| Ok(Some("UTF8".to_owned()))),
        named("pg_client_encoding", |env| Ok(env.facts.setting("client_encoding"))),
        address("inet_client_addr", |env| Ok(env.facts.client_address().map(|a| a.ip().to_string()))),
        address("inet_server_addr", |env| Ok(env.facts.server_address().map(|a| a.ip().to_string()))),
        Function::new("inet_client_port", NONE, Gives::Int4, |a| {
            a.same::<Int32Type>(a.env()?.facts.client_address().map(|a| a.port().into()))
        })
        .stable(),
        Function::new("inet_server_port", NONE, Gives::Int4, |a| {
            a.same::<Int32Type>(a.env()?.facts.server_address().map(|a| a.port().into()))
        })
        .stable(),
        Function::new("current_schemas", &[&[Bool]], NAMES, current_schemas).stable(),
        Function::new("pg_backend_pid", NONE, Gives::Int4, |a| a.same::<Int32Type>(Some(a.env()?.facts.backend_pid()))).stable(),
        Function::new("pg_postmaster_start_time", NONE, Gives::Temporal(Timestamptz), |a| {
            a.same::<TimestampMicrosecondType>(Some(a.env()?.facts.server_started()))
        })
        .also(&["pg_conf_load_time"])
        .stable(),
        Function::new("pg_is_in_recovery", NONE, Gives::Bool, |a| a.same_flag(false)).stable(),
        Function::new("txid_current", NONE, Gives::Int8, |a| a.same::<Int64Type>(Some(1))).stable(),
        Function::new("pg_my_temp_schema", NONE, Gives::Oid, |a| a.same::<UInt32Type>(Some(0))).stable(),
        Function::new("pg_is_other_temp_schema", &[&[Oid]], Gives::Bool, |a| a.same_flag(false)).stable(),
        Function::new("current_setting", &[&[Text], &[Text, Bool]], Gives::Text, current_setting).volatile(),
        Function::new("set_config", &[&[Text, Text, Bool]], Gives::Text, set_config).volatile(),
        Function::new("pg_notify", &[&[Text, Text]], VOID, notify).volatile(),
        // Nothing that a session does here needs a number.
        Function::new("txid_current_if_assigned", NONE, Gives::Int8, |a| a.same::<Int64Type>(None)).stable(),
        Function::new("pg_cancel_backend", &[&[Int]], Gives::Bool, |a| {
            let facts = &a.env()?.facts;
            signal(a, |pid| facts.cancel(pid))
        })
        .volatile(),
        Function::new("pg_terminate_backend", &[&[Int], &[Int, Int]], Gives::Bool, |a| {
            let facts = &a.env()?.facts;
            signal(a, |pid| facts.terminate(pid))
        })
        .volatile(),
    ]
}

fn current_schemas(a: &Call) -> Result<ArrayRef> {
    let (schemas, with_system) = (a.env()?.visible_schemas().map_err(outward)?, a.bools(0)?);
    let mut lists = ListBuilder::new(StringViewBuilder::new());
    for with_system in with_system.iter() {
        match with_system {
            Some(all) => lists.append_value(schemas.iter().filter(|s| all || *s != "pg_catalog").map(Some)),
            None => lists.append_null(),
        }
    }
    Ok(Arc::new(lists.finish()))
}

fn current_setting(a: &Call) -> Result<ArrayRef> {
    let (env, names) = (a.env()?, a.texts(0)?);
    let missing_ok = if a.len() > 1 { Some(a.bools(1)?) } else { None };
    let value = |row: usize| {
        let missing_ok = missing_ok.as_ref().map_or(Some(false), |m| m.get(row));
        let (Some(name), Some(missing_ok)) = (names.get(row), missing_ok) else { return Ok(None) };
        match (env.setting(name), Known::named(name)) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(_), Some(known)) => Ok(Some(known.shown())),
            (Err(_), None) if missing_ok => Ok(None),
            (Err(e), None) => Err(outward(e)),
        }
    };
    Ok(Arc::new((0..a.rows).map(value).collect::<Result<StringViewArray>>()?))
}

fn set_config(a: &Call) -> Result<ArrayRef> {
    let (env, names, values, local) = (a.env()?, a.texts(0)?, a.texts(1)?, a.bools(2)?);
    let set = (0..a.rows).map(|row| match (names.get(row), values.get(row)) {
        (Some(name), Some(value)) => env.facts.set(name, value, local.get(row) == Some(true)).map(Some).map_err(outward),
        _ => Ok(None),
    });
    Ok(Arc::new(set.collect::<Result<StringViewArray>>()?))
}

fn notify(a: &Call) -> Result<ArrayRef> {
    let (facts, channels, payloads) = (&a.env()?.facts, a.texts(0)?, a.texts(1)?);
    let sent = (0..a.rows).map(|row| {
        // As in PostgreSQL, where a NULL is an empty text.
        let (channel, payload) = (channels.get(row).unwrap_or_default(), payloads.get(row).unwrap_or_default());
        facts.notify(channel, payload).map(|()| Some("")).map_err(outward)
    });
    Ok(Arc::new(sent.collect::<Result<StringViewArray>>()?))
}

fn signal(a: &Call, send: impl Fn(i32) -> crate::error::Result<bool>) -> Result<ArrayRef> {
    let pids = a.ints(0)?;
    let sent = pids.iter().map(|pid| match pid.and_then(|p| i32::try_from(p).ok()) {
        Some(pid) => send(pid).map(Some).map_err(outward),
        None => Ok(None),
    });
    Ok(Arc::new(sent.collect::<Result<BooleanArray>>()?))
}
