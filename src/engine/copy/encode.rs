//! Rows as `COPY` writes them (PostgreSQL 15, COPY, "File Formats"): a column of a batch at a time into a reused buffer, then row by row.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::{Copy, CopyFormat, ForceQuote};
use crate::error::Result;
use crate::table::pg_charset::Charset;
use crate::table::pg_type::PgType;
use crate::table::pg_value::{Cells, Format, SLACK, Style};

/// What a binary file begins with: the signature, no flags, no extension.
const BINARY_HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What a binary file ends with: a row of -1 columns.
const BINARY_TAIL: &[u8] = &[0xff, 0xff];

/// Writes the batches of one `COPY`. Keeps its buffers from batch to batch.
pub struct CopyEncoder {
    form: Form,
    style: Style,
    /// What lines are to be turned into: escapes are found in UTF-8, where no byte of a character is another one.
    charset: Option<Charset>,
    columns: Vec<Column>,
    /// What stands before the first row, until it is written.
    head: Vec<u8>,
}

struct Column {
    pg: &'static PgType,
    force_quote: bool,
    /// Its texts hold nothing that a line gives a meaning to, and none is like NULL's.
    plain: bool,
    cells: Cells,
}

enum Form {
    Lines(Box<Lines>),
    Binary,
}

/// How fields become a line.
struct Lines {
    delimiter: u8,
    null: Vec<u8>,
    /// The quote and what stands before one in a value; `None` where values are escaped with backslashes.
    quoting: Option<(u8, u8)>,
    /// Which bytes need quotes, or a backslash and which letter.
    special: [u8; 256],
    /// There is one column.
    alone: bool,
}

impl CopyEncoder {
    /// An encoder for rows of `schema`.
    pub fn new(schema: &Schema, copy: &Copy, style: Style) -> Self {
        let forced = |name: &str| match &copy.format {
            CopyFormat::Csv { force_quote: ForceQuote::All, .. } => true,
            CopyFormat::Csv { force_quote: ForceQuote::Columns(names), .. } => names.iter().any(|n| n == name),
            CopyFormat::Text { .. } | CopyFormat::Binary => false,
        };
        let columns: Vec<Column> = schema
            .fields()
            .iter()
            .map(|f| {
                let (pg, force_quote) = (PgType::of_field(f), forced(f.name()));
                Column { pg, force_quote, plain: !force_quote && is_plain(pg, &copy.format), cells: Cells::default() }
            })
            .collect();
        let alone = columns.len() == 1;
        let form = match &copy.format {
            CopyFormat::Binary => Form::Binary,
            CopyFormat::Text { delimiter, null } => Form::Lines(Box::new(Lines::text(*delimiter, null, alone))),
            CopyFormat::Csv { delimiter, null, quote, escape, .. } => {
                Form::Lines(Box::new(Lines::csv(*delimiter, null, *quote, *escape, alone)))
            }
        };
        let mut head = Vec::new();
        match &form {
            Form::Binary => head.extend_from_slice(BINARY_HEAD),
            Form::Lines(lines) if copy.header => lines.names(schema, &mut head),
            Form::Lines(_) => {}
        }
        let (style, charset) = match &form {
            Form::Lines(_) => {
                let charset = copy.encoding.map_or(style.charset(), |encoding| Some(encoding).filter(|e| !e.is_own()));
                (style.in_utf8(), charset)
            }
            // As in PostgreSQL, whose binary texts are in the client's encoding.
            Form::Binary => (style, None),
        };
        Self { form, style, charset, columns, head }
    }

    /// Takes a batch, whose rows [`Self::row`] then writes. Tells how much room they need at most, all together.
    pub fn load(&mut self, batch: &RecordBatch) -> Result<usize> {
        let (format, rows) = (self.format(), batch.num_rows());
        // The number of columns of a row, or its end.
        let mut bytes = 2 * rows + SLACK;
        for ((column, array), field) in self.columns.iter_mut().zip(batch.columns()).zip(batch.schema_ref().fields()) {
            let cells = column.cells.load(array, field, column.pg, format, &self.style)?;
            bytes += match &self.form {
                Form::Binary => cells,
                // A delimiter takes less than the length in front of a cell.
                Form::Lines(lines) if column.plain => cells + lines.null.len() * rows,
                // So do two quotes, and each byte may need another before it.
                Form::Lines(lines) => 2 * cells + lines.null.len() * rows,
            };
        }
        Ok(bytes)
    }

