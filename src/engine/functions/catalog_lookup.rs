//! What the catalog says of an oid: visibility and comments. Names of objects and back are in `object_names`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, ListBuilder, StringViewArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, UInt32Type};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*, outward};
use crate::catalog::TableEntry;
use crate::error;
use crate::name::quoted;
use crate::table::pg_catalog::{index_of, index_table, listing, namespaces, types};
use crate::table::virtual_table::{SystemEnv, relations};

/// From how many oids on the whole list of tables is read once instead of one table at a time.
const MANY_OIDS: usize = 32;

pub(super) fn functions() -> Vec<Function> {
    let mut functions = vec![
        Function::new("pg_relation_is_publishable", &[&[Regclass]], Gives::Bool, |a| a.same_flag(true)).stable(),
        Function::new("pg_table_is_visible", &[&[Oid]], Gives::Bool, table_is_visible).stable(),
        Function::new("obj_description", &[&[Oid], &[Oid, Text]], Gives::Text, obj_description).stable(),
        Function::new("col_description", &[&[Oid, Int]], Gives::Text, col_description).stable(),
        Function::new("shobj_description", &[&[Oid, Text]], Gives::Text, |a| a.same_text(None)).stable(),
        Function::new("role_names", &[&[List]], Gives::Texts, role_names).stable(),
    ];
    functions.extend(
        VISIBLE
            .map(|(name, class)| Function::new(name, &[&[Oid]], Gives::Bool, move |a| is_visible(a.env()?, class, a)).stable()),
    );
    functions
}

/// The functions that say whether an object's name alone finds it, each with the catalog that has its name. All that there is of
/// these stands in `pg_catalog`, which every path starts with; so visible is what there is.
const VISIBLE: [(&str, &str); 12] = [
    ("pg_function_is_visible", "pg_proc"),
    ("pg_operator_is_visible", "pg_operator"),
    ("pg_opclass_is_visible", "pg_opclass"),
    ("pg_opfamily_is_visible", "pg_opfamily"),
    ("pg_collation_is_visible", "pg_collation"),
    ("pg_conversion_is_visible", "pg_conversion"),
    ("pg_ts_config_is_visible", "pg_ts_config"),
    ("pg_ts_dict_is_visible", "pg_ts_dict"),
    ("pg_ts_parser_is_visible", "pg_ts_parser"),
    ("pg_ts_template_is_visible", "pg_ts_template"),
    ("pg_statistics_obj_is_visible", ""),
    ("pg_type_is_visible", "pg_type"),
];

/// The schema of every built-in object but those of `information_schema`.
const PG_CATALOG: u32 = 11;

fn is_visible(env: &SystemEnv, catalog: &str, a: &Call) -> Result<ArrayRef> {
    let oids = a.oids(0)?;
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let known = builtin_oids(catalog);
    let visible = oids.into_iter().map(|oid| {
        let oid = oid?;
        match (known.get(&oid), types::table_of_row_type(oid)) {
            (Some(schema), _) => Some(*schema == PG_CATALOG || schema_is_visible(&lookup, *schema)),
            (None, Some((table, _))) if catalog == "pg_type" => lookup.is_visible(table),
            (None, _) => None,
        }
    });
    Ok(Arc::new(visible.collect::<BooleanArray>()))
}

fn schema_is_visible(lookup: &Lookup<'_>, schema: u32) -> bool {
    relations::SCHEMAS.iter().any(|(oid, name)| *oid == schema && lookup.visible.iter().any(|v| v == name))
}

/// The oids of a catalog's rows, each with its schema's.
fn builtin_oids(catalog: &str) -> HashMap<u32, u32> {
    let Some(listing) = listing(catalog) else { return HashMap::new() };
    let schema =
        ["pronamespace", "oprnamespace", "opcnamespace", "opfnamespace", "collnamespace", "connamespace", "cfgnamespace"];
    let schema = schema.into_iter().chain(["dictnamespace", "prsnamespace", "tmplnamespace", "typnamespace"]);
    let schema = schema.into_iter().find(|column| listing.has(column)).unwrap_or_default();
    listing.rows().map(|row| (listing.number(row, "oid"), listing.number(row, schema))).collect()
}

/// All tables are read where there are at most so many for each oid that is asked for.
const FEW_TABLES: usize = 16;

/// Tables by oid: read one at a time for a few oids, all at once for many.
pub(super) struct Lookup<'a> {
    env: &'a SystemEnv,
    all: Option<HashMap<u32, Arc<TableEntry>>>,
    visible: Vec<String>,
}

impl<'a> Lookup<'a> {
    pub fn new(env: &'a SystemEnv, oids: usize) -> error::Result<Self> {
        let tables: usize = env.catalogs.themes(&env.database)?.iter().map(|theme| theme.tables).sum();
        let all = if oids > MANY_OIDS && tables < oids.saturating_mul(FEW_TABLES) {
            Some(env.catalogs.tables(&env.database, None)?.into_iter().map(|t| (t.oid, t)).collect())
        } else {
            None
        };
        Ok(Self { env, all, visible: env.visible_schemas()? })
    }

