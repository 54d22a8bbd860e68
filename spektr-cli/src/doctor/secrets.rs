//! Files with secrets: whether they can be read, and by whom.

use std::path::{Path, PathBuf};

use super::{Finding, Severity};
use crate::config::Config;
use crate::failure::Failure;
use crate::forwarding::{ForwardKeys, OwnHeaders};
use crate::operations::Token;
use crate::secret::open_mode;
use crate::serving::ServeArguments;
use crate::terminal::safe_path;

/// The permissions of all accounts except the owner and the group.
const EVERYBODY: u32 = 0o007;

/// Examines the files that hold secrets of `serve`.
pub(crate) fn secrets(arguments: &ServeArguments, config: &Config) -> Vec<Finding> {
    let mut findings: Vec<_> =
        arguments.secret_files(config).iter().filter_map(|path| rights(path)).collect();
    let files = [
        read("token of operations", arguments.ops_token_file(config), Token::of_file),
        read(
            "keys that sign forwarded events",
            arguments.forwarding.keys_file(config),
            ForwardKeys::of_file,
        ),
        read(
            "headers of forwarded events",
            arguments.forwarding.headers_file(config),
            OwnHeaders::of_file,
        ),
    ];
    findings.extend(files.into_iter().flatten());
    findings
}

/// Judges the mode of a file. A missing file is left to the check that reads its content.
fn rights(path: &Path) -> Option<Finding> {
    if !path.exists() {
        return None;
    }
    let shown = safe_path(path);
    let subject = format!("file {shown}");
    let Some(mode) = open_mode(path) else {
        return Some(Finding::ok(subject, "only its owner has rights on it"));
    };
    let is_everybody = mode & EVERYBODY != 0;
    let who = if is_everybody { "all accounts have" } else { "its group has" };
    let level = if is_everybody { Severity::Fault } else { Severity::Warning };
    let text = format!("{who} rights on a file with a secret (mode {mode:o})");
    Some(Finding { level, ..Finding::warning(subject, text, format!("chmod 600 {shown}")) })
}

fn read<T>(
    what: &str,
    path: Option<PathBuf>,
    of_file: fn(&Path) -> Result<T, Failure>,
) -> Option<Finding> {
    Some(match of_file(&path?) {
        Ok(_) => Finding::ok(what, "can be used"),
        Err(failure) => Finding::failed(what, &failure, "let the account of the service read it"),
    })
}
