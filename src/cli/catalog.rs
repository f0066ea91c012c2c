//! `stoa catalog`: the catalogs of other platforms, harvested into the state. What a catalog says and where it is kept is unknown here.

mod documents;

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::Utc;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::interrupt::interruptible;
use super::output::not_printed;
use super::report::Failure;
use crate::catalog::{Harvests, Outcome, Registered, Step};
use crate::descriptor::published::Standard;
use crate::error::{Error, Kind, Result};
use crate::store::{self, Stores};

use documents::Fetcher;

/// Without a terminal, a harvest is worth a line this often.
const WORTH_A_LINE: Duration = Duration::from_secs(5);

/// Which state, and what to do with its harvested catalogs.
#[derive(Clone, Debug)]
pub struct Options {
    pub state: PathBuf,
    pub action: Action,
    /// How long to wait between two requests of a platform.
    pub pause: Duration,
}

/// What is done with harvested catalogs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Harvests a catalog that was not known.
    Add {
        name: String,
        location: String,
        standard: Option<Standard>,
    },
    /// Harvests these again; all of them when none is named.
    Refresh {
        names: Vec<String>,
    },
    List,
    Remove {
        name: String,
    },
}

/// Does it, and says on standard output what came of it.
pub async fn catalog(store: store::Options, options: Options) -> Result<(), Failure> {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let (handle, stores) = (tokio::runtime::Handle::current(), Stores::new(store)?);
    let work = tokio::task::spawn_blocking(move || {
        let fetcher = Fetcher::new(handle, stores, options.state.clone(), options.pause, stop.clone());
        act(&options, &fetcher, &stop)
    });
    let worked = async { work.await.map_err(|e| Error::new(Kind::Internal, "harvesting failed inside").caused_by(e))? };
    interruptible(&cancel, worked).await.map_err(Failure::from)
}

fn act(options: &Options, fetcher: &Fetcher, stop: &CancellationToken) -> Result<()> {
    let mut harvests = Harvests::open(&options.state)?;
    match &options.action {
        Action::Add { name, location, standard } => {
            let is_new = harvests.find(name).is_err();
            harvests.add(name, &absolute(location)?, *standard)?;
            let done = refresh(&mut harvests, name, fetcher, stop);
            if done.is_err() && is_new && !stop.is_cancelled() {
                harvests.remove(name)?;
            }
            done.map(|_| ())
        }
        Action::Refresh { names } => {
            let names = match names.as_slice() {
                [] => harvests.list()?.into_iter().map(|catalog| catalog.name).collect(),
                names => names.to_vec(),
            };
            if names.is_empty() {
                return say("no catalog is harvested; stoa catalog add NAME URL adds one");
            }
            let mut failed = Vec::new();
            for name in &names {
                match refresh(&mut harvests, name, fetcher, stop) {
                    Ok(_) => {}
                    Err(e) if e.kind() == Kind::Cancelled => return Err(e),
                    Err(e) if names.len() == 1 => return Err(e),
                    Err(e) => {
                        say(&format!("{name}: failed, what was harvested stays: {e}"))?;
                        failed.push(name.as_str());
                    }
                }
            }
            if failed.is_empty() {
                return Ok(());
            }
            let message = format!("{} of {} catalogs could not be harvested: {}", failed.len(), names.len(), failed.join(", "));
            Err(Error::new(Kind::SourceUnreachable, message))
        }
        Action::List => harvests.list()?.iter().try_for_each(|catalog| say(&listed(catalog))),
        Action::Remove { name } => {
            harvests.remove(name)?;
            say(&format!("{name}: removed"))
        }
    }
}

/// A local place that stays the same wherever a refresh is started; URLs as they are.
fn absolute(location: &str) -> Result<String> {
    if location.contains("://") {
        return Ok(location.to_owned());
    }
    let path = Path::new(location).canonicalize().map_err(|e| {
        let error = Error::new(Kind::SourceMissing, format!("{location} can't be read: {e}")).caused_by(e);
        error.with_hint("Name a folder, a file or a URL.")
    })?;
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::new(Kind::Config, format!("the name of {} is not UTF-8", path.display())))
}

fn refresh(harvests: &mut Harvests, name: &str, fetcher: &Fetcher, stop: &CancellationToken) -> Result<Outcome> {
    let screen = RefCell::new(Screen::new(name));
    let told = |step: Step<'_>| {
        screen.borrow_mut().show(step);
        if stop.is_cancelled() {
            let error = Error::new(Kind::Cancelled, format!("{name}: stopped"));
            return Err(error.with_hint(format!("What was read is kept for a day: stoa catalog refresh {name} goes on.")));
        }
        Ok(())
    };
    let outcome = harvests.refresh(name, fetcher, Utc::now(), &told);
    screen.borrow().clear();
    let outcome = outcome?;
    say(&harvested(name, &outcome))?;
    Ok(outcome)
}

/// What is told of a harvest.
fn harvested(name: &str, outcome: &Outcome) -> String {
    let Outcome { datasets, tables, added, changed, unchanged, vanished, problems, failed } = *outcome;
    let mut line = format!(
        "{name}: {datasets} datasets, {tables} tables ({added} added, {changed} changed, {unchanged} unchanged, {vanished} vanished)"
    );
    if failed > 0 {
        line += &format!("; {failed} documents could not be read, what was known of them stays");
    }
    if problems > 0 {
        line += &format!("; {problems} problems: stoa query -d {name} \"table catalog.problems\"");
    }
    line
}

fn listed(catalog: &Registered) -> String {
    let Registered { name, location, standard, refreshed, datasets, problems, .. } = catalog;
    let kind = standard.map(|standard| format!(" ({})", standard.name())).unwrap_or_default();
    let when = refreshed
        .as_ref()
        .map_or("never harvested".to_owned(), |at| format!("{datasets} datasets, {problems} problems, harvested {at}"));
    format!("{name}: {when}, from {location}{kind}")
}

fn say(line: &str) -> Result<()> {
    writeln!(io::stdout(), "{line}").map_err(not_printed)
}

/// How far a harvest is, on standard error: a bar in a terminal, else a line now and then.
struct Screen {
    name: String,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Screen {
    fn new(name: &str) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length().with_prefix(name.to_owned());
            let style = ProgressStyle::with_template("{prefix} {spinner} {human_pos} datasets {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { name: name.to_owned(), bar, told: Instant::now() }
    }

    fn show(&mut self, step: Step<'_>) {
        let Step { document, documents, datasets, total } = step;
        let of = |total: u64| format!("of {}, ", HumanCount(total));
        let of = total.map(of).unwrap_or_default();
        if let Some(bar) = &self.bar {
            bar.set_position(datasets);
            bar.set_message(format!("{of}document {}: {document}", documents + 1));
        } else if self.told.elapsed() >= WORTH_A_LINE {
            self.told = Instant::now();
            eprintln!("{}: {datasets} datasets {of}document {}: {document}", self.name, documents + 1);
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
