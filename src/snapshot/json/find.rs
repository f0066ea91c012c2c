//! Finding: which of the arrays in an object are its records, and where their names stand. One walk over the object notes its arrays and
//! holds nothing of them.

use std::collections::HashSet;

use super::scan::Scanner;
use crate::error::Result;

/// Members of an object that are compared with those of its neighbours, and objects in an object that are walked into.
const LOOK_MEMBERS: usize = 100;

/// Arrays that are noted, at most.
const MOST_ARRAYS: usize = 1000;

/// Names on the way to an array, at most: `meta.view.columns`, `response.body.items.item`.
const MOST_NAMES: usize = 4;

/// How long a text is that names a coordinate reference system, at most.
const MAX_CRS: usize = 1 << 16;

/// Arrays left out that a warning names.
const MOST_NAMED: usize = 5;

/// What a single array needs to be records where neither its name nor the way to it says so.
const MANY: u64 = 10;

/// Names of arrays that say what columns are called.
const NAMES: &[&str] = &[
    "fields",
    "columns",
    "cols",
    "vars",
    "variables",
    "header",
    "headers",
    "names",
    "labels",
    "keys",
    "fieldnames",
    "field_names",
    "columnnames",
    "column_names",
    "columnheaders",
    "column_headers",
    "schema",
];

/// Names of what tells of records and holds none, beside the [`NAMES`]; as parts of geometries.
const ABOUT: &[&str] = &[
    "meta",
    "metadata",
    "head",
    "links",
    "_links",
    "@context",
    "facets",
    "search_facets",
    "included",
    "errors",
    "warnings",
    "messages",
    "bbox",
    "extent",
    "transform",
    "coordinates",
    "geometry",
    "geometries",
    "arcs",
    "rings",
    "paths",
    "spatialreference",
    "crs",
];

/// Names of arrays of records.
const RECORDS: &[&str] = &[
    "records",
    "record",
    "rows",
    "row",
    "data",
    "aadata",
    "items",
    "item",
    "results",
    "result",
    "bindings",
    "docs",
    "documents",
    "features",
    "entries",
    "entry",
    "elements",
    "values",
    "value",
    "hits",
    "observations",
    "objects",
    "list",
    "table",
];

/// Names of objects that stand around what was asked for.
const AROUND: &[&str] = &[
    "result",
    "results",
    "response",
    "data",
    "d",
    "payload",
    "body",
    "content",
    "hits",
    "_embedded",
    "feed",
    "return",
    "resultset",
    "dataset",
    "output",
    "answer",
];

/// Names of what tells one record from others: an object that has one is a record, and short lists are parts of it.
const IDS: &[&str] = &["id", "_id", "identifier", "uuid", "guid"];

/// Keys under which the description of a column has its name, the best first.
const NAME_KEYS: &[&str] =
    &["name", "id", "field", "fieldName", "field_name", "column_name", "columnName", "title", "label", "text", "key", "alias"];

/// What most items of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Objects,
    /// Arrays, the first of so many items.
    Lists(u64),
    Scalars,
    Empty,
}

/// An array that no other array holds.
#[derive(Debug)]
pub(super) struct Array {
    /// The members that lead to it.
    pub(super) path: Vec<String>,
    pub(super) items: u64,
    kind: Kind,
    /// Its items are their places, counted from 0.
    counts: bool,
}

/// What the members of an object are.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// GeoJSON's and TopoJSON's `type`.
    pub(super) kind: Option<String>,
    pub(super) crs: Option<String>,
    /// In the order of the text.
    arrays: Vec<Array>,
    /// For each member that is an object, the names in it.
    objects: Vec<HashSet<String>>,
    /// Members that are no object.
    others: usize,
    /// A member of the whole is one of the [`IDS`].
    has_id: bool,
}

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

fn is_of(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(name))
}

impl Seen {
    /// Passes over an object.
    pub(super) fn of(scanner: &mut Scanner<'_>) -> Result<Self> {
        let mut seen = Self::default();
        seen.members(scanner, &mut Vec::new())?;
        Ok(seen)
    }

    /// Passes over the object at `path`; the names in it.
    fn members(&mut self, scanner: &mut Scanner<'_>, path: &mut Vec<String>) -> Result<HashSet<String>> {
        let (mut names, mut objects) = (HashSet::new(), 0);
        scanner.take(b'{')?;
        while !scanner.take(b'}')? {
            let name = scanner.name()?;
            let first = scanner.peek()?;
            if path.is_empty() {
                self.others += usize::from(first != Some(b'{'));
                self.has_id |= is_of(&name, IDS) && matches!(first, Some(b'"' | b'0'..=b'9'));
            } else if path.len() == 1 && names.len() < LOOK_MEMBERS {
                names.insert(name.clone());
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
                (Some(b'{'), [.., _]) if objects < LOOK_MEMBERS && path.len() < MOST_NAMES => {
                    objects += 1;
                    let inner = self.members(scanner, path)?;
                    if path.len() == 1 {
                        self.objects.push(inner);
                    }
                }
                (Some(_) | None, _) => scanner.value(None)?,
            }
            path.pop();
            scanner.take(b',')?;
        }
        Ok(names)
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
        if self.arrays.len() < MOST_ARRAYS {
            self.arrays.push(Array { path: path.to_vec(), items, kind, counts });
        }
        Ok(())
    }

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

/// The names in an array of texts, of descriptions of columns, or of lists that name a column together; `None` when it names none.
pub(super) fn names(json: &[u8]) -> Option<Vec<String>> {
    let items: Vec<serde_json::Value> = serde_json::from_slice(json).ok()?;
    let plain = |v: &serde_json::Value| match v {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    let text = |v: &serde_json::Value, key: &str| v.get(key)?.as_str().filter(|t| !t.trim().is_empty()).map(str::to_owned);
    let key = NAME_KEYS.iter().find(|key| items.iter().all(|item| text(item, key).is_some()));
    let name = |item: &serde_json::Value| match (item.as_array(), key) {
        (_, Some(key)) => text(item, key),
        (Some(parts), None) => parts.iter().map(plain).collect::<Option<Vec<String>>>().map(|parts| parts.join(" ")),
        (None, None) => plain(item),
    };
    items.iter().map(name).collect::<Option<Vec<String>>>().filter(|names| !names.is_empty())
}
