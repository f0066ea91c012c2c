//! Touches: those at the same time, callers and runtimes that go away, and when a source is asked again.

use super::state::{Change, Choose, Local, Manifest, Opened, Record, Removal, Staging, State, TablePath, Turn};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_end_with_their_owner() {
    let Bench { state, shelf, snapshots, events } = Bench::new();
    let text = format!("a,b\n{}", "1,x\n".repeat(2_000_000));
    let name = object_store::path::Path::from("t.csv");
    shelf.memory.put(&name, PutPayload::from(text.into_bytes())).await.expect("memory takes it");
    let (begun, mut told) = tokio::sync::mpsc::unbounded_channel();
    let progress: Progress = Arc::new(move |e| {
        events.lock().expect("no panic").push(e);
        let _ = begun.send(());
    });
    let table = entry(csv("mem://t.csv"));
    // A caller that goes away once reading began.
    tokio::select! {
        done = snapshots.current(&table, Some(progress)) => panic!("the read is long: {done:?}"),
        () = async { told.recv().await; told.recv().await; } => {}
    }
    drop(snapshots);
    let staging = state.path().join("snapshots/.staging");
    let left = || std::fs::read_dir(&staging).expect("lists").count();
    let began = std::time::Instant::now();
    while left() > 0 && began.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left(), 0);
    assert!(!state.path().join("snapshots/c/s/t/manifest.json").exists(), "the read went on to its end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn touches_at_the_same_time_share_one_read() {
    let bench = Bench::new();
    bench.put("t.csv", format!("a\n{}", "1\n".repeat(100_000)).as_bytes()).await;
    let distribution = csv("mem://t.csv");
    let all = futures::future::join_all((0..8).map(|_| bench.touch(&distribution))).await;
    let ids: std::collections::HashSet<String> = all.into_iter().map(|s| s.expect("is read").id.clone()).collect();
    assert_eq!((ids.len(), bench.shelf.asked.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_does_not_stop_the_read() {
    let bench = Bench::new();
    bench.put("t.csv", format!("a\n{}", "1\n".repeat(100_000)).as_bytes()).await;
    let distribution = csv("mem://t.csv");
    let gone = tokio::time::timeout(Duration::from_millis(1), bench.touch(&distribution)).await;
    drop(gone);
    assert_eq!(bench.touch(&distribution).await.expect("is read").rows, 100_000);
    assert_eq!(bench.shelf.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_remote_source_is_asked_again_only_after_a_while() {
    let bench = Bench::new();
    bench.put("t.csv", b"a\n1\n").await;
    let options = Options { revalidate: Duration::from_secs(3600), ..options(bench.state.path()) };
    let snapshots = over(&bench.shelf, options);
    let table = entry(csv("mem://t.csv"));
    for _ in 0..3 {
        snapshots.current(&table, None).await.expect("is read");
    }
    assert_eq!(bench.shelf.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_refresh_asks_the_source_although_a_touch_is_under_way_that_did() {
    let bench = Bench::new();
    bench.put("t.csv", b"a\n1\n").await;
    let table = entry(csv("mem://t.csv"));
    let (touched, refreshed, again, other) = tokio::join!(
        bench.snapshots.current(&table, None),
        bench.snapshots.refresh(&table, None),
        bench.snapshots.refresh(&table, None),
        bench.snapshots.current(&table, None),
    );
    let touched = touched.expect("is read");
    for refreshed in [refreshed, again] {
        let refreshed = refreshed.expect("is read");
        assert_eq!((&refreshed.snapshot.id, refreshed.outcome), (&touched.id, Outcome::Unchanged));
    }
    assert_eq!(other.expect("is read").id, touched.id);
    assert_eq!(bench.shelf.asked.load(Ordering::Relaxed), 2, "once for the touch, once for both refreshes");
}

#[test]
fn a_touch_that_went_away_with_its_runtime_is_begun_anew() {
    let bench = Bench::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let table = entry(csv("mem://t.csv"));
    let gone = runtime();
    gone.block_on(async {
        bench.put("t.csv", b"a\n1\n").await;
        let touched = std::pin::pin!(bench.snapshots.current(&table, None));
        assert!(futures::poll!(touched).is_pending(), "it was only begun");
    });
    drop(gone);
    assert_eq!(runtime().block_on(bench.snapshots.current(&table, None)).expect("is read").rows, 1);
}

#[tokio::test]
async fn bytes_that_can_not_be_decoded_are_not_read_again_by_who_only_uses_the_table() {
    let bench = Bench::new();
    let distribution = Distribution { encoding: Some("utf-8".into()), ..csv("mem://t.csv") };
    bench.put("t.csv", b"a\n1\n").await;
    bench.touch(&distribution).await.expect("is read");
    bench.put("t.csv", &[b"a\n".as_slice(), &b"\xff\n".repeat(2_000_000)].concat()).await;
    for _ in 0..2 {
        assert_eq!(bench.touch(&distribution).await.expect("the last one is served").rows, 1);
        assert!(bench.snapshots.stale(&entry(distribution.clone())).is_some_and(|s| s.message.contains("can't be decoded")));
    }
    assert_eq!(bench.reads(), 2, "one that was good, one that was not");
}

/// A state that another process changes as soon as this one had its turn: a newer snapshot comes, and the older ones go that nobody reads.
#[derive(Debug)]
struct Shared {
    own: Local,
    other: Local,
}

impl State for Shared {
    fn believed(&self) -> Option<Duration> {
        self.own.believed()
    }

    fn stage(&self) -> Result<Staging> {
        self.own.stage()
    }

    fn try_turn(&self, table: &TablePath) -> Result<Option<Turn>> {
        self.own.try_turn(table)
    }

    fn tables(&self) -> Result<Vec<TablePath>> {
        self.own.tables()
    }

    fn manifest(&self, table: &TablePath) -> Result<Option<Manifest>> {
        self.own.manifest(table)
    }

    fn publish(&self, turn: &Turn, staging: Staging, record: Record) -> Result<Record> {
        self.own.publish(turn, staging, record)
    }

    fn change(&self, turn: &Turn, change: Change<'_>) -> Result<()> {
        self.own.change(turn, change)
    }

    fn open(&self, table: &TablePath, record: &Record) -> Result<Option<Opened>> {
        self.own.open(table, record)
    }

    fn remove(&self, turn: &Turn, choose: Choose<'_>) -> Result<Vec<Removal>> {
        let removed = self.own.remove(turn, choose)?;
        self.other.change(turn, &|manifest| {
            let newer = manifest.snapshots.last().cloned().map(|last| Record { id: "newer".to_owned(), ..last });
            manifest.snapshots.extend(newer);
            true
        })?;
        self.other.remove(turn, &|all| all.iter().map(|r| r.id.clone()).collect())?;
        Ok(removed)
    }

    fn used(&self, turn: &Turn, ids: &[String]) -> Result<Vec<String>> {
        self.own.used(turn, ids)
    }
}

#[tokio::test]
async fn what_was_just_made_is_in_use_before_others_have_their_turn() {
    let bench = Bench::new();
    bench.put("t.csv", b"a\n1\n").await;
    let options = options(bench.state.path());
    let open = || Local::open(bench.state.path(), options.grace).expect("opens");
    let state = Arc::new(Shared { own: open(), other: open() });
    let maker = Maker::new(Arc::clone(&bench.shelf) as Arc<dyn Sources>, state, options.clone());
    let snapshots = Snapshots { touches: Touches::new(maker) };
    let snapshot = snapshots.current(&entry(csv("mem://t.csv")), None).await.expect("is read");
    assert_eq!(show(&snapshot), ["a Int64", "1"]);
}

#[tokio::test]
async fn who_waits_for_another_process_ends_in_time() {
    let bench = Bench::new().reopened(|o| o.touch_timeout = Duration::from_millis(300));
    bench.put("t.csv", b"a\n1\n").await;
    let table = entry(csv("mem://t.csv"));
    let other = Local::open(bench.state.path(), Duration::ZERO).expect("opens");
    let turn = other.try_turn(&TablePath::of(&table)).expect("asks").expect("is free");
    let e = bench.snapshots.current(&table, None).await.expect_err("another process has the turn");
    let detail = "Another process was making a snapshot of it all that time.";
    assert_eq!((e.kind(), e.message(), e.detail()), (Kind::Timeout, "reading s.t was stopped after 0.3 s", Some(detail)));
    drop(turn);
    assert_eq!(bench.snapshots.current(&table, None).await.expect("is read").rows, 1);
}

#[test]
fn who_waits_for_another_process_ends_with_its_owner() {
    let Bench { state, shelf, snapshots, .. } = Bench::new();
    let other = Local::open(state.path(), Duration::ZERO).expect("opens");
    let table = entry(csv("mem://t.csv"));
    let _turn = other.try_turn(&TablePath::of(&table)).expect("asks").expect("is free");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("starts");
    runtime.block_on(async {
        let name = object_store::path::Path::from("t.csv");
        shelf.memory.put(&name, PutPayload::from(b"a\n1\n".to_vec())).await.expect("memory takes it");
        let waited = tokio::time::timeout(Duration::from_millis(200), snapshots.current(&table, None)).await;
        assert!(waited.is_err(), "another process has the turn");
        drop(snapshots);
    });
    // It waits for threads that block, as long as it may.
    let began = std::time::Instant::now();
    runtime.shutdown_timeout(Duration::from_secs(60));
    assert!(began.elapsed() < Duration::from_secs(30));
}

/// Tables `t0`, `t1` and on, each over a file of its own in `folder`.
fn many(folder: &Path, tables: usize, rows: usize) -> Vec<TableEntry> {
    let table = |n: usize| {
        let file = folder.join(format!("t{n}.csv"));
        std::fs::write(&file, format!("a,b\n{}", "1,x\n".repeat(rows))).expect("writes");
        TableEntry { name: format!("t{n}"), ..entry(csv(file.to_string_lossy())) }
    };
    (0..tables).map(table).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_built_as_there_is_room() {
    let bench = Bench::new();
    let files = tempfile::tempdir().expect("a temporary folder");
    let tables = many(files.path(), 6, 50_000);
    let rooms = Arc::clone(&bench.snapshots.touches.maker().rooms);
    let all = rooms.available_permits();
    assert!(all >= 2);
    let others = Arc::clone(&rooms).acquire_many_owned(u32::try_from(all - 1).expect("few")).await.expect("is open");
    let touch = |table: &TableEntry| {
        let events = Arc::clone(&bench.events);
        let progress: Progress = Arc::new(move |e| events.lock().expect("no panic").push(e));
        let table = table.clone();
        let snapshots = &bench.snapshots;
        async move { snapshots.current(&table, Some(progress)).await.map(|s| s.rows) }
    };
    let rows = futures::future::try_join_all(tables.iter().map(touch)).await.expect("all are read");
    assert_eq!(rows, [50_000; 6]);
    // Local files are not fetched, so that each event of reading is one of building.
    let events = bench.events.lock().expect("no panic").clone();
    let mut stretches = Vec::new();
    for table in &tables {
        let of = |e: &ProgressEvent| matches!(e, ProgressEvent::Read { table: of, .. } if of.ends_with(&table.name));
        let (first, last) = (events.iter().position(of), events.iter().rposition(of));
        stretches.push((first.expect("was told"), last.expect("was told")));
    }
    stretches.sort_unstable();
    assert!(stretches.windows(2).all(|two| two[0].1 < two[1].0), "one after the other: {stretches:?}");
    assert!(stretches.iter().any(|(first, last)| first < last), "{stretches:?}");
    drop(others);
    assert_eq!(rooms.available_permits(), all, "all were given back");
}

#[tokio::test]
async fn who_waits_for_room_ends_in_time() {
    let bench = Bench::new().reopened(|o| o.touch_timeout = Duration::from_millis(300));
    let files = tempfile::tempdir().expect("a temporary folder");
    let tables = many(files.path(), 1, 1);
    let rooms = Arc::clone(&bench.snapshots.touches.maker().rooms);
    let all = u32::try_from(rooms.available_permits()).expect("few");
    let others = Arc::clone(&rooms).acquire_many_owned(all).await.expect("is open");
    let e = bench.snapshots.current(&tables[0], None).await.expect_err("there is no room");
    assert_eq!((e.kind(), e.message()), (Kind::Timeout, "reading s.t0 was stopped after 0.3 s"));
    drop(others);
    assert_eq!(bench.snapshots.current(&tables[0], None).await.expect("is read").rows, 1);
}
