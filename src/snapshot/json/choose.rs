//! Choosing: which of the arrays in an object are its records, and where their names stand.

use std::collections::HashSet;

use super::find::{Array, Kind, Seen};
use super::words::{ABOUT, AROUND, NAMES, RECORDS, is_of};

/// Arrays left out that a warning names.
const MOST_NAMED: usize = 5;

/// What a single array needs to be records where neither its name nor the way to it says so.
const MANY: u64 = 10;

/// Where an object's records stand, by what it holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    pub(super) path: &'a [String],
    /// Where names of as many columns stand as the records have items; for records that are objects, where theirs may be.
    pub(super) names: Option<&'a [String]>,
    /// The records are arrays.
    pub(super) lists: bool,
    /// There are none.
    pub(super) empty: bool,
}

impl Array {
    fn last(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn is_table(&self) -> bool {
        matches!(self.kind, Kind::Objects | Kind::Lists(_))
    }

    /// Whether it tells of the records and is none of them.
    fn is_about(&self) -> bool {
        self.path.iter().any(|name| is_of(name, ABOUT)) || is_of(self.last(), NAMES)
    }

    /// Whether its place says that it is records: a member of the whole, or what the names on the way stand for.
    fn is_named(&self) -> bool {
        let within = &self.path[..self.path.len() - 1];
        let is_answer = within.len() == 1 && is_of(&within[0], AROUND) && self.items > 1;
        within.is_empty() || is_answer || is_of(self.last(), RECORDS)
    }

    /// Whether it stands alone in an object that is called as many of it: `stations.station`.
    fn is_plural(&self) -> bool {
        match self.path.as_slice() {
            [around, last] => {
                let stem = last.to_lowercase();
                let stem = stem.strip_suffix('y').unwrap_or(&stem);
                stem.len() > 1 && around.to_lowercase().starts_with(stem)
            }
            _ => false,
        }
    }
}

impl Seen {
    /// The array of records; `None` when the object is one record, or has one under each key.
    pub(super) fn choose(&self) -> Option<Choice<'_>> {
        let is_part = |a: &Array| self.has_id && a.items < MANY && !is_of(a.last(), RECORDS);
        let tables = || self.arrays.iter().filter(|a| a.is_table() && !is_part(a));
        let names_of = |array: &Array| self.names(array);
        let has_tables = tables().any(|a| a.kind == Kind::Objects && !a.is_about() && a.is_named());
        // A matrix may be anything, as points of a line are, where it has no names and is not called records.
        let is_sound = |a: &&Array| match a.kind {
            Kind::Objects => true,
            Kind::Lists(_) => is_of(a.last(), RECORDS) || names_of(a).is_some() || a.path.len() == 1 && !has_tables,
            Kind::Scalars | Kind::Empty => false,
        };
        let named = most(tables().filter(|a| !a.is_about() && a.is_named()).filter(is_sound));
        // Each record has such an array.
        let is_shared = |a: &Array| {
            let same = |b: &&Array| b.path[0] != a.path[0] && b.path[1..] == a.path[1..];
            a.path.len() > 1 && self.arrays.iter().any(|b| same(&b))
        };
        if self.are_alike() && named.is_none_or(is_shared) {
            return None;
        }
        let nested = || tables().filter(|a| !a.is_about() && a.path.len() > 1 && a.kind == Kind::Objects && a.items > 1);
        let unnamed = || {
            let alone = nested().count() == 1;
            most(nested().filter(|a| a.is_plural() || alone && a.items >= MANY))
        };
        let empty = || {
            let described = self.arrays.iter().any(|a| a.is_about() && a.is_table());
            let of_none = |a: &&Array| a.kind == Kind::Empty && !a.is_about() && a.is_named() && is_of(a.last(), RECORDS);
            self.arrays.iter().find(|a| described && of_none(a))
        };
        // What tells of records is records itself where nothing else is there.
        let about = || {
            let only = tables().count() == 1;
            let is_alone = |a: &Array| self.objects.is_empty() || is_of(a.last(), NAMES);
            tables().find(|a| only && a.path.len() == 1 && a.kind == Kind::Objects && is_alone(a))
        };
        let array = named.or_else(unnamed).or_else(empty).or_else(about)?;
        Some(Choice {
            path: &array.path,
            names: names_of(array),
            lists: matches!(array.kind, Kind::Lists(_)),
            empty: array.kind == Kind::Empty,
        })
    }

