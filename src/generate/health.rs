//! The health theme: facilities, visits to clinics, vaccination sites and emergency calls.

use std::io::{self, Write};

use encoding_rs::GB18030;
use serde_json::json;

use super::calendar::Day;
use super::city::{City, DISTRICTS, Decimal, District, Weather, by_population};
use super::output::{Output, Packing};
use super::package::{DISTRICTS_PACKAGE, Package, Resource, labelled};
use super::random::{Random, Weights};
use crate::error::Result;

pub(super) fn write(city: &City, out: &mut Output<'_>) -> Result<()> {
    facilities(out)?;
    visits(city, out)?;
    vaccination_sites(out)?;
    emergency_calls(city, out)
}

const FACILITIES: Package = Package {
    theme: "health",
    name: "facilities",
    title: "Hospitals, clinics and pharmacies",
    about: "Where care is given, as GeoJSON points.",
    keywords: &["hospital", "clinic", "pharmacy"],
    every: "R/P1Y",
};

fn facilities(out: &mut Output<'_>) -> Result<()> {
    let folder = FACILITIES.folder();
    let mut random = Random::stream("facilities");
    out.file(&format!("{folder}/facilities.geojson"), Packing::Plain, |rows| {
        write!(rows, r#"{{"type":"FeatureCollection","features":["#)?;
        let mut number = 0;
        for district in &DISTRICTS {
            let (name, name_zh) = (district.name, district.name_zh.trim_end_matches('区'));
            for (kind, zh, beds) in
                [("hospital", "医院", true), ("clinic", "诊所", false), ("clinic", "门诊部", false), ("pharmacy", "药房", false)]
            {
                let separator = if number == 0 { "\n" } else { ",\n" };
                number += 1;
                let beds =
                    if beds { (district.population / 1500 * random.below(60).max(20) / 40).to_string() } else { "null".into() };
                let (x, y) = district.somewhere(&mut random);
                let opened = format!("{}-{:02}-{:02}", random.between(1951, 2021), random.between(1, 12), random.between(1, 28));
                write!(rows, r#"{separator}{{"type":"Feature","id":"H{number:03}","properties":{{"facility_id":"H{number:03}""#)?;
                write!(rows, r#","name":"{name} {kind} {number}","name_zh":"{name_zh}{zh}","kind":"{kind}","beds":{beds}"#)?;
                write!(rows, r#","emergency":{},"district_code":"{}","opened":"{opened}"}}"#, kind == "hospital", district.code)?;
                write!(rows, r#","geometry":{{"type":"Point","coordinates":[{},{}]}}}}"#, Decimal(x, 6), Decimal(y, 6))?;
                rows.row();
            }
        }
        writeln!(rows, "\n]}}")
    })?;
    let resource = Resource::new(
        "facilities",
        "Facilities",
        &["facilities.geojson"],
        "geojson",
        &[
            ("facility_id", "string", "H and three digits.", ""),
            ("name", "string", "Name.", ""),
            ("name_zh", "string", "Chinese name.", ""),
            ("kind", "string", "hospital, clinic or pharmacy.", ""),
            ("beds", "integer", "Beds of a hospital.", ""),
            ("emergency", "boolean", "Whether there is an emergency ward.", ""),
            ("district_code", "string", "The district; keeps its leading zero.", ""),
            ("opened", "date", "First day.", ""),
        ],
    )
    .fields_match("subset")
    .key(&["facility_id"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &FACILITIES.describe([resource]))
}

const VISITS: Package = Package {
    theme: "health",
    name: "clinic_visits",
    title: "Visits to clinics",
    about: "Visits by district and day. Bad air of the last three days brings more people who cough, rain and frost more who fell.",
    keywords: &["clinic", "visit"],
    every: "R/P1D",
};

fn visits(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = VISITS.folder();
    let mut random = Random::stream("clinic_visits");
    out.file(&format!("{folder}/clinic_visits.csv"), Packing::Plain, |rows| {
        writeln!(rows, "day,district_code,respiratory,injury,other")?;
        for (i, (day, weather)) in city.days.iter().zip(&city.weather).enumerate() {
            let recent = &city.weather[i.saturating_sub(2)..=i];
            let pm25 = recent.iter().map(|w| w.pm25).sum::<i64>() / recent.len() as i64;
            for district in &DISTRICTS {
                write!(rows, "{},{},", day.text, district.code)?;
                if day.holiday.is_some() && random.chance(500) {
                    writeln!(rows, "-,-,-")?;
                } else {
                    let [respiratory, injury, other] = patients(day, weather, pm25, district, &mut random);
                    writeln!(rows, "{respiratory},{injury},{other}")?;
                }
                rows.row();
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "clinic_visits",
        "Visits by district and day",
        &["clinic_visits.csv"],
        "csv",
        &[
            ("day", "date", "The day.", ""),
            ("district_code", "string", "The district of the clinic; keeps its leading zero.", ""),
            ("respiratory", "integer", "Visits for cough, asthma and the like.", "visits"),
            ("injury", "integer", "Visits after falls and accidents.", "visits"),
            ("other", "integer", "All other visits.", "visits"),
        ],
    )
    .missing(&[("-", "every clinic of the district was closed"), ("", "not reported")])
    .key(&["day", "district_code"])
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &VISITS.describe([resource]))
}

/// Visits for respiratory complaints, for injuries and for all else; `pm25` is the mean of three days in tenths of a µg/m³.
fn patients(day: &Day, weather: &Weather, pm25: i64, district: &District, random: &mut Random) -> [i64; 3] {
    let size = district.population as i64 / 10_000;
    let open = if day.is_working_day() { 100 } else { 45 };
    let air = pm25 * (100 + district.smoke) / 100;
    let cold = (100 - weather.min).max(0) / 4;
    let respiratory = size * (40 + air / 4 + cold) / 100 * open / 100;
    let injury = size * (22 + (weather.rain / 8).min(20) + if weather.min < 0 { 12 } else { 0 }) / 100 * (open + 60) / 160;
    let other = size * 9 / 5 * open / 100;
    [respiratory, injury, other].map(|mean| (mean + random.bell(mean / 8 + 1)).max(0))
}

const VACCINATION: Package = Package {
    theme: "health",
    name: "vaccination_sites",
    title: "Vaccination sites 预防接种点",
    about: "Where vaccines are given. The file has Chinese headers and values and is encoded in GB18030.",
    keywords: &["vaccination", "预防接种"],
    every: "R/P1M",
};

fn vaccination_sites(out: &mut Output<'_>) -> Result<()> {
    let folder = VACCINATION.folder();
    let mut random = Random::stream("vaccination_sites");
    out.file(&format!("{folder}/预防接种点.csv"), Packing::Plain, |rows| {
        let line = |rows: &mut dyn Write, text: &str| -> io::Result<()> { rows.write_all(&GB18030.encode(text).0) };
        line(rows, "编号,名称,区划代码,区名,地址,疫苗,每日剂数,启用日期,备注\r\n")?;
        for n in 1..=72 {
            let district = &DISTRICTS[(n - 1) % DISTRICTS.len()];
            let ward = ["一", "二", "三", "四", "五", "六"][(n - 1) / DISTRICTS.len()];
            let (road, number) = (random.one(&["长兴路", "荷花路", "解忧街", "青石巷", "大学路"]), random.between(1, 299));
            let vaccine = random.one(&["流感", "流感;肺炎", "乙肝", "麻腮风", "狂犬病"]);
            let (doses, day, month) = (random.between(2, 40) * 10, random.between(1, 28), random.between(1, 12));
            let note = random.one(&["", "", "周末开诊", "需预约", "“绿色通道”, 老人优先"]);
            let note = if note.contains(',') { format!("\"{note}\"") } else { (*note).to_string() };
            let zone = district.name_zh;
            let text = format!(
                "YM{n:03},{zone}第{ward}接种点,{},{zone},{road}{number}号,{vaccine},{doses},2023年{month}月{day}日,{note}\r\n",
                district.code
            );
            line(rows, &text)?;
            rows.row();
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "vaccination_sites",
        "预防接种点",
        &["预防接种点.csv"],
        "csv",
        &[
            ("编号", "string", "Number of the site.", ""),
            ("名称", "string", "Name.", ""),
            ("区划代码", "string", "Code of the district; keeps its leading zero.", ""),
            ("区名", "string", "Name of the district.", ""),
            ("地址", "string", "Address.", ""),
            ("疫苗", "string", "Vaccines, separated by semicolons.", ""),
            ("每日剂数", "integer", "Doses a day.", "剂/日"),
            ("启用日期", "date", "First day.", ""),
            ("备注", "string", "Remarks.", ""),
        ],
    )
    .with("encoding", json!("gb18030"))
    .column("启用日期", "format", json!("%Y年%m月%d日"))
    .key(&["编号"])
    .refers("区划代码", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &VACCINATION.describe([resource]))
}

const EMERGENCY: Package = Package {
    theme: "health",
    name: "emergency_calls",
    title: "Emergency calls",
    about: "Calls for an ambulance, separated by semicolons and with decimal commas, as spreadsheets of some countries write them.",
    keywords: &["emergency", "ambulance"],
    every: "R/P1W",
};

fn emergency_calls(city: &City, out: &mut Output<'_>) -> Result<()> {
    let folder = EMERGENCY.folder();
    let total = city.count(400_000, 2_000);
    let mut random = Random::stream("emergency_calls");
    let districts = by_population();
    let kinds = Weights::new([30, 25, 20, 45]);
    let by_day = Weights::new(city.weather.iter().map(|w| (1000 + w.pm25 / 2 + (w.max - 300).max(0) * 6) as u64));
    out.file(&format!("{folder}/emergency_calls.csv"), Packing::Plain, |rows| {
        writeln!(rows, "received;district_code;kind;priority;response_min;ambulances")?;
        for (i, (day, weather)) in city.days.iter().zip(&city.weather).enumerate() {
            let date = day.date.format("%d.%m.%Y");
            for _ in 0..by_day.share(total, i) {
                let district = &DISTRICTS[districts.draw(&mut random)];
                let (hour, minute) = (random.below(24), random.below(60));
                let kind = ["cardiac", "trauma", "respiratory", "other"][kinds.draw(&mut random)];
                let priority = random.between(1, 3);
                let response = (50 + priority * 18 + weather.rain / 4 + random.bell(22)).max(15);
                write!(rows, "{date} {hour:02}:{minute:02};{};{kind};{priority};", district.code)?;
                let ambulances = 1 + u8::from(random.chance(70));
                if random.chance(25) {
                    writeln!(rows, "k.A.;{ambulances}")?;
                } else {
                    writeln!(rows, "{};{ambulances}", Decimal(response, 1).to_string().replace('.', ","))?;
                }
                rows.row();
            }
        }
        Ok(())
    })?;
    let resource = Resource::new(
        "emergency_calls",
        "Calls",
        &["emergency_calls.csv"],
        "csv",
        &[
            ("received", "datetime", "When the call came in, in local time.", ""),
            ("district_code", "string", "The district called from; keeps its leading zero.", ""),
            ("kind", "string", "cardiac, trauma, respiratory or other.", ""),
            ("priority", "integer", "1 is most urgent.", ""),
            ("response_min", "number", "From call to arrival.", "min"),
            ("ambulances", "integer", "Ambulances sent.", ""),
        ],
    )
    .with("dialect", json!({ "delimiter": ";" }))
    .column("received", "format", json!("%d.%m.%Y %H:%M"))
    .column("response_min", "decimalChar", json!(","))
    .column("response_min", "missingValues", labelled(&[("k.A.", "not timed")]))
    .refers("district_code", DISTRICTS_PACKAGE, "districts", "district_code");
    out.descriptor(&folder, &EMERGENCY.describe([resource]))
}
