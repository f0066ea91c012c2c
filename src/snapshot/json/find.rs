//! Finding: which arrays are in an object, and which objects hold records under their keys. One walk over the object notes where they
//! stand and holds nothing of them; which one is the records is chosen beside this.

use std::collections::HashSet;

use super::scan::Scanner;
use super::words::{ABOUT, IDS, NAMES, is_of};
use crate::error::Result;

/// Members of an object that are compared with those of its neighbours, and objects in an object that are walked into.
const LOOK_MEMBERS: usize = 100;

/// Arrays, and objects of records, that are noted, at most.
const MOST_ARRAYS: usize = 1000;

/// Names on the way to an array, at most: `meta.view.columns`, `response.body.items.item`, and what was a message of SOAP.
const MOST_NAMES: usize = 8;

/// How long a text is that names a coordinate reference system, at most.
const MAX_CRS: usize = 1 << 16;

/// What most items of an array are, or that it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Objects,
    /// Arrays, the first of so many items.
    Lists(u64),
    /// An object, each member of which is a record; whether each key has a digit, as no name of a field needs one.
    Keyed {
        digits: bool,
    },
    Scalars,
    Empty,
}

/// An array that no other array holds, or an object of records.
#[derive(Debug)]
pub(super) struct Array {
    /// The members that lead to it.
    pub(super) path: Vec<String>,
    pub(super) items: u64,
    pub(super) kind: Kind,
    /// Its items are their places, counted from 0.
    pub(super) counts: bool,
    /// How many of the objects around it, from within, hold nothing else.
    pub(super) sole: usize,
}

/// What the members of an object are.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// GeoJSON's and TopoJSON's `type`.
    pub(super) kind: Option<String>,
    pub(super) crs: Option<String>,
    /// In the order of the text.
    pub(super) arrays: Vec<Array>,
    /// The names of the whole's first members.
    pub(super) names: HashSet<String>,
    /// The whole's members are records under their keys.
    pub(super) is_keyed: bool,
    /// A member of the whole is an object.
    pub(super) has_objects: bool,
    /// Members of the whole that do not tell of others.
    pub(super) topics: usize,
    /// A member of the whole is one of the [`IDS`].
    pub(super) has_id: bool,
}

/// The members of an object.
#[derive(Default)]
struct Members {
    /// Of the first.
    names: HashSet<String>,
    count: u64,
    objects: u64,
    /// Those that were walked into, each of which shares at least half of its names with the one before, unless they `differ`.
    walked: usize,
    differ: bool,
    /// The names in the last of them.
    last: HashSet<String>,
    /// Those whose names have a digit.
    digits: u64,
}

impl Members {
    fn add(&mut self, name: &str, is_object: bool) {
        self.count += 1;
        self.objects += u64::from(is_object);
        self.digits += u64::from(name.bytes().any(|b| b.is_ascii_digit()));
        if self.names.len() < LOOK_MEMBERS {
            self.names.insert(name.to_owned());
        }
    }

    /// Adds the names in an object.
    fn compare(&mut self, names: HashSet<String>) {
        let common = self.last.intersection(&names).count();
        self.differ |= self.walked > 0 && (common == 0 || 2 * common < self.last.len().min(names.len()));
        self.last = names;
        self.walked += 1;
    }

    /// Whether they are records under their keys: several objects that are alike, and nothing else.
    fn are_records(&self) -> bool {
        self.objects == self.count && self.walked > 1 && !self.differ
    }
}

impl Seen {
    /// Passes over an object.
    pub(super) fn of(scanner: &mut Scanner<'_>) -> Result<Self> {
        let mut seen = Self::default();
        let members = seen.members(scanner, &mut Vec::new())?;
        (seen.is_keyed, seen.has_objects) = (members.are_records(), members.objects > 0);
        seen.names = members.names;
        Ok(seen)
    }

