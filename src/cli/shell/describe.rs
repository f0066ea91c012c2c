//! The `\d` family: what there is, from the catalog itself, as small tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;

use crate::catalog::{Catalogs, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::name::{nearest, quoted};
use crate::snapshot::field_key;
use crate::table::pg_type::PgType;

/// `\l`
pub(super) fn catalogs(catalogs: &Catalogs) -> Result<RecordBatch> {
    let names = catalogs.names();
    let themes = names.iter().map(|name| catalogs.themes(name)).collect::<Result<Vec<_>>>()?;
    let count = |of: fn(&crate::catalog::Theme) -> usize| themes.iter().map(move |t| t.iter().map(of).sum::<usize>());
    table(vec![
        ("Name", texts(names.iter().map(|n| Some(n.clone())))),
        ("Themes", counts(themes.iter().map(|t| Some(t.len() as u64)))),
        ("Datasets", counts(count(|t| t.datasets).map(|n| Some(n as u64)))),
        ("Tables", counts(count(|t| t.tables).map(|n| Some(n as u64)))),
    ])
}

/// `\dn`
pub(super) fn schemas(catalogs: &Catalogs, database: &str, pattern: Option<&str>) -> Result<RecordBatch> {
    let mut themes = catalogs.themes(database)?;
    themes.retain(|t| pattern.is_none_or(|p| matches(p, &t.name)));
    table(vec![
        ("Name", texts(themes.iter().map(|t| Some(t.name.clone())))),
        ("Title", texts(themes.iter().map(|t| Some(t.title.clone())))),
        ("Datasets", counts(themes.iter().map(|t| Some(t.datasets as u64)))),
        ("Tables", counts(themes.iter().map(|t| Some(t.tables as u64)))),
    ])
}

/// `\dt`: rows are known once a table was read.
pub(super) fn tables(catalogs: &Catalogs, database: &str, pattern: Option<&str>) -> Result<RecordBatch> {
    let parts = pattern.map(name_parts).transpose()?;
    let (schema, name) = match parts.as_deref() {
        None => (None, None),
        Some([name]) => (None, Some(name)),
        Some([schema, name]) => (Some(schema), Some(name)),
        Some(_) => return Err(too_many_parts(pattern.unwrap_or_default())),
    };
    let mut tables = catalogs.tables(database, None)?;
    tables.retain(|t| schema.is_none_or(|p| matches(p, &t.schema)) && name.is_none_or(|p| matches(p, &t.name)));
    table(vec![
        ("Schema", texts(tables.iter().map(|t| Some(t.schema.clone())))),
        ("Name", texts(tables.iter().map(|t| Some(t.name.clone())))),
        ("Rows", counts(tables.iter().map(|t| t.rows))),
        ("Title", texts(tables.iter().map(|t| t.dataset.title.clone()))),
    ])
}

/// The table that a `\d NAME` means: `schema.name`, or `name` where one schema has it.
pub(super) fn find(catalogs: &Catalogs, database: &str, name: &str) -> Result<Arc<TableEntry>> {
    let parts = name_parts(name)?;
    let found = match parts.as_slice() {
        [name] => {
            let mut tables = catalogs.tables(database, None)?;
            if !tables.iter().any(|t| t.name == *name) {
                let hint = nearest(name, tables.iter().map(|t| t.name.as_str())).map(|near| format!("Did you mean {near:?}?"));
                return Err(absent(name, database, hint));
            }
            tables.retain(|t| t.name == *name);
            if tables.len() > 1 {
                let places: Vec<_> = tables.iter().map(|t| format!("{}.{}", quoted(&t.schema), quoted(&t.name))).collect();
                return Err(Error::new(Kind::UndefinedTable, format!("{} tables are called {name:?}", tables.len()))
                    .with_hint(format!("Say which: {}.", places.join(", "))));
            }
            tables.pop()
        }
        [schema, name] => catalogs.table(database, schema, name)?,
        _ => return Err(too_many_parts(name)),
    };
    found.ok_or_else(|| absent(name, database, None))
}

fn absent(name: &str, database: &str, hint: Option<String>) -> Error {
    let error = Error::new(Kind::UndefinedTable, format!("no table {name:?} in catalog {database:?}"));
    error.with_hint(hint.unwrap_or_else(|| "\\dt lists the tables.".into()))
}

fn too_many_parts(name: &str) -> Error {
    Error::new(Kind::InvalidParameter, format!("{name} has too many parts"))
        .with_hint("Go to the catalog with \\c, then name schema.table.")
}

/// `\d NAME`: the columns of a planned `SELECT *`; `more` adds their comments.
pub(super) fn columns(schema: &arrow::datatypes::Schema, more: bool) -> Result<RecordBatch> {
    let fields = schema.fields();
    let mut shown = vec![
        ("Column", texts(fields.iter().map(|f| Some(f.name().clone())))),
        ("Type", texts(fields.iter().map(|f| Some(PgType::of_field(f).sql_name.to_owned())))),
        ("Nullable", texts(fields.iter().map(|f| (!f.is_nullable()).then(|| "not null".to_owned())))),
    ];
    if more {
        shown.push(("Description", texts(fields.iter().map(|f| f.metadata().get(field_key::COMMENT).cloned()))));
    }
    table(shown)
}

/// The parts of a name, as SQL reads them: folded to lower case unless in double quotes.
fn name_parts(name: &str) -> Result<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut in_quotes = false;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let last = parts.last_mut().expect("it starts with one part and only grows");
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => last.extend(chars.next()),
            '"' => in_quotes = !in_quotes,
            '.' if !in_quotes => parts.push(String::new()),
            c if in_quotes => last.push(c),
            c => last.extend(c.to_lowercase()),
        }
    }
    if in_quotes {
        return Err(Error::new(Kind::InvalidParameter, format!("the name {name} has an open quote")));
    }
    Ok(parts)
}

