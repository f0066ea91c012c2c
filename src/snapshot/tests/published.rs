//! Real published files and nasty ones, where the shared data is at hand.

use super::*;
use crate::descriptor::SheetChoice;

#[tokio::test]
async fn real_files_have_the_rows_that_they_were_counted_to_have() {
    for (path, format, want) in [
        ("transport/ourairports/airports.csv.gz", Format::Csv, 74_592),
        ("transport/ourairports/countries.csv", Format::Csv, 249),
        ("transport/nyc/MTA_Daily_Ridership.csv", Format::Csv, 1706),
        ("transport/ports/UpdatedPub150.csv", Format::Csv, 3768),
        ("health/china-839studio/data.csv", Format::Csv, 27_424),
        ("environment/china-pm25/BeijingPM20100101_20151231.csv", Format::Csv, 52_584),
        ("environment/airnow/reportingarea.dat", Format::Csv, 6348),
        ("transport/openflights/airports.dat", Format::Csv, 7698),
        ("transport/openflights/routes.dat", Format::Csv, 67_663),
        ("transport/yaizu/交通事故_2019/222127_traffic_accident_2019.csv", Format::Csv, 907),
        ("reference/country-codes.csv", Format::Csv, 249),
        ("health/owid/COVID-2019 - Hospital & ICU/COVID-2019 - Hospital & ICU.csv", Format::Csv, 11_226),
        ("nasty/frictionless/wide.csv", Format::Csv, 3),
        ("transport/flights/flights-10k.json", Format::Json, 10_000),
        ("health/china-canghailan/Data/2020-02-01.csv", Format::Csv, 453),
        ("health/china-canghailan/Data/2020-02-01.json", Format::Json, 453),
        ("catalog/data.json/cms.json", Format::Json, 139),
        ("transport/nyc/taxi_zones.geojson", Format::GeoJson, 263),
        ("environment/earthquakes/earthquakes.json", Format::Json, 1707),
        ("reference/china/geojson-province/11.json", Format::Json, 18),
        ("nasty/frictionless/table.jsonl", Format::NdJson, 2),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let snapshot = bench
            .touch(&Distribution { format: Some(format), ..csv(&path) })
            .await
            .unwrap_or_else(|e| panic!("{path}: {e} {:?}", e.detail()));
        assert_eq!((snapshot.rows, snapshot.rows_read, snapshot.rejects), (want, want, 0), "{path}");
    }
}

#[tokio::test]
async fn the_sheets_of_real_workbooks_are_tables() {
    let taxis = "transport/nyc/Aggregate FHV Data.xlsx";
    let catalog = "catalog/pydatajson/catalogo-justicia.xlsx";
    for (path, sheet, rows, rejects, first) in [
        (taxis, Some("Trips Per Day"), 92, 0, "Date Date32"),
        (taxis, Some("Trips Per Hour and Weekday"), 169, 2, "Time Weekday Int64"),
        (taxis, Some("Change in Trips Sep 2013-2014"), 4, 4, "Location Utf8View"),
        (taxis, Some("Change in Daily Trips by Hour"), 24, 1, "Hour Int64"),
        ("health/nychealth/Geography-resources/UHF_resources/uhf-to-zip crosswalk.xlsx", None, 42, 0, "UHF_id Utf8View"),
        ("environment/co2-fossil-by-nation/fossil-fuel-co2-emissions-by-nation.xlsx", None, 18_769, 0, "Nation Utf8View"),
        (catalog, Some("Catalog"), 1, 0, "catalog_title Utf8View"),
        (catalog, Some("Theme"), 9, 0, "theme_id Utf8View"),
        (catalog, Some("Dataset"), 16, 0, "dataset_identifier Utf8View"),
        (catalog, Some("Distribution"), 56, 0, "dataset_identifier Utf8View"),
        (catalog, Some("Field"), 53, 0, "dataset_identifier Utf8View"),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let mut distribution = Distribution { format: Some(Format::Workbook), ..csv(&path) };
        distribution.dialect.sheet = sheet.map(|name| SheetChoice::Name(name.to_owned()));
        let snapshot = bench.touch(&distribution).await.unwrap_or_else(|e| panic!("{path}: {e} {:?}", e.detail()));
        let shown = show(&snapshot);
        let column = shown[0].split(", ").next().unwrap_or_default();
        assert_eq!((snapshot.rows, snapshot.rejects, column), (rows, rejects, first), "{path} {sheet:?}");
        assert_eq!(snapshot.rows_read, rows + rejects, "{path} {sheet:?}");
    }
    let Some(path) = shared(taxis) else { return };
    let several =
        Bench::new().touch(&Distribution { format: Some(Format::Workbook), ..csv(&path) }).await.expect_err("four sheets");
    assert!(several.message().ends_with("has 4 sheets, and a table is made of one"), "{several}");
}

