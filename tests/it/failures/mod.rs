//! What goes wrong, and what a client then sees: a clear error, a server that is up, and every other table unharmed. Here stand the
//! catalogs that the tests write and the way errors are shown; each file beside this one has a theme.

mod columnar;
mod hostile;
mod identity;
mod killed;
mod limits;
mod malformed;
mod nasty;
mod published;
mod sources;
mod state;

use std::path::{Path, PathBuf};

use crate::harness::{Server, Setup};

/// A catalog in a folder of its own, and a state folder that outlives a server.
pub struct City {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl City {
    /// With one good table, `t.good`, of the rows (1, 2) and (3, 4).
    pub fn new() -> Self {
        // As errors name it, also where the folder for temporary files is reached by a link.
        let folder = std::env::temp_dir().canonicalize().expect("there is a folder for temporary files");
        let temporary = || tempfile::tempdir_in(&folder).expect("a temporary folder");
        let city = Self { folder: temporary(), state: temporary() };
        city.file("good.csv", "a,b\n1,2\n3,4\n");
        city.describe("good", "good.csv", "");
        city
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("below the catalog")).expect("a folder can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }

    /// Writes the descriptor `name`.datapackage.json of one table, `t.<name>`, over `path`, with what else its resource has.
    pub fn describe(&self, name: &str, path: &str, rest: &str) {
        let resource = format!(r#"{{"name": "{name}", "path": "{path}"{rest}}}"#);
        let package = format!(r#"{{"name": "{name}", "theme": "t", "resources": [{resource}]}}"#);
        self.file(&format!("{name}.datapackage.json"), package);
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// As the catalog `city`, its state in a folder that outlives the server.
    pub fn setup(&self) -> Setup {
        let catalogs = vec![("city", self.folder.path().to_owned())];
        Setup { catalogs, state: Some(self.state.path().to_owned()), ..Setup::default() }
    }

    /// The text with this test's folders, and `url` when there is one, by names that do not change from run to run.
    pub fn normal(&self, text: &str, url: Option<&str>) -> String {
        let folder = self.folder.path().display().to_string();
        let state = self.state.path().display().to_string();
        let text = text.replace(&folder, "CITY").replace(&state, "STATE");
        url.map_or_else(|| text.clone(), |url| text.replace(url, "http://host"))
    }
}

/// What psql shows: the rows (fields parted by bars), then every message with its SQLSTATE, detail and hint.
pub fn asked(server: &Server, sql: &str) -> String {
    let (rows, messages) = server.psql("city", &["-v", "VERBOSITY=verbose", "-At", "-c", sql]);
    let messages: Vec<&str> = messages.lines().filter(|line| !is_progress(line)).collect();
    format!("{rows}{}{}", messages.join("\n"), if messages.is_empty() { "" } else { "\n" })
}

/// How far a first touch is depends on its speed.
fn is_progress(line: &str) -> bool {
    line.starts_with("NOTICE:") && (line.contains(" reading ") || line.contains(" read "))
}

/// The server answers, and the good table is whole.
pub fn assert_unharmed(server: &Server) {
    assert_eq!(asked(server, "select sum(a), sum(b) from t.good"), "4|6\n");
}
