//! Columns of a delimited file: how many there are, and what they are called, by the header, by how wide rows are, and by what stands behind.

use std::sync::Arc;

use super::record::Record;
use super::sniff::width_of_most;
use super::width::Wider;
use super::{Layout, Reader};
use crate::error::Result;
use crate::snapshot::decode::Text;
use crate::snapshot::names;
use crate::snapshot::stop::Stop;

/// Words in names of columns whose values may be 1, 2, 3 and so on.
const NUMBER_NAMES: &[&str] = &[
    "id", "ids", "nr", "no", "num", "number", "nummer", "numero", "número", "numéro", "nro", "n", "n°", "nº", "№", "#", "lp",
    "index", "idx", "key", "code", "rank", "rang", "pos", "position", "row", "line", "order", "seq", "sequence", "day", "tag",
    "month", "monat", "mois", "mes", "hour", "week", "woche", "fid", "gid",
];

impl Layout {
    /// Names the columns: as many as the header has, or as most rows have when those are more.
    pub(super) fn name_columns(
        &mut self,
        published: Option<&[String]>,
        declared: &[String],
        rows: &[Record],
        url: &str,
        warnings: &mut Vec<String>,
    ) {
        let width = width_of_most(rows);
        let most = rows.iter().filter(|r| r.fields.len() == width).count();
        let agree = width > 1 && most * 2 > rows.len();
        let mut names: Vec<String> = match published {
            Some(names) => names.to_vec(),
            None => {
                let width = if agree { width } else { rows.first().map_or(0, |r| r.fields.len()) };
                (0..width).map(|i| declared.get(i).cloned().unwrap_or_default()).collect()
            }
        };
        let named = names.len();
        if agree && width > named && published.is_some() {
            let holds = |r: &Record| r.fields.get(named..).is_some_and(|more| more.iter().any(|f| !f.trim_ascii().is_empty()));
            let (from, to) = (named + 1, width);
            let numbered =
                rows.iter().filter(|r| r.fields.len() == width).zip(1..).all(|(r, n)| r.fields[0].trim() == format!("{n}"));
            // Delimiters at the ends of lines shift nothing, and what numbers the rows may be what the first name says.
            let is_counter = numbered && rows.iter().any(holds) && !is_number_name(&names[0]);
            if width == named + 1 && is_counter && rows.len() > 1 {
                names.insert(0, String::new());
                warnings.push(format!(
                    "{url}: the header names {named} columns and rows have {width} fields, of which the first counts the rows: it is column_1"
                ));
            } else {
                names.resize(width, String::new());
                if rows.iter().any(holds) {
                    let of = if from == to { format!("column_{to}") } else { format!("column_{from} to column_{to}") };
                    warnings.push(format!(
                        "{url}: the header names {named} columns and most rows have {width} fields; those behind are {of}, and names may \
                         not be those of the values below"
                    ));
                }
            }
        }
        self.usual = names.len();
        if agree && width < names.len() && published.is_some() {
            self.usual = width;
            warnings.push(format!(
                "{url}: the header names {named} columns and most rows have {width} fields; the last {} are empty there",
                named - width
            ));
        }
        let (unique, originals) = names::unique(&names);
        self.names = Arc::new(unique);
        self.originals = originals;
    }

    /// Takes the columns in that the rows have, where those were found to be more. What the user should know goes to `warnings`.
    pub(in crate::snapshot) fn widen(&mut self, wider: &Wider, url: &str, warnings: &mut Vec<String>) {
        let named = self.names.len();
        self.append(wider.width);
        let Wider { width, rows, first } = wider;
        warnings.push(format!(
            "{url}: {rows} rows have {width} fields, the first in line {first}, and the head has {named} columns; those behind are {}, and names \
             may not be those of the values below",
            self.appended(named)
        ));
    }

    /// Adds columns without a name. Rows without them stay as usual as they were.
    pub(super) fn append(&mut self, width: usize) {
        let mut names = self.names.to_vec();
        names.resize(width.max(names.len()), String::new());
        let (unique, mut originals) = names::unique(&names);
        self.originals.extend(originals.drain(self.names.len()..));
        self.names = Arc::new(unique);
    }

    /// The columns behind the first `named`.
    pub(super) fn appended(&self, named: usize) -> String {
        match &self.names[named..] {
            [only] => only.clone(),
            several => format!("{} to {}", several.first().map_or("", |n| n), several.last().map_or("", |n| n)),
        }
    }

    /// Drops the last columns when they have no name and hold nothing in the whole file: they stand for delimiters at the ends of lines.
    /// Only a file with such columns is read for this. The line of the first row that holds something behind the first `named` columns, when
    /// there are more.
    pub(super) fn drop_empty(
        &mut self,
        text: &Text,
        url: &str,
        max_field: usize,
        named: usize,
        stop: &Stop,
    ) -> Result<Option<u64>> {
        let is_nameless = |o: &Option<String>| o.as_ref().is_some_and(|o| o.trim().is_empty());
        let nameless = self.originals.iter().rev().take_while(|o| is_nameless(o)).count();
        if nameless == 0 {
            return Ok(None);
        }
        // A table keeps a column, whatever it holds.
        let mut used = (self.names.len() - nameless).max(1);
        let mut first = None;
        let mut reader = Reader::open(text, url, 0, self, max_field)?;
        while used < self.names.len() {
            stop.check()?;
            let Some(cells) = reader.next()? else { break };
            if first.is_none() {
                let of_column = |c: usize| cells.column(c).position(|cell| !cell.text.is_empty());
                first = (named..self.names.len()).filter_map(of_column).min().map(|row| cells.lines[row]);
            }
            let held = (used..self.names.len()).rev().find(|c| cells.column(*c).any(|cell| !cell.text.is_empty()));
            used = held.map_or(used, |c| c + 1);
        }
        drop(reader);
        let names = self.names[..used].to_vec();
        self.usual = self.usual.min(used);
        self.names = Arc::new(names);
        self.originals.truncate(used);
        self.looks.truncate(used);
        Ok(first)
    }
}

/// Whether a column of this name is of numbers that may count its rows.
fn is_number_name(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let is_word = |word: &str| NUMBER_NAMES.contains(&word);
    let mut words = name.split(|c: char| !c.is_alphanumeric() && !"#№º°".contains(c)).filter(|w| !w.is_empty());
    words.any(is_word) || name.ends_with("id") || name.contains(['号', '番'])
}
