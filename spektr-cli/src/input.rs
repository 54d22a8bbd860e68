//! Files that a command reads; `-` is standard input.

use std::io::Read;
use std::path::Path;

use clap::Args;

use crate::capture::{self, Headers};
use crate::failure::Failure;
use crate::terminal::safe_path;

/// A captured delivery, in two files.
#[derive(Args, Clone, Debug)]
pub(crate) struct CapturedArguments {
    /// Headers as curl -v, curl -D or a browser prints them, or as JSON; - is standard input
    #[arg(long, value_name = "FILE")]
    headers: std::path::PathBuf,
    /// The body, byte for byte as it arrived; - is standard input
    #[arg(long, value_name = "FILE")]
    body: std::path::PathBuf,
}

impl CapturedArguments {
    pub(crate) fn read(&self) -> Result<(Headers, Vec<u8>), Failure> {
        if is_stdin(&self.headers) && is_stdin(&self.body) {
            return Err(Failure::new("headers and body cannot both be standard input"));
        }
        Ok((headers(&self.headers)?, bytes(&self.body)?))
    }
}

/// Reads a whole file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if !is_stdin(path) {
        return std::fs::read(path).map_err(|error| Failure::file("read", path, &error));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::caused_by("cannot read standard input", &error))?;
    Ok(bytes)
}

/// Reads captured headers.
pub(crate) fn headers(path: &Path) -> Result<Headers, Failure> {
    capture::parse(&bytes(path)?).map_err(|message| {
        Failure::new(format!("{}: {message}", safe_path(path))).hint(
            "headers are lines `Name: value`, as curl -v and curl -D print them,\n\
             or JSON: {\"x-signature\": \"…\"} or [[\"x-signature\", \"…\"]]",
        )
    })
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
