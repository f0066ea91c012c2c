//! Harvests of small catalogs: what is served after each, what is marked, and what is resumed.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Catalogs, Reach};

type Done = std::result::Result<(), Box<dyn std::error::Error>>;

/// Documents by location, and which of them were asked for and read.
#[derive(Default)]
struct Web {
    documents: RefCell<BTreeMap<String, String>>,
    read: RefCell<Vec<String>>,
}

impl Web {
    fn put(&self, location: &str, document: &Value) {
        self.documents.borrow_mut().insert(location.to_owned(), document.to_string());
    }

    fn gone(&self, location: &str) {
        self.documents.borrow_mut().remove(location);
    }

    /// What was read since the last time.
    fn read(&self) -> Vec<String> {
        self.read.take()
    }
}

impl Documents for Web {
    fn fetch(&self, location: &str, known: Option<&str>) -> Result<Fetched> {
        let documents = self.documents.borrow();
        let missing = || Error::new(Kind::SourceMissing, format!("{location} is not there"));
        let text = documents.get(location).ok_or_else(missing)?;
        let identity = text.len().to_string();
        if known == Some(identity.as_str()) {
            return Ok(Fetched::Unchanged);
        }
        self.read.borrow_mut().push(location.to_owned());
        Ok(Fetched::Changed { input: Box::new(Cursor::new(text.clone().into_bytes())), identity })
    }
}

const HERE: &str = "https://city.example/data.json";

/// A `data.json` of datasets by identifier and title, each of one CSV file.
fn data_json(datasets: &[(&str, &str)]) -> Value {
    let dataset = |(identifier, title): &(&str, &str)| {
        json!({
            "identifier": identifier, "title": title, "description": "d", "accessLevel": "public", "theme": ["Transport"],
            "distribution": [{"downloadURL": format!("https://city.example/{identifier}.csv"), "mediaType": "text/csv"}],
        })
    };
    json!({
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "dataset": datasets.iter().map(dataset).collect::<Vec<_>>(),
    })
}

struct Bench {
    state: tempfile::TempDir,
    web: Web,
    now: RefCell<DateTime<Utc>>,
}

impl Bench {
    fn new() -> Result<Self> {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        Ok(Self { state: tempfile::tempdir()?, web: Web::default(), now: RefCell::new(now) })
    }

    fn harvests(&self) -> Result<Harvests> {
        Harvests::open(self.state.path())
    }

    fn refresh(&self) -> Result<Outcome> {
        self.refresh_told(&|_| Ok(()))
    }

