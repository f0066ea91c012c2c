//! Profiles of small tables, against what they hold.

use super::*;
use crate::descriptor::Column;

async fn profile(bench: &Bench, distribution: &Distribution) -> Profile {
    let snapshot = bench.touch(distribution).await.expect("is read");
    let table = entry(distribution.clone());
    assert_eq!(bench.snapshots.profile(&table, &snapshot).expect("is asked"), None);
    let made = bench.snapshots.measured(&table, &snapshot, Vec::new()).await.expect("is measured");
    assert_eq!(bench.snapshots.profile(&table, &snapshot).expect("is asked").as_ref(), Some(&made), "it is kept");
    made
}

fn shown(c: &ColumnProfile) -> String {
    let text = |t: &Option<String>| t.clone().unwrap_or_else(|| "-".to_owned());
    let top: Vec<String> = c.top.iter().take(2).map(|t| format!("{}*{}", t.value, t.count)).collect();
    let unique = c.unique.map_or("-".to_owned(), |u| u.to_string());
    let number = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
    let mean = c.mean.map_or("-".to_owned(), |m| m.to_string());
    format!(
        "{}: nulls {}, distinct {}, {}..{}, mean {mean}, [{}], top {}, bad {}, unique {unique}",
        c.name,
        c.nulls,
        number(c.distinct),
        text(&c.min),
        text(&c.max),
        c.quantiles.join(" "),
        top.join(" "),
        c.violations,
    )
}

#[tokio::test]
async fn every_column_is_measured() {
    let bench = Bench::new();
    let text =
        "id,n,day,code,flag\n1,10,2024-01-01,x,true\n2,20,2024-01-03,y,true\n3,,2024-01-02,x,false\n4,oops,2024-01-02,,true\n";
    bench.put("t.csv", text.as_bytes()).await;
    let integer = |name: &str| Column { name: name.into(), kind: ColumnKind::Integer, ..Column::default() };
    let schema = Schema {
        columns: vec![integer("n")],
        fields_match: FieldsMatch::Subset,
        primary_key: vec!["day".into()],
        ..Schema::default()
    };
    let made = profile(&bench, &Distribution { schema, ..csv("mem://t.csv") }).await;
    let lines: Vec<String> = made.columns.iter().map(shown).collect();
    assert_eq!(
        lines,
        [
            "id: nulls 0, distinct 4, 1..4, mean 2.5, [1 1 2 3 4], top 1*1 2*1, bad 0, unique true",
            "n: nulls 2, distinct 2, 10..20, mean 15, [10 10 10 20 20], top 10*1 20*1, bad 1, unique true",
            "day: nulls 0, distinct 3, 2024-01-01..2024-01-03, mean -, \
             [2024-01-01 2024-01-01 2024-01-02 2024-01-02 2024-01-03], top 2024-01-02*2 2024-01-01*1, bad 0, unique false",
            "code: nulls 1, distinct 2, x..y, mean -, [], top x*2 y*1, bad 0, unique false",
            "flag: nulls 0, distinct 2, false..true, mean -, [], top true*3 false*1, bad 0, unique false",
        ]
    );
    assert_eq!(made.keys, [KeyProfile { columns: vec!["day".into()], duplicates: Some(1) }]);
    assert_eq!((made.rows, made.references.len()), (4, 0));
}

