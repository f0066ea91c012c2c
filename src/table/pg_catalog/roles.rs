//! Roles and tablespaces: the session's user, who owns everything, and those that PostgreSQL 15 is born with.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::OWNER;
use super::builtin::{self, Row};

/// A role of the list.
enum Role {
    Known(u32, String),
    BuiltIn(&'static Row),
}

/// The name of the role with this oid.
pub fn name_of(env: &SystemEnv, oid: u32) -> Option<String> {
    if let Some((_, name)) = env.roles().into_iter().find(|(known, _)| *known == oid) {
        return Some(name);
    }
    let listing = builtin::listing("pg_authid")?;
    listing.rows().find(|row| listing.number(row, "oid") == oid).map(|row| listing.text(row, "rolname").to_owned())
}

/// The oid of the role with this name.
pub fn oid_of(env: &SystemEnv, name: &str) -> Option<u32> {
    if let Some((oid, _)) = env.roles().into_iter().find(|(_, known)| known == name) {
        return Some(oid);
    }
    let listing = builtin::listing("pg_authid")?;
    listing.rows().find(|row| listing.text(row, "rolname") == name).map(|row| listing.number(row, "oid"))
}

/// `pg_roles`: the session's user and those of the file of roles, then the built-in ones. Nobody sees a verifier.
pub(super) fn pg_roles(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    roles(env, pins, Some("********"))
}

/// `pg_authid`: the same, as if nobody had a password, for `pg_dumpall` would write down whatever stands there.
pub(super) fn pg_authid(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    roles(env, pins, None)
}

fn roles(env: &SystemEnv, pins: &Pins, password: Option<&'static str>) -> Result<Rows> {
    let mut known = env.roles();
    known.retain(|(oid, name)| pins.allow_oid("oid", *oid) && pins.allow("rolname", name));
    let mut rows: Vec<Role> = known.into_iter().map(|(oid, name)| Role::Known(oid, name)).collect();
    let listing = builtin::listing("pg_authid");
    rows.extend(listing.into_iter().flat_map(|l| l.kept(pins)).map(Role::BuiltIn));
    Ok(Rows::of(rows, move |role, column| match (role, column) {
        (_, "rolpassword") => password.map_or(Cell::Null, Cell::from),
        (Role::BuiltIn(row), _) => builtin::listing("pg_authid").map_or(Cell::Unset, |l| l.cell(row, column)),
        (Role::Known(oid, _), "oid") => (*oid).into(),
        (Role::Known(_, name), "rolname") => name.into(),
        (Role::Known(..), "rolinherit" | "rolcanlogin") => true.into(),
        (Role::Known(..), "rolsuper" | "rolcreaterole" | "rolcreatedb" | "rolreplication" | "rolbypassrls") => false.into(),
        (Role::Known(..), "rolconnlimit") => (-1).into(),
        (Role::Known(..), _) => Cell::Unset,
    }))
}

/// `pg_user` and `pg_shadow`: the roles that log in.
pub(super) fn pg_user(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = env.roles();
    rows.retain(|(oid, name)| pins.allow("usename", name) && pins.allow_oid("usesysid", *oid));
    Ok(Rows::of(rows, |(oid, name), column| match column {
        "usename" => name.into(),
        "usesysid" => (*oid).into(),
        "usecreatedb" | "usesuper" | "userepl" | "usebypassrls" => false.into(),
        "passwd" => "********".into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_group(_env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let Some(listing) = builtin::listing("pg_authid") else { return Ok(Rows::none()) };
    let mut rows: Vec<&'static Row> = listing.rows().collect();
    rows.retain(|row| pins.allow("groname", listing.text(row, "rolname")));
    Ok(Rows::of(rows, |row, column| match column {
        "groname" => listing.text(row, "rolname").into(),
        "grosysid" => listing.number(row, "oid").into(),
        "grolist" => Cell::Array(members(listing.number(row, "oid"))),
        _ => Cell::Unset,
    }))
}

/// The oids of a built-in role's members.
fn members(role: u32) -> Vec<String> {
    let Some(listing) = builtin::listing("pg_auth_members") else { return Vec::new() };
    let of_role = listing.rows().filter(|row| listing.number(row, "roleid") == role);
    of_role.map(|row| listing.text(row, "member").to_owned()).collect()
}

pub(super) fn pg_tablespace(_env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![(1663, "pg_default"), (1664, "pg_global")], |(oid, name), column| match column {
        "oid" => (*oid).into(),
        "spcname" => (*name).into(),
        "spcowner" => OWNER.into(),
        _ => Cell::Unset,
    }))
}
