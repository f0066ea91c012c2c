//! Shapes of JSON: where in a text the records are, and what they are, by what is declared and by what the text shows. Records
//! themselves are not read here.

use std::collections::HashSet;

use super::scan::Scanner;
use crate::descriptor::{Distribution, ItemType};
use crate::error::Result;
use crate::snapshot::decode::Text;
use crate::snapshot::stop::Stop;

/// Members of an object that are compared with those of its neighbours.
const LOOK_MEMBERS: usize = 100;

/// How long a text is that names a coordinate reference system, at most.
const MAX_CRS: usize = 1 << 16;

/// How records stand in a text, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Shape {
    /// The members that lead to the records; empty when the text is them.
    pub(super) path: Vec<String>,
    pub(super) layout: Arrangement,
    /// Records are GeoJSON features.
    pub(super) features: bool,
    /// What the features' coordinates refer to, where the text says it.
    pub(in crate::snapshot) crs: Option<String>,
    pub(super) items: Items,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// An array at the end of the path; an object there is as [`Self::Keyed`].
    Array,
    /// An object, each member of which is a record under its key.
    Keyed,
    /// One record a line.
    Lines,
    /// One record after the other, over several lines each.
    Sequence,
    /// The text is the one record.
    One,
}

/// What is declared of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Items {
    /// For records that are arrays: whether the first one holds the names; `None` when it shows.
    pub(super) header: Option<bool>,
    /// The only members that become columns; empty for all.
    pub(super) keys: Vec<String>,
    pub(super) open: Open,
}

/// Objects within records whose members become columns, named by their path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// All of them.
    all: bool,
    /// The paths of those that a declared column lies in.
    paths: Vec<String>,
}

impl Open {
    /// Whether the object at a path is taken apart.
    pub(super) fn has(&self, path: &str) -> bool {
        self.all || self.paths.iter().any(|p| p == path)
    }
}

impl Items {
    fn declared(distribution: &Distribution) -> Self {
        let dialect = &distribution.dialect;
        let header = match dialect.item_type {
            Some(ItemType::Array) => Some(dialect.header.unwrap_or(true)),
            Some(ItemType::Object) | None => dialect.header,
        };
        let mut paths = HashSet::new();
        for column in &distribution.schema.columns {
            paths.extend(column.name.match_indices('.').map(|(at, _)| column.name[..at].to_owned()).filter(|p| !p.is_empty()));
        }
        let mut paths: Vec<String> = paths.into_iter().collect();
        paths.sort();
        Self { header, keys: dialect.item_keys.clone(), open: Open { all: dialect.flatten, paths } }
    }
}

impl Shape {
    /// One record a line.
    pub(in crate::snapshot) fn lines(distribution: &Distribution) -> Self {
        Self::new(Arrangement::Lines, distribution)
    }

    fn new(layout: Arrangement, distribution: &Distribution) -> Self {
        Self { path: Vec::new(), layout, features: false, crs: None, items: Items::declared(distribution) }
    }

    /// The shape of a JSON text. The dialect's property says where the records are, as names joined by `.` or as a JSON pointer;
    /// without one, an array is its records, a FeatureCollection has its features, an object with one array of objects (or, without
    /// any, one array of arrays) has that, and an object of objects that are alike has one record for each key.
    /// Without a property, an object is passed over once from end to end for this; a name in it has at most `max_value` bytes.
    pub(in crate::snapshot) fn of(
        text: &Text,
        url: &str,
        distribution: &Distribution,
        max_value: usize,
        stop: &Stop,
    ) -> Result<Self> {
        let shape = |layout| Self::new(layout, distribution);
        let array = |path: Vec<String>, features| Self { path, features, ..shape(Arrangement::Array) };
        if let Some(property) = distribution.dialect.property.as_deref() {
            let path: Vec<String> = match property.strip_prefix('/') {
                Some(pointer) => pointer.split('/').map(|p| p.replace("~1", "/").replace("~0", "~")).collect(),
                None => property.split('.').map(str::to_owned).collect(),
            };
            let features = path == ["features"];
            return Ok(array(path, features));
        }
        let mut scanner = Scanner::open(text, url, max_value)?.ended_by(stop);
        match scanner.peek()? {
            Some(b'[') => return Ok(array(Vec::new(), false)),
            Some(b'{') => {}
            Some(_) | None => return Err(scanner.error("neither an array nor an object, so it holds no records")),
        }
        let first_line = scanner.line();
        let seen = Seen::of(&mut scanner)?;
        let is_one_line = scanner.line() == first_line;
        if scanner.peek()?.is_some() {
            let layout = if is_one_line { Arrangement::Lines } else { Arrangement::Sequence };
            return Ok(Self { features: seen.kind.as_deref() == Some("Feature"), ..shape(layout) });
        }
        Ok(match (seen.kind.as_deref(), seen.tables.as_slice(), seen.matrices.as_slice()) {
            (Some("FeatureCollection"), _, _) => Self { crs: seen.crs, ..array(vec!["features".to_owned()], true) },
            (Some(kind), _, _) if kind == "Feature" || super::geometry::is_kind(kind) => {
                Self { features: true, crs: seen.crs, ..shape(Arrangement::One) }
            }
            (_, [only], _) => array(vec![only.clone()], false),
            (_, [], [only]) => array(vec![only.clone()], false),
            _ if seen.are_alike() => shape(Arrangement::Keyed),
            _ => shape(Arrangement::One),
        })
    }

