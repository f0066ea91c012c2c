//! Spools: rows that were taken out of a workbook or a geographic file once, kept in a file of ours as cells with their kinds, and
//! read as batches as often as the passes need. What the rows were made of is not known here.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cells::{CellKind, Cells, Fault, MAX_CELLS, MAX_SPAN, Span};
use super::names;
use crate::error::{Error, Kind, Result};

/// Text of a batch, about, in bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Rows of a batch, at most.
const BATCH_ROWS: usize = 1 << 16;

/// Marks in the file: what follows.
const ROW: u8 = 1;
const FAULT: u8 = 2;

/// The cell's byte for a [`Moment`].
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
}

impl Writer {
    /// An empty spool at `path`.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        Ok(Self { path: path.to_owned(), out, bytes: 0, columns: Vec::new(), line: 0, cells: 0, row: Vec::new() })
    }

    /// Begins the row of a 1-based line.
    pub(super) fn begin(&mut self, line: u64) {
        self.line = line;
        self.cells = 0;
        self.row.clear();
    }

    /// Adds a cell to the row: each column at most once, in any order.
    pub(super) fn text(&mut self, column: usize, kind: CellKind, text: &str) {
        self.column(column).filled = true;
        self.cells += 1;
        put_number(&mut self.row, column as u64);
        self.row.push(code(kind));
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

    /// Ends the row.
    pub(super) fn end(&mut self) -> Result<()> {
        let mut head = vec![ROW];
        put_number(&mut head, self.line);
        put_number(&mut head, self.cells);
        self.write(&head)?;
        let row = std::mem::take(&mut self.row);
        self.write(&row)?;
        self.row = row;
        Ok(())
    }

    /// Adds what did not fit. Its column is one of the rows' columns; a fault with a column belongs to a row that is kept.
    pub(super) fn fault(&mut self, fault: &Fault) -> Result<()> {
        if let Some(column) = fault.column {
            self.column(column).filled = true;
        }
        let mut out = vec![FAULT];
        put_number(&mut out, fault.line);
        put_number(&mut out, fault.column.map_or(0, |c| c as u64 + 1));
        for text in [&fault.raw, &fault.expected, &fault.reason] {
            put_number(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        self.write(&out)
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

/// Reads one spool.
pub(super) struct Reader<'a> {
    spool: Spool,
    url: &'a str,
    index: usize,
    input: BufReader<File>,
    read: u64,
}

impl<'a> Reader<'a> {
    /// Opens the spool of the table's file `index`, which `url` names.
    pub(super) fn open(spool: &Spool, url: &'a str, index: usize) -> Result<Self> {
        let input = BufReader::with_capacity(1 << 18, File::open(&spool.path)?);
        Ok(Self { spool: spool.clone(), url, index, input, read: 0 })
    }

    /// The columns.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        &self.spool.names
    }

    /// The published names, of those columns that are called otherwise.
    pub(super) fn originals(&self) -> &[Option<String>] {
        &self.spool.originals
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        let width = self.spool.names.len();
        let mut cells = Cells { width, file: self.index, names: Arc::clone(&self.spool.names), ..Cells::default() };
        while self.read < self.spool.bytes
            && cells.text.len() < BATCH_BYTES
            && cells.rows() + cells.faults.len() < BATCH_ROWS
            && (cells.spans.len() + width <= MAX_CELLS || cells.rows() == 0)
        {
            match self.byte()? {
                ROW => self.row(&mut cells)?,
                _ => {
                    let fault = self.fault()?;
                    cells.faults.push(fault);
                }
            }
        }
        cells.bytes_read = self.read;
        Ok((cells.rows() > 0 || !cells.faults.is_empty()).then_some(cells))
    }

    fn row(&mut self, cells: &mut Cells) -> Result<()> {
        let line = self.number()?;
        let first = cells.spans.len();
        cells.spans.resize(first + cells.width, Span::ABSENT);
        for _ in 0..self.number()? {
            let column = self.number()? as usize;
            let place = self.spool.places.get(column).copied().flatten();
            let start = cells.text.len();
            let kind = match self.byte()? {
                MOMENT => {
                    let (mut day, mut millis) = ([0; 4], [0; 4]);
                    self.fill(&mut day)?;
                    self.fill(&mut millis)?;
                    let day = Some(i32::from_le_bytes(day)).filter(|d| *d != NO_DAY);
                    let moment = Moment { day, millis: u32::from_le_bytes(millis) };
                    let known = self.spool.columns.get(column).copied().unwrap_or_default();
                    if moment == (Moment { day: None, millis: 0 }) && known.days {
                        cells.faults.push(no_day(line, place));
                        continue;
                    }
                    cells.text.push_str(&shown(moment, known.clocks));
                    CellKind::String
                }
                coded => {
                    let len = self.size()?;
                    let text = self.string(len)?;
                    cells.text.push_str(&text);
                    kind(coded)
                }
            };
            let len = cells.text.len() - start;
            if len > MAX_SPAN {
                let message = format!("{}, line {line}: a cell is longer than {MAX_SPAN} bytes", self.url);
                return Err(Error::new(Kind::SourceInvalid, message));
            }
            if let Some(place) = place {
                cells.spans[first + place] = Span::new(start, len, false, kind);
            }
        }
        cells.lines.push(line);
        Ok(())
    }

    fn fault(&mut self) -> Result<Fault> {
        let line = self.number()?;
        let column = self.number()?.checked_sub(1);
        let column = column.and_then(|c| self.spool.places.get(c as usize).copied().flatten());
        let mut texts = [String::new(), String::new(), String::new()];
        for text in &mut texts {
            let len = self.size()?;
            *text = self.string(len)?;
        }
        let [raw, expected, reason] = texts;
        Ok(Fault { line, column, raw, expected, reason })
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.input.read_exact(bytes).map_err(|e| Error::from(e).within(self.spool.path.display()))?;
        self.read += bytes.len() as u64;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        Ok(byte[0])
    }

    fn number(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.broken())
    }

    /// The length of a text: no more than the file has.
    fn size(&mut self) -> Result<usize> {
        let number = self.number()?;
        usize::try_from(number).ok().filter(|n| *n as u64 <= self.spool.bytes).ok_or_else(|| self.broken())
    }

    fn string(&mut self, len: usize) -> Result<String> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| self.broken())
    }

    /// Only this process writes spools, so a broken one was changed by another.
    fn broken(&self) -> Error {
        Error::new(Kind::Io, format!("{} is not as it was written", self.spool.path.display()))
    }
}

