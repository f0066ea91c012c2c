//! Parquet and Arrow that were made wrong on purpose: whatever their decoders do with them, the table is an error that names the file or
//! has its rows, and the server stays up.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Int32Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::harness::{Server, Setup, rows};

const ROWS: i64 = 600;

/// Columns of every kind that decoders treat apart.
fn batch() -> RecordBatch {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS).map(|n| n * n % 1013)));
    let small: ArrayRef = Arc::new(Int32Array::from_iter((0..ROWS).map(|n| (n % 7 > 0).then_some(n as i32 % 90))));
    let d: ArrayRef = Arc::new(Float64Array::from_iter_values((0..ROWS).map(|n| n as f64 / 8.0)));
    let t: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| format!("text {}", n % 31))));
    let few: DictionaryArray<Int32Type> = (0..ROWS).map(|n| ["one", "two", "three"][n as usize % 3]).collect();
    let few: ArrayRef = Arc::new(few);
    let item = Arc::new(Field::new("item", n.data_type().clone(), true));
    let lists = OffsetBuffer::from_lengths((0..ROWS as usize / 2).flat_map(|n| if n % 2 == 0 { [0, 2] } else { [1, 1] }));
    let lists: ArrayRef = Arc::new(ListArray::new(item, lists, Arc::clone(&n), None));
    let pair = StructArray::from(vec![(Arc::new(Field::new("x", d.data_type().clone(), true)), Arc::clone(&d))]);
    let columns: [(&str, ArrayRef); 7] =
        [("n", n), ("small", small), ("d", d), ("t", t), ("few", few), ("lists", lists), ("pair", Arc::new(pair))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("of one length")
}

fn parquet(properties: WriterProperties) -> Vec<u8> {
    let batch = batch();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("opens");
    writer.write(&batch).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

fn arrow() -> Vec<u8> {
    let batch = batch();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("opens");
    writer.write(&batch).expect("writes to memory");
    writer.finish().expect("is finished");
    writer.into_inner().expect("is finished")
}

/// Each whole file with its ending, and how far its rows reach: what stands behind is checked before any scan.
fn files() -> Vec<(&'static str, Vec<u8>, usize)> {
    let plain = || WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).set_data_page_row_count_limit(200);
    let second = || plain().set_writer_version(WriterVersion::PARQUET_2_0).set_dictionary_enabled(false);
    let bytes = |column: &str, encoding| second().set_column_encoding(column.into(), encoding);
    let files = [
        plain().build(),
        second().build(),
        bytes("t", Encoding::DELTA_LENGTH_BYTE_ARRAY).set_column_encoding("d".into(), Encoding::BYTE_STREAM_SPLIT).build(),
        bytes("t", Encoding::DELTA_BYTE_ARRAY).set_column_encoding("n".into(), Encoding::DELTA_BINARY_PACKED).build(),
    ];
    let data = |bytes: &Vec<u8>| {
        let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().expect("four bytes"));
        bytes.len() - 8 - footer as usize
    };
    let mut files: Vec<_> = files.map(parquet).into_iter().map(|bytes| ("parquet", data(&bytes), bytes)).collect();
    let arrow = arrow();
    files.push(("arrow", arrow.len(), arrow));
    files.into_iter().map(|(ending, end, bytes)| (ending, bytes, end)).collect()
}

/// A sequence that is the same in each run (xorshift, G. Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

#[tokio::test]
async fn what_decoders_stumble_over_is_an_error_of_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut dice = Dice(0x005e_ed0f_5eed);
    let mut names = Vec::new();
    for (n, (ending, whole, end)) in files().into_iter().enumerate() {
        for wrong in 0..70 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.roll(3) {
                let at = 4 + dice.roll(end - 4);
                bytes[at] = [0x00, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)][dice.roll(6)];
            }
            let name = format!("w{n}_{wrong}");
            std::fs::write(folder.path().join(format!("{name}.{ending}")), bytes).expect("writes");
            names.push((name, ending));
        }
    }
    let server = Server::start(Setup { catalogs: vec![("c", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("c").await;
    let (mut answered, mut stumbled, mut refused) = (0, 0, 0);
    for (name, ending) in &names {
        for sql in [format!("SELECT * FROM {name}"), format!("SELECT t, sum(n), max(d) FROM {name} WHERE small > 3 GROUP BY 1")] {
            match rows(&client, &sql).await {
                Ok(rows) => {
                    assert!(rows.len() <= ROWS as usize, "{sql}: {} rows", rows.len());
                    answered += 1;
                }
                Err(e) => {
                    let e = e.as_db_error().unwrap_or_else(|| panic!("{sql}: the server stays up: {e:?}"));
                    assert_ne!(e.code().code(), "XX000", "{sql}: {e:?}");
                    let of_column = e.code().code() == "42703";
                    let file = format!("{name}.{ending}");
                    assert!(of_column || e.message().contains(&file) || e.code().code() != "22000", "{sql}: {e:?}");
                    refused += 1;
                    stumbled += usize::from(e.message().contains("its content makes no sense"));
                }
            }
        }
    }
    // Without a decoder that panicked, this shows nothing.
    assert!(
        answered > 50 && refused > 50 && stumbled > 0,
        "{answered} answered, {refused} refused, {stumbled} of them by a panic"
    );
    assert_eq!(rows(&client, "SELECT 1").await.expect("it is up"), [["1"]]);
}
