//! `stoa inspect`: what it prints is served to the same table as the file itself, and what it says is true.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{Server, Setup, program, rows, shared_data};

/// Real files of many encodings, dialects and shapes, below the shared data.
const FILES: [&str; 30] = [
    "nasty/csvkit/bad.csv",
    "nasty/csvkit/Datagov_FY10_EDU_recp_by_State.csv",
    "nasty/csvkit/determination_schema.csv",
    "nasty/csvkit/mac_newlines.csv",
    "nasty/csvkit/null_byte.csv",
    "nasty/csvkit/test_header_newline.csv",
    "nasty/csvkit/test_utf16_big.csv",
    "nasty/frictionless/blank-headers.csv",
    "nasty/frictionless/countries.csv",
    "nasty/frictionless/defective-rows.csv",
    "nasty/frictionless/duplicate-headers.csv",
    "nasty/frictionless/escaping.csv",
    "nasty/frictionless/issue-1232.csv",
    "nasty/frictionless/latin1.csv",
    "nasty/frictionless/skip-rows.csv",
    "nasty/frictionless/table-infer-iso-8859-7.csv",
    "nasty/frictionless/table.tsv",
    "nasty/frictionless/without-headers-extra.csv",
    "nasty/messytables/begrotingsanalyse-2011.csv",
    "nasty/messytables/complex.csv",
    "nasty/messytables/excel_pasting.csv",
    "nasty/messytables/mixedGLB.csv",
    "nasty/messytables/weird_head_padding.csv",
    "nasty/pollock/Note_4_Staff_costs_-_Average_number_of_persons_employed_13-14.csv",
    "nasty/pollock/PLA_6%Talc-1hz.csv",
    "nasty/pollock/Takakai2008-ch4.csv",
    "nasty/pollock/vissim_data_conf2473_i12_v2026.csv",
    "nasty/pollock/workforce-management-information-dft_201706.csv",
    "environment/co2-ppm/data/co2-mm-mlo.csv",
    "transport/openflights/airlines.dat",
];

fn inspect(file: &Path, folder: &Path) -> Output {
    program(env!("CARGO_BIN_EXE_stoa")).arg("inspect").arg(file).current_dir(folder).output().expect("stoa runs")
}

/// A package of one file of which nothing is declared.
fn bare(file: &Path) -> Value {
    let (folder, name) = (file.parent().expect("a folder"), file.file_name().expect("a name").to_string_lossy());
    json!({ "stoa:base": folder, "resources": [{ "path": name }] })
}

