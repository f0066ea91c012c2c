//! Uploading a snapshot's files: small ones as they are, large ones in chunks, each read as it is sent.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutResult, WriteMultipart};
use tokio::io::AsyncReadExt;

use super::requests::Shared;
use crate::error::{Error, Result};

/// Bytes of a file that are uploaded at once; a smaller file is one request.
const CHUNK: usize = 8 << 20;

/// Files, and chunks of a file, under way at the same time.
const AT_ONCE: usize = 4;

impl Shared {
    /// Uploads the files below a folder; what the bucket calls each one's version, by its name.
    pub(super) async fn upload(&self, to: &Path, from: &FilePath) -> Result<BTreeMap<String, Option<String>>> {
        let mut files: Vec<(String, PathBuf)> = Vec::new();
        for entry in walkdir::WalkDir::new(from) {
            let entry = entry.map_err(std::io::Error::from)?;
            if entry.file_type().is_file() {
                let below = entry.path().strip_prefix(from).expect("a walk stays below its root");
                files.push((below.to_string_lossy().replace('\\', "/"), entry.into_path()));
            }
        }
        let uploads = files.into_iter().map(|(name, file)| async move {
            let path = Path::parse(format!("{to}/{name}")).map_err(|e| self.failed(e.into()))?;
            let put = self.put_file(&path, &file).await?;
            Ok::<_, Error>((name, put.e_tag))
        });
        let uploads: Vec<_> = uploads.collect();
        stream::iter(uploads).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn put_file(&self, path: &Path, from: &FilePath) -> Result<PutResult> {
        let mut file = tokio::fs::File::open(from).await?;
        let size = file.metadata().await?.len();
        if size <= CHUNK as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).await?;
            return self.at.store.put(path, bytes.into()).await.map_err(|e| self.failed(e));
        }
        let upload = self.at.store.put_multipart(path).await.map_err(|e| self.failed(e))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, CHUNK);
        let filled = async {
            loop {
                let mut chunk = Vec::with_capacity(CHUNK);
                if (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await? == 0 {
                    return Ok(());
                }
                upload.wait_for_capacity(AT_ONCE).await.map_err(|e| self.failed(e))?;
                upload.put(Bytes::from(chunk));
            }
        };
        match filled.await {
            Ok(()) => upload.finish().await.map_err(|e| self.failed(e)),
            Err(e) => {
                // The bucket may keep chunks that no object is made of, as of a process that was killed; its own rules end that.
                let _ = upload.abort().await;
                Err(e)
            }
        }
    }
}
