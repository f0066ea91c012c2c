//! The metro: lines, stations, and the trips that make most of the city's rows.

use std::io::{self, Write};

use chrono::Datelike;
use serde_json::json;

use super::calendar::{FIRST_YEAR, LAST_YEAR};
use super::city::{City, Decimal, LINES, by_hour};
use super::output::{Output, Packing, Rows};
use super::package::{DISTRICTS_PACKAGE, Package, Resource};
use super::random::{Random, Weights};
use crate::error::Result;

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

pub(super) fn write(city: &City, out: &mut Output<'_>) -> Result<()> {
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
