//! The output of `listen`, for people and for scripts.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use spektr_inbox::HttpUrl;
use spektr_types::{BodyError, Entries};
use spektr_verify::{KeyId, KeyRing, VerifyError};

use super::selection::Selection;
use crate::client::{Client, NoAnswer, Reply};
use crate::commands::{diagnose, verify};
use crate::entry::{EntryLine, ShownMembers};
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::terminal::{bad, careful, count, faint, good, safe, safe_path, strong};
use crate::{record, time};

/// A delivery and its handling.
pub(super) struct Delivery<'d> {
    pub(super) bytes: usize,
    /// The key that signed the delivery; `None` with `--unsigned`.
    pub(super) verdict: &'d Result<Option<KeyId>, VerifyError>,
    /// The entries of the body; `None` if the verification failed.
    pub(super) entries: Option<&'d Result<Entries<'d>, BodyError>>,
    /// The matches of `diagnose`, if it ran.
    pub(super) advice: Option<Vec<diagnose::DiagnosisMatch>>,
    pub(super) recorded: Option<&'d io::Result<PathBuf>>,
    pub(super) forwarded: Option<&'d Result<Reply, NoAnswer>>,
}

/// Prints deliveries, without mixing the lines of two deliveries.
pub(super) struct Printer {
    format: Format,
    members: ShownMembers,
    selection: Selection,
    /// The place of the signing keys, in words.
    keys: String,
    turn: Mutex<()>,
}

#[derive(Serialize)]
struct Listening {
    listening: String,
}

#[derive(Serialize)]
struct DeliveryRecord<'d> {
    received_at: String,
    verified: bool,
    reason: Option<&'static str>,
    key_id: Option<String>,
    bytes: usize,
    entries: &'d [EntryLine],
    body_error: Option<String>,
    hint: Option<String>,
    /// Path of the two files, without their extensions.
    recorded: Option<String>,
    record_error: Option<String>,
    /// The status of the receiver's answer.
    forwarded: Option<u16>,
    forward_error: Option<String>,
}

impl Printer {
    pub(super) fn new(format: Format, full: bool, selection: Selection, keys: String) -> Self {
        let members = if full { ShownMembers::Hidden } else { ShownMembers::None };
        Self { format, members, selection, keys, turn: Mutex::new(()) }
    }

    /// Prints the address of the endpoint. With port 0 only this tells the port.
    pub(super) fn listening(
        &self,
        address: SocketAddr,
        keys: &str,
        forward: Option<&HttpUrl>,
    ) -> Result<(), Failure> {
        let url = format!("http://{address}/");
        if self.format == Format::Json {
            return output::print_json(&Listening { listening: url });
        }
        let mut text = format!("{} {}\n{}\n", strong("listening on"), url, faint(keys));
        if let Some(forward) = forward {
            let _ = writeln!(
                text,
                "{}",
                faint(&format!("forwarding to {}", safe(&forward.to_string())))
            );
        }
        let _ =
            writeln!(text, "{}", faint(&format!("try it: spektr send --to {url} alert_resolved")));
        if !address.ip().is_loopback() {
            let _ = writeln!(
                text,
                "{} every program that can reach this machine can send to this endpoint",
                careful("careful:")
            );
        }
        output::print(&text)
    }

    /// Prints a delivery with its selected entries. Prints nothing if a selection is set and no entry
    /// matches it.
    pub(super) fn delivery(&self, delivery: &Delivery<'_>) {
        let lines: Vec<_> = match delivery.entries {
            Some(Ok(entries)) => {
                let wanted = entries.iter().filter(|entry| self.selection.takes(entry));
                let lines: Vec<_> =
                    wanted.map(|entry| EntryLine::new(entry, self.members)).collect();
                if lines.is_empty() && self.selection.is_narrow() {
                    return;
                }
                lines
            }
            _ => Vec::new(),
        };
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // If the reader of the output is gone, keep receiving.
        let _ = self
            .format
            .print(&delivery.record(&lines, &self.keys), || delivery.text(&lines, &self.keys));
    }
}

