//! Any bytes as a body: nothing panics, and an entry that is read by itself is
//! the same as in its body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use spektr_types::{Entries, Entry};

fuzz_target!(|body: &[u8]| {
    let Ok(entries) = Entries::parse(body) else { return };
    for entry in &entries {
        let alone = Entry::from_json(entry.raw()).expect("an entry's raw text is JSON");
        assert_eq!(alone.raw(), entry.raw());
        assert_eq!(alone.id(), entry.id());
        assert_eq!(alone.wire_type(), entry.wire_type());
        assert_eq!(alone.created_at(), entry.created_at());
        assert_eq!(alone.spektr_id(), entry.spektr_id());
        assert_eq!(alone.workspace_id(), entry.workspace_id());
        assert_eq!(alone.decode(), entry.decode());
    }
});
