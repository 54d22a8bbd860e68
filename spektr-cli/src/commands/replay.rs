//! `spektr replay`: sends recorded deliveries again.

use std::path::PathBuf;

use clap::Args;
use spektr_types::Entries;
use spektr_verify::{KeyRing, SignatureHeader, Signer};

use super::diagnose::id_of;
use crate::capture::Headers;
use crate::cli::Global;
use crate::failure::{Answer, Failure};
use crate::keys::{self, KeyArguments};
use crate::output::{self, safe};
use crate::sender::{Sender, SendingArguments};
use crate::{http, record, time};

const EXAMPLES: &str = "\
Examples:
  spektr listen --record deliveries
  spektr replay deliveries --to http://127.0.0.1:3000/webhooks/spektr
  spektr replay deliveries --to URL --as-recorded --retries 0

Bodies are sent byte for byte. They are signed anew, as of now, because a receiver refuses old
signatures: with the key that signed them, or the first if it is not there. --as-recorded sends
the recorded signature headers. Exit code 1: a delivery was not acknowledged.";

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
    #[command(flatten)]
    keys: KeyArguments,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let ring = if arguments.as_recorded {
        None
    } else {
        let ring = arguments
            .keys
            .ring(&config)
            .map_err(|failure| failure.or_hint("or send the recorded signatures: --as-recorded"))?;
        Some(ring)
    };
    let deliveries = record::read(&arguments.folder)?;
    if deliveries.is_empty() {
        let folder = arguments.folder.to_string_lossy();
        return Err(Failure::new(format!("there are no recorded deliveries in {}", safe(&folder)))
            .hint("`spektr listen --record DIR` records them, two files each"));
    }
    let mut sender = Sender::new(&arguments.sending, &config, deliveries.len())?;
    for delivery in &deliveries {
        let mut headers = http::end_to_end(&delivery.headers);
        if let Some(ring) = &ring {
            sign_anew(&mut headers, &delivery.body, ring, |key| {
                Signer::new(key, arguments.keys.content(&config))
                    .with_signature_format(arguments.keys.format(&config))
            })?;
        }
        let events = Entries::parse(&delivery.body).map_or(0, |entries| entries.len());
        sender.deliver(&headers, &delivery.body, events);
    }
    let report = sender.finish();
    if global.is_json() {
        output::print_json(&report)?;
    } else {
        output::print(&format!("{}{}", report.text(), report.verdict()))?;
    }
    Ok(Answer::from_yes(report.is_all_acknowledged()))
}

fn sign_anew(
    headers: &mut Headers,
    body: &[u8],
    ring: &KeyRing,
    signer: impl FnOnce(spektr_verify::SigningKey) -> Signer,
) -> Result<(), Failure> {
    let id = id_of(headers);
    let key = keys::choose(ring, ring.key(&id).map(|key| key.id().as_str()))?;
    let signed = signer(key.clone()).sign_at(body, time::now());
    let is_signature =
        |name: &str| SIGNATURE_HEADERS.iter().any(|h| h.name().eq_ignore_ascii_case(name));
    headers.retain(|(name, _)| !is_signature(name));
    headers.extend(signed.pairs().map(|(name, value)| (name.to_owned(), value.into())));
    Ok(())
}

const SIGNATURE_HEADERS: [SignatureHeader; 4] = [
    SignatureHeader::Algorithm,
    SignatureHeader::Timestamp,
    SignatureHeader::KeyId,
    SignatureHeader::Signature,
];
