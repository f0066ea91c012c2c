//! JSON: arrays of records, records in lines, and GeoJSON's features, from a decoded file to batches of cells. Objects and arrays
//! within a record stay JSON text. Types are unknown here.

mod geometry;
mod record;
mod scan;

use std::sync::Arc;

use self::record::{Found, Keys};
use self::scan::Scanner;
use super::cells::{Cells, Fault, MAX_CELLS, MAX_SPAN, Span};
use super::columns::too_many_columns;
use super::decode::Text;
use crate::error::{Error, Kind, Result};

/// Text of a batch, about, in bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Records of a batch, at most.
const BATCH_ROWS: usize = 1 << 16;

/// How much of a record that can't be read is kept in its reject.
const RAW_LIMIT: usize = 2000;

/// How records stand in a text, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The members that lead to the array of records; empty when the text is that array.
    path: Vec<String>,
    layout: Arrangement,
    /// Records are GeoJSON features.
    features: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrangement {
    /// An array at the end of the path.
    Array,
    /// One record a line.
    Lines,
    /// The text is the one record.
    One,
}

impl Shape {
    /// One record a line.
    pub(super) fn lines() -> Self {
        Self { path: Vec::new(), layout: Arrangement::Lines, features: false }
    }

    /// The shape of a JSON text. `property` says where the records are, as names joined by `.` or as a JSON pointer; without one,
    /// an array is its records, a FeatureCollection has its features, and of any other object the only array of objects counts.
    pub(super) fn of(text: &Text, url: &str, property: Option<&str>) -> Result<Self> {
        if let Some(property) = property {
            let path: Vec<String> = match property.strip_prefix('/') {
                Some(pointer) => pointer.split('/').map(|p| p.replace("~1", "/").replace("~0", "~")).collect(),
                None => property.split('.').map(str::to_owned).collect(),
            };
            return Ok(Self { features: path == ["features"], path, layout: Arrangement::Array });
        }
        let array = |path: &[&str], features| Self {
            path: path.iter().map(|p| (*p).to_owned()).collect(),
            layout: Arrangement::Array,
            features,
        };
        let mut scanner = Scanner::open(text, url, usize::MAX)?;
        match scanner.peek()? {
            Some(b'[') => return Ok(array(&[], false)),
            Some(b'{') => {}
            Some(_) | None => return Err(scanner.error("neither an array nor an object, so it holds no records")),
        }
        scanner.take(b'{')?;
        let (mut kind, mut arrays) = (None, Vec::new());
        while !scanner.take(b'}')? {
            let name = scanner.name()?;
            let first = scanner.peek()?;
            if name == "type" && first == Some(b'"') {
                let mut raw = Vec::new();
                scanner.value(Some(&mut raw))?;
                kind = serde_json::from_slice::<String>(&raw).ok();
            } else if first == Some(b'[') {
                scanner.take(b'[')?;
                if scanner.peek()? == Some(b'{') {
                    arrays.push(name);
                }
                while !scanner.take(b']')? {
                    scanner.value(None)?;
                    scanner.take(b',')?;
                }
            } else {
                scanner.value(None)?;
            }
            scanner.take(b',')?;
        }
        let more = scanner.peek()?.is_some();
        Ok(match (kind.as_deref(), arrays.as_slice()) {
            _ if more => Self { features: kind.as_deref() == Some("Feature"), ..Self::lines() },
            (Some("FeatureCollection"), _) => array(&["features"], true),
            (Some("Feature"), _) => Self { path: Vec::new(), layout: Arrangement::One, features: true },
            (_, [only]) => array(&[only], false),
            _ => Self { path: Vec::new(), layout: Arrangement::One, features: false },
        })
    }

    /// The same records, known to be GeoJSON features.
    pub(super) fn of_features(self) -> Self {
        Self { features: true, ..self }
    }
}

/// Reads one JSON text.
pub(super) struct Reader<'a> {
    text: &'a Text,
    url: &'a str,
    index: usize,
    scanner: Scanner<'a>,
    shape: Shape,
    keys: Keys,
    max_columns: usize,
    /// Records that were gathered and did not fit into the batch before, with their text.
    left: Option<(String, Vec<Place>)>,
    started: bool,
    ended: bool,
}

/// A record's place in a batch's text.
struct Place {
    start: usize,
    end: usize,
    line: u64,
    /// In the file.
    offset: u64,
}

impl<'a> Reader<'a> {
    /// Opens the text. A record is at most `max_record` bytes, and all records have at most `max_columns` keys together.
    pub(super) fn open(
        shape: &Shape,
        text: &'a Text,
        url: &'a str,
        index: usize,
        max_record: usize,
        max_columns: usize,
    ) -> Result<Self> {
        let scanner = Scanner::open(text, url, max_record.min(MAX_SPAN))?;
        let shape = shape.clone();
        let keys = Keys::new(max_columns);
        Ok(Self { text, url, index, scanner, shape, keys, max_columns, left: None, started: false, ended: false })
    }

