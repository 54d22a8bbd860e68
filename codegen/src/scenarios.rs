//! Scenarios: sequences of events that tell a customer's story, one file each in the schema folder.
//! They refer to examples, and contain no payload.

use serde::Deserialize;
use spektr_json::Json;

use crate::examples::Examples;
use crate::json;
use crate::problem::{Problem, ProblemKind, Problems};

/// Members that identify an event or tell which event it is; each event has its own value.
const OWN: [&str; 5] = ["id", "type", "eventType", "createdAt", "timestamp"];

/// A scenario file, as checked here. The command-line tool reads it in the same form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    description: String,
    shared: Vec<String>,
    steps: Vec<ScenarioStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioStep {
    #[serde(rename = "after", default)]
    _after: u32,
    send: Vec<String>,
}

/// Parses scenario files, given as pairs of a path below the schema folder and the content, into an
/// object of all scenarios by name.
pub(crate) fn parse<T: AsRef<[u8]>>(
    examples: &Examples,
    files: impl IntoIterator<Item = (String, T)>,
) -> Result<Json, Problems> {
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for (file, bytes) in files {
        let name = file.strip_prefix("scenarios/").and_then(|name| name.strip_suffix(".json"));
        let read = match name {
            Some(name) => check(examples, bytes.as_ref()).map(|json| (name.to_owned(), json)),
            None => Err("the file must be named scenarios/<name>.json".to_owned()),
        };
        match read {
            Ok(scenario) => scenarios.push(scenario),
            Err(error) => problems.push(Problem::new(&file, "", ProblemKind::Scenario(error))),
        }
    }
    Problems::into_result(problems)?;
    Ok(Json::Object(scenarios))
}

fn check(examples: &Examples, bytes: &[u8]) -> Result<Json, String> {
    let scenario = json::parse(bytes)?;
    let Scenario { description, shared, steps } =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if description.trim().is_empty() {
        return Err("the description is empty".to_owned());
    }
    if steps.is_empty() {
        return Err("there are no steps".to_owned());
    }
    if steps.iter().any(|step| step.send.is_empty()) {
        return Err("a step sends nothing".to_owned());
    }
    if let Some(name) = shared.iter().find(|name| OWN.contains(&name.as_str())) {
        return Err(format!("each event has its own `{name}`, which cannot be shared"));
    }
    let mut sent = Vec::new();
    for name in steps.iter().flat_map(|step| &step.send) {
        let (folder, case) = name.split_once('/').unwrap_or((name, "full"));
        let mut carried = examples.of(folder).iter().filter(|example| !example.is_edit());
        let example = carried.find(|example| example.case == case);
        let example = example.ok_or_else(|| format!("there is no example `{folder}/{case}`"))?;
        sent.push(&example.body);
    }
    match shared.iter().find(|name| !sent.iter().any(|body| body.has_member(name))) {
        Some(name) => Err(format!("no event of the scenario has a member `{name}`")),
        None => Ok(scenario),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::tests::{FULL_BODY, model};

    fn read(file: &str, text: &str) -> Result<String, String> {
        let full = ("examples/lamp_lit/full.json".to_owned(), FULL_BODY);
        let examples = Examples::parse(&model(), [full]).expect("in order");
        let read = parse(&examples, [(file.to_owned(), text)]);
        read.map(|json| json.to_string()).map_err(|problems| {
            problems.iter().map(|problem| format!("{}: {}", problem.file, problem.kind)).collect()
        })
    }

    fn scenario(shared: &str, send: &str) -> String {
        format!(r#"{{"description":"d","shared":["{shared}"],"steps":[{{"send":["{send}"]}}]}}"#)
    }

    #[test]
    fn a_scenario_is_known_by_its_file() {
        let text = scenario("room", "lamp_lit/minimal");
        let read = read("scenarios/evening.json", &text);
        assert_eq!(read, Ok(format!(r#"{{"evening":{text}}}"#)));
    }

    #[test]
    fn what_is_no_scenario_is_refused_with_what_is_wrong() {
        let evening = "scenarios/evening.json";
        for (file, text, wrong) in [
            (
                "scenarios/notes.txt",
                scenario("room", "lamp_lit"),
                "the file must be named scenarios/<name>.json",
            ),
            (evening, scenario("room", "lamp_out"), "there is no example `lamp_out/full`"),
            (evening, scenario("room", "lamp_lit/dim"), "there is no example `lamp_lit/dim`"),
            (
                evening,
                scenario("type", "lamp_lit"),
                "each event has its own `type`, which cannot be shared",
            ),
            // The reference leaves out examples that the tool makes with `--set`.
            (
                evening,
                scenario("room", "lamp_lit/note_null"),
                "there is no example `lamp_lit/note_null`",
            ),
            (evening, scenario("hall", "lamp_lit"), "no event of the scenario has a member `hall`"),
            (
                evening,
                scenario("room", "lamp_lit").replace(r#""d""#, r#"" ""#),
                "the description is empty",
            ),
            (
                evening,
                r#"{"description":"d","shared":[],"steps":[]}"#.to_owned(),
                "there are no steps",
            ),
            (
                evening,
                r#"{"description":"d","shared":[],"steps":[{"send":[]}]}"#.to_owned(),
                "a step sends nothing",
            ),
            (evening, "{}".to_owned(), "missing field `description` at line 1 column 2"),
            (
                evening,
                scenario("room", "lamp_lit").replace("send", "sent"),
                "unknown field `sent`, expected `after` or `send` at line 1 column 53",
            ),
        ] {
            let expected = Err(format!("{file}: this is not a scenario: {wrong}"));
            assert_eq!(read(file, &text), expected);
        }
    }
}
