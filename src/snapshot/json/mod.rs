//! JSON: records in arrays, under keys or in lines, and GeoJSON's features, from a decoded file to batches of cells. Objects and arrays
//! within a record stay JSON text, but objects that are declared to be taken apart. Types are unknown here.

mod choose;
mod find;
mod geometry;
mod keys;
mod parts;
mod record;
mod scan;
mod shape;
mod special;
mod tell;
mod words;

use std::ops::Range;
use std::sync::Arc;

use self::keys::Keys;
use self::record::Found;
use self::scan::Scanner;
pub(super) use self::shape::Shape;
use self::shape::{Arrangement, Wrapping};
pub(super) use self::tell::Start;
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
    /// What ends each object and array around the records, from the outside in.
    ends: Vec<u8>,
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
        let keys = Keys::new(max_columns, &shape.items.keys, &shape.columns);
        let (titles, ends) = (Vec::new(), Vec::new());
        Ok(Self { text, url, index, scanner, shape, keys, max_columns, left: None, started: false, ended: false, titles, ends })
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
        let numbers = special::replace(&text, places.iter().map(|place| place.start..place.end));
        let open = &self.shape.items.open;
        let mut found = Found::new(&text, numbers.as_ref(), &mut cells.made, &mut self.keys, open, &self.titles);
        let (mut taken, mut kept) = (places.len(), Vec::new());
        for (i, place) in places.iter().enumerate() {
            let record = &text[place.start..place.end];
            if let Some(key) = &place.key {
                found.key(key);
            }
            let is_object = record.starts_with('{');
            let is_feature = self.shape.features && is_object;
            let json = found.text(place.start..place.end);
            let parsed = match self.shape.wrapping {
                Wrapping::Nothing if is_feature => found.feature(json),
                Wrapping::Member(member) if is_object => found.unwrapped(json, member),
                Wrapping::Bindings if is_object => found.bindings(json),
                Wrapping::Nothing | Wrapping::Member(_) | Wrapping::Bindings => found.record(json),
            };
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
                    return Err(Error::new(Kind::SourceInvalid, format!("{}, line {line}: it is not JSON: {e}", self.url))
                        .with_hint(
                            "JSON has no comments, no comma behind a last member, and double quotes only: publish it so.",
                        ));
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
                        drop_comma(&mut text, start);
                        let place = |start: usize, end, offset| Place { start, end, line, offset, key: None };
                        match scan::several(&text[start..]) {
                            Some(parts) => places
                                .extend(parts.iter().map(|p| place(start + p.start, start + p.end, offset + p.start as u64))),
                            None => places.push(place(start, text.len(), offset)),
                        }
                    } else {
                        self.ended = true;
                    }
                }
                Arrangement::Array if here == Some(b']') => self.pass_rest()?,
                Arrangement::Keyed if here == Some(b'}') => self.pass_rest()?,
                Arrangement::Sequence if here.is_none() => self.ended = true,
                Arrangement::Sequence if here == Some(b',') => {
                    self.scanner.take(b',')?;
                }
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
        Err(self.scanner.unexpected(if end == b']' { "a comma or the array's end" } else { "a comma or the object's end" }))
    }

    /// Reads the names of records that are arrays: those declared, else the first record when it holds names; else that is a record.
    fn find_titles(&mut self, text: &mut Vec<u8>, places: &mut Vec<Place>) -> Result<()> {
        let beside = if self.shape.items.keys.is_empty() { &self.shape.columns } else { &self.shape.items.keys };
        self.titles.clone_from(beside);
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
            drop_comma(text, 0);
        } else {
            self.scanner.value(Some(text))?;
        }
        if self.shape.layout == Arrangement::Array {
            self.pass_comma(b']')?;
        }
        let first: Option<Vec<serde_json::Value>> = serde_json::from_slice(text).ok();
        let is_title = |v: &serde_json::Value| v.as_str().is_some_and(|t| !t.trim().is_empty());
        // Names that stand beside the records are not taken from them, but they may be given there a second time.
        let are_titles = |items: &Vec<serde_json::Value>| match self.shape.columns.as_slice() {
            [] => !items.is_empty() && items.iter().all(is_title),
            names => items.iter().map(serde_json::Value::as_str).eq(names.iter().map(|n| Some(n.as_str()))),
        };
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
        let Some(ends) = self.scanner.seek(&self.shape.path)? else {
            let message = format!("{} has no member \"{}\"", self.url, self.shape.path.join("."));
            return Err(Error::new(Kind::Descriptor, message).with_hint("Correct the dialect's property."));
        };
        self.ends = ends;
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
        for (member, end) in self.shape.path.iter().zip(&self.ends).rev() {
            self.scanner.take(b',')?;
            while !self.scanner.take(*end)? {
                if *end == b'}' && self.scanner.name()? == *member {
                    let e = self.scanner.error(format!("the member \"{member}\" stands there a second time"));
                    return Err(e.with_hint("Publish all records in one member: those of the other would be lost."));
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

/// Drops the comma behind the last record of a line, as in lines that were taken out of an array.
fn drop_comma(text: &mut Vec<u8>, start: usize) {
    let line = text[start..].trim_ascii_end();
    if let Some(record) = line.strip_suffix(b",").map(<[u8]>::trim_ascii_end).filter(|r| r.ends_with(b"}") || r.ends_with(b"]")) {
        let end = start + record.len();
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests;
