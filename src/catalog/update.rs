//! Bringing a catalog's part of the index up to date with what a scan found: what changed is read again and all names are made
//! anew, in one transaction; when nothing changed, nothing is written.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::Reach;
use super::archives::{self, Looked};
use super::prepared::Prepared;
use super::rename::rename;
use super::scan::{Content, Found, Scan};
use crate::descriptor::bare::{self, BareFile};
use crate::descriptor::published::Record;
use crate::descriptor::{Dataset, Problem, datapackage};
use crate::error::Result;

/// The longest descriptor that is read, in bytes.
const MAX_DESCRIPTOR: u64 = 64 << 20;

/// How much of a file is read for its first line, in bytes.
const MAX_HEAD: u64 = 64 << 10;

/// What the index knows of a scanned file.
struct Known {
    id: i64,
    fingerprint: String,
    /// Archives that it describes.
    archives: Vec<Looked>,
}

/// The same, by the file's name.
type Stored = HashMap<String, Known>;

/// Brings one catalog up to date and gives its row. Other catalogs of the index are left alone.
pub(super) fn update(connection: &mut Connection, name: &str, scan: Scan, reach: &Reach<'_>) -> Result<i64> {
    if let Some(id) = find(connection, name, &scan.location)?
        && is_current(&stored(connection, id)?, &scan.found, reach)
    {
        return Ok(id);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again: another process may have done the work while this one waited for its turn.
    let id = match find(&transaction, name, &scan.location)? {
        Some(id) => id,
        None => {
            transaction.execute("INSERT INTO catalogs (name, location) VALUES (?, ?)", params![name, scan.location])?;
            transaction.last_insert_rowid()
        }
    };
    let stored = stored(&transaction, id)?;
    if !is_current(&stored, &scan.found, reach) {
        replace(&transaction, id, &stored, scan.found, reach)?;
        rename(&transaction, id, name)?;
        transaction.execute("UPDATE changes SET count = count + 1", [])?;
    }
    transaction.commit()?;
    Ok(id)
}

fn find(connection: &Connection, name: &str, location: &str) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM catalogs WHERE name = ? AND location = ?")?;
    Ok(statement.query_row([name, location], |row| row.get(0)).optional()?)
}

fn stored(connection: &Connection, catalog: i64) -> Result<Stored> {
    let mut statement = connection.prepare_cached("SELECT file, id, fingerprint FROM sources WHERE catalog = ?")?;
    let known = |row: &Row<'_>| Ok((row.get(0)?, Known { id: row.get(1)?, fingerprint: row.get(2)?, archives: Vec::new() }));
    let mut stored = statement.query_map([catalog], known)?.collect::<rusqlite::Result<Stored>>()?;
    let mut statement = connection
        .prepare_cached("SELECT s.file, a.path, a.stamp FROM archives a JOIN sources s ON s.id = a.source WHERE s.catalog = ?")?;
    let mut rows = statement.query([catalog])?;
    while let Some(row) = rows.next()? {
        if let Some(known) = stored.get_mut(&row.get::<_, String>(0)?) {
            known.archives.push(Looked { path: row.get(1)?, stamp: row.get(2)? });
        }
    }
    Ok(stored)
}

fn is_current(stored: &Stored, found: &[Found], reach: &Reach<'_>) -> bool {
    let absent = found.iter().filter(|found| is_unreachable(found) && !stored.contains_key(&found.file)).count();
    stored.len() + absent == found.len() && found.iter().all(|found| is_unreachable(found) || is_unchanged(stored, found, reach))
}

fn is_unreachable(found: &Found) -> bool {
    matches!(found.content, Content::Unreachable)
}

/// Whether reading it again would give the same: it has not changed, and no archive that it describes has.
fn is_unchanged(stored: &Stored, found: &Found, reach: &Reach<'_>) -> bool {
    let Some(known) = stored.get(&found.file) else { return false };
    known.fingerprint == found.fingerprint && known.archives.iter().all(|archive| archive.holds(reach))
}

