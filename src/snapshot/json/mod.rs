//! JSON: records in arrays, under keys or in lines, and GeoJSON's features, from a decoded file to batches of cells. Objects and arrays
//! within a record stay JSON text, but objects that are declared to be taken apart. Types are unknown here.

mod geometry;
mod record;
mod scan;
mod shape;

use std::ops::Range;
use std::sync::Arc;

use self::record::{Found, Keys};
use self::scan::Scanner;
use self::shape::Arrangement;
pub(super) use self::shape::Shape;
use super::cells::{BATCH_BYTES, BATCH_ROWS, Cells, Fault, MAX_CELLS, MAX_SPAN, RAW_LIMIT, Span};
use super::columns::too_many_columns;
use super::decode::Text;
use crate::error::{Error, Kind, Result};

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
    /// What the items of records that are arrays are called.
    titles: Vec<String>,
}

/// A record's place in a batch's text.
struct Place {
    start: usize,
    end: usize,
    line: u64,
    /// In the file.
    offset: u64,
    /// What the record stands under, in an object of records.
    key: Option<String>,
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
        let keys = Keys::new(max_columns, &shape.items.keys);
        let titles = Vec::new();
        Ok(Self { text, url, index, scanner, shape, keys, max_columns, left: None, started: false, ended: false, titles })
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
        let mut found = Found::new(&text, &mut cells.made, &mut self.keys, &self.shape.items.open, &self.titles);
        let (mut taken, mut kept) = (places.len(), Vec::new());
        for (i, place) in places.iter().enumerate() {
            let record = &text[place.start..place.end];
            if let Some(key) = &place.key {
                found.key(key);
            }
            let is_feature = self.shape.features && record.starts_with('{');
            let parsed = if is_feature { found.feature(record) } else { found.record(record) };
            match parsed {
                Ok(()) if self.shape.features && !is_feature => {
                    found.take_back();
                    cells.faults.push(Fault {
                        line: place.line,
                        column: None,
                        raw: crate::name::clip(record, RAW_LIMIT).to_owned(),
                        expected: "a GeoJSON feature".to_owned(),
                        reason: "the item is not an object".to_owned(),
                    });
                }
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
                    kept.push(place.start..place.end);
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
        self.mark(&mut cells, &places, &kept);
        cells.bytes_read = self.scanner.offset();
        Ok(Some(cells))
    }

    /// Finds the cells of a batch that hold bytes which could not be decoded. `kept` are the places of its rows.
    fn mark(&self, cells: &mut Cells, places: &[Place], kept: &[Range<usize>]) {
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
        cells.mark_undecodable(bad, self.text.encoding, Some(kept));
    }

    /// The text of the next records.
    fn gather(&mut self) -> Result<(String, Vec<Place>)> {
        let (mut text, mut places) = (Vec::new(), Vec::new());
        if !self.started {
            self.started = true;
            self.find_records()?;
            self.find_titles(&mut text, &mut places)?;
        }
        while !self.ended && text.len() < BATCH_BYTES && places.len() < BATCH_ROWS {
            let (start, here) = (text.len(), self.scanner.peek()?);
            let (line, offset) = (self.scanner.line(), self.scanner.offset());
            match self.shape.layout {
                Arrangement::Lines => {
                    if self.scanner.next_line(&mut text)? {
                        places.push(Place { start, end: text.len(), line, offset, key: None });
                    } else {
                        self.ended = true;
                    }
                }
                Arrangement::Array if here == Some(b']') => self.pass_rest()?,
                Arrangement::Keyed if here == Some(b'}') => self.pass_rest()?,
                Arrangement::Sequence if here.is_none() => self.ended = true,
                Arrangement::One | Arrangement::Sequence => {
                    self.scanner.value(Some(&mut text))?;
                    places.push(Place { start, end: text.len(), line, offset, key: None });
                    self.ended = self.shape.layout == Arrangement::One;
                }
                Arrangement::Array => {
                    self.scanner.value(Some(&mut text))?;
                    places.push(Place { start, end: text.len(), line, offset, key: None });
                    self.pass_comma(b']')?;
                }
                Arrangement::Keyed => {
                    let key = Some(self.scanner.name()?);
                    self.scanner.peek()?;
                    let (line, offset) = (self.scanner.line(), self.scanner.offset());
                    self.scanner.value(Some(&mut text))?;
                    places.push(Place { start, end: text.len(), line, offset, key });
                    self.pass_comma(b'}')?;
                }
            }
        }
        let changed = |_| Error::new(Kind::SourceChanged, format!("{} changed while it was read", self.url));
        Ok((String::from_utf8(text).map_err(changed)?, places))
    }

    /// Passes over the comma between two records, or stops before the end of what holds them.
    fn pass_comma(&mut self, end: u8) -> Result<()> {
        if self.scanner.take(b',')? || self.scanner.peek()? == Some(end) {
            return Ok(());
        }
        let what = if end == b']' { "array" } else { "object" };
        Err(self.scanner.error(format!("a comma or the {what}'s end is expected")))
    }

    /// Reads the names of records that are arrays: those declared, else the first record when it holds names; else that is a record.
    fn find_titles(&mut self, text: &mut Vec<u8>, places: &mut Vec<Place>) -> Result<()> {
        self.titles.clone_from(&self.shape.items.keys);
        let is_list = match self.shape.layout {
            Arrangement::Array | Arrangement::Lines | Arrangement::Sequence => self.scanner.peek()? == Some(b'['),
            Arrangement::Keyed | Arrangement::One => false,
        };
        if !is_list {
            return Ok(());
        }
        let (line, offset) = (self.scanner.line(), self.scanner.offset());
        if self.shape.layout == Arrangement::Lines {
            self.scanner.next_line(text)?;
        } else {
            self.scanner.value(Some(text))?;
        }
        if self.shape.layout == Arrangement::Array {
            self.pass_comma(b']')?;
        }
        let first: Option<Vec<serde_json::Value>> = serde_json::from_slice(text).ok();
        let is_title = |v: &serde_json::Value| v.as_str().is_some_and(|t| !t.trim().is_empty());
        let are_titles = |items: &Vec<serde_json::Value>| !items.is_empty() && items.iter().all(is_title);
        match first.filter(|items| self.shape.items.header.unwrap_or_else(|| are_titles(items))) {
            Some(items) => {
                text.clear();
                if self.titles.is_empty() {
                    let name = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                    let published: Vec<String> = items.iter().map(name).collect();
                    self.titles = super::names::unique(&published).0;
                }
            }
            None => places.push(Place { start: 0, end: text.len(), line, offset, key: None }),
        }
        Ok(())
    }

    /// Moves to the first record.
    fn find_records(&mut self) -> Result<()> {
        match self.shape.layout {
            Arrangement::Array => {}
            Arrangement::Keyed => return self.scanner.take(b'{').map(|_| ()),
            Arrangement::Lines | Arrangement::Sequence | Arrangement::One => return Ok(()),
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
        if self.scanner.take(b'[')? {
            return Ok(());
        }
        if self.scanner.take(b'{')? {
            self.shape.layout = Arrangement::Keyed;
            return Ok(());
        }
        Err(self.scanner.error("an array or an object of records is expected"))
    }

    /// Passes over what stands behind the last record. More records there, as where arrays were written one after the other, are an error:
    /// they would be lost.
    fn pass_rest(&mut self) -> Result<()> {
        self.ended = true;
        let what = if self.shape.layout == Arrangement::Array { b']' } else { b'}' };
        self.scanner.take(what)?;
        for member in self.shape.path.iter().rev() {
            self.scanner.take(b',')?;
            while !self.scanner.take(b'}')? {
                if self.scanner.name()? == *member {
                    return Err(self.scanner.error(format!("the member \"{member}\" stands there a second time")));
                }
                self.scanner.value(None)?;
                self.scanner.take(b',')?;
            }
        }
        if self.scanner.peek()?.is_none() {
            return Ok(());
        }
        let e = self.scanner.error("the records have ended, and more stands behind them");
        Err(e.with_hint("Declare the format as ndjson if each line is a record; else publish all records in one array."))
    }
}

#[cfg(test)]
mod tests;
