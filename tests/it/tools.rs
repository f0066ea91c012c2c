//! What tools ask of the catalog: the statements of `tests/tools/NAME.sql`, of the shapes that each tool sends, over the city that
//! ships. `NAME.out` holds what PostgreSQL 15 answered over tables of the same columns, comments and keys.

use std::fmt::Write as _;

use crate::harness::{Server, Setup, psql, root};

/// Numbers of five digits and more are oids: each server has its own.
fn without_oids(text: &str) -> String {
    let (mut out, mut digits) = (String::with_capacity(text.len()), String::new());
    let mut before = ' ';
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() && (!digits.is_empty() || !(before.is_alphanumeric() || before == '_')) {
            digits.push(c);
        } else {
            let is_number = digits.len() >= 5 && !(c.is_alphanumeric() || c == '_');
            out.push_str(if is_number { "#" } else { &digits });
            digits.clear();
            out.push(c);
        }
        before = c;
    }
    out.pop();
    out
}

#[test]
fn oids_are_left_out_of_what_is_compared() {
    assert_eq!(without_oids("16384|a16384|1638|{16384,25}\n"), "#|a16384|1638|{#,25}\n");
}

#[test]
fn tools_read_the_catalog_as_they_read_postgresql_s() {
    let city = Setup { catalogs: vec![("city", root().join("datasets/city"))], ..Setup::default() };
    let server = Server::start(city);
    let port = server.address.port().to_string();
    let ask = |script: &str| {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), script).expect("it is written");
        let mut psql = psql(&port, "city");
        psql.args(["-q", "-U", "me", "-f"]).arg(file.path());
        let out = psql.output().expect("psql is installed by tests/run");
        (String::from_utf8_lossy(&out.stdout).into_owned(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    // A table is described as it was found.
    let tables = "select format('select 1 from %I.%I limit 1', schemaname, tablename) from pg_tables where schemaname in
        ('environment', 'health', 'reference', 'transport') \\gexec\n";
    let (_, errors) = ask(tables);
    assert!(!errors.contains("ERROR"), "{errors}");

    let folder = root().join("tests/tools");
    let mut compared = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("it is listed").path();
        if path.extension().is_none_or(|e| e != "sql") {
            continue;
        }
        let statements = std::fs::read_to_string(&path).expect("it is read");
        let statements: Vec<&str> = statements.lines().filter(|l| !l.is_empty() && !l.starts_with("--")).collect();
        let mut script = "\\set VERBOSITY terse\n\\pset null NULL\n\\pset footer off\n\\a\n".to_owned();
        for (n, statement) in (1..).zip(&statements) {
            writeln!(script, "\\echo @@ {n}\n{statement}").expect("text takes text");
        }
        let (given, errors) = ask(&script);
        let want = std::fs::read_to_string(path.with_extension("out")).expect("its answers stand beside it");
        let answers = |text: &str| without_oids(text).split("@@ ").map(str::to_owned).skip(1).collect::<Vec<_>>();
        let (given, want) = (answers(&given), answers(&want));
        assert_eq!(given.len(), statements.len(), "{}: {errors}", path.display());
        for ((statement, given), want) in statements.iter().zip(&given).zip(&want) {
            assert_eq!(given.trim_end(), want.trim_end(), "{}: {statement}\n{errors}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared} statements");
}