    /// Where the names of an array's columns stand: beside it, else anywhere.
    fn names(&self, array: &Array) -> Option<&[String]> {
        let fits = |a: &&Array| {
            let is_wide = match array.kind {
                Kind::Lists(width) => a.items == width,
                Kind::Empty => true,
                Kind::Objects | Kind::Scalars => false,
            };
            is_of(a.last(), NAMES) && is_wide && a.kind != Kind::Empty && a.path != array.path
        };
        let around = &array.path[..array.path.len() - 1];
        let beside = self.arrays.iter().filter(fits).find(|a| a.path[..a.path.len() - 1] == *around);
        beside.or_else(|| self.arrays.iter().find(fits)).map(|a| a.path.as_slice())
    }

    /// The names of the members that lead to the first array that is called so.
    pub(super) fn path_of(&self, path: &[&str]) -> Option<&[String]> {
        self.arrays.iter().find(|a| a.path == path).map(|a| a.path.as_slice())
    }

    /// Where the names of the columns of the array at `path` stand, when its items are arrays.
    pub(super) fn names_of(&self, path: &[String]) -> Option<&[String]> {
        self.arrays.iter().find(|a| a.path == path).and_then(|a| self.names(a))
    }

    /// What of the object is not read when the array at `path` is.
    pub(super) fn left_out(&self, path: &[String], url: &str) -> Vec<String> {
        let around = &path[..path.len().saturating_sub(1)];
        let describes =
            |a: &Array| is_of(a.last(), NAMES) && (a.path[..a.path.len() - 1] == *around || a.is_about() && a.path.len() > 1);
        let others: Vec<&Array> = self.arrays.iter().filter(|a| a.path != path && a.is_table() && !describes(a)).collect();
        let items = self.arrays.iter().find(|a| a.path == path).map_or(0, |a| a.items);
        let mut said = Vec::new();
        if let [first, ..] = others.as_slice() {
            let named = |a: &&Array| format!("{} ({})", property(&a.path), a.items);
            let mut left: Vec<String> = others.iter().take(MOST_NAMED).map(named).collect();
            if others.len() > MOST_NAMED {
                left.push(format!("{} more", others.len() - MOST_NAMED));
            }
            said.push(format!(
                "{url}: the records are those of {} ({items}); left out are {}; the dialect's property chooses: \"property\": \"{}\"",
                property(path),
                left.join(", "),
                property(&first.path)
            ));
        }
        let is_index = |a: &&Array| a.last() == "index" && a.path[..a.path.len() - 1] == *around && a.items == items;
        if self.arrays.iter().filter(is_index).any(|a| a.kind == Kind::Scalars && !a.counts) {
            said.push(format!("{url}: the rows have labels in \"index\", which are left out; publish them as a column"));
        }
        said
    }

    /// Whether the members are records under their keys: several objects and nothing else, each of which shares at least half of its
    /// names with the one before.
    pub(super) fn are_alike(&self) -> bool {
        let share = |pair: &[HashSet<String>]| {
            let common = pair[0].intersection(&pair[1]).count();
            common > 0 && 2 * common >= pair[0].len().min(pair[1].len())
        };
        self.others == 0 && self.objects.len() > 1 && self.objects.windows(2).all(share)
    }
}

/// The array of most items, of several the first.
fn most<'a>(arrays: impl Iterator<Item = &'a Array>) -> Option<&'a Array> {
    arrays.reduce(|best, array| if array.items > best.items { array } else { best })
}

/// A path as the dialect's property says it.
fn property(path: &[String]) -> String {
    if path.iter().any(|name| name.contains(['.', '/', '~']) || name.is_empty()) {
        let escaped = path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
        escaped.collect()
    } else {
        path.join(".")
    }
}
