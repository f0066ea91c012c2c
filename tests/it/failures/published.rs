//! Folders of published files that nobody described serve as they are.

use expect_test::expect;

use super::asked;
use crate::harness::{Server, Setup, shared_data};

#[test]
fn a_folder_of_japanese_files_serves_without_a_descriptor() {
    let server = Server::start(Setup { catalogs: vec![("city", shared_data().join("transport/yaizu"))], ..Setup::default() });
    let tables = asked(&server, "select schema_name, table_name from catalog.distributions order by 1, 2");
    let mut shown = tables.clone();
    for (schema, table) in tables.lines().filter_map(|line| line.split_once('|')) {
        shown += &format!("{table}: {}", asked(&server, &format!(r#"select count(*) from "{schema}"."{table}""#)));
    }
    expect![[r#"
        交通事故_2019|_222127_traffic_accident_2019
        交通事故_2020|_222127_traffic_accident_2020
        交通事故_2021|_222127_traffic_accident_2021
        交通事故_2022|_222127_traffic_accident_2022
        焼津市自主運行バス路線図_路線|bus_route
        _222127_traffic_accident_2019: 907
        _222127_traffic_accident_2020: 773
        _222127_traffic_accident_2021: 729
        _222127_traffic_accident_2022: 675
        bus_route: 14
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_folder_of_references_serves_without_a_descriptor() {
    let server = Server::start(Setup { catalogs: vec![("city", shared_data().join("reference"))], ..Setup::default() });
    let tables = asked(&server, "select schema_name, table_name from catalog.distributions order by 1, 2");
    assert!(tables.lines().count() >= 10, "{tables}");
    for (schema, table) in tables.lines().filter_map(|line| line.split_once('|')) {
        let shown = asked(&server, &format!(r#"select count(*) > 0 from "{schema}"."{table}""#));
        // Two descriptors that stand there name files that were not copied with them, and arcs of TopoJSON are no records.
        // Warnings may follow.
        assert!(
            shown.starts_with("t\n") || shown.contains("58P01") || shown.contains("is TopoJSON"),
            "{schema}.{table}: {shown}"
        );
    }
}
