//! Folders of published files that nobody described serve as they are.

use expect_test::expect;

use super::asked;
use crate::harness::{Server, Setup, shared_data};

#[test]
fn a_folder_of_japanese_files_serves_without_a_descriptor() {
    let server = Server::start(Setup { catalogs: vec![("city", shared_data().join("transport/yaizu"))], ..Setup::default() });
    let tables = asked(&server, "select schema_name, table_name from catalog.tables order by 1, 2");
    let mut shown = tables.clone();
    for (schema, table) in tables.lines().filter_map(|line| line.split_once('|')) {
        shown += &format!("{table}: {}", asked(&server, &format!(r#"select count(*) from "{schema}"."{table}""#)));
    }
    expect![[r#"
        ERROR:  42P01: relation "catalog.tables" does not exist
        HINT:  \dn lists the schemas.
    "#]].assert_eq(&shown);
}

#[test]
fn a_folder_of_references_serves_without_a_descriptor() {
    let server = Server::start(Setup { catalogs: vec![("city", shared_data().join("reference"))], ..Setup::default() });
    let tables = asked(&server, "select schema_name, table_name from catalog.tables order by 1, 2");
    assert!(tables.lines().count() >= 10, "{tables}");
    for (schema, table) in tables.lines().filter_map(|line| line.split_once('|')) {
        let shown = asked(&server, &format!(r#"select count(*) > 0 from "{schema}"."{table}""#));
        assert!(shown == "t\n" || shown.contains("topojson"), "{schema}.{table}: {shown}");
    }
}
