//! Bytes: from a path or URL to an `object_store` that holds it. Allow-list, mirror, credentials, retries and timeouts stand
//! here; what the bytes mean does not.

mod bucket;
mod failure;
mod http;
mod local;
mod location;
mod meter;
mod object;
mod pinned;
mod read_only;
mod route;
mod writable;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};

use self::http::HttpStore;
use self::local::Found;
use self::location::{BucketKey, Local, Location, scheme_of};
use self::meter::{Counters, Metered};
use self::read_only::ReadOnly;
use self::route::Routes;
use crate::descriptor::pattern;
use crate::error::{Error, Kind, Result};

pub use self::failure::source_error;
pub use self::meter::Meter;
pub use self::object::Object;
pub(crate) use self::object::same_tag;
pub use self::pinned::pinned;
pub use self::writable::{Place, Writable};

/// Look-ups at the same time, of all that one call asks for.
const PARALLEL: usize = 16;
/// The URL of the store that holds all local files.
const LOCAL_URL: &str = "file:///";

/// How published bytes are fetched.
#[derive(Clone)]
pub struct Options {
    /// Reads of URLs (or paths) that start with the first text go to the second in its place; the longest prefix wins. A prefix
    /// ends at the border of a path segment. Under a folder, a URL's query belongs to the file's name when there is such a file.
    pub mirrors: Vec<(String, String)>,
    /// The prefixes of what may be read, redirects included; all that descriptors name when `None`. A mirror's target need not be
    /// among them.
    pub allow: Option<Vec<String>>,
    /// How often a request that failed in passing is tried again, and a body that broke off is resumed.
    pub retries: usize,
    /// The wait before the first retry, doubled for each next and varied by half.
    pub backoff: Duration,
    /// To a connection.
    pub connect_timeout: Duration,
    /// Without a byte arriving, the answer's head included (HTTP).
    pub read_timeout: Duration,
    /// Settings of S3, Azure and GCS by the names of their environment variables (in either case), such as `AWS_ENDPOINT_URL`, which
    /// they override.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mirrors: Vec::new(),
            allow: None,
            retries: 3,
            backoff: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            settings: Vec::new(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be credentials.
        let settings: Vec<&str> = self.settings.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Options")
            .field("mirrors", &self.mirrors)
            .field("allow", &self.allow)
            .field("retries", &self.retries)
            .field("backoff", &self.backoff)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("settings", &settings)
            .finish()
    }
}

/// Opens published objects by path or URL.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> stoa::Result<()> {
/// use stoa::store::{Options, Stores};
///
/// let stores = Stores::new(Options::default())?;
/// let objects = stores.resolve("src/store/*.rs").await?;
/// assert!(objects.iter().any(|object| object.url == "src/store/mod.rs" && object.meta.size > 0));
/// # Ok(())
/// # }
/// ```
pub struct Stores {
    options: Options,
    routes: Routes,
    counters: Arc<Counters>,
    opened: Mutex<Opened>,
}

/// What was opened so far; nothing is before it is needed.
#[derive(Default)]
struct Opened {
    stores: HashMap<String, Arc<dyn ObjectStore>>,
    client: Option<Arc<http::Client>>,
}

impl Stores {
    /// Takes the credentials for S3, Azure and GCS from the usual environment variables at first use. [`Kind::Config`] for a
    /// mirror that lacks a side.
    pub fn new(options: Options) -> Result<Self> {
        let routes = Routes::new(&options)?;
        Ok(Self { options, routes, counters: Arc::default(), opened: Mutex::default() })
    }

    /// The objects that a path or URL names, in the order of their names: one, or those a glob or a folder (or prefix) holds. An
    /// absent object is [`Kind::SourceMissing`], a failed request [`Kind::SourceUnreachable`] with URL, status and attempt, one
    /// that may not be read [`Kind::Forbidden`].
    pub async fn resolve(&self, url: &str) -> Result<Vec<Object>> {
        match self.routes.route(url)? {
            Location::Local(local) => self.resolve_local(url, local).await,
            Location::Http(at) => match globbed(url)? {
                Some(local) => self.resolve_mirrored_glob(url, local).await,
                None => self.resolve_http(url, &at).await,
            },
            Location::Bucket(at) => self.resolve_bucket(url, &at).await,
        }
    }

    /// A local glob that a mirror sends to a web server, which can't list: its names are found where they are published, and each is
    /// read from the mirror.
    async fn resolve_mirrored_glob(&self, published: &str, local: Local) -> Result<Vec<Object>> {
        let asked = published.to_owned();
        let found = tokio::task::spawn_blocking(move || local::find(&asked, &local))
            .await
            .map_err(|e| Error::new(Kind::Internal, format!("{published}: the look-up stopped")).caused_by(e))?
            .map_err(|e| e.with_hint("A glob can't be asked of a web server; list the files in the descriptor."))?;
        let names = match found {
            Found::One(_) => vec![published.to_owned()],
            Found::Many { names, globs, .. } => names.iter().map(|name| named(published, globs, name)).collect(),
        };
        stream::iter(names)
            .map(|name| async move {
                match self.routes.route(&name)? {
                    Location::Http(at) => self.resolve_http(&name, &at).await,
                    Location::Local(local) => self.resolve_local(&name, local).await,
                    Location::Bucket(at) => self.resolve_bucket(&name, &at).await,
                }
            })
            .buffered(PARALLEL)
            .try_concat()
            .await
    }

    /// The objects of several paths or URLs, in the order given, looked up at the same time. The error is of the first that
    /// fails, and names it.
    pub async fn resolve_all(&self, urls: &[String]) -> Result<Vec<Object>> {
        stream::iter(urls.to_vec()).map(|url| async move { self.resolve(&url).await }).buffered(PARALLEL).try_concat().await
    }

