//! One JSON record becomes cells: members by name, GeoJSON features by their properties. Where records stand is not known here.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexSet;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{RAW_LIMIT, geometry};
use crate::snapshot::cells::{CellKind, Fault, Span};
use crate::snapshot::columns::ADDED;

/// The columns met so far.
pub(super) struct Keys {
    set: IndexSet<String>,
    shared: Arc<Vec<String>>,
    /// The most columns of a table.
    max: usize,
    /// The record at hand has a key more than that.
    surplus: bool,
}

impl Keys {
    /// None yet, and `max` at most.
    pub(super) fn new(max: usize) -> Self {
        Self { set: IndexSet::new(), shared: Arc::default(), max, surplus: false }
    }

    /// The column of a key; `None` when it would be one too many.
    fn place(&mut self, key: &str) -> Option<usize> {
        let known = self.set.get_index_of(key);
        if known.is_none() && self.set.len() >= self.max {
            self.surplus = true;
            return None;
        }
        Some(known.unwrap_or_else(|| self.set.insert_full(key.to_owned()).0))
    }

    /// The names given so far.
    pub(super) fn shared(&self) -> &Arc<Vec<String>> {
        &self.shared
    }

    /// All names; an empty key gets one.
    pub(super) fn share(&mut self) -> Arc<Vec<String>> {
        if self.shared.len() < self.set.len() {
            let name = |(i, key): (usize, &String)| if key.is_empty() { format!("column_{}", i + 1) } else { key.clone() };
            self.shared = Arc::new(self.set.iter().enumerate().map(name).collect());
        }
        Arc::clone(&self.shared)
    }
}

/// The cells of the records read so far.
pub(super) struct Found<'t> {
    text: &'t str,
    made: &'t mut String,
    keys: &'t mut Keys,
    pub(super) row: usize,
    pub(super) cells: Vec<(usize, usize, Span)>,
    /// What could not be read in the record at hand.
    pub(super) bad: Vec<Fault>,
    /// How many cells, bytes of made text and columns there were before the record at hand.
    before: (usize, usize, usize),
}

impl<'t> Found<'t> {
    /// Nothing yet of the records in `text`.
    pub(super) fn new(text: &'t str, made: &'t mut String, keys: &'t mut Keys) -> Self {
        let before = (0, made.len(), keys.set.len());
        Self { text, made, keys, row: 0, cells: Vec::new(), bad: Vec::new(), before }
    }

    /// Keeps the record at hand; its row is the next one.
    pub(super) fn keep(&mut self) {
        self.row += 1;
        self.before = (self.cells.len(), self.made.len(), self.keys.set.len());
    }

    /// Takes back all that the record at hand left: its cells, and the columns that only it has.
    pub(super) fn take_back(&mut self) {
        let (cells, made, columns) = self.before;
        self.cells.truncate(cells);
        self.made.truncate(made);
        self.keys.set.truncate(columns);
        self.keys.surplus = false;
        self.bad.clear();
    }

    /// Whether the record at hand has more keys than a table has columns.
    pub(super) fn has_surplus(&self) -> bool {
        self.keys.surplus
    }

    /// Columns met so far, those of the record at hand included.
    pub(super) fn width(&self) -> usize {
        self.keys.set.len()
    }

    /// A record of any kind: members by name, items by place, anything else as `value`.
    pub(super) fn record(&mut self, record: &'t str) -> serde_json::Result<()> {
        let mut json = serde_json::Deserializer::from_str(record);
        match record.as_bytes().first() {
            Some(b'{') => json.deserialize_map(Members(|key: &str, value: &'t RawValue| self.add(key, value)))?,
            Some(b'[') => json.deserialize_seq(Items(|i: usize, value: &'t RawValue| {
                self.add(&format!("column_{}", i + 1), value);
            }))?,
            Some(_) | None => {
                let value = serde_json::from_str::<&RawValue>(record)?;
                self.add("value", value);
            }
        }
        json.end().or_else(|e| if matches!(record.as_bytes().first(), Some(b'{' | b'[')) { Err(e) } else { Ok(()) })
    }

    /// A GeoJSON feature (RFC 7946, 3.2): its properties, its geometry as WKT, and its id.
    pub(super) fn feature(&mut self, record: &'t str) -> serde_json::Result<()> {
        let mut json = serde_json::Deserializer::from_str(record);
        let (mut properties, mut others) = (None, Vec::new());
        json.deserialize_map(Members(|key: &str, value: &'t RawValue| match key {
            "type" | "bbox" => {}
            "properties" => properties = Some(value),
            "id" | "geometry" => others.push((format!("{ADDED}{key}"), value)),
            _ => others.push((key.to_owned(), value)),
        }))?;
        json.end()?;
        if let Some(properties) = properties.filter(|p| p.get() != "null") {
            let mut json = serde_json::Deserializer::from_str(properties.get());
            json.deserialize_map(Members(|key: &str, value: &'t RawValue| self.add(key, value)))?;
        }
        for (key, value) in others {
            if key.strip_prefix(ADDED) == Some("geometry") {
                self.add_geometry(&key, value);
            } else {
                self.add(&key, value);
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &str, value: &'t RawValue) {
        let Some(column) = self.keys.place(key) else { return };
        let raw = value.get();
        // The value is a part of the batch's text: its place there is the distance of the two.
        let start = raw.as_ptr().addr() - self.text.as_ptr().addr();
        let span = match raw.as_bytes()[0] {
            b'n' => return,
            b'"' if raw.contains('\\') => {
                // Valid as JSON, as the parser has just seen.
                let Ok(text) = serde_json::from_str::<String>(raw) else { return };
                let start = self.made.len();
                self.made.push_str(&text);
                Span::new(start, text.len(), true, CellKind::String)
            }
            b'"' => Span::new(start + 1, raw.len() - 2, false, CellKind::String),
            b'{' | b'[' => Span::new(start, raw.len(), false, CellKind::Nested),
            _ => Span::new(start, raw.len(), false, CellKind::Scalar),
        };
        self.cells.push((self.row, column, span));
    }

    fn add_geometry(&mut self, key: &str, value: &RawValue) {
        let Some(column) = self.keys.place(key) else { return };
        let start = self.made.len();
        match geometry::wkt(value.get(), self.made) {
            Ok(true) => self.cells.push((self.row, column, Span::new(start, self.made.len() - start, true, CellKind::Plain))),
            Ok(false) => {}
            Err(reason) => {
                self.made.truncate(start);
                self.bad.push(Fault {
                    line: 0,
                    column: Some(column),
                    raw: crate::name::clip(value.get(), RAW_LIMIT).to_owned(),
                    expected: "a GeoJSON geometry".to_owned(),
                    reason,
                });
            }
        }
    }
}

/// Hands each member of an object on, with its value as written.
struct Members<F>(F);

impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        #[derive(serde::Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            (self.0)(&key, map.next_value::<&'de RawValue>()?);
        }
        Ok(())
    }
}

/// Hands each item of an array on, with its place.
struct Items<F>(F);

impl<'de, F: FnMut(usize, &'de RawValue)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut i = 0;
        while let Some(value) = items.next_element::<&'de RawValue>()? {
            (self.0)(i, value);
            i += 1;
        }
        Ok(())
    }
}
