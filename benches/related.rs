//! What looking for related tables costs among 1,000 tables of 20 columns each: putting a table's sketches into the index, finding those that
//! share values with it, comparing them. `cargo bench --bench related`.

use std::time::Instant;

use stoa::catalog::{Catalogs, Gatherer, Join, Reach, Sketch, SketchedColumn, SketchedTable, ValueKind};

const TABLES: u32 = 1_000;
const COLUMNS: u32 = 20;

/// Registers of codes that tables take theirs from.
const REGISTERS: u32 = 40;

fn codes(register: u32, n: u32) -> Sketch {
    let mut gatherer = Gatherer::new(ValueKind::Text);
    (0..n).for_each(|code| gatherer.text(&format!("R{register:05}K{code:06}")));
    gatherer.finish().expect("codes have a sketch")
}

fn days(n: u32) -> Sketch {
    let mut gatherer = Gatherer::new(ValueKind::Date);
    (0..n).for_each(|day| gatherer.instant((18_000 + i64::from(day)) * 86_400_000_000));
    gatherer.finish().expect("days have a sketch")
}

/// Half of the columns are of registers that others have too, the rest days and codes of their own.
fn table(t: u32) -> SketchedTable {
    let column = |c: u32| {
        let register = (t * 7 + c) % REGISTERS;
        let (name, sketch) = match c {
            0..10 => (format!("code_{register}"), codes(register, 2_000)),
            10..14 => (format!("day_{c}"), days(t + 100)),
            _ => (format!("own_{t}_{c}"), codes(1_000 + t * COLUMNS + c, 600)),
        };
        SketchedColumn { name, list: None, sketch }
    };
    SketchedTable {
        schema: "t".to_owned(),
        name: format!("t{t}"),
        snapshot: "1".to_owned(),
        rows: 10_000,
        keys: vec![vec![format!("own_{t}_14")]],
        columns: (0..COLUMNS).map(column).collect(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let catalogs = Catalogs::open(Some(folder.path().to_owned()), &[], &Reach::FILES)?;
    let tables: Vec<SketchedTable> = (0..TABLES).map(table).collect();
    let begun = Instant::now();
    for table in &tables {
        catalogs.put_sketches("city", table)?;
    }
    println!("put: {:?} a table", begun.elapsed() / TABLES);
    let (asked, begun) = (&tables[500], Instant::now());
    let found = catalogs.sharing("city", asked)?;
    println!("find: {:?}, {} tables", begun.elapsed(), found.len());
    let begun = Instant::now();
    let joins: usize = found.iter().map(|theirs| Join::of(asked, theirs).len()).sum();
    println!("compare: {:?}, {joins} joins", begun.elapsed());
    let bytes = |name: &str| std::fs::metadata(folder.path().join(name)).map(|m| m.len()).unwrap_or(0);
    println!("index: {} bytes", bytes("catalog.sqlite") + bytes("catalog.sqlite-wal"));
    Ok(())
}
