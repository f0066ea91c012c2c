//! Scans over a snapshot, hot: a count, a selective filter, a group, the first of an order; `cargo bench --bench scan`.

mod embedded;

use criterion::{Criterion, criterion_group, criterion_main};
use embedded::Embedded;
use futures::StreamExt;
use stoa::engine::Outcome;
use tokio_util::sync::CancellationToken;

const STATEMENTS: &[(&str, &str)] = &[
    ("count", "select count(*) from transport.metro_trips"),
    ("filter", "select count(*) from transport.metro_trips where fare > 5"),
    ("group", "select from_station, count(*), sum(fare) from transport.metro_trips group by 1"),
    ("top", "select * from transport.metro_trips order by fare desc limit 10"),
];

fn scan(c: &mut Criterion) {
    let embedded = Embedded::open();
    let mut group = c.benchmark_group("scan");
    for (name, sql) in STATEMENTS {
        group.bench_function(*name, |b| {
            b.to_async(&embedded.runtime).iter(|| rows(&embedded, sql));
        });
    }
    group.finish();
}

async fn rows(embedded: &Embedded, sql: &str) -> usize {
    let cancel = CancellationToken::new();
    let statement = embedded.session.parse(sql).expect(sql).remove(0);
    let prepared = embedded.session.prepare(&statement, &[], &cancel).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    match embedded.session.run(&prepared, &[], &cancel).await.unwrap_or_else(|e| panic!("{sql}: {e}")) {
        Outcome::Rows { mut stream, .. } => {
            let mut rows = 0;
            while let Some(batch) = stream.next().await {
                rows += batch.unwrap_or_else(|e| panic!("{sql}: {e}")).num_rows();
            }
            rows
        }
        Outcome::Copy { .. } => panic!("{sql} gives no rows"),
        Outcome::Done { tag } => panic!("{sql}: {tag} gives no rows"),
    }
}

criterion_group!(benches, scan);
criterion_main!(benches);
