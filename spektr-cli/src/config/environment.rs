//! Environment variables that begin like the tool's variables, but that the tool does not know.

use spektr_inbox::reconcile::ApiKey;
use spektr_verify::KeyRing;

use super::{ConfigProblem, FILE_VARIABLE, SETTINGS};
use crate::catalogue::did_you_mean;
use crate::terminal::safe;

const PREFIX: &str = "SPEKTR_";

/// Finds unknown variables, so that a mistake in a name is reported.
pub(super) fn unknown() -> Vec<ConfigProblem> {
    let mut problems: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| problem(&name.to_string_lossy(), &value.to_string_lossy()))
        .collect();
    problems.sort_by(|one, other| one.place.cmp(&other.place));
    problems
}

fn problem(name: &str, value: &str) -> Option<ConfigProblem> {
    let mut known: Vec<String> = SETTINGS.iter().map(|setting| setting.variable()).collect();
    known.extend([FILE_VARIABLE, KeyRing::ENV_VAR, ApiKey::ENV_VAR].map(str::to_owned));
    let is_ours = name.starts_with(PREFIX) && !is_of_a_service(name, value);
    if !is_ours || known.iter().any(|one| one == name) {
        return None;
    }
    let all = "`spektr config check --help` lists the settings";
    let hint = did_you_mean(name, known.iter().map(String::as_str), all);
    let message = format!("there is no such setting; {hint}");
    Some(ConfigProblem::of(&safe(name), message))
}

/// Whether Kubernetes has set a variable. In each container it sets variables for each service of
/// the namespace. A service `spektr-…` gives `SPEKTR_…_SERVICE_HOST` and others.
fn is_of_a_service(name: &str, value: &str) -> bool {
    let is_link = value.starts_with("tcp://") || value.starts_with("udp://");
    let has_number = |rest: &str| {
        rest.split_once('_').is_some_and(|(number, protocol)| {
            number.bytes().all(|byte| byte.is_ascii_digit())
                && !number.is_empty()
                && ["TCP", "UDP", "SCTP"].iter().any(|one| protocol.starts_with(one))
        })
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT") && is_link
        || name
            .match_indices("_PORT_")
            .any(|(at, port)| name.get(at + port.len()..).is_some_and(has_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_with_a_slip_in_its_name_is_a_problem() {
        let message = |name| problem(name, "marker").map(|problem| problem.to_string());
        assert_eq!(
            message("SPEKTR_TOLERENCE").as_deref(),
            Some(
                "SPEKTR_TOLERENCE: there is no such setting; did you mean `SPEKTR_TOLERANCE`? \
                 `spektr config check --help` lists the settings"
            ),
        );
        assert!(message("SPEKTR_WEBHOOK_KEY").is_some_and(|text| text.contains("_KEYS`?")));
        for known in ["SPEKTR_STORE", "SPEKTR_CONFIG", "SPEKTR_API_KEY", "SPEKTR", "OTHER"] {
            assert_eq!(message(known), None, "{known}");
        }
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_of_that_name_is_no_problem() {
        for (name, value) in [
            ("SPEKTR_INBOX_SERVICE_HOST", "10.0.0.1"),
            ("SPEKTR_INBOX_SERVICE_PORT", "8787"),
            ("SPEKTR_INBOX_SERVICE_PORT_HTTP", "8787"),
            ("SPEKTR_INBOX_PORT", "tcp://10.0.0.1:8787"),
            ("SPEKTR_INBOX_PORT_8787_TCP", "tcp://10.0.0.1:8787"),
            ("SPEKTR_INBOX_PORT_8787_TCP_ADDR", "10.0.0.1"),
            ("SPEKTR_INBOX_PORT_8787_TCP_PROTO", "tcp"),
        ] {
            assert_eq!(problem(name, value), None, "{name}");
        }
        assert!(problem("SPEKTR_LISTEN_PROT", "8787").is_some());
        assert!(problem("SPEKTR_SERVE_PORT", "8787").is_some());
    }
}
