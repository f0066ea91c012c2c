//! One JSON record becomes cells: members by name, GeoJSON features by their properties. Where records stand is not known here.

use serde::de::Deserializer as _;
use serde_json::value::RawValue;

use super::geometry;
use super::keys::Keys;
use super::parts::{Items, Members};
use super::shape::Open;
use super::special::Replaced;
use crate::snapshot::cells::{CellKind, Fault, MAX_SPAN, RAW_LIMIT, Span};
use crate::snapshot::columns::ADDED;

/// Objects within objects are taken apart this far; deeper ones stay JSON.
const MAX_DEPTH: usize = 16;

/// What is wrong with an array or an object that holds a number which JSON does not have.
const NO_JSON: &str = "it holds NaN or Infinity, which JSON does not have";

/// The cells of the records read so far.
pub(super) struct Found<'t> {
    text: &'t str,
    /// The same as published: `text` has numbers in the places `special` for words that JSON does not have.
    published: &'t str,
    special: &'t [usize],
    made: &'t mut String,
    keys: &'t mut Keys,
    open: &'t Open,
    titles: &'t [String],
    pub(super) row: usize,
    pub(super) cells: Vec<(usize, usize, Span)>,
    /// What could not be read in the record at hand.
    pub(super) bad: Vec<Fault>,
    /// How many cells, bytes of made text and columns there were before the record at hand.
    before: (usize, usize, usize),
    /// The record at hand, counted from 1 over all that were begun, and for each column the last that had it, and whether it had it
    /// more than once.
    record: u64,
    met: Vec<(u64, bool)>,
    raw: &'t str,
}

