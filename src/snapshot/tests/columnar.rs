//! Avro, ORC and Arrow files written here and read back: values, types that are kept otherwise, union by name, and files that are cut or
//! changed at many places.

use arrow::array::{
    ArrayRef, DictionaryArray, FixedSizeBinaryArray, Float64Array, Int32Array, Int64Array, IntervalMonthDayNanoArray,
    ListViewArray, RunArray, StringArray, StructArray, TimestampMillisecondArray, UnionArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, IntervalMonthDayNano, Schema, UnionFields};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroOcfFormat;

use super::*;

fn array(values: impl arrow::array::Array + 'static) -> ArrayRef {
    Arc::new(values)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("columns of one length")
}

/// Three rows of the types that every format has.
fn plain() -> RecordBatch {
    batch(vec![
        ("n", array(Int64Array::from(vec![Some(1), None, Some(i64::MAX)]))),
        ("t", array(StringArray::from(vec![Some("a"), Some(""), None]))),
        ("d", array(Float64Array::from(vec![1.5, f64::NAN, -0.0]))),
    ])
}

fn avro(batch: &RecordBatch, codec: Option<CompressionCodec>) -> Vec<u8> {
    let builder = WriterBuilder::new(batch.schema().as_ref().clone()).with_compression(codec);
    let mut writer = builder.build::<_, AvroOcfFormat>(Vec::new()).expect("opens");
    writer.write(batch).and_then(|()| writer.finish()).expect("writes to memory");
    writer.into_inner()
}

fn orc(batch: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    let builder = orc_rust::ArrowWriterBuilder::new(&mut out, batch.schema());
    let mut writer = builder.with_compression(orc_rust::compression::CompressionType::Zlib).try_build().expect("opens");
    writer.write(batch).and_then(|()| writer.close()).expect("writes to memory");
    out
}

fn stream(batch: &RecordBatch, packed: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(packed).expect("is known");
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).expect("opens");
    writer.write(batch).and_then(|()| writer.finish()).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

fn file(batch: &RecordBatch, packed: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(packed).expect("is known");
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).expect("opens");
    writer.write(batch).and_then(|()| writer.finish()).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

/// The snapshot of these files together.
async fn taken(format: Format, files: &[Vec<u8>]) -> Result<(Arc<Snapshot>, Bench)> {
    let bench = Bench::new();
    let mut paths = Vec::new();
    for (n, bytes) in files.iter().enumerate() {
        bench.put(&format!("f{n}"), bytes).await;
        paths.push(format!("mem://f{n}"));
    }
    let distribution = Distribution { format: Some(format), paths, ..csv("") };
    Ok((bench.touch(&distribution).await?, bench))
}

/// Names and types, then the rows; or the error.
async fn shown(format: Format, files: &[Vec<u8>]) -> String {
    let (snapshot, _bench) = match taken(format, files).await {
        Ok(taken) => taken,
        Err(e) => return format!("{:?}: {e}", e.kind()),
    };
    let fields = snapshot.schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type()));
    let mut lines = vec![fields.collect::<Vec<_>>().join(", ")];
    let Layout::Written(parts) = &snapshot.layout else { return format!("in place: {}; {} rows", lines[0], snapshot.rows) };
    for part in parts {
        let file = std::fs::File::open(&part.path).expect("is there");
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).expect("is Parquet") {
            let batch = batch.expect("is read");
            for row in 0..batch.num_rows() {
                let cell = |column: &ArrayRef| array_value_to_string(column, row).expect("has a text");
                lines.push(batch.columns().iter().map(cell).collect::<Vec<_>>().join("|"));
            }
        }
    }
    lines.join("\n")
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    let want = "n Int64, t Utf8View, d Float64\n1|a|1.5\n||NaN\n9223372036854775807||-0.0";
    let codecs = [
        None,
        Some(CompressionCodec::Deflate),
        Some(CompressionCodec::Snappy),
        Some(CompressionCodec::ZStandard),
        Some(CompressionCodec::Bzip2),
        Some(CompressionCodec::Xz),
    ];
    for codec in codecs {
        assert_eq!(shown(Format::Avro, &[avro(&plain(), codec)]).await, want, "{codec:?}");
    }
    assert_eq!(shown(Format::Orc, &[orc(&plain())]).await, want);
    for packed in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
        assert_eq!(shown(Format::Arrow, &[stream(&plain(), packed)]).await, want, "{packed:?}");
    }
    assert_eq!(shown(Format::Arrow, &[file(&plain(), Some(CompressionType::ZSTD))]).await, want);
    let in_place = shown(Format::Arrow, &[file(&plain(), None)]).await;
    assert_eq!(in_place, "in place: n Int64, t Utf8, d Float64; 3 rows");
    let gzipped = {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut e, &avro(&plain(), None)).expect("writes to memory");
        e.finish().expect("writes to memory")
    };
    assert_eq!(shown(Format::Avro, &[gzipped]).await, want);
}

