//! Advisory locks between connections: who waits for whom, and what ends a wait.

use crate::harness::Server;
use crate::raw::{self, Raw, error, kinds};

fn two() -> (Raw, Raw) {
    let address = Server::shared().address;
    (Raw::session(address, "open").0, Raw::session(address, "open").0)
}

/// The one value of an answer.
fn value(session: &mut Raw, sql: &str) -> String {
    let said = session.query(sql);
    assert_eq!(error(&said, 'M'), None, "{sql}");
    String::from_utf8_lossy(&raw::value(&said).expect("a value")).into_owned()
}

#[test]
fn a_lock_is_of_one_session_until_it_lets_go_or_ends() {
    let (mut here, mut there) = two();
    assert_eq!(kinds(&here.query("select pg_advisory_lock(4711)")), "TDCZ");
    assert_eq!(value(&mut there, "select pg_try_advisory_lock(4711)"), "f");
    assert_eq!(value(&mut there, "select pg_try_advisory_lock(0, 4711)"), "t");
    // A wait that was long enough, and one that is cancelled by its timeout.
    for (setting, state) in [("lock_timeout", "55P03"), ("statement_timeout", "57014")] {
        there.query(&format!("set {setting} = '50ms'"));
        let refused = there.query("select pg_advisory_lock(4711)");
        assert_eq!(error(&refused, 'C').as_deref(), Some(state));
        there.query(&format!("reset {setting}"));
    }
    assert_eq!(
        value(&mut there, "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and not granted"),
        "0"
    );
    // It ends with its session.
    drop(here);
    assert_eq!(kinds(&there.query("select pg_advisory_lock(4711)")), "TDCZ");
}

#[test]
fn who_waits_is_seen_and_two_that_wait_for_each_other_are_told() {
    let (mut here, mut there) = two();
    let pid = value(&mut there, "select pg_backend_pid()");
    here.query("select pg_advisory_lock(1, 815)");
    there.query("begin; select pg_advisory_xact_lock(2, 815)");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let said = there.query("select pg_advisory_lock(1, 815)");
            (error(&said, 'C'), kinds(&said))
        });
        let blockers = format!("select pg_blocking_pids({pid}) = array[pg_backend_pid()]");
        while value(&mut here, &blockers) != "t" {}
        let refused = here.query("select pg_advisory_lock(2, 815)");
        assert_eq!(error(&refused, 'C').as_deref(), Some("40P01"));
        assert_eq!(value(&mut here, "select pg_advisory_unlock(1, 815)"), "t");
        assert_eq!(waiting.join().expect("it ends"), (None, "TDCZ".to_owned()));
    });
    // What a transaction took ends with it.
    assert_eq!(value(&mut here, "select pg_try_advisory_lock(2, 815)"), "f");
    there.query("commit");
    assert_eq!(value(&mut here, "select pg_try_advisory_lock(2, 815)"), "t");
}
