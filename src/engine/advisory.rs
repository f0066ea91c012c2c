//! Advisory locks (PostgreSQL 15, 13.3.5): what applications lock by numbers of their own, in each catalog its own. Who waits looks again and again
//! until it has the lock, is cancelled, or would wait for one that waits for it; in which order those that wait get it is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::table::{AdvisoryKey, AdvisoryLock, AdvisoryRow};

/// How long a wait goes on without a look at whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The most locks that all sessions hold: one that takes more and more must not fill the memory.
const MOST_HELD: usize = 100_000;

/// The advisory locks of an engine.
#[derive(Default)]
pub struct AdvisoryLocks {
    all: Mutex<All>,
    freed: Condvar,
}

/// A database, and what is locked there.
type Object = (String, AdvisoryKey);

#[derive(Default)]
struct All {
    held: BTreeMap<Object, Vec<Holder>>,
    /// What each session waits for, and whether it would share it.
    awaited: BTreeMap<i32, (Object, bool)>,
    /// How many holders there are.
    count: usize,
}

struct Holder {
    session: i32,
    shared: bool,
    of_transaction: bool,
    /// How often it was taken: it is let go of as often.
    times: u64,
}

impl AdvisoryLocks {
    /// Takes a lock for a session. Where another session's is in the way: false, or a wait for as long as `goes_on` gives no error.
    ///
    /// [`Kind::Deadlock`] where the other one waits for this session, [`Kind::OutOfMemory`] where too many are held.
    pub fn take(
        &self,
        session: i32,
        database: &str,
        lock: AdvisoryLock,
        goes_on: Option<&dyn Fn() -> Result<()>>,
    ) -> Result<bool> {
        let object = (database.to_owned(), lock.key);
        let mut all = self.all();
        loop {
            if all.blockers(session, &object, lock.shared).next().is_none() {
                all.awaited.remove(&session);
                return all.hold(session, object, lock).map(|()| true);
            }
            let Some(goes_on) = goes_on else { return Ok(false) };
            all.awaited.insert(session, (object.clone(), lock.shared));
            let ended = if all.waits_for_itself(session) {
                let e = Error::new(Kind::Deadlock, "deadlock detected");
                Err(e.with_hint(
                    "Another session holds this advisory lock and waits for one of this session's: take them in one order.",
                ))
            } else {
                goes_on()
            };
            if let Err(e) = ended {
                all.awaited.remove(&session);
                return Err(e);
            }
            all = self.freed.wait_timeout(all, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            // It may be over since: what nobody waits for any more is not taken.
            if let Err(e) = goes_on() {
                all.awaited.remove(&session);
                return Err(e);
            }
        }
    }

    /// Lets go of a session's lock, once; false where it has none such.
    pub fn release(&self, session: i32, database: &str, lock: AdvisoryLock) -> bool {
        let mut all = self.all();
        let holders = all.held.get_mut(&(database.to_owned(), lock.key));
        let is_it = |h: &&mut Holder| h.session == session && h.shared == lock.shared && !h.of_transaction;
        let Some(holder) = holders.and_then(|holders| holders.iter_mut().find(is_it)) else { return false };
        holder.times -= 1;
        if holder.times == 0 {
            self.drop_where(all, |h| h.times == 0);
        }
        true
    }

    /// Lets go of all that a session took for itself, not for its transaction.
    pub fn release_all(&self, session: i32) {
        self.drop_where(self.all(), |h| h.session == session && !h.of_transaction);
    }

    /// Lets go of all that a session's transaction took.
    pub fn end_transaction(&self, session: i32) {
        self.drop_where(self.all(), |h| h.session == session && h.of_transaction);
    }

    /// Lets go of all that a session has.
    pub fn end_session(&self, session: i32) {
        self.drop_where(self.all(), |h| h.session == session);
    }

    /// Those that are held, and those that are waited for.
    pub fn rows(&self) -> Vec<AdvisoryRow> {
        let all = self.all();
        let row = |(database, key): &Object, session: i32, shared: bool, granted: bool| AdvisoryRow {
            database: database.clone(),
            key: *key,
            shared,
            pid: session,
            granted,
        };
        let mut rows: Vec<AdvisoryRow> = Vec::with_capacity(all.count);
        for (object, holders) in &all.held {
            for holder in holders {
                let held = row(object, holder.session, holder.shared, true);
                // One row, whether the session or its transaction took it, or both.
                if rows.last() != Some(&held) {
                    rows.push(held);
                }
            }
        }
        rows.extend(all.awaited.iter().map(|(session, (object, shared))| row(object, *session, *shared, false)));
        rows
    }

    /// The sessions that a session waits for.
    pub fn blocking(&self, session: i32) -> Vec<i32> {
        let all = self.all();
        let Some((object, shared)) = all.awaited.get(&session) else { return Vec::new() };
        let blockers: BTreeSet<i32> = all.blockers(session, object, *shared).collect();
        blockers.into_iter().collect()
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drop_where(&self, mut all: MutexGuard<'_, All>, is_over: impl Fn(&Holder) -> bool) {
        if all.count == 0 {
            return;
        }
        all.held.retain(|_, holders| {
            holders.retain(|holder| !is_over(holder));
            !holders.is_empty()
        });
        all.count = all.held.values().map(Vec::len).sum();
        drop(all);
        self.freed.notify_all();
    }
}

impl All {
    /// The other sessions whose locks are in the way of one.
    fn blockers(&self, session: i32, object: &Object, shared: bool) -> impl Iterator<Item = i32> {
        let in_the_way = move |h: &&Holder| h.session != session && !(shared && h.shared);
        self.held.get(object).into_iter().flatten().filter(in_the_way).map(|h| h.session)
    }

    fn waits_for_itself(&self, session: i32) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![session]);
        while let Some(waiting) = next.pop() {
            let Some((object, shared)) = self.awaited.get(&waiting) else { continue };
            for blocker in self.blockers(waiting, object, *shared) {
                if blocker == session {
                    return true;
                }
                if seen.insert(blocker) {
                    next.push(blocker);
                }
            }
        }
        false
    }

