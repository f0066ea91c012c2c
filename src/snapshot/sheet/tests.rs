//! Workbooks made here, read to their cells: where the table is, and what cells become.

mod hostile;

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::*;
use crate::descriptor::{Column, MissingValue, Schema};
use crate::snapshot::cells::{Cell, CellKind};
use crate::snapshot::spool::Reader;

/// A sheet's XML of lines of cells set apart by `|`: `=1.5` is a number, `@43831.5` a date, `+1.5` a duration, `?1` a boolean, `!#N/A`
/// an error, all else text; nothing is no cell.
fn sheet(rows: &str, merged: &[&str]) -> String {
    let mut xml = String::from("<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>");
    // A lie, which must not matter.
    xml.push_str("<dimension ref='A1:XFD1048576'/><sheetData>");
    for (r, row) in rows.split('\n').enumerate() {
        xml.push_str(&format!("<row r='{}'>", r + 1));
        for (c, cell) in row.split('|').enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let (kind, value) = match cell.split_at(1) {
                ("=", v) => ("", v),
                ("@", v) => (" s='1'", v),
                ("+", v) => (" s='2'", v),
                ("?", v) => (" t='b'", v),
                ("!", v) => (" t='e'", v),
                _ => (" t='str'", cell),
            };
            let column = char::from(b'A' + u8::try_from(c).expect("few columns"));
            xml.push_str(&format!("<c r='{column}{}'{kind}><f>x</f><v>{value}</v></c>", r + 1));
        }
        xml.push_str("</row>");
    }
    xml.push_str("</sheetData>");
    if !merged.is_empty() {
        let cells: String = merged.iter().map(|m| format!("<mergeCell ref='{m}'/>")).collect();
        xml.push_str(&format!("<mergeCells>{cells}</mergeCells>"));
    }
    xml.push_str("</worksheet>");
    xml
}

fn archive(path: &Path, parts: &[(&str, &str)]) {
    let mut out = zip::ZipWriter::new(std::fs::File::create(path).expect("is made"));
    for (name, text) in parts {
        out.start_file(*name, SimpleFileOptions::default()).expect("begins");
        out.write_all(text.as_bytes()).expect("writes");
    }
    out.finish().expect("ends");
}

/// An xlsx of sheets, each with its name and state; `more` adds parts or replaces them.
fn xlsx(path: &Path, sheets: &[(&str, &str, String)], properties: &str, more: &[(&str, &str)]) {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let number = |i: usize| i + 1;
    let list: String = sheets
        .iter()
        .enumerate()
        .map(|(i, (name, state, _))| format!("<sheet name='{name}' sheetId='{0}' state='{state}' r:id='r{0}'/>", number(i)))
        .collect();
    let workbook =
        format!("<workbook xmlns='{main}' xmlns:r='{of}'><workbookPr {properties}/><sheets>{list}</sheets></workbook>");
    let links: String = (0..sheets.len())
        .map(|i| format!("<Relationship Id='r{0}' Type='{of}/worksheet' Target='worksheets/sheet{0}.xml'/>", number(i)))
        .collect();
    let links = format!("<Relationships xmlns='{package}'>{links}</Relationships>");
    let root = format!(
        "<Relationships xmlns='{package}'><Relationship Id='r1' Type='{of}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
    );
    let styles = format!(
        "<styleSheet xmlns='{main}'><numFmts><numFmt numFmtId='164' formatCode='yyyy-mm-dd'/></numFmts>\
         <cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='46'/></cellXfs></styleSheet>"
    );
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), "<Types/>".to_owned()),
        ("_rels/.rels".to_owned(), root),
        ("xl/workbook.xml".to_owned(), workbook),
        ("xl/_rels/workbook.xml.rels".to_owned(), links),
        ("xl/styles.xml".to_owned(), styles),
    ];
    parts.extend(sheets.iter().enumerate().map(|(i, s)| (format!("xl/worksheets/sheet{}.xml", number(i)), s.2.clone())));
    parts.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    let parts: Vec<(&str, &str)> = parts.iter().map(|(n, t)| (n.as_str(), t.as_str())).chain(more.iter().copied()).collect();
    archive(path, &parts);
}

