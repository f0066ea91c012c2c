//! The reference theme: what the other themes are joined by. Districts, holidays, population.

use std::io::Write;

use super::calendar::{FIRST_YEAR, LAST_YEAR};
use super::city::{CELL, City, DISTRICTS, Decimal};
use super::output::{Output, Packing};
use super::package::{DISTRICTS_PACKAGE, Package, Resource};
use super::random::Random;
use crate::error::Result;

pub(super) fn write(city: &City, out: &mut Output<'_>) -> Result<()> {
    districts(out)?;
    holidays(city, out)?;
    population(out)
}

const DISTRICTS_OUT: Package = Package {
    theme: "reference",
    name: "districts",
    title: "Districts 行政区",
    about: "Outlines, codes and names of the twelve districts. Every code begins with a zero.",
    keywords: &["district", "行政区"],
    every: "R/P1Y",
};

fn districts(out: &mut Output<'_>) -> Result<()> {
    let folder = DISTRICTS_OUT.folder();
    out.file(&format!("{folder}/districts.geojson"), Packing::Plain, |rows| {
        write!(rows, r#"{{"type":"FeatureCollection","features":["#)?;
        for (i, d) in DISTRICTS.iter().enumerate() {
            let ((x, y), separator) = (d.corner(), if i == 0 { "\n" } else { ",\n" });
            write!(rows, r#"{separator}{{"type":"Feature","properties":{{"district_code":"{}","name":"{}""#, d.code, d.name)?;
            write!(rows, r#","name_zh":"{}"}},"geometry":{{"type":"Polygon","coordinates":[["#, d.name_zh)?;
            let ring = [(x, y), (x + CELL, y), (x + CELL, y + CELL), (x, y + CELL), (x, y)];
            for (n, (x, y)) in ring.into_iter().enumerate() {
                write!(rows, "{}[{},{}]", if n == 0 { "" } else { "," }, Decimal(x, 6), Decimal(y, 6))?;
            }
            write!(rows, "]]}}}}")?;
            rows.row();
        }
        writeln!(rows, "\n]}}")
    })?;
    let resource = Resource::new(
        "districts",
        "Districts",
        &["districts.geojson"],
        "geojson",
        &[
            ("district_code", "string", "Six digits; the first is a zero.", ""),
            ("name", "string", "Name.", ""),
            ("name_zh", "string", "Chinese name.", ""),
        ],
    )
    .fields_match("subset")
    .key(&["district_code"]);
    out.descriptor(&folder, &DISTRICTS_OUT.describe([resource]))
}

const HOLIDAYS_OUT: Package = Package {
    theme: "reference",
    name: "holidays",
    title: "Public holidays",
    about: "The days when offices and schools are closed.",
    keywords: &["holiday", "calendar"],
    every: "R/P1Y",
};

fn holidays(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = HOLIDAYS_OUT.folder();
    out.file(&format!("{folder}/holidays.csv"), Packing::Plain, |rows| {
        writeln!(rows, "day,name,name_zh,on_weekend")?;
        for day in &city.days {
            if let Some(holiday) = day.holiday {
                writeln!(rows, "{},{},{},{}", day.text, holiday.name, holiday.name_zh, day.is_weekend())?;
                rows.row();
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "holidays",
        "Holidays by day",
        &["holidays.csv"],
        "csv",
        &[
            ("day", "date", "The day.", ""),
            ("name", "string", "Name.", ""),
            ("name_zh", "string", "Chinese name.", ""),
            ("on_weekend", "boolean", "Whether it is a Saturday or a Sunday.", ""),
        ],
    )
    .key(&["day"]);
    out.descriptor(&folder, &HOLIDAYS_OUT.describe([resource]))
}

const POPULATION: Package = Package {
    theme: "reference",
    name: "population",
    title: "Population",
    about: "Residents by district, year and age group at the end of the year.",
    keywords: &["population", "age"],
    every: "R/P1Y",
};

fn population(out: &mut Output<'_>) -> Result<()> {
    let folder = POPULATION.folder();
    let mut random = Random::stream("population");
    out.file(&format!("{folder}/population.csv"), Packing::Plain, |rows| {
        writeln!(rows, "district_code,year,age_group,residents")?;
        for district in &DISTRICTS {
            let growth = random.between(-6, 14);
            for year in FIRST_YEAR..=LAST_YEAR {
                let all = district.population as i64 * (1000 + growth * i64::from(year - FIRST_YEAR)) / 1000;
                for (group, per_mille) in [("0-14", 131), ("15-34", 268), ("35-59", 389), ("60+", 212)] {
                    writeln!(rows, "{},{year},{group},{}", district.code, all * per_mille / 1000)?;
                    rows.row();
                }
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "population",
        "Residents by district, year and age group",
        &["population.csv"],
        "csv",
        &[
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("year", "year", "At the end of this year.", ""),
            ("age_group", "string", "Age in years.", ""),
            ("residents", "integer", "Residents.", "persons"),
        ],
    )
    .key(&["district_code", "year", "age_group"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &POPULATION.describe([resource]))
}
