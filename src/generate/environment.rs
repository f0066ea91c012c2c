//! The environment theme: air quality, weather, noise, waste collection and street trees.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, RecordBatch, StringBuilder, TimestampMillisecondBuilder};
use chrono::NaiveTime;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::calendar;
use super::city::{City, DISTRICTS, Decimal, District, Weather};
use super::output::{Output, Packing};
use super::package::{DISTRICTS_PACKAGE, Package, Resource};
use super::random::Random;
use crate::error::Result;

pub(super) fn write(city: &City, out: &mut Output<'_>) -> Result<()> {
    air_quality(city, out)?;
    weather(city, out)?;
    noise(city, out)?;
    waste(city, out)?;
    trees(city, out)
}

const AIR: Package = Package {
    theme: "environment",
    name: "air_quality",
    title: "Air quality",
    about: "Hourly concentrations at six stations, and the stations. Winter and still days are worst; -999 and NA stand for no value.",
    keywords: &["air", "PM2.5", "ozone"],
    every: "R/PT1H",
};

/// Every second district has an air station.
fn air_stations() -> impl Iterator<Item = (usize, &'static District)> {
    DISTRICTS.iter().step_by(2).enumerate()
}

/// How fine dust goes over a day, in per cent: people heat and drive in the morning and in the evening.
const DAY_OF_DUST: [i64; 24] =
    [96, 92, 88, 86, 87, 92, 103, 118, 124, 116, 106, 98, 92, 88, 86, 88, 94, 106, 120, 126, 122, 114, 106, 100];

