//! `spektr sign`: prints the headers that the sender would send with a body.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spektr_verify::UnixSeconds;

use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::keys::KeyArguments;
use crate::{input, time};

const EXAMPLES: &str = "\
Examples:
  spektr sign --body body.json | curl -H @- --data-binary @body.json http://127.0.0.1:8787/
  spektr sign --body body.json --at 2024-11-08T09:20:00Z --key-id 2026-a
  spektr sign --body body.json > headers.txt && spektr verify --headers headers.txt --body body.json

The body is signed byte for byte: send it with --data-binary, because -d drops line feeds.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The body to sign; - is standard input
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// Sign with this key [default: the first]
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// Sign as of this time, epoch seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    at: Option<UnixSeconds>,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Serialize)]
struct Header<'h> {
    name: &'h str,
    value: &'h str,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let signer = arguments.keys.signer(&global.config()?, arguments.key_id.as_deref())?;
    let body = input::bytes(&arguments.body)?;
    let signed = signer.sign_at(&body, arguments.at.unwrap_or_else(time::now));
    let headers: Vec<_> = std::iter::once(("content-type", "application/json"))
        .chain(signed.pairs())
        .map(|(name, value)| Header { name, value })
        .collect();
    global.format.print(&headers, || {
        headers.iter().map(|Header { name, value }| format!("{name}: {value}\n")).collect()
    })?;
    Ok(Answer::Yes)
}
