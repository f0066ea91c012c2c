//! The state folder: full, not writable, no folder, of a newer version, damaged.

use std::path::{Path, PathBuf};

use expect_test::expect;

use super::{City, asked, assert_unharmed};
use crate::harness::Server;
use crate::process::Launch;

/// What runs a command with a small file system of its own at `at`, which vanishes with it: in a mount namespace, and where that needs a
/// privilege in a user namespace too.
fn mounted<'a>(at: &'a str, options: &'a str) -> Vec<&'a str> {
    let script = r#"mount -t tmpfs -o "$1" stoa "$2" && shift 2 && exec "$@""#;
    for kind in [&["unshare", "--mount"][..], &["unshare", "--user", "--map-root-user", "--mount"]] {
        let words = [kind, &["sh", "-c", script, "sh", options, at]].concat();
        let tried = std::process::Command::new(words[0]).args(&words[1..]).arg("true").output();
        if tried.is_ok_and(|out| out.status.success()) {
            return words;
        }
    }
    panic!("this test mounts a small tmpfs, and neither `unshare --mount` nor `unshare --user --mount` is allowed here");
}

fn snapshot_file(state: &Path, name: &str) -> PathBuf {
    let mut found = walkdir::WalkDir::new(state).into_iter().flatten().filter(|e| e.file_name() == name);
    found.next().unwrap_or_else(|| panic!("no {name} below {}", state.display())).into_path()
}

#[test]
fn a_full_disk_is_an_error_of_the_table_that_did_not_fit() {
    let city = City::new();
    let mut csv = String::from("a,b\n");
    let mut random = 1_u64;
    for _ in 0..120_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        csv += &format!("{random},{:x}\n", random.rotate_left(17));
    }
    city.file("large.csv", csv);
    city.describe("large", "large.csv", "");
    let state = city.state().display().to_string();
    let process = Launch::new(&city.path(""), city.state()).under(&mounted(&state, "size=2m")).start();
    let shown = process.asked("select count(*) from t.large");
    let errors: String = shown.lines().filter(|l| !l.starts_with("NOTICE:")).map(|l| format!("{l}\n")).collect();
    expect![[r#"
        ERROR:  53100: no space is left in the state folder STATE
        DETAIL:  External: No space left on device (os error 28)
        HINT:  Make room there, or choose another folder with --state.
    "#]]
    .assert_eq(&city.normal(&errors, None));
    assert!(process.asked("select sum(a), sum(b) from t.good").starts_with("4|6\n"));
    assert!(process.asked("select count(*) from t.large").contains("53100"));
}

#[test]
fn a_state_folder_that_is_none() {
    let city = City::new();
    city.file("file", "not a folder");
    let refused = |before: &[&str], state: &Path| {
        let said = Launch::new(&city.path(""), state).under(before).try_start().err().expect("it does not start");
        city.normal(&said, None)
    };
    let state = city.state().display().to_string();
    let shown =
        [refused(&[], &city.path("file")), refused(&[], &city.path("file/below")), refused(&mounted(&state, "ro"), city.state())];
    expect![[r#"
        error: the state folder CITY/file can't be made: File exists (os error 17)
        hint: Choose a folder that can be written to with --state or --cache.
        error: the state folder CITY/file/below can't be made: Not a directory (os error 20)
        hint: Choose a folder that can be written to with --state or --cache.
        error: index STATE/catalog.sqlite: the catalog's index failed: unable to open database file: STATE/catalog.sqlite
        hint: The state folder must be writable; another can be given with --state or --cache.
    "#]]
    .assert_eq(&shown.concat());
}

#[test]
fn an_index_or_manifest_of_a_newer_version_is_refused() {
    let city = City::new();
    assert_unharmed(&Server::start(city.setup()));
    let manifest = snapshot_file(city.state(), "manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("reads");
    std::fs::write(&manifest, text.replace("\"version\": 1", "\"version\": 99")).expect("writes");
    let server = Server::start(city.setup());
    let mut shown = asked(&server, "select count(*) from t.good");
    shown += &asked(&server, "select format, read_encoding from catalog.distributions where table_name = 'good'");
    shown += &asked(&server, "select format from catalog.distributions where table_name = 'good'");
    drop(server);
    let index = rusqlite::Connection::open(city.state().join("catalog.sqlite")).expect("opens");
    index.pragma_update(None, "user_version", 99).expect("writes");
    drop(index);
    let said = Launch::new(&city.path(""), city.state()).try_start().err().expect("it does not start");
    let (before, known) = said.split_once("versions up to ").expect("it says which it knows");
    shown += &format!("{before}versions up to N{}", known.trim_start_matches(|c: char| c.is_ascii_digit()));
    expect![[r#"
        ERROR:  F0000: STATE/snapshots/city/t/good/manifest.json was written by a newer Stoa
        HINT:  Use that version, or another state folder.
        ERROR:  F0000: STATE/snapshots/city/t/good/manifest.json was written by a newer Stoa
        HINT:  Use that version, or another state folder.
        csv
        error: index STATE/catalog.sqlite: it is of version 99, and this Stoa knows versions up to N
        hint: Use the newer Stoa, or another state folder (--state).
    "#]]
    .assert_eq(&city.normal(&shown, None));
}

/// Damage that is found on opening makes the snapshot anew.
#[test]
fn a_damaged_snapshot_is_made_anew() {
    /// What is damaged, in which file, how.
    type Damage = (&'static str, &'static str, fn(&mut Vec<u8>));
    let damages: &[Damage] = &[
        ("a cut part", "part-0.parquet", |bytes| bytes.truncate(bytes.len() / 2)),
        ("a part of zeros", "part-0.parquet", |bytes| bytes.fill(0)),
        ("a footer of ones", "part-0.parquet", |bytes| {
            let end = bytes.len() - 8;
            bytes[end - 60..end].fill(0xff);
        }),
        ("a cut manifest", "manifest.json", |bytes| bytes.truncate(bytes.len() / 2)),
        ("an empty manifest", "manifest.json", Vec::clear),
    ];
    for (what, file, damage) in damages {
        let city = City::new();
        assert_unharmed(&Server::start(city.setup()));
        let path = snapshot_file(city.state(), file);
        let mut bytes = std::fs::read(&path).expect("reads");
        damage(&mut bytes);
        std::fs::write(&path, bytes).expect("writes");
        let server = Server::start(city.setup());
        assert_eq!(asked(&server, "select a, b from t.good order by a"), "1|2\n3|4\n", "{what}");
    }
}

/// A part that vanished under a running server, and one whose pages are damaged: never rows that are not the source's.
#[test]
fn a_snapshot_damaged_while_it_is_served_gives_an_error_or_the_rows() {
    for damage in ["gone", "pages"] {
        let city = City::new();
        let server = Server::start(city.setup());
        assert_unharmed(&server);
        let part = snapshot_file(city.state(), "part-0.parquet");
        if damage == "gone" {
            std::fs::remove_file(&part).expect("removes");
        } else {
            let mut bytes = std::fs::read(&part).expect("reads");
            bytes[4..30].fill(0xff);
            std::fs::write(&part, bytes).expect("writes");
        }
        let shown = asked(&server, "select a, b from t.good order by a");
        assert!(shown == "1|2\n3|4\n" || shown.starts_with("ERROR:"), "{damage}: {shown}");
        assert_eq!(asked(&server, "select 1"), "1\n");
    }
}
