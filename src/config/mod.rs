//! Configuration in two steps: [`RawConfig`] is the command line and the environment as typed, and [`RawConfig::resolve`] turns
//! it into each layer's own options. How one text becomes a size, a duration or a mirror stands in [`value`].

mod access;
mod compare;
mod export;
mod memory;
mod place;
mod raw;
#[cfg(test)]
mod tests;
mod value;

use std::path::{Path, PathBuf};
use std::time::Duration;

use raw::{
    RawCatalog, RawCatalogAction, RawCatalogCommand, RawCommand, RawPrune, RawQuery, RawSearch, RawServe, RawShared, RawUser,
    RawUserAction,
};
pub use raw::{RawConfig, command};

use crate::cli::format::Format;
use crate::cli::{
    catalog as harvests, compare as compares, export as exports, inspect, prune, query, refresh, serve, shell, show, user,
};
use crate::descriptor::published::Standard;
use crate::error::{Error, Kind, Result};
use crate::{catalog, engine, generate, snapshot, store, wire};

/// What to do, with every value checked.
#[derive(Clone, Debug)]
pub enum Config {
    /// `stoa serve`: a server until it is told to stop.
    Serve { engine: engine::Options, serve: serve::Options, wire: wire::Options },
    /// `stoa query`: one query string, then the end.
    Query { engine: engine::Options, query: query::Options },
    /// `stoa shell`: statements as they are typed.
    Shell { engine: engine::Options, shell: shell::Options },
    /// `stoa refresh`: tables read ahead of time.
    Refresh { engine: engine::Options, refresh: refresh::Options },
    /// `stoa prune`: old snapshots removed.
    Prune { engine: engine::Options, prune: prune::Options },
    /// `stoa inspect`: what one file is, and its descriptor; no engine.
    Inspect { store: store::Options, snapshot: snapshot::Options, inspect: inspect::Options },
    /// `stoa user`: who may log in; no engine.
    User { user: user::Options },
    /// `stoa catalog`: the catalogs that a state harvests; no engine.
    Catalog { store: store::Options, catalog: harvests::Options },
    /// `stoa show`: all that is known of a dataset.
    Show { engine: engine::Options, show: show::Options },
    /// `stoa catalog export`: a catalog as other platforms read it.
    Export { engine: engine::Options, export: exports::Options },
    /// `stoa compare`: queries under several variants; it starts the engines it needs.
    Compare { compare: compares::Options },
    /// `stoa generate`: a synthetic dataset, at a scale and into a folder; no engine.
    Generate { dataset: Synthetic, scale: f64, dir: PathBuf },
}

/// What `stoa generate` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synthetic {
    City,
    Tpch,
    ClickBench,
}

