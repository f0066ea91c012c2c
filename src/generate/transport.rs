//! The transport theme but for the metro: bus departures, bicycle counters and road accidents.

use std::io::Write;

use serde_json::json;

use super::calendar::Day;
use super::city::{City, DISTRICTS, Decimal, FREE_HOURS, WORKING_HOURS, Weather, by_hour, by_population, hours};
use super::output::{Output, Packing};
use super::package::{DISTRICTS_PACKAGE, Package, Resource, labelled};
use super::random::{Random, Weights};
use crate::error::Result;

pub(super) fn write(city: &City, out: &mut Output<'_>) -> Result<()> {
    buses(city, out)?;
    bicycles(city, out)?;
    accidents(city, out)
}

const BUSES: Package = Package {
    theme: "transport",
    name: "bus_departures",
    title: "Bus departures",
    about: "Departures of buses in front of metro stations, planned and late, as one gzip file. Rain makes them later.",
    keywords: &["bus", "delay"],
    every: "R/P1M",
};

fn buses(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = BUSES.folder();
    let total = city.count(2_000_000, 4_000);
    let mut random = Random::stream("bus_departures");
    out.file(&format!("{folder}/bus_departures.csv.gz"), Packing::Gzip, |rows| {
        writeln!(rows, "service_day,route,station_id,planned,delay_s,cancelled")?;
        for (i, (day, weather)) in city.days.iter().zip(&city.weather).enumerate() {
            let compact = day.date.format("%Y%m%d").to_string();
            let drawn = by_hour(day, city.bustle.share(total, i), &mut random);
            for (hour, count) in drawn.into_iter().enumerate() {
                for _ in 0..count {
                    let rush = i64::from(matches!(hour, 7..=9 | 17..=19));
                    let late = random.bell(70).abs() + random.bell(25) + rush * 60 + (weather.rain / 3).min(120);
                    let (route, station) = (1 + random.below(40), random.one(&city.stations));
                    let minute = random.below(12) * 5;
                    write!(rows, "{compact},B{route:02},{},{hour:02}:{minute:02},", station.id)?;
                    if random.chance(8) {
                        writeln!(rows, ",Y")?
                    } else {
                        writeln!(rows, "{late},N")?
                    }
                    rows.row();
                }
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "bus_departures",
        "Departures",
        &["bus_departures.csv.gz"],
        "csv",
        &[
            ("service_day", "date", "The day.", ""),
            ("route", "string", "B and two digits.", ""),
            ("station_id", "string", "The metro station it departs from.", ""),
            ("planned", "time", "Planned departure in local time.", ""),
            ("delay_s", "integer", "Delay; negative is early, missing when cancelled.", "s"),
            ("cancelled", "boolean", "Whether it never left.", ""),
        ],
    )
    .column("service_day", "format", json!("%Y%m%d"))
    .column("planned", "format", json!("%H:%M"))
    .column("cancelled", "trueValues", json!(["Y"]))
    .column("cancelled", "falseValues", json!(["N"]))
    .refers("station_id", Some("../metro_stations/datapackage.json"), "metro_stations", "station_id");
    out.descriptor(&folder, &BUSES.describe([resource]))
}

const BICYCLES: Package = Package {
    theme: "transport",
    name: "bike_counters",
    title: "Bicycle counters",
    about: "Bicycles an hour at four counting posts, as newline-delimited JSON. A post out of order reports null.",
    keywords: &["bicycle", "counter"],
    every: "R/PT1H",
};

fn bicycles(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = BICYCLES.folder();
    let mut random = Random::stream("bike_counters");
    out.file(&format!("{folder}/bike_counters.ndjson"), Packing::Plain, |rows| {
        for (day, weather) in city.recent() {
            for hour in 0..24 {
                for (post, district) in DISTRICTS.iter().take(4).enumerate() {
                    let (district, n) = (district.code, post + 1);
                    write!(
                        rows,
                        r#"{{"counter":"C{n}","counted_at":"{}T{hour:02}:00:00+08:00","district_code":"{district}""#,
                        day.text
                    )?;
                    if random.chance(5) {
                        writeln!(rows, r#","bikes":null}}"#)?;
                    } else {
                        let bikes = cyclists(day, weather, hour, &mut random);
                        let inbound = bikes * random.between(35, 65) / 100;
                        let outbound = bikes - inbound;
                        writeln!(rows, r#","bikes":{bikes},"direction":{{"in":{inbound},"out":{outbound}}}}}"#)?;
                    }
                    rows.row();
                }
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "bike_counters",
        "Bicycles by post and hour",
        &["bike_counters.ndjson"],
        "ndjson",
        &[
            ("counter", "string", "C and a digit.", ""),
            ("counted_at", "datetime", "Start of the hour, with its offset from UTC.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("bikes", "integer", "Bicycles in both directions; null when out of order.", "1/h"),
            ("direction", "object", "Bicycles into and out of the city.", "1/h"),
        ],
    )
    .key(&["counter", "counted_at"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &BICYCLES.describe([resource]))
}

fn cyclists(day: &Day, weather: &Weather, hour: usize, random: &mut Random) -> i64 {
    let usual = if day.is_working_day() { WORKING_HOURS[hour] } else { FREE_HOURS[hour] } as i64;
    let fair = 100 - (weather.rain / 2).min(70) - ((150 - weather.mean).max(0) / 4).min(45);
    (usual * 2 * fair.max(8) / 100 + random.bell(4)).max(0)
}

const ACCIDENTS: Package = Package {
    theme: "transport",
    name: "road_accidents",
    title: "Road accidents",
    about: "Accidents with people hurt, as the police record them. Codes stand for what was not recorded, each with its reason.",
    keywords: &["accident", "safety"],
    every: "R/P1Y",
};

fn accidents(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = ACCIDENTS.folder();
    let total = city.count(60_000, 800);
    let mut random = Random::stream("road_accidents");
    let by_rain = Weights::new(
        (0..city.days.len()).map(|i| city.bustle.share(1_000_000, i) * (100 + city.weather[i].rain.min(150) as u64)),
    );
    let districts = by_population();
    out.file(&format!("{folder}/road_accidents.csv"), Packing::Plain, |rows| {
        writeln!(
            rows,
            "accident_id,day,hour,district_code,road_state,light,speed_limit,vehicles,hurt,killed,longitude,latitude"
        )?;
        for (i, (day, weather)) in city.days.iter().zip(&city.weather).enumerate() {
            let hours = hours(day);
            for n in 0..by_rain.share(total, i) {
                let district = &DISTRICTS[districts.draw(&mut random)];
                let hour = hours.draw(&mut random) as i64;
                let light = if random.chance(40) { 9 } else { i64::from(!(7..18).contains(&hour)) + 1 };
                let road = if weather.rain > 0 {
                    2
                } else if weather.min < 0 {
                    3
                } else {
                    1
                };
                let limit = if random.chance(60) { -1 } else { *random.one(&[30, 50, 50, 50, 60, 80]) };
                let (vehicles, hurt) = (random.between(1, 3), 1 + random.below(10) / 7);
                let killed = u8::from(random.chance(9));
                let hour = if random.chance(15) { 99 } else { hour };
                write!(rows, "{}-{n:03},{},{hour},{}", day.date.format("%y%j"), day.text, district.code)?;
                write!(rows, ",{road},{light},{limit},{vehicles},{hurt},{killed},")?;
                if random.chance(30) {
                    writeln!(rows, "x,x")?;
                } else {
                    let (x, y) = district.somewhere(&mut random);
                    writeln!(rows, "{},{}", Decimal(x, 6), Decimal(y, 6))?;
                }
                rows.row();
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "road_accidents",
        "Accidents",
        &["road_accidents.csv"],
        "csv",
        &[
            ("accident_id", "string", "Year, day of the year and a number; keeps its zeros.", ""),
            ("day", "date", "The day.", ""),
            ("hour", "integer", "Hour of the day in local time.", "h"),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("road_state", "integer", "1 dry, 2 wet, 3 icy.", ""),
            ("light", "integer", "1 day, 2 dark.", ""),
            ("speed_limit", "integer", "Limit on that road.", "km/h"),
            ("vehicles", "integer", "Vehicles in the accident.", ""),
            ("hurt", "integer", "People hurt.", ""),
            ("killed", "integer", "People killed.", ""),
            ("longitude", "number", "Longitude.", "°"),
            ("latitude", "number", "Latitude.", "°"),
        ],
    )
    .column("hour", "missingValues", labelled(&[("99", "not recorded")]))
    .column("light", "missingValues", labelled(&[("9", "not recorded")]))
    .column("speed_limit", "missingValues", labelled(&[("-1", "no sign found")]))
    .column("longitude", "missingValues", labelled(&[("x", "withheld: a private place")]))
    .column("latitude", "missingValues", labelled(&[("x", "withheld: a private place")]))
    .key(&["accident_id"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &ACCIDENTS.describe([resource]))
}