    /// What comes before the first row; empty when asked for again. In the binary form, as PostgreSQL sends it, it belongs to the first row.
    pub fn head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.head)
    }

    /// What comes behind the last row.
    pub fn tail(&self) -> &'static [u8] {
        match self.form {
            Form::Lines(_) => &[],
            Form::Binary => BINARY_TAIL,
        }
    }

    /// What lines, which are written in UTF-8, are to be turned into.
    pub fn charset(&self) -> Option<Charset> {
        self.charset
    }

    /// The form of values.
    pub fn format(&self) -> Format {
        match self.form {
            Form::Lines(_) => Format::Text,
            Form::Binary => Format::Binary,
        }
    }

    /// Writes a row of the batch that was loaded to the start of `out`, and tells how many bytes it has. There must be the room that
    /// [`Self::load`] told, less what the rows before took.
    #[inline]
    pub fn row(&self, row: usize, out: &mut [u8]) -> usize {
        let lines = match &self.form {
            Form::Lines(lines) => lines,
            Form::Binary => {
                out[..2].copy_from_slice(&(self.columns.len() as u16).to_be_bytes());
                return self.columns.iter().fold(2, |at, column| at + column.cells.copy(row, &mut out[at..]));
            }
        };
        let mut at = 0;
        for column in &self.columns {
            at += match if column.plain {
                column.cells.copy_bare(row, &mut out[at..])
            } else {
                column.field(lines, row, &mut out[at..])
            } {
                Some(length) => length,
                None => put(&lines.null, &mut out[at..]),
            };
            out[at] = lines.delimiter;
            at += 1;
        }
        // In place of the last delimiter; a row of no columns is an empty line.
        let end = at.saturating_sub(1);
        out[end] = b'\n';
        end + 1
    }
}

impl Column {
    /// Writes a field that may need quotes or escapes; `None` for null.
    #[inline]
    fn field(&self, lines: &Lines, row: usize, out: &mut [u8]) -> Option<usize> {
        let value = self.cells.get(row)?;
        if lines.is_plain(value) && !self.force_quote { self.cells.copy_bare(row, out) } else { Some(lines.field(value, out)) }
    }
}

