//! Touches: those at the same time, callers and runtimes that go away, and when a source is asked again.

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