#[tokio::test]
async fn what_is_printed_reads_the_file_to_the_same_table() {
    let work = tempfile::tempdir().expect("a temporary folder");
    let catalog = tempfile::tempdir().expect("a temporary folder");
    for (n, file) in FILES.iter().enumerate() {
        let file = shared_data().join(file);
        let out = inspect(&file, work.path());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{}: {said}", file.display());
        let kept: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let schema = &kept["resources"][0]["schema"];
        assert!(schema["fields"].as_array().is_some_and(|f| !f.is_empty()), "{}: {kept}\n{said}", file.display());
        for (theme, mut package) in [("kept", kept), ("bare", bare(&file))] {
            let name = format!("t{n}");
            package["theme"] = json!(theme);
            package["id"] = json!(format!("{theme} {name}"));
            package["name"] = json!(name);
            package["resources"][0]["name"] = json!(name);
            std::fs::write(catalog.path().join(format!("{theme}{n}.datapackage.json")), package.to_string()).expect("writes");
        }
    }
    let server = Server::start(Setup { catalogs: vec![("c", catalog.path().to_owned())], ..Setup::default() });
    let client = server.client("c").await;
    let mut wrong = String::new();
    for (n, file) in FILES.iter().enumerate() {
        let ask = async |theme: &str| {
            let all = rows(&client, &format!("SELECT * FROM {theme}.t{n}")).await.map_err(|e| format!("{e:?}"))?;
            let columns = format!(
                "SELECT column_name, data_type FROM information_schema.columns \
                 WHERE table_schema = '{theme}' AND table_name = 't{n}' ORDER BY ordinal_position"
            );
            let columns = rows(&client, &columns).await.map_err(|e| format!("{e:?}"))?;
            Ok::<_, String>((columns, all))
        };
        let (kept, bare) = (ask("kept").await, ask("bare").await);
        if kept != bare || kept.is_err() {
            wrong.push_str(&format!("{file}:\n  kept {kept:?}\n  bare {bare:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let sql = "SELECT read_encoding, read_delimiter, read_quote, read_header_rows, read_dialect->>'header' FROM catalog.distributions \
               WHERE schema_name = 'bare' AND table_name = ";
    for (file, want) in [
        ("nasty/frictionless/table-infer-iso-8859-7.csv", ["windows-1253", ",", "\"", "1", "true"]),
        ("nasty/pollock/vissim_data_conf2473_i12_v2026.csv", ["utf-8", ";", "\"", "1", "true"]),
        ("nasty/messytables/begrotingsanalyse-2011.csv", ["utf-8", ",", "\"", "4,5,6,7", "true"]),
        ("transport/openflights/airlines.dat", ["utf-8", ",", "\"", "", "false"]),
    ] {
        let n = FILES.iter().position(|f| *f == file).expect("one of them");
        let found = rows(&client, &format!("{sql}'t{n}'")).await.unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(found, [want], "{file}");
    }
}

#[test]
fn what_a_file_is_stands_on_standard_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = PathBuf::from("staff.csv");
    std::fs::write(folder.path().join(&file), b"Staff,,\nn;a\xe9\n1;x\xe9\nz;y\n2;v\n").expect("writes");
    let out = inspect(&file, folder.path());
    let said = String::from_utf8_lossy(&out.stderr);
    for line in [
        "staff.csv: csv",
        "encoding: windows-1252 (a guess)",
        "\"delimiter\":\";\"",
        "column \"aé\": ",
        "reject: line 1: the row stands before the header: Staff,,",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    let kept: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!((&kept["stoa:base"], &kept["resources"][0]["path"]), (&Value::Null, &json!("staff.csv")), "{kept}");
    let missing = inspect(Path::new("absent.csv"), folder.path());
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("absent.csv"), "{missing:?}");
}

#[test]
fn a_name_that_would_lead_elsewhere_is_left_to_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("dots.json"), r#"[{"a.b":1,"a":{"b":2,"c":3}}]"#).expect("writes");
    let out = inspect(Path::new("dots.json"), folder.path());
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.contains("its schema is left to the file"), "{said}");
    let kept: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(kept["resources"][0]["schema"]["fields"], Value::Null, "{kept}");
}

/// Files of several tables, of no header and of another encoding, each called as below a catalog.
fn kept_files() -> [(&'static str, Vec<u8>); 5] {
    let of = |path: &str| std::fs::read(shared_data().join(path)).expect("the shared data are there");
    let gb = "站点编号,城市,是否在线,开通日期\n001,北京,Y,2020-01-31\n002,上海,N,2020-02-29\n010,广州,y,2021-12-01\n";
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, text) in [("d/a.csv", "n,day\n1,2020-01-01\n"), ("d/b.csv", "x\n1.5\n2.25\n"), ("d/readme.md", "of a and b")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes()).expect("writes to memory");
    }
    let tar = tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("writes to memory");
    [
        ("bart.zip", of("transport/gtfs-bart.zip")),
        ("justicia.xlsx", of("catalog/pydatajson/catalogo-justicia.xlsx")),
        ("reporting area.dat", of("environment/airnow/reportingarea.dat")),
        ("站点.csv", encoding_rs::GB18030.encode(gb).0.into_owned()),
        ("two.tar.gz", tar),
    ]
}

