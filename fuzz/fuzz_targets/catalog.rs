//! A published catalogue of any bytes is read in every standard without a panic, whether or not it is told to be in it; each dataset that is
//! made of it is understood again when it is printed.

#![no_main]

use std::io;

use stoa::descriptor::published::{Record, Sink, Standard, detect, read};
use stoa::descriptor::{Dataset, Problem, datapackage};

struct Understood;

impl Sink for Understood {
    fn dataset(&mut self, dataset: Dataset, _: Record<'_>) -> io::Result<()> {
        let printed = datapackage::to_datapackage(&dataset).to_string();
        let (again, _) = datapackage::parse(printed.as_bytes(), "/elsewhere/datapackage.json");
        assert_eq!(again.first(), Some(&dataset), "{printed}");
        Ok(())
    }

    fn problem(&mut self, _: Problem) {}
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The first byte says where the document is and in which standard it is read: 12 of them, or the one that is told.
    let Some((choice, document)) = bytes.split_first() else { return };
    let place = if choice & 0x80 == 0 {
        "/srv/open/catalog.json"
    } else {
        "https://data.example.org/api/3/action/package_search?start=0"
    };
    let told = detect(document, place);
    let Some(standard) = Standard::ALL.get(usize::from(choice & 0x7f)).copied().or(told) else { return };
    let page = read(standard, &mut &document[..], place, &mut Understood).expect("bytes do not fail to be read");
    assert_ne!(page.next.as_deref(), Some(place));
});
