//! `catalog.scorecard`: how far each dataset meets each criterion, and `catalog.scorecard_publishers` and `catalog.scorecard_themes`, the means
//! of them. Facts are gathered here, of what was read and measured before; nothing is read or measured for a score, and no source is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, StreamExt};

use super::publications::{PAGE, paged};
use super::snapshots::whole;
use crate::catalog::{Publication, Publications, TableEntry};
use crate::descriptor::score::{Criterion, Facts, Score, TableFacts};
use crate::error::{Error, Kind, Result};
use crate::snapshot::field_key;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// A dataset's score of one criterion.
struct Row {
    publication: Arc<Publication>,
    criterion: Criterion,
    score: Score,
}

/// The scores of the datasets that pins on `theme` and `dataset` leave, page by page.
pub(super) fn scorecard(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    let asked = Asked::of(&env, pins);
    paged(&env, (pins.wanted("theme"), pins.wanted("dataset")), move |env, page| {
        let mut rows = Vec::with_capacity(page.len() * asked.criteria.len());
        for publication in page {
            let publication = Arc::new(publication);
            let scores = asked.scores(env, &publication)?;
            rows.extend(scores.into_iter().map(|(criterion, score)| Row {
                publication: Arc::clone(&publication),
                criterion,
                score,
            }));
        }
        Ok(Rows::tried(rows, cell))
    })
}

fn cell(row: &Row, column: &str) -> Result<Cell> {
    let Row { publication, criterion, score } = row;
    let told = criterion.told();
    Ok(match column {
        "dataset" => (&publication.identifier).into(),
        "title" => Cell::opt(publication.dataset()?.title.clone()),
        "theme" => (&publication.schema).into(),
        "publisher" => Cell::opt(publication.publisher.clone()),
        "criterion" => told.name.into(),
        "dimension" => told.dimension.into(),
        "value" => Cell::opt(score.value.clone()),
        "score" => score.points(told.weight).map_or(Cell::Null, Cell::Float),
        "maximum" => score.met.map_or(Cell::Null, |_| Cell::Float(told.weight)),
        "weight" => Cell::Float(told.weight),
        "reason" => Cell::opt(score.met.err()),
        "rule" => told.rule.into(),
        "source" => told.source.into(),
        _ => Cell::Unset,
    })
}

/// What a statement asks of scores.
struct Asked {
    criteria: Vec<Criterion>,
    /// The statement's moment, so that all scores of it are of one.
    now: DateTime<Utc>,
}

impl Asked {
    fn of(env: &SystemEnv, pins: &Pins) -> Self {
        let is_asked = |c: &Criterion| pins.allow("criterion", c.told().name) && pins.allow("dimension", c.told().dimension);
        let criteria = Criterion::ALL.into_iter().filter(is_asked).collect();
        let now = DateTime::from_timestamp_micros(env.facts.statement_started()).unwrap_or_default();
        Self { criteria, now }
    }

    fn scores(&self, env: &SystemEnv, publication: &Publication) -> Result<Vec<(Criterion, Score)>> {
        let looks_at_tables = self.criteria.iter().any(|c| c.looks_at_tables());
        let tables = if looks_at_tables && publication.tables > 0 {
            let entries = publication.entries(&env.catalogs, &env.database)?;
            entries.iter().map(|table| facts(env, table)).collect::<Result<Vec<_>>>()?
        } else {
            Vec::new()
        };
        let facts = Facts { dataset: publication.dataset()?, tables: &tables, now: self.now };
        Ok(self.criteria.iter().map(|c| (*c, c.score(&facts))).collect())
    }
}

