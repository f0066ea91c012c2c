//! What a role may do. Every table that a session can see may be read by it, and nothing may be written; names of objects, roles and
//! privileges are looked at as PostgreSQL does.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringViewArray};
use datafusion::error::Result;

use super::catalog_lookup::Lookup;
use super::function::{Call, Column, Function, Gives, Type, Type::*, outward};
use super::object_names as names;
use crate::error::{Error, Kind};
use crate::table::pg_catalog::{FIRST_DATABASE, OWNER, known_columns, namespaces, roles, types};
use crate::table::virtual_table::{SystemEnv, relations};

/// What a privilege is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Object {
    Table,
    Column,
    Sequence,
    Database,
    Schema,
    Function,
    Language,
    Type,
    Tablespace,
    Role,
    /// There is none of the kind: `foreign-data wrapper`, `server`.
    Absent(&'static str),
    /// Of settings; any name is taken.
    Parameter,
}

/// One function of the family: its name, what it is asked of, the privileges there are, and those that a reader has.
struct Family(&'static str, Object, &'static [&'static str], &'static [&'static str]);

static FAMILIES: [Family; 14] = [
    Family(
        "has_table_privilege",
        Object::Table,
        &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "RULE"],
        &["SELECT"],
    ),
    Family("has_any_column_privilege", Object::Table, &["SELECT", "INSERT", "UPDATE", "REFERENCES"], &["SELECT"]),
    Family("has_column_privilege", Object::Column, &["SELECT", "INSERT", "UPDATE", "REFERENCES"], &["SELECT"]),
    Family("has_sequence_privilege", Object::Sequence, &["USAGE", "SELECT", "UPDATE"], &["USAGE", "SELECT"]),
    Family("has_database_privilege", Object::Database, &["CREATE", "TEMPORARY", "TEMP", "CONNECT"], &["CONNECT"]),
    Family("has_schema_privilege", Object::Schema, &["CREATE", "USAGE"], &["USAGE"]),
    Family("has_function_privilege", Object::Function, &["EXECUTE"], &["EXECUTE"]),
    Family("has_language_privilege", Object::Language, &["USAGE"], &["USAGE"]),
    Family("has_type_privilege", Object::Type, &["USAGE"], &["USAGE"]),
    Family("has_tablespace_privilege", Object::Tablespace, &["CREATE"], &[]),
    Family("has_foreign_data_wrapper_privilege", Object::Absent("foreign-data wrapper"), &["USAGE"], &[]),
    Family("has_server_privilege", Object::Absent("server"), &["USAGE"], &[]),
    Family("has_parameter_privilege", Object::Parameter, &["SET", "ALTER SYSTEM"], &[]),
    Family("pg_has_role", Object::Role, &["USAGE", "MEMBER"], &["USAGE", "MEMBER"]),
];

pub(super) fn functions() -> Vec<Function> {
    const OF_OBJECTS: &[&[Type]] = &[&[Any, Text], &[Any, Any, Text]];
    const OF_COLUMNS: &[&[Type]] = &[&[Any, Any, Text], &[Any, Any, Any, Text]];
    let mut functions: Vec<Function> = FAMILIES
        .iter()
        .map(|family| {
            let takes = if family.1 == Object::Column { OF_COLUMNS } else { OF_OBJECTS };
            Function::new(family.0, takes, Gives::Bool, move |a| asked(a.env()?, family, a)).stable()
        })
        .collect();
    functions.push(Function::new("row_security_active", &[&[Regclass]], Gives::Bool, |a| a.same_flag(false)).stable());
    functions
}

/// An argument that names an object: by oid, or by its name.
enum Named<'a> {
    Oid(u32),
    Name(&'a str),
}

fn asked(env: &Arc<SystemEnv>, family: &Family, a: &Call) -> Result<ArrayRef> {
    let fixed = if family.1 == Object::Column { 3 } else { 2 };
    let first = a.len() - fixed;
    let privileges = a.texts(a.len() - 1)?;
    let objects = a.texts(first)?;
    let by_oid = a.data_type(first).is_integer();
    let columns = if fixed == 3 { Some((a.texts(first + 1)?, a.data_type(first + 1).is_integer())) } else { None };
    let users = if first > 0 { Some((a.texts(0)?, a.data_type(0).is_integer())) } else { None };
    let lookup = Lookup::new(env, objects.len()).map_err(outward)?;
    let answers = (0..a.rows).map(|i| {
        let at = |column: &Column<StringViewArray>| column.get(i).map(str::to_owned);
        let (Some(object), Some(privilege)) = (at(&objects), at(&privileges)) else { return Ok(None) };
        if let Some((users, by_oid)) = &users {
            let Some(user) = at(users) else { return Ok(None) };
            if !by_oid && user != "public" && roles::oid_of(env, &user).is_none() {
                return Err(missing(Kind::UndefinedObject, "role", &user));
            }
        }
        let object = if by_oid { Named::Oid(object.parse().unwrap_or_default()) } else { Named::Name(&object) };
        let Some(exists) = find(env, &lookup, family.1, &object)? else { return Ok(None) };
        if let Some((columns, by_number)) = &columns {
            let Some(column) = at(columns) else { return Ok(None) };
            if !has_column(&lookup, exists, &column, *by_number)? {
                return Ok(None);
            }
        }
        let may = may(&privilege, family)?;
        Ok(Some(may && (family.1 != Object::Role || exists == OWNER)))
    });
    let answers = answers.collect::<crate::error::Result<BooleanArray>>().map_err(outward)?;
    Ok(Arc::new(answers))
}

/// The oid of the object; `None` where no object has the oid, an error where none has the name.
fn find(env: &SystemEnv, lookup: &Lookup<'_>, kind: Object, object: &Named<'_>) -> crate::error::Result<Option<u32>> {
    let name = match object {
        Named::Oid(oid) => {
            let oid = *oid;
            let exists = match kind {
                Object::Table | Object::Column => lookup.relation(oid).is_some(),
                Object::Database => {
                    usize::try_from(oid.wrapping_sub(FIRST_DATABASE)).is_ok_and(|i| i < env.catalogs.databases().len())
                }
                Object::Schema => namespaces(env)?.iter().any(|n| n.oid == oid),
                Object::Function => types::Function::by_oid(oid).is_some(),
                Object::Language => [12, 13, 14].contains(&oid),
                Object::Type => types::name_of(oid).is_some() || types::table_of_row_type(oid).is_some(),
                Object::Tablespace => [1663, 1664].contains(&oid),
                Object::Role => roles::name_of(env, oid).is_some(),
                Object::Sequence | Object::Absent(_) | Object::Parameter => false,
            };
            return Ok(exists.then_some(oid));
        }
        Named::Name(name) => *name,
    };
    let (found, error, what) = match kind {
        Object::Table | Object::Column | Object::Sequence => (names::regclass_oid(env, name)?, Kind::UndefinedTable, "relation"),
        Object::Schema => (names::regnamespace_oid(env, name)?, Kind::UndefinedSchema, "schema"),
        Object::Function => (names::regprocedure_oid(env, name)?, Kind::UndefinedFunction, "function"),
        Object::Type => (names::regtype_oid(env, name)?, Kind::UndefinedObject, "type"),
        Object::Database => {
            let found = (FIRST_DATABASE..).zip(env.catalogs.databases()).find(|(_, n)| n == name).map(|(oid, _)| oid);
            (found, Kind::UndefinedDatabase, "database")
        }
        Object::Language => {
            let found = [(12, "internal"), (13, "c"), (14, "sql")].into_iter().find(|(_, n)| *n == name).map(|(oid, _)| oid);
            (found, Kind::UndefinedObject, "language")
        }
        Object::Tablespace => {
            let found = [(1663, "pg_default"), (1664, "pg_global")].into_iter().find(|(_, n)| *n == name).map(|(oid, _)| oid);
            (found, Kind::UndefinedObject, "tablespace")
        }
        Object::Role => (roles::oid_of(env, name), Kind::UndefinedObject, "role"),
        Object::Absent(what) => (None, Kind::UndefinedObject, what),
        Object::Parameter => (Some(0), Kind::UndefinedObject, "parameter"),
    };
    match found {
        Some(_) if kind == Object::Sequence => Err(Error::new(Kind::InvalidParameter, format!("\"{name}\" is not a sequence"))),
        Some(oid) => Ok(Some(oid)),
        None => Err(missing(error, what, name)),
    }
}

/// Whether a relation has the column; by name, one that it has not is an error.
fn has_column(lookup: &Lookup<'_>, oid: u32, column: &str, by_number: bool) -> crate::error::Result<bool> {
    let (names, table): (Vec<String>, String) = match (relations::by_oid(oid), lookup.table(oid)) {
        (Some(r), _) => (r.columns.iter().map(|c| c.name.to_owned()).collect(), r.name.to_owned()),
        (None, Some(t)) => (known_columns(&t).iter().map(|c| c.name.clone()).collect(), t.name.clone()),
        (None, None) => return Ok(false),
    };
    if by_number {
        return Ok(column.parse::<usize>().is_ok_and(|n| n > 0 && n <= names.len()));
    }
    if names.iter().any(|n| n == column) {
        return Ok(true);
    }
    Err(Error::new(Kind::UndefinedColumn, format!("column \"{column}\" of relation \"{table}\" does not exist")))
}

fn missing(kind: Kind, what: &str, name: &str) -> Error {
    Error::new(kind, format!("{what} \"{name}\" does not exist"))
}

/// Whether any privilege of a list such as `SELECT, INSERT` is one that a reader has. [`Kind::InvalidParameter`] for one that there
/// is not.
fn may(privileges: &str, family: &Family) -> crate::error::Result<bool> {
    let mut any = false;
    for written in privileges.split(',') {
        let wanted = written.trim().to_uppercase();
        let plain = wanted.strip_suffix(" WITH GRANT OPTION").or_else(|| wanted.strip_suffix(" WITH ADMIN OPTION"));
        let name = plain.unwrap_or(&wanted);
        if !family.2.contains(&name) {
            return Err(Error::new(Kind::InvalidParameter, format!("unrecognized privilege type: \"{}\"", written.trim())));
        }
        any |= plain.is_none() && family.3.contains(&name);
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_allowed_and_writing_is_not() {
        for (privileges, want) in [
            ("SELECT", Some(true)),
            ("insert", Some(false)),
            ("INSERT, SELECT", Some(true)),
            ("SELECT WITH GRANT OPTION", Some(false)),
            ("usage", None),
        ] {
            assert_eq!(may(privileges, &FAMILIES[0]).ok(), want, "{privileges}");
        }
    }
}
