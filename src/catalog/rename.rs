//! The names of a catalog's tables and schemas in its index: all of them made anew, or only those of a few datasets, which gives the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::index::FIRST_OID;
use super::naming;
use super::update::report;
use crate::descriptor::Problem;
use crate::error::Result;
use crate::name::{Identifier, MAX_BYTES, clip};

/// A distribution that wants to be a table.
#[derive(Clone)]
struct Wanted {
    dataset: i64,
    position: i64,
    shape: [u8; 32],
}

/// Where a table stands that has its natural name.
type Place = (Identifier, Identifier);

/// Makes the names of all of a catalog's tables and schemas anew, in the order of the datasets' identifiers.
pub(super) fn rename(transaction: &Connection, catalog: i64, catalog_name: &str) -> Result<()> {
    for table in ["tables", "themes"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE catalog = ?"), [catalog])?;
    }
    transaction.execute("DELETE FROM problems WHERE catalog = ? AND source IS NULL", [catalog])?;

    let mut wanted: Vec<Wanted> = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    let mut themes: BTreeMap<Identifier, Schema> = BTreeMap::new();
    let mut named: HashMap<String, String> = HashMap::new();
    let mut datasets = transaction.prepare(
        "SELECT d.id, d.name, d.theme, s.file, s.bare FROM datasets d JOIN sources s ON s.id = d.source
         WHERE d.catalog = ? ORDER BY d.identifier, s.file, d.id",
    )?;
    let mut rows = datasets.query([catalog])?;
    while let Some(row) = rows.next()? {
        let (dataset, name, theme): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let bare: bool = row.get(4)?;
        let schema = naming::schema_name(theme.as_deref());
        let before = wanted.len();
        parts(transaction, dataset, &name, |part, name| {
            wanted.push(part);
            places.push((schema.clone(), name));
        })?;
        let title = || theme.unwrap_or_else(|| naming::DEFAULT_SCHEMA.to_owned());
        let counted = themes.entry(schema).or_insert_with(|| Schema { title: title(), datasets: 0, tables: 0 });
        counted.datasets += 1;
        counted.tables += (wanted.len() - before) as i64;
        if bare {
            continue; // Files in different folders may well have the same name: nobody published it as an identifier.
        }
        let file: String = row.get(3)?;
        if let Some(first) = named.get(&name) {
            let message = format!(
                "the dataset name \"{name}\" is also that of {first}; in a schema of both this one's tables are numbered"
            );
            report(transaction, catalog, None, &Problem { file, pointer: "/name".to_owned(), message })?;
        } else {
            named.insert(name, file);
        }
    }

    let mut oids = Oids::of(transaction, catalog_name)?;
    for (name, schema) in &themes {
        let oid = oids.get(name.as_str(), "")?;
        transaction
            .prepare_cached("INSERT INTO themes (catalog, name, oid, title, datasets, tables) VALUES (?, ?, ?, ?, ?, ?)")?
            .execute(params![catalog, name.as_str(), oid, schema.title, schema.datasets, schema.tables])?;
    }
    let names = naming::table_names(&places);
    // In the order of the index, whose pages are then written one after the other.
    let mut order: Vec<u32> = (0..).take(names.len()).collect();
    order.sort_unstable_by_key(|i| (&places[*i as usize].0, &names[*i as usize]));
    let mut statement = transaction.prepare(INSERT)?;
    for i in order {
        let (table, (schema, _), name) = (&wanted[i as usize], &places[i as usize], &names[i as usize]);
        let oid = oids.get(schema.as_str(), name.as_str())?;
        let row = params![catalog, schema.as_str(), name.as_str(), oid, table.dataset, table.position, table.shape];
        statement.execute(row)?;
    }
    Ok(())
}

const INSERT: &str = "INSERT INTO tables (catalog, schema, name, oid, dataset, position, shape) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// A schema as it is counted together.
struct Schema {
    title: String,
    datasets: i64,
    tables: i64,
}

/// The distributions of a dataset that want to be tables, each with its natural name.
fn parts(connection: &Connection, dataset: i64, name: &str, mut part: impl FnMut(Wanted, Identifier)) -> Result<()> {
    let sql = "SELECT position, name, shape FROM distributions WHERE dataset = ? AND is_table ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    let parts = statement.query_map([dataset], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let parts = parts.collect::<rusqlite::Result<Vec<(i64, String, [u8; 32])>>>()?;
    let several = parts.len() > 1;
    for (position, of, shape) in parts {
        part(Wanted { dataset, position, shape }, naming::table_name(name, several.then_some(of.as_str())));
    }
    Ok(())
}

/// The oids of a catalog's names: the one that a name always had, else the next.
struct Oids<'c> {
    connection: &'c Connection,
    catalog: &'c str,
    next: u32,
}

impl<'c> Oids<'c> {
    fn of(connection: &'c Connection, catalog: &'c str) -> Result<Self> {
        let last: Option<u32> = connection.query_row("SELECT max(oid) FROM oids", [], |row| row.get(0))?;
        Ok(Self { connection, catalog, next: last.map_or(FIRST_OID, |last| last + 1) })
    }

    /// That of a table, or of a schema where the table's name is empty.
    fn get(&mut self, schema: &str, name: &str) -> Result<u32> {
        let sql =
            "INSERT INTO oids (oid, catalog, schema, name) VALUES (?, ?, ?, ?) ON CONFLICT (catalog, schema, name) DO NOTHING";
        let added = self.connection.prepare_cached(sql)?.execute(params![self.next, self.catalog, schema, name])?;
        if added > 0 {
            self.next += 1;
            return Ok(self.next - 1);
        }
        let sql = "SELECT oid FROM oids WHERE catalog = ? AND schema = ? AND name = ?";
        Ok(self.connection.prepare_cached(sql)?.query_row([self.catalog, schema, name], |row| row.get(0))?)
    }
}

