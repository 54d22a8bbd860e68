//! Fuzzes the reader of schema files.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use spektr_codegen::SchemaSet;

/// The schema files of the workspace, as paths below `schema` and texts.
static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let mut files = Vec::new();
    for kind in ["common", "events"] {
        for entry in fs::read_dir(folder.join(kind)).expect("the schemas are there") {
            let path = entry.expect("the schemas are there").path();
            let name = path.file_name().expect("a file").to_string_lossy();
            files.push((format!("{kind}/{name}"), fs::read(&path).expect("it can be read")));
        }
    }
    files.sort();
    files
});

pub(crate) static SET: LazyLock<SchemaSet> =
    LazyLock::new(|| SchemaSet::parse(FILES.clone()).expect("the schemas are correct"));

/// Replaces a schema file by any bytes; the first byte chooses the file. The reader must list the
/// problems or find none. All other files are unchanged.
pub(crate) fn schema(input: &[u8]) {
    let Some((which, text)) = input.split_first() else { return };
    let mut files = FILES.clone();
    let count = files.len();
    files[usize::from(*which) % count].1 = text.to_vec();
    match SchemaSet::parse(files) {
        Ok(set) => assert!(!set.model().events.is_empty()),
        Err(problems) => assert!(problems.iter().count() > 0),
    }
}
