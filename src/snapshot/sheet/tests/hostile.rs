//! Workbooks that claim what is not so, and damaged ones: errors, and never much memory.

use super::*;

#[test]
fn a_workbook_is_not_believed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.xlsx");
    let read = || read(&path, Dialect::default(), Schema::default());
    let good = || [("S", "visible", sheet("a|b\n=1|x", &[]))];
    let with = |more: &[(&str, &str)]| {
        xlsx(&path, &good(), "", more);
        read()
    };
    let worksheet = |data: &str| format!("<worksheet><sheetData>{data}</sheetData></worksheet>");
    let in_sheet = |data: &str| with(&[("xl/worksheets/sheet1.xml", &worksheet(data))]);
    assert_eq!(
        with(&[("xl/sharedStrings.xml", "<sst uniqueCount='99999999999999'><si><t>x</t></si></sst>")]),
        "t.xlsx says that it has 99999999999999 shared texts, in 57 bytes"
    );
    // However late it is said.
    let late = format!("<!--{}--><sst uniqueCount='99999999999999'><si><t>x</t></si></sst>", " ".repeat(10_000));
    assert_eq!(with(&[("xl/sharedStrings.xml", &late)]), "t.xlsx says that it has 99999999999999 shared texts, in 10064 bytes");
    let far = "<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>2</v></c></row>";
    assert_eq!(in_sheet(far), "1|column_2; 1048576: |2");
    let beyond = "<row r='1048577'><c r='A1048577'><v>1</v></c></row>";
    assert_eq!(in_sheet(beyond), "t.xlsx, sheet \"S\": a cell stands in row 1048577 and column 1, where no sheet has one");
    let backwards = "<row r='2'><c r='A2'><v>1</v></c></row><row r='1'><c r='A1'><v>1</v></c></row>";
    assert_eq!(in_sheet(backwards), "t.xlsx, sheet \"S\": row 1 comes after row 2");
    let wide: String = (0..60)
        .map(|i| format!("<c r='{}{}1'><v>1</v></c>", ['A', 'B', 'C'][i / 26], char::from(b'A' + (i % 26) as u8)))
        .collect();
    let wide = in_sheet(&format!("<row r='1'>{wide}</row>"));
    assert!(wide.starts_with("t.xlsx, sheet \"S\" has too many columns"), "{wide}");
    let long = in_sheet(&format!("<row r='1'><c r='A1' t='str'><v>{}</v></c></row>", "x".repeat(101)));
    assert_eq!(long, "t.xlsx, sheet \"S\", row 1: a cell is longer than 100 bytes");
    let cut = in_sheet("<row r='1'><c r='A1' t='s'><v>7</v></c></row>");
    assert!(cut.starts_with("t.xlsx can't be read as a workbook: "), "{cut}");
    std::fs::write(&path, b"PK\x03\x04 cut").expect("writes");
    assert_eq!(read(), "no workbook");
    archive(&path, &[("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<x/>")]);
    assert_eq!(read(), "no workbook");
}

/// An ods whose only sheet has these rows.
fn ods(path: &Path, rows: &str) {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name='S'>{rows}</table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    archive(
        path,
        &[
            ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
            ("META-INF/manifest.xml", "<manifest:manifest/>"),
            ("content.xml", &content),
        ],
    );
}

