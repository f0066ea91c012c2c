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
        "column aé: ",
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
