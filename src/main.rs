//! The binary: what starts, in which order, and what stops.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use stoa::cli::report::Failure;
use stoa::cli::{catalog, compare, export, inspect, prune, query, refresh, serve, shell, show, user};
use stoa::config::{Config, RawConfig, Synthetic};
use stoa::{Engine, Error, Kind, generate, wire};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long threads that are reading when the command ends may go on.
const LAST_READS: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let raw = RawConfig::read();
    match log_to_stderr().map_err(Failure::from).and_then(|()| start(raw)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Resolves the configuration and runs its command on a runtime of its own.
fn start(raw: RawConfig) -> Result<(), Failure> {
    let config = raw.resolve()?;
    let threads = match &config {
        Config::Serve { engine, .. }
        | Config::Query { engine, .. }
        | Config::Shell { engine, .. }
        | Config::Refresh { engine, .. }
        | Config::Show { engine, .. }
        | Config::Export { engine, .. }
        | Config::Prune { engine, .. } => engine.threads,
        Config::Inspect { .. }
        | Config::User { .. }
        | Config::Catalog { .. }
        | Config::Compare { .. }
        | Config::Generate { .. } => 1,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().map_err(Error::from)?;
    let ran = runtime.block_on(run(config));
    runtime.shutdown_timeout(LAST_READS);
    ran
}

async fn run(config: Config) -> Result<(), Failure> {
    match config {
        Config::Serve { engine, serve: options, wire } => {
            let endpoint = wire::Endpoint::load(wire)?;
            let listener = serve::bind(&options).await?;
            let engine = Engine::open(engine)?;
            serve::announce(&engine, &listener, &options, endpoint.a_role())?;
            let serving = endpoint.clone();
            serve::until_told(|stop| serving.serve(listener, Arc::clone(&engine), stop), || endpoint.reload()).await?;
        }
        Config::Query { engine, query } => query::query(&Engine::open(engine)?, &query).await?,
        Config::Shell { engine, shell } => shell::shell(&Engine::open(engine)?, &shell).await?,
        Config::Refresh { engine, refresh } => refresh::refresh(&Engine::open(engine)?, &refresh).await?,
        Config::Prune { engine, prune } => prune::prune(&Engine::open(engine)?, &prune)?,
        Config::Inspect { store, snapshot, inspect: options } => inspect::inspect(store, snapshot, &options).await?,
        Config::User { user: options } => user::user(&options)?,
        Config::Catalog { store, catalog: options } => catalog::catalog(store, options).await?,
        Config::Show { engine, show: options } => show::show(&Engine::open(engine)?, &options)?,
        Config::Export { engine, export: options } => export::export(&Engine::open(engine)?, &options)?,
        Config::Compare { compare: options } => compare::compare(&options).await?,
        Config::Generate { dataset, scale, dir } => {
            let told = |step: generate::Step<'_>| {
                if step.done {
                    eprintln!("{}: {} rows", step.file.display(), step.rows);
                }
            };
            let written = match dataset {
                Synthetic::City => generate::generate(&dir, scale, &told)?,
                Synthetic::Tpch => generate::tpch(&dir, scale, &told)?,
                Synthetic::ClickBench => generate::clickbench(&dir, scale, &told)?,
            };
            eprintln!(
                "{} datasets, {} files, {} rows, {} bytes in {}",
                written.datasets,
                written.files,
                written.rows,
                written.bytes,
                dir.display()
            );
        }
    }
    Ok(())
}

/// `STOA_LOG` chooses what is logged, in `tracing`'s words (`stoa=debug`); warnings unless told. Colours are for terminals only.
fn log_to_stderr() -> Result<(), Error> {
    let words = std::env::var("STOA_LOG").ok().filter(|words| !words.is_empty()).unwrap_or_else(|| "warn".to_owned());
    let filter = EnvFilter::try_new(&words).map_err(|e| {
        Error::new(Kind::Config, format!("STOA_LOG does not take {words:?}: {e}"))
            .with_hint("It takes a level (error, warn, info, debug, trace), or one for a part: stoa=debug,warn.")
    })?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.with_ansi(false).init();
    }
    Ok(())
}
