//! The last queries that ended, for `system.queries`: what ran, how it ended, how many rows it gave, and whether the result cache gave them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::table::EndedQuery;

/// Queries that are remembered.
const MOST: usize = 1000;

/// Bytes of their texts, together.
const TEXTS: usize = 4 << 20;

/// The last queries, the oldest first.
#[derive(Default)]
pub struct History(Mutex<Ended>);

#[derive(Default)]
struct Ended {
    queries: VecDeque<Arc<EndedQuery>>,
    /// Bytes of their texts.
    texts: usize,
}

impl History {
    /// Adds a query that ended; the oldest make room for it.
    pub fn add(&self, query: EndedQuery) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.texts += query.query.len();
        ended.queries.push_back(Arc::new(query));
        while ended.queries.len() > MOST || (ended.texts > TEXTS && ended.queries.len() > 1) {
            let oldest = ended.queries.pop_front().map_or(0, |query| query.query.len());
            ended.texts -= oldest;
        }
    }

    /// All that are remembered, the oldest first.
    pub fn all(&self) -> Vec<Arc<EndedQuery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).queries.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let history = History::default();
        let add = |rows: u64, query: String| history.add(EndedQuery { rows, query: query.into(), ..EndedQuery::default() });
        for rows in 0..MOST as u64 + 3 {
            add(rows, "select 1".to_owned());
        }
        let all = history.all();
        assert_eq!((all.len(), all[0].rows), (MOST, 3));
        add(7, "x".repeat(TEXTS));
        assert_eq!(history.all().iter().map(|query| query.rows).collect::<Vec<_>>(), [7]);
    }
}