#[tokio::test]
async fn the_known_traps_of_real_files() {
    for (path, name, want, nulls) in [
        ("transport/ourairports/airports.csv.gz", "continent", "Utf8View", 0),
        ("reference/country-codes.csv", "ISO3166-1-Alpha-2", "Utf8View", 0),
        ("transport/nyc/MTA_Daily_Ridership.csv", "Date", "Date32", 0),
        ("transport/nyc/MTA_Daily_Ridership.csv", "Subways: % of Comparable Pre-Pandemic Day", "Int64", 0),
        ("environment/china-pm25/BeijingPM20100101_20151231.csv", "PM_US Post", "Int64", 2197),
        ("transport/ports/UpdatedPub150.csv", "Standard Nautical Chart", "Utf8View", 0),
        ("transport/ports/UpdatedPub150.csv", "Latitude", "Float64", 0),
        ("health/china-839studio/data.csv", "报道时间", "Utf8View", 0),
        ("environment/earthquakes/earthquakes.json", "geometry", "Utf8View", 0),
        ("catalog/data.json/cms.json", "bureauCode", "Utf8View", 0),
        ("transport/flights/flights-10k.json", "date", "Timestamp(µs)", 0),
        ("environment/nycflights13/weather.csv", "time_hour", "Timestamp(µs, \"UTC\")", 0),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let distribution = Distribution { format: None, ..csv(&path) };
        let snapshot = bench.touch(&distribution).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        let (data_type, found) = column(&snapshot, name);
        assert_eq!((data_type.as_str(), found), (want, nulls), "{path} {name}");
    }
}

#[tokio::test]
async fn coordinates_are_doubles() {
    let Some(path) = shared("transport/ourairports/airports.csv.gz") else { return };
    let snapshot = Bench::new().touch(&csv(path)).await.expect("74,592 airports");
    for name in ["latitude_deg", "longitude_deg"] {
        assert_eq!(snapshot.schema.field_with_name(name).expect(name).data_type().to_string(), "Float64", "{name}");
    }
}

#[tokio::test]
async fn files_of_one_table_are_united_by_name() {
    let Some(folder) = shared("health/jhu/daily_reports/*.csv") else { return };
    let bench = Bench::new();
    let snapshot = bench.touch(&csv(folder)).await.expect("74 daily reports");
    assert_eq!((snapshot.rows, snapshot.rejects), (54_843, 0));
    let names: Vec<&str> = snapshot.schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names[..3], ["Province/State", "Country/Region", "Last Update"]);
    assert_eq!(names.iter().filter(|n| !n.starts_with('_')).count(), 16, "{names:?}");
    for (name, data_type) in
        [("Country/Region", "Utf8View"), ("Confirmed", "Int64"), ("Last Update", "Timestamp(µs)"), ("Incidence_Rate", "Float64")]
    {
        assert_eq!(column(&snapshot, name).0, data_type, "{name}");
    }
    assert_eq!(column(&snapshot, "_source_file"), ("Utf8View".to_owned(), 0));
}

#[tokio::test]
async fn parquet_and_arrow_stay_where_they_are() {
    for (path, format, want) in [
        ("transport/nycflights13/flights.parquet", Format::Parquet, "100000 rows, 20 columns"),
        ("transport/flights/flights-200k.arrow", Format::Arrow, "200000 rows, 3 columns"),
        ("nasty/parquet/PARQUET-1481.parquet", Format::Parquet, "SourceInvalid"),
        ("nasty/parquet/encrypt_columns_and_footer.parquet.encrypted", Format::Parquet, "SourceInvalid"),
        ("nasty/arrow/generated_nested.stream", Format::Arrow, "17 rows, 3 columns"),
        ("transport/nyc/MTA_Daily_Ridership.csv", Format::Parquet, "SourceInvalid"),
    ] {
        let Some(path) = shared(path) else { return };
        let bench = Bench::new();
        let got = match bench.touch(&Distribution { format: Some(format), ..csv(&path) }).await {
            Ok(s) => format!("{} rows, {} columns", s.rows, s.schema.fields().len()),
            Err(e) => format!("{:?}", e.kind()),
        };
        assert_eq!(got, want, "{path}");
    }
}