/// Copies bytes to the start of `out`; how many they are.
#[inline]
fn put(bytes: &[u8], out: &mut [u8]) -> usize {
    out[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}

/// Whether the texts of a type - numbers, dates and truths have letters, digits, signs, points, colons and blanks - need no look.
fn is_plain(pg: &PgType, format: &CopyFormat) -> bool {
    let (delimiter, null) = match format {
        CopyFormat::Text { delimiter, null } | CopyFormat::Csv { delimiter, null, .. } => (*delimiter, null.as_str()),
        CopyFormat::Binary => return false,
    };
    let quoted = matches!(format, CopyFormat::Csv { quote, .. } if quote.is_ascii_alphanumeric() || b" +-.:".contains(quote));
    matches!(pg.category, 'N' | 'D' | 'B') && b"\t,;|".contains(&delimiter) && ["", "\\N"].contains(&null) && !quoted
}

/// No byte of its own: it stands as it is.
const PLAIN: u8 = 0;

impl Lines {
    fn text(delimiter: u8, null: &str, alone: bool) -> Self {
        let mut special = [PLAIN; 256];
        for (byte, letter) in [(8, b'b'), (b'\t', b't'), (b'\n', b'n'), (11, b'v'), (12, b'f'), (b'\r', b'r'), (b'\\', b'\\')] {
            special[usize::from(byte)] = letter;
        }
        if special[usize::from(delimiter)] == PLAIN {
            special[usize::from(delimiter)] = delimiter;
        }
        Self { delimiter, null: null.as_bytes().to_vec(), quoting: None, special, alone }
    }

    fn csv(delimiter: u8, null: &str, quote: u8, escape: u8, alone: bool) -> Self {
        let mut special = [PLAIN; 256];
        for byte in [delimiter, quote, b'\n', b'\r'] {
            special[usize::from(byte)] = 1;
        }
        Self { delimiter, null: null.as_bytes().to_vec(), quoting: Some((quote, escape)), special, alone }
    }

    /// The line of the columns' names.
    fn names(&self, schema: &Schema, out: &mut Vec<u8>) {
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter);
            }
            let name = field.name().as_bytes();
            if self.is_plain(name) {
                out.extend_from_slice(name);
            } else {
                let mut shown = vec![0; 2 * name.len() + 2];
                let length = self.field(name, &mut shown);
                out.extend_from_slice(&shown[..length]);
            }
        }
        out.push(b'\n');
    }

    /// Whether a value stands in a line as it is. One that reads like NULL, or like the end of the data, is quoted to be none.
    #[inline]
    fn is_plain(&self, value: &[u8]) -> bool {
        let ambiguous = self.quoting.is_some() && (value == self.null || (self.alone && value == b"\\."));
        !ambiguous && value.iter().all(|byte| self.special[usize::from(*byte)] == PLAIN)
    }

    /// Writes a value in quotes, or with escapes, to the start of `out`; how many bytes that are.
    fn field(&self, value: &[u8], out: &mut [u8]) -> usize {
        let Some((quote, escape)) = self.quoting else { return self.escaped(value, out) };
        let mut at = put(&[quote], out);
        for byte in value {
            if *byte == quote || *byte == escape {
                at += put(&[escape], &mut out[at..]);
            }
            at += put(&[*byte], &mut out[at..]);
        }
        at + put(&[quote], &mut out[at..])
    }

    fn escaped(&self, value: &[u8], out: &mut [u8]) -> usize {
        let mut at = 0;
        for byte in value {
            at += match self.special[usize::from(*byte)] {
                PLAIN => put(&[*byte], &mut out[at..]),
                letter => put(&[b'\\', letter], &mut out[at..]),
            };
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::super::super::admit::{Action, parse};
    use super::*;

    fn written(options: &str) -> Vec<u8> {
        let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None, Some(-1)]));
        let b: ArrayRef = Arc::new(StringArray::from(vec![Some("x\ty\\"), Some(""), Some("say \"hi\", now\n")]));
        let batch = RecordBatch::try_from_iter([("a", a), ("b, b", b)]).expect("columns of one length");
        let statement = parse(&format!("copy (select 1) to stdout {options}")).expect("it parses").remove(0);
        let Action::Copy(_, copy) = &statement.action else { panic!("COPY is COPY") };
        let mut encoder = CopyEncoder::new(&batch.schema(), copy, Style::default());
        let head = encoder.head();
        let mut room = vec![0; encoder.load(&batch).expect("both types have a form")];
        let length = (0..batch.num_rows()).fold(0, |at, row| at + encoder.row(row, &mut room[at..]));
        [&head[..], &room[..length], encoder.tail()].concat()
    }

    /// As PostgreSQL 15 writes the same rows.
    #[test]
    fn rows_are_written_as_postgresql_does() {
        for (options, want) in [
            ("", "7\tx\\ty\\\\\n\\N\t\n-1\tsay \"hi\", now\\n\n"),
            ("(header, delimiter ',', null '-')", "a,b\\, b\n7,x\\ty\\\\\n-,\n-1,say \"hi\"\\, now\\n\n"),
            ("csv header", "a,\"b, b\"\n7,x\ty\\\n,\"\"\n-1,\"say \"\"hi\"\", now\n\"\n"),
            ("(format csv, quote '''', escape '\\', force_quote *)", "'7','x\ty\\\\'\n,''\n'-1','say \"hi\", now\n'\n"),
            ("(format csv, delimiter ';', null 'x', force_quote (a))", "\"7\";x\ty\\\nx;\n\"-1\";\"say \"\"hi\"\", now\n\"\n"),
        ] {
            assert_eq!(String::from_utf8(written(options)).expect("text"), want, "{options}");
        }
        let binary = written("binary");
        assert!(binary.starts_with(BINARY_HEAD) && binary.ends_with(BINARY_TAIL));
        assert_eq!(binary[19..37], *b"\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x04x\ty\\");
    }
}
