//! Buckets of S3 (and what speaks its protocol), Azure and GCS: how a store for one is built from the environment and the settings,
//! and which of its objects a key means.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};

use super::failure::source_error;
use super::location::{BucketKey, Vendor};
use super::{Options, named};
use crate::descriptor::pattern::{Pattern, is_glob, is_hidden};
use crate::error::{Error, Kind, Result};

/// Names of environment variables or settings, any of which means that requests are to be signed.
const S3_CREDENTIALS: &[&str] = &[
    "aws_access_key_id",
    "aws_web_identity_token_file",
    "aws_container_credentials_relative_uri",
    "aws_container_credentials_full_uri",
    "aws_skip_signature",
];
const AZURE_CREDENTIALS: &[&str] = &[
    "azure_storage_account_key",
    "azure_storage_access_key",
    "azure_storage_sas_key",
    "azure_storage_sas_token",
    "azure_storage_token",
    "azure_client_id",
    "azure_storage_client_id",
    "azure_federated_token_file",
    "azure_use_azure_cli",
    "azure_msi_endpoint",
    "azure_skip_signature",
];
const GCS_CREDENTIALS: &[&str] = &[
    "service_account",
    "google_service_account",
    "google_service_account_path",
    "google_service_account_key",
    "google_application_credentials",
    "google_skip_signature",
];

/// A store for the bucket. Without credentials requests are not signed, as open buckets want it; machine identities (IMDS) are used
/// when `AWS_SKIP_SIGNATURE`, `AZURE_SKIP_SIGNATURE` or `GOOGLE_SKIP_SIGNATURE` says `false`.
pub(super) fn open(at: &BucketKey, options: &Options) -> Result<Arc<dyn ObjectStore>> {
    match at.vendor {
        Vendor::S3 => open_s3(at, options),
        Vendor::Azure => open_azure(at, options),
        Vendor::Gcs => open_gcs(at, options),
    }
    .map_err(|e| match e.downcast::<object_store::Error>() {
        Ok(e) => Error::new(Kind::Config, format!("{} can't be opened: {e}", at.store_url)).caused_by(e),
        Err(e) => Error::new(Kind::Config, format!("{} can't be opened: {e}", at.store_url)),
    })
}

/// The objects that the key means, in the order of their names, each with its URL as published: one to the letter, those a glob
/// matches, or those under a prefix.
pub(super) async fn find(published: &str, store: &dyn ObjectStore, at: &BucketKey) -> Result<Vec<(String, ObjectMeta)>> {
    let failed = |e| source_error(published, e);
    if !at.key.is_empty() && !at.key.ends_with('/') {
        let path = Path::parse(&at.key).map_err(|e| failed(e.into()))?;
        match store.head(&path).await {
            Ok(meta) => return Ok(vec![(published.to_owned(), meta)]),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(e) => return Err(failed(e)),
        }
    }
    let (base, glob) = if is_glob(&at.key) { fixed_part(&at.key) } else { (at.key.trim_end_matches('/'), "") };
    let pattern = if glob.is_empty() { None } else { Some(Pattern::parse(glob)?) };
    let globs = if glob.is_empty() { 0 } else { glob.split('/').count() };
    let prefix = Path::parse(base).map_err(|e| failed(e.into()))?;
    let mut listing = store.list(if base.is_empty() { None } else { Some(&prefix) });
    let mut found = Vec::new();
    while let Some(meta) = listing.try_next().await.map_err(failed)? {
        let key = meta.location.as_ref();
        let name = key.strip_prefix(prefix.as_ref()).unwrap_or(key).trim_start_matches('/');
        let hidden = name.is_empty() || name.split('/').any(is_hidden);
        if !hidden && pattern.as_ref().is_none_or(|p| p.matches(name)) {
            found.push((named(published, globs, name), meta));
        }
    }
    if found.is_empty() {
        return Err(Error::new(Kind::SourceMissing, format!("no object matches {published}")));
    }
    found.sort_unstable_by(|(_, a), (_, b)| a.location.cmp(&b.location));
    Ok(found)
}

/// The segments of a glob before the first that holds a glob character, and the rest.
fn fixed_part(glob: &str) -> (&str, &str) {
    let first = glob.find(['*', '?', '[']).unwrap_or(glob.len());
    glob[..first].rfind('/').map_or(("", glob), |slash| (&glob[..slash], &glob[slash + 1..]))
}

type Opened = Result<Arc<dyn ObjectStore>, Box<dyn std::error::Error + Send + Sync>>;

