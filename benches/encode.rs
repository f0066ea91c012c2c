//! Rows to DataRow messages: a million rows of eight mixed columns, in text and in binary, without a socket.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stoa::table::pg_value::{Format, Room, Style};
use stoa::wire::encode::RowEncoder;

const BATCHES: usize = 123;
const ROWS: i64 = 8192;

/// Rows like those of a trips table; one in eleven fares is missing.
fn trips() -> RecordBatch {
    let rows = || 0..ROWS;
    let fares = rows().map(|n| (n % 11 != 0).then_some(i128::from(n * 37 % 10_000)));
    let columns: [(&str, ArrayRef); 8] = [
        ("id", Arc::new(Int64Array::from_iter_values(rows().map(|n| n * 7_919)))),
        ("line", Arc::new(Int32Array::from_iter_values(rows().map(|n| (n % 20) as i32)))),
        ("day", Arc::new(Date32Array::from_iter_values(rows().map(|n| 19_000 + (n % 365) as i32)))),
        ("start", Arc::new(TimestampMicrosecondArray::from_iter_values(rows().map(|n| 1_700_000_000_000_000 + n * 1_234_567)))),
        ("km", Arc::new(Float64Array::from_iter_values(rows().map(|n| n as f64 / 7.0)))),
        ("fare", Arc::new(fares.collect::<Decimal128Array>().with_precision_and_scale(10, 2).expect("small numbers"))),
        ("stop", Arc::new(StringArray::from_iter_values(rows().map(|n| format!("stop {}", n % 500))))),
        ("card", Arc::new(rows().map(|n| Some(n % 3 == 0)).collect::<BooleanArray>())),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn encode(c: &mut Criterion) {
    let batch = trips();
    let mut group = c.benchmark_group("encode");
    group.sample_size(10).throughput(Throughput::Elements(BATCHES as u64 * ROWS as u64));
    for (name, format) in [("text", Format::Text), ("binary", Format::Binary)] {
        let mut encoder = RowEncoder::new(&batch.schema(), &[format; 8], Style::default());
        let mut out = Room::default();
        group.bench_function(name, |b| {
            b.iter(|| {
                for _ in 0..BATCHES {
                    out.clear();
                    encoder.encode(&batch, &mut out).expect("every type has a form");
                    black_box(&out);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
