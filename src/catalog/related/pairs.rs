//! Pairs: whether two columns hold the same things, by what their sketches share and what they would share by chance. Pure.

use super::words;
use super::{Pair, SketchedColumn, SketchedTable};
use crate::catalog::sketch::{Overlap, Sketch, ValueKind};

/// Values below which a column says little of what its values are.
const FEW: u64 = 10;

/// Values that must have been compared to believe a share.
const COMPARED: usize = 8;

/// The part of a column's values that is in the other's, at least; and of what chance leaves, where much is shared by chance.
const CONTAINED: f64 = 0.5;
const BEYOND_CHANCE: f64 = 0.8;

/// Where so much is shared by chance that nothing is told by it, and so little that it does not matter.
const MOST_BY_CHANCE: f64 = 0.5;
const LITTLE_BY_CHANCE: f64 = 0.01;

/// Codes so long, in letters, that others of them are there by chance.
const SHORT: u32 = 3;

/// A part that stands for all: some rows may be of an older code list.
const NEARLY_ALL: f64 = 0.95;

/// The least of numbers that are codes whatever they are called; smaller ones count something.
const LEAST_CODE: i64 = 1_000;

/// Whole numbers that are taken for years.
const YEARS: std::ops::RangeInclusive<i64> = 1_600..=2_200;

/// What a pair is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Makes a join by itself.
    Strong,
    /// The same numbers of a dense range, called alike and unique on a side: makes one too, with less certainty.
    Numbered,
    /// The same days, hours or years: makes one where a side has each once, and else completes another.
    Dated,
    /// The same part of a date, or the same few values, called the same: only completes another.
    Completing,
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Word,
    Number,
    /// Numbers that fill a range: anything is counted by them.
    Range,
    Year,
    Day,
    /// A time within a day.
    Hour,
    Few,
}

impl SketchedColumn {
    /// What its values are.
    pub(super) fn nature(&self) -> Nature {
        let Sketch { kind, dates, bounds, .. } = &self.sketch;
        let is_time = matches!(kind, ValueKind::Timestamp | ValueKind::Instant);
        let distinct = self.sketch.distinct();
        match bounds {
            _ if *dates => Nature::Day,
            _ if is_time => Nature::Hour,
            Some((least, most)) if YEARS.contains(least) && YEARS.contains(most) && !words::is_code(&self.name) => Nature::Year,
            Some((least, most)) if range(*least, *most) <= distinct as f64 * 2.0 => Nature::Range,
            _ if distinct < FEW => Nature::Few,
            Some(_) => Nature::Number,
            None => Nature::Word,
        }
    }
}

/// How many whole numbers there are between two, both included.
fn range(least: i64, most: i64) -> f64 {
    most as f64 - least as f64 + 1.0
}

/// The part of any values of this kind that would be among the column's by chance: where its values fill much of what can be written in
/// so many characters, or of the numbers between its least and its largest.
fn chance(column: &Sketch) -> f64 {
    let room = match column.bounds {
        Some((least, most)) => range(least, most),
        None if column.length <= SHORT => f64::from(26_u32.pow(column.length)),
        None => f64::INFINITY,
    };
    (column.distinct() as f64 / room).min(1.0)
}

