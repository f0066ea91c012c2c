//! A snapshot's life: read as of a time, listed, gone stale, refused by a strict dataset, made of what was kept, pruned.

use chrono::Utc;

use super::*;

/// The table over `t.csv`, with what its dataset says.
fn table(change: impl FnOnce(&mut Dataset)) -> TableEntry {
    let mut dataset = Dataset { distributions: vec![csv("mem://t.csv")], ..Dataset::default() };
    change(&mut dataset);
    TableEntry { dataset: Arc::new(dataset), ..entry(csv("mem://t.csv")) }
}

fn integer(name: &str) -> Column {
    Column { name: name.into(), kind: ColumnKind::Integer, ..Column::default() }
}

/// State, rows and what is wrong of each snapshot, newest first.
fn listed(snapshots: &Snapshots, table: &TableEntry) -> Vec<String> {
    let all = snapshots.list(table).expect("lists");
    let shown = |l: &Listed| match &l.standing {
        Standing::Stale(stale) => format!("stale {}: {}", l.rows, stale.message),
        Standing::Current | Standing::Superseded => format!("{} {}", l.standing.name(), l.rows),
    };
    all.iter().map(shown).collect()
}

#[tokio::test]
async fn an_older_snapshot_is_read_by_time_and_by_id() {
    let bench = Bench::new();
    let table = table(|_| {});
    let before = Utc::now();
    let e = bench.snapshots.as_of(&table, &AsOf::Time(before)).await.expect_err("nothing was read yet");
    assert_eq!((e.kind(), e.message()), (Kind::UndefinedObject, "there is no snapshot of s.t: it was never read"));

    bench.put("t.csv", b"a\n1\n").await;
    // The first one is made when a time to come is asked for.
    let later = Utc::now() + chrono::TimeDelta::days(1);
    assert_eq!(show(&bench.snapshots.as_of(&table, &AsOf::Time(later)).await.expect("is read")), ["a Int64", "1"]);
    let between = Utc::now();
    bench.put("t.csv", b"b,a\nx,one\ny,two\n").await;
    let second = bench.snapshots.current(&table, None).await.expect("is read");
    let restarted = open(bench.state.path(), &bench.shelf);
    bench.shelf.reachable.store(false, Ordering::Relaxed);
    for snapshots in [&bench.snapshots, &restarted] {
        let first = snapshots.as_of(&table, &AsOf::Time(between)).await.expect("stands");
        assert_eq!(show(&first), ["a Int64", "1"]);
        let same = snapshots.as_of(&table, &AsOf::Snapshot(first.id.clone())).await.expect("stands");
        assert_eq!(same.id, first.id);
        for at in [Utc::now(), later] {
            assert_eq!(snapshots.as_of(&table, &AsOf::Time(at)).await.expect("stands").id, second.id);
        }
        for asked in [AsOf::Time(before), AsOf::Snapshot("x".into())] {
            let e = snapshots.as_of(&table, &asked).await.expect_err("is none of them");
            let names_the_oldest = e.detail().is_some_and(|d| d.contains(&first.id) && d.contains(&first.created));
            assert!(e.kind() == Kind::UndefinedObject && names_the_oldest, "{e}: {:?}", e.detail());
        }
    }
    assert_eq!(listed(&restarted, &table), ["current 2", "superseded 1"]);
}

