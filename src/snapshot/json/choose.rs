//! Choosing: which of the arrays in an object, or of the objects of records in it, are its records, and where their names stand.

use super::find::{Array, Kind, Seen};
use super::words::{ABOUT, ANSWERS, AROUND, NAMES, RECORDS, is_of};

/// Arrays left out that a warning names.
const MOST_NAMED: usize = 5;

/// What a single table needs to be records where neither its name nor the way to it says so.
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

    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind, Kind::Objects | Kind::Lists(_) | Kind::Keyed { .. })
    }

    fn is_keyed(&self) -> bool {
        matches!(self.kind, Kind::Keyed { .. })
    }

    /// Whether it stands in the object at `path`.
    fn is_within(&self, path: &[String]) -> bool {
        self.path.len() > path.len() && self.path.starts_with(path)
    }

    /// Whether objects around it hold nothing else, but for the whole.
    fn is_only(&self) -> bool {
        self.sole + 1 >= self.path.len()
    }

    /// Whether it tells of the records and is none of them.
    fn is_about(&self) -> bool {
        self.path.iter().any(|name| is_of(name, ABOUT)) || is_of(self.last(), NAMES)
    }

    /// Whether it is called as the records of an answer, and stands where they do.
    fn is_prime(&self) -> bool {
        let around = &self.path[..self.path.len() - 1];
        is_of(self.last(), ANSWERS) && around.iter().all(|name| is_of(name, AROUND))
    }

    /// Whether its place says that it is records: a member of the whole, or what the names on the way stand for.
    fn is_named(&self) -> bool {
        if self.is_keyed() {
            return self.path.iter().all(|name| is_of(name, AROUND) || is_of(name, RECORDS));
        }
        let within = &self.path[..self.path.len() - 1];
        let is_answer = |first: &String| is_of(first, AROUND) && (within.len() == 1 && self.items > 1 || self.is_only());
        within.first().is_none_or(is_answer) || is_of(self.last(), RECORDS)
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
    /// What may be records. What has an id is a record itself, and short lists are parts of it.
    fn tables(&self) -> impl Iterator<Item = &Array> {
        let is_part = |a: &Array| self.has_id && a.items < MANY && (a.is_keyed() || !is_of(a.last(), RECORDS));
        self.arrays.iter().filter(move |a| a.is_table() && !is_part(a))
    }

    /// The array of records, or the object of them; `None` when the object is one record, or has one under each key.
    pub(super) fn choose(&self) -> Option<Choice<'_>> {
        let tables = || self.tables().filter(|a| !a.is_about());
        let has_tables = tables().any(|a| a.kind == Kind::Objects && a.is_named());
        let is_sound = |a: &&Array| match a.kind {
            Kind::Objects => true,
            // A matrix may be anything, as points of a line are, where it has no names and is not called records.
            Kind::Lists(_) => is_of(a.last(), RECORDS) || self.names(a).is_some() || a.path.len() == 1 && !has_tables,
            // Records that one of what looks like records holds, and no other of them, are what it was made for.
            Kind::Keyed { .. } => !tables().any(|b| b.is_within(&a.path) && b.is_named()),
            Kind::Scalars | Kind::Empty => false,
        };
        let named = most(tables().filter(|a| a.is_named()).filter(is_sound));
        if self.is_keyed && named.is_none() {
            return None;
        }
        let chosen = named.or_else(|| self.unnamed(tables, is_sound)).or_else(|| self.empty()).or_else(|| self.about())?;
        Some(Choice {
            path: &chosen.path,
            names: self.names(chosen),
            lists: matches!(chosen.kind, Kind::Lists(_)),
            empty: chosen.kind == Kind::Empty,
        })
    }

    /// Of `tables` that are deep in the object and whose names say nothing: the one whose place or length does.
    fn unnamed<'a, I: Iterator<Item = &'a Array>>(
        &self,
        tables: impl Fn() -> I,
        is_sound: impl Fn(&&'a Array) -> bool,
    ) -> Option<&'a Array> {
        let is_all = |a: &Array| a.is_only() && self.topics == 1;
        let is_nested = |a: &&Array| match a.kind {
            Kind::Objects => a.path.len() > 1 && (a.items > 1 || is_all(a) || a.is_plural()),
            Kind::Keyed { .. } => true,
            Kind::Lists(_) | Kind::Scalars | Kind::Empty => false,
        };
        let nested = || tables().filter(is_nested).filter(&is_sound);
        let is_alone = nested().count() == 1;
        let has_codes = |a: &Array| a.kind == Kind::Keyed { digits: true };
        most(nested().filter(|a| a.is_plural() || is_alone && (a.items >= MANY || is_all(a) || has_codes(a))))
    }

    /// An array of no records, where it is called that.
    fn empty(&self) -> Option<&Array> {
        let is_described = self.arrays.iter().any(|a| a.is_about() && a.is_table());
        let is_wanted =
            |a: &Array| if is_described { a.is_named() && is_of(a.last(), RECORDS) } else { a.is_prime() && !self.has_id };
        self.arrays.iter().find(|a| a.kind == Kind::Empty && !a.is_about() && is_wanted(a))
    }

    /// What tells of records is records itself where nothing else is there.
    fn about(&self) -> Option<&Array> {
        let mut tables = self.tables();
        let only = tables.next().filter(|_| tables.next().is_none())?;
        let is_alone = !self.has_objects || is_of(only.last(), NAMES);
        (only.path.len() == 1 && only.kind == Kind::Objects && is_alone).then_some(only)
    }

    /// Where the names of an array's columns stand: beside it, else anywhere.
    fn names(&self, array: &Array) -> Option<&[String]> {
        let fits = |a: &&Array| {
            let is_wide = match array.kind {
                Kind::Lists(width) => a.items == width,
                Kind::Empty => true,
                Kind::Objects | Kind::Keyed { .. } | Kind::Scalars => false,
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
        let is_apart = |a: &Array| a.path != path && !a.is_within(path) && !path.starts_with(&a.path);
        let others: Vec<&Array> = self.arrays.iter().filter(|a| a.is_table() && is_apart(a) && !describes(a)).collect();
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
}

/// The table that is called records where answers have them, else the one of most items; of several the first.
fn most<'a>(tables: impl Iterator<Item = &'a Array>) -> Option<&'a Array> {
    let rank = |a: &Array| (a.is_prime(), a.items);
    tables.reduce(|best, table| if rank(table) > rank(best) { table } else { best })
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
