//! Compiles code of users against the types before and after a change of the schemas.
//!
//! `schema_mutations` decides by lists of public items whether a change breaks code. This test
//! compiles a sample of these changes.

use spektr_codegen::diff::diff;
use spektr_tests::compiled::{self, Tree, Workspace};
use spektr_tests::fixtures::{Event, Files};
use spektr_tests::mutations::{SchemaState, states};

/// The folder of this test's workspaces.
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// The state from which, and back to which, the schemas change.
const FROM: &str = "required string";

/// The sample: changes of every class, of members, events and types.
const TO: [&str; 14] = [
    "no member",
    "optional string",
    "required integer",
    "sensitive member",
    "member with an alias",
    "member that expires",
    "raw payload",
    "typed payload that was raw",
    "second event",
    "event's type renamed",
    "deprecated",
    "one more wire type",
    "one more value",
    "URL instead of id",
];

/// Further pairs of states, changed from the first to the second and back.
const BESIDE: [(&str, &str); 1] = [("raw payload", "typed payload that was raw")];

/// Writes code that names every public item in a state's list.
fn user_of(state: &SchemaState) -> String {
    let mut code = String::new();
    for (number, item) in state.api.iter().enumerate() {
        let (kind, rest) = item.split_once(' ').expect("a kind and what it is");
        let function = match kind {
            "struct" | "enum" => format!("(_: &t::{rest}) {{}}"),
            "field" => {
                let (place, ty) = rest.split_once(": ").expect("a place and a type");
                let (of, field) = place.split_once('.').expect("a type and a field");
                format!("(it: &t::{of}) -> &{ty} {{ &it.{field} }}")
            }
            "variant" => {
                let (variant, _) = rest.split_once('(').expect("what it holds");
                let (of, _) = variant.split_once("::").expect("a type and a variant");
                format!("(it: &t::{of}) -> bool {{ matches!(it, t::{variant} {{ .. }}) }}")
            }
            "fn" => {
                let (name, rest) = rest.split_once('(').expect("a name");
                let (of, name) = name.split_once("::").expect("a type and a method");
                let output = rest.strip_prefix("self) -> ").expect("a method without arguments");
                format!("(it: &t::{of}) {{ let _: {output} = it.{name}(); }}")
            }
            "const" => {
                let (name, ty) = rest.split_once(": ").expect("a name and a type");
                format!("() {{ let _: {ty} = t::{name}; }}")
            }
            "impl" => {
                let (of, ty) = rest.split_once(" for ").expect("a trait and a type");
                let of = match of {
                    "Deserialize" => "for<'de> serde::Deserialize<'de>".to_owned(),
                    "Serialize" => "serde::Serialize".to_owned(),
                    "Debug" => "std::fmt::Debug".to_owned(),
                    "Hash" => "std::hash::Hash".to_owned(),
                    // Only a feature of the crate derives this trait.
                    "JsonSchema" => continue,
                    of => of.replace("<&", "<&'static "),
                };
                format!("() where t::{ty}: {of} {{}}")
            }
            "impls" => {
                let (of, ty) = rest.split_once('(').expect("a macro and a type");
                // The macro may have further arguments behind the type, such as a comparison of
                // texts.
                let ty = ty.split([',', ')']).next().expect("a type").trim();
                let of = match of {
                    "owned_text_impls" => "From<String> + AsRef<str>",
                    "open_text_impls" => "std::str::FromStr",
                    "shown_text_impls" => "std::fmt::Display",
                    other => panic!("the impls of `{other}` are not known here"),
                };
                format!("() where t::{ty}: {of} {{}}")
            }
            other => panic!("`{other}` is not known here"),
        };
        code.push_str(&format!("pub fn item_{number}{function}\n"));
    }
    code
}

/// Returns the program of one state's user, compiled with the types of another state.
fn program(code: &str, types: &str) -> String {
    format!(
        "//! Names every public item.\n\n\
         #![allow(dead_code, deprecated, unused_imports)]\n\n\
         use serde_json::{{Map, Value}};\nuse {types} as t;\nuse {types}::*;\n\n{code}\nfn main() {{}}\n"
    )
}

/// A user who matches the variants of an event, and so must learn that the event is deprecated.
const MATCHES: &str = "//! Matches an event.\n\nfn main() {\n    let event: Option<state_11::Event> = None;\n    \
                       let _ = event.map(|event| matches!(event, state_11::Event::Ping(_)));\n}\n";

/// A user of the same event who names no variant.
const USES: &str = "//! Uses an event.\n\nuse state_11::{Event, KnownEvent, Ping};\n\nfn main() {\n    \
                    let _ = <Event as TryInto<Ping>>::try_into as fn(Event) -> Result<Ping, Event>;\n    \
                    let _ = Ping::EVENT_TYPE.info();\n}\n";

