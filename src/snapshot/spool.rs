//! Spools: rows that were taken out of a workbook or a geographic file once, kept in a file of ours as cells with their kinds, and
//! read as batches as often as the passes need. What the rows were made of is not known here.

mod read;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use self::read::Reader;
use super::cells::{CellKind, Fault};
use super::names;
use crate::error::Result;

/// Marks in the file: what follows.
const ROW: u8 = 1;
const FAULT: u8 = 2;

/// The cell's byte for a [`Moment`]; those below are the codes of [`CellKind`].
const MOMENT: u8 = 7;

/// Stands for "no day" in the file.
const NO_DAY: i32 = i32::MIN;

/// A date, a time of day or both, before it is known which of them its column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Days since 1970-01-01; `None` for a time of day alone.
    pub(super) day: Option<i32>,
    /// Milliseconds since midnight.
    pub(super) millis: u32,
}

/// What is known of one column of the rows as they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Column {
    /// Some row has a cell in it.
    filled: bool,
    /// Some moment has a day.
    days: bool,
    /// Some moment is not midnight.
    clocks: bool,
}

/// A finished spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spool {
    path: PathBuf,
    /// Of the file.
    pub(super) bytes: u64,
    names: Arc<Vec<String>>,
    originals: Vec<Option<String>>,
    columns: Vec<Column>,
    /// For each column of the rows, its place in `names`.
    places: Vec<Option<usize>>,
    /// The coordinate reference system of its geometries, in well-known text as published.
    pub(super) crs: Option<String>,
}

/// Writes rows as they come; how many columns there are, and what they are called, is said at the end.
pub(super) struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    bytes: u64,
    columns: Vec<Column>,
    /// The row at hand: its line, its number of cells, and those.
    line: u64,
    cells: u64,
    row: Vec<u8>,
    /// What is wrong with cells of it.
    faults: Vec<u8>,
}

impl Writer {
    /// An empty spool at `path`.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        Ok(Self {
            path: path.to_owned(),
            out,
            bytes: 0,
            columns: Vec::new(),
            line: 0,
            cells: 0,
            row: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// Begins the row of a 1-based line.
    pub(super) fn begin(&mut self, line: u64) {
        self.line = line;
        self.cells = 0;
        self.row.clear();
    }

    /// Adds a cell to the row: each column at most once, in any order. One with a NUL, which text can't hold, is undecodable.
    pub(super) fn text(&mut self, column: usize, kind: CellKind, text: &str) {
        let has_nul = memchr::memchr(0, text.as_bytes()).is_some();
        let written_out = has_nul.then(|| text.replace('\0', "\\x00"));
        match &written_out {
            Some(text) => self.cell(column, CellKind::Undecodable, text),
            None => self.cell(column, kind, text),
        }
    }

    fn cell(&mut self, column: usize, kind: CellKind, text: &str) {
        self.column(column).filled = true;
        self.cells += 1;
        put_number(&mut self.row, column as u64);
        self.row.push(kind.code());
        put_number(&mut self.row, text.len() as u64);
        self.row.extend_from_slice(text.as_bytes());
    }

    /// Adds a date or time to the row.
    pub(super) fn moment(&mut self, column: usize, moment: Moment) {
        let known = self.column(column);
        known.filled = true;
        known.days |= moment.day.is_some();
        known.clocks |= moment.millis > 0;
        self.cells += 1;
        put_number(&mut self.row, column as u64);
        self.row.push(MOMENT);
        self.row.extend_from_slice(&moment.day.unwrap_or(NO_DAY).to_le_bytes());
        self.row.extend_from_slice(&moment.millis.to_le_bytes());
    }

    /// Ends the row, behind which stand its faults.
    pub(super) fn end(&mut self) -> Result<()> {
        let mut head = vec![ROW];
        put_number(&mut head, self.line);
        put_number(&mut head, self.cells);
        self.write(&head)?;
        let row = std::mem::take(&mut self.row);
        self.write(&row)?;
        self.row = row;
        let faults = std::mem::take(&mut self.faults);
        self.write(&faults)
    }

