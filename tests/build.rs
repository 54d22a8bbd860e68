//! Lists the events' types, for tests that need each of them, so that no hand-written list has to
//! follow new and removed events.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../schema/events");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let schema: serde_json::Value = serde_json::from_str(&text)?;
        let title = schema["title"].as_str().ok_or("an event's schema has a title")?;
        names.push(title.to_owned());
    }
    names.sort();
    let text = format!(
        "/// Calls a macro with the names of all events' types.\n\
         macro_rules! with_event_types {{ ($macro:ident) => {{ $macro!({}) }} }}\n",
        names.join(", ")
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("event_types.rs"), text)?;
    Ok(())
}
