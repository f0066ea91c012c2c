//! What is known of types and functions by their oids and names: `pg_type` and `pg_proc` as PostgreSQL 15 has them, and the row type
//! that every table has.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::Wanted;
use crate::error::Result;
use crate::name::quoted;
use crate::table::pg_type::PgType;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::builtin::{self, Listing, Row};
use super::{OWNER, classes, namespaces};

/// Bits that make the oids of a table's row type, and of the array of it, from its own: stable as long as the table's is.
const ROW_TYPE_BIT: u32 = 0x2000_0000;
const ROW_ARRAY_BIT: u32 = 0x3000_0000;

/// What a row type's input and output functions are: `record_in`, `record_out`, `record_recv`, `record_send`.
const RECORD_IO: [(&str, i64); 4] = [("typinput", 2290), ("typoutput", 2291), ("typreceive", 2402), ("typsend", 2403)];
/// The same of arrays: `array_in` and so on, with `array_subscript_handler` and `array_typanalyze`.
const ARRAY_IO: [(&str, i64); 6] = [
    ("typinput", 750),
    ("typoutput", 751),
    ("typreceive", 2400),
    ("typsend", 2401),
    ("typsubscript", 6179),
    ("typanalyze", 3816),
];

static BY_OID: LazyLock<HashMap<u32, &'static Row>> =
    LazyLock::new(|| types().rows().map(|row| (types().number(row, "oid"), row)).collect());

fn types() -> &'static Listing {
    builtin::listing("pg_type").expect("pg_type is listed")
}

fn functions() -> &'static Listing {
    builtin::listing("pg_proc").expect("pg_proc is listed")
}

/// The `typname` of a type; also of those that no column can have.
pub fn name_of(oid: u32) -> Option<&'static str> {
    BY_OID.get(&oid).map(|row| types().text(row, "typname"))
}

/// The oid of the schema a type stands in.
pub fn schema_of(oid: u32) -> Option<u32> {
    BY_OID.get(&oid).map(|row| types().number(row, "typnamespace"))
}

/// The element's oid when the type is a true array, which a vector is not.
pub fn element_of(oid: u32) -> Option<u32> {
    let row = BY_OID.get(&oid)?;
    (types().text(row, "typlen") == "-1")
        .then(|| types().number(row, "typelem"))
        .filter(|element| *element != 0 && BY_OID.get(element).is_some_and(|e| types().number(e, "typarray") == oid))
}

/// The oid of the type with this `typname`.
pub fn oid_of(name: &str) -> Option<u32> {
    types().rows().find(|row| types().text(row, "typname") == name).map(|row| types().number(row, "oid"))
}

/// The oid of a table's row type.
pub fn row_type(table: u32) -> u32 {
    table | ROW_TYPE_BIT
}

/// The oid of the array of a table's row type.
pub fn row_array(table: u32) -> u32 {
    table | ROW_ARRAY_BIT
}

/// The oid of the table whose row type, or array of it, this is.
pub fn table_of_row_type(oid: u32) -> Option<(u32, bool)> {
    let table = oid & !ROW_ARRAY_BIT;
    match oid & 0xf000_0000 {
        ROW_TYPE_BIT => Some((table, false)),
        ROW_ARRAY_BIT => Some((table, true)),
        _ => None,
    }
}

/// A function of PostgreSQL's.
#[derive(Clone, Copy)]
pub struct Function(&'static Row);

impl Function {
    /// The functions of this name, in the order of their oids.
    pub fn named(name: &str) -> impl Iterator<Item = Self> {
        functions().rows().filter(move |row| functions().text(row, "proname") == name).map(Self)
    }

    /// The function of an oid.
    pub fn by_oid(oid: u32) -> Option<Self> {
        static BY_OID: LazyLock<HashMap<u32, &'static Row>> =
            LazyLock::new(|| functions().rows().map(|row| (functions().number(row, "oid"), row)).collect());
        BY_OID.get(&oid).map(|row| Self(row))
    }

    /// Its oid.
    pub fn oid(self) -> u32 {
        functions().number(self.0, "oid")
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.text("proname")
    }

    /// A column of `pg_proc` as it stands in the list; `\N` for NULL.
    pub fn text(self, column: &str) -> &'static str {
        functions().text(self.0, column)
    }

    /// The oids of its input arguments' types.
    pub fn arguments(self) -> Vec<u32> {
        self.text("proargtypes").split(' ').filter_map(|oid| oid.parse().ok()).collect()
    }
}

/// What a `regproc` shows: a function's name, with its schema where the name alone is not enough; the number where there is none.
pub fn shown_function(oid: u32) -> String {
    /// How many functions have each name.
    static COUNTS: LazyLock<HashMap<&'static str, usize>> = LazyLock::new(|| {
        let mut counts = HashMap::new();
        for row in functions().rows() {
            *counts.entry(functions().text(row, "proname")).or_default() += 1;
        }
        counts
    });
    match Function::by_oid(oid).map(Function::name) {
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
        Some(name) if COUNTS.get(name).is_some_and(|count| *count > 1) => format!("pg_catalog.{}", quoted(name)),
        Some(name) => quoted(name),
    }
}

/// What a `regtype` shows: a type's name in SQL, or in the catalog where SQL has none; the number where there is none.
pub fn shown_type(oid: u32) -> String {
    match (PgType::by_oid(oid), name_of(oid)) {
        (Some(known), _) => known.sql_name.to_owned(),
        (None, Some(name)) => quoted(name),
        (None, None) if oid == 0 => "-".to_owned(),
        (None, None) => oid.to_string(),
    }
}

