//! Parts: an object's members and an array's items, handed on one by one with their values as written.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Hands each member of an object on, with its value as written.
pub(super) struct Members<F>(pub(super) F);

impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        #[derive(serde::Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            (self.0)(&key, map.next_value::<&'de RawValue>()?);
        }
        Ok(())
    }
}

/// Hands each item of an array on, with its place.
pub(super) struct Items<F>(pub(super) F);

impl<'de, F: FnMut(usize, &'de RawValue)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut i = 0;
        while let Some(value) = items.next_element::<&'de RawValue>()? {
            (self.0)(i, value);
            i += 1;
        }
        Ok(())
    }
}
