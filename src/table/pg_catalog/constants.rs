//! The tables of `pg_catalog` that hold the same few rows whatever is published: access methods, collations, languages,
//! tablespaces; and the roles.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::OWNER;

pub(super) fn pg_am(_env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![(2, "heap", "t"), (403, "btree", "i")], |(oid, name, kind), column| match column {
        "oid" => (*oid).into(),
        "amname" => (*name).into(),
        "amtype" => (*kind).into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_collation(_env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let rows = vec![(100, "default", "d", None), (950, "C", "c", Some("C")), (951, "POSIX", "c", Some("POSIX"))];
    Ok(Rows::of(rows, |(oid, name, provider, locale), column| match column {
        "oid" => (*oid).into(),
        "collname" => (*name).into(),
        "collnamespace" => 11.into(),
        "collowner" => OWNER.into(),
        "collprovider" => (*provider).into(),
        "collisdeterministic" => true.into(),
        "collencoding" => (-1).into(),
        "collcollate" | "collctype" => Cell::opt(*locale),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_language(_env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![(12, "internal", false), (14, "sql", true)], |(oid, name, trusted), column| match column {
        "oid" => (*oid).into(),
        "lanname" => (*name).into(),
        "lanowner" => OWNER.into(),
        "lanpltrusted" => (*trusted).into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_tablespace(_env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![(1663, "pg_default"), (1664, "pg_global")], |(oid, name), column| match column {
        "oid" => (*oid).into(),
        "spcname" => (*name).into(),
        "spcowner" => OWNER.into(),
        _ => Cell::Unset,
    }))
}

/// `pg_roles` and `pg_authid`: the session's user, and those of the file of roles. Nobody sees a verifier.
pub(super) fn pg_roles(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.roles(), |(oid, name), column| match column {
        "oid" => (*oid).into(),
        "rolname" => name.into(),
        "rolinherit" | "rolcanlogin" => true.into(),
        "rolsuper" | "rolcreaterole" | "rolcreatedb" | "rolreplication" | "rolbypassrls" => false.into(),
        "rolconnlimit" => (-1).into(),
        _ => Cell::Unset,
    }))
}

/// `pg_user` and `pg_shadow`: the same.
pub(super) fn pg_user(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.roles(), |(oid, name), column| match column {
        "usesysid" => (*oid).into(),
        "usename" => name.into(),
        "usecreatedb" | "usesuper" | "userepl" | "usebypassrls" => false.into(),
        _ => Cell::Unset,
    }))
}
