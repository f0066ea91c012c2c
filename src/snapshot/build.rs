//! Building: published files become a snapshot's Parquet. The types are guessed from the head of each file, every cell is seen and
//! converted in one pass, and only when a cell proves the guess wrong are the files read again, with the types that all cells prove.
//! Files that did not change since an earlier build keep the parts they have. Memory is bounded by batches. Where snapshots are
//! kept is not known here.

use std::path::Path;
use std::sync::Arc;

use super::columns::{FileSeen, Table, Union};
use super::csv::Widths;
use super::drift::Drift;
use super::fetch::Raw;
use super::lanes::{Guess, Trust};
use super::ledger::{Ledger, SourceSeen, Stretch, TextSeen, sources_a_part};
use super::look::laid;
use super::parts::Parts;
use super::pass::{Job, OpenRejects, Text};
use super::prepare::prepare;
use super::stop::Stop;
use super::types::ColumnPlan;
use super::{Options, ReadAs, WrittenFile};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// One published file, as it is given to a build.
pub(super) enum Given {
    /// To be read.
    Raw(Raw),
    /// The same as it was in an earlier build: there it was the file of this number, counted from 0.
    Same { index: usize },
}

/// What an earlier build of the same table left, read by the same part of the descriptor.
pub(super) struct Earlier<'a> {
    pub(super) ledger: &'a Ledger,
    /// Its rejects, in order.
    pub(super) rejects: &'a OpenRejects<'a>,
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
    /// `rows` and `rejected_rows` together.
    pub(super) rows_read: u64,
    /// Records that are missing in the table.
    pub(super) rejected_rows: u64,
    pub(super) rejects: u64,
    /// Of each file's raw bytes; `None` for those that were not read.
    pub(super) hashes: Vec<Option<String>>,
    pub(super) warnings: Vec<String>,
    /// How the files differ.
    pub(super) drift: Vec<Drift>,
    /// How each file was read.
    pub(super) read: Vec<ReadAs>,
    /// The columns that are required and in which no value is missing.
    pub(super) required: Vec<String>,
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
        let hashes = hashes.join().map_err(|_| Error::new(Kind::Internal, "hashing the source failed"))?;
        // Only now: the hash is to be of the bytes that were read.
        for given in given {
            if let Given::Raw(raw) = given {
                raw.check_unchanged()?;
            }
        }
        built.hashes = hashes?;
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
    let Orders { distribution, options, stop, scratch, .. } = *orders;
    let mut told = vec![Vec::new(); raws.len()];
    let inputs = if raws.is_empty() { Vec::new() } else { prepare(&raws, distribution, options, stop, scratch, &mut told)? };
    let (mut inputs, mut read) = (inputs.into_iter().peekable(), 0);
    let many = sources_a_part(given.len());
    let mut plan = Plan { texts: Vec::new(), sources: Vec::new(), warnings: vec![Vec::new(); given.len()] };
    let before: Vec<&SourceSeen> = earlier.iter().flat_map(|e| e.ledger.stretches.iter().flat_map(|s| &s.sources)).collect();
    for (source, given_here) in given.iter().enumerate() {
        match given_here {
            Given::Same { index } => {
                let Some(seen) = before.get(*index) else {
                    return Err(Error::new(Kind::Internal, "a file is the same as one that nobody knows"));
                };
                plan.warnings[source] = seen.warnings.clone();
                let mut passed: u64 = before[..*index].iter().flat_map(|s| &s.texts).map(|t| t.rejects).sum();
                for text in &seen.texts {
                    plan.texts.push(Text::Kept { text, before: passed });
                    passed += text.rejects;
                    plan.sources.push(source);
                }
            }
            Given::Raw(_) => {
                while let Some(input) = inputs.next_if(|i| i.source == read) {
                    plan.texts.push(Text::Read { input: Box::new(input), last: false });
                    plan.sources.push(source);
                }
                plan.warnings[source] = std::mem::take(&mut told[read]);
                read += 1;
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
    let Plan { mut texts, sources, warnings: mut told } = match plan(given, earlier, orders) {
        // Whether a file that is empty matters is seen beside the others.
        Err(e) if e.kind() == Kind::SourceInvalid && earlier.is_some() => return Ok(None),
        planned => planned?,
    };
    let Orders { distribution, options, stop, target, heard, .. } = *orders;
    let kept = earlier.map(|e| e.rejects);
    let labels: Vec<String> = texts.iter().map(|t| t.label().to_owned()).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let undecodable = texts.iter().any(Text::is_undecodable);
    let decide = |seen: &[FileSeen], warnings: &mut Vec<String>| {
        Union::new(distribution, &labels, seen, options.max_columns, warnings)?.decide(undecodable, warnings)
    };
    let mut widened = false;
    let (guess, first, sample) = loop {
        let job = Job { texts: &texts, kept, distribution, options, stop, target, heard };
        let (heads, unseen, sample) = job.look()?;
        // What can't be decided yet may be once all is read; what the user should know is told then.
        let guess = decide(&heads, &mut Vec::new()).ok();
        let first = match &guess {
            Some(table) => {
                let behind = Guess::new(table, &heads, unseen);
                job.pass(table, &laid(table, sample.as_ref()), Trust::Guess(&behind))?
            }
            None => job.skim()?,
        };
        // How wide a text is was guessed too.
        if widened || !widen(&mut texts, &first.widths, &sources, &mut told) {
            break (guess, first, sample);
        }
        widened = true;
        clear(target)?;
    };
    for ((widths, text), source) in first.widths.iter().zip(&texts).zip(&sources) {
        told[*source].extend(widths.as_ref().and_then(|w| w.warning(text.label(), text.columns())));
    }
    let job = Job { texts: &texts, kept, distribution, options, stop, target, heard };
    let seen: Vec<FileSeen> = texts.iter().zip(first.seen).map(|(text, read)| text.seen().cloned().unwrap_or(read)).collect();
    let mut warnings: Vec<String> = told.iter().flatten().cloned().collect();
    let table = decide(&seen, &mut warnings)?;
    if let Some(earlier) = earlier
        && !same_as_before(given, earlier, &job, &table, &sources)
    {
        return Ok(None);
    }
    let (table, written) = match (guess, first.written) {
        // Its plans have counted what the values break.
        (Some(guess), Some(written)) if guess.makes_the_same(&table) => (Table { drift: table.drift, ..guess }, written),
        (_, _) => {
            clear(target)?;
            let second = job.pass(&table, &laid(&table, sample.as_ref()), Trust::Proof)?;
            let doubted = || Error::new(Kind::Internal, "types that all cells prove were doubted");
            (table, second.written.ok_or_else(doubted)?)
        }
    };
    if written.lacks_rejects {
        return Ok(None);
    }
    heard(1, 1);
    warnings.extend(table.plans.iter().flat_map(|plan| plan.broken()));
    let parts = written.parts.into_iter().map(|(text, part)| (sources[text], part)).collect();
    let rejects = written.rejects.into_iter();
    let of_texts = texts.iter().zip(seen).zip(rejects).zip(&sources).map(|(((text, seen), (rejects, rejected)), source)| {
        let seen = match text {
            Text::Read { input, .. } => {
                TextSeen { read: input.read_as(), seen, undecodable: text.is_undecodable(), rejected, rejects }
            }
            Text::Kept { text, .. } => (*text).clone(),
        };
        (*source, seen)
    });
    let of_texts = of_texts.collect();
    assemble(given, earlier, table, of_texts, told, parts, warnings, target).map(Some)
}

/// Gives the texts whose rows turned out to be wider the columns that they have; whether there are any.
fn widen(texts: &mut [Text<'_>], widths: &[Option<Widths>], sources: &[usize], told: &mut [Vec<String>]) -> bool {
    let mut any = false;
    for ((text, widths), source) in texts.iter_mut().zip(widths).zip(sources) {
        if let (Text::Read { input, .. }, Some(wider)) = (text, widths.as_ref().and_then(Widths::wider)) {
            input.form.widen(&wider, &input.label, &mut told[*source]);
            any = true;
        }
    }
    any
}

/// Removes what was written.
fn clear(target: &Path) -> Result<()> {
    for entry in std::fs::read_dir(target)? {
        std::fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// Puts new parts and those of before in the order of the files, checks that the rows add up, and writes the ledger.
#[allow(clippy::too_many_arguments, reason = "all that a build came to, put together once")]
fn assemble(
    given: &[Given],
    earlier: Option<&Earlier<'_>>,
    table: Table,
    texts: Vec<(usize, TextSeen)>,
    told: Vec<Vec<String>>,
    written: Vec<(usize, WrittenFile)>,
    warnings: Vec<String>,
    target: &Path,
) -> Result<Built> {
    let sum = |of: fn(&TextSeen) -> u64| texts.iter().map(|(_, t)| of(t)).sum::<u64>();
    let (rows_read, rejected, rejects) = (sum(|t| t.seen.records), sum(|t| t.rejected), sum(|t| t.rejects));
    let many = sources_a_part(given.len());
    let read = texts.iter().map(|(_, t)| t.read.clone()).collect();
    let mut ledger = Ledger::default();
    let mut parts = Vec::new();
    let mut rows = 0;
    let (mut texts, mut told, mut written) = (texts.into_iter().peekable(), told.into_iter(), written.into_iter().peekable());
    for (number, stretch) in given.chunks(many).enumerate() {
        let before = parts.len();
        while let Some((_, part)) = written.next_if(|(source, _)| source / many == number) {
            rows += part.rows;
            parts.push(BuiltPart::Written(part));
        }
        if let (Some(Given::Same { index: first }), Some(earlier)) = (stretch.first(), earlier) {
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
        let empty = Parts::new(target, Arc::clone(&table.schema)).empty()?;
        parts.extend(empty.into_iter().map(BuiltPart::Written));
        if let Some(first) = ledger.stretches.first_mut() {
            first.parts = parts.len();
        }
    }
    ledger.write(target)?;
    // Where anything is demanded all files were read, so that nothing is counted that an earlier build did not see.
    let required = table.plans.iter().filter(|plan| plan.is_complete()).map(|plan| plan.field.name().clone()).collect();
    let (drift, rejected_rows) = (table.drift, rejected);
    Ok(Built { parts, rows, rows_read, rejected_rows, rejects, hashes: Vec::new(), warnings, drift, read, required })
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
fn same_as_before(given: &[Given], earlier: &Earlier<'_>, job: &Job<'_>, table: &Table, sources: &[usize]) -> bool {
    // What values break is counted where they are read.
    if table.plans.iter().any(ColumnPlan::is_checked) {
        return false;
    }
    let texts: Vec<&TextSeen> = earlier.ledger.texts().collect();
    let labels: Vec<&str> = texts.iter().map(|t| t.read.file.as_str()).collect();
    let seen: Vec<FileSeen> = texts.iter().map(|t| t.seen.clone()).collect();
    let undecodable = texts.iter().any(|t| t.undecodable);
    let mut unheard = Vec::new();
    let union = Union::new(job.distribution, &labels, &seen, job.options.max_columns, &mut unheard);
    let Ok(before) = union.and_then(|union| union.decide(undecodable, &mut unheard)) else { return false };
    let mut first_text = vec![0];
    for source in earlier.ledger.stretches.iter().flat_map(|s| &s.sources) {
        first_text.push(first_text.last().copied().unwrap_or(0) + source.texts.len());
    }
    let places_same = (0..sources.len()).all(|text| match &given[sources[text]] {
        Given::Raw(_) => true,
        Given::Same { index } => {
            let nth = sources[..text].iter().rev().take_while(|s| **s == sources[text]).count();
            table.places[text] == before.places[first_text[*index] + nth]
        }
    });
    places_same && table.writes_the_same(&before)
}
