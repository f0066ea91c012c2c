//! The transport theme: the metro with its trips, bus departures, bicycle counters and road accidents.

use std::io::{self, Write};

use chrono::Datelike;
use serde_json::json;

use super::calendar::{Day, FIRST_YEAR, LAST_YEAR};
use super::city::{City, DISTRICTS, Decimal, LINES, Weather, by_population};
use super::output::{Output, Packing, Rows};
use super::package::{Package, Resource, labelled};
use super::random::{Random, Weights};
use crate::error::Result;

const DISTRICTS_PACKAGE: Option<&str> = Some("../../reference/districts/datapackage.json");

pub(super) fn write(city: &City, out: &mut Output<'_>) -> Result<()> {
    metro(city, out)?;
    buses(city, out)?;
    bicycles(city, out)?;
    accidents(city, out)
}

/// How many are under way in each hour of a working day, and of any other day.
const WORKING_HOURS: [u64; 24] = [2, 0, 0, 0, 0, 8, 34, 96, 118, 64, 40, 38, 44, 42, 40, 46, 62, 104, 112, 66, 44, 34, 24, 10];
const FREE_HOURS: [u64; 24] = [6, 0, 0, 0, 0, 4, 12, 24, 40, 56, 66, 70, 72, 74, 76, 74, 72, 70, 66, 58, 48, 40, 30, 14];

fn hours(day: &Day) -> Weights {
    Weights::new(if day.is_working_day() { WORKING_HOURS } else { FREE_HOURS })
}

/// How many of `count` fall into each hour of the day: drawn, as shares of a small count would fall into the same hours daily.
fn by_hour(day: &Day, count: u64, random: &mut Random) -> [u64; 24] {
    let hours = hours(day);
    let mut drawn = [0; 24];
    for _ in 0..count {
        drawn[hours.draw(random)] += 1;
    }
    drawn
}

const METRO_LINES: Package = Package {
    theme: "transport",
    name: "metro_lines",
    title: "Metro lines",
    about: "The six lines of the metro.",
    keywords: &["metro"],
    every: "R/P1Y",
};

const METRO_STATIONS: Package = Package {
    theme: "transport",
    name: "metro_stations",
    title: "Metro stations",
    about: "Stations in the order of their lines, with the district they stand in.",
    keywords: &["metro", "station"],
    every: "R/P1Y",
};

const METRO_TRIPS: Package = Package {
    theme: "transport",
    name: "metro_trips",
    title: "Metro trips",
    about: "Every trip from gate to gate, one file a year. Fewer ride on weekends and in the rain; a few stations see most of them.",
    keywords: &["metro", "trip"],
    every: "R/P1Y",
};

fn metro(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = METRO_LINES.folder();
    out.file(&format!("{folder}/metro_lines.csv"), Packing::Plain, |rows| {
        writeln!(rows, "line_id,name,name_zh,colour")?;
        for (id, name, name_zh, colour) in LINES {
            writeln!(rows, "{id},{name},{name_zh},{colour}")?;
            rows.row();
        }
        Ok(())
    })?;
    let lines = Resource::new(
        "metro_lines",
        "Lines",
        &["metro_lines.csv"],
        "csv",
        &[
            ("line_id", "string", "Number of the line.", ""),
            ("name", "string", "Name.", ""),
            ("name_zh", "string", "Chinese name.", ""),
            ("colour", "string", "Colour on the map, as #RRGGBB.", ""),
        ],
    );
    out.descriptor(&folder, &METRO_LINES.describe([lines.key(&["line_id"])]))?;

    let folder = METRO_STATIONS.folder();
    out.file(&format!("{folder}/metro_stations.csv"), Packing::Plain, |rows| {
        writeln!(rows, "station_id,name,name_zh,line_id,position,district_code,longitude,latitude")?;
        for s in &city.stations {
            let (x, y) = (Decimal(s.place.0, 6), Decimal(s.place.1, 6));
            let (line, district) = (LINES[s.line].0, s.district.code);
            writeln!(rows, "{},{},{},{line},{},{district},{x},{y}", s.id, s.name, s.name_zh, s.position)?;
            rows.row();
        }
        Ok(())
    })?;
    let stations = Resource::new(
        "metro_stations",
        "Stations",
        &["metro_stations.csv"],
        "csv",
        &[
            ("station_id", "string", "S and three digits.", ""),
            ("name", "string", "Name.", ""),
            ("name_zh", "string", "Chinese name.", ""),
            ("line_id", "string", "The line.", ""),
            ("position", "integer", "Place along the line, from 1.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("longitude", "number", "Longitude.", "°"),
            ("latitude", "number", "Latitude.", "°"),
        ],
    )
    .key(&["station_id"])
    .refers("line_id", Some("../metro_lines/datapackage.json"), "metro_lines", "line_id")
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &METRO_STATIONS.describe([stations]))?;
    trips(city, out)
}

/// Draws trips: homes in the morning lead to where everyone goes, and back in the evening.
struct Trips<'a> {
    city: &'a City,
    random: Random,
    busy: Weights,
    quiet: Weights,
    tickets: Weights,
    next_id: u64,
}