/// The columns, then rows as `line: a|b` (`'` before text), then faults as `line! reason`; or the error.
fn read(path: &Path, dialect: Dialect, schema: Schema) -> String {
    let options = Options { max_columns: 50, max_field_bytes: 100, ..Options::new(path.to_owned()) };
    let (stop, mut warnings) = (Stop::default(), Vec::new());
    let source = Source { path, url: "t.xlsx", options: &options, stop: &stop };
    let distribution = Distribution { dialect, schema, ..Distribution::default() };
    let mut read = || -> Result<String> {
        let Some(office) = office(path)? else { return Ok("no workbook".to_owned()) };
        let spool = spool(source, office, &distribution, &path.with_extension("spool"), &mut warnings)?;
        let mut reader = Reader::open(&spool, "t.xlsx", 0)?;
        let mut out = vec![reader.names().join("|")];
        let mut faults = Vec::new();
        while let Some(cells) = reader.next()? {
            for (row, line) in cells.lines.iter().enumerate() {
                let value =
                    |c: usize| cells.column(c).nth(row).map_or_else(String::new, |c| format!("{}{}", mark(c.kind), value_of(c)));
                out.push(format!("{line}: {}", (0..cells.width).map(value).collect::<Vec<_>>().join("|")));
            }
            faults.extend(cells.faults.iter().map(|f| {
                let column = f.column.map_or_else(String::new, |c| format!(" in {}", cells.names[c]));
                format!("{}! {}{column}", f.line, f.reason)
            }));
        }
        out.extend(faults);
        Ok(out.join("; "))
    };
    let read = read();
    warnings.iter().fold(read.unwrap_or_else(|e| e.to_string()), |out, w| format!("{out} !! {w}"))
}

/// What is wrong with a cell stands among the faults.
fn value_of(cell: Cell<'_>) -> &str {
    if cell.kind == CellKind::Absent { "" } else { cell.text }
}

fn mark(kind: CellKind) -> &'static str {
    match kind {
        CellKind::String => "'",
        CellKind::Absent | CellKind::Plain | CellKind::Scalar | CellKind::Nested | CellKind::Undecodable => "",
    }
}

fn check(dialect: Dialect, rows: &str, merged: &[&str], want: &str) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.xlsx");
    xlsx(&path, &[("S", "visible", sheet(rows, merged))], "", &[]);
    assert_eq!(read(&path, dialect, Schema::default()), want, "{rows}");
}

#[test]
fn cells_of_every_kind() {
    for (rows, want) in [
        ("a|b\n=3.0|x\n=4|y", "a|b; 2: 3|'x; 3: 4|'y"),
        ("id|code\n=1|007\n=2|x", "id|code; 2: 1|'007; 3: 2|'x"),
        ("d|t|n\n@43831|@0.75|=1\n@43832|@0|=2", "d|t|n; 2: '2020-01-01|'18:00:00|1; 3: '2020-01-02|'00:00:00|2"),
        ("d|n\n@43831|=1\n@43832.5|=2", "d|n; 2: '2020-01-01 00:00:00|1; 3: '2020-01-02 12:00:00|2"),
        ("d|n\n@43831|=1\n@0|=2", "d|n; 2: '2020-01-01|1; 3: |2; 3! the day number 0 is not a date in d"),
        ("d|n\n+1.25|=1\n+0.5|=1", "d|n; 2: '30:00:00|1; 3: '12:00:00|1"),
        ("ok|n\n?1|=1\n?0|=1", "ok|n; 2: true|1; 3: false|1"),
        (
            "a|b\n=1|!#N/A\n!#DIV/0!|=2",
            "a|b; 2: 1|; 3: |2; 2! the cell holds the error #N/A in b; 3! the cell holds the error #DIV/0! in a",
        ),
        ("a|b\n=1|  \n=2|x", "a|b; 2: 1|; 3: 2|'x"),
    ] {
        check(Dialect::default(), rows, &[], want);
    }
}

