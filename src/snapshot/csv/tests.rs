//! Whole texts of each dialect, read to their cells.

mod random;

use super::*;
use crate::descriptor::Dialect;
use crate::snapshot::stop::Stop;

/// What a text was read to.
#[derive(Debug, Default)]
struct Found {
    names: Vec<String>,
    /// Each with its line.
    rows: Vec<(u64, Vec<String>)>,
    faults: Vec<Fault>,
    warnings: Vec<String>,
    dialect: Dialect,
    widths: Widths,
}

fn read(dialect: &Dialect, declared: &[String], text: &str) -> Result<Found> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.csv");
    std::fs::write(&path, text).expect("writes");
    let text = Text { path, skip: 0, bytes: text.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let mut found = Found::default();
    let layout = Layout::of(&text, "t.csv", dialect, declared, 1 << 20, &Stop::default(), &mut found.warnings)?;
    let mut reader = Reader::open(&text, "t.csv", 0, &layout, 1 << 20)?;
    while let Some(cells) = reader.next()? {
        assert!(cells.spans.len() <= MAX_CELLS, "{} cells", cells.spans.len());
        let columns: Vec<Vec<String>> = (0..cells.width).map(|c| cells.column(c).map(|c| c.text.to_owned()).collect()).collect();
        let row = |row: usize| columns.iter().map(|c| c[row].clone()).collect();
        found.rows.extend(cells.lines.iter().enumerate().map(|(r, line)| (*line, row(r))));
        found.faults.extend(cells.faults);
    }
    found.widths = reader.into_widths();
    found.names = layout.names().to_vec();
    found.dialect = layout.dialect().clone();
    Ok(found)
}

/// The columns, then rows as `line: a|b`, then faults as `line! reason (kept or not)`.
fn check(dialect: &Dialect, text: &str) -> String {
    let found = match read(dialect, &["x".to_owned()], text) {
        Ok(found) => found,
        Err(e) => return e.to_string(),
    };
    if *dialect == Dialect::default() {
        // What was found out, declared, reads the same.
        let again = read(&found.dialect, &["x".to_owned()], text).expect("is read again");
        assert_eq!((&again.names, &again.rows), (&found.names, &found.rows), "{text:?} {:?}", found.dialect);
    }
    let mut out = vec![found.names.join("|")];
    out.extend(found.rows.iter().map(|(line, row)| format!("{line}: {}", row.join("|"))));
    for f in &found.faults {
        let kept = if f.column.is_some() { "kept" } else { "out" };
        out.push(format!("{}! {} ({kept})", f.line, f.reason));
    }
    out.join("; ")
}

