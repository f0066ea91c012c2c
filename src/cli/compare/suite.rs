//! The queries to compare by: those of files and folders as given, and the suites that are built in.

use std::path::{Path, PathBuf};

use super::sql;
use crate::error::{Error, Kind, Result};

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The file's name without its ending, and the place of the statement in it where it holds several.
    pub name: String,
    pub sql: String,
}

/// The built-in suites by name. `opendata`: what an analyst asks of the city that `stoa generate` makes. `tpch`: the 22 questions of TPC-H
/// (its specification, section 2.4, with the validation's parameters) over what `stoa generate --dataset tpch` makes. `clickbench`: ClickBench's 43 over a stand-in for its table.
pub const SUITES: &[(&str, &[(&str, &str)])] = &[("opendata", OPENDATA), ("tpch", TPCH), ("clickbench", CLICKBENCH)];

macro_rules! suite {
    ($folder:literal: $($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../../benches/suites/", $folder, "/", $name, ".sql")))),+]
    };
}

const OPENDATA: &[(&str, &str)] = suite!("opendata":
    "01-trip-by-id"
    "02-facility-by-id"
    "03-station-of-a-tree"
    "04-trips-of-an-hour"
    "05-long-trips-of-seniors"
    "06-late-buses"
    "07-dearest-trips"
    "08-latest-calls"
    "09-worst-air"
    "10-trips-by-ticket"
    "11-trips-by-pair"
    "12-trips-by-minute"
    "13-stations-used"
    "14-pairs-by-ticket"
    "15-days-of-service"
    "16-minutes-quantiles"
    "17-response-quantiles"
    "18-running-total"
    "19-moving-average"
    "20-rank-in-district"
    "21-day-before"
    "22-rushes-at-a-station"
    "23-calls-and-the-last-reading"
    "24-calls-in-dust"
    "25-holidays-around"
    "26-trips-by-district"
    "27-trips-of-a-line"
    "28-rain-and-trips"
    "29-air-and-visits"
    "30-heat-and-calls"
    "31-visits-per-resident"
    "32-districts-without"
    "33-names-with-a-word"
    "34-routes-by-pattern"
    "35-chinese-names"
    "36-chinese-columns"
    "37-trips-by-month"
    "38-trips-by-hour-of-day"
    "39-waste-by-quarter"
    "40-how-many-trips"
    "41-first-and-last"
    "42-air-with-gaps"
);

const TPCH: &[(&str, &str)] = suite!("tpch":
    "01-priced"
    "02-cheapest-supplier"
    "03-unshipped-orders"
    "04-late-orders"
    "05-local-suppliers"
    "06-forecast"
    "07-trade-of-two-nations"
    "08-market-share"
    "09-profit"
    "10-returns"
    "11-important-stock"
    "12-ways-of-shipping"
    "13-customers-by-orders"
    "14-promotion"
    "15-top-supplier"
    "16-sources-of-parts"
    "17-small-orders"
    "18-large-orders"
    "19-hand-delivered"
    "20-surplus"
    "21-who-kept-waiting"
    "22-customers-to-win"
);

const CLICKBENCH: &[(&str, &str)] = suite!("clickbench":
    "01-views"
    "02-advertised"
    "03-three-totals"
    "04-mean-of-identifiers"
    "05-users"
    "06-phrases"
    "07-bounds-of-dates"
    "08-engines"
    "09-users-by-region"
    "10-totals-by-region"
    "11-users-by-model"
    "12-users-by-phone"
    "13-top-phrases"
    "14-users-by-phrase"
    "15-phrases-by-engine"
    "16-busiest-users"
    "17-user-and-phrase"
    "18-user-and-phrase-any"
    "19-user-minute-phrase"
    "20-one-user"
    "21-pages-of-a-host"
    "22-phrases-for-a-host"
    "23-titles-with-a-word"
    "24-whole-rows"
    "25-phrases-by-time"
    "26-phrases-in-order"
    "27-phrases-by-both"
    "28-lengths-by-site"
    "29-lengths-by-referring-host"
    "30-many-sums"
    "31-engine-and-address"
    "32-view-and-address-searched"
    "33-view-and-address"
    "34-top-pages"
    "35-top-pages-and-one"
    "36-neighbours"
    "37-pages-of-a-site"
    "38-titles-of-a-site"
    "39-links-of-a-site"
    "40-traffic-of-a-site"
    "41-hashes-of-a-site"
    "42-windows-of-a-site"
    "43-minutes-of-a-site"
);

/// The queries of a suite. [`Kind::Config`] for a name that no suite has.
pub(super) fn of_suite(name: &str) -> Result<Vec<Query>> {
    let Some((_, queries)) = SUITES.iter().find(|(suite, _)| *suite == name) else {
        let names: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
        return Err(Error::new(Kind::Config, format!("there is no suite {name:?}"))
            .with_hint(format!("There are: {}.", names.join(", "))));
    };
    Ok(queries.iter().flat_map(|(name, text)| of_text(name, text)).collect())
}

/// The queries of files, and of the `.sql` files of folders by name. [`Kind::Config`] names a place that has none.
pub(super) fn of_places(places: &[PathBuf]) -> Result<Vec<Query>> {
    let mut queries = Vec::new();
    for place in places {
        let cant = |e: std::io::Error| {
            Error::new(Kind::Config, format!("can't read queries from {}: {e}", place.display())).caused_by(e)
        };
        let before = queries.len();
        for file in files(place).map_err(cant)? {
            let text = std::fs::read_to_string(&file).map_err(cant)?;
            let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            queries.extend(of_text(&name, &text));
        }
        if queries.len() == before {
            return Err(Error::new(Kind::Config, format!("{} holds no query", place.display()))
                .with_hint("Name a file of SQL, or a folder of .sql files."));
        }
    }
    Ok(queries)
}

/// [`Kind::Config`] when two queries have one name: a baseline keeps them by it.
pub(super) fn check_names(queries: &[Query]) -> Result<()> {
    let mut names: Vec<&str> = queries.iter().map(|q| q.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(twice) => Err(Error::new(Kind::Config, format!("two queries are called {:?}", twice[0]))
            .with_hint("A query is called by its file's name, which no other file and no query of the suite may have.")),
    }
}

fn files(place: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(place)?.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn of_text(name: &str, text: &str) -> Vec<Query> {
    let statements = sql::statements(text);
    let one = statements.len() == 1;
    let named = |(n, sql): (usize, &&str)| Query {
        name: if one { name.to_owned() } else { format!("{name}#{}", n + 1) },
        sql: (*sql).to_owned(),
    };
    statements.iter().enumerate().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_of_a_suite_is_one_statement_with_a_name() {
        for (suite, files) in SUITES {
            let queries = of_suite(suite).expect("it is there");
            assert_eq!(queries.len(), files.len(), "{suite}");
            assert!(files.windows(2).all(|pair| pair[0].0 < pair[1].0), "{suite} is not in order");
        }
        assert_eq!(of_suite("poems").expect_err("there is none").kind(), Kind::Config);
    }

    #[test]
    fn a_folder_is_its_files_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is writable");
        write("b.sql", "select 1; select 2;");
        write("a.sql", "select 0");
        write("notes.txt", "none");
        let names = |queries: Vec<Query>| queries.into_iter().map(|q| q.name).collect::<Vec<_>>();
        assert_eq!(names(of_places(&[folder.path().to_owned()]).expect("it reads")), ["a", "b#1", "b#2"]);
        let twice = [folder.path().to_owned(), folder.path().join("a.sql")];
        let twice = of_places(&twice).expect("it reads");
        assert!(check_names(&twice).expect_err("a is there twice").message().contains("\"a\""));
        write("empty.sql", "-- nothing");
        assert_eq!(of_places(&[folder.path().join("empty.sql")]).expect_err("none").kind(), Kind::Config);
    }
}
