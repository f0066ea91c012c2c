//! The documents of a catalog, through the stores that published files are read through too.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Seek, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::catalog::{Documents, Fetched};
use crate::error::{Error, Kind, Result};
use crate::store::{Object, Stores};

/// Fetches documents one after the other, with a pause between two that are asked of a platform.
pub(super) struct Fetcher {
    handle: Handle,
    stores: Stores,
    /// Where remote documents are put while they are read.
    state: PathBuf,
    pause: Duration,
    stop: CancellationToken,
    /// When a platform was asked last.
    asked: Mutex<Option<Instant>>,
}

impl Fetcher {
    pub(super) fn new(handle: Handle, stores: Stores, state: PathBuf, pause: Duration, stop: CancellationToken) -> Self {
        Self { handle, stores, state, pause, stop, asked: Mutex::new(None) }
    }

    /// Waits until a platform may be asked again.
    fn wait(&self) {
        let mut asked = self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(left) = asked.and_then(|asked| self.pause.checked_sub(asked.elapsed())) {
            std::thread::sleep(left);
        }
        *asked = Some(Instant::now());
    }

    /// Puts an object into a file without a name, which goes when it is closed.
    async fn download(&self, object: &Object) -> Result<File> {
        let path = self.state.join(format!(".document-{}", std::process::id()));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(&path)?;
        let mut chunks = object.read().await?;
        while let Some(chunk) = chunks.next().await {
            file.write_all(&chunk?)?;
        }
        file.rewind()?;
        Ok(file)
    }

    async fn object(&self, location: &str, known: Option<&str>) -> Result<Fetched> {
        let objects = self.stores.resolve(location).await.map_err(|e| {
            if e.kind() == Kind::SourceMissing {
                return e.with_hint(
                    "Look the address up in a browser. A portal's root will do, too: its catalog is looked for where portals have it.",
                );
            }
            e
        })?;
        let [object] = objects.as_slice() else {
            let message = format!("{location} is {} files; a document of a catalog is one", objects.len());
            return Err(Error::new(Kind::Descriptor, message));
        };
        let identity = object.identity();
        if known == Some(identity.as_str()) {
            return Ok(Fetched::Unchanged);
        }
        let file = self.download(object).await?;
        Ok(Fetched::Changed { input: Box::new(BufReader::with_capacity(1 << 20, file)), identity })
    }
}

impl Documents for Fetcher {
    fn fetch(&self, location: &str, known: Option<&str>) -> Result<Fetched> {
        if location.contains("://") {
            self.wait();
        }
        let fetch = async {
            tokio::select! {
                fetched = self.object(location, known) => fetched,
                () = self.stop.cancelled() => Err(Error::new(Kind::Cancelled, "stopped")),
            }
        };
        self.handle.block_on(fetch)
    }
}