/// Kinds of ticket, how many of a thousand have one, and the fare in per cent.
const TICKETS: [(&str, u64, i64); 5] =
    [("single", 380, 100), ("day", 60, 0), ("month", 330, 0), ("student", 130, 50), ("senior", 100, 0)];

fn trips(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = METRO_TRIPS.folder();
    let most = city.stations.iter().map(|s| s.popularity).max().unwrap_or(0);
    let mut trips = Trips {
        city,
        random: Random::stream("metro_trips"),
        busy: Weights::new(city.stations.iter().map(|s| s.popularity)),
        quiet: Weights::new(city.stations.iter().map(|s| most / 40 + s.popularity / 4)),
        tickets: Weights::new(TICKETS.map(|t| t.1)),
        next_id: 1,
    };
    let mut files = Vec::new();
    for year in FIRST_YEAR..=LAST_YEAR {
        let file = format!("metro_trips_{year}.csv");
        out.file(&format!("{folder}/{file}"), Packing::Plain, |rows| trips.year(year, rows))?;
        files.push(file);
    }
    let paths: Vec<&str> = files.iter().map(String::as_str).collect();
    let resource = Resource::new(
        "metro_trips",
        "Trips",
        &paths,
        "csv",
        &[
            ("trip_id", "integer", "Counts on over the years.", ""),
            ("entered_at", "datetime", "When the gate was passed, in local time.", ""),
            ("from_station", "string", "Where the trip began.", ""),
            ("to_station", "string", "Where it ended.", ""),
            ("minutes", "integer", "From gate to gate.", "min"),
            ("ticket", "string", "single, day, month, student or senior.", ""),
            ("fare", "number", "Paid for this trip; nothing on a pass.", "CNY"),
        ],
    )
    .column("entered_at", "format", json!("%Y-%m-%d %H:%M:%S"))
    .key(&["trip_id"])
    .refers("from_station", Some("../metro_stations/datapackage.json"), "metro_stations", "station_id")
    .refers("to_station", Some("../metro_stations/datapackage.json"), "metro_stations", "station_id");
    out.descriptor(&folder, &METRO_TRIPS.describe([resource]))
}

impl Trips<'_> {
    fn year(&mut self, year: i32, rows: &mut Rows<'_>) -> io::Result<()> {
        writeln!(rows, "trip_id,entered_at,from_station,to_station,minutes,ticket,fare")?;
        let city = self.city;
        let mut seconds = Vec::new();
        for (i, day) in city.days.iter().enumerate().filter(|(_, d)| d.date.year() == year) {
            let drawn = by_hour(day, city.bustle.share(city.trips(), i), &mut self.random);
            for (hour, count) in drawn.into_iter().enumerate() {
                // An hour at a time: gates report in order, and no more than this is held.
                seconds.clear();
                seconds.extend((0..count).map(|_| self.random.below(3600)));
                seconds.sort_unstable();
                for second in &seconds {
                    self.trip(&day.text, hour, *second, rows)?;
                }
            }
        }
        Ok(())
    }

    fn trip(&mut self, day: &str, hour: usize, second: u64, rows: &mut Rows<'_>) -> io::Result<()> {
        let (from, to) = match hour {
            5..=9 => (self.quiet.draw(&mut self.random), self.busy.draw(&mut self.random)),
            16..=20 => (self.busy.draw(&mut self.random), self.quiet.draw(&mut self.random)),
            _ => (self.busy.draw(&mut self.random), self.busy.draw(&mut self.random)),
        };
        // Who would leave where they came in rides one stop further.
        let stations = &self.city.stations;
        let (from, to) = (&stations[from], &stations[if from == to { (to + 1) % stations.len() } else { to }]);
        let stops = if from.line == to.line { from.position.abs_diff(to.position) } else { from.position + to.position } as i64;
        let change = if from.line == to.line { 0 } else { 4 };
        let minutes = (3 + 2 * stops + change + self.random.bell(2)).max(2);
        let (ticket, _, per_cent) = TICKETS[self.tickets.draw(&mut self.random)];
        let fare = Decimal((300 + stops / 4 * 100) * per_cent / 100, 2);
        let (id, minute, second) = (self.next_id, second / 60, second % 60);
        writeln!(rows, "{id},{day} {hour:02}:{minute:02}:{second:02},{},{},{minutes},{ticket},{fare}", from.id, to.id)?;
        self.next_id += 1;
        rows.row();
        Ok(())
    }
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
                    write!(rows, r#"{{"counter":"C{n}","at":"{}T{hour:02}:00:00+08:00","district_code":"{district}""#, day.text)?;
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
            ("at", "datetime", "Start of the hour, with its offset from UTC.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("bikes", "integer", "Bicycles in both directions; null when out of order.", "1/h"),
            ("direction", "object", "Bicycles into and out of the city.", "1/h"),
        ],
    )
    .key(&["counter", "at"])
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