impl RawConfig {
    /// Checks every value. The error ([`Kind::Config`]) names the option, the value and what is taken.
    ///
    /// ```
    /// use clap::Parser;
    /// use stoa::config::{Config, RawConfig};
    ///
    /// let raw = RawConfig::try_parse_from(["stoa", "query", "select 1", "--memory", "2GiB"]).expect("it is well formed");
    /// let Config::Query { engine, .. } = raw.resolve().expect("every value is taken") else { unreachable!() };
    /// assert_eq!(engine.memory, 2 << 30);
    /// ```
    pub fn resolve(self) -> Result<Config> {
        match self.command {
            RawCommand::Serve(raw) => {
                let (serve, wire) = serve_options(&raw)?;
                Ok(Config::Serve { engine: engine_options(&self.shared)?, serve, wire })
            }
            RawCommand::Query(raw) => Ok(Config::Query { query: query_options(raw)?, engine: engine_options(&self.shared)? }),
            RawCommand::Shell(raw) => {
                let engine = engine_options(&self.shared)?;
                let shell = shell::Options {
                    database: raw.database,
                    format: format(&raw.format)?,
                    history: engine.cache.join("history"),
                };
                Ok(Config::Shell { engine, shell })
            }
            RawCommand::Refresh(raw) => {
                let refresh = refresh::Options { database: raw.database, names: raw.names };
                Ok(Config::Refresh { engine: engine_options(&self.shared)?, refresh })
            }
            RawCommand::Prune(raw) => {
                let engine = engine_options(&self.shared)?;
                let prune = prune_options(raw, engine.snapshot.retention)?;
                Ok(Config::Prune { engine, prune })
            }
            RawCommand::Inspect(raw) => {
                let (store, snapshot) = (store_options(&self.shared)?, snapshot_options(&self.shared)?);
                Ok(Config::Inspect { store, snapshot, inspect: inspect::Options { place: raw.place, rejects: raw.rejects } })
            }
            RawCommand::User(raw) => Ok(Config::User { user: user_options(raw)? }),
            RawCommand::Search(raw) => Ok(Config::Query { query: search_options(raw)?, engine: engine_options(&self.shared)? }),
            RawCommand::Show(raw) => {
                let show = show::Options { dataset: raw.dataset, database: raw.database, json: raw.json };
                Ok(Config::Show { engine: engine_options(&self.shared)?, show })
            }
            RawCommand::Catalog(RawCatalog { command: RawCatalogCommand::Export(raw), .. }) => {
                Ok(Config::Export { export: export::options(raw)?, engine: engine_options(&self.shared)? })
            }
            RawCommand::Catalog(RawCatalog { command: RawCatalogCommand::Harvest(action), pause }) => {
                let state = snapshot_options(&self.shared)?.cache;
                let catalog = harvests::Options { state, action: harvest(action)?, pause: duration("--pause", &pause)? };
                Ok(Config::Catalog { store: store_options(&self.shared)?, catalog })
            }
            RawCommand::Compare(raw) => Ok(Config::Compare { compare: compare::options(raw, &self.shared)? }),
            RawCommand::Generate(raw) => {
                let taken = format!("a number above 0 and up to {}, such as 0.01", generate::MAX_SCALE);
                let scale = value::parse("--scale", &raw.scale, |text| value::scale(text, generate::MAX_SCALE), &taken)?;
                let named = |name: &str| match name {
                    "city" => Some(Synthetic::City),
                    "tpch" => Some(Synthetic::Tpch),
                    "clickbench" => Some(Synthetic::ClickBench),
                    _ => None,
                };
                let dataset = value::parse("--dataset", &raw.dataset, named, "city, tpch or clickbench")?;
                Ok(Config::Generate { dataset, scale, dir: raw.dir })
            }
        }
    }
}

