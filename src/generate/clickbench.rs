//! A stand-in for ClickBench's table of page views: its 105 columns, and rows that are drawn so that its queries find what they look for. The
//! names are in lower case, as PostgreSQL folds them. Nobody visited these pages.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::output::{Output, Packing, Rows, Step, Summary};
use super::random::{Random, Weights};
use crate::error::Result;

/// Page views at scale 1.
const ROWS_AT_SCALE_1: f64 = 1_000_000.0;
/// Seconds of July, when all of it is.
const MONTH: u64 = 31 * 86_400;
/// The site that most queries ask about.
const COUNTER: i64 = 62;

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    /// Any 64 bits.
    Wide,
    /// From 0 up to below this.
    Up(u64),
    /// 1 so often in a thousand, else 0.
    Flag(u64),
    /// A number below the second so often in a thousand, else 0.
    Seldom(u64, u64),
    /// One of these.
    Word(&'static [&'static str]),
    /// What one view's own fields say.
    Own(Own),
}

/// What the columns of a view have in common.
#[derive(Clone, Copy)]
enum Own {
    Title,
    Time,
    Date,
    Counter,
    User,
    Url,
    Referer,
    Phrase,
    Address,
    UrlHash,
    RefererHash,
    Search,
}

use Kind::{Flag, Own as Of, Seldom, Up, Wide, Word};

const NONE: &[&str] = &[""];

/// The columns in their order.
const COLUMNS: [(&str, Kind); 105] = [
    ("watchid", Wide),
    ("javaenable", Flag(600)),
    ("title", Of(Own::Title)),
    ("goodevent", Flag(1000)),
    ("eventtime", Of(Own::Time)),
    ("eventdate", Of(Own::Date)),
    ("counterid", Of(Own::Counter)),
    ("clientip", Of(Own::Address)),
    ("regionid", Up(300)),
    ("userid", Of(Own::User)),
    ("counterclass", Up(3)),
    ("os", Up(60)),
    ("useragent", Up(80)),
    ("url", Of(Own::Url)),
    ("referer", Of(Own::Referer)),
    ("isrefresh", Flag(120)),
    ("referercategoryid", Seldom(100, 900)),
    ("refererregionid", Up(300)),
    ("urlcategoryid", Seldom(100, 900)),
    ("urlregionid", Up(300)),
    ("resolutionwidth", Up(2000)),
    ("resolutionheight", Up(1200)),
    ("resolutiondepth", Up(33)),
    ("flashmajor", Up(12)),
    ("flashminor", Up(8)),
    ("flashminor2", Word(&["", "0", "700"])),
    ("netmajor", Up(5)),
    ("netminor", Up(8)),
    ("useragentmajor", Up(40)),
    ("useragentminor", Word(&["", "0", "D4", "E"])),
    ("cookieenable", Flag(950)),
    ("javascriptenable", Flag(970)),
    ("ismobile", Flag(70)),
    ("mobilephone", Seldom(60, 90)),
    ("mobilephonemodel", Word(&["", "", "", "", "", "", "", "", "", "iPad", "iPhone", "GT-I9500", "Nexus 7", "X10"])),
    ("params", Word(NONE)),
    ("ipnetworkid", Up(4_000_000)),
    ("traficsourceid", Up(11)),
    ("searchengineid", Of(Own::Search)),
    ("searchphrase", Of(Own::Phrase)),
    ("advengineid", Seldom(6, 50)),
    ("isartifical", Flag(20)),
    ("windowclientwidth", Up(1900)),
    ("windowclientheight", Up(1000)),
    ("clienttimezone", Up(24)),
    ("clienteventtime", Of(Own::Time)),
    ("silverlightversion1", Up(6)),
    ("silverlightversion2", Up(2)),
    ("silverlightversion3", Up(60_000)),
    ("silverlightversion4", Up(2)),
    ("pagecharset", Word(&["utf-8", "windows", ""])),
    ("codeversion", Up(1900)),
    ("islink", Flag(30)),
    ("isdownload", Flag(5)),
    ("isnotbounce", Flag(300)),
    ("funiqid", Wide),
    ("originalurl", Word(NONE)),
    ("hid", Up(1 << 30)),
    ("isoldcounter", Flag(0)),
    ("isevent", Flag(20)),
    ("isparameter", Flag(10)),
    ("dontcounthits", Flag(60)),
    ("withhash", Flag(30)),
    ("hitcolor", Word(&["5", "A", "P"])),
    ("localeventtime", Of(Own::Time)),
    ("age", Up(60)),
    ("sex", Up(3)),
    ("income", Up(4)),
    ("interests", Up(1000)),
    ("robotness", Up(4)),
    ("remoteip", Up(1 << 31)),
    ("windowname", Up(1 << 20)),
    ("openername", Up(1 << 20)),
    ("historylength", Up(40)),
    ("browserlanguage", Word(&["ru", "en", "tr", "S0"])),
    ("browsercountry", Word(&["RU", "US", "TR", ""])),
    ("socialnetwork", Word(NONE)),
    ("socialaction", Word(NONE)),
    ("httperror", Flag(2)),
    ("sendtiming", Up(4000)),
    ("dnstiming", Up(500)),
    ("connecttiming", Up(900)),
    ("responsestarttiming", Up(3000)),
    ("responseendtiming", Up(6000)),
    ("fetchtiming", Up(9000)),
    ("socialsourcenetworkid", Seldom(5, 20)),
    ("socialsourcepage", Word(NONE)),
    ("paramprice", Seldom(3, 100_000)),
    ("paramorderid", Word(NONE)),
    ("paramcurrency", Word(&["", "NH", "R"])),
    ("paramcurrencyid", Seldom(3, 10)),
    ("openstatservicename", Word(NONE)),
    ("openstatcampaignid", Word(NONE)),
    ("openstatadid", Word(NONE)),
    ("openstatsourceid", Word(NONE)),
    ("utmsource", Word(NONE)),
    ("utmmedium", Word(NONE)),
    ("utmcampaign", Word(NONE)),
    ("utmcontent", Word(NONE)),
    ("utmterm", Word(NONE)),
    ("fromtag", Word(NONE)),
    ("hasgclid", Flag(10)),
    ("refererhash", Of(Own::RefererHash)),
    ("urlhash", Of(Own::UrlHash)),
    ("clid", Seldom(10, 1000)),
];

