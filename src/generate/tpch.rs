//! The eight tables of TPC-H as published files, by the crate `tpchgen`: the same rows as the benchmark's own generator makes at a scale
//! factor. What a table's columns are called stands in the first line of its file.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;

use serde_json::json;
use tpchgen::csv::{CustomerCsv, LineItemCsv, NationCsv, OrderCsv, PartCsv, PartSuppCsv, RegionCsv, SupplierCsv};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator, RegionGenerator,
    SupplierGenerator,
};

use super::output::{Output, Packing, Step, Summary};
use crate::error::Result;

/// What its columns end in, and the types of such columns; all else is text.
const TYPES: &[(&str, &str)] = &[
    ("key", "integer"),
    ("date", "date"),
    ("linenumber", "integer"),
    ("size", "integer"),
    ("shippriority", "integer"),
    ("availqty", "integer"),
    ("quantity", "number"),
    ("price", "number"),
    ("discount", "number"),
    ("tax", "number"),
    ("acctbal", "number"),
    ("supplycost", "number"),
];

/// Writes the tables under `dir` as `tpch/TABLE/datapackage.json` with the data file beside it. `scale` is the benchmark's scale factor: 1 has
/// six million lines. Fails as [`super::generate`] does.
pub fn tpch(dir: &Path, scale: f64, progress: &dyn Fn(Step<'_>)) -> Result<Summary> {
    super::check(scale)?;
    let mut out = Output::new(dir, progress);
    table(&mut out, "region", RegionCsv::header(), RegionGenerator::new(scale, 1, 1).iter().map(RegionCsv::new))?;
    table(&mut out, "nation", NationCsv::header(), NationGenerator::new(scale, 1, 1).iter().map(NationCsv::new))?;
    table(&mut out, "supplier", SupplierCsv::header(), SupplierGenerator::new(scale, 1, 1).iter().map(SupplierCsv::new))?;
    table(&mut out, "customer", CustomerCsv::header(), CustomerGenerator::new(scale, 1, 1).iter().map(CustomerCsv::new))?;
    table(&mut out, "part", PartCsv::header(), PartGenerator::new(scale, 1, 1).iter().map(PartCsv::new))?;
    table(&mut out, "partsupp", PartSuppCsv::header(), PartSuppGenerator::new(scale, 1, 1).iter().map(PartSuppCsv::new))?;
    table(&mut out, "orders", OrderCsv::header(), OrderGenerator::new(scale, 1, 1).iter().map(OrderCsv::new))?;
    table(&mut out, "lineitem", LineItemCsv::header(), LineItemGenerator::new(scale, 1, 1).iter().map(LineItemCsv::new))?;
    Ok(out.summary())
}

fn table(out: &mut Output<'_>, name: &str, header: &str, lines: impl Iterator<Item = impl Display>) -> Result<()> {
    let (folder, file) = (format!("tpch/{name}"), format!("{name}.csv"));
    out.file(&format!("{folder}/{file}"), Packing::Plain, |rows| {
        writeln!(rows, "{header}")?;
        for line in lines {
            writeln!(rows, "{line}")?;
            rows.row();
        }
        Ok(())
    })?;
    let fields: Vec<_> = header.split(',').map(|column| json!({"name": column, "type": kind(column)})).collect();
    let resource = json!({"name": name, "path": file, "format": "csv", "schema": {"fields": fields}});
    let descriptor = json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name,
        "title": format!("TPC-H: {name} (synthetic)"),
        "description": "SYNTHETIC: made by `stoa generate` for benches, after the specification of TPC-H.",
        "synthetic": true,
        "theme": "tpch",
        "keywords": ["TPC-H", "synthetic"],
        "accessRights": "PUBLIC",
        "resources": [resource],
    });
    out.descriptor(&folder, &descriptor)
}

fn kind(column: &str) -> &'static str {
    TYPES.iter().find(|(end, _)| column.ends_with(end)).map_or("string", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_rows_of_their_scale() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let counts = std::cell::RefCell::new(Vec::new());
        let summary = tpch(dir.path(), 0.001, &|step| {
            if step.done {
                counts.borrow_mut().push(step.rows);
            }
        })
        .expect("they are written");
        assert_eq!(counts.into_inner(), [5, 25, 10, 150, 200, 800, 1500, 6005]);
        assert_eq!((summary.datasets, summary.files), (8, 8));
        assert!(dir.path().join("tpch/lineitem/lineitem.csv").exists() && dir.path().join("tpch/part/datapackage.json").exists());
        assert!(tpch(dir.path(), 0.0, &|_| ()).is_err());
    }

    #[test]
    fn only_numbers_and_dates_are_more_than_text() {
        for (column, want) in
            [("o_orderstatus", "string"), ("l_extendedprice", "number"), ("c_custkey", "integer"), ("p_name", "string")]
        {
            assert_eq!(kind(column), want, "{column}");
        }
    }
}
