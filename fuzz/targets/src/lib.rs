//! The fuzz targets: functions that take any bytes, and panic if something is wrong.
//!
//! libFuzzer runs them from `fuzz/fuzz_targets`; `tests/smoke.rs` runs them in the gate.

#[allow(clippy::manual_is_multiple_of, reason = "the tool is built with an older compiler")]
#[path = "../../../spektr-cli/src/capture.rs"]
mod capture;
mod event;
mod inbox;
mod schema;
mod texts;
mod verify;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "callers destructure a target")]
pub struct Target {
    /// The target's name, which is also the name of the folder with its seeds.
    pub name: &'static str,
    /// Runs the target, which panics if something is wrong.
    pub run: fn(&[u8]),
    /// Executions in the gate: a number that takes some seconds in an unoptimized build.
    pub executions: u32,
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target { name: "capture", run: texts::capture, executions: 300_000 },
    Target { name: "decode", run: texts::decode, executions: 120_000 },
    Target { name: "diagnose", run: verify::diagnosis, executions: 2500 },
    Target { name: "event", run: event::event, executions: 80_000 },
    Target { name: "intake", run: inbox::intake, executions: 35_000 },
    Target { name: "keys", run: verify::keys, executions: 120_000 },
    Target { name: "list", run: inbox::list, executions: 300_000 },
    Target { name: "pages", run: texts::pages, executions: 800 },
    Target { name: "schema", run: schema::schema, executions: 150 },
    Target { name: "verify", run: verify::verify, executions: 30_000 },
];

/// Runs the target with a name.
///
/// # Panics
///
/// Panics if something is wrong, or if there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("there is that target");
    (target.run)(input);
}
