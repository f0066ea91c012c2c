//! A dataset as it goes into the index. All that costs time is made of it without the index, so that several threads can do it.

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::{naming, packed, search};
use crate::descriptor::published::Record;
use crate::descriptor::{Dataset, Distribution, Place, datapackage};
use crate::error::Result;

/// The rows of a dataset.
pub(super) struct Prepared {
    identifier: String,
    name: String,
    /// What its schema is named after.
    theme: Option<String>,
    publisher: Option<String>,
    license: Option<String>,
    year: Option<String>,
    formats: String,
    model: Vec<u8>,
    /// What it was made of and its media type; `None` where nobody described it.
    record: Option<(Vec<u8>, &'static str)>,
    words: search::Texts,
    parts: Vec<Part>,
    targets: Vec<Target>,
}

/// The row of a distribution.
struct Part {
    name: String,
    shape: [u8; 32],
    is_table: bool,
}

/// What a foreign key refers to, so that those who refer to a table are found without a look at all others.
struct Target {
    file: String,
    name: String,
    position: usize,
}

impl Prepared {
    /// Of a dataset of the document `file`, which stands in the schema named after `theme`.
    pub(super) fn of(dataset: &Dataset, theme: Option<&str>, record: Option<&Record<'_>>, file: &str) -> Result<Self> {
        let record = record.map(|record| Ok::<_, crate::error::Error>((packed::pack(&record.text)?, record.media_type)));
        let part = |of: &Distribution| Part { name: of.name.clone(), shape: shape(of), is_table: of.is_table() };
        Ok(Self {
            identifier: dataset.identifier.clone(),
            name: dataset.name.clone(),
            theme: theme.map(str::to_owned),
            publisher: dataset.publisher.as_ref().map(|publisher| publisher.name.clone()),
            license: search::license(dataset),
            year: search::year(dataset).map(str::to_owned),
            formats: search::formats(dataset).join(","),
            model: packed::pack(&datapackage::to_datapackage(dataset).to_string())?,
            record: record.transpose()?,
            words: search::texts(dataset),
            parts: dataset.distributions.iter().map(part).collect(),
            targets: targets(dataset, file),
        })
    }

    /// Puts it in as one of the document in the row `source`, and gives its row. `hash`: equal as long as its record is.
    pub(super) fn insert(&self, connection: &Connection, (catalog, source): (i64, i64), hash: &[u8], run: i64) -> Result<i64> {
        let sql = "INSERT INTO datasets (catalog, source, identifier, name, theme, publisher, license, year, formats, hash, schema, tables, run)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let tables = self.parts.iter().filter(|part| part.is_table).count();
        connection.prepare_cached(sql)?.execute(params![
            catalog,
            source,
            self.identifier,
            self.name,
            self.theme,
            self.publisher,
            self.license,
            self.year,
            self.formats,
            hash,
            naming::schema_name(self.theme.as_deref()).as_str(),
            tables as i64,
            run
        ])?;
        let id = connection.last_insert_rowid();
        let (text, media_type) = self.record.as_ref().map(|(text, media_type)| (text, media_type)).unzip();
        connection
            .prepare_cached("INSERT INTO records (dataset, model, media_type, text) VALUES (?, ?, ?, ?)")?
            .execute(params![id, self.model, media_type, text])?;
        search::insert(connection, id, &self.words)?;
        let sql = "INSERT INTO distributions (dataset, position, name, shape, is_table) VALUES (?, ?, ?, ?, ?)";
        let mut statement = connection.prepare_cached(sql)?;
        for (position, part) in self.parts.iter().enumerate() {
            statement.execute(params![id, position as i64, part.name, part.shape, part.is_table])?;
        }
        let mut statement =
            connection.prepare_cached("INSERT OR IGNORE INTO targets (file, name, dataset, position) VALUES (?, ?, ?, ?)")?;
        for target in &self.targets {
            statement.execute(params![target.file, target.name, id, target.position as i64])?;
        }
        Ok(id)
    }
}

fn targets(dataset: &Dataset, file: &str) -> Vec<Target> {
    let mut targets = Vec::new();
    for (position, distribution) in dataset.distributions.iter().enumerate() {
        for key in &distribution.schema.foreign_keys {
            let beside = key.package.as_deref().map(|package| Place::of_file(file).beside(package));
            let Some(file) = beside.unwrap_or_else(|| Some(file.to_owned())) else { continue };
            let name = if key.resource.is_empty() { &distribution.name } else { &key.resource };
            targets.push(Target { file, name: name.clone(), position });
        }
    }
    targets
}

/// A hash of all that is declared of a distribution: what was found of its files holds as long as it is the same.
fn shape(distribution: &Distribution) -> [u8; 32] {
    Sha256::digest(datapackage::to_resource(distribution).to_string()).into()
}