#[test]
fn whole_files() {
    let usual = Dialect::default();
    let no_header = Dialect { header: Some(false), ..Dialect::default() };
    let two_headers = Dialect { header_rows: vec![2, 3], ..Dialect::default() };
    let far_header = Dialect { header_rows: vec![2, 9], ..Dialect::default() };
    let escaped = Dialect { escape: Some('\\'), ..Dialect::default() };
    let no_comments = Dialect { comment_char: Some(String::new()), ..Dialect::default() };
    let bare = Dialect { delimiter: Some(','), quote: Some('"'), header: Some(true), ..Dialect::default() };
    let commented = Dialect { comment_char: Some("//".into()), comment_rows: vec![3], ..Dialect::default() };
    for (dialect, text, want) in [
        (&usual, "a,b\n1,2\n3,4\n", "a|b; 2: 1|2; 3: 3|4"),
        (&usual, "id,v\n1,\"a \"b\" c\"\n2,d\n", "id|v; 2: 1|\"a \"b\" c\"; 3: 2|d"),
        (&usual, "id,v\n,NA\n1,5\n2,6\n", "id|v; 2: |NA; 3: 1|5; 4: 2|6"),
        (
            &usual,
            "\"Report, for all, users\"\nid,name,n\n1,x,5\n2,y,6\n",
            "id|name|n; 3: 1|x|5; 4: 2|y|6; 1! the row stands before the header (out)",
        ),
        (
            &usual,
            "# Provisional, see below\nid,v\n1,5\n2,6\n3,7\n",
            "id|v; 3: 1|5; 4: 2|6; 5: 3|7; 1! the row stands before the header (out)",
        ),
        (
            &usual,
            "id,v\n1,5\n2,6\n\n1) provisional\nSource: Office, 2023\n",
            "id|v; 2: 1|5; 3: 2|6; 5! the row stands below the table (out); 6! the row stands below the table (out)",
        ),
        (&usual, "share\n12,5 %\n100 %\n0,05 %\n", "share; 2: 12,5 %; 3: 100 %; 4: 0,05 %"),
        (&usual, "v\n5 000\n12 345,5\n", "v; 2: 5 000; 3: 12 345,5"),
        (&usual, "a,b\n\"1\n\",2\n3,4", "a|b; 2: 1\n|2; 4: 3|4"),
        (&usual, "a,b\n", "a|b"),
        (&usual, "", "t.csv is empty: it has no header"),
        (&usual, "\n\n", "t.csv is empty: it has no header"),
        (
            &usual,
            "a,b\n1\n1,2,3\n1,2,\n3,4\n",
            "a|b; 2: 1|; 4: 1|2; 5: 3|4; 2! the row has 1 fields (kept); 3! the row has 3 fields (out)",
        ),
        (&usual, "id,,id\n1,2,3\n", "id|column_2|id_2; 2: 1|2|3"),
        (&usual, "a,b\n\n1,2\n \n,\n", "a|b; 3: 1|2; 5: |"),
        (&usual, "# note\na,b\n1,2\n# end\n", "a|b; 3: 1|2"),
        (&usual, "a,b\n1,2\n\"3,4\n5,6\n", "a|b; 2: 1|2; 4: 5|6; 3! a quote is opened and never closed (out)"),
        (&usual, "a\rb\rc\r", "a; 2: b; 3: c"),
        (&usual, "a,b\r\n1,2\r3,4\n", "a|b; 2: 1|2; 3: 3|4"),
        (&usual, "T,,\na,b,c\n1,2,3\n", "a|b|c; 3: 1|2|3; 1! the row stands before the header (out)"),
        (&usual, "sep=;\na;b\n1;2\n", "a|b; 3: 1|2"),
        (&no_header, "1,2\n3,4\n", "x|column_2; 1: 1|2; 2: 3|4"),
        (&two_headers, "title\nq1,q2\nmin,max\n1,2\n", "q1 min|q2 max; 4: 1|2"),
        (&usual, "control,,fire,\nX,Y,X,Y\n1,2,3,4\n5,6,7,8\n", "control X|control Y|fire X|fire Y; 3: 1|2|3|4; 4: 5|6|7|8"),
        (&far_header, "a,b\n\n1,2\n", "t.csv has no record in line 2 or 9, where its header is declared to be"),
        (&escaped, "a,b\n1,x\\\ny\n2,\\,\n", "a|b; 2: 1|x\ny; 4: 2|,"),
        (&no_comments, "\"a,b\",c\n#1,2\n3,4\n", "a,b|c; 2: #1|2; 3: 3|4"),
        (&commented, "a,b\n//x\n1,2\n3,4\n", "a|b; 4: 3|4"),
        (
            &usual,
            "a,b,c\nx,1,2\ny,3,4\n\nSource: the office\n",
            "a|b|c; 2: x|1|2; 3: y|3|4; 5! the row stands below the table (out)",
        ),
        // Rows that agree on more fields, or fewer, than the header names.
        (&usual, "a,b\nx,1,2\ny,3,4\n", "a|b|column_3; 2: x|1|2; 3: y|3|4"),
        (&usual, "a,b\n1,x,2\n2,y,4\n", "column_1|a|b; 2: 1|x|2; 3: 2|y|4"),
        // Delimiters at the ends of lines, and names of numbers, shift nothing.
        (&usual, "Nr;Ort;Wert\n1;A;2,5;\n2;B;3,5;\n3;C;4,75;\n", "Nr|Ort|Wert; 2: 1|A|2,5; 3: 2|B|3,5; 4: 3|C|4,75"),
        (&usual, "a,b\n1,x,\n2,y,\n", "a|b; 2: 1|x; 3: 2|y"),
        (&usual, "id,val\n1,2,5\n2,2,5\n3,4,7\n", "id|val|column_3; 2: 1|2|5; 3: 2|2|5; 4: 3|4|7"),
        (&usual, "序号,值\n1,x,5\n2,y,6\n", "序号|值|column_3; 2: 1|x|5; 3: 2|y|6"),
        // Lines that are quoted as a whole.
        (&usual, "\"id,name,v\"\n\"1,a,5\"\n\"2,\"\"b,c\"\",6\"\n", "id|name|v; 2: 1|a|5; 3: 2|b,c|6"),
        (&usual, "title\n\"Smith, John\"\n\"Doe, Jane\"\n\"Roe, R.\"\n", "title; 2: Smith, John; 3: Doe, Jane; 4: Roe, R."),
        (&usual, "Temperatur\n12,5\n13,25\n-3,0\n", "Temperatur; 2: 12,5; 3: 13,25; 4: -3,0"),
        // Pairs and titles above the table, with blank lines and without.
        (
            &usual,
            "Station,O\nLatitude,45.3\nId,61\n\nDate,Year,Max\n2023-01-01,2023,1.5\n2023-01-02,2023,2.5\n",
            "Date|Year|Max; 6: 2023-01-01|2023|1.5; 7: 2023-01-02|2023|2.5; 1! the row stands before the header (out); 2! the row stands \
             before the header (out); 3! the row stands before the header (out)",
        ),
        (
            &usual,
            "\"Source\",\"W\",\n\n\"Updated\",\"2023-12-18\",\n\n\"Name\",\"1960\",\"1961\",\n\"A\",\"5.5\",\"6.5\",\n\"B\",\"7.5\",\"8.5\",\n",
            "Name|1960|1961; 6: A|5.5|6.5; 7: B|7.5|8.5; 1! the row stands before the header (out); 3! the row stands before the header (out)",
        ),
        (
            &usual,
            "Report,2023\nid,name,v\n1,a,2.5\n2,b,3.5\n",
            "id|name|v; 3: 1|a|2.5; 4: 2|b|3.5; 1! the row stands before the header (out)",
        ),
        (
            &usual,
            "date,t,w\n,C,m/s\n2023-01-01,1.5,3\n2023-01-02,2.5,4\n",
            "date|t C|w m/s; 3: 2023-01-01|1.5|3; 4: 2023-01-02|2.5|4",
        ),
        // Rows between the names and the values, and names again among these.
        (
            &usual,
            "id,name,v\n--,----,-\n1,a,2.5\n2,b,3.5\n",
            "id|name|v; 3: 1|a|2.5; 4: 2|b|3.5; 2! the row stands between the header and the first row (out)",
        ),
        (
            &usual,
            "T,Rate\nCDID,M\nDate,14-11-2023\n1971,4.1\n1972,4.3\n1971 Q1,3.8\n",
            "T|Rate; 4: 1971|4.1; 5: 1972|4.3; 6: 1971 Q1|3.8; 2! the row stands between the header and the first row (out); 3! the row stands \
             between the header and the first row (out)",
        ),
        (
            &usual,
            "id,v\r\n1,5\r\nid,v\r\n3,7\r\n\"id\",v\r\n",
            "id|v; 2: 1|5; 4: 3|7; 5: id|v; 3! the row repeats the header (out)",
        ),
        (
            &usual,
            "age,n\nAll,33\nUnknown,3\n0-4,10\n5-9,20\n10+,0\n",
            "age|n; 2: All|33; 3: Unknown|3; 4: 0-4|10; 5: 5-9|20; 6: 10+|0",
        ),
        (&usual, "a,b\nx,y\na,b\nz,q\n", "a|b; 2: x|y; 3: a|b; 4: z|q"),
        (&usual, "G_ID,NAME,B_1\nGeo,Area Name,Total\n01,Alabama,5\n", "G_ID Geo|NAME Area Name|B_1 Total; 3: 01|Alabama|5"),
        (&usual, "R,01.01.2020,01.02.2020\nA,5,6\nB,7,8\n", "R|01.01.2020|01.02.2020; 2: A|5|6; 3: B|7|8"),
        (&usual, "---\nx: \"1, 2\n---\na,b\n1,2\n", "a|b; 5: 1|2"),
        (&usual, "//e.org/a,1\n//e.org/b,2\n//e.org/c,3\n", "x|column_2; 1: //e.org/a|1; 2: //e.org/b|2; 3: //e.org/c|3"),
        (&usual, "// by x\n// of 2020\na,b\n1,2\n// end\n3,4\n", "a|b; 4: 1|2; 6: 3|4"),
        (
            &usual,
            "N: x\n\na,b,c\nx,1.5,2\ny,3.5,4\n\nNotes:\n1,Of the year.\n2,Of the month.\n",
            "a|b|c; 4: x|1.5|2; 5: y|3.5|4; 1! the row stands before the header (out); 7! the row stands below the table (out); 8! the row \
             stands below the table (out); 9! the row stands below the table (out)",
        ),
        (&usual, "a,b,c\nx,1\ny,3\nz\n", "a|b|c; 2: x|1|; 3: y|3|; 4: z||; 4! the row has 1 fields (kept)"),
        // Blank fields behind the columns are none.
        (&usual, "a,b\n1,2, ,\" \"\n3,4\n5,6\n", "a|b; 2: 1|2; 3: 3|4; 4: 5|6"),
        // A quote that takes rows in is rejected alone; a cell of several lines with text behind its quote is, whole.
        (
            &bare,
            "a,b,c\n1,\"x,2\n3,y,4\n5,\"z\",6\n7,8,9\n",
            "a|b|c; 3: 3|y|4; 4: 5|z|6; 5: 7|8|9; 2! a quote is opened and not closed before rows that follow (out)",
        ),
        (
            &bare,
            "a,b,c\n1,\"x,2\n3,\"y,4\n5,z,6\n7,8,\"9\"\n",
            "a|b|c; 4: 5|z|6; 5: 7|8|9; 2! a quote is opened and not closed before rows that follow (out); 3! a quote is opened and not \
             closed before rows that follow (out)",
        ),
        (
            &bare,
            "a,b\n1,\"x\ny\" z\n3,4\n",
            "a|b; 4: 3|4; 2! text stands behind the closing quote of a cell that begins 1 lines before (out)",
        ),
        (&bare, "a,b\n1,\"x\ny\"\n3,\"4\" z\n", "a|b; 2: 1|x\ny; 4: 3|\"4\" z"),
        (&usual, "<!doctype html>\n<html>", "t.csv is an HTML page, not a table"),
    ] {
        assert_eq!(check(dialect, text), want, "{text:?}");
    }
}

