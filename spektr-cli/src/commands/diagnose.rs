//! `spektr diagnose`: finds out from a captured delivery how the sender signs.

mod rewritten;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use spektr_verify::{
    Construction, KeyRing, SecretEncoding, SignatureHeader, SignedContent, VerifyError,
};

use crate::arguments::Global;
use crate::capture::Headers;
use crate::failure::{Answer, Failure};
use crate::input::CapturedArguments;
use crate::keys::{self, KeyArguments, SecretText};
use crate::terminal::{bad, good, safe, strong};

const EXAMPLES: &str = "\
Examples:
  spektr diagnose --headers headers.txt --body body.json --secret-file secret.txt
  spektr diagnose --headers rec/000001.headers --body rec/000001.body
  spektr diagnose --headers headers.txt --body body.json --signed-content 'v1:{timestamp}:{body}'

Use any captured delivery, however old: `spektr listen --record DIR` captures one. The body has to
be unchanged, byte for byte. diagnose tries the timestamp, the body and the key id in many orders
and with many separators, the secret as text, hex and Base64, the signature with and without
sha256=, and the content that --signed-content or the configuration names. If nothing fits, it tries
forms that the body may have had before a program rewrote it. Exit code 1: nothing fits, the body
was changed, or a receiver would refuse the delivery for another reason, which the output names.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    captured: CapturedArguments,
    /// File with the secret as the platform showed it [default: every signing key]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Serialize)]
struct DiagnosisReport {
    #[serde(flatten)]
    found: DiagnosisMatches,
    /// The form of the body that was signed, if it is not the captured form.
    body: Option<&'static str>,
    /// The key that the headers name. Absent if they name no key, or with `--secret-file`.
    #[serde(flatten)]
    named: Option<NamedKey>,
    /// The place where a user adds a key, in words.
    #[serde(skip)]
    place: String,
}

/// The key that the headers name.
#[derive(Serialize)]
struct NamedKey {
    key_id: String,
    /// Whether one of the signing keys has this id.
    key_known: bool,
}

/// The constructions that give the signature of a delivery.
#[derive(Default, Serialize)]
pub(crate) struct DiagnosisMatches {
    pub(crate) matches: Vec<DiagnosisMatch>,
    tried: usize,
    /// The error for which a receiver refuses the delivery even with the right construction.
    #[serde(serialize_with = "reason")]
    still_refused: Option<VerifyError>,
}

fn reason<S: serde::Serializer>(
    error: &Option<VerifyError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    error.as_ref().map(VerifyError::reason).serialize(serializer)
}

/// A construction that gives the captured signature, and how to configure it.
#[derive(Serialize)]
pub(crate) struct DiagnosisMatch {
    pub(crate) key_id: String,
    signed_content: String,
    secret_encoding: &'static str,
    signature_format: &'static str,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let secrets = match &arguments.secret_file {
        Some(path) => {
            let (id, text) = (String::new(), keys::secret_of_file(path)?);
            vec![SecretText { id, text, encoding: SecretEncoding::Utf8 }]
        }
        None => arguments.keys.secret_texts(&config)?,
    };
    let (headers, body) = arguments.captured.read()?;
    let named = id_of(&headers).filter(|_| arguments.secret_file.is_none()).map(|key_id| {
        let key_known = secrets.iter().any(|secret| secret.id == key_id);
        NamedKey { key_id, key_known }
    });
    let place = arguments.keys.place(&config);
    let report = match try_forms(&headers, &body, &secrets, &arguments.keys.content(&config)) {
        Ok((found, body)) => DiagnosisReport { found, body, named, place },
        Err(message) => {
            let json = serde_json::json!({ "matches": [], "tried": 0, "error": message });
            let text = || format!("{} {message}\n", bad("nothing to compare with:"));
            global.format.print(&json, text)?;
            return Ok(Answer::No);
        }
    };
    global.format.print(&report, || text(&report))?;
    Ok(Answer::from_yes(report.is_accepted()))
}

/// Tries the body as it is, and then in other forms.
fn try_forms(
    headers: &Headers,
    body: &[u8],
    secrets: &[SecretText],
    configured: &SignedContent,
) -> Result<(DiagnosisMatches, Option<&'static str>), String> {
    let found = find(headers, body, secrets, configured)?;
    if found.matches.is_empty() && body.len() <= LARGEST_REWRITTEN {
        for (words, form) in rewritten::forms(body) {
            let other = find(headers, &form, secrets, configured)?;
            if !other.matches.is_empty() {
                return Ok((other, Some(words)));
            }
        }
    }
    Ok((found, None))
}

/// The largest body of which other forms are tried: each of ten forms is read some hundred times.
const LARGEST_REWRITTEN: usize = 1 << 20;

impl DiagnosisReport {
    /// Whether a receiver with the configuration of the match accepts the delivery.
    fn is_accepted(&self) -> bool {
        let Self { found, body, .. } = self;
        let is_of_named_key = match &self.named {
            Some(named) => found.matches.iter().any(|one| one.key_id == named.key_id),
            None => !found.matches.is_empty(),
        };
        is_of_named_key && found.still_refused.is_none() && body.is_none()
    }

