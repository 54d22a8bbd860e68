//! Warns of files with secrets that other accounts of this machine can read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::Arguments;
use crate::config::Config;

/// The permissions of the group and of all others.
const OTHERS: u32 = 0o077;

/// Warns of key files, and of a configuration file with a password.
pub(super) fn warn_of_open_files(arguments: &Arguments, config: &Config) {
    let with_password = arguments.store.is_password_in_file(config);
    let files = [
        arguments.keys.file(config).filter(|_| !arguments.unsigned),
        arguments.list.key_file(config),
        arguments.ops_token_file(config),
        config.path.clone().filter(|_| with_password),
    ];
    let of_forwarding = arguments.forwarding.secret_files(config);
    for path in files.into_iter().flatten().chain(of_forwarding) {
        // A file that cannot be looked at is reported when it is read.
        let Ok(file) = fs::metadata(&path) else { continue };
        let mode = file.permissions().mode();
        if mode & OTHERS != 0 {
            let (file, mode) = (path.display(), format!("{:o}", mode & 0o777));
            tracing::warn!(%file, mode, "others can read a file with a secret: chmod 600 it");
        }
    }
}
