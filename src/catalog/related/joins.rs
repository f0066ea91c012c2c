//! Joins: pairs of columns put together, so that a row of one table meets as few of the other's as can be. Pure.

use super::pairs::{Grade, Nature, pair};
use super::{Join, Pair, SketchedTable, words};

/// Ways to join two tables that are told, the best ones.
const MOST: usize = 5;

/// How much more of another column's values must be shared than of one of the same name.
const SLACK: f64 = 0.05;

impl Join {
    /// The ways to join two tables, the best first; none where nothing tells of one.
    pub fn of(ours: &SketchedTable, theirs: &SketchedTable) -> Vec<Self> {
        let mut pairs: Vec<Pair> = (0..ours.columns.len())
            .flat_map(|i| (0..theirs.columns.len()).map(move |j| (i, j)))
            .filter_map(|(i, j)| listed(ours, i, theirs, j).or_else(|| pair(ours, i, theirs, j)))
            .collect();
        // What holds the same under the same name is not taken for something else.
        let most = |p: &Pair| p.overlap.contained.max(p.overlap.containing);
        let named: Vec<(usize, usize, f64)> =
            pairs.iter().filter(|p| p.same && p.grade == Grade::Strong).map(|p| (p.ours, p.theirs, most(p))).collect();
        let is_other =
            |p: &Pair, named: &(usize, usize, f64)| (p.ours == named.0 || p.theirs == named.1) && most(p) <= named.2 + SLACK;
        pairs.retain(|p| p.same || !named.iter().any(|named| is_other(p, named)));
        pairs.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        let mut joins: Vec<Self> = Vec::new();
        for seed in &pairs {
            let join = match seed.grade {
                Grade::Strong | Grade::Numbered => Some(completed(ours, theirs, seed, &pairs)),
                Grade::Dated => {
                    let join = completed(ours, theirs, seed, &pairs);
                    // One day stands in many rows of both: all of one would meet all of the other.
                    (join.ours_once || join.theirs_once || join.pairs.len() > 1).then_some(join)
                }
                Grade::Completing => None,
            };
            let columns = |join: &Self| {
                let mut columns: Vec<_> = join.pairs.iter().map(|p| (p.ours, p.theirs)).collect();
                columns.sort_unstable();
                columns
            };
            joins.extend(join.filter(|join| joins.iter().all(|known| columns(known) != columns(join))));
        }
        // What more columns only narrow that meet one row at most anyway is the same join.
        let is_narrower = |join: &Self, known: &Self| {
            let has = |p: &Pair| join.pairs.iter().any(|q| (q.ours, q.theirs) == (p.ours, p.theirs));
            (known.ours_once || known.theirs_once) && known.pairs.len() < join.pairs.len() && known.pairs.iter().all(has)
        };
        let all = joins.clone();
        joins.retain(|join| !all.iter().any(|known| is_narrower(join, known)));
        // Days alone say less than what else they would complete.
        let is_dated = |join: &Self| join.pairs.iter().all(|p| p.grade == Grade::Dated);
        if joins.iter().any(|join| !is_dated(join)) {
            joins.retain(|join| !is_dated(join));
        }
        joins.sort_by(|a, b| b.score.total_cmp(&a.score));
        joins.truncate(MOST);
        joins
    }

    /// How many rows of ours meet how many of theirs.
    pub fn cardinality(&self) -> &'static str {
        match (self.ours_once, self.theirs_once) {
            (true, true) => "1:1",
            (true, false) => "1:n",
            (false, true) => "n:1",
            (false, false) => "n:m",
        }
    }
}

/// Two columns that declare the same code list and share values of it.
fn listed(ours: &SketchedTable, i: usize, theirs: &SketchedTable, j: usize) -> Option<Pair> {
    let (a, b) = (&ours.columns[i], &theirs.columns[j]);
    if a.list.is_none() || a.list != b.list {
        return None;
    }
    let overlap = a.sketch.overlap(&b.sketch);
    let alike = words::are_alike((&ours.name, &a.name), (&theirs.name, &b.name));
    let same = words::are_same(&a.name, &b.name);
    (overlap.shared > 0).then_some(Pair { ours: i, theirs: j, grade: Grade::Strong, alike, same, overlap })
}

/// What a pair is worth as the seed of a join.
fn worth(pair: &Pair) -> f64 {
    let certainty = match pair.grade {
        Grade::Strong => 1.0,
        Grade::Numbered => 0.5,
        Grade::Dated => 0.3,
        Grade::Completing => 0.0,
    };
    let called = if pair.same {
        1.0
    } else if pair.alike {
        0.95
    } else {
        0.85
    };
    certainty * called * pair.overlap.contained.max(pair.overlap.containing)
}

/// The join of a seed, with what completes it where it has several rows on both sides.
fn completed(ours: &SketchedTable, theirs: &SketchedTable, seed: &Pair, pairs: &[Pair]) -> Join {
    let mut chosen = vec![seed.clone()];
    let once = |table: &SketchedTable, columns: Vec<usize>| table.is_key(&columns);
    let both = |chosen: &[Pair]| {
        let ours_once = once(ours, chosen.iter().map(|p| p.ours).collect());
        let theirs_once = once(theirs, chosen.iter().map(|p| p.theirs).collect());
        (ours_once, theirs_once)
    };
    let is_dated = seed.grade == Grade::Dated;
    let is_year = |p: &Pair| p.grade == Grade::Dated && ours.columns[p.ours].nature() == Nature::Year;
    for pair in pairs {
        if both(&chosen) != (false, false) {
            break;
        }
        let has_day = chosen.iter().any(|p| p.grade == Grade::Dated);
        let completes = match pair.grade {
            Grade::Dated => !has_day,
            Grade::Strong | Grade::Numbered => pair.same && !is_dated,
            // A month belongs to a year; a day has its own.
            Grade::Completing if words::is_calendar(&ours.columns[pair.ours].name) => chosen.iter().any(is_year),
            Grade::Completing => is_dated,
        };
        if completes && chosen.iter().all(|p| p.ours != pair.ours && p.theirs != pair.theirs) {
            chosen.push(pair.clone());
        }
    }
    let (ours_once, theirs_once) = both(&chosen);
    // Days that another column tells apart are more than days.
    let told_apart = if is_dated && chosen.len() > 1 { 2.0 } else { 1.0 };
    let rows = match (ours_once || theirs_once, chosen.len()) {
        (true, _) => told_apart,
        (false, 1) => 0.6,
        (false, _) => 0.8 * told_apart,
    };
    let a = &ours.columns[seed.ours];
    let by_list = a.list.is_some() && a.list == theirs.columns[seed.theirs].list;
    let score = if by_list { worth(seed).max(0.7) } else { worth(seed) } * rows;
    Join { pairs: chosen, ours_once, theirs_once, score, by_list }
}