    /// The same records, known to be GeoJSON features.
    pub(in crate::snapshot) fn of_features(self) -> Self {
        Self { features: true, ..self }
    }
}

/// What the members of an object are.
#[derive(Default)]
struct Seen {
    /// GeoJSON's `type`.
    kind: Option<String>,
    crs: Option<String>,
    /// Names of arrays of objects, and of arrays of arrays: the first two, since only one that is the only one is taken.
    tables: Vec<String>,
    matrices: Vec<String>,
    /// For each member that is an object, the names in it.
    objects: Vec<HashSet<String>>,
    /// Members that are no object.
    others: usize,
}

impl Seen {
    /// Passes over an object.
    fn of(scanner: &mut Scanner<'_>) -> Result<Self> {
        let mut seen = Self::default();
        scanner.take(b'{')?;
        while !scanner.take(b'}')? {
            let name = scanner.name()?;
            let first = scanner.peek()?;
            seen.others += usize::from(first != Some(b'{'));
            match first {
                Some(b'"') if name == "type" => {
                    let mut raw = Vec::new();
                    scanner.value(Some(&mut raw))?;
                    seen.kind = serde_json::from_slice::<String>(&raw).ok();
                }
                Some(b'[') => {
                    scanner.take(b'[')?;
                    match scanner.peek()? {
                        Some(b'{') if seen.tables.len() < 2 => seen.tables.push(name),
                        Some(b'[') if seen.matrices.len() < 2 => seen.matrices.push(name),
                        Some(_) | None => {}
                    }
                    while !scanner.take(b']')? {
                        scanner.value(None)?;
                        scanner.take(b',')?;
                    }
                }
                Some(b'{') => seen.object(&name, scanner)?,
                Some(_) | None => scanner.value(None)?,
            }
            scanner.take(b',')?;
        }
        Ok(seen)
    }

    fn object(&mut self, name: &str, scanner: &mut Scanner<'_>) -> Result<()> {
        let mut names = HashSet::new();
        let mut crs = None;
        scanner.take(b'{')?;
        while !scanner.take(b'}')? {
            let inner = scanner.name()?;
            if name == "crs" && inner == "properties" && scanner.peek()? == Some(b'{') {
                let mut raw = Vec::new();
                scanner.value(Some(&mut raw))?;
                crs = Some(raw)
                    .filter(|raw| raw.len() <= MAX_CRS)
                    .and_then(|raw| serde_json::from_slice::<serde_json::Value>(&raw).ok());
            } else {
                scanner.value(None)?;
            }
            if names.len() < LOOK_MEMBERS && self.objects.len() < LOOK_MEMBERS {
                names.insert(inner);
            }
            scanner.take(b',')?;
        }
        // The named CRS of GeoJSON's 2008 edition, 3.1.
        if let Some(name) = crs.as_ref().and_then(|crs| crs.get("name")).and_then(serde_json::Value::as_str) {
            self.crs = Some(name.to_owned());
        }
        if self.objects.len() < LOOK_MEMBERS {
            self.objects.push(names);
        }
        Ok(())
    }

    /// Whether the members are records under their keys: several objects and nothing else, each of which shares at least half of its
    /// names with the one before.
    fn are_alike(&self) -> bool {
        let share = |pair: &[HashSet<String>]| {
            let common = pair[0].intersection(&pair[1]).count();
            common > 0 && 2 * common >= pair[0].len().min(pair[1].len())
        };
        self.others == 0 && self.objects.len() > 1 && self.objects.windows(2).all(share)
    }
}
