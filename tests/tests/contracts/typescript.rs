//! Tests `spektr.d.ts` with TypeScript's compiler, and the verifier for Node.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use spektr_tests::corpus;
use spektr_tests::tools;

use super::{TMP, python};

const OPTIONS: &str = r#"{
  "compilerOptions": {
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "exactOptionalPropertyTypes": true,
    "module": "nodenext",
    "target": "es2022",
    "outDir": "out",
    "types": ["node"],
    "typeRoots": [TYPES]
  },
  "include": ["*.ts"]
}"#;

/// Makes a project with the declarations and the given files.
fn project(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = tools::empty_folder(TMP, name);
    let types = tools::folder().join("node_modules/@types");
    let options = OPTIONS.replace("TYPES", &format!("{:?}", types.display().to_string()));
    let declarations = corpus::read(&tools::contract("spektr.d.ts"));
    let package = r#"{ "type": "module" }"#;
    let given =
        [("tsconfig.json", &*options), ("spektr.d.ts", &declarations), ("package.json", package)];
    for (name, text) in given.iter().chain(files) {
        tools::write(&folder.join(name), text);
    }
    folder
}

/// Compiles a project, and returns the compiler's output.
fn compile(folder: &Path) -> String {
    let output = tools::output(&mut tools::tsc(folder));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(failed.is_empty(), "{failed}");
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

/// Returns a function with a `switch` over all wire types, or over all but one.
fn switch(envelope: &str, tag: &str, lacking: Option<&str>) -> String {
    let set = corpus::schema_set();
    let events = set.model().events.iter();
    let names: BTreeSet<_> = events.flat_map(|event| event.wire_types.iter().cloned()).collect();
    let mut text = format!(
        "export function {}(event: SpektrEvent{envelope}): string {{\n  switch (event.{tag}) {{\n",
        lacking.map_or("complete".to_owned(), |name| format!("without_{name}"))
    );
    for name in names.iter().filter(|name| Some(name.as_str()) != lacking) {
        let _ = writeln!(text, "    case {name:?}: return event.spektrId;");
    }
    let _ = writeln!(text, "    default: return keep(event);\n  }}\n}}");
    text
}

/// In each envelope, a `switch` with a case for each event leaves unknown events. If any one case
/// is missing, the `switch` does not compile.
#[test]
fn a_switch_has_to_have_a_case_for_each_event() {
    let set = corpus::schema_set();
    let events = set.model().events.iter();
    let names: BTreeSet<_> = events.flat_map(|event| event.wire_types.iter().cloned()).collect();
    for (envelope, tag) in [("", "type"), ("ByEventType", "eventType")] {
        let head = format!(
            "import type {{ SpektrEvent{envelope}, UnknownEvent{envelope} }} from \"./spektr.js\";\n\
             const keep = (event: UnknownEvent{envelope}): string => event.{tag};\n"
        );
        let complete = head.clone() + &switch(envelope, tag, None);
        let folder = project(&format!("complete{envelope}"), &[("consumer.ts", &complete)]);
        assert_eq!(compile(&folder), "", "complete");

        let mut text = head;
        let mut expected = Vec::new();
        for name in &names {
            text += &switch(envelope, tag, Some(name));
            // The line of `default`, two lines before the end of the function.
            expected.push(text.lines().count() - 2);
        }
        let folder = project(&format!("incomplete{envelope}"), &[("consumer.ts", &text)]);
        let said = compile(&folder);
        let line = |said: &str| {
            let is_about_the_rest =
                said.contains(&format!("parameter of type 'UnknownEvent{envelope}'"));
            let place = said.strip_prefix("consumer.ts(")?.split(',').next()?;
            is_about_the_rest.then(|| place.parse().ok())?
        };
        let found: Vec<usize> = said.lines().filter_map(line).collect();
        assert_eq!(found, expected, "{said}");
    }
}

/// Each valid example is a value of its event's type, and of the union of all events; an invalid
/// one is neither.
#[test]
fn the_types_take_each_valid_example_and_no_invalid_one() {
    let set = corpus::schema_set();
    let title = |folder: &str| {
        let event = set.model().events.iter().find(|event| event.module == folder);
        event.map(|event| event.title.clone())
    };
    let mut text = "import type * as spektr from \"./spektr.js\";\n".to_owned();
    let mut count = 0;
    for example in corpus::examples().into_values().flatten() {
        // A literal may contain only known members, and its known values may be any text.
        let is_open =
            ["unknown_member", "both_envelopes", "data_keys_like_members", "two_levels_deep"];
        let is_open = is_open.iter().any(|part| example.case.contains(part));
        let is_beyond = python::is_beyond_types(set.model(), &example);
        let (Some(title), false) = (title(&example.folder), is_open || is_beyond) else { continue };
        let (envelope, all) = match example.has_event_type_envelope() {
            true => ("ByEventType", "SpektrEventByEventType"),
            false => ("", "SpektrEvent"),
        };
        let body = example.json();
        let _ = writeln!(text, "export const a{count}: spektr.{title}{envelope} = {body};");
        let _ = writeln!(text, "export const b{count}: spektr.{all} = a{count};");
        count += 1;
    }
    let mut refused = 0;
    for example in corpus::invalid_examples() {
        let title = title(&example.folder).expect("an event's folder");
        let body: serde_json::Value = serde_json::from_str(&example.body).expect("JSON");
        let _ = writeln!(text, "// {}/{}", example.folder, example.case);
        let _ = writeln!(
            text,
            "// @ts-expect-error\nexport const c{refused}: spektr.{title} = {body};"
        );
        let _ =
            writeln!(text, "// @ts-expect-error\nexport const d{refused}: spektr.Entry = {body};");
        refused += 1;
    }
    assert!(count > 100 && refused > 100, "{count} valid, {refused} invalid");
    let folder = project("examples_ts", &[("examples.ts", &text)]);
    assert_eq!(compile(&folder), "");
}

/// A consumer's code beside a `switch`.
const CONSUMER: &str = r#"
import type { Delivery, Entry, ProcessType, SpektrEvent, UnknownName } from "./spektr.js";

// Tests both envelopes in one condition.
export function alert(entry: Entry): string | undefined {
  if (entry.type === "alert_resolved" || entry.eventType === "alert_resolved") return entry.data.alertId;
  return undefined;
}

// Two events of one wire type are told apart by members of their payload.
export function tag(event: SpektrEvent): string {
  if (event.type !== "customer_tag_add") return "";
  return "tagId" in event.data ? event.data.tagId : event.data.newStatus;
}

// A delivery is a batch, or one event.
export function entries(delivery: Delivery): Entry[] {
  return "results" in delivery ? delivery.results : [delivery];
}

// Editors suggest known values, and any text is allowed; a test can make any name an unknown one.
export const known: ProcessType = "risk";
export const other: ProcessType = "something new";
export const unknown: Entry = { type: "something_new" as UnknownName };

// An optional member may also be null.
export function reference(event: SpektrEvent): string {
  return event.type === "process_run_start" ? (event.reference ?? "none") : "";
}

// @ts-expect-error A listed name is not of the type of unknown names.
export const wrong: Entry = { type: "alert_resolved" };
"#;

#[test]
fn a_consumer_narrows_and_makes_values_as_it_would_expect() {
    assert_eq!(compile(&project("consumer_ts", &[("consumer.ts", CONSUMER)])), "");
}

const VERIFIER: &str = "examples/typescript/verify.ts";

#[test]
fn the_verifier_for_node_gives_each_vector_its_verdict() {
    let text = corpus::read(&corpus::workspace_root().join(VERIFIER));
    let folder = project("vectors_ts", &[("verify.ts", &text)]);
    assert_eq!(compile(&folder), "");
    let vectors = corpus::workspace_root().join("spektr-verify/vectors");
    let said = tools::node("vectors.mjs", &[&folder.join("out/verify.js"), &vectors]);
    assert_eq!(tools::printed(&said), python::verdicts(&vectors));
    assert!(text.lines().count() <= 10);
}

/// Compiles and runs the README's lines, from the headers and the body to a verified, typed event.
#[test]
fn the_lines_of_the_readme_read_an_authentic_delivery_and_refuse_a_changed_one() {
    let block = python::block("ts");
    let verifier = corpus::read(&corpus::workspace_root().join(VERIFIER));
    assert!(block.starts_with(&verifier), "the README shows {VERIFIER}");
    assert!(block.lines().count() <= 10, "{block}");
    let declared = "declare global { var headers: Record<string, string>, body: Buffer, keys: Map<string, string>; }\n";
    let folder = project("readme_ts", &[("readme.ts", &(block + declared))]);
    assert_eq!(compile(&folder), "");
    let program = folder.join("out/readme.js");
    let delivery = python::delivery();
    let said = tools::node("readme.mjs", &[&program, &delivery.write(&folder, None)]);
    assert_eq!(tools::printed(&said), format!("{}\n", delivery.shown));
    let changed = delivery.write(&folder, Some(delivery.body.len() / 2));
    let said = tools::node("readme.mjs", &[&program, &changed]);
    assert!(!said.status.success(), "a byte was changed");
    let error = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(error.contains("not authentic"), "{error}");
}
