//! `spektr verify`: says whether a captured delivery is authentic, and if not, which check failed
//! and by how much.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use spektr_types::Entries;
use spektr_verify::{Provenance, UnixSeconds, VerifyError};

use crate::arguments::Global;
use crate::config::settings::TOLERANCE;
use crate::failure::{Answer, Failure};
use crate::input::CapturedArguments;
use crate::keys::KeyArguments;
use crate::terminal::{self, bad, careful, good, strong};
use crate::time;

const EXAMPLES: &str = "\
Examples:
  spektr verify --headers headers.txt --body body.json
  spektr verify --headers headers.txt --body body.json --at 2024-11-08T09:20:30Z --tolerance 2m
  spektr verify --headers rec/000001.headers --body rec/000001.body --keys keys.toml

The order of the checks: headers, algorithm, key, signature, time. After a failed check the later
checks are not made, and the exit code is 1. Without --at, the current time counts.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    captured: CapturedArguments,
    /// Verify as of this time, epoch seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    at: Option<UnixSeconds>,
    #[arg(long, help = TOLERANCE.help(), value_name = "DURATION", value_parser = TOLERANCE.parser())]
    tolerance: Option<Duration>,
    #[command(flatten)]
    keys: KeyArguments,
}

/// The checks, in the order in which they are made.
const CHECKS: [&str; 5] = ["headers", "algorithm", "key", "signature", "time"];

#[derive(Default, Serialize)]
struct VerifyReport {
    verified: bool,
    /// The stable code of the library's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    checks: Vec<SignatureCheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_beyond_tolerance: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct SignatureCheck {
    check: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let verifier = arguments.keys.verifier(&config, arguments.tolerance)?;
    let tolerance = TOLERANCE.value(arguments.tolerance, &config);
    let (headers, body) = arguments.captured.read()?;
    let now = arguments.at.unwrap_or_else(time::now);
    let report = match verifier.verify_at(&headers, &body[..], now) {
        Ok(verified) => {
            let (key, signed) = match verified.provenance() {
                Provenance::Signed { key_id, signed_at } => {
                    (key_id.to_string(), distance(*signed_at, now))
                }
                _ => (String::new(), String::new()),
            };
            let detail = |check| match check {
                "key" => key.clone(),
                "time" => signed.clone(),
                _ => String::new(),
            };
            VerifyReport {
                verified: true,
                checks: CHECKS
                    .map(|check| SignatureCheck { check, outcome: "passed", detail: detail(check) })
                    .into(),
                entries: Entries::parse(&body).ok().map(|entries| entries.len()),
                ..VerifyReport::default()
            }
        }
        Err(error) => refused(&error, tolerance, &arguments.keys.place(&config)),
    };
    global.format.print(&report, || text(&report))?;
    Ok(Answer::from_yes(report.verified))
}

fn refused(error: &VerifyError, tolerance: Duration, keys: &str) -> VerifyReport {
    let failed = failed_check(error);
    let beyond = match error {
        VerifyError::TimestampTooOld { age: distance }
        | VerifyError::TimestampInFuture { ahead: distance } => {
            Some(distance.saturating_sub(tolerance))
        }
        _ => None,
    };
    let detail = match (error, beyond) {
        (VerifyError::TimestampTooOld { age }, Some(beyond)) => format!(
            "signed {} ago: {} more than the tolerance of {}",
            time::span(*age),
            time::span(beyond),
            time::span(tolerance),
        ),
        (VerifyError::TimestampInFuture { ahead }, Some(beyond)) => format!(
            "signed {} in the future: {} more than the tolerance of {}",
            time::span(*ahead),
            time::span(beyond),
            time::span(tolerance),
        ),
        (VerifyError::SignatureMismatch { key_id }, _) => {
            format!("the key {key_id} gives another signature for this body")
        }
        (error, _) => error.to_string(),
    };
    let position = CHECKS.iter().position(|check| *check == failed).unwrap_or_default();
    let checks = CHECKS.into_iter().enumerate().map(|(index, check)| {
        let outcome = match index.cmp(&position) {
            std::cmp::Ordering::Less => "passed",
            std::cmp::Ordering::Equal => "failed",
            std::cmp::Ordering::Greater => "not made",
        };
        let detail = if index == position { detail.clone() } else { String::new() };
        SignatureCheck { check, outcome, detail }
    });
    VerifyReport {
        reason: Some(error.reason()),
        checks: checks.collect(),
        seconds_beyond_tolerance: beyond.map(|beyond| beyond.as_secs()),
        hint: hint(error, keys),
        ..VerifyReport::default()
    }
}

fn failed_check(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::UnsupportedAlgorithm => "algorithm",
        VerifyError::UnknownKey { .. }
        | VerifyError::KeyNotYetValid { .. }
        | VerifyError::KeyExpired { .. } => "key",
        VerifyError::SignatureMismatch { .. } => "signature",
        VerifyError::TimestampTooOld { .. } | VerifyError::TimestampInFuture { .. } => "time",
        _ => "headers",
    }
}

/// Returns the remedy for a refusal. `listen` shows it too. `keys` names the place of the keys.
pub(crate) fn hint(error: &VerifyError, keys: &str) -> Option<String> {
    let remedy = match error {
        VerifyError::MissingHeader { .. } => {
            "does the workspace sign? Switch on HMAC authentication in the vendor's export settings. \
             Does a proxy drop headers?"
        }
        VerifyError::RepeatedHeader { .. } => "does a proxy add the header again?",
        VerifyError::MalformedHeader { .. } => {
            "x-signature has to be 64 lowercase hexadecimal digits, and the timestamp epoch seconds; \
             --signature-format sha256=hex reads signatures that begin with sha256="
        }
        VerifyError::UnknownKey { key_id } => {
            return Some(format!(
                "the sender has rotated its key, or this is another workspace: add the secret of \
                 {key_id} to {keys}, beside the old one"
            ));
        }
        VerifyError::SignatureMismatch { .. } => {
            "the secret or the construction is another, or the body was changed on the way: \
             `spektr diagnose` with the same --headers and --body finds the cause"
        }
        VerifyError::TimestampTooOld { .. } => {
            "verify an old capture with --at TIME; if the delivery is fresh, a clock is wrong"
        }
        VerifyError::TimestampInFuture { .. } => "a clock is wrong: the sender's or this one",
        _ => return None,
    };
    Some(remedy.to_owned())
}

fn text(report: &VerifyReport) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let mark = match check.outcome {
            "passed" => good("passed"),
            "failed" => bad("FAILED"),
            _ => careful("not made"),
        };
        text.push_str(&format!("{:<10} {mark}", check.check));
        if !check.detail.is_empty() {
            text.push_str(&format!("  {}", check.detail));
        }
        text.push('\n');
    }
    if report.verified {
        let entries = report.entries.map_or_else(
            || "the body is authentic and has no readable entries".to_owned(),
            |number| terminal::count(number, "entry", "entries"),
        );
        text.push_str(&format!("{}, {entries}\n", good("verified")));
    } else {
        text.push_str(&format!("{}\n", bad("not verified")));
    }
    if let Some(hint) = &report.hint {
        text.push_str(&format!("{} {hint}\n", strong("hint:")));
    }
    text
}

fn distance(signed_at: UnixSeconds, now: UnixSeconds) -> String {
    let span = time::span(now.abs_diff(signed_at));
    let side = if signed_at > now { "in the future" } else { "ago" };
    format!("signed {}, {span} {side}", time::rfc_3339(signed_at))
}
