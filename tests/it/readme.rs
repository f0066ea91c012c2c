//! What README.md shows is true: its questions are answered as printed, and its command lines are taken.

use std::process::Command;

use crate::bundled::server;
use crate::harness::root;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("README.md stands at the root")
}

/// The contents of the fenced blocks of this language, each with where it ends.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<(&'a str, usize)> {
    let fence = format!("```{language}\n");
    let of = |(at, _): (usize, &str)| {
        let start = at + fence.len();
        let length = text[start..].find("\n```").expect("a block ends");
        (&text[start..start + length], start + length + "\n```\n".len())
    };
    text.match_indices(&fence).map(of).collect()
}

#[test]
fn the_questions_are_answered_as_printed() {
    let text = readme();
    let mut asked = 0;
    for (sql, end) in blocks(&text, "sql") {
        let Some(printed) = text[end..].strip_prefix("```\n") else { continue };
        let printed = &printed[..printed.find("\n```").expect("a block ends")];
        let (out, err) = server().psql("datasets", &["-c", sql]);
        assert!(!err.contains("ERROR"), "{sql}: {err}");
        assert_eq!(out.trim_end(), printed, "{sql}");
        asked += 1;
    }
    assert_eq!(asked, 10, "README.md promises ten questions");
}

#[test]
fn the_two_thousand_datasets_are_found_joined_and_answered_as_printed() {
    let text = readme();
    let section = text.split_once("### Two thousand datasets\n").expect("README.md has the section").1;
    let section = &section[..section.find("\n## ").expect("another section follows")];
    let state = tempfile::tempdir().expect("a temporary folder");
    let mut run = 0;
    for (line, end) in blocks(section, "sh") {
        let printed = section[end..].strip_prefix("```\n").expect("what it prints follows");
        let printed = &printed[..printed.find("\n```").expect("a block ends")];
        let out = Command::new(env!("CARGO_BIN_EXE_stoa"))
            .current_dir(root())
            .env("STOA_STATE", state.path())
            .args(&words(line)[1..])
            .output()
            .expect("the process starts");
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        assert_eq!(String::from_utf8_lossy(&out.stdout).trim_end(), printed, "{line}");
        run += 1;
    }
    assert_eq!(run, 9);
}

#[test]
fn the_command_lines_are_taken() {
    let text = readme();
    let lines = blocks(&text, "sh").into_iter().flat_map(|(block, _)| block.lines()).filter(|line| line.starts_with("stoa "));
    let mut taken = 0;
    for line in lines {
        stoa::config::command().try_get_matches_from(words(line)).unwrap_or_else(|e| panic!("{line}: {e}"));
        taken += 1;
    }
    assert!(taken >= 7, "{taken} command lines");
}

/// A line's words as a shell reads them, up to a redirection or comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match c {
            '"' | '\'' if quoted.is_none() => quoted = Some(c),
            c if quoted == Some(c) => quoted = None,
            '>' | '#' if quoted.is_none() => break,
            ' ' if quoted.is_none() => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