impl Delivery<'_> {
    fn record<'d>(&self, lines: &'d [EntryLine], keys: &str) -> DeliveryRecord<'d> {
        DeliveryRecord {
            received_at: time::rfc_3339(time::now()),
            verified: matches!(self.verdict, Ok(Some(_))),
            reason: self.verdict.as_ref().err().map(VerifyError::reason),
            key_id: self.verdict.as_ref().ok().and_then(|key| Some(key.as_ref()?.to_string())),
            bytes: self.bytes,
            entries: lines,
            body_error: error_text(self.entries),
            hint: self.hint(keys),
            recorded: self
                .recorded
                .and_then(|done| done.as_ref().ok())
                .map(|path| path.to_string_lossy().into_owned()),
            record_error: error_text(self.recorded),
            forwarded: self.forwarded.and_then(|done| done.as_ref().ok()).map(|reply| reply.status),
            forward_error: error_text(self.forwarded),
        }
    }

    fn text(&self, lines: &[EntryLine], keys: &str) -> String {
        let mut text = format!("{}  ", time::rfc_3339(time::now()));
        match self.verdict {
            Ok(key) => {
                let entries = match self.entries {
                    Some(Ok(entries)) if entries.len() > lines.len() => {
                        format!("{} of {} entries", lines.len(), entries.len())
                    }
                    _ => count(lines.len(), "entry", "entries"),
                };
                let _ = match key {
                    Some(key) => writeln!(text, "{}  key {key}  {entries}", good("verified")),
                    None => writeln!(text, "{}  {entries}", careful("accepted unverified")),
                };
            }
            Err(error) => {
                let _ = writeln!(text, "{}  {}", bad("REFUSED"), short(error));
            }
        }
        if let Some(Err(error)) = self.entries {
            let _ = writeln!(text, "  {} {error}", bad("unreadable"));
        }
        for line in lines {
            text.extend(line.text().lines().map(|line| format!("  {line}\n")));
        }
        if let Some(hint) = self.hint(keys) {
            let _ =
                writeln!(text, "  {} {}", strong("hint:"), hint.trim_end().replace('\n', "\n  "));
        }
        match self.recorded {
            Some(Ok(path)) => {
                let _ = writeln!(text, "  {}", faint(&format!("recorded {}", record::place(path))));
            }
            Some(Err(error)) => {
                let _ = writeln!(text, "  {} {error}", bad("not recorded:"));
            }
            None => {}
        }
        match self.forwarded {
            Some(Ok(reply)) if reply.status == Client::ACKNOWLEDGED => {
                let _ = writeln!(text, "  {}", faint("forwarded, answered with 200"));
            }
            Some(Ok(reply)) => {
                let status = reply.status;
                let _ = writeln!(
                    text,
                    "  {} {status}: the sender counts this as a failure",
                    careful("forwarded, answered with")
                );
            }
            Some(Err(message)) => {
                let _ = writeln!(text, "  {} {message}", bad("not forwarded:"));
            }
            None => {}
        }
        text
    }

    /// Returns the remedy for a refusal. `keys` names the place of the keys.
    fn hint(&self, keys: &str) -> Option<String> {
        let error = self.verdict.as_ref().err()?;
        let key_id = match error {
            VerifyError::SignatureMismatch { key_id } => key_id,
            VerifyError::TimestampTooOld { .. } => {
                return Some("an old delivery was sent again, or a clock is wrong".to_owned());
            }
            other => return verify::hint(other, keys),
        };
        let capture = match self.recorded {
            Some(Ok(path)) => {
                let path = safe_path(path);
                format!("spektr diagnose --headers {path}.headers --body {path}.body")
            }
            _ => "spektr listen --record DIR, then spektr diagnose --headers DIR/000001.headers --body DIR/000001.body".to_owned(),
        };
        let place = match keys {
            KeyRing::ENV_VAR => format!("{}='{key_id}=…'", KeyRing::ENV_VAR),
            file => format!("{file}, under the id {key_id},"),
        };
        Some(match self.advice.as_deref() {
            None => format!("to find the cause: {capture}"),
            Some([]) => format!(
                "this is not the secret of {key_id}, or the body was changed on the way: no known construction\n\
                 gives this signature with this secret. Put the secret that the platform shows for {key_id} into\n\
                 {place} and start again. To find the cause:\n\
                 {capture}",
            ),
            Some([first, ..]) if first.key_id == key_id.as_str() => format!(
                "the secret is right, but the sender signs in another way than is configured. Configure:\n{}",
                first.configuration(key_id.as_str(), keys),
            ),
            Some([first, ..]) => format!(
                "the secret of {} gives this signature: is it really the secret of {key_id}?",
                safe(&first.key_id),
            ),
        })
    }
}

fn error_text<T, E: ToString>(result: Option<&Result<T, E>>) -> Option<String> {
    result?.as_ref().err().map(E::to_string)
}

/// Returns the text of an error, without the advice that `hint` replaces.
fn short(error: &VerifyError) -> String {
    match error {
        VerifyError::SignatureMismatch { key_id } => {
            format!("the signature by key {key_id} does not match")
        }
        other => other.to_string(),
    }
}