#[test]
fn ods_is_read_and_not_believed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.ods");
    let text = |t: &str, more: &str| {
        format!("<table:table-cell office:value-type='string' {more}><text:p>{t}</text:p></table:table-cell>")
    };
    let number = |v: &str, more: &str| format!("<table:table-cell office:value-type='float' office:value='{v}' {more}/>");
    let row = |cells: &[String], more: &str| format!("<table:table-row {more}>{}</table:table-row>", cells.concat());
    let covered = || "<table:covered-table-cell/>".to_owned();
    let blank = |times: u32| format!("<table:table-cell table:number-columns-repeated='{times}'/>");
    let date = "<table:table-cell office:value-type='date' office:date-value='2020-01-31'/>".to_owned();
    for (rows, want) in [
        (
            [
                row(
                    &[text("Year", "table:number-columns-spanned='2' table:number-rows-spanned='1'"), covered(), text("d", "")],
                    "",
                ),
                row(&[number("2019", ""), number("2020", ""), blank(16_000)], ""),
                row(&[number("1", "table:number-columns-repeated='2'"), date], "table:number-rows-repeated='2'"),
                row(&[blank(16_384)], "table:number-rows-repeated='1048000'"),
            ]
            .concat(),
            "Year 2019|Year 2020|d; 3: 1|1|'2020-01-31; 4: 1|1|'2020-01-31",
        ),
        (
            row(&[number("1", "table:number-columns-repeated='16384'")], "table:number-rows-repeated='1048576'"),
            "t.xlsx has too many cells in sheet \"S\": more than 8388608, blank ones between the others included",
        ),
        (
            [
                row(&[text("a", "")], ""),
                row(&[blank(16_383), text("b", "")], ""),
                row(&[blank(1)], "table:number-rows-repeated='1048000'"),
                row(&[text("c", "")], ""),
            ]
            .concat(),
            "t.xlsx has too many cells in sheet \"S\": more than 8388608, blank ones between the others included",
        ),
        // Blanks that are counted, run by run.
        (
            row(&[text(&"<text:s text:c='65536'/>".repeat(9000), "")], ""),
            "t.xlsx has too many cells in sheet \"S\": more than 8388608, blank ones between the others included",
        ),
        (row(&[text("<text:s text:c='99999999999'/>", "")], ""), "t.xlsx has a cell with more than 65536 blanks in a row"),
    ] {
        ods(&path, &rows);
        assert_eq!(read(&path, Dialect::default(), Schema::default()), want);
    }
}

/// Merged cells that are said to be wider than any sheet end where a sheet does.
#[test]
fn merged_cells_are_not_believed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.ods");
    let cell = |text: &str, more: &str| {
        format!("<table:table-cell office:value-type='string' {more}><text:p>{text}</text:p></table:table-cell>")
    };
    let head = [cell("a", ""), cell("b", "table:number-columns-spanned='4000000000' table:number-rows-spanned='1'")].concat();
    let body = [cell("x", ""), cell("y", "")].concat();
    ods(&path, &format!("<table:table-row>{head}</table:table-row><table:table-row>{body}</table:table-row>"));
    let got = read(&path, Dialect::default(), Schema::default());
    assert!(got.starts_with("a|b|b_2|") && got.contains("; 2: 'x|'y|"), "{got}");
}

#[test]
fn damaged_compound_files_end_in_errors() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("t.xls");
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/nasty/frictionless/table.xls");
    let good = std::fs::read(good).expect("the shared data stands beside");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("writes");
        read(&path, Dialect::default(), Schema::default())
    };
    assert!(read(&good).starts_with("id|name; 2: 1|'english; 3: 2|'"), "{}", read(&good));
    // Cut anywhere, and with every byte of head, directory and records turned: an error or a table, and no more memory than the file has.
    let cut: Vec<String> = (8..good.len()).step_by(97).map(|end| read(&good[..end])).collect();
    let turned = (8..good.len()).step_by(7).map(|at| {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        read(&bad)
    });
    let turned: Vec<String> = turned.collect();
    // A table begins with its columns, an error with the file.
    let refused = |all: &[String]| all.iter().filter(|got| got.starts_with("t.xls")).count();
    let is_told = |got: &String| got.starts_with("t.xls") || got.contains("; ") || got.contains('|');
    assert!(cut.iter().chain(&turned).all(is_told), "{:?}", cut.iter().chain(&turned).find(|got| !is_told(got)));
    assert!(refused(&cut) * 2 > cut.len() && refused(&turned) > 0, "{} of {}, {}", refused(&cut), cut.len(), refused(&turned));
}
