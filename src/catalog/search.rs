//! Finding datasets by words, ranked: what is written into the index's full-text table, and how it is asked. Texts are cut into words here, so
//! that Chinese and Japanese, which put no blanks between words, are found by any two characters that stand together.

use rusqlite::{Connection, params};
use unicode_normalization::UnicodeNormalization;

use super::publications::Publication;
use super::{Catalogs, publications};
use crate::descriptor::{Dataset, Format, terms};
use crate::error::Result;

/// The table, without the texts themselves. Names and titles count most, then what a dataset is put under, then what tells of it.
pub(super) const TABLE: &str = "
    CREATE VIRTUAL TABLE search USING fts5(
        title, keywords, publisher, columns, description, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
    );
    INSERT INTO search (search, rank) VALUES ('rank', 'bm25(10.0, 5.0, 3.0, 2.0, 1.0)');";

/// How much of a description is searched, in bytes.
const LONGEST: usize = 8 << 10;

/// A dataset that was found.
pub struct Found {
    pub publication: Publication,
    /// Above zero, the more the better it fits. Only within one search does it mean something.
    pub rank: f64,
}

/// The words of a dataset, as the table has them.
pub(super) type Texts = [String; 5];

/// The words that a dataset is found by.
pub(super) fn texts(dataset: &Dataset) -> Texts {
    let mut texts: Texts = Default::default();
    let [title, keywords, publisher, columns, description] = &mut texts;
    words(&dataset.name, title);
    dataset.title.iter().for_each(|text| words(text, title));
    dataset.keywords.iter().chain(&dataset.themes).for_each(|text| words(text, keywords));
    dataset.publisher.iter().for_each(|of| words(&of.name, publisher));
    dataset.description.iter().for_each(|text| words(clipped(text), description));
    for distribution in &dataset.distributions {
        distribution.title.iter().for_each(|text| words(text, columns));
        for column in &distribution.schema.columns {
            words(&column.name, columns);
            column.title.iter().for_each(|text| words(text, columns));
        }
    }
    texts
}

/// Makes a dataset findable.
pub(super) fn insert(connection: &Connection, id: i64, texts: &Texts) -> Result<()> {
    let sql = "INSERT INTO search (rowid, title, keywords, publisher, columns, description) VALUES (?, ?, ?, ?, ?, ?)";
    let [title, keywords, publisher, columns, description] = texts;
    connection.prepare_cached(sql)?.execute(params![id, title, keywords, publisher, columns, description])?;
    Ok(())
}

/// The licence that a dataset is counted under, its own or else the first of its distributions' (DCAT has it there): SPDX's identifier
/// where that is certain, else as published.
pub(super) fn license(dataset: &Dataset) -> Option<String> {
    let all = || dataset.licenses.iter().chain(dataset.distributions.iter().flat_map(|distribution| &distribution.licenses));
    let known = all().find_map(terms::licence).map(str::to_owned);
    known.or_else(|| all().find_map(|l| l.name.clone().or_else(|| l.title.clone()).or_else(|| l.path.clone())))
}

/// The year of a dataset's last change, or of its issue.
pub(super) fn year(dataset: &Dataset) -> Option<&str> {
    let year = |date: &'_ String| date.len() >= 4 && date.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    let date = dataset.modified.as_ref().filter(|date| year(date)).or(dataset.issued.as_ref().filter(|date| year(date)))?;
    date.get(..4)
}

/// The formats of its tables, each once.
pub(super) fn formats(dataset: &Dataset) -> Vec<&'static str> {
    let mut formats: Vec<_> = dataset.distributions.iter().filter_map(|d| d.format.map(Format::name)).collect();
    formats.sort_unstable();
    formats.dedup();
    formats
}

fn clipped(text: &str) -> &str {
    crate::name::clip(text, LONGEST)
}

/// A piece of a text.
enum Piece {
    /// Letters and digits of a script that puts blanks between words.
    Word(String),
    /// A run of characters of a script that does not.
    Run(Vec<char>),
}

/// Whether characters of its script stand together without blanks: Han, Hiragana, Katakana, and Thai.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn pieces(text: &str, mut piece: impl FnMut(Piece)) {
    if text.is_ascii() {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.for_each(|word| piece(Piece::Word(word.to_ascii_lowercase())));
        return;
    }
    let (mut word, mut run) = (String::new(), Vec::new());
    let mut put = |word: &mut String, run: &mut Vec<char>| {
        if !word.is_empty() {
            piece(Piece::Word(std::mem::take(word)));
        }
        if !run.is_empty() {
            piece(Piece::Run(std::mem::take(run)));
        }
    };
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if is_joined(c) && c.is_alphanumeric() {
            put(&mut word, &mut Vec::new());
            run.push(c);
        } else if c.is_alphanumeric() {
            put(&mut String::new(), &mut run);
            word.push(c);
        } else if unicode_normalization::char::is_combining_mark(c) && !word.is_empty() {
            word.push(c);
        } else {
            put(&mut word, &mut run);
        }
    }
    put(&mut word, &mut run);
}

