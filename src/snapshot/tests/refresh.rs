//! Refreshing: what is read again when some of a table's files changed, and that it shows in no answer.

use super::*;
use crate::store::{Options as StoreOptions, Stores};

/// A folder of files, read through stores that count bytes.
struct Folder {
    dir: tempfile::TempDir,
    stores: Arc<Stores>,
    state: tempfile::TempDir,
    distribution: Distribution,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let state = tempfile::tempdir().expect("a temporary folder");
        let stores = Arc::new(Stores::new(StoreOptions::default()).expect("the defaults are sound"));
        let distribution = csv(dir.path().join("*.csv").to_string_lossy());
        let folder = Self { dir, stores, state, distribution };
        files.iter().for_each(|(name, text)| folder.put(name, text));
        folder
    }

    /// Writes a file that no other version has the time of.
    fn put(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("writes");
        let moment = chrono::Utc::now().timestamp_subsec_nanos();
        let file = std::fs::File::options().write(true).open(path).expect("opens");
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_000 + u64::from(moment)))
            .expect("sets");
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

    /// Touches the table, and compares it with one that is read afresh; the bytes that were read.
    async fn refresh(&self) -> u64 {
        let (rows, rejects, read) = self.shown(self.state.path()).await;
        let fresh = tempfile::tempdir().expect("a temporary folder");
        let (fresh_rows, fresh_rejects, _) = self.shown(fresh.path()).await;
        assert_eq!((rows, rejects), (fresh_rows, fresh_rejects));
        read
    }
}

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let text = |year: usize| format!("id,at,what\n{year},{year}-01-01,x\n{year}1,{year}-12-31,\n1,2,3,4\n");
    let years: Vec<(String, String)> = (2010..2020).map(|y| (format!("{y}.csv"), text(y))).collect();
    let folder = Folder::new(&years.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect::<Vec<_>>());
    let size = text(2010).len() as u64;
    assert_eq!(folder.refresh().await, 10 * size, "all are new");
    assert_eq!(folder.refresh().await, 0, "none changed");

    let one = |year: usize| format!("id,at,what\n{year},{year}-06-30,changed\n");
    folder.put("2014.csv", &one(2014));
    assert_eq!(folder.refresh().await, one(2014).len() as u64, "one changed");

    folder.put("2020.csv", &one(2020));
    assert_eq!(folder.refresh().await, one(2020).len() as u64, "one came");
    std::fs::remove_file(folder.dir.path().join("2011.csv")).expect("removes");
    assert_eq!(folder.refresh().await, 0, "one went");
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
    folder.put("2016.csv", "id,at,what,more\n2,2016-01-01,x,z\n");
    assert_eq!(folder.refresh().await, 33, "the columns stay");
    folder.put("2017.csv", "");
    folder.refresh().await;
    folder.put("2017.csv", &one(2017));
    assert_eq!(folder.refresh().await, one(2017).len() as u64, "one is no longer empty");
}