    /// Returns the problem with the key that the headers name, and its remedy.
    fn key_problem(&self) -> Option<(String, String)> {
        let NamedKey { key_id, key_known } = self.named.as_ref()?;
        let (matches, id, place) = (&self.found.matches, safe(key_id), &self.place);
        if matches.iter().any(|one| one.key_id == *key_id) || (*key_known && matches.is_empty()) {
            return None;
        }
        let fitting = matches.first().map(|one| safe(&one.key_id));
        Some(match (key_known, fitting) {
            (true, fitting) => (
                format!(
                    "the headers name the key {id}, but the secret of {} made the signature",
                    fitting.unwrap_or_default()
                ),
                format!("are the two secrets exchanged in {place}?"),
            ),
            (false, Some(fitting)) => (
                format!(
                    "the headers name the key {id}, which is unknown here; the secret of {fitting} made the signature"
                ),
                format!("give this secret the id {id} in {place}"),
            ),
            (false, None) => (
                format!("the headers name the key {id}, which is unknown here"),
                format!(
                    "the sender has rotated its key, or this is another workspace: add the secret of {id} to {place}"
                ),
            ),
        })
    }
}

/// Tries each secret with each known form of the signed content, and with the configured form. An
/// error is about the headers.
pub(crate) fn find(
    headers: &Headers,
    body: &[u8],
    secrets: &[SecretText],
    configured: &SignedContent,
) -> Result<DiagnosisMatches, String> {
    let mut found = DiagnosisMatches::default();
    for secret in secrets {
        let diagnosis = spektr_verify::diagnose_with(headers, body, &secret.text, configured)
            .map_err(|error| error.to_string())?;
        found.tried += diagnosis.tried();
        let id = match secret.id.as_str() {
            "" => id_of(headers).unwrap_or_else(|| "KEY_ID".to_owned()),
            id => id.to_owned(),
        };
        found
            .matches
            .extend(diagnosis.matches().iter().map(|one| DiagnosisMatch::new(id.clone(), one)));
        if found.still_refused.is_none() {
            found.still_refused = diagnosis.still_refused().cloned();
        }
    }
    Ok(found)
}

impl DiagnosisMatch {
    fn new(key_id: String, found: &Construction) -> Self {
        Self {
            key_id,
            signed_content: found.content.to_string(),
            secret_encoding: found.secret_encoding.name(),
            signature_format: found.signature_format.name(),
        }
    }

    /// Returns the configuration for this match, with the id and the place of the key.
    pub(crate) fn configuration(&self, key_id: &str, place: &str) -> String {
        let (id, encoding) = (safe(key_id), self.secret_encoding);
        let key = if place != KeyRing::ENV_VAR {
            format!(
                "# {place}\n  [[keys]]\n  id = {id:?}\n  secret = '…'\n  encoding = '{encoding}'\n"
            )
        } else if encoding == SecretEncoding::Utf8.name() {
            format!("# environment\n  {place}='{id}=…'\n")
        } else {
            format!("# environment\n  {place}='{id}:{encoding}=…'\n")
        };
        format!(
            "  # spektr.toml\n  signed_content = '{}'\n  signature_format = '{}'\n  {key}",
            self.signed_content, self.signature_format,
        )
    }
}

fn text(report: &DiagnosisReport) -> String {
    let mut text = String::new();
    let DiagnosisReport {
        found: DiagnosisMatches { matches, tried, still_refused },
        body,
        named,
        place,
    } = report;
    for found in matches {
        text.push_str(&format!(
            "{} the signed content is {}, and the secret of {} is used as {}\n\n{}\n",
            good("match:"),
            strong(&found.signed_content),
            safe(&found.key_id),
            found.secret_encoding,
            found.configuration(named.as_ref().map_or(&found.key_id, |named| &named.key_id), place),
        ));
    }
    if let Some(words) = body {
        text.push_str(&format!(
            "{} the sender signed the body {words}: a program on the way has rewritten it\n\
             {} verify the bytes as they arrive, before any framework or proxy parses them\n",
            bad("changed:"),
            strong("hint:"),
        ));
    }
    if let Some(error) = still_refused {
        text.push_str(&format!(
            "{} {error}: no setting accepts that\n{} {}\n",
            bad("still refused:"),
            strong("hint:"),
            what_to_do(error),
        ));
    }
    if matches.is_empty() {
        text.push_str(&format!("{} of {tried} constructions gives this signature\n", bad("none")));
    }
    if let Some((problem, remedy)) = report.key_problem() {
        text.push_str(&format!(
            "{} {problem}\n{} {remedy}\n",
            bad("still refused:"),
            strong("hint:")
        ));
    } else if matches.is_empty() {
        text.push_str(&format!(
            "{} is it the secret of the key that {} names? Is the body byte for byte as it\n      \
             arrived: not printed again from parsed JSON, no line feed added by an editor,\n      \
             not decompressed?\n",
            strong("hint:"),
            SignatureHeader::KeyId,
        ));
    }
    text
}

/// Returns the remedy if the signature is right and another check fails.
fn what_to_do(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::UnsupportedAlgorithm => {
            "x-signature-alg has to be `sha256`: ask the sender, or the operator of a proxy that rewrites headers"
        }
        VerifyError::TimestampInFuture { .. } => {
            "x-signature-timestamp has to be in seconds; this one is in milliseconds or finer"
        }
        VerifyError::MissingHeader { .. } => {
            "the sender sends four signature headers: is one dropped on the way, or by the capture?"
        }
        _ => "compare the header with the sender's documentation",
    }
}

/// Returns the key id from the headers, if they have one.
pub(crate) fn id_of(headers: &Headers) -> Option<String> {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(SignatureHeader::KeyId.name()))
        .map(|(_, id)| String::from_utf8_lossy(id).into_owned())
}
