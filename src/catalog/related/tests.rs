//! Tables made by hand: which columns are paired, and how pairs make joins.

use super::*;
use crate::catalog::sketch::{Gatherer, ValueKind};
use crate::catalog::{Catalogs, Reach};
use crate::error::Result;

fn texts<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Sketch {
    let mut gatherer = Gatherer::new(ValueKind::Text);
    values.into_iter().for_each(|v| gatherer.text(v.as_ref()));
    gatherer.finish().expect("values")
}

fn numbers(values: impl IntoIterator<Item = i64>) -> Sketch {
    let mut gatherer = Gatherer::new(ValueKind::Integer);
    values.into_iter().for_each(|v| gatherer.integer(v));
    gatherer.finish().expect("values")
}

fn days(values: std::ops::Range<i64>) -> Sketch {
    let mut gatherer = Gatherer::new(ValueKind::Date);
    values.into_iter().for_each(|day| gatherer.instant(day * 86_400_000_000));
    gatherer.finish().expect("values")
}

fn table(name: &str, keys: &[&[&str]], columns: Vec<(&str, Sketch)>) -> SketchedTable {
    let keys = keys.iter().map(|key| key.iter().map(|c| (*c).to_owned()).collect()).collect();
    let columns =
        columns.into_iter().map(|(name, sketch)| SketchedColumn { name: name.to_owned(), list: None, sketch }).collect();
    SketchedTable { schema: "t".to_owned(), name: name.to_owned(), keys, columns, ..SketchedTable::default() }
}

/// The joins of two tables, one a line.
fn joins(ours: &SketchedTable, theirs: &SketchedTable) -> String {
    let of = |join: Join| {
        let name = |p: &Pair| format!("{}={}", ours.columns[p.ours].name, theirs.columns[p.theirs].name);
        let pairs: Vec<String> = join.pairs.iter().map(name).collect();
        format!("{} {} {:.2}", pairs.join(" "), join.cardinality(), join.score)
    };
    Join::of(ours, theirs).into_iter().map(of).collect::<Vec<_>>().join("\n")
}

fn codes(n: std::ops::Range<u32>) -> Vec<String> {
    n.map(|n| format!("K{:05}", n * 7_919 % 99_991)).collect()
}

#[test]
fn a_code_that_is_unique_on_one_side_joins() {
    let runways = table("runways", &[], vec![("airport_ident", texts(codes(0..3_000)))]);
    let airports =
        table("airports", &[&["ident"]], vec![("ident", texts(codes(0..5_000))), ("name", texts(codes(9_000..9_400)))]);
    assert_eq!(joins(&runways, &airports), "airport_ident=ident n:1 0.95");
    assert_eq!(joins(&airports, &runways), "ident=airport_ident 1:n 0.95");
}

#[test]
fn codes_of_text_and_of_numbers_join() {
    let areas = (0..400).map(|n| 110_000 + n * 101);
    let a = table("cases", &[], vec![("cityCode", texts(areas.clone().map(|n| n.to_string())))]);
    let b = table("areas", &[&["code"]], vec![("code", numbers(areas))]);
    assert_eq!(joins(&a, &b), "cityCode=code n:1 0.85");
}

#[test]
fn counts_and_row_numbers_do_not_join() {
    let a = table("a", &[&["no"]], vec![("no", numbers(1..=500)), ("deaths", numbers((0..300).map(|n| n * n % 4_001)))]);
    let b = table("b", &[&["rank"]], vec![("rank", numbers(1..=400)), ("cases", numbers((0..300).map(|n| n * n % 4_001)))]);
    assert_eq!(joins(&a, &b), "");
    let zones = table("zones", &[&["LocationID"]], vec![("LocationID", numbers(1..=265))]);
    let shapes = table("shapes", &[&["locationid"]], vec![("locationid", numbers(1..=263))]);
    assert_eq!(joins(&zones, &shapes), "LocationID=locationid 1:1 0.50");
}

