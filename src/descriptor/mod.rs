//! What was published, in DCAT's and Data Package's words: datasets, their distributions and columns, how their text is
//! written. Plain values; reading bytes, SQL and DataFusion are unknown here.

mod format;
mod place;
mod property;
mod refresh;

pub mod bare;
pub mod datapackage;
pub mod members;
pub mod partition;
pub mod pattern;
pub mod published;
pub mod sheets;
pub mod terms;
pub mod unread;

pub use place::Place;
pub use refresh::Refresh;

use std::collections::BTreeMap;

use serde_json::Value;

/// Properties that the model has no word for, kept as published under their own names.
pub type Extra = BTreeMap<String, Value>;

/// One publication: what DCAT calls a `dcat:Dataset` and Data Package a package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// The publisher's identifier, unique in its catalog; the package's `id`, else its `name`, else its place.
    pub identifier: String,
    /// The published short name, from which the table's name is made.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// `dcat:theme` as published: titles, codes or URIs. The schema's name is made of the first.
    pub themes: Vec<String>,
    pub keywords: Vec<String>,
    pub publisher: Option<Agent>,
    pub licenses: Vec<License>,
    pub sources: Vec<Link>,
    /// The page that shows it to people (`dcat:landingPage`).
    pub homepage: Option<String>,
    /// Whom to ask (`dcat:contactPoint`).
    pub contact: Option<Agent>,
    /// Pages that explain it (`foaf:page`, DCAT-US's `describedBy` and `references`).
    pub documentation: Vec<Link>,
    /// `dct:language` as published.
    pub languages: Vec<String>,
    /// `dct:spatial` as published: names, URIs, bounds, or geometries as text.
    pub spatial: Vec<String>,
    pub temporal: Vec<Period>,
    /// The standards that it follows (`dct:conformsTo`).
    pub conforms_to: Vec<String>,
    pub version: Option<String>,
    /// The identifier of the dataset or series that it is a part of (`dct:isPartOf`, `dcat:inSeries`).
    pub part_of: Option<String>,
    /// `dct:accrualPeriodicity` as published, such as `R/P1D`, `daily` or an EU frequency URI.
    pub accrual_periodicity: Option<String>,
    /// When its sources are asked whether they changed (`stoa:refresh`); see [`Self::believed_for`].
    pub refresh: Option<Refresh>,
    /// Whether a reject fails the reading of its files (`stoa:strict`); see [`Self::is_strict`].
    pub strict: Option<bool>,
    /// `dct:issued` as published.
    pub issued: Option<String>,
    /// `dct:modified` as published.
    pub modified: Option<String>,
    pub access_rights: AccessRights,
    /// What [`Self::access_rights`] was made of, as published; `None` where nothing was, and where it is the code itself.
    pub published_rights: Option<String>,
    pub distributions: Vec<Distribution>,
    pub extra: Extra,
}

impl Dataset {
    /// The theme that its schema is named after.
    pub fn theme(&self) -> Option<&str> {
        self.themes.first().map(String::as_str)
    }
}

/// A publisher, or whom to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    pub name: String,
    pub homepage: Option<String>,
    pub email: Option<String>,
}

/// A licence: at least one of the three is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct License {
    /// An Open Definition or SPDX identifier, such as `CC-BY-4.0`.
    pub name: Option<String>,
    pub title: Option<String>,
    pub path: Option<String>,
}

/// A time that is covered (`dct:PeriodOfTime`): its ends as published, one of them at least.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Period {
    pub start: Option<String>,
    pub end: Option<String>,
}

impl Period {
    /// Two ends with a slash between them (ISO 8601), one of which may be open (`..` or nothing); a text without one is a start and an
    /// end. `None` for a text that says nothing.
    pub fn of_text(text: &str) -> Option<Self> {
        let end = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty() && text != "..");
        let (start, last) = text.split_once('/').unwrap_or((text, text));
        Some(Self { start: end(start), end: end(last) }).filter(|period| period.start.is_some() || period.end.is_some())
    }
}

/// A named link to where data came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    pub title: Option<String>,
    pub path: Option<String>,
}

/// The EU authority list's access rights; Shanghai's unconditional, conditional and non-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessRights {
    #[default]
    Public,
    Restricted,
    NonPublic,
}

impl AccessRights {
    /// What a text means: the EU's authority list by name or URI, DCAT-US's `accessLevel`, INSPIRE's absence of limits, COAR's and OpenAIRE's
    /// terms, the words of Shanghai's portal and of others in China. `None` when it is none of them: what is not understood is not to
    /// be taken for public.
    pub fn of_words(words: &str) -> Option<Self> {
        let last = words.trim_end_matches('/').rsplit(['/', '#']).next().unwrap_or_default();
        // Shanghai's rules speak of classes (`无条件开放类`).
        match last.trim().trim_end_matches('类').to_lowercase().replace([' ', '-'], "_").as_str() {
            "public" | "open" | "unconditional" | "open_access" | "openaccess" | "c_abf2" | "nolimitations" | "无条件开放"
            | "完全开放" | "直接开放" => Some(Self::Public),
            "restricted" | "restricted_public" | "conditional" | "restricted_access" | "restrictedaccess" | "c_16ec"
            | "有条件开放" | "依申请开放" => Some(Self::Restricted),
            "non_public" | "nonpublic" | "non_open" | "private" | "closed" | "confidential" | "sensitive" | "closed_access"
            | "closedaccess" | "c_14cb" | "c_f1cf" | "embargoed_access" | "embargoedaccess" | "不予开放" | "不开放"
            | "非开放" => Some(Self::NonPublic),
            _ => None,
        }
    }