#[test]
fn what_is_guessed_is_said() {
    for (text, want) in [
        ("# made by x\na,b\n1,2\n", "t.csv: lines that begin with # are left out as comments, as line 1: # made by x"),
        (
            "a,b\nx,1,2\ny,3,4\n",
            "t.csv: the header names 2 columns and most rows have 3 fields; those behind are column_3, and names may not be those of the \
             values below",
        ),
        ("a,b\nx,1,\ny,3,\n", ""),
        ("a,b,c\nx,1\ny,3\n", "t.csv: the header names 3 columns and most rows have 2 fields; the last 1 are empty there"),
        ("a,b\n1,x,\n2,y,\n", ""),
        (
            "id,v\n1,2\n\nid,v\n3,4\n",
            "t.csv: line 4 repeats the header: if tables stand one below the other in it, they are read as one",
        ),
        (
            "id,v\n1,2\n2,3\n\ncode,w\nx,2.5\nz,3.5\n",
            "t.csv: line 5, behind a blank line, looks like another header: if tables stand one below the other in it, they are read as one",
        ),
        (
            "id;v\n1,5\n2,6\n",
            "t.csv: its first line is parted by ';' and all others by ',', so that each line is one text: publish it with one delimiter",
        ),
        ("---\nx: y\n---\na,b\n1,2\n", "t.csv: its first 3 lines are YAML front matter, which is left out"),
        ("// made by x\na,b\n1,2\n", "t.csv: lines that begin with // are left out as comments, as line 1: // made by x"),
        (
            "a||b\n1||2\n3||4\n",
            "t.csv: its cells seem to be parted by \"||\", which is not read as one delimiter: publish it with a single ASCII character there",
        ),
        ("\"a,b\"\n\"1,2\"\n", "t.csv: its lines are quoted as a whole; the table is what stands within these quotes"),
        (
            "  id name  value\n  1  abc   10.5\n  2  def   11.5\n",
            "t.csv: its lines look like columns that blanks part or align, which are not parted: each line is one text",
        ),
        (
            "a,b\n1,x,2\n2,y,4\n",
            "t.csv: the header names 2 columns and rows have 3 fields, of which the first counts the rows: it is column_1",
        ),
    ] {
        assert_eq!(read(&Dialect::default(), &[], text).expect("is read").warnings.join("; "), want, "{text:?}");
    }
}

