//! What the datasets have in common: the districts, the stations, and the weather and air of each day. Integers throughout, in
//! tenths or millionths of the published unit.

use std::fmt;

use super::TRIPS_AT_SCALE_1;
use super::calendar::{self, Day};
use super::random::{Random, Weights};

/// The invented city at one scale.
pub(super) struct City {
    scale: f64,
    pub(super) days: Vec<Day>,
    /// One for each day.
    pub(super) weather: Vec<Weather>,
    pub(super) stations: Vec<Station>,
    /// How many people are about on each day, for sharing out a year's events.
    pub(super) bustle: Weights,
}

/// A district. The code's leading zero belongs to it.
pub(super) struct District {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) name_zh: &'static str,
    /// In 2022.
    pub(super) population: u64,
    /// What its air has above the city's mean, in per cent.
    pub(super) smoke: i64,
    /// Column and row in the city's grid of four by three.
    pub(super) cell: (i64, i64),
}

pub(super) const DISTRICTS: [District; 12] = [
    district("091001", "Old Town", "老城区", 612_000, 12, (1, 1)),
    district("091002", "Riverside", "河滨区", 548_000, 4, (2, 1)),
    district("091003", "Harbour", "港湾区", 433_000, 25, (3, 0)),
    district("091004", "Ironworks", "铁厂区", 389_000, 48, (0, 0)),
    district("091005", "University", "学府区", 471_000, -6, (1, 2)),
    district("091006", "Jade Hill", "玉山区", 297_000, -22, (0, 2)),
    district("091007", "Market", "集市区", 520_000, 9, (1, 0)),
    district("091008", "Lotus Lake", "莲湖区", 344_000, -15, (2, 2)),
    district("091009", "Airport", "空港区", 158_000, 18, (3, 2)),
    district("091010", "Orchard", "果园区", 201_000, -18, (0, 1)),
    district("091011", "New Quay", "新埠区", 276_000, 14, (3, 1)),
    district("091012", "Millfield", "磨坊区", 232_000, 7, (2, 0)),
];

const fn district(
    code: &'static str,
    name: &'static str,
    name_zh: &'static str,
    population: u64,
    smoke: i64,
    cell: (i64, i64),
) -> District {
    District { code, name, name_zh, population, smoke, cell }
}

/// Width and height of a district's cell.
pub(super) const CELL: i64 = 60_000;
/// The city's south-west corner, in the open Pacific: longitude and latitude in millionths of a degree.
pub(super) const CORNER: (i64, i64) = (150_000_000, 30_000_000);

impl District {
    /// The south-west corner in millionths of a degree: longitude, latitude.
    pub(super) fn corner(&self) -> (i64, i64) {
        (CORNER.0 + self.cell.0 * CELL, CORNER.1 + self.cell.1 * CELL)
    }

    /// Somewhere inside, in millionths of a degree: longitude, latitude.
    pub(super) fn somewhere(&self, random: &mut Random) -> (i64, i64) {
        let (x, y) = self.corner();
        (x + random.between(1_000, CELL - 1_000), y + random.between(1_000, CELL - 1_000))
    }
}

/// Districts drawn by population.
pub(super) fn by_population() -> Weights {
    Weights::new(DISTRICTS.iter().map(|d| d.population))
}

/// The metro's lines: number, name, Chinese name, colour.
pub(super) const LINES: [(&str, &str, &str, &str); 6] = [
    ("1", "Cross River Line", "过江线", "#D52B1E"),
    ("2", "Harbour Line", "港湾线", "#0B7A3B"),
    ("3", "University Line", "学府线", "#F2A900"),
    ("4", "Ring Line", "环线", "#5B2C83"),
    ("5", "Hill Line", "山线", "#00629B"),
    ("6", "Airport Line", "空港线", "#8A8D8F"),
];

/// Stations on each line.
const STATIONS_ON_LINE: usize = 11;

/// A metro station.
pub(super) struct Station {
    /// `S` and three digits.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) name_zh: String,
    /// Into [`LINES`].
    pub(super) line: usize,
    /// From 1, along the line.
    pub(super) position: usize,
    pub(super) district: &'static District,
    /// In millionths of a degree: longitude, latitude.
    pub(super) place: (i64, i64),
    /// How many start or end there, after Zipf.
    pub(super) popularity: u64,
}

