//! What indexes and their access methods can do (`pg_index_column_has_property` and its kin), what waits for what, and privileges as an owner
//! has them. Every index here is the B-tree that a key is shown as (decision 048).

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, ListBuilder, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Int32Type, UInt32Type};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*, list_of, logical_list, outward};
use crate::table::pg_catalog::{index_by_oid, roles};
use crate::table::pg_type;

/// What a B-tree's column can do.
const OF_COLUMNS: [(&str, bool); 9] = [
    ("asc", true),
    ("desc", false),
    ("nulls_first", false),
    ("nulls_last", true),
    ("orderable", true),
    ("distance_orderable", false),
    ("returnable", true),
    ("search_array", true),
    ("search_nulls", true),
];

/// What a B-tree can do as a whole.
const OF_INDEXES: [&str; 4] = ["clusterable", "index_scan", "bitmap_scan", "backward_scan"];

/// What access methods can do, each with the oids of those that can.
const OF_METHODS: [(&str, &[u32]); 5] = [
    ("can_order", &[BTREE]),
    ("can_unique", &[BTREE]),
    ("can_multi_col", &[BTREE, GIST, GIN, BRIN]),
    ("can_exclude", &[BTREE, HASH, GIST, SPGIST]),
    ("can_include", &[BTREE, GIST, SPGIST]),
];
const METHODS: [u32; 6] = [BTREE, HASH, GIST, GIN, SPGIST, BRIN];
const BTREE: u32 = 403;
const HASH: u32 = 405;
const GIST: u32 = 783;
const GIN: u32 = 2742;
const BRIN: u32 = 3580;
const SPGIST: u32 = 4000;

/// The owner's and everybody's privileges on each kind of object, where none were granted.
const DEFAULTS: [(&str, &str, &str); 13] = [
    ("c", "", ""),
    ("r", "arwdDxt", ""),
    ("s", "rwU", ""),
    ("d", "CTc", "Tc"),
    ("f", "X", "X"),
    ("l", "U", "U"),
    ("L", "rw", ""),
    ("n", "UC", ""),
    ("t", "C", ""),
    ("F", "U", ""),
    ("S", "U", ""),
    ("T", "U", "U"),
    ("p", "sA", ""),
];

const ACLS: Gives = Gives::Of(|_| Ok(logical_list(&pg_type::ACLITEM_ARRAY)));
const INTS: Gives = Gives::Of(|_| Ok(Arc::new(Field::new("", list_of(DataType::Int32), true))));

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("pg_index_column_has_property", &[&[Oid, Int, Text]], Gives::Bool, of_column).stable(),
        Function::new("pg_index_has_property", &[&[Oid, Text]], Gives::Bool, of_index).stable(),
        Function::new("pg_indexam_has_property", &[&[Oid, Text]], Gives::Bool, |a| {
            let (methods, names) = (a.oids(0)?, a.texts(1)?);
            a.flags(|row| {
                let (method, name) = (methods.get(row).copied().flatten()?, names.get(row)?);
                let (_, able) = OF_METHODS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
                METHODS.contains(&method).then(|| able.contains(&method))
            })
        }),
        Function::new("pg_blocking_pids", &[&[Int]], INTS, |a| {
            let facts = &a.env()?.facts;
            sessions(a, |pid| facts.blocking(pid))
        })
        .volatile(),
        // Nothing is written, so that no snapshot waits to be safe.
        Function::new("pg_safe_snapshot_blocking_pids", &[&[Int]], INTS, |a| sessions(a, |_| Vec::new())).stable(),
        // Every row is as old as the cluster (`xmin`), which is PostgreSQL's oldest.
        Function::new("xid_age", &[&[Oid]], Gives::Int4, |a| a.map::<UInt32Type, Int32Type>(|_| Ok(i32::MAX)))
            .also(&["mxid_age"]),
        Function::new("acldefault", &[&[Text, Oid]], ACLS, defaults).stable(),
    ]
}

fn of_column(a: &Call) -> Result<ArrayRef> {
    let (env, indexes, numbers, names) = (a.env()?, a.oids(0)?, a.ints(1)?, a.texts(2)?);
    let columns = |oid: u32| Ok(index_by_oid(env, oid).map_err(outward)?.map_or(0, |(_, index)| index.columns.len()));
    let counts = indexes.into_iter().map(|oid| oid.map_or(Ok(0), columns)).collect::<Result<Vec<usize>>>()?;
    a.flags(|row| {
        let (number, name) = (usize::try_from(numbers.get(row)?).ok()?, names.get(row)?);
        let is_column = (1..=*counts.get(row)?).contains(&number);
        OF_COLUMNS.iter().find(|(known, _)| is_column && known.eq_ignore_ascii_case(name)).map(|(_, able)| *able)
    })
}

fn of_index(a: &Call) -> Result<ArrayRef> {
    let (env, indexes, names) = (a.env()?, a.oids(0)?, a.texts(1)?);
    let is_index = |oid: u32| Ok(index_by_oid(env, oid).map_err(outward)?.is_some());
    let known = indexes.into_iter().map(|oid| oid.map_or(Ok(false), is_index)).collect::<Result<Vec<bool>>>()?;
    a.flags(|row| {
        let name = names.get(row).filter(|_| known.get(row) == Some(&true))?;
        OF_INDEXES.iter().any(|property| property.eq_ignore_ascii_case(name)).then_some(true)
    })
}

/// The sessions that `of` gives for each session.
fn sessions(a: &Call, of: impl Fn(i32) -> Vec<i32>) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(Int32Builder::new());
    for pid in a.ints(0)?.iter() {
        match pid {
            Some(pid) => lists.append_value(i32::try_from(pid).map(&of).unwrap_or_default().into_iter().map(Some)),
            None => lists.append_null(),
        }
    }
    Ok(Arc::new(lists.finish()))
}

/// `acldefault(kind, owner)`: what an owner may do with an object on which nothing was granted, and everybody.
fn defaults(a: &Call) -> Result<ArrayRef> {
    let (env, kinds, owners) = (a.env()?, a.texts(0)?, a.oids(1)?);
    let mut lists = ListBuilder::new(StringViewBuilder::new());
    for (kind, owner) in kinds.iter().zip(owners) {
        let known = kind.zip(owner).and_then(|(kind, owner)| Some((DEFAULTS.iter().find(|d| d.0 == kind)?, owner)));
        let Some(((_, own, all), owner)) = known else {
            lists.append_null();
            continue;
        };
        let owner = roles::name_of(env, owner).unwrap_or_else(|| owner.to_string());
        let granted = [("", *all), (owner.as_str(), *own)].into_iter().filter(|(_, privileges)| !privileges.is_empty());
        lists.append_value(granted.map(|(to, privileges)| Some(format!("{to}={privileges}/{owner}"))));
    }
    Ok(Arc::new(lists.finish()))
}