#[tokio::test]
async fn large_columns_are_estimated_and_keys_still_exact() {
    let bench = Bench::new();
    let rows = (0..30_000).map(|n| format!("{n},{},{}\n", n % 10_000, if n == 29_999 { 0 } else { n }));
    let text = format!("key,many,almost\n{}", rows.collect::<String>());
    bench.put("t.csv", text.as_bytes()).await;
    let made = profile(&bench, &csv("mem://t.csv")).await;
    let [key, many, almost] = &made.columns[..] else { panic!("three columns") };
    assert_eq!((key.distinct, key.distinct_exact, key.unique), (Some(30_000), true, Some(true)));
    assert_eq!((many.distinct_exact, many.unique), (false, Some(false)));
    let estimate = many.distinct.expect("is estimated");
    assert!(estimate.abs_diff(10_000) < 300, "{estimate}");
    assert_eq!(almost.unique, Some(false), "one value of 30,000 stands twice");
    let median: i64 = key.quantiles[2].parse().expect("a number");
    assert!((median - 15_000).abs() < 600, "{median}");
    assert_eq!((key.min.as_deref(), key.max.as_deref()), (Some("0"), Some("29999")));
}

#[tokio::test]
async fn references_that_do_not_resolve_are_counted() {
    let bench = Bench::new();
    bench.put("stops.csv", b"stop\n1\n2\n3\n").await;
    bench.put("trips.csv", b"at,n\n1,a\n1,b\n4,c\n,d\n5,e\n").await;
    let (stops, trips) = (csv("mem://stops.csv"), csv("mem://trips.csv"));
    let to = bench.touch(&stops).await.expect("is read");
    let from = bench.touch(&trips).await.expect("is read");
    let references = || {
        let target = Arc::new(TableEntry { name: "stops".into(), ..entry(stops.clone()) });
        vec![ProfiledReference {
            columns: vec!["at".into()],
            target,
            target_columns: vec!["stop".into()],
            snapshot: Arc::clone(&to),
        }]
    };
    for _ in 0..2 {
        let made = bench.snapshots.measured(&entry(trips.clone()), &from, references()).await.expect("is measured");
        let found: Vec<_> = made.references.iter().map(|r| (r.target.as_str(), r.unresolved)).collect();
        assert_eq!(found, [("s.stops", Some(2))]);
    }
}

#[tokio::test]
async fn published_parquet_is_measured_where_it_stands() {
    let bench = Bench::new();
    let column = |values: Vec<Option<i64>>| Arc::new(arrow::array::Int64Array::from(values)) as arrow::array::ArrayRef;
    let file = |name: &str, values| {
        let batch = RecordBatch::try_from_iter_with_nullable([(name, column(values), true)]).expect("one column");
        let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("opens");
        writer.write(&batch).expect("writes to memory");
        writer.into_inner().expect("is finished")
    };
    bench.put("a.parquet", &file("a", vec![Some(3), None])).await;
    bench.put("b.parquet", &file("b", vec![Some(7)])).await;
    let paths = vec!["mem://a.parquet".to_owned(), "mem://b.parquet".to_owned()];
    let made = profile(&bench, &Distribution { format: Some(Format::Parquet), paths, ..csv("") }).await;
    let lines: Vec<String> = made.columns.iter().map(shown).collect();
    assert_eq!(
        lines,
        [
            "a: nulls 2, distinct 1, 3..3, mean 3, [3 3 3 3 3], top 3*1, bad 0, unique true",
            "b: nulls 2, distinct 1, 7..7, mean 7, [7 7 7 7 7], top 7*1, bad 0, unique true",
        ]
    );
}

#[tokio::test]
async fn new_snapshots_are_measured_in_the_background() {
    let bench = Bench::new();
    bench.put("t.csv", b"a\n1\n").await;
    let options = Options { profile: true, ..options(bench.state.path()) };
    let snapshots = over(&bench.shelf, options);
    let table = entry(csv("mem://t.csv"));
    let snapshot = snapshots.current(&table, None).await.expect("is read");
    assert_eq!(snapshots.profile(&table, &snapshot).expect("is asked"), None, "the first queries have their time");
    let mut waited = Duration::ZERO;
    while snapshots.profile(&table, &snapshot).expect("is asked").is_none() {
        assert!(waited < Duration::from_secs(60), "it was not measured");
        tokio::time::sleep(Duration::from_millis(200)).await;
        waited += Duration::from_millis(200);
    }
}
