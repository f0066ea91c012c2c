//! Building: published files become a snapshot's Parquet. The types are guessed from the head of each file, every cell is seen and
//! converted in one pass, and only when a cell proves the guess wrong are the files read again, with the types that all cells prove.
//! Files that did not change since an earlier build keep the parts they have. Memory is bounded by batches. Where snapshots are
//! kept is not known here.

use std::path::Path;
use std::sync::Arc;

use super::cells::Cells;
use super::columns::{Table, Union};
use super::fetch::Raw;
use super::lanes::Trust;
use super::layout::ColumnLayout;
use super::ledger::{Ledger, SourceSeen, Stretch, TextSeen, sources_a_part};
use super::pass::{Job, Text};
use super::prepare::prepare;
use super::stop::Stop;
use super::write::Sink;
use super::{Options, Reject, WrittenFile};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// Batches of a text whose cells the first guess is made from.
const LOOK: usize = 2;

/// One published file, as it is given to a build.
pub(super) enum Given {
    /// To be read.
    Raw(Raw),
    /// The same as it was in an earlier build: there it was the file of this number, counted from 0.
    Same { url: String, index: usize },
}

impl Given {
    fn url(&self) -> &str {
        match self {
            Self::Raw(raw) => &raw.url,
            Self::Same { url, .. } => url,
        }
    }
}

/// What an earlier build of the same table left, read by the same part of the descriptor.
pub(super) struct Earlier<'a> {
    pub(super) ledger: &'a Ledger,
    /// Its rejects, in order.
    pub(super) rejects: &'a (dyn Fn() -> Result<Box<dyn Iterator<Item = Result<Reject>>>> + Sync),
    /// Rows of each of its parts.
    pub(super) part_rows: &'a [u64],
}

/// A part of what was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BuiltPart {
    Written(WrittenFile),
    /// The earlier build's part of this number, counted from 0.
    Same(usize),
}

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) parts: Vec<BuiltPart>,
    pub(super) rows: u64,
    pub(super) rows_read: u64,
    pub(super) rejects: u64,
    /// Of each file's raw bytes; `None` for those that were not read.
    pub(super) hashes: Vec<Option<String>>,
    pub(super) warnings: Vec<String>,
}

/// How a build ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Built(Built),
    /// The files that changed changed what the others are to be read as: all have to be given to be read.
    NeedsAll,
}

/// What a build is told beside the files.
pub(super) struct Orders<'a> {
    pub(super) distribution: &'a Distribution,
    pub(super) options: &'a Options,
    /// Ends it between two batches.
    pub(super) stop: &'a Stop,
    /// Takes what has to be unpacked or decoded.
    pub(super) scratch: &'a Path,
    /// Takes parts, rejects and the ledger.
    pub(super) target: &'a Path,
    /// Is told how far it is, out of how much.
    pub(super) heard: &'a (dyn Fn(u64, u64) + Sync),
}

/// Reads what is given as the distribution says, and writes parts, rejects and the ledger. What is the same as before needs `earlier`.
pub(super) fn build(given: &[Given], earlier: Option<&Earlier<'_>>, orders: &Orders<'_>) -> Result<Outcome> {
    let Orders { stop, .. } = *orders;
    std::thread::scope(|scope| {
        let hash = |given: &Given| match given {
            Given::Raw(raw) => raw.hash(stop).map(Some),
            Given::Same { .. } => Ok(None),
        };
        let hashes = scope.spawn(move || given.iter().map(hash).collect::<Result<Vec<_>>>());
        let Some(mut built) = read(given, earlier, orders)? else { return Ok(Outcome::NeedsAll) };
        for given in given {
            if let Given::Raw(raw) = given {
                raw.check_unchanged()?;
            }
        }
        built.hashes = hashes.join().map_err(|_| Error::new(Kind::Internal, "hashing the source failed"))??;
        Ok(Outcome::Built(built))
    })
}

/// The texts of the given files, in order.
struct Plan<'a> {
    texts: Vec<Text<'a>>,
    /// For each text, its file.
    sources: Vec<usize>,
    /// For each file, what the user is to be told of it.
    warnings: Vec<Vec<String>>,
}