/// What `pg_attribute` repeats of a column's type: `attbyval`, `attalign`, `attstorage`, `attcollation`.
pub(super) fn attribute(oid: u32, column: &str) -> Cell {
    BY_OID.get(&oid).map_or(Cell::Unset, |row| types().cell(row, &column.replacen("att", "typ", 1)))
}

/// The collation of a column of this type in the system's own tables, which is always `C`.
pub(super) fn system_collation(oid: u32) -> Cell {
    const C: u32 = 950;
    let collated = BY_OID.get(&oid).is_some_and(|row| types().number(row, "typcollation") != 0);
    (if collated { C } else { 0 }).into()
}

/// A type: PostgreSQL's own, or a table's row type.
enum Type {
    Listed(&'static Row),
    OfTable { table: u32, name: String, schema: u32, array: bool },
}

pub(super) fn pg_type(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows: Vec<Type> = types().kept(pins).into_iter().map(Type::Listed).collect();
    rows.extend(row_types(env, pins)?);
    Ok(Rows::of(rows, |t, column| match t {
        Type::Listed(row) => types().cell(row, column),
        Type::OfTable { table, name, schema, array } => of_table(*table, name, *schema, *array, column),
    }))
}

fn row_types(env: &SystemEnv, pins: &Pins) -> Result<Vec<Type>> {
    if !pins.allow("typtype", "c") && !pins.allow("typtype", "b") {
        return Ok(Vec::new());
    }
    let schemas: HashMap<String, u32> = namespaces(env)?.into_iter().map(|n| (n.name, n.oid)).collect();
    let tables = if let Some(oids) = pins.oids("oid") {
        classes::tables_by_oid(env, oids.into_iter().filter_map(table_of_row_type).map(|(table, _)| table))?
    } else if let Some(oids) = pins.oids("typrelid") {
        classes::tables_by_oid(env, oids)?
    } else {
        let asked = pins.oids("typnamespace");
        let of_schema = asked.map(|oids| Wanted::texts(schemas.iter().filter(|(_, o)| oids.contains(o)).map(|(n, _)| n.clone())));
        let of_name = pins.wanted("typname").and_then(row_names);
        env.catalogs.tables_wanted(&env.database, of_schema.as_ref(), of_name.as_ref())?
    };
    let mut rows = Vec::new();
    for table in tables {
        let schema = schemas.get(&table.schema).copied().unwrap_or_default();
        for array in [false, true] {
            let name = if array { format!("_{}", table.name) } else { table.name.clone() };
            let oid = if array { row_array(table.oid) } else { row_type(table.oid) };
            if pins.allow_oid("oid", oid) && pins.allow("typname", &name) && pins.allow("typtype", if array { "b" } else { "c" })
            {
                rows.push(Type::OfTable { table: table.oid, name, schema, array });
            }
        }
    }
    Ok(rows)
}

/// The names of the tables whose row types, or arrays of these, have such names; `None` for any.
fn row_names(wanted: &Wanted) -> Option<Wanted> {
    let table = |name: &String| name.strip_prefix('_').map(str::to_owned);
    let mut all = wanted.clone();
    all.texts.extend(wanted.texts.iter().filter_map(table));
    all.starts.extend(wanted.starts.iter().filter_map(table));
    (!all.starts.contains("")).then_some(all)
}

fn of_table(table: u32, name: &str, schema: u32, array: bool, column: &str) -> Cell {
    let io = if array { &ARRAY_IO[..] } else { &RECORD_IO[..] };
    if let Some((_, oid)) = io.iter().find(|(function, _)| *function == column) {
        return (*oid).into();
    }
    match column {
        "oid" => (if array { row_array(table) } else { row_type(table) }).into(),
        "typname" => name.to_owned().into(),
        "typnamespace" => schema.into(),
        "typowner" => OWNER.into(),
        "typlen" | "typtypmod" => (-1).into(),
        "typtype" => (if array { "b" } else { "c" }).into(),
        "typcategory" => (if array { "A" } else { "C" }).into(),
        "typisdefined" => true.into(),
        "typdelim" => ",".into(),
        "typrelid" if !array => table.into(),
        "typelem" if array => row_type(table).into(),
        "typarray" if !array => row_array(table).into(),
        "typalign" => "d".into(),
        "typstorage" => "x".into(),
        _ => Cell::Unset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::pg_type;

    #[test]
    fn the_lists_hold_every_type_of_a_column_with_its_functions() {
        for t in pg_type::ALL.iter().filter(|t| t.oid != 0) {
            let row = BY_OID.get(&t.oid).unwrap_or_else(|| panic!("{}", t.name));
            assert_eq!((types().text(row, "typname"), types().text(row, "typlen")), (t.name, t.len.to_string().as_str()));
            assert_eq!(types().number(row, "typarray"), t.array, "{}", t.name);
            for column in ["typinput", "typoutput"] {
                // PostgreSQL has no geometries, and so no functions of them; PostGIS's are not called here.
                if t.oid == pg_type::GEOMETRY.oid {
                    continue;
                }
                assert!(Function::by_oid(types().number(row, column)).is_some(), "{}", t.name);
            }
        }
        assert_eq!((oid_of("int8"), name_of(1016), element_of(1016)), (Some(20), Some("_int8"), Some(20)));
        assert_eq!((element_of(22), element_of(19)), (None, None));
    }
}
