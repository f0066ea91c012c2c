//! Which PostgreSQL type an Arrow type is: the one table that the wire, `pg_attribute` and `information_schema` share.

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};

use crate::snapshot::field_key;

/// A PostgreSQL base type with the numbers that clients ask for (`pg_type.dat` of PostgreSQL 15).
#[derive(Debug, PartialEq, Eq)]
pub struct PgType {
    pub oid: u32,
    /// `pg_type.typname`, such as `int8`.
    pub name: &'static str,
    /// What `format_type` and `information_schema` say, such as `bigint`.
    pub sql_name: &'static str,
    /// `pg_type.typlen`: bytes, or -1 for variable.
    pub len: i16,
    /// `pg_type.typcategory`.
    pub category: char,
    /// `typarray` of a base type, 0 for an array.
    pub array: u32,
    /// `typelem` of an array, 0 for a base type.
    pub element: u32,
}

macro_rules! pg_types {
    ($($id:ident, $array_id:ident = $oid:literal, $name:literal, $sql:literal, $len:literal, $cat:literal, $array:literal;)*) => {
        $(
            #[doc = concat!("PostgreSQL's `", $sql, "`.")]
            pub static $id: PgType =
                PgType { oid: $oid, name: $name, sql_name: $sql, len: $len, category: $cat, array: $array, element: 0 };
            #[doc = concat!("PostgreSQL's `", $sql, "[]`.")]
            pub static $array_id: PgType = PgType {
                oid: $array, name: concat!("_", $name), sql_name: concat!($sql, "[]"), len: -1, category: 'A', array: 0, element: $oid,
            };
        )*
        /// Every type that a column or parameter can have, arrays included.
        pub static ALL: &[&PgType] = &[$(&$id, &$array_id,)* &INT2VECTOR, &OIDVECTOR];
    };
}

pg_types! {
    BOOL, BOOL_ARRAY = 16, "bool", "boolean", 1, 'B', 1000;
    BYTEA, BYTEA_ARRAY = 17, "bytea", "bytea", -1, 'U', 1001;
    CHAR, CHAR_ARRAY = 18, "char", "\"char\"", 1, 'Z', 1002;
    NAME, NAME_ARRAY = 19, "name", "name", 64, 'S', 1003;
    INT8, INT8_ARRAY = 20, "int8", "bigint", 8, 'N', 1016;
    INT2, INT2_ARRAY = 21, "int2", "smallint", 2, 'N', 1005;
    INT4, INT4_ARRAY = 23, "int4", "integer", 4, 'N', 1007;
    REGPROC, REGPROC_ARRAY = 24, "regproc", "regproc", 4, 'N', 1008;
    TEXT, TEXT_ARRAY = 25, "text", "text", -1, 'S', 1009;
    OID, OID_ARRAY = 26, "oid", "oid", 4, 'N', 1028;
    XID, XID_ARRAY = 28, "xid", "xid", 4, 'U', 1011;
    PG_NODE_TREE, PG_NODE_TREE_ARRAY = 194, "pg_node_tree", "pg_node_tree", -1, 'Z', 0;
    JSON, JSON_ARRAY = 114, "json", "json", -1, 'U', 199;
    FLOAT4, FLOAT4_ARRAY = 700, "float4", "real", 4, 'N', 1021;
    FLOAT8, FLOAT8_ARRAY = 701, "float8", "double precision", 8, 'N', 1022;
    UNKNOWN, UNKNOWN_ARRAY = 705, "unknown", "unknown", -2, 'X', 0;
    INET, INET_ARRAY = 869, "inet", "inet", -1, 'I', 1041;
    ACLITEM, ACLITEM_ARRAY = 1033, "aclitem", "aclitem", 12, 'U', 1034;
    BPCHAR, BPCHAR_ARRAY = 1042, "bpchar", "character", -1, 'S', 1014;
    VARCHAR, VARCHAR_ARRAY = 1043, "varchar", "character varying", -1, 'S', 1015;
    DATE, DATE_ARRAY = 1082, "date", "date", 4, 'D', 1182;
    TIME, TIME_ARRAY = 1083, "time", "time without time zone", 8, 'D', 1183;
    TIMESTAMP, TIMESTAMP_ARRAY = 1114, "timestamp", "timestamp without time zone", 8, 'D', 1115;
    TIMESTAMPTZ, TIMESTAMPTZ_ARRAY = 1184, "timestamptz", "timestamp with time zone", 8, 'D', 1185;
    INTERVAL, INTERVAL_ARRAY = 1186, "interval", "interval", 16, 'T', 1187;
    NUMERIC, NUMERIC_ARRAY = 1700, "numeric", "numeric", -1, 'N', 1231;
    REGPROCEDURE, REGPROCEDURE_ARRAY = 2202, "regprocedure", "regprocedure", 4, 'N', 2207;
    REGCLASS, REGCLASS_ARRAY = 2205, "regclass", "regclass", 4, 'N', 2210;
    REGTYPE, REGTYPE_ARRAY = 2206, "regtype", "regtype", 4, 'N', 2211;
    UUID, UUID_ARRAY = 2950, "uuid", "uuid", 16, 'U', 2951;
    ANYARRAY, ANYARRAY_ARRAY = 2277, "anyarray", "anyarray", -1, 'P', 0;
    VOID, VOID_ARRAY = 2278, "void", "void", 4, 'P', 0;
    RECORD, RECORD_ARRAY = 2249, "record", "record", -1, 'P', 2287;
    PG_LSN, PG_LSN_ARRAY = 3220, "pg_lsn", "pg_lsn", 8, 'U', 3221;
    PG_NDISTINCT, PG_NDISTINCT_ARRAY = 3361, "pg_ndistinct", "pg_ndistinct", -1, 'Z', 0;
    PG_DEPENDENCIES, PG_DEPENDENCIES_ARRAY = 3402, "pg_dependencies", "pg_dependencies", -1, 'Z', 0;
    JSONB, JSONB_ARRAY = 3802, "jsonb", "jsonb", -1, 'U', 3807;
    REGNAMESPACE, REGNAMESPACE_ARRAY = 4089, "regnamespace", "regnamespace", 4, 'N', 4090;
    REGROLE, REGROLE_ARRAY = 4096, "regrole", "regrole", 4, 'N', 4097;
    PG_MCV_LIST, PG_MCV_LIST_ARRAY = 5017, "pg_mcv_list", "pg_mcv_list", -1, 'Z', 0;
    // PostGIS's, whose oid is another one in each database.
    GEOMETRY, GEOMETRY_ARRAY = 15700, "geometry", "geometry", -1, 'U', 15701;
}

