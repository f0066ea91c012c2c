//! Spools, read: batches of cells as often as the passes need. How rows got into the file stands above.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use super::{FAULT, MOMENT, Moment, NO_DAY, ROW, Spool, shown};
use crate::error::{Error, Kind, Result};
use crate::snapshot::cells::{BATCH_BYTES, BATCH_ROWS, CellKind, Cells, Fault, MAX_CELLS, MAX_SPAN, Span};

/// Where the last text of a batch may start, at most: what a span can name.
const MAX_START: usize = u32::MAX as usize;

/// Reads one spool.
pub(in crate::snapshot) struct Reader<'a> {
    spool: &'a Spool,
    url: &'a str,
    index: usize,
    input: BufReader<File>,
    read: u64,
    /// The text at hand, before it is known to be one.
    bytes: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// Opens the spool of the table's file `index`, which `url` names.
    pub(in crate::snapshot) fn open(spool: &'a Spool, url: &'a str, index: usize) -> Result<Self> {
        let file = File::open(&spool.path).map_err(|e| Error::from(e).within(spool.path.display()))?;
        let input = BufReader::with_capacity(1 << 18, file);
        Ok(Self { spool, url, index, input, read: 0, bytes: Vec::new() })
    }

    /// The columns.
    pub(in crate::snapshot) fn names(&self) -> &Arc<Vec<String>> {
        &self.spool.names
    }

    /// The published names, of those columns that are called otherwise.
    pub(in crate::snapshot) fn originals(&self) -> &[Option<String>] {
        &self.spool.originals
    }

    /// The next batch; `None` at the end.
    pub(in crate::snapshot) fn next(&mut self) -> Result<Option<Cells>> {
        let width = self.spool.names.len();
        let mut cells = Cells { width, file: self.index, names: Arc::clone(&self.spool.names), ..Cells::default() };
        while self.read < self.spool.bytes
            && cells.text.len() < BATCH_BYTES
            && cells.rows() + cells.faults.len() < BATCH_ROWS
            && (cells.spans.len() + width <= MAX_CELLS || cells.rows() == 0)
        {
            match self.byte()? {
                ROW => self.row(&mut cells)?,
                FAULT => {
                    let fault = self.fault()?;
                    cells.faults.push(fault);
                }
                _ => return Err(self.broken()),
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
                        let fault = no_day(line, place);
                        cells.text.push_str(&fault.reason);
                        cells.faults.push(fault);
                        CellKind::Absent
                    } else {
                        cells.text.push_str(&shown(moment, known.clocks));
                        CellKind::String
                    }
                }
                code => {
                    self.text(&mut cells.text)?;
                    CellKind::of_code(code).ok_or_else(|| self.broken())?
                }
            };
            let len = cells.text.len() - start;
            if len > MAX_SPAN || start > MAX_START {
                let what = if len > MAX_SPAN {
                    format!("cell is longer than {MAX_SPAN}")
                } else {
                    format!("row is longer than {MAX_START}")
                };
                return Err(Error::new(Kind::SourceInvalid, format!("{}, line {line}: a {what} bytes", self.url)));
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
            self.text(text)?;
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

    /// Adds the next text to `out`.
    fn text(&mut self, out: &mut String) -> Result<()> {
        // No text is longer than the file.
        let len = Some(self.number()?).filter(|len| *len <= self.spool.bytes).and_then(|len| usize::try_from(len).ok());
        let len = len.ok_or_else(|| self.broken())?;
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.resize(len, 0);
        self.fill(&mut bytes)?;
        out.push_str(std::str::from_utf8(&bytes).map_err(|_| self.broken())?);
        self.bytes = bytes;
        Ok(())
    }

    /// Only this process writes spools, so a broken one was changed by another.
    fn broken(&self) -> Error {
        Error::new(Kind::Io, format!("{} is not as it was written", self.spool.path.display()))
    }
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
