//! The catalog that ships, as `stoa serve` opens it without an argument: the synthetic city to the value, its comments and keys. The
//! real datasets beside it are in `published.rs`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use expect_test::{Expect, expect};

use crate::harness::{Server, Setup, root, rows};

/// One server over `datasets/`, for the tests of this file and of the README.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Setup { catalogs: vec![("datasets", root().join("datasets"))], ..Setup::default() }))
}

/// Compares the rows of a query, a line each with `|` between the cells, with what is expected.
async fn check(sql: &str, want: Expect) {
    let rows = rows(&server().client("datasets").await, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    want.assert_eq(&rows.iter().map(|row| row.join("|") + "\n").collect::<String>());
}

#[test]
fn the_default_catalog_opens_without_a_problem() {
    let catalogs = server().engine.catalogs();
    let problems: Vec<String> = catalogs.problems(None).expect("they can be listed").iter().map(ToString::to_string).collect();
    assert_eq!(problems, [""; 0]);
    let themes = catalogs.themes("datasets").expect("the catalog is there");
    let names: Vec<&str> = themes.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["environment", "health", "reference", "transport"]);
    assert_eq!(themes.iter().map(|t| t.datasets).sum::<usize>(), 18 + 45);
}

#[tokio::test]
async fn every_table_of_the_city_has_the_rows_that_were_made() {
    let made = tempfile::tempdir().expect("a temporary folder");
    let written = std::cell::RefCell::new(BTreeMap::new());
    stoa::generate::generate(made.path(), crate::generate::SHIPPED_SCALE, &|step| {
        written.borrow_mut().insert(step.file.to_path_buf(), step.rows);
    })
    .expect("the city is written");
    let city = root().join("datasets/city");
    let client = server().client("datasets").await;
    let tables = server().engine.catalogs().tables("datasets", None).expect("they can be listed");
    let tables: Vec<_> = tables.iter().filter(|t| t.distribution().paths.iter().all(|p| p.starts_with('/'))).collect();
    assert_eq!(tables.len(), 19);
    for table in tables {
        let file = |path: &String| std::path::Path::new(path).strip_prefix(&city).expect("a file of the city").to_path_buf();
        let want: u64 = table.distribution().paths.iter().map(|path| written.borrow()[&file(path)]).sum();
        let count = rows(&client, &format!("select count(*) from {}.{}", table.schema, table.name)).await;
        assert_eq!(count.unwrap_or_else(|e| panic!("{}: {e:?}", table.name)), [[want.to_string()]], "{}", table.name);
    }
    assert_eq!(rows(&client, "select * from catalog.rejects").await.expect("rejects"), [[""; 0]; 0]);
}

