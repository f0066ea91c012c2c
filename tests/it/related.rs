//! `catalog.related` over real published files of three domains: the joins that the nine questions are answered by are found, what only looks
//! alike is not, and every statement that is suggested runs.

use crate::harness::{Server, rows};

/// The tables that are read and measured.
const TABLES: &[&str] = &[
    "transport.uber_daily",
    "environment.weather_knyc",
    "transport.mta",
    "health.nyc_covid",
    "transport.ourairports_airports",
    "transport.ourairports_runways",
    "health.jhu_places",
    "health.jhu_20200727",
    "reference.population",
    "environment.owid_co2_data",
    "environment.aqi_county",
    "reference.us_states",
    "health.hospitals",
    "transport.flights13",
    "environment.weather13",
    "transport.openflights_airlines",
    "transport.ourairports_countries",
    "health.china_daily_csv",
    "reference.china_outlines_provinces",
];

/// The equalities that the questions join by, with the cardinality; what they compute of a column before is left out. Where a question joins
/// by the country and takes each once, the key of both tables is told; where by the first digits of a province, its name.
const TRUE: &[(&str, &str, &str, &str, &str)] = &[
    ("transport.uber_daily", "date", "environment.weather_knyc", "date", "n:1"),
    ("transport.mta", "Date", "health.nyc_covid", "date_of_interest", "1:1"),
    ("health.jhu_20200727", "Combined_Key", "health.jhu_places", "Combined_Key", "1:1"),
    ("health.jhu_places", "iso2", "transport.ourairports_airports", "iso_country", "n:m"),
    ("health.jhu_places", "iso3", "reference.population", "Country Code", "n:m"),
    ("health.jhu_places", "iso3", "environment.owid_co2_data", "iso_code", "n:m"),
    ("environment.owid_co2_data", "iso_code,year", "reference.population", "Country Code,Year", "n:m"),
    ("environment.aqi_county", "State", "reference.us_states", "State", "n:1"),
    ("reference.us_states", "Postal", "health.hospitals", "State", "1:n"),
    ("transport.ourairports_runways", "airport_ident", "transport.ourairports_airports", "ident", "n:1"),
    ("transport.flights13", "time_hour,origin", "environment.weather13", "time_hour,origin", "n:m"),
    ("health.china_daily_csv", "province", "reference.china_outlines_provinces", "name", "n:1"),
];

/// Columns whose values meet by chance, or count different things.
const FALSE: &[(&str, &str, &str)] = &[
    ("reference.us_states", "Postal", "transport.ourairports_countries"),
    ("transport.openflights_airlines", "iata", "transport.ourairports_countries"),
    ("transport.openflights_airlines", "iata", "reference.us_states"),
    ("health.jhu_20200727", "Confirmed", "health.hospitals"),
    ("health.jhu_20200727", "Deaths", "environment.aqi_county"),
    ("environment.aqi_county", "Max AQI", "transport.ourairports_runways"),
    ("transport.flights13", "distance", "transport.ourairports_airports"),
];

#[tokio::test]
async fn the_joins_of_the_questions_are_found_and_what_looks_alike_is_not() {
    let server = Server::shared();
    let client = server.client("open").await;
    let ask = async |sql: &str| rows(&client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    for table in TABLES {
        ask(&format!("SELECT count(*) FROM {table}")).await;
        let (schema, name) = table.split_once('.').expect("schema.name");
        let of = format!("SELECT count(*) FROM catalog.profile WHERE schema_name = '{schema}' AND table_name = '{name}'");
        assert_ne!(ask(&of).await[0][0], "0", "{table} was measured");
    }
    let mut statements = Vec::new();
    for table in TABLES {
        let found = ask(&format!(
            "SELECT schema_name || '.' || table_name, array_to_string(columns, ','), array_to_string(related_columns, ','), cardinality,
                    join_sql, score, matched_by
             FROM catalog.related('{table}')"
        ))
        .await;
        for (_, columns, other, theirs, cardinality) in TRUE.iter().filter(|(of, ..)| of == table) {
            let is = |row: &&Vec<String>| row[0] == *other && row[1] == *columns && row[2] == *theirs;
            let row = found.iter().find(is).unwrap_or_else(|| panic!("{table} ({columns}) = {other} ({theirs}): {found:?}"));
            assert_eq!(row[3], *cardinality, "{row:?}");
            let score: f64 = row[5].parse().expect("a number");
            assert!(score > 0.0 && score <= 1.0, "{row:?}");
            statements.push(row[4].clone());
        }
        for (_, column, other) in FALSE.iter().filter(|(of, ..)| of == table) {
            let row = found.iter().find(|row| row[0] == *other && row[1].split(',').any(|c| c == *column));
            assert_eq!(row, None, "{table} ({column})");
        }
    }
    assert_eq!(statements.len(), TRUE.len());
    for statement in statements {
        assert_eq!(ask(&format!("{statement} LIMIT 1")).await.len(), 1, "{statement}");
    }
    let fields = "matched_by, cardinality, join_sql";
    let key = ask(&format!(
        "SELECT {fields} FROM catalog.related('transport.ourairports_runways') WHERE table_name = 'ourairports_airports' AND array_to_string(columns, ',') = 'airport_ident'"
    ))
    .await;
    // One of the 74,592 identifiers has a letter in lower case.
    let tables = "transport.ourairports_runways AS a JOIN transport.ourairports_airports AS b";
    let join = format!("SELECT * FROM {tables} ON lower(a.airport_ident) = lower(b.ident)");
    assert_eq!(&key[0][1..], ["n:1", &join]);
    let quoted = ask("SELECT join_sql FROM catalog.related('health.jhu_places') WHERE table_name = 'population'").await;
    let text = quoted.iter().map(|row| row[0].as_str()).collect::<Vec<_>>().join("\n");
    assert!(text.contains("a.iso3 = b.\"Country Code\""), "{text}");
}
