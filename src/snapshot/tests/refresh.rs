//! Refreshing: what is read again when some of a table's files changed, and that it shows in no answer.

use super::*;
use crate::descriptor::MissingValue;
use crate::store::{Options as StoreOptions, Stores};

/// A folder of files, read through stores that count bytes.
struct Folder {
    dir: tempfile::TempDir,
    stores: Arc<Stores>,
    state: tempfile::TempDir,
    distribution: Distribution,
    /// Versions of files written so far.
    versions: AtomicUsize,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let state = tempfile::tempdir().expect("a temporary folder");
        let stores = Arc::new(Stores::new(StoreOptions::default()).expect("the defaults are sound"));
        let distribution = csv(dir.path().join("*.csv").to_string_lossy());
        let folder = Self { dir, stores, state, distribution, versions: AtomicUsize::new(0) };
        files.iter().for_each(|(name, text)| folder.put(name, text));
        folder
    }

    /// Writes a file that no other version has the time of.
    fn put(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("writes");
        let version = self.versions.fetch_add(1, Ordering::Relaxed) as u64;
        let file = std::fs::File::options().write(true).open(path).expect("opens");
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + version)).expect("sets");
    }

    fn open(&self, state: &Path) -> Snapshots {
        over(&self.stores, options(state))
    }

    /// What the table shows, its rejects, and how many bytes of the files were read for it.
    async fn shown(&self, state: &Path) -> (Vec<String>, Vec<String>, u64) {
        let before = self.stores.meter().bytes;
        let snapshots = self.open(state);
        let snapshot = snapshots.current(&entry(self.distribution.clone()), None).await.expect("is read");
        let read = self.stores.meter().bytes - before;
        let rejects = snapshots.rejects(&snapshot).expect("are kept").map(|r| r.expect("can be read"));
        let rejects: Vec<String> = rejects.map(|r| format!("{} {} {:?} {}", r.file, r.line, r.column, r.raw)).collect();
        assert_eq!(snapshot.rejects, rejects.len() as u64);
        let whole = rejects.iter().filter(|r| r.contains("None")).count() as u64;
        assert_eq!(snapshot.rows_read, snapshot.rows + whole, "rows add up");
        (show(&snapshot), rejects, read)
    }

    /// How many files were read and kept for each snapshot that stands, newest first.
    fn counted(&self) -> Vec<String> {
        let listed = self.open(self.state.path()).list(&entry(self.distribution.clone())).expect("lists");
        listed
            .iter()
            .map(|l| format!("{:?} {:?}", l.files_read, l.files_kept).replace(['S', 'o', 'm', 'e', '(', ')'], ""))
            .collect()
    }

    /// Touches the table, and compares it with one that is read afresh; the bytes that were read.
    async fn refresh(&self) -> u64 {
        let (rows, rejects, read) = self.shown(self.state.path()).await;
        let fresh = tempfile::tempdir().expect("a temporary folder");
        let (fresh_rows, fresh_rejects, _) = self.shown(fresh.path()).await;
        assert_eq!((rows, rejects), (fresh_rows, fresh_rejects));
        read
    }
}

/// Rows with too many fields, in each of three files.
fn with_rejects() -> Folder {
    Folder::new(&["1.csv", "2.csv", "3.csv"].map(|name| (name, "id,at\n1,x\n1,2,3\n2,y\n4,5,6\n")))
}

/// The folder of the newest snapshot.
fn newest(folder: &Folder) -> PathBuf {
    let table = folder.state.path().join("snapshots/c/s/t");
    let entries = std::fs::read_dir(table).expect("lists").map(|e| e.expect("an entry").path());
    // Their names sort by time.
    entries.filter(|path| path.join("ledger.json").exists()).max().expect("there is one")
}

#[tokio::test]
async fn what_is_kept_keeps_its_rejects() {
    let folder = with_rejects();
    folder.refresh().await;
    // It is listed last now, and those between stay.
    std::fs::rename(folder.dir.path().join("1.csv"), folder.dir.path().join("9.csv")).expect("renames");
    let read = folder.refresh().await;
    assert_eq!(read, std::fs::metadata(folder.dir.path().join("9.csv")).expect("is there").len(), "its name is new");
    let changed = "id,at\n7,z\n";
    folder.put("2.csv", changed);
    assert_eq!(folder.refresh().await, changed.len() as u64);
}

