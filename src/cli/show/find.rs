//! The dataset that a name means: of a table, an identifier, or a title.

use std::sync::Arc;

use crate::catalog::{Catalogs, Publication, TableEntry, Wanted};
use crate::error::{Error, Kind, Result};
use crate::name::{nearest, quoted};

/// How many datasets are looked at for one that has the title, or a name that is near.
const MOST: usize = 50;

/// The dataset and its catalog. [`Kind::UndefinedTable`] with what is near where none has the name, or with the tables that have it.
pub(super) fn find(catalogs: &Catalogs, database: Option<&str>, name: &str) -> Result<(String, Publication)> {
    let names = catalogs.names();
    let catalog = match database {
        Some(database) => database.to_owned(),
        None => names.first().cloned().ok_or_else(|| Error::new(Kind::UndefinedDatabase, "there is no catalog"))?,
    };
    if let Some((catalog, table)) = of_table(catalogs, &catalog, &names, name)? {
        return Ok((catalog.clone(), publication_of(catalogs, &catalog, &table)?));
    }
    let mut told = catalogs.publications(&catalog, None, Some(Wanted::texts([name.to_owned()])))?;
    if let Some(publication) = told.page(1)?.pop() {
        return Ok((catalog, publication));
    }
    let found = catalogs.search(&catalog, name, MOST)?;
    let mut titles = Vec::with_capacity(found.len());
    for found in found {
        let title = found.publication.dataset()?.title.clone().unwrap_or_default();
        if title.to_lowercase() == name.to_lowercase() {
            return Ok((catalog, found.publication));
        }
        titles.push((title, found.publication.identifier));
    }
    Err(absent(catalogs, &catalog, name, &titles)?)
}

/// The table that the name means in SQL: `table`, `theme.table`, or with the catalog before it.
fn of_table(catalogs: &Catalogs, catalog: &str, names: &[String], name: &str) -> Result<Option<(String, Arc<TableEntry>)>> {
    let parts = parts(name);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let found = match parts.as_slice() {
        [table] => {
            let mut tables = catalogs.tables_wanted(catalog, None, Some(&Wanted::texts([(*table).to_owned()])))?;
            if tables.len() > 1 {
                let places: Vec<String> = tables.iter().map(|t| format!("{}.{}", quoted(&t.schema), quoted(&t.name))).collect();
                let error = Error::new(Kind::UndefinedTable, format!("{} tables are called {table:?}", tables.len()));
                return Err(error.with_hint(format!("Say which: {}.", places.join(", "))));
            }
            tables.pop().map(|table| (catalog, table))
        }
        [schema, table] => catalogs.table(catalog, schema, table)?.map(|table| (catalog, table)),
        [other, schema, table] if names.iter().any(|name| name == other) => {
            catalogs.table(other, schema, table)?.map(|table| (*other, table))
        }
        _ => None,
    };
    Ok(found.map(|(catalog, table)| (catalog.to_owned(), table)))
}

/// The parts of a name as SQL reads it: in lower case unless in double quotes.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        let last = parts.last_mut().expect("there is one from the beginning");
        match c {
            '"' if is_quoted && characters.peek() == Some(&'"') => last.extend(characters.next()),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(String::new()),
            c if is_quoted => last.push(c),
            c => last.extend(c.to_lowercase()),
        }
    }
    parts
}

/// A table's dataset.
fn publication_of(catalogs: &Catalogs, catalog: &str, table: &TableEntry) -> Result<Publication> {
    let schema = Wanted::texts([table.schema.clone()]);
    let identifier = Wanted::texts([table.dataset.identifier.clone()]);
    let mut told = catalogs.publications(catalog, Some(schema), Some(identifier))?;
    loop {
        let page = told.page(MOST)?;
        if page.is_empty() {
            return Err(Error::new(
                Kind::Internal,
                format!("the dataset of {}.{} is not in the catalog", table.schema, table.name),
            ));
        }
        for publication in page {
            if publication.entries(catalogs, catalog)?.iter().any(|entry| entry.oid == table.oid) {
                return Ok(publication);
            }
        }
    }
}

fn absent(catalogs: &Catalogs, catalog: &str, name: &str, titles: &[(String, String)]) -> Result<Error> {
    let parts = parts(name);
    let mut near: Vec<String> = Vec::new();
    if let [schema, table] = parts.as_slice() {
        let tables = catalogs.tables_wanted(catalog, Some(&Wanted::texts([schema.clone()])), None)?;
        let found = nearest(table, tables.iter().map(|table| table.name.as_str()));
        near.extend(found.map(|table| format!("{}.{}", quoted(schema), quoted(table))));
        let themes = catalogs.themes(catalog)?;
        let theme = nearest(schema, themes.iter().map(|theme| theme.name.as_str())).filter(|theme| theme != schema);
        if let Some(theme) = theme.filter(|theme| catalogs.table(catalog, theme, table).is_ok_and(|table| table.is_some())) {
            near.push(format!("{}.{}", quoted(theme), quoted(table)));
        }
    }
    near.extend(titles.iter().take(3).map(|(title, identifier)| format!("{title:?} ({identifier})")));
    let error = Error::new(Kind::UndefinedTable, format!("no dataset of {} is {name:?}", quoted(catalog)));
    Ok(error.with_hint(match near.as_slice() {
        [] => "stoa search WORDS finds datasets by words.".to_owned(),
        near => format!("Near are: {}.", near.join(", ")),
    }))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_read_as_sql_reads_them() {
        for (name, want) in [
            ("Transport.Trips", vec!["transport", "trips"]),
            ("transport.\"A.b\"", vec!["transport", "A.b"]),
            ("\"a\"\"b\"", vec!["a\"b"]),
            ("", vec![""]),
        ] {
            assert_eq!(parts(name), want, "{name}");
        }
    }
}