fn plan<'a>(given: &'a [Given], earlier: Option<&'a Earlier<'_>>, orders: &Orders<'_>) -> Result<Plan<'a>> {
    let raws: Vec<&Raw> = given.iter().filter_map(|g| if let Given::Raw(raw) = g { Some(raw) } else { None }).collect();
    let mut told = Vec::new();
    let Orders { distribution, options, stop, scratch, .. } = *orders;
    let mut inputs =
        if raws.is_empty() { Vec::new() } else { prepare(&raws, distribution, options, stop, scratch, &mut told)? };
    let many = sources_a_part(given.len());
    let mut plan = Plan { texts: Vec::new(), sources: Vec::new(), warnings: vec![Vec::new(); given.len()] };
    let before: Vec<&SourceSeen> = earlier.iter().flat_map(|e| e.ledger.stretches.iter().flat_map(|s| &s.sources)).collect();
    for (source, given_here) in given.iter().enumerate() {
        match given_here {
            Given::Same { index, .. } => {
                let (Some(earlier), Some(seen)) = (earlier, before.get(*index)) else {
                    return Err(Error::new(Kind::Internal, "a file is the same as one that nobody knows"));
                };
                plan.warnings[source] = seen.warnings.clone();
                let mut passed: u64 = before[..*index].iter().flat_map(|s| &s.texts).map(|t| t.rejects).sum();
                for text in &seen.texts {
                    let rejects = match text.rejects {
                        0 => Vec::new(),
                        n => (earlier.rejects)()?.skip(passed as usize).take(n as usize).collect::<Result<_>>()?,
                    };
                    passed += text.rejects;
                    plan.texts.push(Text::Kept { seen: text, rejects });
                    plan.sources.push(source);
                }
            }
            Given::Raw(raw) => {
                let others = inputs.split_off(inputs.iter().take_while(|i| std::ptr::eq(i.raw, raw)).count());
                for input in std::mem::replace(&mut inputs, others) {
                    plan.texts.push(Text::Read { input, last: false });
                    plan.sources.push(source);
                }
                // All that is told while files are prepared begins with their name.
                plan.warnings[source] = told.iter().filter(|w| w.starts_with(&raw.url)).cloned().collect();
            }
        }
    }
    for at in 0..plan.texts.len() {
        let ends = plan.sources.get(at + 1).is_none_or(|next| next / many != plan.sources[at] / many);
        if let Text::Read { last, .. } = &mut plan.texts[at] {
            *last = ends;
        }
    }
    Ok(plan)
}

/// Guesses, reads, and reads again when the guess was wrong. `None` when what changed changes what the other files are read as.
fn read(given: &[Given], earlier: Option<&Earlier<'_>>, orders: &Orders<'_>) -> Result<Option<Built>> {
    let Plan { texts, sources, warnings: told } = match plan(given, earlier, orders) {
        // Whether a file that is empty matters is seen beside the others.
        Err(e) if e.kind() == Kind::SourceInvalid && earlier.is_some() => return Ok(None),
        planned => planned?,
    };
    let Orders { distribution, options, stop, target, heard, .. } = *orders;
    let job = Job { texts: &texts, several: given.len() > 1, distribution, options, stop, target, heard };
    let urls: Vec<&str> = given.iter().map(Given::url).collect();
    let (union, sample) = job.look()?;
    // What can't be decided yet may be once all is read; what the user should know is told then.
    let guess = union.decide(&urls, &mut Vec::new()).ok();
    let first = match &guess {
        Some(table) => job.pass(table, &layouts(table, &sample), Trust::Guess(&union))?,
        None => job.skim(&union)?,
    };
    let mut warnings: Vec<String> = told.iter().flatten().cloned().collect();
    let mut seen = first.texts;
    let table = job.conclude(&seen)?.decide(&urls, &mut warnings)?;
    if let Some(earlier) = earlier
        && !same_as_before(given, earlier, &job, &table, &sources)?
    {
        return Ok(None);
    }
    let written = match (guess, first.written) {
        (Some(guess), Some(written)) if guess.makes_the_same(&table) => written,
        (_, _) => {
            for entry in std::fs::read_dir(target)? {
                std::fs::remove_file(entry?.path())?;
            }
            let second = job.pass(&table, &layouts(&table, &sample), Trust::Proof)?;
            for (seen, second) in seen.iter_mut().zip(second.texts) {
                (seen.rejects, seen.rejected) = (second.rejects, second.rejected);
            }
            second.written.ok_or_else(|| Error::new(Kind::Internal, "types that all cells prove were doubted"))?
        }
    };
    heard(1, 1);
    let parts = written.parts.into_iter().map(|(text, part)| (sources[text], part)).collect();
    let texts = texts.iter().zip(seen).zip(&sources).map(|((text, seen), source)| {
        let seen = match text {
            Text::Read { .. } => seen,
            Text::Kept { seen, .. } => (*seen).clone(),
        };
        (*source, seen)
    });
    assemble(given, earlier, &table, texts.collect(), told, parts, warnings, target).map(Some)
}