/// Takes out what is gone or changed, and puts in what is new or changed.
fn replace(transaction: &Transaction<'_>, catalog: i64, stored: &Stored, found: Vec<Found>, reach: &Reach<'_>) -> Result<()> {
    let stays: HashSet<&str> =
        found.iter().filter(|f| is_unreachable(f) || is_unchanged(stored, f, reach)).map(|f| f.file.as_str()).collect();
    for (_, Known { id: source, .. }) in stored.iter().filter(|(file, _)| !stays.contains(file.as_str())) {
        let mut datasets = transaction.prepare_cached("SELECT id FROM datasets WHERE source = ?")?;
        for dataset in datasets.query_map([source], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()? {
            remove(transaction, dataset)?;
        }
        transaction.execute("DELETE FROM problems WHERE catalog = ? AND source = ?", [catalog, *source])?;
        transaction.execute("DELETE FROM archives WHERE source = ?", [source])?;
        transaction.execute("DELETE FROM sources WHERE id = ?", [source])?;
    }
    for found in found.iter().filter(|found| !stays.contains(found.file.as_str())) {
        let (datasets, problems, archives, record) = read(found, reach);
        let bare = matches!(found.content, Content::Bare { .. });
        transaction
            .prepare_cached("INSERT INTO sources (catalog, file, fingerprint, bare) VALUES (?, ?, ?, ?)")?
            .execute(params![catalog, found.file, found.fingerprint, bare])?;
        let source = transaction.last_insert_rowid();
        for dataset in &datasets {
            let prepared = Prepared::of(dataset, dataset.theme(), record.as_ref(), &found.file)?;
            prepared.insert(transaction, (catalog, source), &[], 0)?;
        }
        for Looked { path, stamp } in &archives {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO archives (source, path, stamp) VALUES (?, ?, ?)")?
                .execute(params![source, path, stamp])?;
        }
        for problem in &problems {
            report(transaction, catalog, Some(source), problem)?;
        }
    }
    Ok(())
}

/// What is read of a source: its datasets, what is wrong, the archives that were looked into, and its text.
type Parsed = (Vec<Dataset>, Vec<Problem>, Vec<Looked>, Option<Record<'static>>);

/// Reads a new or changed source, and looks into the archives that it describes. Nothing here fails: what can't be read is a problem.
fn read(found: &Found, reach: &Reach<'_>) -> Parsed {
    let parsed = |bytes: &[u8]| {
        let (datasets, problems) = datapackage::parse(bytes, &found.file);
        let text = String::from_utf8_lossy(bytes).into_owned().into();
        (datasets, problems, Some(Record { text, media_type: "application/json" }))
    };
    let (mut datasets, mut problems, record) = match &found.content {
        Content::Descriptor => match bytes(Path::new(&found.file)) {
            Ok(bytes) => parsed(&bytes),
            Err(message) => {
                let problem = Problem { file: found.file.clone(), pointer: String::new(), message };
                (Vec::new(), vec![problem], None)
            }
        },
        Content::Fetched(bytes) => parsed(bytes),
        Content::Unreachable => (Vec::new(), Vec::new(), None),
        // All files' versions are in its fingerprint.
        Content::Bare { root, files } => {
            let (datasets, problems) = read_bare(root, files, reach);
            return (datasets, problems, Vec::new(), None);
        }
    };
    let looked = archives::split(&mut datasets, &found.file, reach, &mut problems);
    (datasets, problems, looked, record)
}

fn read_bare(root: &Path, files: &[String], reach: &Reach<'_>) -> (Vec<Dataset>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut bare = Vec::with_capacity(files.len());
    for path in files {
        let is_archive = bare::is_archive(path);
        let members = if is_archive { archives::bare(&root.join(path), reach, &mut problems) } else { None };
        bare.push(BareFile { path: path.clone(), head: head(root, path), members });
    }
    let root = root.to_str().expect("a scan gives UTF-8 paths").trim_end_matches('/');
    let mut datasets = bare::datasets(root, &bare);
    archives::split_bare(&mut datasets, reach, &mut problems);
    (datasets, problems)
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| format!("the descriptor can't be read: {e}"))?;
    file.take(MAX_DESCRIPTOR + 1).read_to_end(&mut bytes).map_err(|e| format!("the descriptor can't be read: {e}"))?;
    if bytes.len() as u64 > MAX_DESCRIPTOR {
        return Err(format!("the descriptor is longer than {} MiB; split it", MAX_DESCRIPTOR >> 20));
    }
    Ok(bytes)
}

/// The first line of a file whose shape it tells; a file that can't be read has none, and says so when it is queried.
fn head(root: &Path, path: &str) -> Option<Vec<u8>> {
    if !bare::wants_head(path) {
        return None;
    }
    let mut line = Vec::new();
    BufReader::new(File::open(root.join(path)).ok()?.take(MAX_HEAD)).read_until(b'\n', &mut line).ok()?;
    Some(line.trim_ascii_end().to_vec()).filter(|line| !line.is_empty())
}

/// Takes a dataset out, with all that belongs to it.
pub(super) fn remove(connection: &Connection, dataset: i64) -> Result<()> {
    for table in ["distributions", "targets", "records"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE dataset = ?"))?.execute([dataset])?;
    }
    connection.prepare_cached("DELETE FROM search WHERE rowid = ?")?.execute([dataset])?;
    connection.prepare_cached("DELETE FROM datasets WHERE id = ?")?.execute([dataset])?;
    Ok(())
}

pub(super) fn report(connection: &Connection, catalog: i64, source: Option<i64>, problem: &Problem) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO problems (catalog, source, file, pointer, message) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![catalog, source, problem.file, problem.pointer, problem.message])?;
    Ok(())
}