/// The pair that column `i` of ours and column `j` of theirs make, if any.
pub(super) fn pair(ours: &SketchedTable, i: usize, theirs: &SketchedTable, j: usize) -> Option<Pair> {
    let (a, b) = (&ours.columns[i], &theirs.columns[j]);
    let (nature, other) = (a.nature(), b.nature());
    let overlap = a.sketch.overlap(&b.sketch);
    if overlap.shared == 0 {
        return None;
    }
    let alike = words::are_alike((&ours.name, &a.name), (&theirs.name, &b.name));
    let same = words::are_same(&a.name, &b.name);
    let unique = ours.is_key(&[i]) || theirs.is_key(&[j]);
    let grade = match (nature, other) {
        (Nature::Day, Nature::Day) | (Nature::Hour, Nature::Hour) | (Nature::Year, Nature::Year) => {
            is_shared(&overlap, COMPARED.min(smaller(a, b)), CONTAINED, CONTAINED).then_some(Grade::Dated)
        }
        (Nature::Few, Nature::Few | Nature::Word | Nature::Number) | (Nature::Word | Nature::Number, Nature::Few) => {
            let is_whole = is_shared(&overlap, 2, NEARLY_ALL, NEARLY_ALL);
            (same && is_whole && words::key(&a.name).is_some()).then_some(Grade::Completing)
        }
        (Nature::Range, Nature::Range | Nature::Number) | (Nature::Number, Nature::Range) => {
            let is_whole = is_shared(&overlap, COMPARED.min(smaller(a, b)), NEARLY_ALL, NEARLY_ALL);
            match words::is_calendar(&a.name) && same {
                true => is_whole.then_some(Grade::Completing),
                false => (is_whole && alike && unique && is_coded(a, b)).then_some(Grade::Numbered),
            }
        }
        (Nature::Number, Nature::Number) => {
            let is_meant = if alike { unique || is_coded(a, b) } else { unique && is_large(a) && is_large(b) && is_coded(a, b) };
            // Numbers that are counted from one on are those of many things.
            let grade = if same || (is_large(a) && is_large(b)) { Grade::Strong } else { Grade::Numbered };
            (is_meant && is_certain(a, b, &overlap, alike)).then_some(grade)
        }
        (Nature::Word, Nature::Word) => is_certain(a, b, &overlap, alike).then_some(Grade::Strong),
        // Among texts of all kinds there are small numbers.
        (Nature::Word, Nature::Number) | (Nature::Number, Nature::Word) => {
            let number = if nature == Nature::Number { a } else { b };
            let is_called = same || (words::is_code(&a.name) && words::is_code(&b.name));
            let is_meant = is_called && (alike || is_large(number));
            (is_meant && is_certain(a, b, &overlap, alike)).then_some(Grade::Strong)
        }
        (Nature::Word | Nature::Number | Nature::Range | Nature::Year | Nature::Day | Nature::Hour | Nature::Few, _) => None,
    };
    grade.map(|grade| Pair { ours: i, theirs: j, grade, alike, same, overlap })
}

/// Whether the names of both, or of one that is text, say that their numbers are codes.
fn is_coded(a: &SketchedColumn, b: &SketchedColumn) -> bool {
    let is = |c: &SketchedColumn| words::is_code(&c.name) || c.sketch.kind == ValueKind::Text;
    is(a) && is(b)
}

/// Whether its numbers are too large to count something.
fn is_large(column: &SketchedColumn) -> bool {
    column.sketch.bounds.is_some_and(|(least, _)| least >= LEAST_CODE)
}

fn smaller(a: &SketchedColumn, b: &SketchedColumn) -> usize {
    usize::try_from(a.sketch.distinct().min(b.sketch.distinct())).unwrap_or(usize::MAX)
}

/// Whether enough values of one side were compared, and so great a part of them is on the other.
fn is_shared(overlap: &Overlap, compared: usize, ours: f64, theirs: f64) -> bool {
    (overlap.ours >= compared && overlap.contained >= ours) || (overlap.theirs >= compared && overlap.containing >= theirs)
}

/// Whether more is shared than by chance. Few values that were compared are enough for columns that are called alike, when all are shared.
fn is_certain(a: &SketchedColumn, b: &SketchedColumn, overlap: &Overlap, alike: bool) -> bool {
    // What is needed of values that are looked for in this column.
    let needed = |column: &SketchedColumn| {
        let chance = chance(&column.sketch);
        match alike {
            true => CONTAINED.max(chance + (1.0 - chance) * BEYOND_CHANCE / 2.0),
            false if chance > MOST_BY_CHANCE => f64::INFINITY,
            false if chance > LITTLE_BY_CHANCE => CONTAINED.max(chance + (1.0 - chance) * BEYOND_CHANCE),
            false => CONTAINED,
        }
    };
    is_shared(overlap, COMPARED, needed(b), needed(a)) || (alike && is_shared(overlap, 3, NEARLY_ALL, NEARLY_ALL))
}
