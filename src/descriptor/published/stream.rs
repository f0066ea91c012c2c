//! Reading JSON that is a long list of records: each record is handed over as its text, and only one is held.
