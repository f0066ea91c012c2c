//! Catalogs over made trees and over the real data, opened, changed and opened again.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::descriptor::SheetChoice;

type Done = std::result::Result<(), Box<dyn std::error::Error>>;

/// No network, and each archive one table.
const OFFLINE: Reach<'_> = Reach::FILES;

fn source(name: &str, location: &Path) -> Source {
    Source { name: Some(name.to_owned()), location: location.display().to_string() }
}

/// A folder with these files.
fn tree(files: &[(&str, &str)]) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file stands in a folder"))?;
        fs::write(path, content)?;
    }
    Ok(folder)
}

fn package(name: &str, theme: &str, paths: &[&str]) -> String {
    let resources: Vec<_> = paths.iter().map(|path| serde_json::json!({ "path": path })).collect();
    serde_json::json!({ "name": name, "theme": theme, "resources": resources }).to_string()
}

/// The tables as `schema.name`.
fn tables(catalogs: &Catalogs, catalog: &str) -> Result<Vec<String>> {
    Ok(catalogs.tables(catalog, None)?.iter().map(|table| format!("{}.{}", table.schema, table.name)).collect())
}

#[test]
fn a_catalog_that_is_not_there_is_an_error() -> Done {
    let folder = tempfile::tempdir()?;
    let e = Catalogs::open(None, &[source("c", &folder.path().join("absent"))], &OFFLINE).err().ok_or("it opened")?;
    assert_eq!((e.kind(), e.hint()), (Kind::Config, Some("Name a folder, a descriptor or its URL with --catalog.")));
    assert!(e.message().contains("/absent can't be read"), "{e}");
    Ok(())
}

#[test]
fn datasets_are_named_by_theme_and_by_name() -> Done {
    let folder = tree(&[
        ("a/datapackage.json", &package("trips", "Transport", &["x.csv"])),
        ("a/x.csv", "a"),
        ("b/one.datapackage.json", &package("trips", "transport", &["x.csv", "y.csv"])),
        ("b/two.datapackage.json", &package("Luft 気", "catalog", &["x.csv"])),
        ("b/deep/covered.csv", "a"),
        ("health/beds.csv", "a"),
        ("top.csv", "a"),
        ("notes.md", "a"),
        ("places.gpkg", "a"),
        ("b/covered.gpkg", "a"),
        (".hidden/x.csv", "a"),
    ])?;
    let catalogs = Catalogs::open(None, &[source("City", folder.path())], &OFFLINE)?;
    assert_eq!(catalogs.names(), ["city"]);
    let want = ["catalog_2.luft_気", "health.beds", "public.top", "transport.trips", "transport.trips_x", "transport.trips_y"];
    assert_eq!(tables(&catalogs, "city")?, want);
    let themes: Vec<_> = catalogs.themes("city")?.into_iter().map(|t| (t.name, t.title, t.datasets, t.tables)).collect();
    assert_eq!(themes[3], ("transport".to_owned(), "Transport".to_owned(), 2, 3));
    assert_eq!(catalogs.counts()?, Counts { catalogs: 1, themes: 4, datasets: 5, tables: 6 });

    let problems = catalogs.problems(None)?;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].file.ends_with("b/one.datapackage.json") && problems[0].message.contains("a/datapackage.json"));
    assert!(problems[1].file.ends_with("/places.gpkg") && problems[1].message.contains("ends in .gpkg"));

    let table = catalogs.table("city", "transport", "trips_y")?.ok_or("no table")?;
    assert_eq!((table.distribution, table.distribution().name.as_str()), (1, "y"));
    assert!(table.distribution().paths[0].ends_with("/b/y.csv"));
    let by_oid = catalogs.table_by_oid("city", table.oid)?.ok_or("no such oid")?;
    assert_eq!(by_oid.name, "trips_y");
    assert!(catalogs.table("city", "transport", "Trips")?.is_none());
    assert_eq!(catalogs.tables("town", None).map_err(|e| e.kind()).err(), Some(Kind::UndefinedDatabase));
    Ok(())
}