/// Numbers of columns in the system's catalogs: an array that counts from 0 and is written without braces.
pub static INT2VECTOR: PgType =
    PgType { oid: 22, name: "int2vector", sql_name: "int2vector", len: -1, category: 'A', array: 1006, element: 21 };
/// Oids in the system's catalogs, written as [`INT2VECTOR`] is.
pub static OIDVECTOR: PgType =
    PgType { oid: 30, name: "oidvector", sql_name: "oidvector", len: -1, category: 'A', array: 1013, element: 26 };

/// The types that four bytes of a number stand for.
static NUMBERS: [&PgType; 8] = [&OID, &XID, &REGPROC, &REGPROCEDURE, &REGCLASS, &REGTYPE, &REGNAMESPACE, &REGROLE];

impl PgType {
    /// Whether values are numbers of objects, of four bytes and without a sign.
    pub fn is_number_of_object(&self) -> bool {
        NUMBERS.iter().any(|t| t.oid == self.oid)
    }

    /// Whether this is a vector of the catalogs rather than an array.
    pub fn is_vector(&self) -> bool {
        [INT2VECTOR.oid, OIDVECTOR.oid].contains(&self.oid)
    }

    /// The type of this oid.
    pub fn by_oid(oid: u32) -> Option<&'static Self> {
        ALL.iter().find(|t| t.oid == oid && t.oid != 0).copied()
    }

    /// The type of this `typname` (`int8`) or SQL name (`bigint`).
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|t| t.name == name || t.sql_name == name).copied()
    }

    /// The element's type of an array.
    pub fn element_type(&self) -> Option<&'static Self> {
        if self.element == 0 { None } else { Self::by_oid(self.element) }
    }

    /// The array of this type; text's where there is none.
    pub fn array_type(&self) -> &'static Self {
        Self::by_oid(self.array).unwrap_or(&TEXT_ARRAY)
    }

    /// The type a field is shown as: its Arrow type, and what its metadata says of the value in it (`json`, `oid`, `name`, ...)
    /// where the Arrow type still is one that can hold such a value.
    pub fn of_field(field: &Field) -> &'static Self {
        let plain = Self::of(field.data_type());
        let marked = |name: &String| if name == "wkt" { Some(&GEOMETRY) } else { Self::by_name(name) };
        match field.metadata().get(field_key::LOGICAL).and_then(marked) {
            Some(logical) if logical.is_held_by(field.data_type()) => logical,
            Some(_) | None => plain,
        }
    }

    /// Whether a field of this Arrow type may hold values that are shown as this type.
    fn is_held_by(&self, arrow: &DataType) -> bool {
        match arrow {
            DataType::UInt32 | DataType::Int64 => self.is_number_of_object(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => [
                &JSON,
                &JSONB,
                &NAME,
                &CHAR,
                &VARCHAR,
                &BPCHAR,
                &UUID,
                &PG_NODE_TREE,
                &INET,
                &ACLITEM,
                &ANYARRAY,
                &PG_LSN,
                &VOID,
                &GEOMETRY,
            ]
            .iter()
            .chain(&[&PG_NDISTINCT, &PG_DEPENDENCIES, &PG_MCV_LIST])
            .any(|t| t.oid == self.oid),
            DataType::Decimal128(..) => self.oid == NUMERIC.oid,
            DataType::Struct(parts) => self.oid == RECORD.oid || (self.is_number_of_object() && *parts == object_parts()),
            DataType::List(e) if self.is_vector() => [INT2.oid, INT8.oid].contains(&Self::of(e.data_type()).oid),
            DataType::List(e) => self.element_type().is_some_and(|t| t.is_held_by(e.data_type())),
            _ => false,
        }
    }

    /// The type an Arrow type is shown as.
    pub fn of(arrow: &DataType) -> &'static Self {
        match arrow {
            DataType::Null => &TEXT,
            DataType::Boolean => &BOOL,
            DataType::Int8 | DataType::Int16 | DataType::UInt8 => &INT2,
            DataType::Int32 | DataType::UInt16 => &INT4,
            DataType::Int64 | DataType::UInt32 => &INT8,
            DataType::UInt64
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => &NUMERIC,
            DataType::Float16 | DataType::Float32 => &FLOAT4,
            DataType::Float64 => &FLOAT8,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => &TEXT,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => &BYTEA,
            DataType::Date32 | DataType::Date64 => &DATE,
            DataType::Time32(_) | DataType::Time64(_) => &TIME,
            DataType::Timestamp(
                TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
                None,
            ) => &TIMESTAMP,
            DataType::Timestamp(_, Some(_)) => &TIMESTAMPTZ,
            DataType::Interval(IntervalUnit::YearMonth | IntervalUnit::DayTime | IntervalUnit::MonthDayNano)
            | DataType::Duration(_) => &INTERVAL,
            DataType::List(e)
            | DataType::LargeList(e)
            | DataType::FixedSizeList(e, _)
            | DataType::ListView(e)
            | DataType::LargeListView(e) => innermost(e.data_type()).array_type(),
            DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => &JSON,
            DataType::Dictionary(_, value) => Self::of(value),
            DataType::RunEndEncoded(_, values) => Self::of(values.data_type()),
        }
    }
}

