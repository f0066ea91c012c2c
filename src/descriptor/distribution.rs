//! A file or file set of a dataset: where it is, what it is said to be, and how its text is written.

use super::{Compression, Extra, Format, License, Refresh, Schema, format};

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
