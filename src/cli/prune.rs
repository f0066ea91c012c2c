//! `stoa prune`: old snapshots removed, and what that freed told on standard output. Which of them are old, and which are being
//! read, is decided where they are kept.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use chrono::SecondsFormat;
use indicatif::HumanBytes;

use super::output::not_printed;
use super::report::Failure;
use crate::engine::Engine;
use crate::name::quoted;
use crate::snapshot::{Fate, Pruned, Retention};

/// What goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// Tables as `schema.table`, and themes; all tables of the state when it is empty.
    pub names: Vec<String>,
    pub retention: Retention,
    /// Only to say what would go.
    pub dry_run: bool,
}

/// Removes old snapshots, a line for each, and sums up what that freed.
pub fn prune(engine: &Arc<Engine>, options: &Options) -> Result<(), Failure> {
    let of = |[_, schema, table]: &[String; 3]| {
        options.names.is_empty() || options.names.iter().any(|name| super::means(name, schema, table))
    };
    let pruned = engine.prune(&options.retention, &of, options.dry_run)?;
    let mut out = io::stdout().lock();
    let told = pruned.iter().try_for_each(|p| writeln!(out, "{}", Line(p, options.dry_run)));
    Ok(told.and_then(|()| writeln!(out, "{}", Sum(&pruned, options.dry_run))).map_err(not_printed)?)
}

/// What became of one snapshot.
struct Line<'a>(&'a Pruned, bool);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Pruned { table: [catalog, schema, table], snapshot, created, fate }, dry_run) = self;
        write!(f, "{}.{}.{}: ", quoted(catalog), quoted(schema), quoted(table))?;
        let goes = if *dry_run { "would go, " } else { "" };
        let made = created.map(|at| format!(" of {}", at.to_rfc3339_opts(SecondsFormat::Secs, true))).unwrap_or_default();
        match fate {
            Fate::Removed { bytes } => write!(f, "{snapshot}{made}: {goes}{}", HumanBytes(*bytes)),
            Fate::InUse => write!(f, "{snapshot}{made}: stays, it is being read"),
            Fate::Leftover { bytes } => write!(f, "what killed writes left: {goes}{}", HumanBytes(*bytes)),
        }
    }
}

/// How many went, and what that freed.
struct Sum<'a>(&'a [Pruned], bool);

impl fmt::Display for Sum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(pruned, dry_run) = self;
        let (mut gone, mut in_use, mut freed) = (0, 0, 0);
        for p in *pruned {
            match p.fate {
                Fate::Removed { bytes } => (gone, freed) = (gone + 1, freed + bytes),
                Fate::InUse => in_use += 1,
                Fate::Leftover { bytes } => freed += bytes,
            }
        }
        let snapshots = if gone == 1 { "snapshot" } else { "snapshots" };
        if *dry_run {
            write!(f, "{gone} {snapshots} would go and free {}", HumanBytes(freed))?;
        } else {
            write!(f, "{gone} {snapshots} removed, {} freed", HumanBytes(freed))?;
        }
        if in_use > 0 { write!(f, "; {in_use} being read") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn what_went_is_told_and_summed_up() {
        let pruned = |snapshot: &str, fate| Pruned {
            table: ["city".into(), "transport".into(), "Trips".into()],
            snapshot: snapshot.to_owned(),
            created: chrono::DateTime::from_timestamp(1_793_000_000, 0).filter(|_| !snapshot.is_empty()),
            fate,
        };
        let all =
            [pruned("a", Fate::Removed { bytes: 1 << 20 }), pruned("b", Fate::InUse), pruned("", Fate::Leftover { bytes: 512 })];
        let shown = |dry_run| {
            let lines: String = all.iter().map(|p| format!("{}\n", Line(p, dry_run))).collect();
            format!("{lines}{}\n", Sum(&all, dry_run))
        };
        expect![[r#"
            city.transport."Trips": a of 2026-10-26T07:33:20Z: 1.00 MiB
            city.transport."Trips": b of 2026-10-26T07:33:20Z: stays, it is being read
            city.transport."Trips": what killed writes left: 512 B
            1 snapshot removed, 1.00 MiB freed; 1 being read
        "#]]
        .assert_eq(&shown(false));
        assert!(shown(true).contains("a of 2026-10-26T07:33:20Z: would go, 1.00 MiB"), "{}", shown(true));
    }
}
