//! Parsing and planning: a point query, a join of three domains, a repeated plan; `cargo bench --bench plan`.

mod embedded;

use criterion::{Criterion, criterion_group, criterion_main};
use embedded::Embedded;
use tokio_util::sync::CancellationToken;

const STATEMENTS: &[(&str, &str)] = &[
    ("select_1", "select 1"),
    ("one_table", "select from_station, count(*) from transport.metro_trips where entered_at >= '2024-01-01' group by 1"),
    (
        "three_domains",
        "select d.name, avg(a.pm25), sum(v.respiratory) from environment.air_quality_hourly a \
         join environment.air_quality_stations s using (station_id) \
         join health.clinic_visits v on v.district_code = s.district_code and v.day = a.measured_at::date \
         join reference.districts d on d.district_code = s.district_code group by d.name",
    ),
];

fn plan(c: &mut Criterion) {
    let embedded = Embedded::open();
    let mut group = c.benchmark_group("plan");
    for (name, sql) in STATEMENTS {
        group.bench_function(*name, |b| {
            b.to_async(&embedded.runtime).iter(|| async {
                let statement = embedded.session.parse(sql).expect(sql).remove(0);
                embedded
                    .session
                    .prepare(&statement, &[], &CancellationToken::new())
                    .await
                    .unwrap_or_else(|e| panic!("{sql}: {e}"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);