#[tokio::test]
async fn a_descriptor_beside_its_file_serves_the_same_tables() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut catalogs = Vec::new();
    let names = [("bare0", "kept0"), ("bare1", "kept1"), ("bare2", "kept2"), ("bare3", "kept3"), ("bare4", "kept4")];
    let mut printed = Vec::new();
    for ((file, bytes), (bare, kept)) in kept_files().into_iter().zip(names) {
        for name in [bare, kept] {
            std::fs::create_dir(folder.path().join(name)).expect("a new folder");
            std::fs::write(folder.path().join(name).join(file), &bytes).expect("writes");
            catalogs.push((name, folder.path().join(name)));
        }
        let kept = folder.path().join(kept);
        let out = inspect(Path::new(file), &kept);
        assert!(out.status.success(), "{file}: {}", String::from_utf8_lossy(&out.stderr));
        std::fs::write(kept.join("datapackage.json"), &out.stdout).expect("writes");
        printed.push((file, out));
    }
    let server = Server::start(Setup { catalogs, ..Setup::default() });
    let columns = "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns \
                   WHERE table_schema NOT IN ('catalog', 'pg_catalog', 'information_schema', 'system') ORDER BY 1, 2, ordinal_position";
    let tables = "SELECT table_schema, table_name FROM information_schema.tables \
                  WHERE table_schema NOT IN ('catalog', 'pg_catalog', 'information_schema', 'system') ORDER BY 1, 2";
    let mut counts = Vec::new();
    for ((file, _), (bare, kept)) in kept_files().iter().zip(names) {
        let all = async |database: &str| {
            let client = server.client(database).await;
            let ask = async |sql: &str| rows(&client, sql).await.unwrap_or_else(|e| panic!("{file}, {database}, {sql}: {e:?}"));
            let listed = ask(tables).await;
            let mut content = Vec::new();
            for table in &listed {
                content.push(ask(&format!("SELECT * FROM {:?}.{:?}", table[0], table[1])).await);
            }
            (listed, content, ask(columns).await)
        };
        let of_kept = all(kept).await;
        counts.push(of_kept.0.len());
        assert_eq!(all(bare).await, of_kept, "{file}");
    }
    assert!(counts[1] > 2, "{counts:?}");
    assert_eq!((counts[0], counts[2], counts[3], counts[4]), (12, 1, 1, 2));
    let (said, stations): (String, Value) = {
        let out = &printed[3].1;
        (String::from_utf8_lossy(&out.stderr).into_owned(), serde_json::from_slice(&out.stdout).expect("JSON"))
    };
    let resource = &stations["resources"][0];
    assert_eq!(resource["encoding"], json!("gb18030"), "{said}");
    let online = &resource["schema"]["fields"][2];
    let words = (&online["type"], &online["trueValues"], &online["falseValues"]);
    assert_eq!(words, (&json!("boolean"), &json!(["y", "Y"]), &json!(["n", "N"])), "{online}");
    for line in ["column \"站点编号\": text", "column \"是否在线\": boolean", "column \"开通日期\": date", "encoding: gb18030"]
    {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    let gtfs = String::from_utf8_lossy(&printed[0].1.stderr);
    assert!(gtfs.contains("bart.zip/stops.txt: csv") && gtfs.contains("column stop_lat: double precision"), "{gtfs}");
    let two = String::from_utf8_lossy(&printed[4].1.stderr);
    assert!(two.contains("files that make no table: d/readme.md"), "{two}");
}

#[test]
fn what_can_not_be_described_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("good.csv", "a\n1\n"), ("bad.xlsx", "PK\u{3}\u{4} and nothing more")] {
        use std::io::Write;
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a new name");
        zip.write_all(text.as_bytes()).expect("writes to memory");
    }
    let bytes = zip.finish().expect("writes to memory").into_inner();
    std::fs::write(folder.path().join("mixed.zip"), bytes).expect("writes");
    std::fs::write(folder.path().join("datapackage.json"), "{}").expect("writes");
    let mixed = inspect(Path::new("mixed.zip"), folder.path());
    let (said, kept) = (String::from_utf8_lossy(&mixed.stderr), serde_json::from_slice::<Value>(&mixed.stdout));
    let kept = kept.unwrap_or_else(|e| panic!("{e}: {said}"));
    assert!(said.contains("mixed.zip/bad.xlsx: not described"), "{said}");
    assert_eq!(
        kept["resources"].as_array().map(|r| r.iter().map(|r| r["innerpath"].clone()).collect()),
        Some(vec![json!("good.csv")])
    );
    for (place, what) in [(".", "is a folder"), ("datapackage.json", "is a descriptor")] {
        let refused = inspect(Path::new(place), folder.path());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(2) && said.contains(what) && said.contains("hint: "), "{place}: {said}");
    }
}
