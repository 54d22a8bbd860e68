//! The workspace's own schema folder: schema files, examples, invalid examples.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use spektr_codegen::examples::{DerivedExamples, ExampleFault, ExampleOrigin, derive};
use spektr_codegen::{Json, SchemaSet};
use spektr_types::{Entries, Entry, Event};

/// Returns the root of the workspace.
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace")
}

/// Returns the schema files of the workspace: paths below `schema/`, and texts.
pub fn schema_files() -> Vec<(String, String)> {
    let files = files_of(&["common", "events"]);
    assert!(files.len() > 20, "only {} schema files were found", files.len());
    files
}

/// Returns all files of the examples: paths below `schema/`, and texts.
pub fn example_texts() -> Vec<(String, String)> {
    files_of(&["examples"])
}

/// Returns all scenarios: paths below `schema/`, and texts.
pub fn scenario_texts() -> Vec<(String, String)> {
    files_of(&["scenarios"])
}

fn files_of(parts: &[&str]) -> Vec<(String, String)> {
    let folder = workspace_root().join("schema");
    parts
        .iter()
        .flat_map(|part| files_below(&folder.join(part)))
        .map(|path| (slashed(&folder, &path), read(&path)))
        .collect()
}

/// Parses the schema files of the workspace.
pub fn schema_set() -> SchemaSet {
    SchemaSet::parse(schema_files()).expect("the schema files of the workspace are in order")
}

/// A body that must decode.
#[derive(Clone, Debug)]
pub struct Example {
    /// Folder of the example: an event's module, `batch` or `unknown`.
    pub folder: String,
    /// Name of the case; for a file, its name without the extension.
    pub case: String,
    /// The body, as in the file.
    pub body: String,
    /// Whether the example is a file, or how it was derived.
    pub origin: ExampleOrigin,
}

impl Example {
    /// Returns the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{}/{}: {error}", self.folder, self.case))
    }

    /// Returns the event that the body decodes to.
    pub fn event(&self) -> Event {
        let mut entries = self.entries().into_iter();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => decode(&entry, &format!("{}/{}", self.folder, self.case)),
            _ => panic!("{}/{} is not one entry", self.folder, self.case),
        }
    }

    /// Splits the body.
    pub fn entries(&self) -> Entries<'_> {
        Entries::parse(self.body.as_bytes())
            .unwrap_or_else(|error| panic!("{}/{}: {error}", self.folder, self.case))
    }

    /// Tells whether the body is one event in the envelope with `eventType`.
    pub fn has_event_type_envelope(&self) -> bool {
        let json = self.json();
        json.get("eventType").is_some() && json.get("type").is_none()
    }
}

/// Decodes an entry, which must succeed.
pub fn decode(entry: &Entry<'_>, what: &str) -> Event {
    entry.decode().unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// A body that must be refused.
#[derive(Clone, Debug)]
pub struct InvalidExample {
    /// Folder of the example: an event's module.
    pub folder: String,
    /// Name of the case; for a file, its name without the extension.
    pub case: String,
    /// JSON pointer at which decoding must fail.
    pub pointer: String,
    /// The fault, if the example was derived.
    pub fault: Option<ExampleFault>,
    /// The body, as in the file.
    pub body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidFile<'a> {
    #[serde(rename = "$comment")]
    comment: String,
    pointer: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Returns all examples by folder: first the files, then the examples derived from the event's full
/// one.
pub fn examples() -> BTreeMap<String, Vec<Example>> {
    let mut examples: BTreeMap<String, Vec<Example>> = BTreeMap::new();
    for (folder, path) in example_files("") {
        let (case, body, origin) = (stem(&path), read(&path), ExampleOrigin::File);
        examples.entry(folder.clone()).or_default().push(Example { folder, case, body, origin });
    }
    for (folder, derived) in derived() {
        examples.entry(folder.clone()).or_default().extend(derived.valid.into_iter().map(
            |derived| {
                let (folder, body) = (folder.clone(), text(&derived.body));
                Example { folder, case: derived.case, body, origin: derived.origin }
            },
        ));
    }
    assert!(examples.len() > 10, "only {} folders of examples were found", examples.len());
    examples
}

/// Returns the examples derived from the full example of each event, by folder.
fn derived() -> impl Iterator<Item = (String, DerivedExamples)> {
    let set = schema_set();
    let folder = workspace_root().join("schema/examples");
    let events = set.model().events.clone();
    events.into_iter().map(move |event| {
        let path = folder.join(&event.module).join("full.json");
        let full: Json = serde_json::from_str(&read(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let derived = derive(set.model(), &event, &full).unwrap_or_else(|error| panic!("{error}"));
        (event.module, derived)
    })
}

/// Returns the examples of all events in the schema.
pub fn event_examples() -> impl Iterator<Item = Example> {
    examples()
        .into_iter()
        .filter(|(folder, _)| folder != "batch" && folder != "unknown")
        .flat_map(|(_, examples)| examples)
}

/// Returns the invalid examples of all events: first the files, then the derived ones.
pub fn invalid_examples() -> Vec<InvalidExample> {
    let files = example_files("invalid").into_iter().map(|(folder, path)| {
        let text = read(&path);
        let file: InvalidFile<'_> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!file.comment.is_empty(), "{} does not say why", path.display());
        let (case, body) = (stem(&path), file.body.get().to_owned());
        InvalidExample { folder, case, pointer: file.pointer, fault: None, body }
    });
    let derived = derived().flat_map(|(folder, derived)| {
        derived.invalid.into_iter().map(move |derived| InvalidExample {
            folder: folder.clone(),
            case: derived.case,
            pointer: derived.pointer,
            fault: Some(derived.fault),
            body: text(&derived.body),
        })
    });
    let examples: Vec<_> = files.chain(derived).collect();
    assert!(examples.len() > 50, "only {} invalid examples were found", examples.len());
    examples
}

fn text(json: &Json) -> String {
    serde_json::to_string(json).expect("a value serializes")
}

/// Lists the files of every folder of examples, or of the folder `inner` in each of them.
fn example_files(inner: &str) -> Vec<(String, PathBuf)> {
    let root = workspace_root().join("schema/examples");
    let mut files = Vec::new();
    for folder in entries_of(&root) {
        for path in entries_of(&folder.join(inner)) {
            if path.is_file() {
                files.push((stem(&folder), path));
            }
        }
    }
    files
}

/// Lists the files below a folder, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (folders, mut files): (Vec<_>, Vec<_>) =
        entries_of(folder).into_iter().partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_below(folder)));
    files.sort();
    files
}

/// Lists the entries of a folder, sorted; empty if there is no such folder.
fn entries_of(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
    paths.sort();
    paths
}

/// Reads a file that must exist.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a path relative to a folder, with slashes on every system.
pub fn slashed(folder: &Path, path: &Path) -> String {
    let path = path.strip_prefix(folder).expect("the path is in the folder");
    path.to_string_lossy().replace('\\', "/")
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
