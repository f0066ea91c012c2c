//! Renames: which published names are one column's, by the descriptor's `stoa:aliases`, and where files of one table write a name in
//! two ways that differ in nothing but case and punctuation.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::columns::{ADDED, FileSeen};
use crate::descriptor::{Column, Distribution};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// The property of a declared column that lists its other names.
const ALIASES: &str = "stoa:aliases";

/// The table's names of published ones.
pub(super) struct Renames(HashMap<String, String>);

impl Renames {
    /// The renames of the files' names. Names that stand in one file side by side are two columns whatever is said of them.
    /// [`Kind::Descriptor`] when two columns claim one alias.
    pub(super) fn of(distribution: &Distribution, files: &[FileSeen], warnings: &mut Vec<String>) -> Result<Self> {
        let mut renames = HashMap::new();
        let mut seen = HashSet::new();
        let all: Vec<&str> = files.iter().flat_map(FileSeen::names).map(String::as_str).filter(|n| seen.insert(*n)).collect();
        // The files in which each name stands.
        let mut stand: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, file) in files.iter().enumerate() {
            file.names().iter().for_each(|name| stand.entry(name).or_default().push(i));
        }
        let meet =
            |a: &str, b: &str| stand[a].iter().any(|file| stand.get(b).is_some_and(|files| files.binary_search(file).is_ok()));
        let columns = &distribution.schema.columns;
        let mut claimed: HashMap<&str, &str> = HashMap::new();
        for column in columns {
            for alias in aliases(column) {
                if let Some(other) = claimed.insert(alias, &column.name).filter(|other| *other != column.name) {
                    return Err(claimed_twice(alias, other, &column.name));
                }
            }
            for alias in aliases(column).filter(|alias| stand.contains_key(alias) && *alias != column.name) {
                let others =
                    renames.iter().filter(|(_, to)| **to == column.name).map(|(from, _): (&String, &String)| from.as_str());
                match std::iter::once(column.name.as_str()).chain(others).find(|other| meet(alias, other)) {
                    Some(other) => warnings.push(format!(
                        "{} is an alias of {}, but one file has it beside {}: they stay two columns",
                        quoted(alias),
                        quoted(&column.name),
                        quoted(other)
                    )),
                    None => {
                        renames.insert(alias.to_owned(), column.name.clone());
                    }
                }
            }
        }
        let is_declared = |name: &str| columns.iter().any(|c| c.name == name || c.name.trim_ascii() == name);
        let mut alike: HashMap<String, Vec<&str>> = HashMap::new();
        for name in all.iter().filter(|name| files.len() > 1 && !renames.contains_key(**name) && !name.starts_with(ADDED)) {
            alike.entry(letters(name)).or_default().push(name);
        }
        for (letters, names) in alike.into_iter().filter(|(_, names)| names.len() > 1) {
            let apart = names.iter().enumerate().all(|(i, a)| names[i + 1..].iter().all(|b| !meet(a, b)));
            let declared: Vec<&&str> = names.iter().filter(|n| is_declared(n)).collect();
            if letters.is_empty() || !apart || declared.len() > 1 {
                continue;
            }
            let to = declared.first().map_or(names[0], |name| **name);
            // An alias of the same column, beside one of these names, has its place in that file.
            let aliases = renames.iter().filter(|(_, column)| *column == to).map(|(alias, _)| alias.as_str());
            if aliases.into_iter().any(|alias| names.iter().any(|name| meet(alias, name))) {
                continue;
            }
            renames.extend(names.iter().filter(|name| **name != to).map(|name| ((*name).to_owned(), to.to_owned())));
        }
        Ok(Self(renames))
    }

    /// The table's name of the column that a file calls `name`.
    pub(super) fn table_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }
}

/// The declared columns that a file with the columns `names` does not have under their own name.
pub(super) fn absent<'a>(distribution: &'a Distribution, names: &[String]) -> Vec<&'a Column> {
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    distribution.schema.columns.iter().filter(|c| !names.contains(c.name.as_str())).collect()
}

/// What is declared of a file's column, under its name or, of those that are `absent` from the file, as an alias.
pub(super) fn declared<'a>(distribution: &'a Distribution, name: &str, absent: &[&'a Column]) -> Option<&'a Column> {
    let columns = &distribution.schema.columns;
    let plain = name.trim_start_matches(ADDED);
    let by_name = columns.iter().find(|c| c.name == plain).or_else(|| columns.iter().find(|c| c.name.trim_ascii() == plain));
    by_name.or_else(|| absent.iter().find(|c| aliases(c).any(|alias| alias == plain)).copied())
}

fn claimed_twice(alias: &str, one: &str, other: &str) -> Error {
    let (alias, one, other) = (quoted(alias), quoted(one), quoted(other));
    Error::new(Kind::Descriptor, format!("{alias} is an alias of both {one} and {other}"))
        .with_hint(format!("Take it out of one column's {ALIASES}."))
}

fn aliases(column: &Column) -> impl Iterator<Item = &str> {
    column.extra.get(ALIASES).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A name's letters and digits, in lower case.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::Schema;

    /// Each of the files' names with the table's, where that is another; then the warnings.
    fn check(files: &[&[&str]], declared: &[(&str, &[&str])]) -> String {
        let column = |(name, aliases): &(&str, &[&str])| {
            let mut column = Column { name: (*name).to_owned(), ..Column::default() };
            column.extra.insert(ALIASES.to_owned(), (*aliases).into());
            column
        };
        let schema = Schema { columns: declared.iter().map(column).collect(), ..Schema::default() };
        let distribution = Distribution { schema, ..Distribution::default() };
        let file = |names: &&[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            let mut seen = FileSeen::default();
            seen.meet(&distribution, &names, &[]);
            seen
        };
        let files: Vec<FileSeen> = files.iter().map(file).collect();
        let mut out = Vec::new();
        let renames = match Renames::of(&distribution, &files, &mut out) {
            Ok(renames) => renames,
            Err(e) => return e.to_string(),
        };
        let names: Vec<&String> = files.iter().flat_map(FileSeen::names).collect();
        let renamed = names.iter().map(|n| (n.as_str(), renames.table_name(n))).filter(|(n, to)| n != to);
        renamed.map(|(n, to)| format!("{n}: {to}")).chain(out).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn names_of_one_column() {
        let none: &[(&str, &[&str])] = &[];
        for (files, declared, want) in [
            (&[&["Site ID"][..], &["site_id"]][..], none, "site_id: Site ID"),
            (&[&["Site ID"], &["site_id"]], &[("site_id", &[])], "Site ID: site_id"),
            // Side by side in one file they are two.
            (&[&["Site ID", "site_id"], &["site_id"]], none, ""),
            (&[&["no2"], &["NO2 level"]], &[("NO2 level", &["no2"])], "no2: NO2 level"),
            (
                &[&["no2", "level"], &["level"]],
                &[("level", &["no2"])],
                "no2 is an alias of level, but one file has it beside level: they stay two columns",
            ),
            (&[&["no2"]], &[("a", &["no2", "no2"]), ("b", &["x", "no2"])], "no2 is an alias of both a and b"),
            // The first file's second name would take the place of its first.
            (&[&["x1", "col_a"], &["Col A"]], &[("Col A", &["x1"])], "x1: Col A"),
        ] {
            assert_eq!(check(files, declared), want, "{files:?}");
        }
    }
}
