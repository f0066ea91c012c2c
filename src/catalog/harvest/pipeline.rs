//! Reading a document on several threads: one finds its records, others make of them what goes into the index, and who asked gets all of it
//! in the document's order.

use std::collections::HashSet;
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use crate::catalog::prepared::Prepared;
use crate::descriptor::published::{self, Page, Record, Sink, Standard};
use crate::descriptor::terms::Theme;
use crate::descriptor::{Dataset, Problem};
use crate::error::{Error, Kind, Result};

/// Records that go from thread to thread at a time, and the bytes of their texts that are enough.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 1 << 20;

/// Batches that may wait to be taken.
const WAITING: usize = 8;

/// The hash of a record.
pub(super) type Hash = [u8; 16];

/// What a reading finds.
pub(super) enum Found {
    Dataset(Read),
    Problem(Problem),
}

/// A dataset that was read.
pub(super) struct Read {
    pub(super) identifier: String,
    pub(super) hash: Hash,
    made: Made,
}

enum Made {
    Prepared(Box<Prepared>),
    /// Its record's hash is known: nothing will have to be written of it, as a rule.
    Known(Box<Source>),
}

/// What was found at first.
struct Source {
    dataset: Dataset,
    record: Record<'static>,
}

impl Source {
    fn prepared(&self, file: &str) -> Result<Prepared> {
        Prepared::of(&self.dataset, theme(&self.dataset), Some(&self.record), file)
    }
}

impl Read {
    fn of(source: Box<Source>, file: &str, known: &HashSet<Hash>) -> Result<Self> {
        let mut hash = Hash::default();
        hash.copy_from_slice(&Sha256::digest(source.record.text.as_bytes())[..16]);
        let identifier = source.dataset.identifier.clone();
        let made = if known.contains(&hash) { Made::Known(source) } else { Made::Prepared(Box::new(source.prepared(file)?)) };
        Ok(Self { identifier, hash, made })
    }

    /// What goes into the index.
    pub(super) fn prepared(self, file: &str) -> Result<Prepared> {
        match self.made {
            Made::Prepared(prepared) => Ok(*prepared),
            Made::Known(source) => source.prepared(file),
        }
    }
}

/// What a dataset's schema is named after: the first theme that the EU's list knows, by one word, else the first as published.
fn theme(dataset: &Dataset) -> Option<&str> {
    let known = dataset.themes.iter().find_map(|theme| Theme::of_words(theme));
    known.map(Theme::word).or_else(|| dataset.theme())
}

/// A record, or a problem that stands where it was met.
enum Item {
    Dataset(Box<Source>),
    Problem(Problem),
}

/// Items, and who waits for what is made of them.
type Job = (Vec<Item>, SyncSender<Result<Vec<Found>>>);

/// Collects items into jobs. What is made of each is waited for in order.
struct Batches {
    items: Vec<Item>,
    bytes: usize,
    jobs: Sender<Job>,
    order: SyncSender<Receiver<Result<Vec<Found>>>>,
}

impl Batches {
    fn send(&mut self) -> io::Result<()> {
        if self.items.is_empty() {
            return Ok(());
        }
        let (done, made) = sync_channel(1);
        let items = std::mem::take(&mut self.items);
        self.bytes = 0;
        // Nobody waits any more when the index can't be written: whoever asked knows why.
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        self.order.send(made).map_err(|_| gone())?;
        self.jobs.send((items, done)).map_err(|_| gone())
    }
}

impl Sink for Batches {
    fn dataset(&mut self, dataset: Dataset, record: Record<'_>) -> io::Result<()> {
        self.bytes += record.text.len();
        let record = Record { text: record.text.into_owned().into(), media_type: record.media_type };
        self.items.push(Item::Dataset(Box::new(Source { dataset, record })));
        if self.items.len() < BATCH && self.bytes < BATCH_BYTES { Ok(()) } else { self.send() }
    }

    fn problem(&mut self, problem: Problem) {
        self.items.push(Item::Problem(problem));
    }
}

/// Reads a document of this standard; `take` gets what is found, in order. Of records whose hash is in `known` nothing is prepared.
pub(super) fn read(
    standard: Standard,
    mut input: impl BufRead + Send,
    file: &str,
    known: &HashSet<Hash>,
    take: &mut dyn FnMut(Found) -> Result<()>,
) -> Result<Page> {
    // As many as may wait for what is made of them.
    let (jobs, waiting) = channel();
    let (order, made) = sync_channel(WAITING);
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut batches = Batches { items: Vec::new(), bytes: 0, jobs, order };
            let page = published::read(standard, &mut input as &mut dyn BufRead, file, &mut batches);
            batches.send().and(page)
        });
        let prepared = || {
            let waiting = &waiting;
            scope.spawn(move || prepare(waiting, file, known))
        };
        let workers: Vec<_> = (0..thread::available_parallelism().map_or(1, usize::from)).map(|_| prepared()).collect();
        let taken = take_all(made, take);
        let page = reader.join().map_err(|_| Error::new(Kind::Internal, format!("reading {file} failed inside")))?;
        // Joined, so that one that panicked is the error of what was taken, and no panic here.
        workers.into_iter().for_each(|worker| drop(worker.join()));
        taken.map_err(|e| if e.kind() == Kind::Internal { e.within(file) } else { e })?;
        page.map_err(|e| Error::from(e).within(file))
    })
}

/// Takes what is made until the last, or until something fails.
fn take_all(made: Receiver<Receiver<Result<Vec<Found>>>>, take: &mut dyn FnMut(Found) -> Result<()>) -> Result<()> {
    for found in made {
        let found = found.recv().map_err(|_| Error::new(Kind::Internal, "a thread of the harvest failed inside"))??;
        found.into_iter().try_for_each(&mut *take)?;
    }
    Ok(())
}

/// Makes of jobs what goes into the index, as long as there are some.
fn prepare(waiting: &Mutex<Receiver<Job>>, file: &str, known: &HashSet<Hash>) {
    loop {
        // One that panicked held the lock while it waited only.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((items, done)) = job else { return };
        let found = items.into_iter().map(|item| match item {
            Item::Dataset(source) => Read::of(source, file, known).map(Found::Dataset),
            Item::Problem(problem) => Ok(Found::Problem(problem)),
        });
        // Who does not wait any more failed.
        let _ = done.send(found.collect());
    }
}