    /// Passes over the object at `path`.
    fn members(&mut self, scanner: &mut Scanner<'_>, path: &mut Vec<String>) -> Result<Members> {
        let (mut members, before) = (Members::default(), self.arrays.len());
        scanner.take(b'{')?;
        while !scanner.take(b'}')? {
            let name = scanner.name()?;
            let first = scanner.peek()?;
            members.add(&name, first == Some(b'{'));
            if path.is_empty() {
                self.topics += usize::from(!is_of(&name, ABOUT) && !is_of(&name, NAMES));
                self.has_id |= is_of(&name, IDS) && matches!(first, Some(b'"' | b'0'..=b'9'));
            }
            path.push(name);
            match (first, path.as_slice()) {
                (Some(b'"'), [only]) if only == "type" => {
                    let mut raw = Vec::new();
                    scanner.value(Some(&mut raw))?;
                    self.kind = serde_json::from_slice::<String>(&raw).ok();
                }
                (Some(b'{'), [around, name]) if around == "crs" && name == "properties" => {
                    let mut raw = Vec::new();
                    scanner.value(Some(&mut raw))?;
                    let crs = Some(raw).filter(|raw| raw.len() <= MAX_CRS);
                    let crs = crs.and_then(|raw| serde_json::from_slice::<serde_json::Value>(&raw).ok());
                    // The named CRS of GeoJSON's 2008 edition, 3.1.
                    let name = crs.as_ref().and_then(|crs| crs.get("name")).and_then(serde_json::Value::as_str);
                    self.crs = name.map(str::to_owned).or(self.crs.take());
                }
                (Some(b'['), _) => self.array(scanner, path)?,
                (Some(b'{'), _) if members.walked < LOOK_MEMBERS && path.len() < MOST_NAMES => {
                    let inner = self.members(scanner, path)?;
                    if inner.are_records() {
                        self.note(path, inner.objects, Kind::Keyed { digits: inner.digits == inner.count }, false);
                    }
                    members.compare(inner.names);
                }
                (Some(_) | None, _) => scanner.value(None)?,
            }
            path.pop();
            scanner.take(b',')?;
        }
        if members.are_records() {
            self.forget_shared(before, path.len());
        } else if members.count == 1 {
            let around = path.len() + 1;
            self.arrays[before..].iter_mut().filter(|a| a.sole + around == a.path.len()).for_each(|a| a.sole += 1);
        }
        Ok(members)
    }

    /// Notes an array, or an object of records.
    fn note(&mut self, path: &[String], items: u64, kind: Kind, counts: bool) {
        if self.arrays.len() < MOST_ARRAYS {
            self.arrays.push(Array { path: path.to_vec(), items, kind, counts, sole: 0 });
        }
    }

    /// Forgets what was noted since `before` when several records have a table of the same name: it is a part of each. `depth` names lead
    /// to the records.
    fn forget_shared(&mut self, before: usize, depth: usize) {
        let mut met = HashSet::new();
        let mut within = self.arrays[before..].iter().filter(|a| a.is_table());
        if within.any(|a| !met.insert(&a.path[depth + 1..])) {
            self.arrays.truncate(before);
        }
    }

    /// Passes over the array at `path`.
    fn array(&mut self, scanner: &mut Scanner<'_>, path: &[String]) -> Result<()> {
        let (mut items, mut objects, mut scalars) = (0_u64, 0_u64, 0_u64);
        let mut width = None;
        let mut counts = path.last().is_some_and(|name| name == "index");
        scanner.take(b'[')?;
        while !scanner.take(b']')? {
            match scanner.peek()? {
                Some(b'[') if width.is_none() => width = Some(scanner.count()?),
                first => {
                    objects += u64::from(first == Some(b'{'));
                    scalars += u64::from(!matches!(first, Some(b'{' | b'[' | b'n')));
                    if counts {
                        let mut raw = Vec::new();
                        scanner.value(Some(&mut raw))?;
                        counts = raw == items.to_string().as_bytes();
                    } else {
                        scanner.value(None)?;
                    }
                }
            }
            items += 1;
            scanner.take(b',')?;
        }
        let kind = match width {
            _ if items == 0 => Kind::Empty,
            _ if scalars * 2 > items => Kind::Scalars,
            Some(width) if objects * 2 <= items => Kind::Lists(width),
            Some(_) | None if objects > 0 => Kind::Objects,
            Some(_) | None => Kind::Scalars,
        };
        self.note(path, items, kind, counts);
        Ok(())
    }
}
