//! `catalog.search(words)` and `catalog.facets(words)`: datasets by words, and what those that fit have in common. The words are the pins on
//! the column `query`.

use crate::catalog::Found;
use crate::descriptor::terms::{self, Frequency};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// How many datasets a search finds at most: the best ones.
const MOST: usize = 1_000;

/// What a search without words is told.
const LACKS: &str = "the words to look for are not said";
const EXAMPLE: &str = "SELECT * FROM catalog.search('air quality')";

/// The questions that are asked of a function; what `lacks` says, with an example of how to ask, where there is none.
pub(super) fn questions(pins: &Pins, lacks: &str, example: &str) -> Result<Vec<String>> {
    let wanted = pins.wanted("query").filter(|wanted| wanted.starts.is_empty());
    wanted
        .map(|wanted| wanted.texts.iter().cloned().collect())
        .ok_or_else(|| Error::new(Kind::InvalidParameter, lacks).with_hint(format!("Ask as in: {example}.")))
}

pub(super) fn search(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = Vec::new();
    for question in questions(pins, LACKS, EXAMPLE)? {
        for found in env.catalogs.search(&env.database, &question, MOST)? {
            rows.push((question.clone(), found));
        }
    }
    let (catalogs, database) = (env.catalogs.clone(), env.database.clone());
    Ok(Rows::tried(rows, move |(question, found): &(String, Found), column| {
        let publication = &found.publication;
        // What is asked of every row comes before what a description has to be read for.
        match column {
            "query" => return Ok(question.into()),
            "rank" => return Ok(Cell::Float(found.rank)),
            "identifier" => return Ok((&publication.identifier).into()),
            "theme" => return Ok((&publication.schema).into()),
            "publisher" => return Ok(Cell::opt(publication.publisher.clone())),
            "vanished" => return Ok(Cell::opt(publication.vanished.clone())),
            "tables" => {
                let tables = publication.entries(&catalogs, &database)?;
                return Ok(Cell::Array(tables.iter().map(|t| format!("{}.{}", quoted(&t.schema), quoted(&t.name))).collect()));
            }
            _ => {}
        }
        let d = publication.dataset()?;
        Ok(match column {
            "title" => Cell::opt(d.title.clone()),
            "description" => Cell::opt(d.description.clone()),
            "license_spdx" => Cell::opt(d.licenses.iter().find_map(terms::licence)),
            "frequency" => Cell::opt(d.accrual_periodicity.as_deref().and_then(Frequency::of_words).map(|f| f.code)),
            "modified" => Cell::opt(d.modified.clone()),
            "formats" => Cell::Array(publication.formats.clone()),
            _ => Cell::Unset,
        })
    }))
}

pub(super) fn facets(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = Vec::new();
    for question in questions(pins, LACKS, EXAMPLE)? {
        for facet in env.catalogs.facets(&env.database, &question)? {
            rows.push((question.clone(), facet));
        }
    }
    Ok(Rows::of(rows, |(question, facet), column| match column {
        "query" => question.into(),
        "facet" => (&facet.facet).into(),
        "value" => (&facet.value).into(),
        "datasets" => i64::try_from(facet.datasets).map_or(Cell::Unset, Cell::Int),
        _ => Cell::Unset,
    }))
}