#[tokio::test]
async fn types_without_a_place_in_a_table_are_kept_otherwise() {
    let union = {
        let fields = UnionFields::try_new(
            [0, 1, 2],
            [
                Field::new("int", DataType::Int32, true),
                Field::new("string", DataType::Utf8, true),
                Field::new("null", DataType::Null, true),
            ],
        );
        let children =
            vec![array(Int32Array::from(vec![7])), array(StringArray::from(vec!["x"])), array(arrow::array::NullArray::new(1))];
        let offsets = Some(ScalarBuffer::from(vec![0, 0, 0]));
        UnionArray::try_new(fields.expect("three"), ScalarBuffer::from(vec![0_i8, 1, 2]), offsets, children).expect("fits")
    };
    let list_view = ListViewArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let runs = RunArray::<Int32Type>::from_iter([Some("r"), Some("r"), None]);
    let interval = IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(1, 2, 3_000_000_000); 3]);
    let empty = StructArray::new_empty_fields(3, None);
    let bytes = (0..16_u8).collect::<Vec<_>>();
    let uuid = FixedSizeBinaryArray::try_from_iter([&bytes[..]; 3].into_iter()).expect("of one length");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("u", array(union)),
        ("l", array(list_view)),
        ("r", array(runs)),
        ("k", array(["p", "q", "p"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("i", array(interval)),
        ("e", array(empty)),
        ("id", array(uuid)),
        ("id", array(Int32Array::from(vec![1, 2, 3]))),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, a)| {
            let field = Field::new(*name, a.data_type().clone(), true);
            let is_uuid = matches!(a.data_type(), DataType::FixedSizeBinary(_));
            let says = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
            if is_uuid { field.with_metadata([says].into()) } else { field }
        })
        .collect();
    let arrays = columns.into_iter().map(|(_, a)| a).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length");
    let shown = shown(Format::Arrow, &[stream(&batch, None)]).await;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines,
        [
            "u Struct(\"int\": Int32, \"string\": Utf8View), l List(Int32), r Utf8View, k Utf8View, i Utf8View, e Utf8View, \
             id Utf8View, id_2 Int32",
            "{int: 7, string: }|[1, ]|r|p|1 mons 2 days 3.000000000 secs|{}|00010203-0405-0607-0809-0a0b0c0d0e0f|1",
            "{int: , string: x}||r|q|1 mons 2 days 3.000000000 secs|{}|00010203-0405-0607-0809-0a0b0c0d0e0f|2",
            "|[]||p|1 mons 2 days 3.000000000 secs|{}|00010203-0405-0607-0809-0a0b0c0d0e0f|3",
        ],
        "{shown}"
    );
}

#[tokio::test]
async fn files_are_united_by_name_where_no_value_is_lost() {
    let old = batch(vec![
        ("n", array(Int32Array::from(vec![1]))),
        ("gone", array(StringArray::from(vec!["g"]))),
        ("s", array(StructArray::from(batch(vec![("a", array(Int32Array::from(vec![5])))])))),
    ]);
    let new = batch(vec![
        ("s", array(StructArray::from(batch(vec![("b", array(StringArray::from(vec!["z"])))])))),
        ("n", array(Int64Array::from(vec![1 << 40]))),
        ("come", array(TimestampMillisecondArray::from(vec![0]))),
    ]);
    let united = shown(Format::Arrow, &[stream(&old, None), stream(&new, None)]).await;
    assert_eq!(
        united,
        "n Int64, gone Utf8View, s Struct(\"a\": Int32, \"b\": Utf8View), come Timestamp(ms), _source_file Utf8View\n\
         1|g|{a: 5, b: }||f0\n1099511627776||{a: , b: z}|1970-01-01T00:00:00|f1"
    );
    let (old, new) =
        (batch(vec![("n", array(Int32Array::from(vec![1])))]), batch(vec![("n", array(StringArray::from(vec!["x"])))]));
    let both: [(Format, [Vec<u8>; 2]); 3] = [
        (Format::Arrow, [stream(&old, None), stream(&new, None)]),
        (Format::Avro, [avro(&old, None), avro(&new, None)]),
        (Format::Orc, [orc(&old), orc(&new)]),
    ];
    for (format, files) in both {
        let e = shown(format, &files).await;
        assert_eq!(e, "SourceInvalid: mem://f0 and mem://f1 are not of one shape: column n is Int32 and Utf8View");
    }
}

