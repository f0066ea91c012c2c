//! The result cache: whole answers by statement, parameters, role and settings, each with the snapshots that it was read from. A snapshot
//! does not change, so an answer is right for as long as its tables have the same ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::sql::sqlparser::ast::Statement as Ast;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::catalog::TableEntry;
use crate::engine::plan;
use crate::engine::resolve::Pinned;

/// What part of the cache one answer may take: others are to have room beside it.
const LARGEST: usize = 8;

/// How many bytes an answer counts for beside its rows.
const FRAME: usize = 512;

/// Answers by what was asked.
pub struct Answers {
    kept: Cache<AnswerKey, Arc<Answer>, Bytes>,
    /// Bytes that one answer may have; 0 when none is kept.
    largest: usize,
}

/// What was asked, by whom, and under which settings.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    /// Whatever blanks and comments it was written with.
    pub statement: Arc<Ast>,
    /// Which tables there are: [`Under::catalogs`](super::Under).
    pub catalogs: u64,
    pub database: String,
    pub user: String,
    /// Those that answers depend on, where they are not the server's.
    pub settings: Arc<BTreeMap<String, String>>,
    pub parameters: Vec<ScalarValue>,
}

/// All rows of a statement.
pub struct Answer {
    pub columns: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// The tables that it was read from, each with its snapshot's id: the snapshot itself may go.
    pub tables: Vec<(Arc<TableEntry>, String)>,
    pub rows: u64,
    pub bytes: usize,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<AnswerKey, Arc<Answer>> for Bytes {
    fn weight(&self, _: &AnswerKey, answer: &Arc<Answer>) -> u64 {
        (answer.bytes + FRAME) as u64
    }
}

impl Answers {
    /// At most so many bytes of them; with 0 nothing is kept.
    pub fn within(bytes: usize) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes / (16 << 10) + 1)
            .weight_capacity(bytes as u64)
            // A shard of its own for each part of the cache would keep large answers out.
            .shards(1)
            .build()
            .expect("all that it asks for is given");
        let kept = Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { kept, largest: bytes / LARGEST }
    }

    /// The answer that was kept, whatever its tables have become since.
    pub fn get(&self, key: &AnswerKey) -> Option<Arc<Answer>> {
        if self.largest == 0 {
            return None;
        }
        self.kept.get(key)
    }

    /// The answer that was read from these snapshots; one that was read from others is let go of.
    pub fn of_snapshots(&self, key: &AnswerKey, pinned: &[Pinned]) -> Option<Arc<Answer>> {
        let answer = self.get(key)?;
        let same = |((a, id), (b, snapshot)): (&(Arc<TableEntry>, String), &Pinned)| a.oid == b.oid && *id == snapshot.id;
        if answer.tables.len() == pinned.len() && answer.tables.iter().zip(pinned).all(same) {
            return Some(answer);
        }
        self.kept.remove(key);
        None
    }

    /// An answer that is going to be given, to be kept once it is whole; `None` where none is kept.
    pub fn gathering(&self, key: AnswerKey, pinned: &[Pinned], columns: &SchemaRef) -> Option<Gathering> {
        (self.largest > 0).then(|| Gathering {
            key,
            tables: pinned.iter().map(|(entry, snapshot)| (Arc::clone(entry), snapshot.id.clone())).collect(),
            columns: Arc::clone(columns),
            batches: Vec::new(),
            bytes: 0,
            largest: self.largest,
            counted: RecordBatchMemoryCounter::new(),
        })
    }

    /// Keeps an answer that is whole.
    pub fn keep(&self, gathered: Gathering) {
        let rows = gathered.batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let Gathering { key, tables, columns, batches, bytes, .. } = gathered;
        self.kept.insert(key, Arc::new(Answer { columns, batches, tables, rows, bytes }));
    }

    #[cfg(test)]
    fn bytes(&self) -> u64 {
        self.kept.weight()
    }
}

