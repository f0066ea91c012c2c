//! Published Parquet and Arrow files: they are scanned where they stand, and here only their schemas and row counts are read, with
//! a distrust of what their footers claim. What each format's footer is held to is in the files below.

mod arrow;
mod logical;
mod pages;
mod parquet;
mod thrift;

use std::ops::Range;
use std::sync::Arc;

use ::arrow::datatypes::{Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::columnar::wider;
use super::foreign;
use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::store::{Object, pinned, source_error};

pub(super) use self::arrow::footers as arrow;
pub use self::pages::check as check_pages;
pub(super) use self::parquet::{ParquetFooter, footers as parquet, micros};

/// Files whose footers are read at the same time.
const AT_ONCE: usize = 8;

/// How many footers are decoded at the same time where the longest is so long: together they take what [`ROOM`] gives.
pub fn footers_at_once(longest: u64) -> usize {
    usize::try_from(MAX_FOOTER / longest.max(1)).unwrap_or(AT_ONCE).clamp(1, AT_ONCE)
}

/// The longest footer that is believed, in bytes.
const MAX_FOOTER: u64 = 128 << 20;

/// What all footers that are decoded at the same time may take together, in [`GRAIN`]s: one of the longest, or many short ones. Decoded
/// they take some times as much.
static ROOM: Semaphore = Semaphore::const_new((MAX_FOOTER / GRAIN) as usize);

/// Bytes of one permit of [`ROOM`].
const GRAIN: u64 = 64 << 10;

/// What a file's footer tells.
struct Footer {
    schema: SchemaRef,
    rows: u64,
    /// How long it is.
    bytes: u64,
}

/// Reads every file's footer with `read`, in order; a panic of a reader is an error of the file.
async fn each<'a, T, F>(objects: &'a [Object], read: impl Fn(Version<'a>) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>> + 'a,
{
    let footers = objects.iter().map(|object| {
        let footer = foreign::steps(read(Version::of(object)));
        async move { footer.await.unwrap_or_else(|_| Err(invalid(object, "its metadata makes no sense"))) }
    });
    let footers: Vec<_> = footers.collect();
    let footers: Vec<T> = futures::stream::iter(footers).buffered(AT_ONCE).try_collect().await?;
    if footers.is_empty() { Err(Error::new(Kind::SourceMissing, "there is no file to read")) } else { Ok(footers) }
}

/// The rows of all files.
fn rows(footers: &[Footer]) -> u64 {
    footers.iter().fold(0, |sum, f| sum.saturating_add(f.rows))
}

/// One schema for all files: columns by name in first-seen order. A scan gives NULL for a column that a file lacks, and widens numbers
/// and times; [`Kind::SourceInvalid`] with both files and types when that would lose a value.
fn united(objects: &[Object], footers: &[Footer]) -> Result<SchemaRef> {
    let first = &footers[0].schema;
    // A column that is never empty in the first file may be in another.
    let same = |a: &Field, b: &Field| a.data_type() == b.data_type() && a.is_nullable() == b.is_nullable();
    if footers.iter().all(|f| agree(first, &f.schema, same)) {
        return Ok(Arc::clone(first));
    }
    let mut fields: Vec<(Field, &Object)> = Vec::new();
    for (index, (footer, object)) in footers.iter().zip(objects).enumerate() {
        for field in footer.schema.fields() {
            match fields.iter_mut().find(|(f, _)| f.name() == field.name()) {
                Some((known, from)) => {
                    let (was, is) = (known.data_type(), field.data_type());
                    if was == is {
                        continue;
                    }
                    let both = wider(was, is).filter(|_| !was.is_nested()).ok_or_else(|| {
                        let column = quoted(field.name());
                        let message =
                            format!("{} and {} are not of one shape: column {column} is {was} and {is}", from.url, object.url);
                        Error::new(Kind::SourceInvalid, message).with_hint("Describe them as distributions of their own.")
                    })?;
                    if both != *was {
                        (*known, *from) = (known.clone().with_data_type(both), object);
                    }
                }
                None => fields.push((field.as_ref().clone().with_nullable(index > 0 || field.is_nullable()), object)),
            }
        }
        for (known, _) in &mut fields {
            if footer.schema.field_with_name(known.name()).is_ok_and(|f| !f.is_nullable()) {
                continue;
            }
            known.set_nullable(true);
        }
    }
    let fields: Vec<Field> = fields.into_iter().map(|(field, _)| field).collect();
    Ok(Arc::new(Schema::new_with_metadata(fields, first.metadata().clone())))
}

/// Whether two schemas have the same columns, beside their metadata and whether values may be absent.
fn same_columns(a: &Schema, b: &Schema) -> bool {
    agree(a, b, |a, b| a.data_type() == b.data_type())
}

/// Whether each column of one schema is `same` as the other's of its name, wherever that stands, and there are no more.
fn agree(a: &Schema, b: &Schema, same: impl Fn(&Field, &Field) -> bool) -> bool {
    let of_name = |place: usize, name: &str| {
        let there = b.fields().get(place).filter(|f| f.name() == name);
        there.or_else(|| b.fields().iter().find(|f| f.name() == name))
    };
    let mut fields = a.fields().iter().enumerate();
    a.fields().len() == b.fields().len() && fields.all(|(i, f)| of_name(i, f.name()).is_some_and(|other| same(f, other)))
}

fn invalid(object: &Object, what: impl std::fmt::Display) -> Error {
    // What follows the first line is where in the metadata the verifier stood.
    let what = what.to_string();
    Error::new(Kind::SourceInvalid, format!("{} can't be read: {}", object.url, what.lines().next().unwrap_or_default()))
}

/// One object, each read of which is of the version that was looked up.
struct Version<'a> {
    object: &'a Object,
    store: Arc<dyn ObjectStore>,
}

impl<'a> Version<'a> {
    fn of(object: &'a Object) -> Self {
        let store = pinned(std::slice::from_ref(object)).expect("one object is of one store");
        Self { object, store }
    }

    /// Waits until a footer of so many bytes may be held and decoded, for as long as the answer is kept. Who has room asks for no more.
    async fn room(&self, bytes: u64) -> Result<SemaphorePermit<'static>> {
        let permits = u32::try_from(bytes.min(MAX_FOOTER).div_ceil(GRAIN)).expect("the longest footer is of a few thousand");
        let room = ROOM.acquire_many(permits).await;
        room.map_err(|e| Error::new(Kind::Internal, "the room for footers was closed").caused_by(e))
    }

    async fn bytes(&self, range: Range<u64>) -> Result<Bytes> {
        let wanted = range.end - range.start;
        let read = self.store.get_range(&self.object.meta.location, range).await;
        let read = read.map_err(|e| source_error(&self.object.url, e))?;
        if read.len() as u64 != wanted {
            return Err(Error::new(Kind::SourceChanged, format!("{} changed while it was read", self.object.url)));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use ::arrow::datatypes::DataType;
    use object_store::ObjectMeta;

    use super::*;

    /// Files of these columns, each by name and whether it may be NULL, `columns` in one file.
    fn united_of(files: &[&[(&str, bool)]]) -> Vec<(String, bool)> {
        let footer = |columns: &&[(&str, bool)]| {
            let fields: Vec<Field> = columns.iter().map(|(name, null)| Field::new(*name, DataType::Int64, *null)).collect();
            Footer { schema: Arc::new(Schema::new(fields)), rows: u64::MAX / 2, bytes: 0 }
        };
        let footers: Vec<Footer> = files.iter().map(footer).collect();
        assert_eq!(rows(&footers), (u64::MAX / 2).saturating_mul(files.len() as u64));
        let meta = ObjectMeta {
            location: object_store::path::Path::from("a"),
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: 1,
            e_tag: None,
            version: None,
        };
        let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        let object = Object { url: "a".to_owned(), store_url: "memory:///".to_owned(), store, meta };
        let schema = united(&vec![object; files.len()], &footers).expect("they are of one shape");
        schema.fields().iter().map(|f| (f.name().clone(), f.is_nullable())).collect()
    }

    #[test]
    fn a_column_may_be_null_when_any_file_leaves_it_empty() {
        let want = |columns: &[(&str, bool)]| columns.iter().map(|(name, null)| ((*name).to_owned(), *null)).collect::<Vec<_>>();
        for (files, columns) in [
            (vec![&[("a", false), ("b", true)][..], &[("b", true), ("a", false)]], &[("a", false), ("b", true)][..]),
            (vec![&[("a", false), ("b", true)], &[("a", true), ("b", false)]], &[("a", true), ("b", true)]),
            (vec![&[("a", false)], &[("a", false), ("b", false)], &[("b", false)]], &[("a", true), ("b", true)]),
        ] {
            assert_eq!(united_of(&files), want(columns), "{files:?}");
        }
    }
}