#[tokio::test]
async fn the_columns_of_the_city_have_the_types_that_are_declared() {
    let client = server().client("datasets").await;
    let mut told = String::new();
    for table in server().engine.catalogs().tables("datasets", None).expect("they can be listed") {
        if table.distribution().paths.iter().all(|p| p.starts_with('/')) {
            let statement = client.prepare(&format!("select * from {}.{}", table.schema, table.name)).await;
            let statement = statement.unwrap_or_else(|e| panic!("{}: {e:?}", table.name));
            let columns: Vec<_> = statement.columns().iter().map(|c| format!("{} {}", c.name(), c.type_())).collect();
            told.push_str(&format!("{}.{}: {}\n", table.schema, table.name, columns.join(", ")));
        }
    }
    expect![[r#"
        environment.air_quality_hourly: station_id text, measured_at timestamp, pm25 float8, pm10 float8, no2 float8, o3 float8
        environment.air_quality_stations: station_id text, name text, district_code text, longitude float8, latitude float8, height_m int8
        environment.noise: sensor_id text, measured_at timestamptz, district_code text, level float8, peak float8, overloaded bool
        environment.street_trees: tree_id text, species text, species_zh text, planted int8, girth_cm int8, district_code text, longitude float8, latitude float8
        environment.waste_collection: week date, district_code text, kind text, tonnes float8
        environment.weather_daily: day date, temp_mean float8, temp_min float8, temp_max float8, rain float8, wind float8, sunshine float8
        health.clinic_visits: day date, district_code text, respiratory int8, injury int8, other int8
        health.emergency_calls: received timestamp, district_code text, kind text, priority int8, response_min float8, ambulances int8
        health.facilities: facility_id text, name text, name_zh text, kind text, beds int8, emergency bool, district_code text, opened date, id text, geometry geometry
        health.vaccination_sites: 编号 text, 名称 text, 区划代码 text, 区名 text, 地址 text, 疫苗 text, 每日剂数 int8, 启用日期 date, 备注 text
        reference.districts: district_code text, name text, name_zh text, geometry geometry
        reference.holidays: day date, name text, name_zh text, on_weekend bool
        reference.population: district_code text, year int8, age_group text, residents int8
        transport.bike_counters: counter text, counted_at timestamptz, district_code text, bikes int8, direction json
        transport.bus_departures: service_day date, route text, station_id text, planned time, delay_s int8, cancelled bool
        transport.metro_lines: line_id text, name text, name_zh text, colour text
        transport.metro_stations: station_id text, name text, name_zh text, line_id text, position int8, district_code text, longitude float8, latitude float8
        transport.metro_trips: trip_id int8, entered_at timestamp, from_station text, to_station text, minutes int8, ticket text, fare float8
        transport.road_accidents: accident_id text, day date, hour int8, district_code text, road_state int8, light int8, speed_limit int8, vehicles int8, hurt int8, killed int8, longitude float8, latitude float8
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn codes_keep_their_zeros_and_published_text_is_read_right() {
    check(
        "select district_code, name, name_zh, left(geometry, 40) from districts order by 1 limit 2",
        expect![[r#"
        091001|Old Town|老城区|POLYGON ((150.060000 30.060000, 150.1200
        091002|Riverside|河滨区|POLYGON ((150.120000 30.060000, 150.1800
    "#]],
    )
    .await;
    check(
        r#"select * from vaccination_sites order by "编号" limit 3"#,
        expect![[r#"
        YM001|老城区第一接种点|091001|老城区|长兴路14号|麻腮风|320|2023-11-02|
        YM002|河滨区第一接种点|091002|河滨区|青石巷37号|流感|210|2023-03-27|
        YM003|港湾区第一接种点|091003|港湾区|长兴路243号|狂犬病|120|2023-06-25|周末开诊
    "#]],
    )
    .await;
    check(
        "select * from emergency_calls order by received limit 2",
        expect![[r#"
        2022-01-01 08:23:00|091002|cardiac|3|7.7|1
        2022-01-02 03:02:00|091012|other|3|10|1
    "#]],
    )
    .await;
    check(
        "select * from bus_departures limit 2",
        expect![[r#"
        2022-01-01|B29|S017|20:35:00|8|f
        2022-01-02|B31|S044|11:35:00|43|f
    "#]],
    )
    .await;
    check(
        "select * from bike_counters order by counted_at, counter limit 2",
        expect![[r#"
        C1|2024-11-12 16:00:00+00|091001|1|{"in":0,"out":1}
        C2|2024-11-12 16:00:00+00|091002|4|{"in":1,"out":3}
    "#]],
    )
    .await;
    check(
        "select facility_id, name_zh, beds, emergency, opened, st_astext(geometry) from facilities order by 1 limit 2",
        expect![[r#"
        H001|老城医院|204|t|1965-02-10|POINT(150.087588 30.103226)
        H002|老城诊所||f|2005-07-19|POINT(150.104967 30.067584)
    "#]],
    )
    .await;
    check(
        "select * from noise order by 1, 2 limit 2",
        expect![[r#"
        N1|2024-11-12 16:00:00+00|091009|55.2|76.3|f
        N1|2024-11-12 17:00:00+00|091009|56.6|73.8|f
    "#]],
    )
    .await;
    check(
        "select * from street_trees order by 1 limit 2",
        expect![[r#"
        000001|Magnolia grandiflora|荷花玉兰||129|091005|150.064419|30.124502
        000002|Salix babylonica|垂柳|1955|221|091009|150.185355|30.169442
    "#]],
    )
    .await;
}

#[tokio::test]
async fn missing_codes_are_null_and_counts_add_up() {
    check(
        "select count(*) - count(respiratory), count(*) - count(injury), sum(respiratory) from clinic_visits",
        expect![[r#"
        323|323|403816
    "#]],
    )
    .await;
    check(
        "select count(*) - count(pm25), count(*) - count(no2), min(pm25) >= 0, min(o3) >= 0 from air_quality_hourly",
        expect![[r#"
            95|88|t|t
        "#]],
    )
    .await;
    check(
        "select count(*) - count(rain), min(rain) from weather_daily",
        expect![[r#"
        9|0
    "#]],
    )
    .await;
    check(
        "select count(*) - count(road_state), count(*) - count(light), count(*) - count(speed_limit), max(hour) from road_accidents",
        expect![[r#"
            0|30|48|23
        "#]],
    )
    .await;
    check(
        "select count(*) - count(planted) from street_trees",
        expect![[r#"
        176
    "#]],
    )
    .await;
}

#[tokio::test]
async fn comments_tell_titles_publisher_licence_and_units() {
    check("select obj_description('transport.metro_trips'::regclass, 'pg_class')", expect![[r#"
        Metro trips (synthetic): Trips - Every trip from gate to gate, one file a year. Fewer ride on weekends and in the rain; a few stations see most of them. SYNTHETIC: made by `stoa generate` for tests, benches and examples. It describes no real place, person or event.
        published by Xinghe 星河 (invented city); licence CC0-1.0
    "#]]).await;
    check(
        "select a.attname, col_description(a.attrelid, a.attnum) from pg_attribute a
         where a.attrelid = 'environment.weather_daily'::regclass and a.attnum > 0 order by a.attnum",
        expect![[r#"
            day|The day.
            temp_mean|Mean temperature. [°C]
            temp_min|Lowest temperature. [°C]
            temp_max|Highest temperature. [°C]
            rain|Rain. [mm]
            wind|Mean wind speed. [m/s]
            sunshine|Time of sunshine. [h]
        "#]],
    )
    .await;
    let (out, err) = server().psql("datasets", &["-c", r"\d+ health.vaccination_sites"]);
    assert!(out.contains("剂/日") && err.is_empty(), "{out}{err}");
}

#[tokio::test]
async fn keys_to_other_datasets_are_shown_where_their_table_is_known() {
    check(
        "select c.conname, c.conrelid::regclass, c.confrelid::regclass, c.conkey, c.confkey from pg_constraint c
         where c.contype = 'f' and c.confrelid <> 0 and c.conrelid in (select oid from pg_class where relname in
         ('metro_trips', 'metro_stations', 'noise', 'facilities', 'air_quality_hourly')) order by 1",
        expect![[r#"
            air_quality_hourly_station_id_fkey|air_quality_hourly|air_quality_stations|{1}|{1}
            facilities_district_code_fkey|facilities|districts|{7}|{1}
            metro_stations_district_code_fkey|metro_stations|districts|{6}|{1}
            metro_stations_line_id_fkey|metro_stations|metro_lines|{4}|{1}
            metro_trips_from_station_fkey|metro_trips|metro_stations|{3}|{1}
            metro_trips_to_station_fkey|metro_trips|metro_stations|{4}|{1}
            noise_district_code_fkey|noise|districts|{3}|{1}
        "#]],
    )
    .await;
}