#[tokio::test]
async fn a_list_of_paths_that_changes_leaves_the_files_that_stay() {
    let mut folder = Folder::new(&[("1.csv", "id,at\n1,x\n1,2,3\n"), ("2.csv", "id,at\n2,y\n"), ("3.csv", "id,at\n3,z\n")]);
    let name = |folder: &Folder, n: &str| folder.dir.path().join(format!("{n}.csv")).to_string_lossy().into_owned();
    let bytes = |folder: &Folder, n: &str| std::fs::metadata(name(folder, n)).expect("is there").len();
    for (paths, read, counted) in [
        (&["1", "2"][..], &["1", "2"][..], "2 0"),
        (&["1", "2", "3"], &["3"], "1 2"),
        (&["3", "1"], &[], "0 2"),
        (&["2", "3", "1"], &["2"], "1 2"),
    ] {
        folder.distribution.paths = paths.iter().map(|n| name(&folder, n)).collect();
        let all: u64 = read.iter().map(|n| bytes(&folder, n)).sum();
        assert_eq!(folder.refresh().await, all, "{paths:?}");
        assert_eq!(folder.counted()[0], counted, "{paths:?}");
    }
    // Of what is read in another way, nothing stays.
    folder.distribution.dialect.delimiter = Some(';');
    folder.shown(folder.state.path()).await;
    assert_eq!(folder.counted()[0], "3 0");
}

