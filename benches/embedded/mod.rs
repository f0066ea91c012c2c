//! The engine embedded over the bundled `datasets/`, for benches of its parts.

use std::path::Path;

use stoa::catalog::Source;
use stoa::engine::{ClientInfo, Engine, Options, Session};
use stoa::{snapshot, store};

/// An engine with one session, and the runtime it is asked from.
pub struct Embedded {
    pub runtime: tokio::runtime::Runtime,
    pub session: Session,
    _state: tempfile::TempDir,
}

impl Embedded {
    /// Opens the engine with a fresh state folder.
    pub fn open() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let state = tempfile::tempdir().expect("a temporary folder");
        let location = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
        let engine = Engine::open(Options {
            catalogs: vec![Source { name: None, location: location.to_str().expect("UTF-8").to_owned() }],
            cache: state.path().to_owned(),
            store: store::Options::default(),
            snapshot: snapshot::Options::new(state.path().to_owned()),
            memory: 2 << 30,
            // Each question is to be answered anew.
            result_cache: 0,
            statement_timeout: std::time::Duration::ZERO,
            threads: 2,
        })
        .expect("the engine opens");
        let session = engine.session(ClientInfo { user: "bench".to_owned(), ..ClientInfo::default() }).expect("a session");
        Self { runtime, session, _state: state }
    }
}
