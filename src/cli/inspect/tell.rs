//! What was found in a file, line by line on standard error.

use crate::descriptor::{Compression, Distribution, Format, SheetChoice};
use crate::error::Result;
use crate::name::{clip, quoted};
use crate::snapshot::{self, ReadAs, Snapshot, Snapshots};
use crate::table::pg_type::PgType;

/// What a table is called: the place as it was given, and which member or sheet of it.
pub(super) fn label(place: &str, of: &Distribution) -> String {
    let member = of.member.as_ref().map_or_else(String::new, |member| format!("/{member}"));
    let sheet = match &of.dialect.sheet {
        Some(SheetChoice::Name(name)) => format!(", sheet {}", quoted(name)),
        Some(SheetChoice::Number(number)) => format!(", sheet {number}"),
        None => String::new(),
    };
    format!("{place}{member}{sheet}")
}

/// What a table's file is and how it is read, its columns as SQL has them, and what is to be known of it.
pub(super) fn found(label: &str, of: &Distribution, found: &Snapshot, warnings: &[String]) {
    let packing = of.compression.map_or_else(String::new, |c| format!(", packed as {}", Compression::name(c)));
    let format = of.format.map_or("text", Format::name);
    eprintln!("{label}: {format}{packing}");
    for ReadAs { encoding, guessed, dialect, .. } in &found.read {
        if let Some(encoding) = encoding {
            eprintln!("encoding: {encoding}{}", if *guessed { " (a guess)" } else { "" });
        }
        if let Some(dialect) = dialect {
            eprintln!("dialect: {dialect}");
        }
    }
    eprintln!("rows: {} of {} read, {} rejects", found.rows, found.rows_read, found.rejects);
    for column in snapshot::columns(&found.schema) {
        let data_type = found.schema.field_with_name(&column.name).map_or("", |field| PgType::of_field(field).sql_name);
        eprintln!("column {}: {data_type}", quoted(&column.name));
    }
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}

/// The first rejects of a table, at most `most`, and how many more there are.
pub(super) fn rejects(snapshots: &Snapshots, found: &Snapshot, most: usize) -> Result<()> {
    for reject in snapshots.rejects(found)?.take(most) {
        let reject = reject?;
        let column = reject.column.map_or_else(String::new, |c| format!(", column {}", quoted(&c)));
        eprintln!("reject: line {}{column}: {}: {}", reject.line, reject.reason, clip(&reject.raw, 200));
    }
    if found.rejects > most as u64 {
        eprintln!("reject: and {} more", found.rejects - most as u64);
    }
    Ok(())
}