#[test]
fn texts_that_are_no_table_are_refused() {
    let prose: String = (1..30).map(|n| format!("line{}{}\n", ",x".repeat(n), ";y".repeat(n % 7))).collect();
    let two: String = "[head]\n".to_owned() + &"p=[1,2,3]\n".repeat(6) + &"a;b;c;d\n1;2;3;4\n".repeat(8);
    for (text, want) in [
        (prose, "t.csv is no table that can be made out: under no delimiter do its lines have one number of fields"),
        (
            "a,b\n\0\u{1}\u{2}\u{3},\u{4}\u{5}\u{6}\u{7}\u{8}\n".to_owned(),
            "t.csv is no text: 9 of its first 15 bytes are control characters of 9 kinds",
        ),
        (two, "t.csv is not one table: lines 1 to 7 are written in another way than those below"),
    ] {
        assert_eq!(check(&Dialect::default(), &text), want);
    }
}

#[test]
fn records_cross_chunks() {
    let row = format!("{},\"{}\"\n", "x".repeat(300), "y\"\"".repeat(100));
    let text = format!("a,b\n{}", row.repeat(5000));
    assert!(text.len() > 2 * CHUNK);
    let got = check(&Dialect::default(), &text);
    assert_eq!(got.matches("; ").count(), 5000);
    assert!(got.ends_with(&format!("5001: {}|{}", "x".repeat(300), "y\"".repeat(100))));
}

