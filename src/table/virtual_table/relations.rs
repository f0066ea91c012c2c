//! Which relations the system schemas have: oid, kind, name and columns, as in PostgreSQL 15 for `pg_catalog` and
//! `information_schema`. The lists are text files, one relation a line; their rows come from elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::snapshot::field_key;
use crate::table::pg_type::{self, PgType};

/// The system schemas with their oids: PostgreSQL's where it has them, else numbers below 16384 of our own.
pub const SCHEMAS: [(u32, &str); 4] = [(11, "pg_catalog"), (15998, "catalog"), (15999, "system"), (13207, "information_schema")];

/// A system table or view.
#[derive(Debug)]
pub struct Relation {
    pub oid: u32,
    pub schema: &'static str,
    pub schema_oid: u32,
    /// `pg_class.relkind`: `r` or `v`.
    pub kind: char,
    pub name: &'static str,
    pub columns: Vec<Column>,
    /// The same columns for Arrow; each field says its PostgreSQL type under [`field_key::LOGICAL`] where Arrow has no word for it.
    pub arrow: SchemaRef,
}

/// A column of a system relation.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub pg_type: &'static PgType,
    /// What `pg_attribute.atttypid` says: the type's oid, or that of the domain over it.
    pub type_oid: u32,
    /// The domain's name.
    pub domain: Option<&'static str>,
    /// NOT NULL.
    pub required: bool,
}

/// The domains of `information_schema`: name, oid, the type below.
const DOMAINS: [(&str, u32, &PgType); 5] = [
    ("cardinal_number", 13_221, &pg_type::INT4),
    ("character_data", 13_224, &pg_type::VARCHAR),
    ("sql_identifier", 13_226, &pg_type::NAME),
    ("time_stamp", 13_232, &pg_type::TIMESTAMPTZ),
    ("yes_or_no", 13_234, &pg_type::VARCHAR),
];

/// The relations of a system schema by name; none when there is no such schema.
pub fn of(schema: &str) -> &'static [Relation] {
    LISTS.get(schema).map_or(&[], Vec::as_slice)
}

/// The relations of every system schema.
pub fn all() -> impl Iterator<Item = &'static Relation> {
    SCHEMAS.iter().flat_map(|(_, name)| of(name))
}

/// A system relation by its oid.
pub fn by_oid(oid: u32) -> Option<&'static Relation> {
    BY_OID.get(&oid).copied()
}

static LISTS: LazyLock<HashMap<&'static str, Vec<Relation>>> = LazyLock::new(|| {
    let text = [
        include_str!("relations/pg_catalog.txt"),
        include_str!("relations/catalog.txt"),
        include_str!("relations/system.txt"),
        include_str!("relations/information_schema.txt"),
    ];
    SCHEMAS
        .into_iter()
        .zip(text)
        .map(|((oid, schema), text)| (schema, text.lines().filter_map(|line| Relation::parse(schema, oid, line)).collect()))
        .collect()
});

static BY_OID: LazyLock<HashMap<u32, &'static Relation>> = LazyLock::new(|| all().map(|r| (r.oid, r)).collect());

impl Relation {
    /// Reads `oid kind name column:type[!] ...`, where `!` means NOT NULL.
    fn parse(schema: &'static str, schema_oid: u32, line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        let oid = words.next()?.parse().ok()?;
        let kind = words.next()?.chars().next()?;
        let name = words.next()?;
        let columns: Vec<Column> = words.map(Column::parse).collect::<Option<_>>()?;
        let arrow = Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()));
        Some(Self { oid, schema, schema_oid, kind, name, columns, arrow })
    }
}

impl Column {
    fn parse(word: &'static str) -> Option<Self> {
        let (name, kind) = word.split_once(':')?;
        let (kind, required) = kind.strip_suffix('!').map_or((kind, false), |k| (k, true));
        if let Some((domain, type_oid, pg_type)) = DOMAINS.into_iter().find(|(domain, ..)| *domain == kind) {
            return Some(Self { name, pg_type, type_oid, domain: Some(domain), required });
        }
        let pg_type = PgType::by_name(kind)?;
        Some(Self { name, pg_type, type_oid: pg_type.oid, domain: None, required })
    }

    fn field(&self) -> Field {
        let arrow = arrow_type(self.pg_type);
        let field = Field::new(self.name, arrow, !self.required);
        if PgType::of(field.data_type()) == self.pg_type {
            return field;
        }
        let logical = (field_key::LOGICAL.to_owned(), self.pg_type.name.to_owned());
        field.with_metadata(HashMap::from([logical]))
    }
}

/// The Arrow type that holds a PostgreSQL type's values: a parameter's, but for oids, which are of four bytes here.
fn arrow_type(pg: &'static PgType) -> DataType {
    if let Some(element) = pg.element_type() {
        return DataType::List(Arc::new(Field::new_list_field(arrow_type(element), true)));
    }
    if pg.is_number_of_object() {
        return DataType::UInt32;
    }
    pg_type::arrow_type(pg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_lists_is_a_relation() {
        let counts: Vec<_> = SCHEMAS.iter().map(|(_, name)| (*name, of(name).len())).collect();
        // PostgreSQL 15's 139 relations, and PostGIS's two views of its layers.
        assert_eq!(counts, [("pg_catalog", 141), ("catalog", 16), ("system", 3), ("information_schema", 69)]);
        assert_eq!(BY_OID.len(), 141 + 16 + 3 + 69, "oids are unique");
        assert_eq!(by_oid(1259).map(|r| (r.name, r.columns.len())), Some(("pg_class", 33)));
    }

    #[test]
    fn fields_say_their_postgresql_type() {
        for column in all().flat_map(|r| &r.columns) {
            assert_eq!(PgType::of_field(&column.field()), column.pg_type, "{}", column.name);
        }
    }
}
