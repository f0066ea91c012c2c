//! `pg_description`: titles, descriptions, units, publishers and licences as comments on schemas, tables and columns, and what PostgreSQL says
//! of its own types, functions and operators.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv, relations};

use super::builtin::{self, Listing, Row};
use super::{attributes, classes, namespaces};

/// The oids of `pg_class` and `pg_namespace`, which `classoid` names.
const PG_CLASS: u32 = 1259;
const PG_NAMESPACE: u32 = 2615;

struct Comment {
    class: u32,
    object: u32,
    column: i32,
    text: String,
}

/// A row: of what is published, or one that every PostgreSQL 15 has.
enum Described {
    Published(Comment),
    Builtin(&'static Row),
}

fn descriptions() -> &'static Listing {
    builtin::listing("pg_description").expect("pg_description is listed")
}

/// What PostgreSQL says of an object of its own, by the catalog that has it and its oid.
pub fn of_builtin(catalog: &str, oid: u32) -> Option<&'static str> {
    static BY_OBJECT: LazyLock<HashMap<(u32, u32), &'static str>> = LazyLock::new(|| {
        let all = descriptions();
        let key = |row: &Row| (all.number(row, "classoid"), all.number(row, "objoid"));
        all.rows().map(|row| (key(row), all.text(row, "description"))).collect()
    });
    let class = relations::of("pg_catalog").iter().find(|r| r.name == catalog)?.oid;
    BY_OBJECT.get(&(class, oid)).copied()
}

pub(super) async fn pg_description(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = Vec::new();
    if pins.allow_oid("classoid", PG_NAMESPACE) {
        let schemas = namespaces(env)?.into_iter().filter(|n| pins.allow_oid("objoid", n.oid));
        rows.extend(schemas.filter_map(|n| Some(Comment { class: PG_NAMESPACE, object: n.oid, column: 0, text: n.title? })));
    }
    if pins.allow_oid("classoid", PG_CLASS) {
        let tables = classes::tables(env, pins, "objoid", "")?;
        let find = attributes::may_find(pins, "objoid", &tables) && !pins.allow("objsubid", "0");
        for table in &tables {
            let comment = |column, text| Comment { class: PG_CLASS, object: table.oid, column, text };
            rows.extend(table.comment().map(|text| comment(0, text)));
            let columns = attributes::columns_of(env, table, find).await?;
            rows.extend((1..).zip(columns.iter()).filter_map(|(n, c)| Some(comment(n, c.comment.clone()?))));
        }
    }
    rows.retain(|c| pins.allow("objsubid", &c.column.to_string()));
    let builtin = descriptions().kept(pins).into_iter().map(Described::Builtin);
    let rows = rows.into_iter().map(Described::Published).chain(builtin).collect();
    Ok(Rows::of(rows, |row, column| match (row, column) {
        (Described::Builtin(row), column) => descriptions().cell(row, column),
        (Described::Published(c), "objoid") => c.object.into(),
        (Described::Published(c), "classoid") => c.class.into(),
        (Described::Published(c), "objsubid") => c.column.into(),
        (Described::Published(c), "description") => (&c.text).into(),
        (Described::Published(_), _) => Cell::Unset,
    }))
}