/// A field of a PostgreSQL type, as casts and parameters are planned: the type itself stands in its metadata where Arrow has no word for it.
pub fn field(pg: &'static PgType) -> Field {
    let arrow = match arrow_type(pg) {
        DataType::Utf8 => DataType::Utf8View,
        DataType::List(item) if *item.data_type() == DataType::Utf8 => {
            DataType::List(Field::new_list_field(DataType::Utf8View, true).into())
        }
        other => other,
    };
    let field = Field::new("", arrow, true);
    if PgType::of(field.data_type()) == pg { field } else { marked(field, pg) }
}

/// The field with the type that it is shown as.
pub fn marked(field: Field, pg: &PgType) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(field_key::LOGICAL.to_owned(), pg.name.to_owned());
    field.with_metadata(metadata)
}

/// The Arrow type that a parameter of a PostgreSQL type is planned and read as; text for those that Arrow has no word for.
pub fn arrow_type(pg: &PgType) -> DataType {
    if let Some(element) = pg.element_type() {
        return DataType::List(Field::new_list_field(arrow_type(element), true).into());
    }
    match pg.oid {
        oid if oid == BOOL.oid => DataType::Boolean,
        oid if oid == BYTEA.oid => DataType::Binary,
        oid if oid == INT2.oid => DataType::Int16,
        oid if oid == INT4.oid => DataType::Int32,
        // Object ids are unsigned and of four bytes: only a bigint holds them all.
        oid if oid == INT8.oid || pg.is_number_of_object() => DataType::Int64,
        oid if oid == FLOAT4.oid => DataType::Float32,
        oid if oid == FLOAT8.oid => DataType::Float64,
        // 38 digits before the point and as many behind it.
        oid if oid == NUMERIC.oid => DataType::Decimal256(76, 38),
        oid if oid == DATE.oid => DataType::Date32,
        oid if oid == TIME.oid => DataType::Time64(TimeUnit::Microsecond),
        oid if oid == TIMESTAMP.oid => DataType::Timestamp(TimeUnit::Microsecond, None),
        oid if oid == TIMESTAMPTZ.oid => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        oid if oid == INTERVAL.oid => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => DataType::Utf8,
    }
}

/// PostgreSQL has one array type whatever the number of dimensions.
/// The parts of a value that is shown as an object: its oid in binary form, its name as text.
pub fn object_parts() -> Fields {
    Fields::from(vec![Field::new("oid", DataType::UInt32, true), Field::new("name", DataType::Utf8View, true)])
}

fn innermost(element: &DataType) -> &'static PgType {
    let t = PgType::of(element);
    t.element_type().unwrap_or(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_are_unique_and_arrays_point_back() {
        for (i, t) in ALL.iter().enumerate() {
            assert!(t.oid == 0 || ALL[i + 1..].iter().all(|u| u.oid != t.oid), "{}", t.name);
            if t.array != 0 && !t.is_vector() {
                assert_eq!(PgType::by_oid(t.array).and_then(PgType::element_type), Some(*t));
            }
        }
    }
}
