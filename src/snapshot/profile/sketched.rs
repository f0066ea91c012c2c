//! A profile as the catalog looks for related tables by it.

use super::Profile;
use crate::catalog::{SKETCH_VERSION, SketchedColumn, SketchedTable, TableEntry};

impl Profile {
    /// The sketches of a table's columns, with the sets of columns that no two rows have the same values of.
    pub fn sketches(&self, table: &TableEntry) -> SketchedTable {
        let declared = &table.distribution().schema.columns;
        let column = |c: &super::ColumnProfile| {
            let sketch = c.values.clone().filter(|sketch| sketch.version == SKETCH_VERSION)?;
            let list = declared.iter().find(|d| d.name == c.name).and_then(|d| d.code_list());
            Some(SketchedColumn { name: c.name.clone(), list, sketch })
        };
        let unique = self.columns.iter().filter(|c| c.unique == Some(true)).map(|c| vec![c.name.clone()]);
        let keys = self.keys.iter().filter(|key| key.duplicates == Some(0)).map(|key| key.columns.clone());
        let mut keys: Vec<Vec<String>> = unique.chain(keys).collect();
        keys.sort_unstable();
        keys.dedup();
        let columns = self.columns.iter().filter_map(column).collect();
        let (schema, name, snapshot) = (table.schema.clone(), table.name.clone(), self.snapshot.clone());
        SketchedTable { schema, name, snapshot, rows: self.rows, keys, columns }
    }
}
