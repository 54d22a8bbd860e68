//! The configuration file, the environment, and settings that contradict each other.

use super::Finding;
use crate::config::{Config, ConfigProblem};
use crate::serving::ServeArguments;
use crate::terminal::safe_path;

const SUBJECT: &str = "configuration";

/// Returns the problems of the settings. The other checks use the valid settings.
pub(crate) fn configuration(
    config: &Config,
    problems: &[ConfigProblem],
    arguments: &ServeArguments,
) -> Vec<Finding> {
    let remedy = "correct or remove it; `spektr config check` shows the resulting settings";
    let mut findings: Vec<_> = problems
        .iter()
        .map(|problem| Finding::fault(SUBJECT, problem.to_string(), remedy))
        .collect();
    if let Err(failure) = arguments.reach(config) {
        findings.push(Finding::failed(SUBJECT, &failure, remedy));
    }
    if let Err(failure) = arguments.collector(config) {
        findings.push(Finding::failed(SUBJECT, &failure, remedy));
    }
    if findings.is_empty() {
        let path = config.path.as_deref().map_or_else(|| "no file".to_owned(), safe_path);
        findings.push(Finding::ok(SUBJECT, path));
    }
    findings
}