#[tokio::test]
async fn files_in_place_are_read_as_of_a_time_until_they_change() {
    let bench = Bench::new();
    let file = |values: &[i64]| {
        let column = Arc::new(arrow::array::Int64Array::from(values.to_vec())) as arrow::array::ArrayRef;
        let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
        let mut out = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None).expect("opens");
        writer.write(&batch).and_then(|()| writer.close()).expect("writes to memory");
        out
    };
    let in_place = entry(Distribution { format: Some(Format::Parquet), ..csv("mem://t.parquet") });
    bench.put("t.parquet", &file(&[1])).await;
    let first = bench.snapshots.current(&in_place, None).await.expect("is looked at");
    let between = AsOf::Time(Utc::now());
    let restarted = open(bench.state.path(), &bench.shelf);
    let again = restarted.as_of(&in_place, &between).await.expect("is as it was");
    assert_eq!((again.id.as_str(), again.created.as_str()), (first.id.as_str(), first.created.as_str()));
    bench.put("t.parquet", &file(&[1, 2])).await;
    let e = restarted.as_of(&in_place, &between).await.expect_err("is not as it was");
    assert_eq!(e.kind(), Kind::SourceChanged);
    assert_eq!(listed(&restarted, &in_place), ["current 2", "superseded 1"]);
    let sources = restarted.list(&in_place).expect("lists")[0].sources.clone();
    assert_eq!((&sources[0]["url"], &sources[0]["sha256"]), (&"mem://t.parquet".into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn a_refresh_tells_what_came_of_it_and_a_failure_is_known_after_a_restart() {
    let bench = Bench::new();
    let table = table(|d| d.refresh = Some(crate::descriptor::Refresh::Never));
    bench.put("t.csv", b"a\n1\n").await;
    let mut outcomes = Vec::new();
    let mut refresh = async |snapshots: &Snapshots| {
        let refreshed = snapshots.refresh(&table, None).await.expect("there is one to serve");
        outcomes.push(match refreshed.outcome {
            Outcome::Unchanged => "unchanged".to_owned(),
            Outcome::New => format!("new {}", refreshed.snapshot.rows),
            Outcome::Failed(stale) => stale.message,
        });
    };
    refresh(&bench.snapshots).await;
    refresh(&bench.snapshots).await;
    bench.put("t.csv", b"a\n1\n2\n").await;
    // Whoever only uses the table goes on with what there is.
    assert_eq!(bench.snapshots.current(&table, None).await.expect("is known").rows, 1);
    refresh(&bench.snapshots).await;
    bench.put("t.csv", b"").await;
    refresh(&bench.snapshots).await;
    let restarted = open(bench.state.path(), &bench.shelf);
    assert_eq!(listed(&restarted, &table), ["stale 2: mem://t.csv is empty", "superseded 1"]);
    assert_eq!(restarted.current(&table, None).await.expect("stands").rows, 2);
    let since = restarted.stale(&table).expect("was written down").since;
    assert_eq!(bench.snapshots.stale(&table).map(|s| s.since), Some(since));
    bench.put("t.csv", b"a\n1\n2\n3\n").await;
    refresh(&restarted).await;
    assert_eq!((restarted.stale(&table), listed(&restarted, &table).remove(0)), (None, "current 3".to_owned()));
    assert_eq!(outcomes, ["new 1", "unchanged", "new 2", "mem://t.csv is empty", "new 3"]);
    let reopened = open(bench.state.path(), &bench.shelf);
    assert_eq!(listed(&reopened, &table)[0], "current 3");
}

#[tokio::test]
async fn a_version_that_failed_is_not_read_again_by_who_only_uses_the_table() {
    let bench = Bench::new();
    let table = table(|d| {
        d.strict = Some(true);
        d.distributions[0].schema.columns = vec![integer("a")];
    });
    bench.put("t.csv", b"a\n1\n").await;
    let progress = || {
        let events = Arc::clone(&bench.events);
        Some(Arc::new(move |e| events.lock().expect("no panic").push(e)) as Progress)
    };
    bench.snapshots.current(&table, progress()).await.expect("is read");
    bench.put("t.csv", b"a\nx\n").await;
    let mut reads = Vec::new();
    for snapshots in [&bench.snapshots, &bench.snapshots, &open(bench.state.path(), &bench.shelf)] {
        assert_eq!(snapshots.current(&table, progress()).await.expect("the last one is served").rows, 1);
        reads.push(bench.reads());
    }
    bench.snapshots.refresh(&table, progress()).await.expect("the last one is served");
    reads.push(bench.reads());
    assert_eq!(reads, [2, 2, 2, 3]);
}

#[tokio::test]
async fn a_strict_dataset_takes_no_reject() {
    let strict = |strict: Option<bool>| {
        table(|d| {
            d.strict = strict;
            d.distributions[0].schema.columns = vec![integer("a")];
        })
    };
    let bench = Bench::new();
    bench.put("t.csv", b"a\n1\nx\ny\nz\n2\nw\n").await;
    let e = bench.snapshots.current(&strict(Some(true)), None).await.expect_err("four do not fit");
    assert_eq!(
        (e.kind(), e.message()),
        (
            Kind::SourceInvalid,
            "s.t is strict, and 4 values or rows do not fit: mem://t.csv, line 3, column a: \"x\" is not an integer; \
             mem://t.csv, line 4, column a: \"y\" is not an integer; mem://t.csv, line 5, column a: \"z\" is not an integer"
        )
    );
    let lax = bench.snapshots.current(&strict(None), None).await.expect("is taken as it is");
    assert_eq!((lax.rows, lax.rejects), (6, 4));
    // What was taken without being strict is no good snapshot to fall back to.
    assert!(bench.snapshots.current(&strict(Some(true)), None).await.is_err());

    bench.put("t.csv", b"a\n1\n").await;
    assert_eq!(bench.snapshots.current(&strict(Some(true)), None).await.expect("fits").rows, 1);
    bench.put("t.csv", b"a\n1\n2\nx\n").await;
    assert_eq!(bench.snapshots.current(&strict(Some(true)), None).await.expect("the last one stays").rows, 1);
    let message = bench.snapshots.stale(&strict(Some(true))).expect("is stale").message;
    assert_eq!(message, "s.t is strict, and 1 value or row does not fit: mem://t.csv, line 4, column a: \"x\" is not an integer");
    assert_eq!(bench.snapshots.current(&strict(None), None).await.map(|s| s.rows).expect("is not strict any more"), 3);
}

#[tokio::test]
async fn what_was_received_is_kept_and_read_again_when_the_source_is_gone() {
    let bench = Bench::new().reopened(|o| o.keep_raw = true);
    let local = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(local.path(), "a\n7\n").expect("writes");
    let path = local.path().to_string_lossy().into_owned();
    bench.put("t.csv", b"a\n1\n").await;
    let both = Distribution { paths: vec!["mem://t.csv".into(), path.clone()], ..csv("mem://t.csv") };
    let snapshot = bench.touch(&both).await.expect("is read");
    let kept = bench.snapshots.list(&entry(both.clone())).expect("lists").remove(0);
    let folder = bench.state.path().join("snapshots/c/s/t").join(&snapshot.id);
    let read =
        |i: usize| std::fs::read_to_string(folder.join(kept.sources[i]["raw"].as_str().expect("was kept"))).expect("reads");
    assert_eq!((read(0).as_str(), read(1).as_str(), kept.raw_bytes), ("a\n1\n", "a\n7\n", 8));
    assert_eq!(std::fs::read_to_string(&path).expect("stays where it is"), "a\n7\n");

    bench.shelf.reachable.store(false, Ordering::Relaxed);
    // Bytes that are not those that were received are not read in their place.
    let first = folder.join(kept.sources[0]["raw"].as_str().expect("was kept"));
    std::fs::write(&first, "a\n2\n").expect("writes");
    let other = Distribution { encoding: Some("utf-8".into()), ..both.clone() };
    assert_eq!(bench.touch(&other).await.expect("the last one stays").id, snapshot.id);
    std::fs::write(&first, "a\n1\n").expect("writes");
    // Nor what was received from elsewhere.
    let elsewhere = csv("mem://other.csv");
    assert_eq!(bench.touch(&elsewhere).await.map(|s| s.rows).map_err(|e| e.kind()), Err(Kind::SourceUnreachable));
    let mut otherwise = both.clone();
    otherwise.schema.missing_values = Some(vec![crate::descriptor::MissingValue { value: "7".into(), label: None }]);
    let remade = bench.touch(&otherwise).await.expect("is made of what was kept");
    assert_eq!(show(&remade)[0].split(',').next(), Some("a Int64"));
    assert_eq!(rows(&remade).iter().map(|b| b.column(0).null_count()).sum::<usize>(), 1);
    assert!(bench.snapshots.stale(&entry(otherwise.clone())).is_some());
    bench.shelf.reachable.store(true, Ordering::Relaxed);
    assert_eq!(bench.touch(&otherwise).await.expect("is what it was").id, remade.id);
    assert!(bench.snapshots.stale(&entry(otherwise)).is_none());
}

#[tokio::test]
async fn old_snapshots_are_pruned_but_those_that_another_process_reads() {
    let bench = Bench::new();
    let table = table(|_| {});
    let mut ids = Vec::new();
    for n in 1..=4 {
        bench.put("t.csv", format!("a\n{}", "1\n".repeat(n)).as_bytes()).await;
        ids.push(bench.snapshots.current(&table, None).await.expect("is read").id.clone());
    }
    let other = open(bench.state.path(), &bench.shelf);
    let held = bench.snapshots.as_of(&table, &AsOf::Snapshot(ids[1].clone())).await.expect("stands");
    let mut told = Vec::new();
    let mut prune = |schema: &str, keep, older_than: Duration, dry_run| {
        let retention = Retention { keep, older_than };
        let pruned = other.prune(&retention, &|[_, s, _]| s == schema, dry_run).expect("prunes");
        let of = |p: &Pruned| {
            let n = ids.iter().position(|id| *id == p.snapshot).map_or(0, |n| n + 1);
            match p.fate {
                Fate::Removed { bytes } => format!("{n} {}", bytes > 100),
                Fate::InUse => format!("{n} in use"),
                Fate::Leftover { .. } => "left over".to_owned(),
            }
        };
        told.push(pruned.iter().map(of).collect::<Vec<_>>().join(", "));
    };
    prune("elsewhere", 1, Duration::ZERO, false);
    prune("s", 1, Duration::from_secs(3600), false);
    prune("s", 1, Duration::ZERO, true);
    prune("s", 2, Duration::ZERO, false);
    assert_eq!(show(&held), ["a Int64", "1", "1"]);
    drop(held);
    prune("s", 1, Duration::ZERO, false);
    prune("s", 1, Duration::ZERO, false);
    assert_eq!(told, ["", "", "1 true, 2 in use, 3 true", "1 true, 2 in use", "2 true, 3 true", ""]);
    assert_eq!(listed(&other, &table), ["current 4"]);
}