#[test]
fn a_restart_finds_what_changed_and_keeps_oids_and_columns() -> Done {
    let (state, folder) = (
        tempfile::tempdir()?,
        tree(&[
            ("a.datapackage.json", &package("a", "t", &["a.csv"])),
            ("b.datapackage.json", &package("b", "t", &["b.csv"])),
            ("bad.datapackage.json", "{"),
        ])?,
    );
    let open = || Catalogs::open(Some(state.path().to_owned()), &[source("c", folder.path())], &OFFLINE);
    let first = open()?;
    let a = first.table("c", "t", "a")?.ok_or("no a")?;
    let column =
        KnownColumn { name: "N".into(), pg_type: "numeric".into(), modifier: 786_439, nullable: true, comment: Some("m".into()) };
    let before = first.version()?;
    first.remember(&a, std::slice::from_ref(&column), 7)?;
    assert_ne!(first.version()?, before);
    let remembered = first.version()?;
    first.remember(&a, std::slice::from_ref(&column), 7)?;
    assert_eq!(first.version()?, remembered, "the same again is no change");

    let second = open()?;
    assert_eq!(second.version()?, remembered, "nothing changed");
    assert_eq!(second.problems(Some("c"))?.len(), 1, "a warm start reports problems too");
    let again = second.table("c", "t", "a")?.ok_or("no a")?;
    assert_eq!((again.oid, again.rows, again.columns.as_deref()), (a.oid, Some(7), Some(&vec![column])));

    fs::write(folder.path().join("bad.datapackage.json"), package("A", "t", &["a2.csv"]))?;
    fs::remove_file(folder.path().join("b.datapackage.json"))?;
    let third = open()?;
    assert_ne!(third.version()?, remembered);
    assert_eq!(tables(&third, "c")?, ["t.a", "t.a_2"]);
    assert_eq!(third.problems(None)?, []);
    // `A` sorts before `a` and so has the name now; its columns are not those of the table that had it.
    let now = third.table("c", "t", "a")?.ok_or("no a")?;
    assert_eq!((now.oid, now.rows), (a.oid, None));
    assert_eq!(third.table("c", "t", "a_2")?.ok_or("no a_2")?.rows, Some(7));

    fs::remove_dir_all(folder.path())?;
    // A server over nothing would only look as if it had no tables.
    let gone = open().map(|_| ()).expect_err("the folder is gone");
    assert_eq!(gone.kind(), Kind::Config);
    assert!(gone.message().contains("can't be read"), "{gone}");
    Ok(())
}

#[test]
fn a_remote_descriptor_is_served_from_the_index_when_it_does_not_answer() -> Done {
    let state = tempfile::tempdir()?;
    let url = "https://example.org/gdp/datapackage.json";
    let sources = [Source { name: None, location: url.to_owned() }];
    let fetch = |_: &str| Ok(package("gdp", "Economy", &["data/gdp.csv"]).into_bytes());
    let online = Reach { fetch: &fetch, ..OFFLINE };
    let state = || Some(state.path().to_owned());
    assert_eq!(tables(&Catalogs::open(state(), &sources, &OFFLINE)?, "gdp")?, [""; 0]);
    for (reach, problems) in [(&online, 0), (&OFFLINE, 1), (&online, 0)] {
        let catalogs = Catalogs::open(state(), &sources, reach)?;
        let table = catalogs.table("gdp", "economy", "gdp")?.ok_or("no gdp")?;
        assert_eq!(table.distribution().paths, ["https://example.org/gdp/data/gdp.csv"]);
        assert_eq!(catalogs.problems(None)?.len(), problems);
    }
    Ok(())
}