/// One day's weather and air, in tenths.
pub(super) struct Weather {
    /// °C.
    pub(super) mean: i64,
    pub(super) min: i64,
    pub(super) max: i64,
    /// mm.
    pub(super) rain: i64,
    /// m/s.
    pub(super) wind: i64,
    /// h.
    pub(super) sun: i64,
    /// Fine dust over the city, µg/m³.
    pub(super) pm25: i64,
}

impl City {
    pub(super) fn new(scale: f64) -> Self {
        let days = calendar::days();
        let weather = weather(&days);
        let bustle = Weights::new(days.iter().zip(&weather).map(|(day, weather)| bustle(day, weather)));
        Self { scale, days, weather, stations: stations(), bustle }
    }

    pub(super) fn trips(&self) -> u64 {
        self.count(TRIPS_AT_SCALE_1, 1)
    }

    /// How many of a thing there are, when there are `at_scale_1` of it at scale 1 and `least` in any case.
    pub(super) fn count(&self, at_scale_1: u64, least: u64) -> u64 {
        ((at_scale_1 as f64 * self.scale) as u64).max(least)
    }

    /// The days of the dense hourly series: the last four weeks in any case, all of them from scale 1 up.
    pub(super) fn recent(&self) -> impl Iterator<Item = (&Day, &Weather)> {
        // IEEE 754 rounds a square root correctly, so this is the same number everywhere.
        let wanted = (self.days.len() as f64 * self.scale.sqrt()) as usize;
        let skipped = self.days.len() - wanted.clamp(28, self.days.len());
        self.days.iter().zip(&self.weather).skip(skipped)
    }
}

/// Fewer ride on weekends, on holidays, in heavy rain and in the heat; more every year.
fn bustle(day: &Day, weather: &Weather) -> u64 {
    use chrono::{Datelike, Weekday};
    let weekday = match day.date.weekday() {
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu => 1000,
        Weekday::Fri => 1080,
        Weekday::Sat => 720,
        Weekday::Sun => 610,
    };
    let growth = 820 + 90 * (day.date.year() - calendar::FIRST_YEAR) as u64;
    let holiday = if day.holiday.is_some() { 560 } else { 1000 };
    let rain = 1000 - (weather.rain / 2).clamp(0, 180) as u64;
    let heat = 1000 - (weather.max - 330).clamp(0, 60) as u64 * 2;
    weekday * growth / 1000 * holiday / 1000 * rain / 1000 * heat / 1000
}

/// How many are under way in each hour of a working day.
pub(super) const WORKING_HOURS: [u64; 24] =
    [2, 0, 0, 0, 0, 8, 34, 96, 118, 64, 40, 38, 44, 42, 40, 46, 62, 104, 112, 66, 44, 34, 24, 10];
/// How many are under way in each hour of any other day.
pub(super) const FREE_HOURS: [u64; 24] =
    [6, 0, 0, 0, 0, 4, 12, 24, 40, 56, 66, 70, 72, 74, 76, 74, 72, 70, 66, 58, 48, 40, 30, 14];

/// The hours of a day, by how many are under way.
pub(super) fn hours(day: &Day) -> Weights {
    Weights::new(if day.is_working_day() { WORKING_HOURS } else { FREE_HOURS })
}

/// How many of `count` fall into each hour of the day: drawn, as shares of a small count would fall into the same hours daily.
pub(super) fn by_hour(day: &Day, count: u64, random: &mut Random) -> [u64; 24] {
    let hours = hours(day);
    let mut drawn = [0; 24];
    for _ in 0..count {
        drawn[hours.draw(random)] += 1;
    }
    drawn
}

const MEAN_TEMPERATURE: [i64; 12] = [38, 57, 101, 158, 209, 243, 284, 280, 238, 182, 121, 62];
const RAINY_PER_MILLE: [i64; 12] = [250, 280, 330, 350, 380, 450, 360, 340, 300, 220, 230, 210];
const WINTER_SMOKE: [i64; 12] = [420, 380, 300, 230, 190, 150, 120, 120, 160, 230, 310, 400];

