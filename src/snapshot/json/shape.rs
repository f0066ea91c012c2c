//! Shapes of JSON: where in a text the records are, and what they are, by what is declared and by what the text shows. Records
//! themselves are not read here.

use std::collections::HashSet;

use super::find::Seen;
use super::scan::Scanner;
use super::words::names;
use crate::descriptor::{Distribution, ItemType};
use crate::error::{Error, Kind, Result};
use crate::snapshot::decode::Text;
use crate::snapshot::stop::Stop;

/// Members that records of APIs have their values in, and beside which others they do: JSON:API, Elasticsearch, Opendatasoft, Airtable.
/// ArcGIS has a `geometry` at most there.
const WRAPPED: &[(&str, &[&str])] =
    &[("attributes", &["type", "id"]), ("_source", &["_id"]), ("fields", &["recordid"]), ("fields", &["id", "createdTime"])];

/// Members of the first record that are looked at.
const LOOK_MEMBERS: usize = 100;

/// How records stand in a text, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Shape {
    /// The members that lead to the records; empty when the text is them.
    pub(super) path: Vec<String>,
    pub(super) layout: Arrangement,
    /// Records are GeoJSON features.
    pub(super) features: bool,
    pub(super) wrapping: Wrapping,
    /// What the text says beside the records that their columns are called; each name once.
    pub(super) columns: Vec<String>,
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