#[test]
fn a_sample_of_changes_compiles_where_the_diff_says_so() {
    let all = states();
    let find = |name: &str| {
        all.iter().find(|state| state.name == name).unwrap_or_else(|| panic!("no state {name}"))
    };
    // `state-0` is the state from which each change starts.
    let sample: Vec<&SchemaState> = [FROM].into_iter().chain(TO).map(find).collect();
    assert_eq!(sample[11].name, "deprecated");
    let package = |index: usize| format!("state-{index}");
    let index = |name: &str| {
        sample.iter().position(|state| state.name == name).expect("it is in the sample")
    };
    let hub = TO.into_iter().map(|to| (index(FROM), index(to)));
    let beside = BESIDE.into_iter().map(|(from, to)| (index(from), index(to)));
    let pairs = hub.chain(beside).flat_map(|(from, to)| [(from, to), (to, from)]);
    let pairs: Vec<(usize, usize)> = pairs.chain([(0, 0)]).collect();

    let packages: Vec<String> = (0..sample.len()).map(package).collect();
    let names: Vec<&str> = packages.iter().map(String::as_str).collect();
    let mut files = compiled::package("user", &names);
    for (state, name) in sample.iter().zip(&names) {
        files.extend(compiled::types_crate(&state.files, name));
    }
    files.insert("user/examples/matches.rs".into(), MATCHES.to_owned());
    files.insert("user/examples/uses.rs".into(), USES.to_owned());
    files.insert("user/src/lib.rs".into(), "//! Nothing but its examples.\n".to_owned());
    for (old, new) in &pairs {
        let code = program(&user_of(sample[*old]), &package(*new).replace('-', "_"));
        files.insert(format!("user/examples/from_{old}_to_{new}.rs").into(), code);
    }
    let members: Vec<&str> = names.iter().copied().chain(["user"]).collect();
    let workspace = Workspace::new(TMP, "changes");
    workspace.write_files(&members, files);

    let output = workspace
        .cargo()
        .args(["check", "--offline", "--keep-going", "--package", "user", "--examples"])
        .args(["--message-format", "json"])
        // With small schemas, some helpers of the crate are unused.
        .env("RUSTFLAGS", "-A unused -D deprecated")
        .output()
        .expect("cargo can be run");
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr);
    let built: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"))
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["target"]["name"].as_str().map(str::to_owned))
        .collect();
    let is_built = |name: &str| built.iter().any(|other| other == name);

    let mut wrong = Vec::new();
    let (mut breaking, mut compatible) = (0, 0);
    for (old, new) in pairs {
        let (from, to) = (sample[old], sample[new]);
        let changes = diff(&from.set, &to.set);
        let says = changes.iter().any(|change| change.breaks_code);
        if says == is_built(&format!("from_{old}_to_{new}")) {
            let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
            wrong.push(format!("{} -> {}: said {lines:?}", from.name, to.name));
        }
        if says { breaking += 1 } else { compatible += 1 }
    }
    assert!(wrong.is_empty(), "{}\n{errors}", wrong.join("\n"));
    assert!(breaking >= 10 && compatible >= 10, "{breaking} breaking, {compatible} compatible");
    assert!(!is_built("matches"), "a deprecated variant is named without a warning");
    assert!(is_built("uses"), "{errors}");
}

/// Two events of one wire type, told apart by members: one member needs escaping in a pointer, the
/// other one was renamed.
fn told_apart() -> Tree {
    let data = r#""data": { "description": "D.", "type": "object", "title": "PongData", "required": ["newStatus"],
        "properties": { "newStatus": { "description": "S.", "type": "string", "x-aliases": ["status", "state"] } } }"#;
    let odd = r#""a/b~c": { "description": "O.", "type": ["string", "null"] }"#;
    let files = Files::base()
        .event(&Event::new("ping", "Ping").discriminators(r#""/a~1b~0c""#).members(odd, ""))
        .event(
            &Event::new("pong", "Pong")
                .wire_types(r#""pong", "ping""#)
                .discriminators(r#""/data/newStatus""#)
                .members(data, r#""data""#),
        )
        // Uses every kind of text, so that no helper of the crate is unused.
        .common(
            "color",
            "Color",
            r#""type": "string", "x-known-values": [{ "value": "red", "description": "Red." }]"#,
        )
        .common("link", "Link", r#""type": "string", "x-type": "url""#);
    files.generate()
}

const TELLS: &str = r#"//! Says which event each entry is.

use spektr_types::{Entries, Event};

fn main() {
    let body = std::io::read_to_string(std::io::stdin()).expect("a body");
    for entry in &Entries::parse(body.as_bytes()).expect("a batch") {
        match entry.decode() {
            Ok(Event::Ping(event)) => println!("ping {:?}", event.a_b_c),
            Ok(Event::Pong(event)) => println!("pong {}", event.data.new_status),
            Ok(other) => println!("{other:?}"),
            Err(error) => println!("{error}"),
        }
    }
}
"#;

const TOLD: &str = r#"{"results": [
    {"id": "1", "spektrId": "s", "type": "ping", "createdAt": 1, "data": {"newStatus": "named"}},
    {"id": "2", "spektrId": "s", "type": "ping", "createdAt": 1, "data": {"status": "before"}},
    {"id": "3", "spektrId": "s", "type": "ping", "createdAt": 1, "data": {"state": "long before"}},
    {"id": "4", "spektrId": "s", "eventType": "ping", "timestamp": 1, "data": {"status": "in the other envelope"}},
    {"id": "5", "spektrId": "s", "type": "ping", "createdAt": 1, "a/b~c": "escaped"},
    {"id": "6", "spektrId": "s", "type": "ping", "createdAt": 1},
    {"id": "7", "spektrId": "s", "type": "ping", "createdAt": 1, "a/b~c": null, "data": {"status": "both"}}
]}"#;

const TELLS_SO: &str = "\
pong named
pong before
pong long before
pong in the other envelope
ping Some(\"escaped\")
ping None
malformed entry: the entry has members of both PING and PONG
";

/// An entry stored before its discriminator was renamed still decodes as the same event.
#[test]
fn a_discriminator_is_followed_through_aliases_and_escapes() {
    let workspace = Workspace::new(TMP, "told_apart");
    workspace.write(&told_apart(), TELLS);
    assert_eq!(workspace.run(TOLD), TELLS_SO);
}