#[test]
fn a_footer_far_below_is_found() {
    let rows: String = (0..60_000).map(|n| format!("place {n},{n},{}\r\n", n * 2)).collect();
    let text = format!("a,b,c\r\n{rows}\r\nSource: the office of statistics\r\n");
    assert!(text.len() > CHUNK);
    let found = read(&Dialect::default(), &[], &text).expect("is read");
    assert_eq!((found.rows.len(), found.faults.len()), (60_000, 1));
    assert_eq!((found.faults[0].line, found.faults[0].raw.as_str()), (60_003, "Source: the office of statistics"));
}

#[test]
fn line_terminators_are_those_that_are_read() {
    for (terminator, text, want) in [
        ("\n", "a,b\n1,2\n", "a|b; 2: 1|2"),
        ("\r\n", "a,b\r\n1,2\r\n", "a|b; 2: 1|2"),
        ("\r", "a,b\r1,2\r", "a|b; 2: 1|2"),
        ("|", "a,b|1,2|", "t.csv: the line terminator \"|\" is not one that is read"),
        ("", "a,b\n", "t.csv: the line terminator \"\" is not one that is read"),
    ] {
        let dialect = Dialect { line_terminator: Some(terminator.to_owned()), ..Dialect::default() };
        assert_eq!(check(&dialect, text), want, "{terminator:?}");
    }
}