/// A few hundred rows, so that there is something to change.
fn many() -> RecordBatch {
    batch(vec![
        ("n", array(Int64Array::from_iter_values((0..300).map(|n| n * n)))),
        ("t", array(StringArray::from_iter_values((0..300).map(|n| format!("text {}", n % 17))))),
    ])
}

#[tokio::test]
async fn a_file_that_is_cut_is_an_error() {
    for (format, whole) in [
        (Format::Avro, avro(&many(), None)),
        (Format::Avro, avro(&many(), Some(CompressionCodec::Deflate))),
        (Format::Orc, orc(&many())),
        (Format::Arrow, file(&many(), None)),
        (Format::Arrow, file(&many(), Some(CompressionType::LZ4_FRAME))),
        (Format::Parquet, parquet_file(&many())),
    ] {
        for length in (1..whole.len()).step_by(whole.len() / 40) {
            let cut = shown(format, &[whole[..length].to_vec()]).await;
            // An Avro container that ends behind its header is whole: it has no blocks.
            let bare = format == Format::Avro && cut == "n Int64, t Utf8View";
            assert!(bare || cut.starts_with("SourceInvalid"), "{format:?} cut at {length} of {}: {cut}", whole.len());
        }
    }
}

fn parquet_file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("opens");
    writer.write(batch).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

#[tokio::test]
async fn a_file_that_is_changed_is_an_error_or_has_its_rows() {
    for (format, whole) in [
        (Format::Avro, avro(&many(), None)),
        (Format::Avro, avro(&many(), Some(CompressionCodec::Snappy))),
        (Format::Avro, avro(&many(), Some(CompressionCodec::ZStandard))),
        (Format::Orc, orc(&many())),
        (Format::Arrow, stream(&many(), None)),
        (Format::Arrow, stream(&many(), Some(CompressionType::LZ4_FRAME))),
        (Format::Arrow, file(&many(), None)),
        (Format::Parquet, parquet_file(&many())),
    ] {
        let mut read = 0;
        for place in (0..whole.len()).step_by(whole.len() / 60) {
            for byte in [0, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] = byte;
                match taken(format, &[changed]).await {
                    Ok((snapshot, _bench)) => {
                        // The end mark of a stream may come early, and a byte may say how many rows there are.
                        let may_be_fewer = format == Format::Arrow;
                        assert!(snapshot.rows == 300 || may_be_fewer, "{format:?} at {place}: {} rows", snapshot.rows);
                        read += 1;
                    }
                    Err(e) => {
                        let kinds = [Kind::SourceInvalid, Kind::SourceMissing];
                        assert!(kinds.contains(&e.kind()), "{format:?} at {place}: {:?} {e}", e.kind());
                    }
                }
            }
        }
        assert!(read > 0, "{format:?}: no change left the file readable");
    }
}

#[tokio::test]
async fn small_files_do_not_ask_for_much() {
    // An Avro block that unpacks to 64 MB of zeros, of which a row takes two.
    let schema = br#"{"type":"record","name":"r","fields":[{"name":"a","type":"bytes"}]}"#;
    let mut bomb = b"Obj\x01\x04\x16avro.schema".to_vec();
    bomb.push(u8::try_from(((schema.len() * 2) & 0x7f) | 0x80).expect("seven bits and the mark"));
    bomb.push(u8::try_from((schema.len() * 2) >> 7).expect("is short"));
    bomb.extend(schema);
    bomb.extend(b"\x14avro.codec\x0edeflate\x00");
    bomb.extend([7; 16]);
    let packed = {
        let mut e = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut e, &vec![0; 64 << 20]).expect("writes to memory");
        e.finish().expect("writes to memory")
    };
    let number = |out: &mut Vec<u8>, n: usize| {
        let mut bits = n * 2;
        while bits >= 0x80 {
            out.push((bits & 0x7f | 0x80) as u8);
            bits >>= 7;
        }
        out.push(bits as u8);
    };
    number(&mut bomb, 1 << 20);
    number(&mut bomb, packed.len());
    bomb.extend(&packed);
    bomb.extend([7; 16]);
    let e = shown(Format::Avro, &[bomb]).await;
    assert!(
        e.starts_with("SourceInvalid: mem://f0 can't be read as Avro: the block at byte ") && e.contains("it unpacks"),
        "{e}"
    );
    // An Arrow body that claims 2^40 bytes.
    let mut packed = stream(&many(), Some(CompressionType::ZSTD));
    let place = packed.windows(8).position(|w| w == 2400_i64.to_le_bytes()).expect("the length of 300 numbers");
    packed[place..place + 8].copy_from_slice(&(1_i64 << 40).to_le_bytes());
    let e = shown(Format::Arrow, &[packed]).await;
    assert!(e.contains("claims 1099511627776 bytes"), "{e}");
}
