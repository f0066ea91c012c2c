//! The command line and the environment as typed: texts, not yet looked at. What they mean is [`super`]'s business.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::compare::RawCompare;
use super::export::RawExport;

/// Every option as typed.
#[derive(Clone, Debug, Parser)]
#[command(name = "stoa", version, about = "An embedded query engine for open data, behind one Postgres-compatible endpoint")]
#[command(
    after_help = "Durations are as in PostgreSQL: 500 (milliseconds), 30s, 5min, 1h, 1d. Sizes too: 512MB, 2GiB (1 kB is 1024 bytes).\n\
                        Logs go to standard error; STOA_LOG chooses them, such as STOA_LOG=stoa=debug."
)]
pub struct RawConfig {
    #[command(flatten)]
    pub(super) shared: RawShared,
    #[command(subcommand)]
    pub(super) command: RawCommand,
}

impl RawConfig {
    /// Reads the process's arguments and environment. Ends the process with a message and code 2 when they are not well formed, and
    /// with 0 after `--help` and `--version`.
    pub fn read() -> Self {
        Self::parse()
    }
}

/// The command line's own description: every command, option and help text.
pub fn command() -> clap::Command {
    RawConfig::command()
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RawCommand {
    /// Serve the catalogs to Postgres clients
    Serve(RawServe),
    /// Run SQL without a server and print the rows
    Query(RawQuery),
    /// Type SQL, with history and completion
    Shell(RawShell),
    /// Read tables ahead of time, those whose source changed
    Refresh(RawRefresh),
    /// Remove old snapshots that nobody reads
    Prune(RawPrune),
    /// Read one file, say what it is, and print the descriptor to keep
    Inspect(RawInspect),
    /// Say who may log in, in the file of roles that serve --users names
    User(RawUser),
    /// Find datasets by words, the best first
    Search(RawSearch),
    /// Show all that is known of a dataset
    Show(RawShow),
    /// Harvest the catalogs of other platforms, whose datasets are tables from then on, and write a catalog for them
    Catalog(RawCatalog),
    /// Run queries under several variants: answers, times, and plans operator by operator
    Compare(RawCompare),
    /// Write the synthetic city's datasets, or the tables of benchmarks
    Generate(RawGenerate),
}

/// Options that commands share. `inspect` opens no engine and takes those of stores and snapshots; `generate` takes none.
#[derive(Clone, Debug, Args)]
pub(super) struct RawShared {
    /// A catalog: a folder, a descriptor file, or the URL of a descriptor, and the database name it gets; may be repeated
    #[arg(long, global = true, value_name = "[NAME=]DIR|URL", env = "STOA_CATALOG", default_value = super::DEFAULT_CATALOG)]
    pub catalog: Vec<String>,
    /// Where snapshots are kept: a folder, or a bucket with a prefix (s3://bucket/prefix), which several servers may share
    #[arg(long, global = true, value_name = "DIR|URL", env = "STOA_STATE", default_value = super::DEFAULT_STATE)]
    pub state: String,
    /// The folder of this machine for the index, spill files and what is being written [default: the state's folder; for a
    /// bucket, a folder in the user's cache]
    #[arg(long, global = true, value_name = "DIR", env = "STOA_CACHE")]
    pub cache: Option<PathBuf>,
    /// How long the files of a snapshot that was replaced outlive it, for those who still read them; the same for all servers of a state
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_GRACE", default_value = "1h")]
    pub grace: String,
    /// Read URLs that start with PREFIX from URL (or a folder) in its place; may be repeated. The first = with a scheme, a slash or a
    /// dot behind it stands between the two
    #[arg(long, global = true, value_name = "PREFIX=URL", env = "STOA_MIRROR")]
    pub mirror: Vec<String>,
    /// Memory that all queries share; beyond it they spill to disk [default: half of the machine's or container's]
    #[arg(long, global = true, value_name = "SIZE", env = "STOA_MEMORY")]
    pub memory: Option<String>,
    /// Memory beside that for answers that are given again while their tables are the same; 0 for none
    #[arg(long, global = true, value_name = "SIZE", env = "STOA_RESULT_CACHE", default_value = "64MiB")]
    pub result_cache: String,
    /// Stop a statement that runs longer; 0 for never. Sessions change it with SET statement_timeout
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_STATEMENT_TIMEOUT", default_value = "0")]
    pub statement_timeout: String,
    /// Threads that plan and run queries [default: one for each core]
    #[arg(long, global = true, value_name = "N", env = "STOA_THREADS")]
    pub threads: Option<String>,
    /// How often a request that failed in passing is tried again
    #[arg(long, global = true, value_name = "N", env = "STOA_HTTP_RETRIES", default_value = "3")]
    pub http_retries: String,
    /// The longest wait for a publisher's server to answer
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_CONNECT_TIMEOUT", default_value = "10s")]
    pub connect_timeout: String,
    /// The longest wait for the next byte of an answer
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_READ_TIMEOUT", default_value = "30s")]
    pub read_timeout: String,
    /// How long a remote file is taken to be unchanged before its publisher is asked again, where its dataset does not say
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_REVALIDATE", default_value = "1min")]
    pub revalidate: String,
    /// How many snapshots of a table stay for FOR SYSTEM_TIME AS OF; one at least
    #[arg(long, global = true, value_name = "N", env = "STOA_KEEP_SNAPSHOTS", default_value = "10")]
    pub keep_snapshots: String,
    /// How long a snapshot stays after another took its place, whatever their number
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_KEEP_FOR", default_value = "0")]
    pub keep_for: String,
    /// Keep the bytes as received beside what is made of them
    #[arg(long, global = true, env = "STOA_KEEP_RAW")]
    pub keep_raw: bool,
    /// Stop reading a table for the first time, or again, after so long; 0 for never
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_TOUCH_TIMEOUT", default_value = "6h")]
    pub touch_timeout: String,
    /// The largest published file, and the largest member of an archive when unpacked
    #[arg(long, global = true, value_name = "SIZE", env = "STOA_MAX_FILE_SIZE", default_value = "1TB")]
    pub max_file_size: String,
    /// The most that one published file may unpack to
    #[arg(long, global = true, value_name = "SIZE", env = "STOA_MAX_ARCHIVE_SIZE", default_value = "1TB")]
    pub max_archive_size: String,
    /// How many times its size a published file may unpack to, beyond 64 MB
    #[arg(long, global = true, value_name = "N", env = "STOA_MAX_RATIO", default_value = "500")]
    pub max_ratio: String,
    /// The most members of an archive
    #[arg(long, global = true, value_name = "N", env = "STOA_MAX_MEMBERS", default_value = "100000")]
    pub max_members: String,
    /// The most packings around a file, such as gzip in a zip archive
    #[arg(long, global = true, value_name = "N", env = "STOA_MAX_NESTING", default_value = "4")]
    pub max_nesting: String,
    /// The most columns of a table
    #[arg(long, global = true, value_name = "N", env = "STOA_MAX_COLUMNS", default_value = "10000")]
    pub max_columns: String,
    /// The longest field of a published file
    #[arg(long, global = true, value_name = "SIZE", env = "STOA_MAX_FIELD_SIZE", default_value = "16MB")]
    pub max_field_size: String,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawServe {
    /// Where to listen [default: 127.0.0.1:5432, or the next free port]
    #[arg(long, value_name = "ADDR:PORT", env = "STOA_LISTEN")]
    pub listen: Option<String>,
    /// Connections at a time; one more is refused
    #[arg(long, value_name = "N", env = "STOA_MAX_CONNECTIONS", default_value = "100")]
    pub max_connections: String,
    /// How long running statements may go on after Ctrl-C or SIGTERM
    #[arg(long, value_name = "DURATION", env = "STOA_DRAIN", default_value = "30s")]
    pub drain: String,
    /// The file of roles that `stoa user` writes; who is not in it is not let in. It is read again when it changes
    #[arg(long, value_name = "FILE", env = "STOA_USERS")]
    pub users: Option<PathBuf>,
    /// How clients show who they are: trust (they say so), scram (by password) or cert (the common name of a client certificate)
    /// [default: scram with --users, else trust, which other machines are not let in by]
    #[arg(long, value_name = "METHOD", env = "STOA_AUTH")]
    pub auth: Option<String>,
    /// Let other machines in by trust too
    #[arg(long, env = "STOA_TRUST_REMOTE")]
    pub trust_remote: bool,
    /// How long a client may take from its first byte to the end of its login
    #[arg(long, value_name = "DURATION", env = "STOA_AUTH_TIMEOUT", default_value = "30s")]
    pub auth_timeout: String,
    /// The server's certificate and those between it and its authority, in PEM. SIGHUP loads the files of TLS again
    #[arg(long, value_name = "FILE", env = "STOA_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM and without a passphrase
    #[arg(long, value_name = "FILE", env = "STOA_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// When TLS is spoken: prefer (with clients that ask for it), require (sessions in plain text are refused) or off
    /// [default: prefer with --tls-cert, else off]
    #[arg(long, value_name = "WHEN", env = "STOA_TLS")]
    pub tls: Option<String>,
    /// Authorities of client certificates, in PEM; a certificate that a client shows must be of one of them
    #[arg(long, value_name = "FILE", env = "STOA_TLS_CLIENT_CA")]
    pub tls_client_ca: Option<PathBuf>,
    /// What is asked of client certificates beside --auth: optional (none need be shown), verify-ca (a good one) or verify-full (with
    /// the role as its common name) [default: optional]
    #[arg(long, value_name = "WHAT", env = "STOA_CLIENT_CERT")]
    pub client_cert: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawUser {
    /// The file of roles
    #[arg(long, global = true, value_name = "FILE", env = "STOA_USERS")]
    pub users: Option<PathBuf>,
    #[command(subcommand)]
    pub action: RawUserAction,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RawUserAction {
    /// Add a role, or give it another password, which is asked for twice
    Add {
        #[arg(value_name = "NAME")]
        name: String,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
        /// Without a password: the role comes in by certificate (serve --auth cert)
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// Remove a role; sessions that it has go on
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// List the roles
    List,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawQuery {
    /// The statements to run, in order
    #[arg(value_name = "SQL", required_unless_present = "file", conflicts_with = "file")]
    pub sql: Option<String>,
    /// Read the statements from a file; - for standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The catalog to ask [default: the first]
    #[arg(short, long, value_name = "NAME", env = "STOA_DATABASE")]
    pub database: Option<String>,
    /// How rows are written: table, csv, json, ndjson, parquet or arrow
    #[arg(long, value_name = "FORMAT", env = "STOA_FORMAT", default_value = "table")]
    pub format: String,
    /// Write the rows to a file, which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawShell {
    /// The catalog to ask [default: the first]
    #[arg(short, long, value_name = "NAME", env = "STOA_DATABASE")]
    pub database: Option<String>,
    /// How rows are written: table, csv, json or ndjson; \format changes it
    #[arg(long, value_name = "FORMAT", env = "STOA_FORMAT", default_value = "table")]
    pub format: String,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawRefresh {
    /// The tables, and the themes all of whose tables are meant
    #[arg(value_name = "SCHEMA.TABLE|THEME", required_unless_present = "all", conflicts_with = "all")]
    pub names: Vec<String>,
    /// Every table of the catalog
    #[arg(long)]
    pub all: bool,
    /// The catalog [default: the first]
    #[arg(short, long, value_name = "NAME", env = "STOA_DATABASE")]
    pub database: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawPrune {
    /// Only of these tables, and of the themes all of whose tables are meant
    #[arg(value_name = "SCHEMA.TABLE|THEME")]
    pub names: Vec<String>,
    /// Only those that another took the place of so long ago [default: with --keep any, else as --keep-for says]
    #[arg(long, value_name = "DURATION")]
    pub older_than: Option<String>,
    /// How many of each table's newest stay [default: with --older-than the current one, else as --keep-snapshots says]
    #[arg(long, value_name = "N")]
    pub keep: Option<String>,
    /// Only say what would go
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawInspect {
    /// The file: a path, or a URL
    #[arg(value_name = "FILE|URL")]
    pub place: String,
    /// How many rejects to show
    #[arg(long, value_name = "N", default_value = "10")]
    pub rejects: usize,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawSearch {
    /// The words, all of which a dataset has to have if there is one that does; the ends of words may be left out
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,
    /// The catalog to ask [default: the first]
    #[arg(short, long, value_name = "NAME", env = "STOA_DATABASE")]
    pub database: Option<String>,
    /// How many are shown
    #[arg(long, value_name = "N", default_value = "20")]
    pub most: u32,
    /// How rows are written: table, csv, json, ndjson, parquet or arrow
    #[arg(long, value_name = "FORMAT", env = "STOA_FORMAT", default_value = "table")]
    pub format: String,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawShow {
    /// A table of it as theme.table or catalog.theme.table, its identifier, or its title
    #[arg(value_name = "DATASET")]
    pub dataset: String,
    /// The catalog to look in [default: the first]
    #[arg(short, long, value_name = "NAME", env = "STOA_DATABASE")]
    pub database: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawCatalog {
    #[command(subcommand)]
    pub command: RawCatalogCommand,
    /// How long to wait between two requests of a platform
    #[arg(long, global = true, value_name = "DURATION", env = "STOA_PAUSE", default_value = "100ms")]
    pub pause: String,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RawCatalogCommand {
    #[command(flatten)]
    Harvest(RawCatalogAction),
    /// Write a catalog, with all that is known of its datasets, as other platforms read it
    Export(RawExport),
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum RawCatalogAction {
    /// Harvest a catalog: Data Package, DCAT, DCAT-US, CKAN, Socrata, udata, Opendatasoft, STAC, CSVW, schema.org, a list of URLs, or the
    /// record form of Shanghai's portal
    Add {
        /// The database's name
        #[arg(value_name = "NAME")]
        name: String,
        /// A portal, a document of its catalog, or a folder of documents
        #[arg(value_name = "URL|FILE|DIR")]
        location: String,
        /// Which kind it is [default: as the documents show]
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
    },
    /// Harvest again what has changed
    Refresh {
        /// Which catalogs [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// List the harvested catalogs
    List,
    /// Forget a harvested catalog
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct RawGenerate {
    /// What to write: city, tpch for the eight tables of TPC-H, or clickbench for a stand-in for ClickBench's table
    #[arg(long, value_name = "NAME", default_value = "city")]
    pub dataset: String,
    /// The size: 1 has ten million trips, TPC-H's six million lines, or a million page views
    #[arg(long, value_name = "N", default_value = "0.01")]
    pub scale: String,
    /// The folder to write to
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