impl<'t> Found<'t> {
    /// Nothing yet of the records in `published`, which are read as `numbers` where those are given.
    pub(super) fn new(
        published: &'t str,
        numbers: Option<&'t Replaced>,
        made: &'t mut String,
        keys: &'t mut Keys,
        open: &'t Open,
        titles: &'t [String],
    ) -> Self {
        let (text, special) = numbers.map_or((published, &[][..]), |n| (n.text.as_str(), n.at.as_slice()));
        let before = (0, made.len(), keys.len());
        let (cells, bad, met) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, published, special, made, keys, open, titles, row: 0, cells, bad, before, record: 1, met, raw: "" }
    }

    /// The text of a record of these places that is read.
    pub(super) fn text(&self, place: std::ops::Range<usize>) -> &'t str {
        &self.text[place]
    }

    /// Where a part of the text begins in it.
    fn start(&self, part: &str) -> usize {
        part.as_ptr().addr() - self.text.as_ptr().addr()
    }

    /// Whether a part of the text holds a number that JSON does not have.
    fn is_special(&self, part: &str) -> bool {
        if self.special.is_empty() {
            return false;
        }
        let start = self.start(part);
        let first = self.special.partition_point(|at| *at < start);
        self.special.get(first).is_some_and(|at| *at < start + part.len())
    }

    /// Keeps the record at hand; its row is the next one.
    pub(super) fn keep(&mut self) {
        self.row += 1;
        self.record += 1;
        self.before = (self.cells.len(), self.made.len(), self.keys.len());
    }

    /// Takes back all that the record at hand left: its cells, and the columns that only it has.
    pub(super) fn take_back(&mut self) {
        let (cells, made, columns) = self.before;
        self.cells.truncate(cells);
        self.made.truncate(made);
        self.keys.truncate(columns);
        self.bad.clear();
        self.record += 1;
    }

    /// Whether the record at hand has more keys than a table has columns.
    pub(super) fn has_surplus(&self) -> bool {
        self.keys.has_surplus()
    }

    /// Columns met so far, those of the record at hand included.
    pub(super) fn width(&self) -> usize {
        self.keys.len()
    }

    /// What the record at hand stands under, in an object of records.
    pub(super) fn key(&mut self, key: &str) {
        let Some(column) = self.place(&format!("{ADDED}key")) else { return };
        let start = self.made.len();
        self.made.push_str(key);
        self.cells.push((self.row, column, Span::new(start, key.len(), true, CellKind::String)));
    }

    /// A record of any kind: members by name, items by their titles or places, anything else as `value`.
    pub(super) fn record(&mut self, record: &'t str) -> serde_json::Result<()> {
        self.raw = record;
        let mut json = serde_json::Deserializer::from_str(record);
        match record.as_bytes().first() {
            Some(b'{') => json.deserialize_map(Members(|key: &str, value: &'t RawValue| self.add(key, value, 0)))?,
            Some(b'[') => {
                let titles = self.titles;
                json.deserialize_seq(Items(|i: usize, value: &'t RawValue| match titles.get(i) {
                    Some(title) => self.add(title, value, 0),
                    None => self.add(&format!("column_{}", i + 1), value, 0),
                }))?;
            }
            Some(_) | None => {
                let value = serde_json::from_str::<&RawValue>(record)?;
                self.add("value", value, 0);
                return Ok(());
            }
        }
        json.end()
    }

    /// A record whose values are in one of its members, an object; what stands beside that comes behind them.
    pub(super) fn unwrapped(&mut self, record: &'t str, member: &str) -> serde_json::Result<()> {
        self.raw = record;
        let mut json = serde_json::Deserializer::from_str(record);
        let (mut values, mut others) = (None, Vec::new());
        json.deserialize_map(Members(|key: &str, value: &'t RawValue| {
            if key == member && value.get().starts_with('{') {
                // Where it is given twice, the one before stays as it is written.
                others.extend(values.replace(value).map(|before| (format!("{ADDED}{key}"), before)));
            } else {
                others.push((format!("{ADDED}{key}"), value));
            }
        }))?;
        json.end()?;
        if let Some(values) = values {
            let mut json = serde_json::Deserializer::from_str(values.get());
            json.deserialize_map(Members(|key: &str, value: &'t RawValue| self.add(key, value, 0)))?;
        }
        others.into_iter().for_each(|(key, value)| self.add(&key, value, 0));
        Ok(())
    }

    /// A record each member of which is an object with the text of a value, and what that is: text that is no more than text stays that.
    pub(super) fn bindings(&mut self, record: &'t str) -> serde_json::Result<()> {
        self.raw = record;
        let mut json = serde_json::Deserializer::from_str(record);
        json.deserialize_map(Members(|key: &str, term: &'t RawValue| {
            let (mut text, mut kind) = (None, CellKind::String);
            let mut members = serde_json::Deserializer::from_str(term.get());
            let of_term = Members(|name: &str, value: &'t RawValue| match name {
                "value" => text = Some(value.get()),
                "datatype" if !value.get().ends_with("#string\"") && !value.get().ends_with("#langString\"") => {
                    kind = CellKind::Plain;
                }
                _ => {}
            });
            match (members.deserialize_map(of_term), text) {
                (Ok(()), Some(text)) => self.put(key, text, kind),
                (Ok(()), None) | (Err(_), _) => self.add(key, term, 0),
            }
        }))?;
        json.end()
    }

    /// A GeoJSON feature (RFC 7946, 3.2): its properties, its geometry as WKT, and its id. A geometry that stands for itself is one
    /// without properties.
    pub(super) fn feature(&mut self, record: &'t str) -> serde_json::Result<()> {
        self.raw = record;
        let mut json = serde_json::Deserializer::from_str(record);
        let (mut kind, mut properties, mut others) = ("", None, Vec::new());
        json.deserialize_map(Members(|key: &str, value: &'t RawValue| match key {
            "type" => kind = value.get().trim_matches('"'),
            "bbox" => {}
            "properties" => properties = Some(value),
            "id" | "geometry" => others.push((format!("{ADDED}{key}"), value)),
            _ => others.push((key.to_owned(), value)),
        }))?;
        json.end()?;
        if geometry::is_kind(kind) && others.iter().any(|(key, _)| key == "coordinates" || key == "geometries") {
            let value = serde_json::from_str::<&RawValue>(record)?;
            self.add_geometry(&format!("{ADDED}geometry"), value);
            return Ok(());
        }
        match properties {
            Some(properties) if properties.get().starts_with('{') => {
                let mut json = serde_json::Deserializer::from_str(properties.get());
                json.deserialize_map(Members(|key: &str, value: &'t RawValue| self.add(key, value, 0)))?;
            }
            // An empty list is what some writers have for an empty object.
            Some(other) if !matches!(other.get(), "null" | "[]") => self.add("properties", other, 0),
            Some(_) | None => {}
        }
        for (key, value) in others {
            if key.strip_prefix(ADDED) == Some("geometry") {
                self.add_geometry(&key, value);
            } else {
                self.add(&key, value, 0);
            }
        }
        Ok(())
    }

    /// The column of a key of the record at hand. A key that is given twice keeps its last value, as most readers have it, and that is
    /// told.
    fn place(&mut self, key: &str) -> Option<usize> {
        let column = self.keys.place(key)?;
        if column >= self.met.len() {
            self.met.resize(column + 1, (0, false));
        }
        let (record, told) = self.met[column];
        if record < self.record {
            self.met[column] = (self.record, false);
            return Some(column);
        }
        let (first, ..) = self.before;
        if let Some(i) = self.cells[first..].iter().position(|(_, c, _)| *c == column) {
            self.cells.remove(first + i);
        }
        // Once for a key, so that a record of nothing but one key leaves no more than one fault.
        if !told {
            self.met[column] = (self.record, true);
            self.fault(column, self.raw, "one value", "the record has this key more than once, and the last value counts");
        }
        Some(column)
    }

    /// Notes what is wrong with a column of the record at hand, whose row is kept.
    fn fault(&mut self, column: usize, raw: &str, expected: &str, reason: impl Into<String>) {
        let start = self.start(raw);
        let raw = crate::name::clip(&self.published[start..start + raw.len()], RAW_LIMIT).to_owned();
        self.bad.push(Fault { line: 0, column: Some(column), raw, expected: expected.to_owned(), reason: reason.into() });
    }

    /// Notes what is wrong with a column that has no value for it, also where the value would stand.
    fn no_value(&mut self, column: usize, raw: &str, expected: &str, reason: &str) {
        self.fault(column, raw, expected, reason);
        let start = self.made.len();
        self.made.push_str(crate::name::clip(reason, RAW_LIMIT));
        let span = Span::new(start, self.made.len() - start, true, CellKind::Absent);
        self.cells.push((self.row, column, span));
    }

    fn add(&mut self, key: &str, value: &'t RawValue, depth: usize) {
        let raw = value.get();
        if raw.starts_with('{') && depth < MAX_DEPTH && self.open.has(key) {
            let mut json = serde_json::Deserializer::from_str(raw);
            let add = |name: &str, value: &'t RawValue| self.add(&format!("{key}.{name}"), value, depth + 1);
            // A name in it may hold half a character, which the parser that found its end does not see: then it stays JSON.
            if json.deserialize_map(Members(add)).is_ok() {
                return;
            }
        }
        self.put(key, raw, CellKind::String);
    }

    /// Gives the column of a key its value. `text` is the kind of a text there.
    fn put(&mut self, key: &str, raw: &'t str, text: CellKind) {
        let Some(column) = self.place(key) else { return };
        // The value is a part of the batch's text: its place there is the distance of the two.
        let start = self.start(raw);
        let span = match raw.as_bytes()[0] {
            b'n' => return,
            b'"' if raw.contains('\\') => {
                let unescaped = match serde_json::from_str::<String>(raw) {
                    Ok(text) if !text.contains('\0') => text,
                    Ok(_) => return self.no_value(column, raw, "a text", "it holds a NUL, which text can't hold"),
                    // The parser that found its end does not look at what escapes stand for.
                    Err(_) => return self.no_value(column, raw, "a text", "it holds half a character (a lone surrogate)"),
                };
                let start = self.made.len();
                self.made.push_str(&unescaped);
                Span::new(start, unescaped.len(), true, text)
            }
            b'"' => Span::new(start + 1, raw.len() - 2, false, text),
            b'{' | b'[' if self.is_special(raw) => return self.no_value(column, raw, "JSON", NO_JSON),
            _ if self.is_special(raw) => {
                // As types know these numbers by name.
                let word = match &self.published[start..start + raw.len()] {
                    "Infinity" => "INF",
                    "-Infinity" => "-INF",
                    _ => "NaN",
                };
                let start = self.made.len();
                self.made.push_str(word);
                Span::new(start, word.len(), true, CellKind::Scalar)
            }
            b'{' | b'[' => Span::new(start, raw.len(), false, CellKind::Nested),
            _ => Span::new(start, raw.len(), false, CellKind::Scalar),
        };
        self.cells.push((self.row, column, span));
    }

    fn add_geometry(&mut self, key: &str, value: &'t RawValue) {
        let Some(column) = self.place(key) else { return };
        if self.is_special(value.get()) {
            return self.no_value(column, value.get(), "a GeoJSON geometry", NO_JSON);
        }
        let start = self.made.len();
        match geometry::wkt(value.get(), self.made) {
            Ok(true) if self.made.len() - start > MAX_SPAN => {
                self.made.truncate(start);
                self.no_value(column, value.get(), "a GeoJSON geometry", &format!("it is longer than {MAX_SPAN} bytes"));
            }
            Ok(true) => self.cells.push((self.row, column, Span::new(start, self.made.len() - start, true, CellKind::Plain))),
            Ok(false) => {}
            Err(reason) => {
                self.made.truncate(start);
                self.no_value(column, value.get(), "a GeoJSON geometry", &reason);
            }
        }
    }
}