    /// Opens a prefix of a bucket for a state, by its URL. [`Kind::Config`] when the settings do not make a store.
    pub fn writable(&self, url: &str) -> Result<Writable> {
        Writable::open(url, &self.options)
    }

    /// The file of this machine that a path or URL means, mirrors considered; `None` for anything remote, absent, or several files.
    /// Blocks.
    pub fn local_file(&self, url: &str) -> Result<Option<PathBuf>> {
        let Location::Local(local) = self.routes.route(url)? else { return Ok(None) };
        Ok(match local::find(url, &local) {
            Ok(Found::One(path)) => Some(path),
            Ok(Found::Many { .. }) | Err(_) => None,
        })
    }

    /// What was read so far through all stores.
    pub fn meter(&self) -> Meter {
        self.counters.read()
    }

    async fn resolve_local(&self, published: &str, local: Local) -> Result<Vec<Object>> {
        let store = self.store(LOCAL_URL, || Ok(Arc::new(LocalFileSystem::new())))?;
        // Names below a `file:` URL are not percent-encoded: the plain path stands for it.
        let from_url = scheme_of(published).is_some_and(|(scheme, _)| scheme == "file");
        let text = if from_url { local.paths[0].display().to_string() } else { published.to_owned() };
        let asked = published.to_owned();
        let found = tokio::task::spawn_blocking(move || local::find(&asked, &local))
            .await
            .map_err(|e| Error::new(Kind::Internal, format!("{published}: the look-up stopped")).caused_by(e))??;
        let files: Vec<(String, PathBuf)> = match found {
            Found::One(path) => vec![(published.to_owned(), path)],
            Found::Many { base, names, globs } => {
                names.into_iter().map(|name| (named(&text, globs, &name), base.join(&name))).collect()
            }
        };
        stream::iter(files)
            .map(|(url, path)| {
                let store = Arc::clone(&store);
                async move {
                    let location = local::location(&url, &path)?;
                    let meta = store.head(&location).await.map_err(|e| source_error(&url, e))?;
                    Ok(Object { url, store_url: LOCAL_URL.to_owned(), store, meta })
                }
            })
            .buffered(PARALLEL)
            .try_collect()
            .await
    }

    async fn resolve_http(&self, published: &str, at: &url::Url) -> Result<Vec<Object>> {
        let client = self.client()?;
        let store_url = HttpStore::origin(at);
        let origin = url::Url::parse(&store_url).expect("the origin of a URL is one");
        let store = self.store(&store_url, || Ok(Arc::new(ReadOnly(HttpStore::new(client, origin)))))?;
        let location = HttpStore::path(at).map_err(|e| source_error(published, e))?;
        let meta = store.head(&location).await.map_err(|e| source_error(published, e))?;
        Ok(vec![Object { url: published.to_owned(), store_url, store, meta }])
    }

    async fn resolve_bucket(&self, published: &str, at: &BucketKey) -> Result<Vec<Object>> {
        let store = self.store(&at.store_url, || bucket::open(at, &self.options))?;
        let found = bucket::find(published, &store, at).await?;
        let object = |(url, meta)| Object { url, store_url: at.store_url.clone(), store: Arc::clone(&store), meta };
        Ok(found.into_iter().map(object).collect())
    }

    /// The store under `store_url`, opened at its first use.
    fn store(&self, store_url: &str, open: impl FnOnce() -> Result<Arc<dyn ObjectStore>>) -> Result<Arc<dyn ObjectStore>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.stores.get(store_url) {
            return Ok(Arc::clone(store));
        }
        let metered = ReadOnly(Metered::new(open()?, Arc::clone(&self.counters)));
        let store: Arc<dyn ObjectStore> = Arc::new(metered);
        opened.stores.insert(store_url.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    /// The HTTP client, made at its first use since it reads the system's certificates.
    fn client(&self) -> Result<Arc<http::Client>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &opened.client {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(http::Client::new(&self.options, &self.routes)?);
        opened.client = Some(Arc::clone(&client));
        Ok(client)
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The local files that a published path means, when it is a glob of the file system.
fn globbed(published: &str) -> Result<Option<Local>> {
    match Location::parse(published)? {
        Location::Local(local) if pattern::is_glob(published) => Ok(Some(local)),
        Location::Local(_) | Location::Http(_) | Location::Bucket(_) => Ok(None),
    }
}

/// How an object found by a glob, folder or prefix would have been published: the text with its last `globs` segments replaced.
fn named(published: &str, globs: usize, name: &str) -> String {
    let mut fixed = published.trim_end_matches('/');
    for _ in 0..globs {
        fixed = fixed.rsplit_once('/').map_or("", |(before, _)| before);
    }
    match fixed {
        "" if published.starts_with('/') => format!("/{name}"),
        "" => name.to_owned(),
        fixed => format!("{fixed}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_found_are_named_as_published() {
        let cases = [
            ("data/*.csv", 1, "a.csv", "data/a.csv"),
            ("*.csv", 1, "a.csv", "a.csv"),
            ("/*.csv", 1, "a.csv", "/a.csv"),
            ("data/", 0, "b/a.csv", "data/b/a.csv"),
            ("data/**/*.csv", 2, "b/a.csv", "data/b/a.csv"),
            ("s3://b/y/*.csv", 1, "a.csv", "s3://b/y/a.csv"),
            ("s3://b/y/", 0, "a.csv", "s3://b/y/a.csv"),
            ("s3://b", 0, "a.csv", "s3://b/a.csv"),
        ];
        for (published, globs, name, expected) in cases {
            assert_eq!(named(published, globs, name), expected, "{published}");
        }
    }
}