/// An archive's files are the words of its text; `locked` can't be listed.
#[test]
fn an_archive_of_several_data_files_is_a_table_for_each() -> Done {
    let state = tempfile::tempdir()?;
    let folder = tree(&[
        ("gtfs.datapackage.json", &package("gtfs", "transport", &["d/gtfs.zip"])),
        ("two.datapackage.json", &package("two", "transport", &["d/one.zip", "d/gtfs.zip", "d/later.zip", "d/locked.zip"])),
        ("d/gtfs.zip", "stops.txt trips.txt licence.pdf"),
        ("d/one.zip", "a.csv"),
        ("d/locked.zip", "locked"),
    ])?;
    let locate = |path: &str| Ok(Some(PathBuf::from(path)).filter(|path| path.is_file()));
    let list = |path: &Path| match fs::read_to_string(path)?.as_str() {
        "locked" => Err(Error::new(Kind::SourceInvalid, "it is locked")),
        names => Ok(Some(names.split(' ').map(str::to_owned).collect())),
    };
    let reach = Reach { locate: &locate, list: &list, ..OFFLINE };
    let open = || Catalogs::open(Some(state.path().to_owned()), &[source("c", folder.path())], &reach);
    let first = open()?;
    let want = ["gtfs_stops", "gtfs_trips", "two_gtfs_stops", "two_gtfs_trips", "two_later", "two_locked", "two_one"];
    assert_eq!(tables(&first, "c")?, want.map(|name| format!("transport.{name}")));
    let trips = first.table("c", "transport", "gtfs_trips")?.ok_or("no trips")?;
    let of = trips.distribution();
    assert_eq!((of.member.as_deref(), of.paths.len(), of.title.as_deref()), (Some("trips.txt"), 1, Some("trips.txt")));
    let problems: Vec<String> = first.problems(None)?.into_iter().map(|p| p.message).collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].ends_with("d/gtfs.zip holds files that make no table: licence.pdf"), "{problems:?}");
    assert!(problems.iter().any(|p| p == "the archive can't be listed: it is locked"), "{problems:?}");

    let version = first.version()?;
    assert_eq!(open()?.version()?, version, "nothing changed");
    fs::write(folder.path().join("d/later.zip"), "x.csv y.csv")?;
    let later = open()?;
    assert_ne!(later.version()?, version);
    assert!(tables(&later, "c")?.contains(&"transport.two_later_y".to_owned()), "it was not there before");
    fs::write(folder.path().join("d/gtfs.zip"), "stops.txt")?;
    assert_eq!(tables(&open()?, "c")?.iter().filter(|name| name.contains("gtfs")).count(), 2, "it changed");
    Ok(())
}

/// A workbook's sheets are the words of its text.
#[test]
fn a_workbook_of_several_sheets_is_a_table_for_each() -> Done {
    let state = tempfile::tempdir()?;
    let folder = tree(&[
        ("t/taxis.datapackage.json", &package("taxis", "transport", &["taxis.xlsx"])),
        ("t/taxis.xlsx", "trips hours"),
        ("bare/one.xlsx", "only"),
        ("bare/two.ods", "a b"),
    ])?;
    let locate = |path: &str| Ok(Some(PathBuf::from(path)).filter(|path| path.is_file()));
    let sheets = |path: &Path| Ok(Some(fs::read_to_string(path)?.split(' ').map(str::to_owned).collect()));
    let reach = Reach { locate: &locate, sheets: &sheets, ..OFFLINE };
    let catalogs = Catalogs::open(Some(state.path().to_owned()), &[source("c", folder.path())], &reach)?;
    let want = ["bare.one", "bare.two_a", "bare.two_b", "transport.taxis_hours", "transport.taxis_trips"];
    assert_eq!(tables(&catalogs, "c")?, texts(&want));
    let hours = catalogs.table("c", "transport", "taxis_hours")?.ok_or("no hours")?;
    assert_eq!(hours.distribution().dialect.sheet, Some(SheetChoice::Name("hours".to_owned())));
    Ok(())
}

#[test]
fn catalogs_stand_side_by_side() -> Done {
    let state = tempfile::tempdir()?;
    let (one, two) = (tree(&[("x/a.csv", "a")])?, tree(&[("x/a.csv", "a"), ("x/b.csv", "b")])?);
    let open = |sources: &[Source]| Catalogs::open(Some(state.path().to_owned()), sources, &OFFLINE);
    let both = open(&[source("one", one.path()), source("two", two.path())])?;
    assert_eq!((both.names(), tables(&both, "one")?), (texts(&["one", "two"]), texts(&["x.a"])));
    // Another start on the same state folder, with other content under the same name, takes nothing from the first.
    let other = open(&[source("one", two.path())])?;
    assert_eq!((tables(&other, "one")?, tables(&both, "one")?), (texts(&["x.a", "x.b"]), texts(&["x.a"])));
    let same = open(&[source("One", one.path()), source("one", two.path())]);
    assert_eq!(same.map_err(|e| e.kind()).err(), Some(Kind::Config));
    Ok(())
}

