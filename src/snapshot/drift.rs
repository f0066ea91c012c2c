//! Drift: how the files of one table differ from one to the next, in columns, names, order, types and the way values are written.

use serde::{Deserialize, Serialize};

use super::columns::{ADDED, FileSeen};
use crate::descriptor::partition::split;

/// A difference between a file and those before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The file's URL or path.
    pub file: String,
    /// The table's column.
    pub column: String,
    pub kind: DriftKind,
    /// What it was and what it became, in words.
    pub detail: String,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftKind {
    /// The file before does not have the column.
    Added,
    /// The file before has the column, this one does not.
    Dropped,
    /// The column was last called otherwise.
    Renamed,
    /// The column stands elsewhere among those of the file before.
    Reordered,
    /// The values are of another type than when there last were any.
    Type,
    /// The values are of the same type, and written otherwise.
    Format,
}

impl DriftKind {
    /// The word in `catalog.drift`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Dropped => "dropped",
            Self::Renamed => "renamed",
            Self::Reordered => "reordered",
            Self::Type => "type",
            Self::Format => "format",
        }
    }
}

/// What is known of a column when the next file comes.
#[derive(Clone, Default)]
struct Last<'a> {
    published: Option<&'a str>,
    values: Option<(&'static str, String)>,
}

/// The differences, file by file in order, and within a file column by column. `names` are the table's columns, `places` says for each of
/// them where each file has it.
pub(super) fn between(urls: &[&str], files: &[FileSeen], names: &[String], places: &[&[Option<usize>]]) -> Vec<Drift> {
    let mut found = Vec::new();
    if files.len() < 2 {
        return found;
    }
    let mut last: Vec<Last<'_>> = vec![Last::default(); names.len()];
    // What stands in a file itself, by its place there: what its folders tell has none.
    let own = |column: usize, file: usize| places[column][file].and_then(|place| place.checked_sub(files[file].of_folders()));
    for (i, (file, url)) in files.iter().zip(urls).enumerate() {
        let before = i.checked_sub(1).map(|i| (i, short(urls[i])));
        let moved = before
            .as_ref()
            .map_or_else(Vec::new, |(before, _)| moved(names.len(), |column| Some((own(column, i)?, own(column, *before)?))));
        for (column, name) in names.iter().enumerate() {
            let mut add = |kind, detail| {
                found.push(Drift { file: (*url).to_owned(), column: name.clone(), kind, detail });
            };
            let place = places[column][i];
            if let Some((before, before_name)) = &before {
                match (places[column][*before], place) {
                    (None, Some(_)) => add(DriftKind::Added, format!("not in {before_name}")),
                    (Some(_), None) => add(DriftKind::Dropped, format!("last in {before_name}")),
                    (Some(_), Some(_)) | (None, None) => {}
                }
                if let (Some(from), Some(to), Ok(_)) = (own(column, *before), own(column, i), moved.binary_search(&column)) {
                    add(DriftKind::Reordered, format!("in place {}, in {before_name} in place {}", to + 1, from + 1));
                }
            }
            let Some(place) = place else { continue };
            let (known, published) = (&mut last[column], file.names()[place].trim_start_matches(ADDED));
            if let Some(old) = known.published.replace(published).filter(|old| *old != published) {
                add(DriftKind::Renamed, format!("{published:?}, before {old:?}"));
            }
            let Some(values) = file.column(place).in_words() else { continue };
            if let Some((old, old_format)) = &known.values {
                if *old != values.0 {
                    add(DriftKind::Type, format!("{}, before {old}", values.0));
                } else if *old_format != values.1 {
                    add(DriftKind::Format, format!("{}, before {old_format}", values.1));
                }
            }
            known.values = Some(values);
        }
    }
    found
}

/// One line on all differences; `None` when there are none.
pub(super) fn summary(drift: &[Drift]) -> Option<String> {
    let kinds = [
        (DriftKind::Added, "added"),
        (DriftKind::Dropped, "dropped"),
        (DriftKind::Renamed, "renamed"),
        (DriftKind::Reordered, "moved"),
        (DriftKind::Type, "of another type"),
        (DriftKind::Format, "written otherwise"),
    ];
    let counted = kinds.iter().map(|(kind, words)| (drift.iter().filter(|d| d.kind == *kind).count(), words));
    let parts: Vec<String> = counted.filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
    (!parts.is_empty()).then(|| format!("the files differ in their columns ({}); catalog.drift lists how", parts.join(", ")))
}

/// The fewest of so many columns that must move to bring those that both files have from one order into the other, ascending. `places`
/// tells where a column stands now and where it stood before.
fn moved(columns: usize, places: impl Fn(usize) -> Option<(usize, usize)>) -> Vec<usize> {
    let place = |column: usize| places(column).map(|(now, before)| (now, before, column));
    let mut shared: Vec<(usize, usize, usize)> = (0..columns).filter_map(place).collect();
    shared.sort_unstable();
    // The longest run of columns that keep their order (patience sorting): for each length the pile's smallest last place.
    let mut piles: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(shared.len());
    for (i, (_, from, _)) in shared.iter().enumerate() {
        let length = piles.partition_point(|p| shared[*p].1 < *from);
        previous.push(length.checked_sub(1).map(|l| piles[l]));
        if length == piles.len() { piles.push(i) } else { piles[length] = i }
    }
    let mut kept = vec![false; shared.len()];
    let mut at = piles.last().copied();
    while let Some(i) = at {
        kept[i] = true;
        at = previous[i];
    }
    let mut moved: Vec<usize> = shared.iter().zip(kept).filter(|(_, kept)| !kept).map(|((_, _, column), _)| *column).collect();
    moved.sort_unstable();
    moved
}

/// The last part of a URL, with the partitions before it, without which many files have one name.
fn short(url: &str) -> &str {
    let (folder, partitions) = split(url);
    if partitions.is_empty() {
        return url.rsplit('/').find(|part| !part.is_empty()).unwrap_or(url);
    }
    url[folder.len()..].trim_start_matches('/')
}
