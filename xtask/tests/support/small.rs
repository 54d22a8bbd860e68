//! The smallest workspace in which the commands work: a manifest and this workspace's schema.

use std::fs;
use std::path::Path;

/// Returns the workspace; its folder is removed when the value is dropped.
pub(crate) fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema");
    copy(&schema, &folder.path().join("schema"));
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").expect("can write");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}