/// Whether `name` is of psql's kind of pattern: `*` is any text, `?` any character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // After a mismatch, the last * takes one character more.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => (star, p) = (Some((p, n)), p + 1),
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            Some(_) | None => match star {
                Some((at, taken)) => (star, p, n) = (Some((at, taken + 1)), at + 1, taken + 1),
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn counts(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(values.collect::<UInt64Array>())
}

fn table(columns: Vec<(&'static str, ArrayRef)>) -> Result<RecordBatch> {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).map_err(|e| Error::new(Kind::Internal, e.to_string()).caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_sql_reads_them() {
        for (name, parts) in [
            ("Trips", vec!["trips"]),
            ("Transport.\"A. b\"", vec!["transport", "A. b"]),
            ("\"a\"\"b\"", vec!["a\"b"]),
            ("東京.天候", vec!["東京", "天候"]),
        ] {
            assert_eq!(name_parts(name).expect(name), parts);
        }
        assert!(name_parts("\"a").is_err());
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, matched) in [
            ("*", "", true),
            ("trip*", "trips_2019", true),
            ("*2019", "trips_2019", true),
            ("t?ips", "trips", true),
            ("t*s*9", "trips_2019", true),
            ("trip", "trips", false),
            ("*x*", "trips", false),
            ("天*", "天候", true),
        ] {
            assert_eq!(matches(pattern, name), matched, "{pattern} {name}");
        }
    }

    #[test]
    fn columns_have_postgresqls_types() {
        use arrow::datatypes::{DataType, Field, Schema};
        let noted =
            Field::new("pm10", DataType::Float64, true).with_metadata([(field_key::COMMENT.into(), "µg/m³".into())].into());
        let batch = columns(&Schema::new(vec![Field::new("id", DataType::Int64, false), noted]), true).expect("four columns");
        let text = arrow::util::pretty::pretty_format_batches(&[batch]).expect("it is text").to_string();
        for word in ["bigint", "not null", "double precision", "µg/m³"] {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }
}