/// Adds a text's words to `out`, with blanks between them: of a run each two neighbours, and its last character.
fn words(text: &str, out: &mut String) {
    pieces(text, |piece| match piece {
        Piece::Word(word) => {
            out.push_str(&word);
            out.push(' ');
        }
        Piece::Run(run) => {
            for (i, c) in run.iter().enumerate() {
                out.push(*c);
                out.extend(run.get(i + 1));
                out.push(' ');
            }
        }
    });
}

/// The words of a question as SQLite asks for them: each must be there, and the end of a word may be left out. `None` when there are none.
fn question(text: &str, between: &str) -> Option<String> {
    let mut terms: Vec<String> = Vec::new();
    pieces(text, |piece| {
        let term = match piece {
            Piece::Word(word) => format!("\"{word}\"*"),
            Piece::Run(run) if run.len() == 1 => format!("\"{}\"*", run[0]),
            Piece::Run(run) => {
                let pairs: Vec<String> = run.windows(2).map(|pair| pair.iter().collect()).collect();
                format!("\"{}\"", pairs.join(" "))
            }
        };
        if !terms.contains(&term) {
            terms.push(term);
        }
    });
    (!terms.is_empty()).then(|| terms.join(between))
}

impl Catalogs {
    /// The datasets of a catalog that fit some words, the best first, at most so many: those that have all of the words, or where there are
    /// none, those that have some.
    pub fn search(&self, catalog: &str, text: &str, most: usize) -> Result<Vec<Found>> {
        let (_, catalog) = self.catalog(catalog)?;
        let index = self.index(&catalog)?;
        for between in [" AND ", " OR "] {
            let Some(question) = question(text, between) else { break };
            let connection = index.connection();
            let sql = found();
            let mut statement = connection.prepare_cached(&sql)?;
            // Other catalogs of earlier starts may stand in the same index, whose datasets are found and left out.
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let found = statement.query_map(params![question, most, catalog.id], |row| {
                Ok(Found { publication: publications::read(row, &index)?, rank: row.get(8)? })
            })?;
            let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// At most so many datasets of a catalog whose declared columns have the words of a name standing together.
    pub fn with_column(&self, catalog: &str, name: &str, most: usize) -> Result<Vec<Publication>> {
        let (_, catalog) = self.catalog(catalog)?;
        let index = self.index(&catalog)?;
        let mut phrase = String::new();
        words(name, &mut phrase);
        if phrase.is_empty() {
            return Ok(Vec::new());
        }
        let connection = index.connection();
        let sql = format!(
            "SELECT {} FROM (SELECT rowid FROM search WHERE search MATCH ? LIMIT ?) f JOIN datasets d ON d.id = f.rowid
             JOIN sources s ON s.id = d.source WHERE d.catalog = ? ORDER BY d.identifier",
            publications::COLUMNS
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let question = format!("columns : \"{}\"", phrase.trim_end());
        let found = statement.query_map(params![question, most, catalog.id], |row| publications::read(row, &index))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// How many of the datasets that fit some words, as [`Self::search`] finds them, have which theme, publisher, licence, format and year: most
    /// first within each.
    pub fn facets(&self, catalog: &str, text: &str) -> Result<Vec<Facet>> {
        let (_, catalog) = self.catalog(catalog)?;
        let index = self.index(&catalog)?;
        let connection = index.connection();
        for between in [" AND ", " OR "] {
            let Some(question) = question(text, between) else { break };
            let mut statement = connection.prepare_cached(FACETS)?;
            let found = statement.query_map(params![question, catalog.id], |row| {
                Ok(Facet { facet: row.get(0)?, value: row.get(1)?, datasets: row.get::<_, i64>(2)?.unsigned_abs() })
            })?;
            let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }
}

/// The query for the datasets that fit best. What was found is the outer of the joins: SQLite, which counts no rows, would look through a
/// whole catalog for it.
fn found() -> String {
    format!(
        "SELECT {}, -f.rank FROM (
             SELECT rowid, rank FROM search WHERE search MATCH ? ORDER BY rank LIMIT ?
         ) f CROSS JOIN datasets d ON d.id = f.rowid CROSS JOIN sources s ON s.id = d.source
         WHERE d.catalog = ? ORDER BY f.rank, d.identifier",
        publications::COLUMNS
    )
}

/// A value that some of the datasets that were found share.
pub struct Facet {
    /// `theme`, `publisher`, `license`, `format` or `year`.
    pub facet: String,
    pub value: String,
    pub datasets: u64,
}

const FACETS: &str = "
    WITH found AS MATERIALIZED (
        SELECT d.schema, d.publisher, d.license, d.formats, d.year FROM search f CROSS JOIN datasets d ON d.id = f.rowid
        WHERE f.search MATCH ? AND d.catalog = ?
    )
    SELECT facet, value, count(*) FROM (
        SELECT 1 AS part, 'theme' AS facet, schema AS value FROM found
        UNION ALL SELECT 2, 'publisher', publisher FROM found
        UNION ALL SELECT 3, 'license', license FROM found
        UNION ALL SELECT 4, 'format', f.value FROM found, json_each('[\"' || replace(formats, ',', '\",\"') || '\"]') f WHERE formats <> ''
        UNION ALL SELECT 5, 'year', year FROM found
    ) WHERE value IS NOT NULL GROUP BY part, facet, value ORDER BY part, 3 DESC, value";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{Agent, Column, Distribution, Schema};

    #[test]
    fn texts_are_cut_into_words() {
        let cut = |text: &str| {
            let mut out = String::new();
            words(text, &mut out);
            out.trim_end().to_owned()
        };
        assert_eq!(cut("Metro_trips (2019), Straße"), "metro trips 2019 straße");
        assert_eq!(cut("上海地铁 PM2.5"), "上海 海地 地铁 铁 pm2 5");
        assert_eq!(cut("ＡＩＲ質"), "air 質");
        assert_eq!(question("air air 上海地 气", " AND ").as_deref(), Some("\"air\"* AND \"上海 海地\" AND \"气\"*"));
        assert_eq!((question("", " AND "), question("\"*-()", " AND ")), (None, None));
    }

    #[test]
    fn only_what_is_found_is_read() -> Result<()> {
        let connection = super::super::index::open(None)?;
        for sql in [found(), FACETS.to_owned()] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let values = rusqlite::params_from_iter((0..plan.parameter_count()).map(|_| "1"));
            let steps = plan.query_map(values, |row| row.get(3))?.collect::<rusqlite::Result<Vec<String>>>()?;
            let is_read = |step: &&String| step.starts_with("SEARCH d ") || step.starts_with("SCAN d");
            let read: Vec<&String> = steps.iter().filter(is_read).collect();
            assert_eq!(read, ["SEARCH d USING INTEGER PRIMARY KEY (rowid=?)"], "{steps:?}");
        }
        Ok(())
    }

    #[test]
    fn what_fits_best_comes_first() -> Result<()> {
        let connection = super::super::index::open(None)?;
        let text = |text: &str| Some(text.to_owned());
        let column = Column { name: "station_code".to_owned(), ..Column::default() };
        let schema = Schema { columns: vec![column], ..Schema::default() };
        let of = |name: &str, title: &str, description: &str| Dataset {
            name: name.to_owned(),
            title: text(title),
            description: text(description),
            publisher: Some(Agent { name: "Bureau of the Environment".to_owned(), ..Agent::default() }),
            distributions: vec![Distribution { schema: schema.clone(), ..Distribution::default() }],
            ..Dataset::default()
        };
        insert(&connection, 1, &texts(&of("trees", "Trees", "They clean the air, quality counts")))?;
        insert(&connection, 2, &texts(&of("aq", "Air quality", "Hourly values")))?;
        insert(&connection, 3, &texts(&of("sh", "上海市空气质量", "每小时")))?;
        let found = |text: &str| {
            let sql = "SELECT group_concat(rowid, ' ') FROM (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rank)";
            let question = question(text, " AND ").unwrap_or_default();
            Ok::<_, crate::error::Error>(
                connection.query_row(sql, [question], |row| row.get::<_, Option<String>>(0))?.unwrap_or_default(),
            )
        };
        assert_eq!(
            (found("air quality")?, found("空气")?, found("上海 质量")?, found("質")?),
            ("2 1".into(), "3".into(), "3".into(), "".into())
        );
        assert_eq!((found("station")?, found("environ")?, found("trée")?), ("2 1 3".into(), "2 1 3".into(), "1".into()));
        Ok(())
    }
}