/// Puts new parts and those of before in the order of the files, checks that the rows add up, and writes the ledger.
#[allow(clippy::too_many_arguments, reason = "all that a build came to, put together once")]
fn assemble(
    given: &[Given],
    earlier: Option<&Earlier<'_>>,
    table: &Table,
    texts: Vec<(usize, TextSeen)>,
    told: Vec<Vec<String>>,
    written: Vec<(usize, WrittenFile)>,
    warnings: Vec<String>,
    target: &Path,
) -> Result<Built> {
    let sum = |of: fn(&TextSeen) -> u64| texts.iter().map(|(_, t)| of(t)).sum::<u64>();
    let (rows_read, rejected, rejects) = (sum(|t| t.rows), sum(|t| t.rejected), sum(|t| t.rejects));
    let many = sources_a_part(given.len());
    let mut ledger = Ledger { several: given.len() > 1, stretches: Vec::new() };
    let mut parts = Vec::new();
    let mut rows = 0;
    let (mut texts, mut told, mut written) = (texts.into_iter().peekable(), told.into_iter(), written.into_iter().peekable());
    for (number, stretch) in given.chunks(many).enumerate() {
        let before = parts.len();
        while let Some((_, part)) = written.next_if(|(source, _)| source / many == number) {
            rows += part.rows;
            parts.push(BuiltPart::Written(part));
        }
        if let (Some(Given::Same { index: first, .. }), Some(earlier)) = (stretch.first(), earlier) {
            for part in earlier.parts_of(*first) {
                rows += earlier.part_rows.get(part).copied().unwrap_or(0);
                parts.push(BuiltPart::Same(part));
            }
        }
        let sources = (0..stretch.len()).map(|i| SourceSeen {
            texts: std::iter::from_fn(|| texts.next_if(|(source, _)| *source == number * many + i)).map(|(_, t)| t).collect(),
            warnings: told.next().unwrap_or_default(),
        });
        ledger.stretches.push(Stretch { sources: sources.collect(), parts: parts.len() - before });
    }
    if rows_read != rows + rejected {
        let message = format!("{rows_read} rows were read, but {rows} written and {rejected} rejected");
        return Err(Error::new(Kind::Internal, message));
    }
    if parts.is_empty() {
        let empty = Sink::new(target, Arc::clone(&table.schema)).empty()?;
        parts.extend(empty.into_iter().map(BuiltPart::Written));
        if let Some(first) = ledger.stretches.first_mut() {
            first.parts = parts.len();
        }
    }
    ledger.write(target)?;
    Ok(Built { parts, rows, rows_read, rejects, hashes: Vec::new(), warnings })
}

impl Earlier<'_> {
    /// The parts of the stretch that begins with this file.
    fn parts_of(&self, source: usize) -> std::ops::Range<usize> {
        let (mut sources, mut parts) = (0, 0);
        for stretch in &self.ledger.stretches {
            if sources >= source {
                return parts..parts + stretch.parts;
            }
            sources += stretch.sources.len();
            parts += stretch.parts;
        }
        parts..parts
    }
}

/// Whether the files that did not change would be made into the parts they have.
fn same_as_before(given: &[Given], earlier: &Earlier<'_>, job: &Job<'_>, table: &Table, sources: &[usize]) -> Result<bool> {
    let texts: Vec<&TextSeen> = earlier.ledger.texts().collect();
    let mut union = Union::new(job.distribution, texts.len(), earlier.ledger.several, job.options.max_columns);
    for (index, text) in texts.iter().enumerate() {
        union.take_in(index, text)?;
    }
    let Ok(before) = union.decide(&[], &mut Vec::new()) else { return Ok(false) };
    let mut first_text = vec![0];
    for source in earlier.ledger.stretches.iter().flat_map(|s| &s.sources) {
        first_text.push(first_text.last().copied().unwrap_or(0) + source.texts.len());
    }
    let places_same = (0..sources.len()).all(|text| match &given[sources[text]] {
        Given::Raw(_) => true,
        Given::Same { index, .. } => {
            let nth = sources[..text].iter().rev().take_while(|s| **s == sources[text]).count();
            table.places[text] == before.places[first_text[*index] + nth]
        }
    });
    Ok(places_same && table.writes_the_same(&before))
}

impl Job<'_> {
    /// What the heads of the texts show, and the first of their batches.
    fn look(&self) -> Result<(Union<'_>, Option<Cells>)> {
        let mut union = Union::new(self.distribution, self.texts.len(), self.several, self.options.max_columns);
        let mut sample = None;
        for (index, text) in self.texts.iter().enumerate() {
            match text {
                Text::Kept { seen, .. } => union.take_in(index, seen)?,
                Text::Read { input, .. } => {
                    let mut reader = self.open(index, input)?;
                    union.meet(index, &input.raw.url, reader.names(), reader.originals())?;
                    for _ in 0..LOOK {
                        self.stop.check()?;
                        let Some(cells) = reader.next()? else { break };
                        union.meet(index, &input.raw.url, &cells.names, &[])?;
                        union.absorb(&cells, input.form.is_typed());
                        sample.get_or_insert(cells);
                    }
                }
            }
        }
        Ok((union, sample))
    }

    /// All that was seen, text by text: of those kept before, of the others now.
    fn conclude(&self, seen: &[TextSeen]) -> Result<Union<'_>> {
        let mut union = Union::new(self.distribution, self.texts.len(), self.several, self.options.max_columns);
        for (index, (text, read)) in self.texts.iter().zip(seen).enumerate() {
            match text {
                Text::Read { .. } => union.take_in(index, read)?,
                Text::Kept { seen, .. } => union.take_in(index, seen)?,
            }
        }
        Ok(union)
    }
}

/// How each column is laid out, by what a sample of its values shows.
fn layouts(table: &Table, sample: &Option<Cells>) -> Vec<ColumnLayout> {
    let of = |index: usize| match (table.plans.get(index), sample) {
        (Some(plan), Some(cells)) => ColumnLayout::of(&plan.convert(cells, table.places[cells.file][index], &mut Vec::new())),
        (_, None) | (None, _) => ColumnLayout::default(),
    };
    (0..table.schema.fields().len()).map(of).collect()
}
