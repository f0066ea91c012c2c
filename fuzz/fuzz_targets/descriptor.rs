//! A descriptor of any bytes is read without a panic, and what was understood of it is understood again when it is printed.

#![no_main]

use stoa::descriptor::datapackage::{parse, to_datapackage};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (datasets, _problems) = parse(bytes, "/srv/open/datapackage.json");
    if let [dataset] = datasets.as_slice() {
        let printed = to_datapackage(dataset).to_string();
        let (again, _problems) = parse(printed.as_bytes(), "/srv/open/datapackage.json");
        assert_eq!(again.as_slice(), datasets, "{printed}");
    }
});