    /// Adds what did not fit. One with a column is that of the row at hand, which has no other cell in it: its reason stands there. One
    /// without is a row that is left out, and comes between rows.
    pub(super) fn fault(&mut self, fault: &Fault) -> Result<()> {
        let mut out = vec![FAULT];
        put_number(&mut out, fault.line);
        put_number(&mut out, fault.column.map_or(0, |c| c as u64 + 1));
        for text in [&fault.raw, &fault.expected, &fault.reason] {
            put_number(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        let Some(column) = fault.column else { return self.write(&out) };
        self.cell(column, CellKind::Absent, &fault.reason);
        self.faults.append(&mut out);
        Ok(())
    }

    /// Columns of the rows that have a cell, in order.
    pub(super) fn filled(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().enumerate().filter(|(_, c)| c.filled).map(|(i, _)| i)
    }

    /// Closes the spool. The table has the `columns` given, each with its published name (empty for one without); they hold all that
    /// are [`Self::filled`].
    pub(super) fn finish(mut self, columns: &[(usize, String)]) -> Result<Spool> {
        self.out.flush()?;
        let published: Vec<String> = columns.iter().map(|(_, name)| name.clone()).collect();
        let (names, originals) = names::unique(&published);
        let most = columns.iter().map(|(column, _)| column + 1).max().unwrap_or(0).max(self.columns.len());
        self.columns.resize(most, Column::default());
        let mut places = vec![None; most];
        for (place, (column, _)) in columns.iter().enumerate() {
            places[*column] = Some(place);
        }
        let (names, columns) = (Arc::new(names), self.columns);
        Ok(Spool { path: self.path, bytes: self.bytes, names, originals, columns, places, crs: None })
    }

    fn column(&mut self, column: usize) -> &mut Column {
        if column >= self.columns.len() {
            self.columns.resize(column + 1, Column::default());
        }
        &mut self.columns[column]
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Spool {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The same spool, whose geometries are said to be in a coordinate reference system.
    pub(super) fn with_crs(self, crs: Option<String>) -> Self {
        Self { crs, ..self }
    }
}

/// Seven bits a byte, the lowest first, the eighth set on all but the last (LEB128).
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A moment as ISO 8601 writes it; a day without its midnight when the column knows no other time.
pub(super) fn shown(moment: Moment, clocks: bool) -> String {
    let seconds = moment.millis / 1000;
    let mut clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if !moment.millis.is_multiple_of(1000) {
        clock.push_str(&format!(".{:03}", moment.millis % 1000));
    }
    let Some(day) = moment.day else { return clock };
    let day = match chrono::NaiveDate::from_epoch_days(day) {
        Some(day) => day.format("%Y-%m-%d").to_string(),
        None => format!("day {day}"),
    };
    if clocks { format!("{day} {clock}") } else { day }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_went() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut out = Writer::create(&dir.path().join("spool")).expect("is made");
        let day = |day, millis| Moment { day: Some(day), millis };
        out.begin(2);
        out.text(0, CellKind::Scalar, "1");
        out.text(1, CellKind::String, "a\0");
        out.moment(2, day(18_262, 0));
        out.moment(3, day(0, 3_723_004));
        out.moment(4, Moment { day: None, millis: 0 });
        let fault = |line, column: Option<usize>| Fault {
            line,
            column,
            raw: "#N/A".into(),
            expected: "a value".into(),
            reason: "é".into(),
        };
        out.fault(&fault(2, Some(9))).expect("is kept");
        out.end().expect("is written");
        out.fault(&fault(3, None)).expect("is written");
        out.begin(4);
        out.text(9, CellKind::String, "é");
        out.moment(2, Moment { day: None, millis: 0 });
        out.moment(3, day(1, 0));
        out.end().expect("is written");
        assert_eq!(out.filled().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 9]);
        let columns = [(0, "a"), (1, "n"), (2, "d"), (3, "t"), (4, "c"), (9, "")].map(|(c, n)| (c, n.to_owned()));
        let spool = out.finish(&columns).expect("is closed");
        for _ in 0..2 {
            let mut reader = Reader::open(&spool, "f", 0).expect("opens");
            assert_eq!(reader.names().join("|"), "a|n|d|t|c|column_6");
            let cells = reader.next().expect("reads").expect("has rows");
            let row = |r: usize| (0..6).map(|c| cells.column(c).nth(r).expect("a row").text).collect::<Vec<_>>().join("|");
            assert_eq!(row(0), "1|a\\x00|2020-01-01|1970-01-01 01:02:03.004|00:00:00|é");
            assert_eq!(row(1), "||the day number 0 is not a date|1970-01-02 00:00:00||é");
            let kinds = cells.column(5).map(|c| c.kind).collect::<Vec<_>>();
            assert_eq!(kinds, [CellKind::Absent, CellKind::String]);
            let faults: Vec<_> = cells.faults.iter().map(|f| (f.line, f.column)).collect();
            assert_eq!((cells.lines.as_slice(), faults), (&[2, 4][..], vec![(2, Some(5)), (3, None), (4, Some(2))]));
            assert_eq!(cells.column(1).next().map(|c| c.kind), Some(CellKind::Undecodable));
            assert_eq!(cells.bytes_read, spool.bytes);
            assert!(reader.next().expect("reads").is_none());
        }
    }

    #[test]
    fn a_spool_that_somebody_changed_is_an_error() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("spool");
        let mut out = Writer::create(&path).expect("is made");
        out.begin(1);
        out.text(0, CellKind::Plain, "x");
        out.end().expect("is written");
        let spool = out.finish(&[(0, "a".to_owned())]).expect("is closed");
        let sound = std::fs::read(&path).expect("is read");
        for (at, byte) in [(0, 9), (4, 6), (5, 3), (6, 0xff)] {
            let mut bytes = sound.clone();
            bytes[at] = byte;
            std::fs::write(&path, bytes).expect("is written");
            let read = Reader::open(&spool, "f", 0).expect("opens").next();
            assert_eq!(read.expect_err("is broken").kind(), crate::error::Kind::Io, "byte {at}");
        }
    }
}
