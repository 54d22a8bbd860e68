//! `spektr replay`: sends recorded deliveries again.

mod progress;

use std::path::{Path, PathBuf};

use axum::body::Bytes;
use clap::Args;
use serde::Serialize;
use spektr_types::Entries;
use spektr_verify::{SignatureFormat, SignedContent, Signer, Verifier};

use self::progress::ReplayProgress;
use super::diagnose::id_of;
use crate::arguments::Global;
use crate::capture::Headers;
use crate::failure::{Answer, Failure};
use crate::keys::{self, KeyArguments};
use crate::record;
use crate::sender::{SendReport, Sender, SendingArguments};
use crate::terminal::{bad, count, faint, safe, safe_path, strong};
use crate::{http, runtime, time};

const EXAMPLES: &str = "\
Examples:
  spektr listen --record deliveries
  spektr replay deliveries --to http://127.0.0.1:3000/webhooks/spektr
  spektr replay deliveries --to URL --as-recorded --retries 0

Bodies are sent byte for byte. Each delivery gets a new signature by its own key with the current
time, because a receiver refuses old signatures. A delivery whose recorded signature
does not match the configured keys is not sent, because a new signature would make a forgery
authentic. --as-recorded sends it with the recorded headers. --sign-unverified signs it nevertheless,
with the first key if its own key is missing.

If a run ended early or left deliveries unacknowledged, the next run to the same URL continues it:
acknowledged deliveries are not sent again, except with --from-start. Exit code 1: a delivery was
not sent or not acknowledged.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder that `spektr listen --record` wrote
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    sending: SendingArguments,
    /// Send the signature headers as they were recorded
    #[arg(long)]
    as_recorded: bool,
    /// Also sign deliveries whose recorded signature cannot be verified: the workspace did not sign, or the key is gone
    #[arg(long, conflicts_with = "as_recorded")]
    sign_unverified: bool,
    /// Also send deliveries that this URL acknowledged in an earlier run
    #[arg(long)]
    from_start: bool,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Serialize)]
struct ReplayOutcome {
    #[serde(flatten)]
    report: SendReport,
    /// The number of deliveries that were acknowledged in an earlier run.
    acknowledged_before: usize,
    /// Deliveries that are not sent because their recorded signature is not right.
    unverified: Vec<String>,
    /// Deliveries that are not sent because they cannot be read.
    unreadable: Vec<UnreadableRecording>,
}

#[derive(Serialize)]
struct UnreadableRecording {
    delivery: String,
    error: String,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let signing = if arguments.as_recorded {
        None
    } else {
        let ring = arguments
            .keys
            .ring(&config)
            .map_err(|failure| failure.or_hint("or send the recorded signatures: --as-recorded"))?;
        let (content, format) = (arguments.keys.content(&config), arguments.keys.format(&config));
        let verifier = Verifier::new(ring, content.clone()).with_signature_format(format);
        Some(Signing { verifier, content, format, unverified: arguments.sign_unverified })
    };
    let paths = record::recorded(&arguments.folder)?;
    if paths.is_empty() {
        let folder = safe_path(&arguments.folder);
        return Err(Failure::new(format!("there are no recorded deliveries in {folder}"))
            .hint("`spektr listen --record DIR` records them, two files each"));
    }
    let sender = Sender::new(&arguments.sending, &config, paths.len())?;
    let outcome = runtime::block_on(send_all(arguments, &paths, signing.as_ref(), sender))?;
    global.format.print(&outcome, || outcome.text())?;
    Ok(Answer::from_yes(outcome.is_complete()))
}

async fn send_all(
    arguments: &Arguments,
    paths: &[PathBuf],
    signing: Option<&Signing>,
    mut sender: Sender,
) -> Result<ReplayOutcome, Failure> {
    let mut progress = ReplayProgress::open(&arguments.folder, &sender.url, arguments.from_start)?;
    let (mut unverified, mut unreadable) = (Vec::new(), Vec::new());
    let mut acknowledged_before = 0;
    for path in paths {
        let name = name(path);
        if progress.has(&name) {
            acknowledged_before += 1;
            continue;
        }
        let (headers, body) = match record::read(path) {
            Ok(delivery) => delivery,
            Err(failure) => {
                unreadable.push(UnreadableRecording {
                    delivery: name,
                    error: failure.message().to_owned(),
                });
                continue;
            }
        };
        let headers = match signing {
            Some(signing) => match signing.anew(&headers, &body)? {
                Some(headers) => headers,
                None => {
                    unverified.push(name);
                    continue;
                }
            },
            None => http::end_to_end(&headers),
        };
        let events = Entries::parse(&body).map_or(0, |entries| entries.len());
        if sender.deliver(&headers, &Bytes::from(body), events).await {
            progress.add(&name);
        }
    }
    let outcome =
        ReplayOutcome { report: sender.finish(), acknowledged_before, unverified, unreadable };
    if outcome.is_complete() {
        progress.end();
    }
    Ok(outcome)
}

/// Returns the number of a delivery in its folder.
fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The keys and settings that verify and sign recorded deliveries.
struct Signing {
    verifier: Verifier,
    content: SignedContent,
    format: SignatureFormat,
    /// Whether to sign deliveries that were not authentic.
    unverified: bool,
}

impl Signing {
    /// Returns the headers with a new signature. Returns `None` if the recorded signature is not
    /// right and `unverified` is not set, or if there are no keys.
    fn anew(&self, headers: &Headers, body: &[u8]) -> Result<Option<Headers>, Failure> {
        let is_authentic = self.verifier.verify_ignoring_time_window(headers, body).is_ok();
        let Some(ring) = self.verifier.keys().filter(|_| is_authentic || self.unverified) else {
            return Ok(None);
        };
        let own = id_of(headers);
        let own = own.as_deref().and_then(|id| ring.key(id));
        let key = keys::choose(&ring, own.map(|key| key.id().as_str()))?;
        let signer =
            Signer::new(key.clone(), self.content.clone()).with_signature_format(self.format);
        let signed = signer.sign_at(body, time::now());
        let mut headers = http::end_to_end(headers);
        let is_replaced =
            |name: &str| signed.pairs().iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        headers.retain(|(name, _)| !is_replaced(name));
        headers.extend(signed.pairs().map(|(name, value)| (name.to_owned(), value.into())));
        Ok(Some(headers))
    }
}

impl ReplayOutcome {
    /// Whether everything in the folder has been acknowledged.
    fn is_complete(&self) -> bool {
        self.report.is_all_acknowledged()
            && self.unverified.is_empty()
            && self.unreadable.is_empty()
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if self.acknowledged_before > 0 {
            let before = count(self.acknowledged_before, "delivery", "deliveries");
            let line = format!("{before} acknowledged by an earlier run; --from-start sends all");
            text.push_str(&format!("{}\n", faint(&line)));
        }
        if self.report.deliveries > 0 {
            text.push_str(&format!("{}{}", self.report.text(), self.report.verdict()));
        }
        for UnreadableRecording { delivery, error } in &self.unreadable {
            text.push_str(&format!("{} {}: {error}\n", bad("not sent:"), safe(delivery)));
        }
        if let [first, rest @ ..] = &self.unverified[..] {
            let more = match rest.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            text.push_str(&format!(
                "{} {}{more}: the recorded signature does not match the configured keys\n\
                 {} --as-recorded sends the recorded headers; --sign-unverified signs nevertheless\n",
                bad("not sent:"),
                safe(first),
                strong("hint:"),
            ));
        }
        text
    }
}
