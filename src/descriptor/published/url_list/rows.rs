//! The rows of delimited text (RFC 4180), one at a time, each with its text to the letter.

use std::io::{self, BufRead, Read};

/// The longest row, in bytes.
const LONGEST: usize = 1 << 20;

/// A row.
#[derive(Default)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    raw: Vec<u8>,
    is_open: bool,
    is_long: bool,
    is_garbled: bool,
}

impl Row {
    /// Its text, without the end of its line.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).trim_end_matches(['\r', '\n']).to_owned()
    }

    /// What is wrong with its text.
    pub(super) fn faults(&self) -> impl Iterator<Item = &'static str> {
        let faults = [
            (self.is_open, "a quoted cell does not end; close its quote"),
            (self.is_long, "the line is longer than 1 MiB; what follows is left out"),
            (self.is_garbled, "some of the bytes are not UTF-8; they stand as \u{fffd}. Publish it as UTF-8"),
        ];
        faults.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what)
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// Where in a row a byte stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// Behind a quote within quotes, which ends the cell or stands for itself.
    Quote,
}

pub(super) struct Rows<'i> {
    input: &'i mut dyn BufRead,
    delimiter: Option<char>,
}

impl<'i> Rows<'i> {
    pub(super) fn new(input: &'i mut dyn BufRead) -> Self {
        Self { input, delimiter: None }
    }

    /// The next row that says something; blank ones and comments (`#`) are passed over. The first line chooses what stands between cells.
    pub(super) fn next(&mut self, choose: impl Fn(&str) -> char) -> io::Result<Option<Row>> {
        loop {
            let mut row = Row::default();
            if !self.line(&mut row)? {
                return Ok(None);
            }
            if row.raw.starts_with(b"#") || row.raw.trim_ascii().is_empty() {
                continue;
            }
            let first = String::from_utf8_lossy(&row.raw);
            let delimiter = *self.delimiter.get_or_insert_with(|| choose(&first));
            self.parse(&mut row, delimiter)?;
            if !row.is_blank() {
                return Ok(Some(row));
            }
        }
    }

    /// Appends a line; false at the end.
    fn line(&mut self, row: &mut Row) -> io::Result<bool> {
        let is_first = self.delimiter.is_none() && row.raw.is_empty();
        let room = LONGEST.saturating_sub(row.raw.len());
        let mut input: &mut dyn BufRead = self.input;
        let read = (&mut input).take(room as u64).read_until(b'\n', &mut row.raw)?;
        if is_first && row.raw.starts_with(b"\xef\xbb\xbf") {
            row.raw.drain(..3);
        }
        if read == room && row.raw.last() != Some(&b'\n') {
            row.is_long = true;
            // The rest of the line says nothing more.
            let mut rest = Vec::new();
            while (&mut input).take(1 << 16).read_until(b'\n', &mut rest)? > 0 && rest.last() != Some(&b'\n') {
                rest.clear();
            }
        }
        Ok(read > 0)
    }

    /// Parts the row into cells; one within quotes may go over several lines.
    fn parse(&mut self, row: &mut Row, delimiter: char) -> io::Result<()> {
        // A list of lines is parted once, by blanks: a URL and what it is called.
        if delimiter == ' ' {
            let text = row.text();
            let text = text.trim();
            let (url, title) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            row.cells = [url, title.trim()].into_iter().filter(|cell| !cell.is_empty()).map(str::to_owned).collect();
            row.is_garbled = std::str::from_utf8(&row.raw).is_err();
            return Ok(());
        }
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        let (mut at, mut cell, mut seen) = (At::Start, Vec::new(), 0);
        loop {
            for &byte in &row.raw[seen..] {
                at = match (at, byte) {
                    (At::Start, b'"') => At::Quoted,
                    (At::Quoted, b'"') => At::Quote,
                    (At::Start | At::Plain | At::Quote, _) if byte == delimiter => {
                        row.cells.push(text(&mut cell, &mut row.is_garbled));
                        At::Start
                    }
                    (At::Start | At::Plain | At::Quote, b'\r' | b'\n') => at,
                    (At::Quoted, _) | (At::Quote, b'"') => {
                        cell.push(byte);
                        At::Quoted
                    }
                    (At::Start | At::Plain | At::Quote, _) => {
                        cell.push(byte);
                        At::Plain
                    }
                };
            }
            seen = row.raw.len();
            if at != At::Quoted {
                break;
            }
            if row.is_long || !self.line(row)? {
                row.is_open = true;
                break;
            }
        }
        row.cells.push(text(&mut cell, &mut row.is_garbled));
        Ok(())
    }
}

fn text(bytes: &mut Vec<u8>, is_garbled: &mut bool) -> String {
    match String::from_utf8(std::mem::take(bytes)) {
        Ok(text) => text,
        Err(e) => {
            *is_garbled = true;
            String::from_utf8_lossy(e.as_bytes()).into_owned()
        }
    }
}
