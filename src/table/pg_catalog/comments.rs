//! `pg_description`: titles, descriptions, units, publishers and licences as comments on schemas, tables and columns.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

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
    Ok(Rows::of(rows, |c, column| match column {
        "objoid" => c.object.into(),
        "classoid" => c.class.into(),
        "objsubid" => c.column.into(),
        "description" => (&c.text).into(),
        _ => Cell::Unset,
    }))
}