#[test]
fn the_table_is_found_in_its_sheet() {
    let usual = Dialect::default;
    let declared = || Dialect { header_rows: vec![2, 3], comment_rows: vec![5], ..usual() };
    for (dialect, rows, merged, want) in [
        // A rule below the names.
        (
            usual(),
            "id|name|v\n--|----|-\n=1|a|=5\n=2|b|=6",
            &[][..],
            "id|name|v; 3: 1|'a|5; 4: 2|'b|6; 2! the row stands between the header and the first row",
        ),
        // Blank rows and columns around the table, and within.
        (usual(), "\n\n|a||b\n|=1||x\n\n|=2||y", &[][..], "a|b; 4: 1|'x; 6: 2|'y"),
        // A column without a name that holds something; a name without values.
        (usual(), "a||c\n=1|x|\n=2|y|", &[], "a|column_2|c; 2: 1|'x|; 3: 2|'y|"),
        (usual(), "a|a|b\n=1|=2|=3", &[], "a|a_2|b; 2: 1|2|3"),
        // Titles and comments.
        (usual(), "T 1\n\na|b\n=1|=2\n=3|=4", &["A1:B1"], "a|b; 4: 1|2; 5: 3|4; 1! the row stands before the header"),
        (usual(), "# by x\na|b|c\n=1|=2|=3\n# end", &[], "a|b|c; 3: 1|2|3"),
        (usual(), "=1|x\n=2|y", &[], "column_1|column_2; 1: 1|'x; 2: 2|'y"),
        // Titles in two cells, and pairs above the table; units below the names; another table below.
        (
            usual(),
            "Report|x\nMade|@43831\n\nid|name|v\n=1|a|=2\n=2|b|=3\n=3|c|=5",
            &[],
            "id|name|v; 5: 1|'a|2; 6: 2|'b|3; 7: 3|'c|5; 1! the row stands before the header; 2! the row stands before the header",
        ),
        (
            usual(),
            "d|t|w\n|C|m/s\n@43831|=2|=3\n@43832|=4|=5\n@43833|=6|=7",
            &[],
            "d|t C|w m/s; 3: '2020-01-01|2|3; 4: '2020-01-02|4|5; 5: '2020-01-03|6|7",
        ),
        (
            usual(),
            "a|b\n=1|=2\n\na|b\n=3|=4",
            &[],
            "a|b; 2: 1|2; 4: 'a|'b; 5: 3|4 !! t.xlsx, sheet \"S\": line 4 repeats the header: if tables stand one below the other in it, they \
             are read as one",
        ),
        // Notes below: apart, or text under numbers.
        (
            usual(),
            "n|b\n=1|=2\n=2|=3\n\n1) provisional\nSource: Office|=2023\nof the land",
            &[],
            "n|b; 2: 1|2; 3: 2|3; 5! the row stands below the table; 6! the row stands below the table; \
             7! the row stands below the table",
        ),
        (
            usual(),
            "n|b\n=1|=2\n\nMore\nTotal|=7\nSource: Office|=5",
            &[],
            "n|b; 2: 1|2; 4: 'More|; 5: 'Total|7; 6: 'Source: Office|5",
        ),
        (usual(), "n|b|c\n=1|=2|=3\n=1|=2|=3\nSource", &[], "n|b|c; 2: 1|2|3; 3: 1|2|3; 4! the row stands below the table"),
        (
            usual(),
            "n|b\nx|=2\n\n* y\nSource",
            &[],
            "n|b; 2: 'x|2; 4! the row stands below the table; 5! the row stands below the table",
        ),
        (usual(), "n|b\nx|=2\ny", &[], "n|b; 2: 'x|2; 3: 'y|"),
        (usual(), "n|b\n=1|=2\nx\n=2|=3", &[], "n|b; 2: 1|2; 3: 'x|; 4: 2|3"),
        // Headers of several rows.
        (
            usual(),
            "Time||Trips|\nDay|Hour|Uber|Lyft\n=1|=2|=3|=4",
            &["A1:B1", "C1:D1"],
            "Time Day|Time Hour|Trips Uber|Trips Lyft; 3: 1|2|3|4",
        ),
        (
            usual(),
            "Region|Year|\n|2019|2020\nx|=1|=2\ny|=1|=2",
            &["A1:A2", "B1:C1"],
            "Region|Year 2019|Year 2020; 3: 'x|1|2; 4: 'y|1|2",
        ),
        (usual(), "a|Year|\nx|=1|=2\ny|=3|=4", &["B1:C1"], "a|Year|Year_2; 2: 'x|1|2; 3: 'y|3|4"),
        (
            declared(),
            "t\nq1|q2\nmin|max\n=1|=2\n=0|=0\n=3|=4",
            &[],
            "q1 min|q2 max; 4: 1|2; 6: 3|4; 1! the row stands before the header",
        ),
        // Merged cells below the header: the value in the first, nothing in the rest.
        (usual(), "a|b\n=1|x\n=2|\n=3|y", &["B2:B3"], "a|b; 2: 1|'x; 3: 2|; 4: 3|'y"),
        (Dialect { header: Some(false), ..usual() }, "data", &["A1:B3"], "column_1|column_2; 1: 'data|"),
        (usual(), "a|b", &[], "a|b"),
    ] {
        check(dialect, rows, merged, want);
    }
}

