//! Where records start and end, whatever the pieces that their text comes in, and what is broken in them.

use std::io::{self, BufReader};

use super::super::Gathered;
use super::*;

/// What is handed over (pointer and text), what is reported, and the rest; whatever the size of the pieces that the text comes in.
fn read(text: &str, paths: &[&[&str]]) -> (Vec<String>, Vec<String>, String) {
    let mut outcomes = [1, 2, 7, 8192].map(|size| {
        let mut sink = Gathered::default();
        let mut found = Vec::new();
        let mut input = BufReader::with_capacity(size, text.as_bytes());
        let rest = elements(&mut input, "/d/x.json", paths, &mut sink, |properties, text, _| {
            found.push(format!("{} {text}", properties.pointer()));
            Ok(())
        });
        let rest = rest.expect("nothing fails to be read");
        (found, sink.problems.iter().map(|problem| format!("{}: {}", problem.pointer, problem.message)).collect(), rest.text)
    });
    assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{outcomes:?}");
    std::mem::take(&mut outcomes[0])
}

#[test]
fn records_come_to_the_letter_and_the_rest_without_them() {
    let text = "\u{feff} {\"a\" : 1, \"result\":{\"n\": 2, \"list\" : [ {\"x\": \"]}\\\"\"} , {}\n]}, \"b\": [3, {\"c\": []}]} ";
    let (found, problems, rest) = read(text, &[&["list"], &["result", "list"]]);
    assert_eq!(found, ["/result/list/0 {\"x\": \"]}\\\"\"}", "/result/list/1 {}"]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(rest, "{\"a\" : 1, \"result\":{\"n\": 2, \"list\" : []}, \"b\": [3, {\"c\": []}]}");
}

#[test]
fn a_list_and_json_lines_are_lists_too() {
    assert_eq!(read("[{},{\"a\":[1]}]", &[&["x"]]).0, ["/0 {}", "/1 {\"a\":[1]}"]);
    assert_eq!(read("{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}", &[]).0, ["/0 {\"a\":1}", "/1 {\"b\":2}", "/2 {\"c\":3}"]);
    assert_eq!(read("{\"x\": {\"list\": 3}}", &[&["x", "list"]]), (vec![], vec![], "{\"x\": {\"list\": 3}}".to_owned()));
}

#[test]
fn a_broken_record_does_not_take_the_others_with_it() {
    let (found, problems, _) =
        read("{\"list\": [{\"a\" 1}, null, {\"b\": 2}, 7, , [{}], {\"c\": \"\\q\"}, {\"d\": 4}]}", &[&["list"]]);
    assert_eq!(found, ["/list/2 {\"b\": 2}", "/list/6 {\"d\": 4}"]);
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert_eq!(problems[1], "/list/1: expected an object, found null; left out");
}

#[test]
fn a_document_that_is_none_is_one_problem() {
    for text in [
        "",
        " ",
        "x",
        "<html>",
        "7",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\": \"",
        "{a: 1}",
        "[",
        "[{}",
        "[{",
        "[}",
        "{]",
        "{\"a\": tru}",
        "{} x",
    ] {
        let (_, problems, _) = read(text, &[&["a"]]);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    }
    assert_eq!(read("[{\"a\": 1}, {\"b\"", &[]).0, ["/0 {\"a\": 1}"]);
}

#[test]
fn nesting_and_bytes_that_are_no_text_are_problems() {
    let deep = format!("[{{\"a\": {}1{}}}, {{}}]", "[".repeat(100_000), "]".repeat(100_000));
    let (found, problems, _) = read(&deep, &[]);
    assert_eq!((found.len(), problems.len()), (1, 1));
    let mut sink = Gathered::default();
    let mut titles = Vec::new();
    elements(&mut &b"[{\"t\": \"caf\xe9\"}]"[..], "f", &[], &mut sink, |mut properties, _, _| {
        titles.extend(properties.text("t"));
        Ok(())
    })
    .expect("bytes do not fail");
    assert_eq!((titles, sink.problems.len()), (vec!["caf\u{fffd}".to_owned()], 1));
}

#[test]
fn an_error_of_the_taker_or_the_reader_ends_the_reading() {
    let mut sink = Gathered::default();
    let full = |_: Properties<'_>, _: &str, _: &mut dyn Sink| Err(io::Error::other("full"));
    let error = elements(&mut &b"[{}, {}]"[..], "f", &[], &mut sink, full).expect_err("the taker fails");
    assert_eq!(error.to_string(), "full");
}
