//! Reading the files beside a snapshot's parts, for whoever blocks: bytes are handed over as they arrive.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::runtime::Handle;

use super::requests::Shared;
use crate::error::Result;
use crate::snapshot::state::Files;

/// Chunks that wait for who reads them.
const AHEAD: usize = 2;

/// The files beside a snapshot's parts.
#[derive(Debug)]
pub(super) struct Folder {
    shared: Arc<Shared>,
    folder: Path,
    handle: Handle,
}

impl Folder {
    /// Of a snapshot's folder; requests run on `handle`.
    pub(super) fn new(shared: Arc<Shared>, folder: Path, handle: Handle) -> Self {
        Self { shared, folder, handle }
    }
}

impl Files for Folder {
    fn read(&self, name: &str) -> Result<Option<Box<dyn Read + Send>>> {
        let path = Path::parse(format!("{}/{name}", self.folder)).map_err(|e| self.shared.failed(e.into()))?;
        let (shared, (send, receive)) = (Arc::clone(&self.shared), sync_channel(AHEAD));
        self.handle.spawn(async move {
            let mut chunks = match shared.at.store.get(&path).await {
                Ok(got) => got.into_stream(),
                Err(e) => stream::once(async { Err(e) }).boxed(),
            };
            loop {
                let next = chunks.next().await;
                let over = !matches!(next, Some(Ok(_)));
                let send = send.clone();
                // A reader that is slow holds up a thread for what blocks, not one that answers requests.
                let sent = tokio::task::spawn_blocking(move || send.send(next)).await;
                if over || !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
        });
        let mut chunks = Chunks { receive, open: Bytes::new(), over: false };
        match chunks.next() {
            Ok(()) => Ok(Some(Box::new(chunks))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(self.shared.failed(e)),
        }
    }
}

/// An object's bytes as they arrive, for who blocks.
struct Chunks {
    receive: Receiver<Option<object_store::Result<Bytes>>>,
    open: Bytes,
    over: bool,
}

impl Chunks {
    fn next(&mut self) -> object_store::Result<()> {
        match self.receive.recv() {
            Ok(Some(Ok(bytes))) => self.open = bytes,
            Ok(Some(Err(e))) => return Err(e),
            Ok(None) => self.over = true,
            Err(_) => {
                let source = "the reading was given up".into();
                return Err(object_store::Error::Generic { store: "state", source });
            }
        }
        Ok(())
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.open.is_empty() && !self.over {
            self.next().map_err(std::io::Error::other)?;
        }
        let n = self.open.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.open.split_to(n));
        Ok(n)
    }
}