/// The rows of an answer so far.
pub struct Gathering {
    key: AnswerKey,
    tables: Vec<(Arc<TableEntry>, String)>,
    columns: SchemaRef,
    batches: Vec<RecordBatch>,
    bytes: usize,
    largest: usize,
    /// Counts once what several batches share.
    counted: RecordBatchMemoryCounter,
}

impl Gathering {
    /// Adds rows; `false` when the answer has become too large to be kept.
    #[must_use]
    pub fn add(&mut self, batch: &RecordBatch) -> bool {
        self.bytes += self.counted.count_batch(batch);
        self.batches.push(batch.clone());
        self.bytes <= self.largest
    }
}

/// Parameters as a part of a key; `None` where one can't be.
pub fn parameters(values: &[ArrayRef]) -> Option<Vec<ScalarValue>> {
    values.iter().map(|value| ScalarValue::try_from_array(value, 0).ok()).collect()
}

/// Words that mean another time whenever they are read.
const MOMENTS: [&str; 4] = ["now", "today", "tomorrow", "yesterday"];

/// Whether a statement gives the same rows of the same snapshots whenever it runs: it calls nothing that is of one run, and reads no text
/// as a time that may say `now`.
pub fn is_repeatable(plan: &LogicalPlan, sql: &str) -> datafusion::error::Result<bool> {
    if plan::is_of_one_run(plan)? || says_a_moment(sql) {
        return Ok(false);
    }
    let mut reads = false;
    plan.apply_with_subqueries(|node| {
        let schemas: Vec<_> = node.inputs().into_iter().map(LogicalPlan::schema).collect();
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Literal(value, _) = expr {
                    reads |= value.try_as_str().flatten().is_some_and(says_a_moment);
                }
                if let Expr::Cast(cast) = expr
                    && cast.field.data_type().is_temporal()
                    && !matches!(cast.expr.as_ref(), Expr::Literal(..))
                {
                    reads |= !schemas.iter().any(|schema| cast.expr.get_type(schema).is_ok_and(|t| !t.is_string()));
                }
                Ok(if reads { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    Ok(!reads)
}

fn says_a_moment(sql: &str) -> bool {
    let mut words = sql.split(|c: char| !c.is_alphabetic());
    words.any(|word| MOMENTS.iter().any(|moment| word.eq_ignore_ascii_case(moment)))
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn key(parameter: i64) -> AnswerKey {
        let statement = crate::engine::admit::parse("select n from t").expect("it is a query").remove(0);
        let crate::engine::admit::Action::Query(statement) = statement.action else { panic!("a query") };
        let parameters = vec![ScalarValue::Int64(Some(parameter))];
        AnswerKey { statement, catalogs: 0, database: "city".into(), user: "me".into(), settings: Arc::default(), parameters }
    }

    fn gathered(answers: &Answers, parameter: i64, rows: usize) -> Option<Gathering> {
        let columns = Arc::new(Schema::new(vec![Field::new("n", arrow::datatypes::DataType::Int64, true)]));
        let mut gathering = answers.gathering(key(parameter), &[], &columns)?;
        let batch = RecordBatch::try_new(columns, vec![Arc::new(Int64Array::from(vec![7; rows]))]).expect("a batch");
        gathering.add(&batch).then_some(gathering)
    }

    #[test]
    fn answers_stay_within_their_bytes() {
        let answers = Answers::within(100_000);
        for parameter in 0..50 {
            answers.keep(gathered(&answers, parameter, 1000).expect("8 kB are no large answer"));
            assert!(answers.get(&key(parameter)).is_some());
            assert!(answers.bytes() <= 100_000);
        }
        assert!(answers.get(&key(0)).is_none() && answers.get(&key(-1)).is_none());
        assert!(gathered(&answers, 1, 2000).is_none(), "more than an eighth");
        assert!(gathered(&Answers::within(0), 1, 1).is_none());
    }

    #[test]
    fn words_that_are_moments() {
        for (sql, says) in [
            ("select * from t where day < 'today'", true),
            ("select 'Now'::timestamptz", true),
            ("select 'snow', known, nowhere from t", false),
        ] {
            assert_eq!(says_a_moment(sql), says, "{sql}");
        }
    }
}
