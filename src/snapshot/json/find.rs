//! Finding: which arrays are in an object, before any of them is read. One walk over the object notes its arrays and holds nothing of
//! them; which one is the records is chosen beside this.

use std::collections::HashSet;

use super::scan::Scanner;
use super::words::{IDS, is_of};
use crate::error::Result;

/// Members of an object that are compared with those of its neighbours, and objects in an object that are walked into.
const LOOK_MEMBERS: usize = 100;

/// Arrays that are noted, at most.
const MOST_ARRAYS: usize = 1000;

/// Names on the way to an array, at most: `meta.view.columns`, `response.body.items.item`.
const MOST_NAMES: usize = 4;

/// How long a text is that names a coordinate reference system, at most.
const MAX_CRS: usize = 1 << 16;

/// What most items of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) kind: Kind,
    /// Its items are their places, counted from 0.
    pub(super) counts: bool,
}

/// What the members of an object are.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// GeoJSON's and TopoJSON's `type`.
    pub(super) kind: Option<String>,
    pub(super) crs: Option<String>,
    /// In the order of the text.
    pub(super) arrays: Vec<Array>,
    /// For each member that is an object, the names in it.
    pub(super) objects: Vec<HashSet<String>>,
    /// Members that are no object.
    pub(super) others: usize,
    /// A member of the whole is one of the [`IDS`].
    pub(super) has_id: bool,
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
}