fn open_s3(at: &BucketKey, options: &Options) -> Opened {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&at.bucket).with_retry(retries(options));
    for (key, value) in client_settings(options) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
    }
    for (key, value) in settings::<AmazonS3ConfigKey>(options, &["aws_"])? {
        builder = builder.with_config(key, value);
    }
    if !has(options, S3_CREDENTIALS) {
        builder = builder.with_skip_signature(true);
    }
    Ok(Arc::new(builder.build()?))
}

fn open_azure(at: &BucketKey, options: &Options) -> Opened {
    let mut builder = MicrosoftAzureBuilder::from_env().with_retry(retries(options));
    for (key, value) in client_settings(options) {
        builder = builder.with_config(AzureConfigKey::Client(key), value);
    }
    for (key, value) in settings::<AzureConfigKey>(options, &["azure_"])? {
        builder = builder.with_config(key, value);
    }
    builder = match &at.account_host {
        Some(host) => builder.with_url(format!("abfss://{}@{host}/", at.bucket)),
        None => builder.with_container_name(&at.bucket),
    };
    if !has(options, AZURE_CREDENTIALS) {
        builder = builder.with_skip_signature(true);
    }
    Ok(Arc::new(builder.build()?))
}

fn open_gcs(at: &BucketKey, options: &Options) -> Opened {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&at.bucket).with_retry(retries(options));
    for (key, value) in client_settings(options) {
        builder = builder.with_config(GoogleConfigKey::Client(key), value);
    }
    for (key, value) in settings::<GoogleConfigKey>(options, &["google_", "service_account"])? {
        builder = builder.with_config(key, value);
    }
    if !has(options, GCS_CREDENTIALS) {
        builder = builder.with_skip_signature(true);
    }
    Ok(Arc::new(builder.build()?))
}

fn retries(options: &Options) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: options.backoff, ..BackoffConfig::default() };
    let default = RetryConfig::default();
    RetryConfig { backoff, max_retries: options.retries, ..default }
}

/// `object_store` knows no timeout between bytes, only one for a whole answer: it is set so far out that it ends what hangs and not
/// what is large (a body that it cuts is resumed).
fn client_settings(options: &Options) -> [(ClientConfigKey, String); 2] {
    let text = |d: Duration| format!("{} ms", d.as_millis());
    [
        (ClientConfigKey::ConnectTimeout, text(options.connect_timeout)),
        (ClientConfigKey::Timeout, text(options.read_timeout.saturating_mul(20))),
    ]
}

/// The vendor's own of [`Options::settings`]; a name that it does not know is an error.
fn settings<K: FromStr<Err = object_store::Error>>(
    options: &Options,
    prefixes: &[&str],
) -> Result<Vec<(K, String)>, object_store::Error> {
    let names = options.settings.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    names
        .filter(|(name, _)| prefixes.iter().any(|p| name.starts_with(p)))
        .map(|(name, value)| Ok((K::from_str(&name)?, value.clone())))
        .collect()
}

/// Whether the settings or the environment hold one of `names`, which are in lower case.
fn has(options: &Options, names: &[&str]) -> bool {
    let set = |name: &&str| {
        options.settings.iter().any(|(key, _)| key.eq_ignore_ascii_case(name))
            || std::env::var_os(name.to_ascii_uppercase()).is_some()
    };
    names.iter().any(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::location::Location;

    #[test]
    fn a_glob_is_listed_from_its_fixed_part() {
        let cases = [
            ("a/b/*.csv", ("a/b", "*.csv")),
            ("a/b*/c", ("a", "b*/c")),
            ("*.csv", ("", "*.csv")),
            ("a/[0-9]/x", ("a", "[0-9]/x")),
        ];
        for (glob, parts) in cases {
            assert_eq!(fixed_part(glob), parts, "{glob}");
        }
    }

    #[tokio::test]
    async fn stores_are_built_from_urls_and_settings() {
        let options = Options {
            settings: [
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
                ("aws_allow_http", "true"),
                ("azure_storage_account_name", "acc"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
            ..Options::default()
        };
        for url in ["s3://city/a.csv", "gs://city/a.csv", "az://city/a.csv", "abfss://city@acc.dfs.core.windows.net/a.csv"] {
            let Ok(Location::Bucket(at)) = Location::parse(url) else { panic!("{url} names a bucket") };
            let opened = open(&at, &options).map(|store| store.to_string());
            assert!(opened.as_ref().is_ok_and(|name| name.contains("city")), "{url}: {opened:?}");
        }
        let wrong = Options { settings: vec![("aws_nonsense".to_owned(), "1".to_owned())], ..Options::default() };
        let Ok(Location::Bucket(at)) = Location::parse("s3://city/a.csv") else { panic!("it names a bucket") };
        let error = open(&at, &wrong).map(|_| ()).map_err(|e| (e.kind(), e.to_string().contains("aws_nonsense")));
        assert_eq!(error, Err((Kind::Config, true)));
    }
}