    fn refresh_told(&self, told: &dyn Fn(Step<'_>) -> Result<()>) -> Result<Outcome> {
        *self.now.borrow_mut() += TimeDelta::hours(1);
        let mut harvests = self.harvests()?;
        harvests.add("city", HERE, None)?;
        harvests.refresh("city", &self.web, *self.now.borrow(), told)
    }

    fn catalogs(&self) -> Result<Catalogs> {
        Catalogs::open(Some(self.state.path().to_owned()), &[], &Reach::FILES)
    }

    fn tables(&self) -> Result<Vec<String>> {
        let tables = self.catalogs()?.tables("city", None)?;
        Ok(tables.iter().map(|t| format!("{}.{}", t.schema, t.name)).collect())
    }
}

#[test]
fn a_refresh_tells_what_changed_and_keeps_what_vanished() -> Done {
    let bench = Bench::new()?;
    bench.web.put(HERE, &data_json(&[("a", "Trips"), ("b", "Stations")]));
    let first = bench.refresh()?;
    assert_eq!((first.datasets, first.tables, first.added, first.problems), (2, 2, 2, 0));
    assert_eq!(bench.tables()?, ["transport.stations", "transport.trips"]);
    let oids: HashMap<String, u32> = bench.catalogs()?.tables("city", None)?.iter().map(|t| (t.name.clone(), t.oid)).collect();

    assert_eq!(bench.refresh()?, Outcome { added: 0, unchanged: 2, ..first });
    assert_eq!(bench.web.read(), [HERE], "the second time it was known");

    // One is renamed, one is gone, one is new.
    bench.web.put(HERE, &data_json(&[("a", "All trips"), ("c", "Lines and their stops")]));
    let next = bench.refresh()?;
    assert_eq!((next.datasets, next.added, next.changed, next.unchanged, next.vanished), (3, 1, 1, 0, 1));
    assert_eq!(bench.tables()?, ["transport.all_trips", "transport.lines_and_their_stops", "transport.stations"]);
    let catalogs = bench.catalogs()?;
    let stations = catalogs.table("city", "transport", "stations")?.ok_or("it vanished and is served")?;
    assert_eq!(stations.oid, oids["stations"]);

    // What comes back is no new one.
    bench.web.put(HERE, &data_json(&[("a", "All trips"), ("b", "Stations"), ("c", "Lines and their stops")]));
    let back = bench.refresh()?;
    assert_eq!((back.datasets, back.added, back.changed, back.unchanged, back.vanished), (3, 0, 1, 2, 0));
    let files = fs::read_dir(bench.state.path().join(FOLDER))?.count();
    assert_eq!(files, 1, "old versions are removed");
    Ok(())
}

#[test]
fn who_looks_while_it_is_refreshed_sees_one_version_and_then_the_next() -> Done {
    let bench = Bench::new()?;
    bench.web.put(HERE, &data_json(&[("a", "Trips")]));
    bench.refresh()?;
    let catalogs = bench.catalogs()?;
    let names = || Ok::<_, Error>(catalogs.tables("city", None)?.iter().map(|t| t.name.clone()).collect::<Vec<_>>());
    let version = catalogs.version()?;
    bench.web.put(HERE, &data_json(&[("a", "Trips"), ("b", "Stations")]));
    let seen = RefCell::new(Vec::new());
    bench.refresh_told(&|_| {
        seen.borrow_mut().push(names()?);
        Ok(())
    })?;
    assert!(seen.borrow().len() > 1 && seen.borrow().iter().all(|names| names == &["trips"]), "{seen:?}");
    assert_eq!(names()?, ["stations", "trips"]);
    assert!(catalogs.version()? > version);
    Ok(())
}

#[test]
fn what_can_not_be_read_stays_as_it_was() -> Done {
    let bench = Bench::new()?;
    assert_eq!(bench.refresh().map_err(|e| e.kind()), Err(Kind::SourceMissing));
    bench.web.put(HERE, &json!({"nothing": "of a catalog"}));
    assert_eq!(bench.refresh().map_err(|e| e.kind()), Err(Kind::Descriptor));
    let catalogs = bench.catalogs()?;
    let problems = catalogs.problems(Some("city"))?;
    assert!(problems[0].message.starts_with("nothing was harvested yet"), "{problems:?}");
    assert_eq!(catalogs.tables("city", None)?.len(), 0);

    bench.web.put(HERE, &data_json(&[("a", "Trips")]));
    bench.refresh()?;
    bench.web.gone(HERE);
    assert_eq!(bench.refresh().map_err(|e| e.kind()), Err(Kind::SourceMissing));
    assert_eq!(bench.tables()?, ["transport.trips"]);
    Ok(())
}

/// A page of CKAN's search: the packages, and how many there are.
fn ckan(packages: &[&str], count: usize) -> Value {
    let package = |name: &&str| {
        let url = format!("https://city.example/{name}.csv");
        json!({"id": name, "name": name, "title": name, "resources": [{"id": "r", "url": url, "format": "CSV"}]})
    };
    let results = packages.iter().map(package).collect::<Vec<_>>();
    json!({"help": "", "success": true, "result": {"count": count, "results": results}})
}

#[test]
fn an_interrupted_harvest_goes_on_where_it_ended() -> Done {
    let bench = Bench::new()?;
    let page = |start: usize| format!("https://ckan.example/api/3/action/package_search?rows=2&start={start}");
    bench.web.put(&page(0), &ckan(&["a", "b"], 5));
    bench.web.put(&page(2), &ckan(&["c", "d"], 5));
    bench.web.put(&page(4), &ckan(&["e"], 5));
    let mut harvests = bench.harvests()?;
    harvests.add("ckan", &page(0), None)?;
    let now = *bench.now.borrow();
    let mut harvest = |at, told: &dyn Fn(Step<'_>) -> Result<()>| harvests.refresh("ckan", &bench.web, at, told);
    let stop = |step: Step<'_>| match step.documents {
        2 => Err(Error::new(Kind::Cancelled, "stopped")),
        _ => Ok(()),
    };
    assert_eq!(harvest(now, &stop).map_err(|e| e.kind()), Err(Kind::Cancelled));
    assert_eq!(bench.web.read(), [page(0), page(2)]);
    let whole = harvest(now + TimeDelta::hours(1), &|_| Ok(()))?;
    assert_eq!(bench.web.read(), [page(4)]);
    assert_eq!((whole.datasets, whole.tables, whole.added + whole.unchanged, whole.vanished), (5, 5, 5, 0));

    // A page that fails later takes nothing with it.
    bench.web.gone(&page(2));
    let failed = harvest(now + TimeDelta::hours(2), &|_| Ok(()))?;
    assert_eq!((failed.datasets, failed.failed, failed.vanished, failed.problems), (5, 1, 0, 1));
    let catalogs = bench.catalogs()?;
    assert!(catalogs.problems(Some("ckan"))?[0].message.contains("what is known of it stays"));
    assert_eq!(catalogs.tables("ckan", None)?.len(), 5);
    let again = harvest(now + TimeDelta::hours(3), &|_| Ok(()))?;
    assert_eq!((again.failed, again.problems), (1, 1), "told once");
    bench.web.put(&page(2), &ckan(&["c", "d"], 5));
    let back = harvest(now + TimeDelta::hours(4), &|_| Ok(()))?;
    assert_eq!((back.datasets, back.unchanged, back.failed, back.problems), (5, 5, 0, 0));
    Ok(())
}

#[test]
fn what_an_interrupted_refresh_changed_is_served() -> Done {
    let bench = Bench::new()?;
    let page = |start: usize| format!("https://ckan.example/api/3/action/package_search?rows=2&start={start}");
    bench.web.put(&page(0), &ckan(&["a", "b"], 3));
    bench.web.put(&page(2), &ckan(&["c"], 3));
    let mut harvests = bench.harvests()?;
    harvests.add("ckan", &page(0), None)?;
    let now = *bench.now.borrow();
    let mut harvest = |at, told: &dyn Fn(Step<'_>) -> Result<()>| harvests.refresh("ckan", &bench.web, at, told);
    harvest(now, &|_| Ok(()))?;
    bench.web.put(&page(0), &ckan(&["a", "other"], 3));
    let stop = |step: Step<'_>| if step.documents == 1 { Err(Error::new(Kind::Cancelled, "stopped")) } else { Ok(()) };
    assert!(harvest(now + TimeDelta::hours(1), &stop).is_err());
    let whole = harvest(now + TimeDelta::hours(2), &|_| Ok(()))?;
    assert_eq!((whole.datasets, whole.vanished), (4, 1));
    let names: Vec<String> = bench.catalogs()?.tables("ckan", None)?.iter().map(|t| t.name.clone()).collect();
    assert_eq!(names, ["a", "b", "c", "other"]);
    Ok(())
}

#[test]
fn the_same_problems_make_no_new_version() -> Done {
    let bench = Bench::new()?;
    bench.web.put(HERE, &data_json(&[("a", "Trips"), ("a", "Other trips")]));
    let first = bench.refresh()?;
    assert_eq!((first.datasets, first.added, first.problems), (1, 1, 1));
    let file = bench.harvests()?.find("city")?.file;
    // Another identity, the same datasets.
    let mut document = data_json(&[("a", "Trips"), ("a", "Other trips")]);
    document["describedBy"] = json!("https://project-open-data.cio.gov/v1.1/schema/catalog.json");
    bench.web.put(HERE, &document);
    let next = bench.refresh()?;
    assert_eq!((next.datasets, next.unchanged, next.problems), (1, 1, 1));
    assert_eq!(bench.harvests()?.find("city")?.file, file);
    Ok(())
}

#[test]
fn a_portals_root_leads_to_its_catalog() -> Done {
    let bench = Bench::new()?;
    let root = "https://portal.example/";
    let first = Standard::Ckan.first(root).ok_or("it has one")?;
    // What stands where other portals have theirs is this one's page, which tells of a dataset.
    let page = json!({"@context": "https://schema.org/", "@type": "Dataset", "name": "The portal", "description": "All of it"});
    for place in [root.to_owned(), Standard::DcatUs.first(root).ok_or("it has one")?] {
        bench.web.put(&place, &page);
    }
    bench.web.put(&first, &ckan(&["a", "b"], 2));
    let mut harvests = bench.harvests()?;
    harvests.add("portal", root, None)?;
    let found = harvests.refresh("portal", &bench.web, *bench.now.borrow(), &|_| Ok(()))?;
    assert_eq!((found.datasets, found.tables, found.failed, found.problems), (2, 2, 0, 0));
    bench.web.gone(&first);
    harvests.add("home", root, None)?;
    assert_eq!(harvests.refresh("home", &bench.web, *bench.now.borrow(), &|_| Ok(()))?.datasets, 1);
    Ok(())
}

#[test]
fn names_are_checked_and_catalogs_are_forgotten() -> Done {
    let bench = Bench::new()?;
    let mut harvests = bench.harvests()?;
    assert_eq!(harvests.add("The City", HERE, None).map_err(|e| e.kind()), Err(Kind::Config));
    harvests.add("city", HERE, Some(Standard::DcatUs))?;
    assert_eq!(harvests.add("city", "https://other.example", None).map_err(|e| e.kind()), Err(Kind::Config));
    assert_eq!(harvests.list()?[0].standard, Some(Standard::DcatUs));
    bench.web.put(HERE, &data_json(&[("a", "Trips")]));
    bench.refresh()?;
    harvests.remove("city")?;
    assert_eq!((harvests.list()?, fs::read_dir(bench.state.path().join(FOLDER))?.count()), (Vec::new(), 0));
    assert_eq!(harvests.find("city").map_err(|e| e.kind()), Err(Kind::UndefinedDatabase));
    assert_eq!(bench.catalogs()?.names(), Vec::<String>::new());
    Ok(())
}

thread_local! {
    /// Whether a harvest of this thread left most names alone.
    pub(super) static ONE_BY_ONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What is served of a catalog: each table's name, oid, dataset and distribution; and its schemas.
fn named(file: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open(file)?;
    let sql = "SELECT t.schema || '.' || t.name || ' ' || oid || ' ' || d.identifier || ' ' || position || ' ' || hex(t.shape)
                   FROM tables t JOIN datasets d ON d.id = t.dataset
               UNION ALL SELECT name || ' ' || oid || ' ' || title || ' ' || datasets || ' ' || tables FROM themes ORDER BY 1";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

#[test]
fn names_made_one_by_one_are_those_that_all_would_get() -> Done {
    const TITLES: [&str; 9] = [
        "Trips",
        "Trips 2",
        "trips_3",
        "Stops",
        "Stops 2019",
        "Lines",
        "A title that is longer than any name of a table may be in PostgreSQL",
        "A title that is longer than any name of a table may be in PostgreSQL by far",
        "Depots",
    ];
    let bench = Bench::new()?;
    let mut seed = 7_u64;
    let mut next = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut datasets: BTreeMap<usize, Value> = BTreeMap::new();
    let mut few = 0;
    for round in 0..30 {
        for _ in 0..1 + next(2) {
            let id = next(14);
            let theme = ["Transport", "Health", "Other things"][next(3)];
            let file =
                |name: &str| json!({"downloadURL": format!("https://city.example/{id}/{name}.csv"), "mediaType": "text/csv"});
            let files = [vec![file("a")], vec![file("a"), file("b")], Vec::new()][next(3)].clone();
            let changed = json!({
                "identifier": id.to_string(), "title": TITLES[next(TITLES.len())], "description": format!("of round {round}"),
                "accessLevel": "public", "theme": [theme], "distribution": files,
            });
            datasets.insert(id, changed);
        }
        if next(4) == 0 {
            datasets.remove(&next(14));
        }
        let all: Vec<&Value> = datasets.values().collect();
        // The length tells the documents apart.
        bench.web.put(HERE, &json!({"dataset": all, "padding": "x".repeat(round * 1_000)}));
        bench.refresh()?;
        let registered = bench.harvests()?.find("city")?;
        let file = bench.state.path().join(FOLDER).join(registered.file.ok_or("it was harvested")?);
        let served = named(&file)?;
        let copy = bench.state.path().join("copy.sqlite");
        fs::copy(&file, &copy)?;
        let connection = Connection::open(&copy)?;
        let ids = |connection: &Connection| connection.query_row("SELECT max(oid) FROM oids", [], |row| row.get::<_, u32>(0));
        let before = ids(&connection)?;
        crate::catalog::rename::rename(&connection, 1, "city")?;
        assert_eq!(ids(&connection)?, before);
        connection.close().map_err(|(_, e)| e)?;
        assert_eq!(served, named(&copy)?, "round {round}");
        few += usize::from(ONE_BY_ONE.replace(false));
    }
    assert!((5..28).contains(&few), "{few} of 30 were made one by one");
    Ok(())
}