fn engine_options(raw: &RawShared) -> Result<engine::Options> {
    let snapshot = snapshot_options(raw)?;
    // Where only harvested catalogs are served, nobody has to say that there is no folder beside them.
    let is_absent = raw.catalog == [DEFAULT_CATALOG] && !Path::new(DEFAULT_CATALOG).exists();
    let given = if is_absent && catalog::is_harvested(&snapshot.cache) { &[] } else { raw.catalog.as_slice() };
    let catalogs = given.iter().map(|text| catalog(text)).collect::<Result<_>>()?;
    let memory = match &raw.memory {
        Some(text) => value::parse("--memory", text, value::size, value::SIZES)?,
        None => memory::default_share(),
    };
    let threads = match &raw.threads {
        Some(text) => value::parse("--threads", text, value::count, "a number from 1 to 1024")?,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    Ok(engine::Options {
        catalogs,
        cache: snapshot.cache.clone(),
        store: store_options(raw)?,
        snapshot,
        memory,
        result_cache: value::parse("--result-cache", &raw.result_cache, value::size_or_none, value::SIZES_OR_NONE)?,
        statement_timeout: duration("--statement-timeout", &raw.statement_timeout)?,
        threads,
    })
}

fn snapshot_options(raw: &RawShared) -> Result<snapshot::Options> {
    let state = store::Place::parse(&raw.state)?;
    let cache = place::cache(raw.cache.as_deref(), &state)?;
    let size = |option: &str, text: &str| value::parse(option, text, value::size, value::SIZES);
    let limit = |option: &str, text: &str| value::parse(option, text, value::limit, "a number from 1 to 1000000000");
    Ok(snapshot::Options {
        state,
        cache,
        grace: waiting("--grace", &raw.grace)?,
        revalidate: duration("--revalidate", &raw.revalidate)?,
        touch_timeout: duration("--touch-timeout", &raw.touch_timeout)?,
        max_file_bytes: size("--max-file-size", &raw.max_file_size)? as u64,
        max_archive_bytes: size("--max-archive-size", &raw.max_archive_size)? as u64,
        max_ratio: limit("--max-ratio", &raw.max_ratio)? as u64,
        max_members: limit("--max-members", &raw.max_members)?,
        max_nesting: limit("--max-nesting", &raw.max_nesting)?,
        max_columns: limit("--max-columns", &raw.max_columns)?,
        max_field_bytes: size("--max-field-size", &raw.max_field_size)?,
        retention: snapshot::Retention {
            keep: kept("--keep-snapshots", &raw.keep_snapshots)?,
            older_than: age("--keep-for", &raw.keep_for)?,
        },
        keep_raw: raw.keep_raw,
        profile: true,
    })
}

/// What `stoa prune` removes: as a server would, unless something is said; then what is not said does not hold anything back.
fn prune_options(raw: RawPrune, server: snapshot::Retention) -> Result<prune::Options> {
    let retention = match (&raw.keep, &raw.older_than) {
        (None, None) => server,
        (keep, older_than) => snapshot::Retention {
            keep: keep.as_deref().map_or(Ok(1), |text| kept("--keep", text))?,
            older_than: older_than.as_deref().map_or(Ok(Duration::ZERO), |text| age("--older-than", text))?,
        },
    };
    Ok(prune::Options { names: raw.names, retention, dry_run: raw.dry_run })
}

fn kept(option: &str, text: &str) -> Result<usize> {
    value::parse(option, text, value::kept, "a number of 1 or more")
}

fn age(option: &str, text: &str) -> Result<Duration> {
    value::parse(option, text, value::age, value::AGES)
}

fn store_options(raw: &RawShared) -> Result<store::Options> {
    let mirrors = raw.mirror.iter().map(|text| value::parse("--mirror", text, value::mirror, value::MIRRORS));
    Ok(store::Options {
        mirrors: mirrors.collect::<Result<_>>()?,
        retries: value::parse("--http-retries", &raw.http_retries, value::retries, "a number from 0 to 100")?,
        connect_timeout: waiting("--connect-timeout", &raw.connect_timeout)?,
        read_timeout: waiting("--read-timeout", &raw.read_timeout)?,
        ..store::Options::default()
    })
}

fn serve_options(raw: &RawServe) -> Result<(serve::Options, wire::Options)> {
    let listen = match &raw.listen {
        Some(text) => Some(value::parse("--listen", text, value::address, "ADDR:PORT, such as 127.0.0.1:5432 or [::1]:5432")?),
        None => None,
    };
    let max_connections =
        value::parse("--max-connections", &raw.max_connections, value::connections, "a number from 1 to 100000")?;
    let drain = duration("--drain", &raw.drain)?;
    let authentication_timeout = access::authentication_timeout(&raw.auth_timeout)?;
    let access = access::access(raw)?;
    let serve = serve::Options { listen, unguarded: access.method == wire::Method::Trust && !access.trust_remote };
    Ok((serve, wire::Options { max_connections, drain, authentication_timeout, access, ..wire::Options::default() }))
}

fn user_options(raw: RawUser) -> Result<user::Options> {
    let users = raw.users.ok_or_else(|| {
        Error::new(Kind::Config, "which file of roles is not said")
            .with_hint("Name it with --users FILE or STOA_USERS, as for stoa serve.")
    })?;
    let action = match raw.action {
        RawUserAction::Add { name, password_stdin, no_password } => {
            let password = match (password_stdin, no_password) {
                (true, _) => user::Password::Stdin,
                (false, true) => user::Password::None,
                (false, false) => user::Password::Terminal,
            };
            user::Action::Add { name, password }
        }
        RawUserAction::Remove { name } => user::Action::Remove { name },
        RawUserAction::List => user::Action::List,
    };
    Ok(user::Options { users, action })
}

/// A search is a query of the catalog's own.
fn search_options(raw: RawSearch) -> Result<query::Options> {
    let words = raw.words.join(" ").replace('\'', "''");
    let sql = format!(
        "SELECT identifier, title, publisher, license_spdx AS license, modified, array_to_string(tables, ', ') AS tables
         FROM catalog.search('{words}') ORDER BY rank DESC, identifier LIMIT {}",
        raw.most
    );
    Ok(query::Options { database: raw.database, source: query::Source::Text(sql), format: format(&raw.format)?, output: None })
}

fn harvest(raw: RawCatalogAction) -> Result<harvests::Action> {
    let kinds = Standard::ALL.map(Standard::name).join(", ");
    Ok(match raw {
        RawCatalogAction::Add { name, location, kind } => {
            let standard = kind.map(|kind| value::parse("--kind", &kind, Standard::of_name, &kinds)).transpose()?;
            harvests::Action::Add { name, location, standard }
        }
        RawCatalogAction::Refresh { names } => harvests::Action::Refresh { names },
        RawCatalogAction::List => harvests::Action::List,
        RawCatalogAction::Remove { name } => harvests::Action::Remove { name },
    })
}

fn query_options(raw: RawQuery) -> Result<query::Options> {
    let source = match (raw.sql, raw.file) {
        (Some(sql), _) => query::Source::Text(sql),
        (None, Some(file)) if file == Path::new("-") => query::Source::Stdin,
        (None, Some(file)) => query::Source::File(file),
        (None, None) => {
            return Err(Error::new(Kind::Config, "no SQL to run").with_hint("Give it as an argument, or a file with -f."));
        }
    };
    Ok(query::Options { database: raw.database, source, format: format(&raw.format)?, output: raw.output })
}

/// `[NAME=]DIR|URL`. What stands before a `=` is a name unless it looks like a part of a path or URL.
fn catalog(text: &str) -> Result<catalog::Source> {
    let (name, location) = value::named(text);
    if location.is_empty() {
        return Err(value::refused("--catalog", text, "a folder, a descriptor file or a URL, with NAME= before it if you like"));
    }
    if let Some(name) = name
        && crate::name::Identifier::from_title(name).as_str() != name
    {
        let hint = format!(
            "A database's name is of lower-case letters, digits and _, such as {:?}; a folder with a = in its name is written ./{text}.",
            crate::name::Identifier::from_title(name).as_str()
        );
        return Err(Error::new(Kind::Config, format!("--catalog does not take the name {name:?}")).with_hint(hint));
    }
    Ok(catalog::Source { name: name.map(str::to_owned), location: location.to_owned() })
}

fn format(text: &str) -> Result<Format> {
    value::parse("--format", text, Format::from_name, Format::NAMES)
}

fn duration(option: &str, text: &str) -> Result<Duration> {
    value::parse(option, text, value::duration, value::DURATIONS)
}

/// A duration during which something must happen: zero would forbid it.
fn waiting(option: &str, text: &str) -> Result<Duration> {
    let above_zero = |text: &str| value::duration(text).filter(|d| !d.is_zero());
    value::parse(option, text, above_zero, "a duration above zero, such as 10s or 1min, up to 24d; a bare number is milliseconds")
}

/// Where the state is unless told: beside the data, as `.git` is beside the work.
const DEFAULT_STATE: &str = ".stoa";
/// The catalog that is served unless told.
const DEFAULT_CATALOG: &str = "datasets";