/// What stands around the values of a record that is an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    Nothing,
    /// They are in this member of it: one of [`WRAPPED`].
    Member(&'static str),
    /// Each is the `value` of an object that says what it is (SPARQL 1.1 Query Results JSON).
    Bindings,
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
        let (wrapping, items) = (Wrapping::Nothing, Items::declared(distribution));
        Self { path: Vec::new(), layout, features: false, wrapping, columns: Vec::new(), crs: None, items }
    }

    /// The shape of a JSON text. The dialect's property says where the records are, as names joined by `.` or as a JSON pointer;
    /// without one, an array is its records, but for a head before them, a FeatureCollection has its features, an object has the array
    /// or the object of records in it that [`Seen::choose`] finds, and an object of objects that are alike has one record for each key.
    /// What is left out goes to `warnings`.
    /// Without a property, an object is passed over once from end to end for this; a name in it has at most `max_value` bytes.
    pub(in crate::snapshot) fn of(
        text: &Text,
        url: &str,
        distribution: &Distribution,
        max_value: usize,
        stop: &Stop,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let shape = |layout| Self::new(layout, distribution);
        let array = |path: Vec<String>, features| Self { path, features, ..shape(Arrangement::Array) };
        if let Some(property) = distribution.dialect.property.as_deref() {
            let path: Vec<String> = match property.strip_prefix('/') {
                Some(pointer) => pointer.split('/').map(|p| p.replace("~1", "/").replace("~0", "~")).collect(),
                None => property.split('.').map(str::to_owned).collect(),
            };
            let features = path == ["features"];
            let mut shape = array(path, features);
            let first = shape.look(text, url, distribution, max_value);
            if first == First::List && shape.wants_names() {
                // What is wrong is told by who reads the records.
                let seen = Scanner::open(text, url, max_value).and_then(|s| Seen::of(&mut s.ended_by(stop)));
                if let Some(at) = seen.ok().as_ref().and_then(|seen| seen.names_of(&shape.path)) {
                    shape.columns = names_at(at, text, url, max_value);
                }
            }
            return Ok(shape);
        }
        let mut scanner = Scanner::open(text, url, max_value)?.ended_by(stop);
        match scanner.peek()? {
            Some(b'[') => {
                let path = if is_behind_head(&mut scanner)? { vec!["1".to_owned()] } else { Vec::new() };
                let mut shape = array(path, false);
                shape.look(text, url, distribution, max_value);
                return Ok(shape);
            }
            Some(b'{') => {}
            Some(b'/' | b'#') => return Err(scanner.unexpected("an array or an object")),
            first => {
                let e = scanner.error("neither an array nor an object, so it holds no records");
                // `true`, `false` and `null` begin so too.
                let is_script = first.is_some_and(|b| b.is_ascii_alphabetic() && !b"tfn".contains(&b));
                let hint = "Publish the JSON alone, without a script or a call around it; or declare the format it has.";
                return Err(if is_script { e.with_hint(hint) } else { e });
            }
        }
        let first_line = scanner.line();
        let seen = Seen::of(&mut scanner)?;
        let is_one_line = scanner.line() == first_line;
        if scanner.peek()?.is_some() {
            let layout = if is_one_line { Arrangement::Lines } else { Arrangement::Sequence };
            return Ok(Self { features: seen.kind.as_deref() == Some("Feature"), ..shape(layout) });
        }
        match seen.kind.as_deref() {
            Some("FeatureCollection") => {
                let path = vec!["features".to_owned()];
                warnings.extend(seen.left_out(&path, url));
                return Ok(Self { crs: seen.crs, ..array(path, true) });
            }
            Some(kind) if kind == "Feature" || super::geometry::is_kind(kind) => {
                return Ok(Self { features: true, crs: seen.crs, ..shape(Arrangement::One) });
            }
            Some("Topology") if seen.path_of(&["arcs"]).is_some() => {
                return Err(Error::new(Kind::SourceInvalid, format!("{url} is TopoJSON, which is not read"))
                    .with_hint("Publish it as GeoJSON, as topo2geo and mapshaper make it of TopoJSON."));
            }
            Some(_) | None => {}
        }
        if let Some(cube) = cube(&seen) {
            return Err(Error::new(Kind::SourceInvalid, format!("{url} is {cube}, a cube of values, which is not read"))
                .with_hint("Publish it as CSV, which those who publish cubes have beside it."));
        }
        let Some(choice) = seen.choose() else {
            return Ok(shape(if seen.is_keyed { Arrangement::Keyed } else { Arrangement::One }));
        };
        let mut shape = array(choice.path.to_vec(), false);
        warnings.extend(seen.left_out(choice.path, url));
        shape.look(text, url, distribution, max_value);
        let vars = seen.path_of(&["head", "vars"]);
        if let (["results", "bindings"], Some(vars)) =
            (choice.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), vars)
        {
            shape.wrapping = Wrapping::Bindings;
            shape.columns = names_at(vars, text, url, max_value);
            warnings.push(format!("{url}: of each value the text is read; what type and language it has is left out"));
        } else if let Some(at) = choice.names.filter(|_| choice.empty || choice.lists && shape.wants_names()) {
            shape.columns = names_at(at, text, url, max_value);
        }
        if shape.features {
            shape.crs = seen.crs;
        }
        Ok(shape)
    }

    /// The same records, known to be GeoJSON features.
    pub(in crate::snapshot) fn of_features(self) -> Self {
        let features = self.wrapping == Wrapping::Nothing;
        Self { features, ..self }
    }

    /// Whether the text is one record and no array of them.
    pub(in crate::snapshot) fn is_one(&self) -> bool {
        self.layout == Arrangement::One && !self.features
    }

    /// Whether names are taken that stand beside records that are arrays: nothing else is declared.
    fn wants_names(&self) -> bool {
        self.items.keys.is_empty() && self.items.header != Some(true)
    }

    /// Looks at the first record of an array, for what all are. What is wrong with it is told by who reads it.
    fn look(&mut self, text: &Text, url: &str, distribution: &Distribution, max_value: usize) -> First {
        let first = Scanner::open(text, url, max_value).and_then(|mut scanner| First::of(&mut scanner, &self.path));
        let first = first.unwrap_or(First::Other);
        match first {
            First::Feature => self.features = true,
            First::Wrapped(member) => {
                // What is declared of the member itself is meant so.
                let is_declared = distribution.schema.columns.iter().any(|column| column.name == member);
                if !is_declared && !self.items.open.has(member) && self.items.keys.is_empty() {
                    self.wrapping = Wrapping::Member(member);
                }
            }
            First::List | First::Other => {}
        }
        first
    }
}