fn air_quality(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = AIR.folder();
    let mut random = Random::stream("air_quality");
    out.file(&format!("{folder}/hourly.csv"), Packing::Plain, |rows| {
        writeln!(rows, "station_id,measured_at,pm25,pm10,no2,o3")?;
        for (day, weather) in city.recent() {
            for hour in 0..24 {
                for (n, district) in air_stations() {
                    write!(rows, "A{},{} {hour:02}:00", n + 1, day.text)?;
                    for value in concentrations(weather, hour, district, &mut random) {
                        match random.below(1000) {
                            0..8 => write!(rows, ",-999")?,
                            8..12 => write!(rows, ",NA")?,
                            _ => write!(rows, ",{}", Decimal(value, 1))?,
                        }
                    }
                    writeln!(rows)?;
                    rows.row();
                }
            }
        }
        Ok(())
    })?;
    out.file(&format!("{folder}/stations.csv"), Packing::Plain, |rows| {
        writeln!(rows, "station_id,name,district_code,longitude,latitude,height_m")?;
        for (n, district) in air_stations() {
            let (x, y) = district.somewhere(&mut random);
            let height = random.between(3, 25);
            writeln!(
                rows,
                "A{},{} {},{},{},{},{height}",
                n + 1,
                district.name,
                n + 1,
                district.code,
                Decimal(x, 6),
                Decimal(y, 6)
            )?;
            rows.row();
        }
        Ok(())
    })?;
    let hourly = Resource::new(
        "hourly",
        "Concentrations by station and hour",
        &["hourly.csv"],
        "csv",
        &[
            ("station_id", "string", "The station.", ""),
            ("measured_at", "datetime", "Start of the hour in local time.", ""),
            ("pm25", "number", "Particles up to 2.5 µm.", "µg/m³"),
            ("pm10", "number", "Particles up to 10 µm.", "µg/m³"),
            ("no2", "number", "Nitrogen dioxide.", "µg/m³"),
            ("o3", "number", "Ozone.", "µg/m³"),
        ],
    )
    .column("measured_at", "format", json!("%Y-%m-%d %H:%M"))
    .missing(&[("-999", "instrument fault"), ("NA", "not measured at that hour")])
    .key(&["station_id", "measured_at"])
    .refers("station_id", None, "stations", "station_id");
    let stations = Resource::new(
        "stations",
        "Stations",
        &["stations.csv"],
        "csv",
        &[
            ("station_id", "string", "A and a digit.", ""),
            ("name", "string", "Name.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("longitude", "number", "Longitude.", "°"),
            ("latitude", "number", "Latitude.", "°"),
            ("height_m", "integer", "Height of the inlet above the ground.", "m"),
        ],
    )
    .key(&["station_id"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &AIR.describe([hourly, stations]))
}

/// PM2.5, PM10, NO2 and ozone in tenths of a µg/m³.
fn concentrations(weather: &Weather, hour: usize, district: &District, random: &mut Random) -> [i64; 4] {
    let pm25 = (weather.pm25 * (100 + district.smoke) / 100 * DAY_OF_DUST[hour] / 100 + random.bell(25)).max(10);
    let pm10 = pm25 * random.between(125, 170) / 100;
    let no2 = (180 + pm25 * 4 / 10 + (DAY_OF_DUST[hour] - 100) * 3 + random.bell(30)).max(10);
    let light = (6 - (hour as i64 - 14).abs()).max(0);
    let o3 = (250 + light * weather.sun.max(10) * 2 + weather.max - no2 / 3 + random.bell(40)).max(5);
    [pm25, pm10, no2, o3]
}

const WEATHER: Package = Package {
    theme: "environment",
    name: "weather_daily",
    title: "Daily weather",
    about: "Weather of each day, separated by tabs. T is a trace of rain, too little to measure.",
    keywords: &["weather", "rain", "temperature"],
    every: "R/P1D",
};

fn weather(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = WEATHER.folder();
    out.file(&format!("{folder}/weather_daily.tsv"), Packing::Plain, |rows| {
        writeln!(rows, "day\ttemp_mean\ttemp_min\ttemp_max\train\twind\tsunshine")?;
        for (day, w) in city.days.iter().zip(&city.weather) {
            let rain = if w.rain == 1 { "T".to_string() } else { Decimal(w.rain, 1).to_string() };
            let (mean, min, max) = (Decimal(w.mean, 1), Decimal(w.min, 1), Decimal(w.max, 1));
            writeln!(rows, "{}\t{mean}\t{min}\t{max}\t{rain}\t{}\t{}", day.text, Decimal(w.wind, 1), Decimal(w.sun, 1))?;
            rows.row();
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "weather_daily",
        "Weather by day",
        &["weather_daily.tsv"],
        "tsv",
        &[
            ("day", "date", "The day.", ""),
            ("temp_mean", "number", "Mean temperature.", "°C"),
            ("temp_min", "number", "Lowest temperature.", "°C"),
            ("temp_max", "number", "Highest temperature.", "°C"),
            ("rain", "number", "Rain.", "mm"),
            ("wind", "number", "Mean wind speed.", "m/s"),
            ("sunshine", "number", "Time of sunshine.", "h"),
        ],
    )
    .with("dialect", json!({ "delimiter": "\t" }))
    .missing(&[("T", "a trace, under 0.1 mm"), ("", "not reported")])
    .key(&["day"]);
    out.descriptor(&folder, &WEATHER.describe([resource]))
}

const NOISE: Package = Package {
    theme: "environment",
    name: "noise",
    title: "Noise",
    about: "Hourly sound levels of four sensors, as Parquet.",
    keywords: &["noise"],
    every: "R/PT1H",
};

fn noise(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = NOISE.folder();
    let mut random = Random::stream("noise");
    out.whole(&format!("{folder}/noise.parquet"), |file| {
        // The library's name and version would change the bytes with each release.
        let properties = WriterProperties::builder().set_created_by("stoa generate".into()).set_compression(Compression::SNAPPY);
        let mut writer: Option<ArrowWriter<_>> = None;
        let (mut file, mut count) = (Some(file), 0);
        for (day, weather) in city.recent() {
            let batch = noise_of_day(day, weather, &mut random).map_err(io::Error::other)?;
            count += batch.num_rows() as u64;
            if let Some(file) = file.take() {
                writer = Some(ArrowWriter::try_new(file, batch.schema(), Some(properties.clone().build()))?);
            }
            writer.as_mut().expect("made with the first batch").write(&batch)?;
        }
        writer.expect("there are always four weeks").close()?;
        Ok(count)
    })?;
    let resource = Resource::new(
        "noise",
        "Sound levels by sensor and hour",
        &["noise.parquet"],
        "parquet",
        &[
            ("sensor_id", "string", "The sensor.", ""),
            ("measured_at", "datetime", "Start of the hour.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("level", "number", "Equivalent continuous level, A-weighted.", "dB(A)"),
            ("peak", "number", "Highest level; missing when the microphone was overloaded.", "dB(A)"),
            ("overloaded", "boolean", "Whether the microphone was overloaded.", ""),
        ],
    )
    .key(&["sensor_id", "measured_at"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &NOISE.describe([resource]))
}

fn noise_of_day(day: &calendar::Day, weather: &Weather, random: &mut Random) -> Result<RecordBatch, arrow::error::ArrowError> {
    let (mut sensors, mut districts) = (StringBuilder::new(), StringBuilder::new());
    let mut times = TimestampMillisecondBuilder::new().with_timezone("+08:00");
    let (mut levels, mut peaks, mut overloads) = (Float64Builder::new(), Float64Builder::new(), BooleanBuilder::new());
    // Local midnight is eight hours before that of UTC.
    let midnight = day.date.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - 8 * 3_600_000;
    for hour in 0..24 {
        for (n, district) in DISTRICTS.iter().skip(8).enumerate() {
            let quiet = if (6..23).contains(&hour) { 0 } else { 110 };
            let level = 620 + district.smoke * 2 - quiet + weather.wind / 2 + random.bell(18);
            let overloaded = random.chance(6);
            sensors.append_value(format!("N{}", n + 1));
            times.append_value(midnight + hour * 3_600_000);
            districts.append_value(district.code);
            // A whole number over ten is the same double on every machine.
            levels.append_value(level as f64 / 10.0);
            peaks.append_option((!overloaded).then_some((level + random.between(80, 260)) as f64 / 10.0));
            overloads.append_value(overloaded);
        }
    }
    let columns: [(&str, ArrayRef, bool); 6] = [
        ("sensor_id", Arc::new(sensors.finish()), false),
        ("measured_at", Arc::new(times.finish()), false),
        ("district_code", Arc::new(districts.finish()), false),
        ("level", Arc::new(levels.finish()), false),
        ("peak", Arc::new(peaks.finish()), true),
        ("overloaded", Arc::new(overloads.finish()), false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns)
}

const WASTE: Package = Package {
    theme: "environment",
    name: "waste_collection",
    title: "Waste collection",
    about: "Waste by district, week and kind, as CSV packed with zstd.",
    keywords: &["waste", "recycling"],
    every: "R/P1W",
};

fn waste(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = WASTE.folder();
    let mut random = Random::stream("waste_collection");
    out.file(&format!("{folder}/waste_collection.csv.zst"), Packing::Zstd, |rows| {
        writeln!(rows, "week,district_code,kind,tonnes")?;
        for day in city.days.iter().step_by(7) {
            for district in &DISTRICTS {
                for (kind, share) in [("residual", 46), ("paper", 14), ("organic", 31), ("glass", 9)] {
                    let tonnes = district.population as i64 * share / 2000;
                    let tonnes = tonnes + random.bell(tonnes / 12);
                    writeln!(rows, "{},{},{kind},{}", day.text, district.code, Decimal(tonnes, 2))?;
                    rows.row();
                }
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "waste_collection",
        "Waste by district, week and kind",
        &["waste_collection.csv.zst"],
        "csv",
        &[
            ("week", "date", "First day of the week.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("kind", "string", "residual, paper, organic or glass.", ""),
            ("tonnes", "number", "Weight.", "t"),
        ],
    )
    .key(&["week", "district_code", "kind"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &WASTE.describe([resource]))
}

const TREES: Package = Package {
    theme: "environment",
    name: "street_trees",
    title: "Street trees",
    about: "Trees along the streets, as CSV in a zip archive.",
    keywords: &["tree"],
    every: "R/P1Y",
};

/// Latin name, Chinese name, girth in cm a year of age.
const SPECIES: [(&str, &str, i64); 5] = [
    ("Platanus × acerifolia", "二球悬铃木", 3),
    ("Cinnamomum camphora", "香樟", 2),
    ("Ginkgo biloba", "银杏", 1),
    ("Magnolia grandiflora", "荷花玉兰", 2),
    ("Salix babylonica", "垂柳", 3),
];

fn trees(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = TREES.folder();
    let mut random = Random::stream("street_trees");
    out.file(&format!("{folder}/street_trees.zip"), Packing::Zip("street_trees.csv"), |rows| {
        writeln!(rows, "tree_id,species,species_zh,planted,girth_cm,district_code,longitude,latitude")?;
        for n in 1..=city.count(200_000, 1_500) {
            let district = random.one(&DISTRICTS);
            let (latin, zh, growth) = random.one(&SPECIES);
            let planted = random.between(1950, calendar::LAST_YEAR.into());
            let girth = 12 + (i64::from(calendar::LAST_YEAR) - planted) * growth + random.between(-6, 6);
            let (x, y) = district.somewhere(&mut random);
            write!(rows, "{n:06},{latin},{zh},")?;
            if random.chance(120) {
                write!(rows, "?,")?
            } else {
                write!(rows, "{planted},")?
            }
            writeln!(rows, "{girth},{},{},{}", district.code, Decimal(x, 6), Decimal(y, 6))?;
            rows.row();
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "street_trees",
        "Trees",
        &["street_trees.zip"],
        "csv",
        &[
            ("tree_id", "string", "Six digits; keeps its zeros.", ""),
            ("species", "string", "Latin name.", ""),
            ("species_zh", "string", "Chinese name.", ""),
            ("planted", "year", "Year of planting.", ""),
            ("girth_cm", "integer", "Girth a metre above the ground.", "cm"),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("longitude", "number", "Longitude.", "°"),
            ("latitude", "number", "Latitude.", "°"),
        ],
    )
    .with("compression", json!("zip"))
    .missing(&[("?", "planted before records began"), ("", "not recorded")])
    .key(&["tree_id"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &TREES.describe([resource]))
}
