//! Every table of the fixture catalog answers, with the rows that the manifest of the real files counts.

use std::collections::BTreeMap;
use std::path::Path;

use stoa::name::quoted;

use crate::harness::{Server, rows, shared_data};
use crate::mirror;

/// Tables whose rows are others than the manifest's, by schema and name: how many, and why.
const OTHERWISE: [(&str, u64, &str); 1] =
    [("transport.fhv_other", 26_182, "the header is the sixth line of the file; the manifest counts from the second")];

#[tokio::test]
async fn every_table_has_the_rows_of_its_file() {
    let server = Server::shared();
    let counted = mirror::counted(&mirror::manifest());
    let otherwise: BTreeMap<&str, u64> = OTHERWISE.iter().map(|(table, rows, _)| (*table, *rows)).collect();
    let data = shared_data();
    let client = server.client("open").await;
    let tables = server.engine.catalogs().tables("open", None).expect("they can be listed");
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for table in &tables {
        let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
        let got = match rows(&client, &format!("select count(*) from {name}")).await {
            Ok(rows) => rows[0][0].clone(),
            Err(e) => {
                wrong.push(format!("{name}: {e:?}"));
                continue;
            }
        };
        let manifest = match table.distribution().paths.as_slice() {
            [path] => Path::new(path).strip_prefix(&data).ok().and_then(|file| counted.get(file.to_str()?)),
            _ => None,
        };
        let Some(want) = otherwise.get(name.as_str()).or(manifest) else { continue };
        compared += 1;
        if got != want.to_string() {
            wrong.push(format!("{name} has {got} rows, not {want}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} tables:\n{}", wrong.len(), tables.len(), wrong.join("\n"));
    assert!(compared >= 100, "only {compared} of {} tables are in the manifest", tables.len());
}

/// Geometry as published, to the digit, beside its properties.
#[tokio::test]
async fn geometries_are_those_of_the_files() {
    let server = Server::shared();
    let client = server.client("open").await;
    for (file, table, key) in [
        ("transport/nyc/taxi_zones.geojson", "transport.taxi_zones_outlines", "OBJECTID"),
        ("environment/earthquakes/earthquakes.json", "environment.earthquakes", "title"),
    ] {
        let text = std::fs::read_to_string(shared_data().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let published: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let features = published["features"].as_array().expect("a collection of features");
        let sql = format!("select {}::text, st_astext(geometry) from {table}", quoted(key));
        let read = rows(&client, &sql).await.unwrap_or_else(|e| panic!("{table}: {e:?}"));
        let kind = |wkt: &str| wkt.split(['(', ' ']).next().unwrap_or_default().to_owned();
        let mut got: Vec<_> = read.iter().map(|row| format!("{} {} {:?}", row[0], kind(&row[1]), numbers(&row[1]))).collect();
        let published = features.iter().map(|feature| {
            let (property, geometry) = (&feature["properties"][key], &feature["geometry"]);
            let property = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            let kind = geometry["type"].as_str().expect("a geometry has a type").to_uppercase();
            format!("{property} {kind} {:?}", coordinates(&geometry["coordinates"]))
        });
        let mut want: Vec<_> = published.collect();
        got.sort_unstable();
        want.sort_unstable();
        assert_eq!(got.len(), want.len(), "{table}");
        for (got, want) in got.iter().zip(&want) {
            assert_eq!(got, want, "{table}");
        }
    }
}

/// The numbers of a WKT text, in order, in billionths: serde_json reads the last digit of some wrong.
fn numbers(wkt: &str) -> Vec<i64> {
    let number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    wkt.split(|c| !number(c)).filter_map(|word| word.parse().ok()).map(billionths).collect()
}

/// The numbers of GeoJSON coordinates however deep, in order.
fn coordinates(of: &serde_json::Value) -> Vec<i64> {
    match of.as_array() {
        Some(parts) => parts.iter().flat_map(coordinates).collect(),
        None => of.as_f64().map(billionths).into_iter().collect(),
    }
}

fn billionths(number: f64) -> i64 {
    (number * 1e9).round() as i64
}