/// What a dataset gives to its catalog's names.
pub(super) struct Named {
    dataset: i64,
    schema: Identifier,
    theme: Option<String>,
    tables: Vec<(Wanted, Identifier)>,
}

impl Named {
    /// Of a dataset in the index.
    pub(super) fn of(connection: &Connection, dataset: i64) -> Result<Self> {
        let mut statement = connection.prepare_cached("SELECT name, theme FROM datasets WHERE id = ?")?;
        let (name, theme): (String, Option<String>) = statement.query_row([dataset], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut tables = Vec::new();
        parts(connection, dataset, &name, |part, name| tables.push((part, name)))?;
        Ok(Self { dataset, schema: naming::schema_name(theme.as_deref()), theme, tables })
    }

    fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables.iter().map(|(_, name)| (self.schema.as_str(), name.as_str()))
    }

    /// Whether two of its tables want the same name.
    fn has_doubles(&self) -> bool {
        let mut met = HashSet::new();
        !self.places().all(|place| met.insert(place))
    }
}

/// A dataset that came, or took another one's place.
pub(super) struct Change {
    pub(super) before: Option<Named>,
    pub(super) after: Named,
}

/// Gives names to what changed as [`rename`] would, and leaves all others alone. False where a name would be another dataset's business
/// too, because it is or was numbered: then all are to be made anew.
pub(super) fn rename_few(connection: &Connection, catalog: i64, catalog_name: &str, changes: &[Change]) -> Result<bool> {
    let mut oids = Oids::of(connection, catalog_name)?;
    for Change { before, after } in changes {
        if let Some(before) = before
            && before.schema == after.schema
            && before.theme == after.theme
            && before.places().eq(after.places())
        {
            let mut moved = connection.prepare_cached(
                "UPDATE tables SET dataset = ?, position = ?, shape = ? WHERE catalog = ? AND dataset = ? AND position = ?",
            )?;
            for ((old, _), (new, _)) in before.tables.iter().zip(&after.tables) {
                moved.execute(params![new.dataset, new.position, new.shape, catalog, old.dataset, old.position])?;
            }
            continue;
        }
        if let Some(before) = before {
            if before.has_doubles() {
                return Ok(false);
            }
            for place in before.places() {
                if !is_alone(connection, catalog, before.dataset, place)? {
                    return Ok(false);
                }
            }
            let mut gone = connection.prepare_cached("DELETE FROM tables WHERE catalog = ? AND dataset = ?")?;
            gone.execute([catalog, before.dataset])?;
            if !count(connection, catalog, before, -1)? {
                return Ok(false);
            }
        }
        if after.has_doubles() {
            return Ok(false);
        }
        for (table, name) in &after.tables {
            let (schema, name) = (after.schema.as_str(), name.as_str());
            let taken = "SELECT 1 FROM tables WHERE catalog = ? AND schema = ? AND name = ?";
            let is_taken = connection.prepare_cached(taken)?.exists(params![catalog, schema, name])?;
            if is_taken || !is_alone(connection, catalog, after.dataset, (schema, name))? {
                return Ok(false);
            }
            let oid = oids.get(schema, name)?;
            let row = params![catalog, schema, name, oid, table.dataset, table.position, table.shape];
            connection.prepare_cached(INSERT)?.execute(row)?;
        }
        if !count(connection, catalog, after, 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether no other dataset's tables have names that hang on this one: none is numbered behind it, and it is not itself a number behind
/// another.
fn is_alone(connection: &Connection, catalog: i64, dataset: i64, (schema, name): (&str, &str)) -> Result<bool> {
    // Numbers of up to so many digits fit behind a name without shortening it.
    const DIGITS: usize = 8;
    let exists = |sql: &str, front: &str| connection.prepare_cached(sql)?.exists(params![catalog, schema, front, dataset]);
    let front = clip(name, MAX_BYTES - 1 - DIGITS);
    let (from, to) = if front == name { ("_0", "_:") } else { ("", "\u{10ffff}") };
    let sql = format!(
        "SELECT 1 FROM tables WHERE catalog = ?1 AND schema = ?2 AND name >= ?3 || '{from}' AND name < ?3 || '{to}' AND dataset <> ?4"
    );
    // The digits end where `:` begins.
    if exists(&sql, front)? {
        return Ok(false);
    }
    let numbered = name.rsplit_once('_').filter(|(_, digits)| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let Some((front, _)) = numbered else { return Ok(true) };
    Ok(!exists("SELECT 1 FROM tables WHERE catalog = ?1 AND schema = ?2 AND name = ?3 AND dataset <> ?4", front)?)
}

/// Counts a dataset's tables to its schema, or off it. False where the schema comes or goes, or may be called otherwise.
fn count(connection: &Connection, catalog: i64, of: &Named, sign: i64) -> Result<bool> {
    let sql =
        "UPDATE themes SET datasets = datasets + ?, tables = tables + ? WHERE catalog = ? AND name = ? RETURNING datasets, title";
    let tables = sign * of.tables.len() as i64;
    let mut statement = connection.prepare_cached(sql)?;
    let counted = statement.query_row(params![sign, tables, catalog, of.schema.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    let counted: Option<(i64, String)> = counted.optional()?;
    let title = of.theme.as_deref().unwrap_or(naming::DEFAULT_SCHEMA);
    Ok(counted.is_some_and(|(datasets, known)| datasets > 0 && known == title))
}