#[test]
fn looking_ends_when_it_is_told_to() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (path, rows) = (dir.path().join("t.csv"), "a,b,\n1,2,\n");
    std::fs::write(&path, rows).expect("writes");
    let text = Text { path, skip: 0, bytes: rows.len() as u64, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let stop = Stop::default();
    let look =
        || Layout::of(&text, "t.csv", &Dialect::default(), &[], 1 << 20, &stop, &mut Vec::new()).map(|l| l.names().to_vec());
    assert_eq!(look().expect("is read"), ["a", "b"]);
    stop.stop();
    assert_eq!(look().expect_err("is stopped").kind(), Kind::Shutdown);
}

/// Rows of three fields, more than the head that is looked at, then others.
fn narrow_then(rows: &str) -> String {
    let narrow: String = (0..2000).map(|n| format!("place {n},{n},x\n")).collect();
    format!("a,b,c\n{narrow}{rows}")
}

#[test]
fn rows_that_become_wider_behind_the_head() {
    let wide = |n: usize| (0..n).map(|i| format!("place {i},{i},x,more\n")).collect::<String>();
    // More than the tail that is looked at.
    let far: String = (0..9000).map(|n| format!("place {n},{n},x\n")).collect();
    let said = "t.csv: rows have 4 fields at the end, the first in line 2002, and the head has 3 columns; those behind are column_4, and names \
                may not be those of the values below";
    for (text, columns, rejects, warning, wider) in [
        (narrow_then(""), 3, 0, "", None),
        // Told by the tail, as soon as most of it has one width.
        (narrow_then(&wide(5000)), 4, 0, said, None),
        // Told by reading.
        (narrow_then(&wide(30)), 3, 30, "", Some((4, 30, 2002))),
        (narrow_then(&(wide(200) + &far)), 3, 200, "", Some((4, 200, 2002))),
        (narrow_then(&(wide(20) + &far)), 3, 20, "", None),
        // Words behind a comma, and cells under other columns, are none.
        (narrow_then(&"Lee, Ann,5,x\n".repeat(30)), 3, 30, "", None),
        (narrow_then(&"place,5,a, b\n".repeat(30)), 3, 30, "", None),
        (narrow_then(&"place,5,a,,\n".repeat(30)), 3, 0, "", None),
    ] {
        let found = read(&Dialect::default(), &[], &text).expect("is read");
        let (shape, last) = ((found.names.len(), found.faults.len()), found.rows.last().map(|(line, _)| *line));
        assert_eq!((shape, found.warnings.join("; ").as_str()), ((columns, rejects), warning), "{last:?}");
        assert_eq!(found.widths.wider().map(|w| (w.width, w.rows, w.first)), wider, "{last:?}");
    }
}

#[test]
fn short_rows_of_a_wide_table_come_in_small_batches() {
    let (columns, rows) = (2_000, 5_000);
    let header: Vec<String> = (0..columns).map(|i| format!("c{i}")).collect();
    let table = format!("{}\n{}", header.join(","), "1\n".repeat(rows));
    let dialect = Dialect { delimiter: Some(','), header: Some(true), ..Dialect::default() };
    let found = read(&dialect, &[], &table).expect("is read");
    assert!(found.rows.iter().map(|(line, _)| *line).eq(2..rows as u64 + 2));
}
