//! The columns of a table as declared, and its keys (Data Package's Table Schema).

use super::Extra;

/// The columns of a table, as declared (Data Package's Table Schema).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Empty when nothing is declared.
    pub columns: Vec<Column>,
    /// How the declared columns meet those of the file.
    pub fields_match: FieldsMatch,
    /// Texts that mean "missing", each with its reason when one is given. `None`: not declared (the empty text is missing).
    pub missing_values: Option<Vec<MissingValue>>,
    pub primary_key: Vec<String>,
    pub foreign_keys: Vec<ForeignKey>,
}

/// Data Package v2's `fieldsMatch`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldsMatch {
    /// Same columns in the same order.
    #[default]
    Exact,
    Equal,
    Subset,
    Superset,
    Partial,
}

/// A text that stands for "no value".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MissingValue {
    pub value: String,
    pub label: Option<String>,
}

/// A declared column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// The name in the file, to the letter; for a blank one `column_N`, by its place, as a column of a file is called whose header is blank.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// A unit as published, such as `µg/m³`.
    pub unit: Option<String>,
    pub kind: ColumnKind,
    /// The kind's format, such as `%d/%m/%Y`; `default` and `any` are `None`.
    pub format: Option<String>,
    /// This column's own missing values, in place of the schema's.
    pub missing_values: Option<Vec<MissingValue>>,
    /// For numbers: the thousands separator.
    pub group_char: Option<String>,
    /// For numbers: the decimal mark; `.` when not declared.
    pub decimal_char: Option<String>,
    /// For numbers: whether marks such as `€` or `%` around the digits are allowed (`bareNumber: false`).
    pub bare_number: bool,
    /// For booleans.
    pub true_values: Vec<String>,
    /// For booleans.
    pub false_values: Vec<String>,
    /// `constraints`, as published.
    pub constraints: Extra,
    pub extra: Extra,
}

/// Table Schema's field types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnKind {
    /// Not declared, or declared `any`: the whole file decides.
    #[default]
    Any,
    String,
    Integer,
    Number,
    Boolean,
    Date,
    Time,
    Datetime,
    Year,
    YearMonth,
    Duration,
    Object,
    Array,
    List,
    GeoPoint,
    GeoJson,
}

impl ColumnKind {
    /// The word that a descriptor declares it with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::Datetime => "datetime",
            Self::Year => "year",
            Self::YearMonth => "yearmonth",
            Self::Duration => "duration",
            Self::Object => "object",
            Self::Array => "array",
            Self::List => "list",
            Self::GeoPoint => "geopoint",
            Self::GeoJson => "geojson",
        }
    }
}

/// Columns of this table that refer to columns of another resource (the same one when `resource` and `package` are empty).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignKey {
    pub fields: Vec<String>,
    /// The other package's descriptor as published, a URL or a path from this descriptor's folder (Data Package's recipe for
    /// external foreign keys); `None` for a resource of the same package. [`Place::beside`] resolves it.
    pub package: Option<String>,
    pub resource: String,
    pub reference_fields: Vec<String>,
}