    /// The columns met so far.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        self.keys.shared()
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        let (mut text, mut places) = match self.left.take() {
            Some(left) => left,
            None => self.gather()?,
        };
        if places.is_empty() {
            return Ok(None);
        }
        let mut cells = Cells { file: self.index, ..Cells::default() };
        let mut found = Found::new(&text, &mut cells.made, &mut self.keys);
        let mut taken = places.len();
        for (i, place) in places.iter().enumerate() {
            let record = &text[place.start..place.end];
            let parsed = if self.shape.features { found.feature(record) } else { found.record(record) };
            match parsed {
                Ok(()) if found.has_surplus() => return Err(too_many_columns(self.url, self.max_columns)),
                // A record may add columns to all rows before it: it is left for the next batch when they would be too many.
                Ok(()) if found.row > 0 && found.width() * (found.row + 1) > MAX_CELLS => {
                    found.take_back();
                    taken = i;
                    break;
                }
                Ok(()) => {
                    cells.faults.extend(found.bad.drain(..).map(|fault| Fault { line: place.line, ..fault }));
                    cells.lines.push(place.line);
                    found.keep();
                }
                Err(e) if self.shape.layout == Arrangement::Lines => {
                    found.take_back();
                    cells.faults.push(Fault {
                        line: place.line,
                        column: None,
                        raw: crate::name::clip(record, RAW_LIMIT).to_owned(),
                        expected: "a JSON record".to_owned(),
                        reason: format!("the line is not JSON: {e}"),
                    });
                }
                Err(e) => {
                    let line = place.line + e.line().saturating_sub(1) as u64;
                    return Err(Error::new(Kind::SourceInvalid, format!("{}, line {line}: it is not JSON: {e}", self.url)));
                }
            }
        }
        let found = found.cells;
        cells.names = self.keys.share();
        cells.width = cells.names.len();
        cells.spans = vec![Span::ABSENT; cells.width * cells.lines.len()];
        for (row, column, span) in found {
            cells.spans[row * cells.width + column] = span;
        }
        if taken < places.len() {
            let (rest, mut left) = (text.split_off(places[taken].start), places.split_off(taken));
            let passed = text.len();
            left.iter_mut().for_each(|p| (p.start, p.end) = (p.start - passed, p.end - passed));
            self.left = Some((rest, left));
        }
        cells.text = text;
        self.mark(&mut cells, &places);
        cells.bytes_read = self.scanner.offset();
        Ok(Some(cells))
    }

    /// Finds the cells of a batch that hold bytes which could not be decoded.
    fn mark(&self, cells: &mut Cells, places: &[Place]) {
        if self.text.bad.is_empty() {
            return;
        }
        let mut bad = Vec::new();
        for place in places {
            let end = place.offset + (place.end - place.start) as u64;
            let first = self.text.bad.partition_point(|b| b.at < place.offset);
            let within = self.text.bad[first..].iter().take_while(|b| b.at < end);
            bad.extend(within.map(|b| b.moved(place.offset, place.start as u64)));
        }
        cells.mark_undecodable(bad, self.text.encoding);
    }

    /// The text of the next records.
    fn gather(&mut self) -> Result<(String, Vec<Place>)> {
        let (mut text, mut places) = (Vec::new(), Vec::new());
        if !self.started {
            self.started = true;
            self.find_records()?;
        }
        while !self.ended && text.len() < BATCH_BYTES && places.len() < BATCH_ROWS {
            let (start, here) = (text.len(), self.scanner.peek()?);
            let (line, offset) = (self.scanner.line(), self.scanner.offset());
            match self.shape.layout {
                Arrangement::Lines if !self.scanner.next_line(&mut text)? => self.ended = true,
                Arrangement::Array if here == Some(b']') => self.ended = true,
                Arrangement::Lines => places.push(Place { start, end: text.len(), line, offset }),
                Arrangement::One => {
                    self.scanner.value(Some(&mut text))?;
                    places.push(Place { start, end: text.len(), line, offset });
                    self.ended = true;
                }
                Arrangement::Array => {
                    self.scanner.value(Some(&mut text))?;
                    places.push(Place { start, end: text.len(), line, offset });
                    if !self.scanner.take(b',')? && self.scanner.peek()? != Some(b']') {
                        return Err(self.scanner.error("a comma or the array's end is expected"));
                    }
                }
            }
        }
        let changed = |_| Error::new(Kind::SourceChanged, format!("{} changed while it was read", self.url));
        Ok((String::from_utf8(text).map_err(changed)?, places))
    }

    /// Moves to the first record.
    fn find_records(&mut self) -> Result<()> {
        if self.shape.layout != Arrangement::Array {
            return Ok(());
        }
        for member in &self.shape.path {
            let missing = || {
                Error::new(Kind::Descriptor, format!("{} has no member \"{}\"", self.url, self.shape.path.join(".")))
                    .with_hint("Correct the dialect's property.")
            };
            if !self.scanner.take(b'{')? {
                return Err(missing());
            }
            loop {
                if self.scanner.take(b'}')? {
                    return Err(missing());
                }
                if self.scanner.name()? == *member {
                    break;
                }
                self.scanner.value(None)?;
                self.scanner.take(b',')?;
            }
        }
        if self.scanner.take(b'[')? { Ok(()) } else { Err(self.scanner.error("an array of records is expected")) }
    }
}

#[cfg(test)]
mod tests;
