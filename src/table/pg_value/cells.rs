//! One column on its way into rows: its values encoded, or its texts where they lie, and a cell copied from there into its row.

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Field};

use crate::error::Result;
use crate::table::pg_type::{self, PgType};

use super::values::{COPIED, LENGTH, NULL, copied};
use super::{Format, Style, Values, column, too_big};

/// The cells of a batch's column. Keeps its memory from batch to batch.
#[derive(Default)]
pub struct Cells {
    values: Values,
    /// Texts that need no encoding, in place of [`Self::values`].
    texts: Texts,
}

#[derive(Default)]
enum Texts {
    #[default]
    None,
    Plain(StringArray),
    Views(StringViewArray),
}

/// What the room for a row must have beyond its bytes, since cells are copied whole steps at a time.
pub const SLACK: usize = LENGTH + COPIED;

impl Cells {
    /// Takes the column's cells in a batch, and tells how many bytes they have, with four for the length of each. Errors as
    /// [`encode`](super::encode).
    pub fn load(&mut self, array: &ArrayRef, field: &Field, pg: &'static PgType, format: Format, style: &Style) -> Result<usize> {
        // Binary forms are no texts, but for those of texts.
        let charset = style.charset.filter(|_| format == Format::Text || is_text(pg));
        self.texts = if charset.is_none() { Texts::of(array, pg, format) } else { Texts::None };
        self.values.clear();
        match &self.texts {
            Texts::None => {
                column::encode(array, field, pg, format, style, &mut self.values)?;
                if let Some(charset) = charset {
                    self.values.in_charset(charset)?;
                }
                self.values.seal();
                Ok(self.values.bytes())
            }
            Texts::Plain(texts) => {
                let offsets = texts.value_offsets();
                Ok((offsets[texts.len()] - offsets[0]) as usize + LENGTH * texts.len())
            }
            Texts::Views(texts) => {
                // A view begins with its length.
                let length = |view: &u128| i32::try_from(*view as u32).map_err(|_| too_big());
                let bytes = texts.views().iter().try_fold(0, |sum, view| Ok(sum + length(view)? as usize));
                bytes.map(|bytes| bytes + LENGTH * texts.len())
            }
        }
    }

    /// Copies a cell with its length in front to the start of `out`, which has [`SLACK`] bytes more than it takes; tells how many it took.
    #[inline]
    pub fn copy(&self, row: usize, out: &mut [u8]) -> usize {
        match &self.texts {
            Texts::None => self.values.copy(row, out),
            Texts::Plain(_) | Texts::Views(_) => match self.copy_text(row, &mut out[LENGTH..]) {
                Some(length) => {
                    out[..LENGTH].copy_from_slice(&(length as u32).to_be_bytes());
                    LENGTH + length
                }
                None => {
                    out[..LENGTH].copy_from_slice(&NULL);
                    LENGTH
                }
            },
        }
    }

    /// Copies a cell without its length to the start of `out`, which has [`SLACK`] bytes more than it takes; `None` for null.
    #[inline]
    pub fn copy_bare(&self, row: usize, out: &mut [u8]) -> Option<usize> {
        match &self.texts {
            Texts::None => self.values.copy_bare(row, out),
            Texts::Plain(_) | Texts::Views(_) => self.copy_text(row, out),
        }
    }

    /// A cell without its length; `None` for null.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        match &self.texts {
            Texts::None => self.values.get(row),
            Texts::Plain(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
            Texts::Views(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
        }
    }

    #[inline]
    fn copy_text(&self, row: usize, out: &mut [u8]) -> Option<usize> {
        match &self.texts {
            Texts::None => None,
            Texts::Plain(texts) => texts.is_valid(row).then(|| {
                let offsets = texts.value_offsets();
                let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
                let bytes = texts.value_data();
                if start + COPIED <= bytes.len() {
                    copied(bytes, start, end - start, out)
                } else {
                    exactly(&bytes[start..end], out)
                }
            }),
            Texts::Views(texts) => texts.is_valid(row).then(|| {
                const INLINE: usize = 12;
                let view = texts.views()[row];
                let length = view as u32 as usize;
                if length <= INLINE {
                    // The bytes stand behind the length, within the view.
                    out[..16].copy_from_slice(&(view >> 32).to_le_bytes());
                    length
                } else {
                    exactly(texts.value(row).as_bytes(), out)
                }
            }),
        }
    }
}

/// Whether a type's binary form is a text in the client's encoding.
pub fn is_text(pg: &PgType) -> bool {
    matches!(pg.category, 'S' | 'X') || [pg_type::JSON.oid, pg_type::JSONB.oid].contains(&pg.oid)
}

#[inline]
fn exactly(text: &[u8], out: &mut [u8]) -> usize {
    out[..text.len()].copy_from_slice(text);
    text.len()
}

impl Texts {
    /// The texts of a column that are sent as they are.
    fn of(array: &ArrayRef, pg: &PgType, format: Format) -> Self {
        let is_verbatim = column::is_verbatim(pg, format);
        match array.data_type() {
            DataType::Utf8 if is_verbatim => Self::Plain(array.as_string::<i32>().clone()),
            DataType::Utf8View if is_verbatim => Self::Views(array.as_string_view().clone()),
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, LargeStringArray};

    use super::*;

    #[test]
    fn cells_are_the_same_wherever_texts_lie() {
        let words = || ["", "a", "twelve bytes", "thirteen byte", "x"].map(Some).into_iter().chain([None, Some("y")]);
        let long = "z".repeat(100);
        let all: Vec<Option<&str>> = words().chain([Some(long.as_str()), Some("end")]).collect();
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(all.clone())),
            Arc::new(StringViewArray::from(all.clone())),
            Arc::new(LargeStringArray::from(all.clone())),
        ];
        let mut cells = Cells::default();
        for array in &arrays {
            let (field, array) = (Field::new("t", array.data_type().clone(), true), array.slice(1, all.len() - 1));
            let bytes = cells.load(&array, &field, PgType::of_field(&field), Format::Text, &Style::default()).expect("texts");
            let (mut at, mut out) = (0, vec![0; bytes + SLACK]);
            for (row, want) in all[1..].iter().enumerate() {
                let want = want.map(str::as_bytes);
                assert_eq!(cells.get(row), want);
                let length = cells.copy_bare(row, &mut out[at..]);
                assert_eq!(length.map(|length| &out[at..at + length]), want);
                let length = cells.copy(row, &mut out[at..]);
                let prefix = want.map_or(-1, |want| want.len() as i32);
                assert_eq!(out[at..at + length], [&prefix.to_be_bytes()[..], want.unwrap_or_default()].concat());
                at += length;
            }
            assert!(at <= bytes);
        }
        let shape: ArrayRef = Arc::new(StringArray::from(vec!["POINT (1 2)"]));
        for (pg, format) in [(&pg_type::GEOMETRY, Format::Text), (&pg_type::JSONB, Format::Binary)] {
            cells.load(&shape, &Field::new("t", DataType::Utf8, true), pg, format, &Style::default()).expect("it has a form");
            assert_ne!(cells.get(0), Some(&b"POINT (1 2)"[..]), "{}", pg.name);
        }
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        let field = Field::new("n", DataType::Int32, true);
        cells.load(&numbers, &field, PgType::of_field(&field), Format::Binary, &Style::default()).expect("numbers");
        assert_eq!((cells.get(0), cells.get(1)), (Some(&b"\0\0\0\x07"[..]), None));
    }
}