#[tokio::test]
async fn files_are_read_again_where_what_an_earlier_snapshot_left_is_not_whole() {
    /// What somebody does to the folder of a snapshot.
    type Deed = fn(&Path) -> std::io::Result<()>;
    let deeds: &[(&str, Deed)] = &[
        ("rejects gone", |of| std::fs::remove_file(of.join("rejects.ndjson"))),
        ("rejects cut", |of| std::fs::File::options().write(true).open(of.join("rejects.ndjson"))?.set_len(10)),
        ("rejects of another", |of| std::fs::write(of.join("rejects.ndjson"), "")),
        ("ledger gone", |of| std::fs::remove_file(of.join("ledger.json"))),
        ("ledger cut", |of| std::fs::File::options().write(true).open(of.join("ledger.json"))?.set_len(10)),
        ("ledger of another", |of| std::fs::write(of.join("ledger.json"), r#"{"stretches": []}"#)),
        ("part gone", |of| std::fs::remove_file(of.join("part-1.parquet"))),
        ("all gone", |of| std::fs::remove_dir_all(of)),
    ];
    for (what, deed) in deeds {
        let folder = with_rejects();
        folder.refresh().await;
        deed(&newest(&folder)).expect("is done");
        folder.put("3.csv", "id,at\n3,z\n9,9,9\n");
        // It is compared with what is read afresh.
        let all: u64 =
            ["1.csv", "2.csv", "3.csv"].iter().map(|n| folder.dir.path().join(n).metadata().expect("is there").len()).sum();
        assert!(folder.refresh().await >= all, "{what}: all are read");
    }
}

/// The folders of all snapshots, oldest first.
fn folders(folder: &Folder) -> Vec<PathBuf> {
    let table = folder.state.path().join("snapshots/c/s/t");
    let entries = std::fs::read_dir(table).expect("lists").map(|e| e.expect("an entry").path());
    let mut all: Vec<PathBuf> = entries.filter(|path| path.join("ledger.json").exists()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn files_are_read_again_when_the_folder_of_parts_that_would_stay_vanishes() {
    let plain = || Folder::new(&["1.csv", "2.csv", "3.csv"].map(|name| (name, "id,at\n1,x\n2,y\n")));
    for (what, make) in [("with rejects", with_rejects as fn() -> Folder), ("without", plain)] {
        // Before the refresh: the newest snapshot shares parts with one that is gone.
        let folder = make();
        folder.refresh().await;
        folder.put("3.csv", "id,at\n3,z\n");
        folder.refresh().await;
        let [first, _] = folders(&folder).try_into().expect("two snapshots");
        std::fs::remove_dir_all(&first).expect("removes");
        folder.put("2.csv", "id,at\n4,z\n");
        folder.refresh().await;
        assert_eq!(folder.counted()[0], "3 0", "{what}");

        // Amid it.
        let gone = newest(&folder);
        folder.put("1.csv", "id,at\n5,z\n");
        let during = gone.clone();
        let progress: Progress = Arc::new(move |event| {
            if matches!(event, ProgressEvent::Read { .. }) {
                let _ = std::fs::remove_dir_all(&during);
            }
        });
        let snapshots = folder.open(folder.state.path());
        let snapshot = snapshots.current(&entry(folder.distribution.clone()), Some(progress)).await.expect("all are read");
        assert!(!gone.exists() && snapshots.stale(&entry(folder.distribution.clone())).is_none(), "{what}");
        drop((snapshot, snapshots));
        assert_eq!((folder.refresh().await, folder.counted()[0].as_str()), (0, "3 0"), "{what}");
    }
}

#[tokio::test]
async fn what_was_received_is_kept_of_files_that_stay_too() {
    let folder = with_rejects();
    let table = entry(folder.distribution.clone());
    // The snapshot that is read, and what is kept beside it.
    let touch = async |keep_raw: bool| {
        let snapshots = over(&folder.stores, Options { keep_raw, ..options(folder.state.path()) });
        snapshots.current(&table, None).await.expect("is read");
        let listed = snapshots.list(&table).expect("lists").remove(0);
        let at = |name: &serde_json::Value| Some(newest(&folder).join(name.as_str()?));
        let sources = listed.sources.as_array().expect("a list");
        let raws: Vec<Option<PathBuf>> = sources.iter().map(|s| at(&s["raw"])).collect();
        (listed.files_read, raws)
    };
    let shown = |raws: &[Option<PathBuf>]| -> Vec<String> {
        raws.iter().flatten().map(|path| std::fs::read_to_string(path).expect("reads")).collect()
    };
    let original = "id,at\n1,x\n1,2,3\n2,y\n4,5,6\n";
    let (_, raws) = touch(false).await;
    assert_eq!(raws, [None, None, None]);
    // Nothing was kept so far: all are read.
    folder.put("2.csv", "id,at\n2,z\n");
    let (read, raws) = touch(true).await;
    assert_eq!((read, shown(&raws)), (Some(3), vec![original.to_owned(), "id,at\n2,z\n".to_owned(), original.to_owned()]));
    folder.put("3.csv", "id,at\n3,z\n");
    let (read, raws) = touch(true).await;
    let now = [original, "id,at\n2,z\n", "id,at\n3,z\n"].map(str::to_owned).to_vec();
    assert_eq!((read, shown(&raws)), (Some(1), now.clone()));
    // What was kept is not what was received: it is read again.
    std::fs::write(raws[0].as_ref().expect("was kept"), "id,at\n9,x\n").expect("writes");
    folder.put("2.csv", "id,at\n4,z\n");
    let (read, raws) = touch(true).await;
    assert_eq!((read, shown(&raws)), (Some(3), vec![now[0].clone(), "id,at\n4,z\n".to_owned(), now[2].clone()]));
    folder.refresh().await;
}

#[tokio::test]
async fn rejects_that_are_gone_are_an_error() {
    let folder = with_rejects();
    let snapshots = folder.open(folder.state.path());
    let snapshot = snapshots.current(&entry(folder.distribution.clone()), None).await.expect("is read");
    assert_eq!(snapshots.rejects(&snapshot).expect("are there").count(), 6);
    std::fs::remove_file(newest(&folder).join("rejects.ndjson")).expect("removes");
    let e = snapshots.rejects(&snapshot).map(|all| all.count()).expect_err("six were counted");
    assert!(e.kind() == Kind::Io && e.message().ends_with("is gone, with its 6 rejects"), "{e}");
}

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let text = |year: usize| format!("id,at,what\n{year},{year}-01-01,x\n{year}1,{year}-12-31,\n1,2,3,4\n");
    let years: Vec<(String, String)> = (2010..2020).map(|y| (format!("{y}.csv"), text(y))).collect();
    let folder = Folder::new(&years.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect::<Vec<_>>());
    let size = text(2010).len() as u64;
    assert_eq!(folder.refresh().await, 10 * size, "all are new");
    assert_eq!(folder.refresh().await, 0, "none changed");
    assert_eq!(folder.counted(), ["10 0"]);

    let one = |year: usize| format!("id,at,what\n{year},{year}-06-30,changed\n");
    folder.put("2014.csv", &one(2014));
    assert_eq!(folder.refresh().await, one(2014).len() as u64, "one changed");
    assert_eq!(folder.counted(), ["1 9", "10 0"]);

    folder.put("2020.csv", &one(2020));
    assert_eq!(folder.refresh().await, one(2020).len() as u64, "one came");
    std::fs::remove_file(folder.dir.path().join("2011.csv")).expect("removes");
    assert_eq!(folder.refresh().await, 0, "one went");
    assert_eq!(folder.counted()[..2], ["0 10", "1 10"]);
    std::fs::remove_file(folder.dir.path().join("2010.csv")).expect("removes");
    folder.put("2012.csv", &one(2012));
    folder.put("2021.csv", &one(2021));
    assert_eq!(folder.refresh().await, 2 * one(2012).len() as u64, "one went, one changed, one came");

    // A type that widens, and one that narrows again; a column that comes; a file that is empty.
    let all = |folder: &Folder| -> u64 {
        let files = std::fs::read_dir(folder.dir.path()).expect("lists");
        files.map(|f| f.expect("an entry").metadata().expect("is there").len()).sum()
    };
    folder.put("2015.csv", "id,at,what\n1.5,2015-01-01,x\n");
    assert!(folder.refresh().await >= all(&folder), "all are read as another type");
    folder.put("2015.csv", "id,at,what\n2,2015-01-01,x\n");
    assert!(folder.refresh().await >= all(&folder), "all are read as another type");
    folder.put("2016.csv", "id,at,what,more\n2,2015-01-01,x,y\n");
    assert!(folder.refresh().await >= all(&folder), "all have another column");
    assert_eq!(folder.counted()[0], "10 0");
    folder.put("2016.csv", "id,at,what,more\n2,2016-01-01,x,z\n");
    assert_eq!(folder.refresh().await, 33, "the columns stay");
    folder.put("2017.csv", "");
    folder.refresh().await;
    folder.put("2017.csv", &one(2017));
    assert_eq!(folder.refresh().await, one(2017).len() as u64, "one is no longer empty");
}

#[tokio::test]
async fn a_source_that_is_gone_leaves_what_was_read_by_other_rules() {
    let mut folder = Folder::new(&[("1.csv", "id,at\n1,x\n1,2,3\n")]);
    let read = folder.shown(folder.state.path()).await;
    folder.distribution.schema.missing_values = Some(vec![MissingValue { value: "x".into(), label: None }]);
    let otherwise = |folder: &Folder| entry(folder.distribution.clone());
    let away = folder.dir.path().with_extension("away");
    std::fs::rename(folder.dir.path(), &away).expect("moves");
    std::fs::create_dir(folder.dir.path()).expect("makes");
    // Also for the process that comes after.
    for round in 0..2 {
        let snapshots = folder.open(folder.state.path());
        let table = otherwise(&folder);
        for _ in 0..2 {
            assert_eq!(show(&snapshots.current(&table, None).await.expect("the last one stays")), read.0, "{round}");
        }
        let stale = snapshots.stale(&table).expect("is stale");
        let listed = snapshots.list(&table).expect("lists").remove(0);
        assert_eq!(listed.standing, Standing::Stale(stale.clone()), "{round}");
        assert!(stale.message.starts_with("no file matches"), "{round}: {}", stale.message);
        assert_eq!(folder.open(folder.state.path()).list(&table).expect("lists").remove(0).standing, Standing::Stale(stale));
    }
    // Neither for a table of other files or another member of them, nor with rejects where those are not taken.
    let elsewhere = Distribution {
        paths: vec![folder.dir.path().join("2.csv").to_string_lossy().into_owned()],
        ..folder.distribution.clone()
    };
    let within = Distribution { member: Some("a.csv".into()), ..folder.distribution.clone() };
    let mut strict = otherwise(&folder);
    strict.dataset = Arc::new(Dataset { strict: Some(true), ..strict.dataset.as_ref().clone() });
    for table in [entry(elsewhere), entry(within), strict] {
        let e = folder.open(folder.state.path()).current(&table, None).await.expect_err("is gone");
        assert_eq!(e.kind(), Kind::SourceMissing);
    }
    std::fs::remove_dir(folder.dir.path()).expect("is empty");
    std::fs::rename(&away, folder.dir.path()).expect("moves back");
    let snapshots = folder.open(folder.state.path());
    let snapshot = snapshots.current(&otherwise(&folder), None).await.expect("is read");
    assert_eq!(show(&snapshot), ["id Int64, at Utf8View", "1|NULL"]);
    assert!(snapshots.stale(&otherwise(&folder)).is_none());
    assert_eq!(snapshots.list(&otherwise(&folder)).expect("lists").remove(0).standing, Standing::Current);
}