/// Several times over: what two starts can do to each other in a new index depends on who is first with what.
#[test]
fn starts_at_the_same_time_share_the_work() -> Done {
    let folder = tree(&[("x/a.csv", "a"), ("y/b.csv", "b")])?;
    for _ in 0..8 {
        let state = tempfile::tempdir()?;
        let open = || Catalogs::open(Some(state.path().to_owned()), &[source("c", folder.path())], &OFFLINE);
        std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| open().and_then(|c| Ok((tables(&c, "c")?, c.version()?))))).collect();
            for start in starts {
                let found = start.join().expect("a start does not panic")?;
                assert_eq!(found, (texts(&["x.a", "y.b"]), 2), "one of them wrote");
            }
            Done::Ok(())
        })?;
    }
    Ok(())
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn an_index_that_can_not_be_used_says_why() -> Done {
    for (setup, want) in [
        ("PRAGMA user_version = 99", "of version 99"),
        // An older layout: emptied and filled again.
        ("PRAGMA user_version = 0; CREATE TABLE tables (old)", ""),
    ] {
        let state = tempfile::tempdir()?;
        Connection::open(state.path().join("catalog.sqlite"))?.execute_batch(setup)?;
        match Catalogs::open(Some(state.path().to_owned()), &[], &OFFLINE) {
            Ok(catalogs) => assert_eq!((want, catalogs.counts()?), ("", Counts::default())),
            Err(e) => assert!(!want.is_empty() && e.kind() == Kind::Config && e.message().contains(want), "{e}"),
        }
    }
    let state = tempfile::tempdir()?;
    fs::write(state.path().join("catalog.sqlite"), "not a database, but long enough to have a header of one ".repeat(20))?;
    let e = Catalogs::open(Some(state.path().to_owned()), &[], &OFFLINE).err().ok_or("it opened")?;
    assert_eq!(e.kind(), Kind::Config, "{e}");
    Ok(())
}

/// The real trees: what they become, and that a warm start reads no descriptor again.
#[test]
fn real_trees_are_served() -> Done {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    // Some copies stand without their data, or without its folder, and keep their published descriptors.
    for (location, counts, absent, some) in [
        (
            "reference",
            Counts { catalogs: 1, themes: 6, datasets: 18, tables: 19 },
            3,
            vec!["public.population", "china.provinces"],
        ),
        ("catalog/owid-datasets", Counts { catalogs: 1, themes: 1, datasets: 220, tables: 220 }, 22, vec![]),
        (
            "transport/yaizu",
            Counts { catalogs: 1, themes: 5, datasets: 5, tables: 5 },
            0,
            vec!["焼津市自主運行バス路線図_路線.bus_route", "交通事故_2019._222127_traffic_accident_2019"],
        ),
    ] {
        let state = tempfile::tempdir()?;
        let open = || Catalogs::open(Some(state.path().to_owned()), &[source("real", &data.join(location))], &OFFLINE);
        let catalogs = open()?;
        let names = tables(&catalogs, "real")?;
        let (found, version) = (catalogs.problems(None)?, catalogs.version()?);
        drop(catalogs);
        let catalogs = open()?;
        assert_eq!((catalogs.counts()?, catalogs.version()?), (counts, version), "{location}");
        assert_eq!(found, [], "{location}");
        assert!(some.iter().all(|name| names.iter().any(|other| other == name)), "{location}: {names:?}");
        let tables = catalogs.tables("real", None)?;
        let paths = tables.iter().flat_map(|table| &table.distribution().paths);
        assert_eq!(paths.filter(|path| !Path::new(path).is_file()).count(), absent, "{location}");
    }
    Ok(())
}