/// What an array's first record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Feature,
    /// An object with its values in this member.
    Wrapped(&'static str),
    List,
    Other,
}

impl First {
    fn of(scanner: &mut Scanner<'_>, path: &[String]) -> Result<Self> {
        if scanner.seek(path)?.is_none() || !scanner.take(b'[')? {
            return Ok(Self::Other);
        }
        match scanner.peek()? {
            Some(b'[') => return Ok(Self::List),
            Some(b'{') => scanner.take(b'{')?,
            Some(_) | None => return Ok(Self::Other),
        };
        let (mut is_feature, mut objects, mut others) = (false, HashSet::new(), HashSet::new());
        for _ in 0..LOOK_MEMBERS {
            if scanner.take(b'}')? {
                break;
            }
            let name = scanner.name()?;
            let is_object = scanner.peek()? == Some(b'{');
            if name == "type" {
                let mut raw = Vec::new();
                scanner.value(Some(&mut raw))?;
                is_feature = raw == b"\"Feature\"";
            } else {
                scanner.value(None)?;
            }
            if is_object { &mut objects } else { &mut others }.insert(name);
            scanner.take(b',')?;
        }
        if is_feature && (objects.contains("geometry") || objects.contains("properties")) {
            return Ok(Self::Feature);
        }
        let is_wrapped =
            |(member, beside): &&(&str, &[&str])| objects.contains(*member) && beside.iter().all(|name| others.contains(*name));
        let is_bare = objects.contains("attributes")
            && objects.iter().chain(&others).all(|name| matches!(name.as_str(), "attributes" | "geometry" | "centroid"));
        let member = WRAPPED.iter().find(is_wrapped).map(|(member, _)| *member).or(is_bare.then_some("attributes"));
        Ok(member.map_or(Self::Other, Self::Wrapped))
    }
}

/// Passes over an array; whether it is an object that tells of an answer, and an array of objects that is it (World Bank).
fn is_behind_head(scanner: &mut Scanner<'_>) -> Result<bool> {
    scanner.take(b'[')?;
    if scanner.peek()? != Some(b'{') {
        return Ok(false);
    }
    scanner.value(None)?;
    if !scanner.take(b',')? || !scanner.take(b'[')? || scanner.peek()? != Some(b'{') {
        return Ok(false);
    }
    while !scanner.take(b']')? {
        scanner.value(None)?;
        scanner.take(b',')?;
    }
    scanner.take(b']')
}

/// What a text is whose values stand apart from what they are of.
fn cube(seen: &Seen) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| seen.names.contains(*name));
    let has_array = |path: &[&str]| seen.path_of(path).is_some();
    if has(&["dimension", "value"]) && has_array(&["id"]) && has_array(&["size"]) || has_array(&["dataset", "dimension", "size"])
    {
        Some("JSON-stat")
    } else if has(&["dataSets", "structure"]) || has_array(&["data", "dataSets"]) {
        Some("SDMX-JSON")
    } else {
        None
    }
}

/// The names in the array at `path`, each once; none where it holds something else.
fn names_at(path: &[String], text: &Text, url: &str, max_value: usize) -> Vec<String> {
    let mut raw = Vec::new();
    let found = Scanner::open(text, url, max_value).and_then(|mut scanner| {
        let found = scanner.seek(path)?.is_some();
        if found { scanner.value(Some(&mut raw)).map(|()| true) } else { Ok(false) }
    });
    let names = found.ok().filter(|found| *found).and_then(|_| names(&raw));
    names.map_or_else(Vec::new, |names| crate::snapshot::names::unique(&names).0)
}