    /// The EU authority list's code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "PUBLIC",
            Self::Restricted => "RESTRICTED",
            Self::NonPublic => "NON_PUBLIC",
        }
    }
}

/// One file or file set of a dataset: a `dcat:Distribution`, a Data Package resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// The published short name.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// Absolute paths or URLs, in published order; each may hold a glob (`*`, `?`, `[..]`, `**`) when it is a local path. Empty
    /// where no file is published: see [`Self::access_url`].
    pub paths: Vec<String>,
    /// A page or service that leads to the data (`dcat:accessURL`).
    pub access_url: Option<String>,
    /// As declared, else by media type, else by the file's ending; `None` when none of them tells.
    pub format: Option<Format>,
    /// The format as declared, such as `CSV`, `PDF`, `WMS` or a URI of the EU's list; `None` where nothing is, or [`Format::name`] itself.
    pub declared_format: Option<String>,
    pub media_type: Option<String>,
    /// As declared, else by the file's ending.
    pub compression: Option<Compression>,
    /// Which files within an archive are read, by path or glob (Data Package's `innerpath`); all must have one shape. `None` stands
    /// for the only one.
    pub member: Option<String>,
    /// As declared: a WHATWG or IANA label, not yet looked up.
    pub encoding: Option<String>,
    pub dialect: Dialect,
    pub schema: Schema,
    /// In place of the dataset's.
    pub licenses: Vec<License>,
    /// `dct:issued` as published.
    pub issued: Option<String>,
    /// `dct:modified` as published.
    pub modified: Option<String>,
    /// The standards that its files follow (`dct:conformsTo`).
    pub conforms_to: Vec<String>,
    /// Where its columns are explained (DCAT-US's `describedBy`, a data dictionary).
    pub described_by: Option<String>,
    /// As declared, in bytes.
    pub bytes: Option<u64>,
    /// As declared: `sha256:...`, or a bare MD5.
    pub hash: Option<String>,
    /// In place of the dataset's.
    pub refresh: Option<Refresh>,
    /// In place of the dataset's.
    pub strict: Option<bool>,
    pub extra: Extra,
}

impl Distribution {
    /// Whether a table is made of it: a file is published, and what is said of it does not rule out that it is data of a format that
    /// is read. What nothing is said of is looked into at the first touch.
    pub fn is_table(&self) -> bool {
        !self.paths.is_empty()
            && format::may_be_read(self.format, self.declared_format.as_deref(), self.media_type.as_deref(), &self.paths)
    }
}

/// The formats that become tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text of any delimiter (CSV, TSV, pipe-separated).
    Csv,
    /// An array of records, or an object that holds one under the dialect's `property`.
    Json,
    /// One JSON record a line.
    NdJson,
    GeoJson,
    Parquet,
    /// Arrow IPC, file or stream (Feather v2).
    Arrow,
    Avro,
    Orc,
    /// A spreadsheet of any kind: xlsx, xlsm, xlsb, xls, ods.
    Workbook,
    /// The `.shp` of a zip archive with the files beside it.
    Shapefile,
    Kml,
}

impl Format {
    /// The word that a descriptor declares it with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::GeoJson => "geojson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Avro => "avro",
            Self::Orc => "orc",
            Self::Workbook => "xlsx",
            Self::Shapefile => "shp",
            Self::Kml => "kml",
        }
    }
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    /// A zip archive: of one member, or of those that [`Distribution::member`] names.
    Zip,
    /// A tar archive, itself packed or not, read as a zip archive is.
    Tar,
}

impl Compression {
    /// The word that a descriptor declares it with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
            Self::Bzip2 => "bz2",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Tar => "tar",
        }
    }
}

/// How delimited text is written (Data Package's Table Dialect); `None` means not declared, to be sniffed or defaulted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dialect {
    pub delimiter: Option<char>,
    pub quote: Option<char>,
    pub double_quote: Option<bool>,
    pub escape: Option<char>,
    pub header: Option<bool>,
    /// 1-based rows that make the header; joined by `header_join`.
    pub header_rows: Vec<usize>,
    pub header_join: Option<String>,
    /// 1-based rows that are comments.
    pub comment_rows: Vec<usize>,
    pub comment_char: Option<String>,
    pub skip_initial_space: Option<bool>,
    pub line_terminator: Option<String>,
    /// A sequence that means null in every column, beside the schema's missing values.
    pub null_sequence: Option<String>,
    /// For JSON: where in the object the records are, as names joined by `.` or a JSON pointer.
    pub property: Option<String>,
    /// For JSON: what the records are; `None` when the file shows it.
    pub item_type: Option<ItemType>,
    /// For JSON: the members of each record that become columns, in this order; empty for all.
    pub item_keys: Vec<String>,
    /// For JSON: the members of objects within records become columns of their own, named by their path (`a.b`).
    pub flatten: bool,
    /// For workbooks: which sheet; `None` for the only one that holds something.
    pub sheet: Option<SheetChoice>,
}

/// What the records of a JSON text are (Data Package's `itemType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// Arrays of values, the first of which holds the names unless there is no header.
    Array,
    /// Objects by the names of their members.
    Object,
}

/// A sheet of a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetChoice {
    /// To the letter.
    Name(String),
    /// Counted from 1, hidden sheets included.
    Number(usize),
}

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

/// Something wrong with a descriptor: which file, where in it, what, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The descriptor's path or URL.
    pub file: String,
    /// A JSON pointer into it (RFC 6901); empty for the whole file.
    pub pointer: String,
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.pointer.is_empty() { "" } else { " at " };
        write!(f, "{}{at}{}: {}", self.file, self.pointer, self.message)
    }
}