const HOSTS: &[&str] = &[
    "auto.example",
    "cars.example",
    "forum.example",
    "google.example",
    "maps.example",
    "news.example",
    "shop.example",
    "video.example",
];
const PATHS: &[&str] = &["index", "list", "search", "item", "photo", "price", "reviews", "topic"];
const WORDS: &[&str] = &[
    "weather",
    "tickets",
    "recipe",
    "car",
    "used",
    "price",
    "online",
    "film",
    "Google",
    "map",
    "dress",
    "bus",
    "午间",
    "новости",
];

/// Hashes that the queries ask for by number, of two pages that are visited often.
const KNOWN_URL: i64 = 2_868_770_270_353_813_622;
const KNOWN_REFERER: i64 = 3_594_120_000_172_545_465;

/// Writes the table under `dir` as `clickbench/hits/datapackage.json` with the data file beside it; `scale` is the number of views in millions.
/// Fails as [`super::generate`] does.
pub fn clickbench(dir: &Path, scale: f64, progress: &dyn Fn(Step<'_>)) -> Result<Summary> {
    super::check(scale)?;
    let count = ((ROWS_AT_SCALE_1 * scale) as u64).max(1);
    let mut out = Output::new(dir, progress);
    out.file("clickbench/hits/hits.csv", Packing::Plain, |rows| views(count, rows))?;
    let fields: Vec<Value> = COLUMNS.iter().map(|(name, kind)| json!({"name": name, "type": kind.of_schema()})).collect();
    // An empty text is a text here: most of the columns of texts hold nothing else.
    let schema = json!({"fields": fields, "missingValues": []});
    let descriptor = json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "hits",
        "title": "Page views (synthetic)",
        "description": "SYNTHETIC: made by `stoa generate` for benches, with the columns of ClickBench's table. Nobody visited these pages.",
        "synthetic": true,
        "theme": "clickbench",
        "keywords": ["ClickBench", "synthetic"],
        "accessRights": "PUBLIC",
        "resources": [{"name": "hits", "path": "hits.csv", "format": "csv", "schema": schema}],
    });
    out.descriptor("clickbench/hits", &descriptor)?;
    Ok(out.summary())
}

fn views(count: u64, rows: &mut Rows<'_>) -> io::Result<()> {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    writeln!(rows, "{}", names.join(","))?;
    let mut random = Random::stream("clickbench");
    // Few users and sites make most of the views.
    let often = Weights::new((1..=2000).map(|rank| 1_000_000 / (rank + 3)));
    for n in 0..count {
        let view = View::draw(n * MONTH / count, &often, &mut random);
        for (at, (_, kind)) in COLUMNS.iter().enumerate() {
            if at > 0 {
                write!(rows, ",")?;
            }
            kind.write(&view, &mut random, rows)?;
        }
        writeln!(rows)?;
        rows.row();
    }
    Ok(())
}