#[test]
fn a_sheet_is_chosen() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.xlsx");
    let one = |text: &str| sheet(text, &[]);
    let sheets = [
        ("Empty", "visible", one("")),
        ("One", "visible", one("a\n=1")),
        ("Lists", "hidden", one("h\n=7")),
        ("Two", "visible", one("b\n=2")),
    ];
    let choice = |sheet| Dialect { sheet, ..Dialect::default() };
    let check = |sheets: &[(&str, &str, String)], dialect, want: &str| {
        xlsx(&path, sheets, "date1904='1'", &[]);
        assert_eq!(read(&path, dialect, Schema::default()), want);
    };
    let told = "!! t.xlsx has hidden sheets, which are read when their name is declared: \"Lists\"";
    check(&sheets, choice(Some(SheetChoice::Name("Two".into()))), &format!("b; 2: 2 {told}"));
    check(&sheets, choice(Some(SheetChoice::Name("Lists".into()))), "h; 2: 7");
    check(&sheets, choice(Some(SheetChoice::Number(2))), &format!("a; 2: 1 {told}"));
    check(&sheets, choice(Some(SheetChoice::Number(9))), "t.xlsx has no sheet 9: it has 4");
    check(&sheets, choice(Some(SheetChoice::Name("two".into()))), "t.xlsx has no sheet \"two\"");
    check(&sheets, choice(Some(SheetChoice::Name("Empty".into()))), "t.xlsx, sheet \"Empty\" is empty");
    check(&sheets, choice(None), "t.xlsx has 2 sheets, and a table is made of one");
    check(&sheets[..3], choice(None), &format!("a; 2: 1 {told}"));
    check(&sheets[..1], choice(None), "t.xlsx is empty: no visible sheet of it holds anything");
    xlsx(&path, &sheets, "", &[]);
    let (options, stop) = (Options::new(path.clone()), Stop::default());
    let source = Source { path: &path, url: "t.xlsx", options: &options, stop: &stop };
    assert_eq!(super::sheets(source, Office::Xlsx).expect("reads"), ["One", "Two"]);
    let e = spool(source, Office::Xlsx, &Distribution::default(), &path.with_extension("s"), &mut Vec::new()).expect_err("two");
    let hint =
        "Declare a resource for each, with \"dialect\": {\"sheetName\": \"One\"} or \"dialect\": {\"sheetName\": \"Two\"}.";
    assert_eq!((e.detail(), e.hint()), (Some("It has the sheets \"One\", \"Two\"."), Some(hint)));
    let dated = [("D", "visible", one("d|n\n@42369|=1"))];
    check(&dated, choice(None), "d|n; 2: '2020-01-01|1");
}

#[test]
fn formulas_without_a_value_are_rejects() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.xlsx");
    for (cell, want) in [
        ("<c r='B2'><f>A2+1</f><v></v></c>", "a|b; 2: 1|; 2! the cell holds a formula without a value in b"),
        ("<c r='B2'><f>A2+1</f><v/></c>", "a|b; 2: 1|; 2! the cell holds a formula without a value in b"),
        ("<c r='B2'><f t='shared' si='0'/></c>", "a|b; 2: 1|; 2! the cell holds a formula without a value in b"),
        ("<c r='B2'><f>A2+1</f><v>2</v></c>", "a|b; 2: 1|2"),
        ("<c r='B2' t='str'><f>IF(A2,\"\",1)</f><v></v></c>", "a|b; 2: 1|"),
        ("<c r='B2'><v></v></c>", "a|b; 2: 1|"),
    ] {
        let table = sheet("a|b\n=1|", &[]).replace("</row></sheetData>", &format!("{cell}</row></sheetData>"));
        xlsx(&path, &[("S", "visible", table)], "", &[]);
        assert_eq!(read(&path, Dialect::default(), Schema::default()), want, "{cell}");
    }
}

#[test]
fn declared_columns_and_missing_values_count() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.xlsx");
    xlsx(&path, &[("S", "visible", sheet("=1|!#N/A\n=2|x", &[]))], "", &[]);
    let column = |name: &str| Column { name: name.into(), ..Column::default() };
    let missing = MissingValue { value: "#N/A".into(), label: None };
    let schema = Schema { columns: vec![column("a"), column("b")], missing_values: Some(vec![missing]), ..Schema::default() };
    let dialect = Dialect { header: Some(false), ..Dialect::default() };
    assert_eq!(read(&path, dialect, schema), "a|b; 1: 1|'#N/A; 2: 2|'x", "read as the code that it is declared to be");
}
