//! One document of a catalog as it is read: its datasets and problems go into the build as they are found.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::params;

use super::build::{Build, links};
use super::pipeline::{Found, Hash, Read};
use crate::catalog::harvested::ID;
use crate::catalog::rename::{Change, Named};
use crate::catalog::update;
use crate::descriptor::Problem;
use crate::descriptor::published::{Page, Standard};
use crate::error::Result;

/// A document that is being read.
pub(super) struct Reading<'b> {
    build: &'b mut Build,
    document: &'b str,
    source: i64,
    /// What was wrong with it before.
    told: Vec<Problem>,
    problems: Vec<Problem>,
}

/// A row of the same identifier.
struct Earlier {
    id: i64,
    hash: Vec<u8>,
    source: i64,
    is_vanished: bool,
}

impl<'b> Reading<'b> {
    pub(super) fn new(build: &'b mut Build, document: &'b str, source: i64, told: Vec<Problem>) -> Self {
        Self { build, document, source, told, problems: Vec::new() }
    }

    /// The hashes of records that were there before.
    pub(super) fn known(&self) -> Arc<HashSet<Hash>> {
        Arc::clone(&self.build.known)
    }

    /// Datasets that the harvest found so far.
    pub(super) fn found(&self) -> u64 {
        self.build.found()
    }

    /// It was read to its end.
    pub(super) fn done(self, identity: &str, page: &Page, standard: Standard) -> Result<()> {
        let Reading { build, source, problems, told, document } = self;
        build.begun = None;
        if problems != told {
            build.write()?;
            build.told_otherwise = true;
            let sql = "DELETE FROM problems WHERE catalog = ? AND (source = ? OR source IS NULL AND file = ?)";
            build.connection.execute(sql, params![ID, source, document])?;
            for problem in &problems {
                update::report(&build.connection, ID, Some(source), problem)?;
            }
        }
        build.has_met_document(source)?;
        if build.is_written() {
            let sql = "UPDATE sources SET fingerprint = ?, links = ? WHERE id = ?";
            build.connection.execute(sql, params![identity, links(standard, page), source])?;
        }
        build.commit()
    }

    /// What was found of it next.
    pub(super) fn take(&mut self, found: Found) -> Result<()> {
        match found {
            Found::Dataset(read) => self.dataset(read),
            Found::Problem(problem) => {
                self.problems.push(problem);
                Ok(())
            }
        }
    }

    fn earlier(&self, identifier: &str) -> Result<Vec<Earlier>> {
        let sql = "SELECT id, hash, source, vanished IS NOT NULL FROM datasets WHERE catalog = ? AND identifier = ?";
        let mut statement = self.build.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![ID, identifier], |row| {
            Ok(Earlier { id: row.get(0)?, hash: row.get(1)?, source: row.get(2)?, is_vanished: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn dataset(&mut self, read: Read) -> Result<()> {
        let rows = self.earlier(&read.identifier)?;
        let is_alone = rows.len() < 2;
        let earlier: Vec<&Earlier> = rows.iter().filter(|row| !self.build.has_met(row.id)).collect();
        if rows.len() > earlier.len() {
            let message = format!(
                "the identifier {:?} is also that of an earlier dataset; both are served, with numbered names where they are the same",
                read.identifier
            );
            self.problems.push(Problem { file: self.document.to_owned(), pointer: String::new(), message });
        }
        if let Some(same) = earlier.iter().find(|row| row.hash == read.hash) {
            if same.is_vanished || same.source != self.source {
                self.build.write()?;
                let sql = "UPDATE datasets SET source = ?, vanished = NULL WHERE id = ?";
                self.build.connection.prepare_cached(sql)?.execute([self.source, same.id])?;
            }
            let outcome = &mut self.build.outcome;
            let count = if same.is_vanished { &mut outcome.changed } else { &mut outcome.unchanged };
            *count += 1;
            self.build.meet(same.id, false);
            return Ok(());
        }
        self.build.write()?;
        let names = is_alone && rows.len() == earlier.len() && self.build.notes();
        let mut before = None;
        match earlier.first() {
            Some(row) => {
                before = names.then(|| Named::of(&self.build.connection, row.id)).transpose()?;
                update::remove(&self.build.connection, row.id)?;
                self.build.outcome.changed += 1;
            }
            None => self.build.outcome.added += 1,
        }
        let hash = read.hash;
        let prepared = read.prepared(self.document)?;
        let id = prepared.insert(&self.build.connection, (ID, self.source), &hash, self.build.run)?;
        let after = names.then(|| Named::of(&self.build.connection, id)).transpose()?;
        self.build.note(after.map(|after| Change { before, after }));
        self.build.meet(id, true);
        Ok(())
    }
}