/// What was found of a table.
fn facts(env: &SystemEnv, table: &TableEntry) -> Result<TableFacts> {
    let declared = &table.distribution().schema.columns;
    let is_explained = |name: &str| declared.iter().any(|c| c.name == name && (c.title.is_some() || c.description.is_some()));
    let names: Vec<&str> = match &table.columns {
        Some(known) => known.iter().map(|c| c.name.as_str()).collect(),
        None => declared.iter().map(|c| c.name.as_str()).collect(),
    };
    let count = |n: usize| n as u64;
    let explained = names.iter().filter(|name| is_explained(name)).count();
    let columns = (!names.is_empty()).then(|| (count(names.len()), count(explained)));
    let Some(snapshot) = env.snapshots.last(table)? else { return Ok(TableFacts { columns, ..TableFacts::default() }) };
    let drifted: BTreeSet<&str> = snapshot.drift.iter().map(|d| d.column.as_str()).collect();
    let profile = env.snapshots.profile(table, &snapshot)?;
    let cells = profile.map(|p| (p.rows.saturating_mul(count(p.columns.len())), p.columns.iter().map(|c| c.nulls).sum()));
    let is_shown = |field: &&FieldRef| !field.metadata().contains_key(field_key::HIDDEN);
    let shown = snapshot.schema.fields().iter().filter(is_shown).count();
    Ok(TableFacts {
        readable: Some(env.snapshots.stale(table).is_none()),
        rejects: Some((snapshot.rows_read, snapshot.rejects)),
        cells,
        columns,
        drifted: Some((count(shown), count(drifted.len()))),
    })
}

pub(super) fn publishers(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    means(&env, pins, None, |p| p.publisher.clone())
}

pub(super) fn themes(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    means(&env, pins, Some("theme"), |p| Some(p.schema.clone()))
}

/// What the datasets of a group got for a criterion.
#[derive(Clone, Copy, Default)]
struct Mean {
    datasets: u64,
    known: u64,
    points: f64,
}

/// The means of a group's datasets by criterion.
type Means = BTreeMap<(Option<String>, Criterion), Mean>;

/// A page of datasets at a time is added up: what is held is as much as there are groups.
fn means(
    env: &Arc<SystemEnv>,
    pins: &Pins,
    schemas: Option<&str>,
    group: fn(&Publication) -> Option<String>,
) -> BoxStream<'static, Result<Rows>> {
    let wanted = schemas.and_then(|column| pins.wanted(column)).cloned();
    let publications = match env.catalogs.publications(&env.database, wanted, None) {
        Ok(publications) => publications,
        Err(e) => return stream::once(async { Err(e) }).boxed(),
    };
    let asked = Arc::new(Asked::of(env, pins));
    let env = Arc::clone(env);
    stream::try_unfold(Some((publications, Means::new())), move |state| {
        let (env, asked) = (Arc::clone(&env), Arc::clone(&asked));
        async move {
            let Some((publications, means)) = state else { return Ok(None) };
            let added = tokio::task::spawn_blocking(move || add(&env, &asked, publications, means, group));
            let (publications, means, is_end) =
                added.await.map_err(|e| Error::new(Kind::Internal, "scoring datasets failed inside").caused_by(e))??;
            Ok(Some(if is_end { (shown(means), None) } else { (Rows::none(), Some((publications, means))) }))
        }
    })
    .boxed()
}

/// Adds the scores of the next datasets; whether there were none.
fn add(
    env: &SystemEnv,
    asked: &Asked,
    mut publications: Publications,
    mut means: Means,
    group: fn(&Publication) -> Option<String>,
) -> Result<(Publications, Means, bool)> {
    let page = publications.page(PAGE)?;
    for publication in &page {
        for (criterion, score) in asked.scores(env, publication)? {
            let mean = means.entry((group(publication), criterion)).or_default();
            mean.datasets += 1;
            if let Some(points) = score.points(criterion.told().weight) {
                mean.known += 1;
                mean.points += points;
            }
        }
    }
    Ok((publications, means, page.is_empty()))
}

fn shown(means: Means) -> Rows {
    Rows::of(means.into_iter().collect(), |((group, criterion), mean), column| {
        let told = criterion.told();
        let known = |value: f64| if mean.known == 0 { Cell::Null } else { Cell::Float(value) };
        match column {
            "publisher" | "theme" => Cell::opt(group.clone()),
            "criterion" => told.name.into(),
            "dimension" => told.dimension.into(),
            "datasets" => whole(mean.datasets),
            "known" => whole(mean.known),
            "score" => known(mean.points / mean.known as f64),
            "maximum" => known(told.weight),
            "weight" => Cell::Float(told.weight),
            "rule" => told.rule.into(),
            "source" => told.source.into(),
            _ => Cell::Unset,
        }
    })
}