    pub fn table(&self, oid: u32) -> Option<Arc<TableEntry>> {
        match &self.all {
            Some(all) => all.get(&oid).map(Arc::clone),
            None => self.env.catalogs.table_by_oid(&self.env.database, oid).ok().flatten(),
        }
    }

    /// The schema and name of a relation.
    pub fn relation(&self, oid: u32) -> Option<(String, String)> {
        if let Some(r) = relations::by_oid(oid) {
            return Some((r.schema.to_owned(), r.name.to_owned()));
        }
        if let Some(table) = index_table(oid) {
            let table = self.table(table)?;
            return index_of(&table).map(|index| (table.schema.clone(), index.name));
        }
        self.table(oid).map(|t| (t.schema.clone(), t.name.clone()))
    }

    /// Whether the name alone finds the relation: its schema is on the path, and no earlier one has the same name.
    pub fn is_visible(&self, oid: u32) -> Option<bool> {
        let (schema, name) = self.relation(oid)?;
        let Some(place) = self.visible.iter().position(|s| *s == schema) else { return Some(false) };
        Some(!self.visible[..place].iter().any(|earlier| self.exists(earlier, &name)))
    }

    fn exists(&self, schema: &str, name: &str) -> bool {
        relations::of(schema).iter().any(|r| r.name == name)
            || self.env.catalogs.table(&self.env.database, schema, name).is_ok_and(|t| t.is_some())
    }

    /// What `regclass` shows: the name, with its schema when it is not visible, the number when there is no such relation.
    pub fn regclass(&self, oid: u32) -> String {
        match self.relation(oid) {
            None if oid == 0 => "-".to_owned(),
            None => oid.to_string(),
            Some((_, name)) if self.is_visible(oid) == Some(true) => quoted(&name),
            Some((schema, name)) => format!("{}.{}", quoted(&schema), quoted(&name)),
        }
    }

    pub fn schema_name(&self, oid: u32) -> String {
        let found = namespaces(self.env).ok().and_then(|all| all.into_iter().find(|n| n.oid == oid));
        found.map_or_else(|| oid.to_string(), |n| quoted(&n.name))
    }
}

fn table_is_visible(a: &Call) -> Result<ArrayRef> {
    let env = a.env()?;
    let oids = a.oids(0)?;
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let visible = oids.into_iter().map(|oid| oid.and_then(|oid| lookup.is_visible(oid)));
    Ok(Arc::new(visible.collect::<BooleanArray>()))
}

fn obj_description(a: &Call) -> Result<ArrayRef> {
    let env = a.env()?;
    let oids = a.oids(0)?;
    let classes: Vec<Option<String>> = match a.len() {
        1 => vec![Some("pg_class".to_owned()); oids.len()],
        _ => a.texts(1)?.iter().map(|t| t.map(str::to_owned)).collect(),
    };
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let schemas = namespaces(env).map_err(outward)?;
    let comments = oids.into_iter().zip(classes).map(|(oid, class)| {
        let oid = oid?;
        match class?.as_str() {
            "pg_class" => lookup.table(oid)?.comment(),
            "pg_namespace" => schemas.iter().find(|n| n.oid == oid)?.title.clone(),
            // What PostgreSQL says of its own objects is its text, which is not here (081).
            _ => None,
        }
    });
    Ok(Arc::new(comments.collect::<StringViewArray>()))
}

fn col_description(a: &Call) -> Result<ArrayRef> {
    let (env, oids, numbers) = (a.env()?, a.oids(0)?, a.ints(1)?);
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let comments = oids.into_iter().zip(numbers.iter()).map(|(oid, number)| {
        let table = lookup.table(oid?)?;
        let place = usize::try_from(number?).ok()?.checked_sub(1)?;
        crate::table::pg_catalog::known_columns(&table).get(place)?.comment.clone()
    });
    Ok(Arc::new(comments.collect::<StringViewArray>()))
}

/// The names of the roles in an array of oids.
fn role_names(a: &Call) -> Result<ArrayRef> {
    let env = a.env()?;
    let oids = cast(&a.array(0)?, &DataType::List(Arc::new(Field::new_list_field(DataType::UInt32, true))))?;
    let mut names = ListBuilder::new(StringViewBuilder::new());
    let roles = env.roles();
    for list in oids.as_list::<i32>().iter() {
        let within =
            |role: u32| list.as_ref().is_some_and(|l| l.as_primitive::<UInt32Type>().iter().any(|oid| oid == Some(role)));
        names.append_value(roles.iter().filter(|(oid, _)| within(*oid)).map(|(_, name)| Some(name)));
    }
    Ok(Arc::new(names.finish()))
}