fn weather(days: &[Day]) -> Vec<Weather> {
    let mut random = Random::stream("weather");
    let (mut warmth, mut smoke, mut wet) = (0, 0, false);
    days.iter()
        .map(|day| {
            // Each day keeps part of the last one's mood: rain lasts, and so do warm spells and stale air.
            let rainy = calendar::season(&RAINY_PER_MILLE, day.date) + if wet { 220 } else { -110 };
            wet = random.chance(rainy.clamp(20, 900) as u64);
            let rain = if wet { 1 + random.below(60) as i64 * random.below(60) as i64 / 10 } else { 0 };
            warmth = warmth * 7 / 10 + random.bell(22);
            let mean = calendar::season(&MEAN_TEMPERATURE, day.date) + warmth - if wet { 12 } else { 0 };
            let wind = 8 + random.below(45) as i64 + if wet { 10 } else { 0 };
            let sun = if wet { random.between(0, 30) } else { random.between(40, 105) };
            let swing = 25 + sun / 3 + random.between(0, 15);
            smoke = smoke * 6 / 10 + random.bell(60);
            let washed = 100 - (rain / 6).min(45) - (wind / 3).min(20);
            let pm25 = ((calendar::season(&WINTER_SMOKE, day.date) + smoke) * washed / 100).max(40);
            Weather { mean, min: mean - swing, max: mean + swing, rain, wind, sun, pm25 }
        })
        .collect()
}

const FIRST_SYLLABLES: [(&str, &str); 11] = [
    ("Lan", "兰"),
    ("Bai", "白"),
    ("Qing", "青"),
    ("Long", "龙"),
    ("He", "荷"),
    ("Song", "松"),
    ("Jin", "金"),
    ("Yun", "云"),
    ("Shi", "石"),
    ("Mei", "梅"),
    ("Nan", "南"),
];
const LAST_SYLLABLES: [(&str, &str); 6] = [
    ("men Gate", "门"),
    ("qiao Bridge", "桥"),
    ("yuan Park", "园"),
    ("lu Road", "路"),
    ("chang Square", "场"),
    ("kou Mouth", "口"),
];

fn stations() -> Vec<Station> {
    let mut random = Random::stream("stations");
    let count = LINES.len() * STATIONS_ON_LINE;
    let mut ranks: Vec<u64> = (1..=count as u64).collect();
    for i in (1..count).rev() {
        ranks.swap(i, random.below(i as u64 + 1) as usize);
    }
    (0..count)
        .map(|i| {
            let (line, position) = (i / STATIONS_ON_LINE, i % STATIONS_ON_LINE);
            let (first, last) = (FIRST_SYLLABLES[position], LAST_SYLLABLES[(line + position) % LAST_SYLLABLES.len()]);
            let district = &DISTRICTS[(line * 2 + position) % DISTRICTS.len()];
            Station {
                id: format!("S{:03}", i + 1),
                name: format!("{}{} {}", first.0, last.0, line + 1),
                name_zh: format!("{}{}{}", first.1, last.1, ["一", "二", "三", "四", "五", "六"][line]),
                line,
                position: position + 1,
                district,
                place: district.somewhere(&mut random),
                popularity: 1_000_000 / (ranks[i] + 2),
            }
        })
        .collect()
}

/// A number of tenths, hundredths or millionths, written with its point.
pub(super) struct Decimal(pub(super) i64, pub(super) usize);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, places) = *self;
        let one = 10_u64.pow(places as u32);
        let (whole, part) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
        write!(f, "{}{whole}.{part:0places$}", if value < 0 { "-" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_sign_and_zeros() {
        for (value, places, want) in [(-5, 1, "-0.5"), (1205, 2, "12.05"), (0, 1, "0.0"), (-30_000_007, 6, "-30.000007")] {
            assert_eq!(Decimal(value, places).to_string(), want);
        }
    }

    #[test]
    fn weather_is_plausible_and_moves_people() {
        let city = City::new(1.0);
        for w in &city.weather {
            assert!(w.min <= w.mean && w.mean <= w.max && (-200..=450).contains(&w.mean) && w.pm25 >= 40);
        }
        let (wet, dry): (Vec<u64>, Vec<u64>) = (
            (0..city.days.len()).filter(|i| city.weather[*i].rain > 100).map(|i| city.bustle.share(10_000_000, i)).collect(),
            (0..city.days.len()).filter(|i| city.weather[*i].rain == 0).map(|i| city.bustle.share(10_000_000, i)).collect(),
        );
        assert!(wet.len() > 30 && dry.len() > 300);
        assert!(wet.iter().sum::<u64>() / (wet.len() as u64) < dry.iter().sum::<u64>() / dry.len() as u64);
    }

    #[test]
    fn sizes_follow_the_scale() {
        let small = City::new(0.001);
        assert_eq!((small.trips(), small.count(100, 7), small.recent().count()), (10_000, 7, 34));
        assert_eq!(City::new(4.0).recent().count(), small.days.len());
    }
}