    fn hold(&mut self, session: i32, object: Object, lock: AdvisoryLock) -> Result<()> {
        let AdvisoryLock { shared, of_transaction, .. } = lock;
        let is_it = |h: &&mut Holder| (h.session, h.shared, h.of_transaction) == (session, shared, of_transaction);
        if let Some(holder) = self.held.get_mut(&object).and_then(|holders| holders.iter_mut().find(is_it)) {
            holder.times += 1;
            return Ok(());
        }
        if self.count >= MOST_HELD {
            return Err(Error::new(Kind::OutOfMemory, "too many advisory locks are held")
                .with_hint("Let go of some: pg_advisory_unlock_all()."));
        }
        self.count += 1;
        self.held.entry(object).or_default().push(Holder { session, shared, of_transaction, times: 1 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AdvisoryLock = AdvisoryLock { key: AdvisoryKey::One(1), shared: false, of_transaction: false };
    const TWO: AdvisoryLock = AdvisoryLock { key: AdvisoryKey::One(2), ..ONE };

    fn shared(lock: AdvisoryLock) -> AdvisoryLock {
        AdvisoryLock { shared: true, ..lock }
    }

    #[test]
    fn a_lock_is_of_one_session_until_it_lets_go_as_often_as_it_took_it() {
        let locks = AdvisoryLocks::default();
        let takes = |session, lock| locks.take(session, "open", lock, None).expect("nobody waits");
        assert!(takes(1, ONE) && takes(1, ONE) && !takes(2, ONE) && !takes(2, shared(ONE)));
        assert!(locks.take(2, "other", ONE, None).expect("another catalog's"));
        // A pair is no number.
        assert!(takes(2, AdvisoryLock { key: AdvisoryKey::Pair(0, 1), ..ONE }));
        assert!(locks.release(1, "open", ONE) && !takes(2, ONE) && locks.release(1, "open", ONE));
        assert!(!locks.release(1, "open", ONE) && takes(2, ONE));
        assert!(takes(3, shared(TWO)) && takes(4, shared(TWO)) && !takes(5, TWO) && !takes(3, TWO));
    }

    #[test]
    fn what_a_transaction_took_ends_with_it() {
        let locks = AdvisoryLocks::default();
        let takes = |session, lock| locks.take(session, "open", lock, None).expect("nobody waits");
        let of_transaction = AdvisoryLock { of_transaction: true, ..ONE };
        assert!(takes(1, of_transaction) && takes(1, TWO) && locks.rows().len() == 2);
        assert!(!locks.release(1, "open", ONE), "only its end lets go of it");
        locks.release_all(1);
        assert!(!takes(2, ONE) && takes(2, TWO));
        locks.end_transaction(1);
        assert!(takes(2, ONE));
        locks.end_session(2);
        assert_eq!(locks.rows(), []);
    }

    #[test]
    fn who_waits_gets_it_or_is_told_why_not() {
        let locks = AdvisoryLocks::default();
        assert!(locks.take(1, "open", ONE, None).expect("free") && locks.take(2, "open", TWO, None).expect("free"));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| locks.take(1, "open", TWO, Some(&|| Ok(()))));
            while locks.blocking(1).is_empty() {
                std::thread::yield_now();
            }
            assert_eq!((locks.blocking(1), locks.rows().iter().filter(|row| !row.granted).count()), (vec![2], 1));
            let e = locks.take(2, "open", ONE, Some(&|| Ok(()))).expect_err("they would wait for each other");
            assert_eq!(e.kind(), Kind::Deadlock);
            let e = locks.take(3, "open", ONE, Some(&|| Err(Error::new(Kind::LockTimeout, "too long")))).expect_err("given up");
            assert_eq!((e.kind(), locks.blocking(3)), (Kind::LockTimeout, vec![]));
            assert!(locks.release(2, "open", TWO));
            assert!(waiting.join().expect("it ends").expect("it has it"));
        });
    }
}