/// One page view.
struct View {
    /// Seconds of the month.
    at: u64,
    counter: i64,
    user: u64,
    url: Page,
    referer: Option<Page>,
    /// Places in [`WORDS`].
    phrase: Option<(usize, usize)>,
}

/// A page: its host, its path and its number.
#[derive(Clone, Copy)]
struct Page(usize, usize, u64);

impl View {
    fn draw(at: u64, often: &Weights, random: &mut Random) -> Self {
        let mut page = |pages: u64| {
            let (host, path) = (random.below(HOSTS.len() as u64), random.below(PATHS.len() as u64));
            Page(host as usize, path as usize, random.below(pages))
        };
        let (url, from) = (page(40), page(20));
        let referer = random.chance(700).then_some(from);
        let counter = if random.chance(80) { COUNTER } else { often.draw(random) as i64 + 100 };
        let user = often.draw(random) as u64 * 7_919_777_777_777 + random.below(3);
        let words = WORDS.len() as u64;
        let phrase = random.chance(130).then(|| (random.below(words) as usize, random.below(words) as usize));
        Self { at, counter, user, url, referer, phrase }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}/{}/{}", HOSTS[self.0], PATHS[self.1], self.2)
    }
}

impl Page {
    /// A number that goes with the page.
    fn hash(self, known: i64) -> i64 {
        let number = (self.0 * PATHS.len() + self.1) as i64 * 1000 + self.2 as i64;
        // Every fifth page or so of the first host is the one that is asked for.
        if self.0 == 0 && self.2 < 8 { known } else { number.wrapping_mul(6_364_136_223_846_793_005) }
    }
}

impl Kind {
    /// Table Schema's type.
    fn of_schema(self) -> &'static str {
        match self {
            Wide | Up(_) | Flag(_) | Seldom(..) => "integer",
            Word(_) => "string",
            Of(own) => match own {
                Own::Time => "datetime",
                Own::Date => "date",
                Own::Title | Own::Url | Own::Referer | Own::Phrase => "string",
                Own::Counter | Own::User | Own::Address | Own::UrlHash | Own::RefererHash | Own::Search => "integer",
            },
        }
    }

    fn write(self, view: &View, random: &mut Random, to: &mut impl Write) -> io::Result<()> {
        match self {
            Wide => write!(to, "{}", (random.below(1 << 32) << 31) + random.below(1 << 31)),
            Up(n) => write!(to, "{}", random.below(n)),
            Flag(per_mille) => write!(to, "{}", u8::from(random.chance(per_mille))),
            Seldom(per_mille, n) => write!(to, "{}", if random.chance(per_mille) { random.below(n) } else { 0 }),
            Word(words) => write!(to, "{}", random.one(words)),
            Of(own) => view.write(own, to),
        }
    }
}

impl View {
    fn write(&self, own: Own, to: &mut impl Write) -> io::Result<()> {
        let day = self.at / 86_400 + 1;
        match own {
            Own::Title => write!(to, "{} {} | {}", PATHS[self.url.1], self.url.2, HOSTS[self.url.0].replace("google", "Google")),
            Own::Date => write!(to, "2013-07-{day:02}"),
            Own::Time => {
                let second = self.at % 86_400;
                write!(to, "2013-07-{day:02} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
            }
            Own::Counter => write!(to, "{}", self.counter),
            Own::User => write!(to, "{}", self.user),
            Own::Address => write!(to, "{}", self.user % 2_147_483_647),
            Own::Url => write!(to, "{}", self.url),
            Own::Referer => self.referer.map_or(Ok(()), |page| write!(to, "{page}")),
            Own::Phrase => self.phrase.map_or(Ok(()), |(a, b)| write!(to, "{} {}", WORDS[a], WORDS[b])),
            Own::Search => write!(to, "{}", self.phrase.map_or(0, |(a, _)| a + 1)),
            Own::UrlHash => write!(to, "{}", self.url.hash(KNOWN_URL)),
            Own::RefererHash => write!(to, "{}", self.referer.map_or(0, |page| page.hash(KNOWN_REFERER))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_a_cell_for_each_column() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let summary = clickbench(dir.path(), 0.01, &|_| ()).expect("it is written");
        assert_eq!((summary.rows, summary.files), (10_000, 1));
        let text = std::fs::read_to_string(dir.path().join("clickbench/hits/hits.csv")).expect("it is there");
        assert!(text.lines().all(|line| line.split(',').count() == COLUMNS.len()));
        assert!(text.contains(&KNOWN_URL.to_string()) && text.contains(",2013-07-31,62,"), "a query would find nothing");
    }
}