#[test]
fn short_codes_need_more_than_chance() {
    let letters = |step: usize, most: usize| {
        let all = (b'a'..=b'z').flat_map(|a| (b'a'..=b'z').map(move |b| format!("{}{}", char::from(a), char::from(b))));
        texts(all.step_by(step).take(most))
    };
    let airlines = table("airlines", &[], vec![("iata", letters(1, 600))]);
    let countries = table("countries", &[], vec![("iso2", letters(3, 200))]);
    let others = table("places", &[&["code"]], vec![("code", letters(3, 225))]);
    assert_eq!(joins(&countries, &others), "iso2=code n:1 0.85");
    assert_eq!(joins(&airlines, &countries), "", "nearly every pair of letters is a code of an airline");
    let states = table("states", &[], vec![("postal", letters(2, 50))]);
    assert_eq!(joins(&states, &others), "");
}

#[test]
fn days_join_where_a_side_has_each_once_and_else_complete() {
    let rides = table("rides", &[&["date"]], vec![("date", days(18_000..18_500))]);
    let cases = table("cases", &[], vec![("day", days(18_100..18_400))]);
    assert_eq!(joins(&cases, &rides), "day=date n:1 0.26");
    assert_eq!(joins(&cases, &cases.clone()), "", "every row of a day would meet every other");
    let place = || ("county", texts(codes(0..50)));
    let a = table("a", &[], vec![place(), ("date", days(18_000..18_500))]);
    let b = table("b", &[&["county", "date"]], vec![place(), ("date", days(18_000..18_400))]);
    assert_eq!(joins(&a, &b), "county=county date=date n:1 1.00");
}

#[test]
fn few_values_complete_days() {
    let origin = || ("origin", texts(["EWR", "JFK", "LGA"]));
    let hours = || {
        let mut gatherer = Gatherer::new(ValueKind::Timestamp);
        (0..900).for_each(|n| gatherer.instant(1_356_998_400_000_000 + n * 3_600_000_000));
        ("time_hour", gatherer.finish().expect("values"))
    };
    let flights = table("flights", &[], vec![origin(), hours()]);
    let weather = table("weather", &[], vec![hours(), origin()]);
    assert_eq!(joins(&flights, &weather), "time_hour=time_hour origin=origin n:m 0.48");
}

fn catalogs() -> Catalogs {
    Catalogs::open(None, &[], &Reach::FILES).expect("opens in memory")
}

fn named(name: &str, snapshot: &str, table: SketchedTable) -> SketchedTable {
    SketchedTable { name: name.to_owned(), snapshot: snapshot.to_owned(), ..table }
}

#[test]
fn tables_are_found_by_their_values_and_names() -> Result<()> {
    let catalogs = catalogs();
    let airports = table("airports", &[&["ident"]], vec![("ident", texts(codes(0..5_000)))]);
    let zones = table("zones", &[&["LocationID"]], vec![("LocationID", numbers(1..=265))]);
    let shapes = named("shapes", "1", table("shapes", &[], vec![("locationid", numbers(1..=263))]));
    let others =
        named("others", "1", table("others", &[], vec![("code", texts(codes(50_000..52_000))), ("rank", numbers(1..=265))]));
    for table in [&airports, &zones, &shapes, &others] {
        catalogs.put_sketches("city", table)?;
        assert_eq!(catalogs.sketches("city", &table.schema, &table.name)?.as_ref(), Some(table));
    }
    let found = |table: &SketchedTable, catalog: &str| {
        let names = |found: Vec<SketchedTable>| found.into_iter().map(|t| t.name).collect::<Vec<_>>().join(" ");
        catalogs.sharing(catalog, table).map(names)
    };
    let runways = |codes: Vec<String>| table("runways", &[], vec![("airport_ident", texts(codes))]);
    assert_eq!(found(&runways(codes(100..900)), "city")?, "airports");
    assert_eq!(found(&runways(codes(100..900)), "elsewhere")?, "", "another database");
    assert_eq!(found(&zones, "city")?, "shapes", "numbers of a range by their name alone");
    // A new snapshot takes the place of the one before, whose values are forgotten.
    catalogs
        .put_sketches("city", &named("airports", "2", table("airports", &[], vec![("ident", texts(codes(60_000..61_000)))])))?;
    assert_eq!(found(&runways(codes(100..900)), "city")?, "");
    assert_eq!(found(&runways(codes(60_000..60_400)), "city")?, "airports");
    let connection = catalogs.index.connection();
    let left: i64 = connection.query_row(
        "SELECT count(*) FROM sketched_values v WHERE of NOT IN (SELECT id FROM sketched_columns)",
        [],
        |r| r.get(0),
    )?;
    assert_eq!(left, 0);
    Ok(())
}
