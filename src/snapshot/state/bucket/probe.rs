//! What is asked of a bucket before it is trusted with a state: that it keeps to conditions on writes. A store that takes no notice of
//! them answers as if all were well, so that only trying tells.

use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};

use super::requests::{Shared, is_conflict};
use crate::error::{Error, Kind, Result};

impl Shared {
    /// Finds out whether a write can be made conditional here: two servers on one state rely on it.
    pub(super) async fn probe(&self) -> Result<()> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|e| Error::new(Kind::Io, format!("the system gives no random bytes: {e}")))?;
        let key = self.join(&[&format!(".probe-{}", crate::snapshot::fetch::hex(&random))])?;
        let put = |mode: PutMode| self.at.store.put_opts(&key, PutPayload::from_static(b"stoa"), PutOptions::from(mode));
        let first = match put(PutMode::Create).await {
            Ok(first) => first,
            Err(e) if is_conflict(&e) || is_unknown(&e) => return Err(self.unconditional("If-None-Match")),
            Err(e) => return Err(self.failed(e)),
        };
        let again = put(PutMode::Create).await;
        let stale =
            UpdateVersion { e_tag: Some("\"0123456789abcdef0123456789abcdef\"".to_owned()), version: Some("1".to_owned()) };
        let unmatched = put(PutMode::Update(stale)).await;
        let matched = put(PutMode::Update(first.into())).await;
        let deleted = self.at.store.delete(&key).await;
        for (put, takes, condition) in
            [(again, false, "If-None-Match"), (unmatched, false, "If-Match"), (matched, true, "If-Match")]
        {
            match put {
                Ok(_) if takes => {}
                Err(e) if !takes && is_conflict(&e) => {}
                Err(e) if !is_conflict(&e) && !is_unknown(&e) => return Err(self.failed(e)),
                Ok(_) | Err(_) => return Err(self.unconditional(condition)),
            }
        }
        deleted.map_err(|e| self.failed(e))
    }

    fn unconditional(&self, condition: &str) -> Error {
        let place = &self.place;
        Error::new(Kind::Config, format!("the bucket of {place} does not keep to {condition} on writes"))
            .with_detail("Two servers could then overwrite each other's snapshots.")
            .with_hint(
                "Keep the state in a bucket that has conditional writes (S3 since 2024, MinIO, R2, Azure, GCS), or in a folder.",
            )
    }
}

/// Whether a store does not know such a write at all.
fn is_unknown(e: &object_store::Error) -> bool {
    use object_store::Error as E;
    matches!(e, E::NotImplemented { .. } | E::NotSupported { .. }) || e.to_string().contains("501 Not Implemented")
}