/// Seven bits a byte, the lowest first, the eighth set on all but the last (LEB128).
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn code(kind: CellKind) -> u8 {
    match kind {
        CellKind::Absent => 0,
        CellKind::Plain => 1,
        CellKind::String => 2,
        CellKind::Scalar => 3,
        CellKind::Nested => 4,
        CellKind::Undecodable => 5,
    }
}

fn kind(code: u8) -> CellKind {
    match code {
        0 => CellKind::Absent,
        1 => CellKind::Plain,
        2 => CellKind::String,
        3 => CellKind::Scalar,
        4 => CellKind::Nested,
        _ => CellKind::Undecodable,
    }
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

fn no_day(line: u64, column: Option<usize>) -> Fault {
    Fault {
        line,
        column,
        raw: "0".to_owned(),
        expected: "a date".to_owned(),
        reason: "the day number 0 is not a date".to_owned(),
    }
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
        out.moment(2, day(18_262, 0));
        out.moment(3, day(0, 3_723_004));
        out.moment(4, Moment { day: None, millis: 0 });
        out.end().expect("is written");
        let fault = |line, column: Option<usize>| Fault {
            line,
            column,
            raw: "#N/A".into(),
            expected: "a value".into(),
            reason: "é".into(),
        };
        out.fault(&fault(2, Some(2))).expect("is written");
        out.fault(&fault(3, None)).expect("is written");
        out.begin(4);
        out.text(9, CellKind::String, "é");
        out.moment(2, Moment { day: None, millis: 0 });
        out.moment(3, day(1, 0));
        out.end().expect("is written");
        assert_eq!(out.filled().collect::<Vec<_>>(), [0, 2, 3, 4, 9]);
        let columns = [(0, "a"), (2, "d"), (3, "t"), (4, "c"), (9, "")].map(|(c, n)| (c, n.to_owned()));
        let spool = out.finish(&columns).expect("is closed");
        for _ in 0..2 {
            let mut reader = Reader::open(&spool, "f", 0).expect("opens");
            assert_eq!(reader.names().join("|"), "a|d|t|c|column_5");
            let cells = reader.next().expect("reads").expect("has rows");
            let row = |r: usize| (0..5).map(|c| cells.column(c).nth(r).expect("a row").text).collect::<Vec<_>>().join("|");
            assert_eq!(row(0), "1|2020-01-01|1970-01-01 01:02:03.004|00:00:00|");
            assert_eq!(row(1), "||1970-01-02 00:00:00||é");
            let faults: Vec<_> = cells.faults.iter().map(|f| (f.line, f.column)).collect();
            assert_eq!((cells.lines.as_slice(), faults), (&[2, 4][..], vec![(2, Some(1)), (3, None), (4, Some(1))]));
            assert_eq!(cells.bytes_read, spool.bytes);
            assert!(reader.next().expect("reads").is_none());
        }
    }
}
