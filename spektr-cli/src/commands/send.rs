//! `spektr send`: sends realistic deliveries, so that a receiver in any language can be tried
//! before the first real event.

mod list;

use std::net::SocketAddr;

use axum::body::Bytes;
use clap::{Args, ValueEnum};
use serde::Serialize;
use spektr_json::Json;
use spektr_types::EnvelopeKey;
use spektr_verify::{Signer, UnixSeconds};
use tokio::time::sleep;

use crate::arguments::{Global, event_name, scenario_name};
use crate::capture::Headers;
use crate::catalogue::{self, Scenario, UNKNOWN_EVENT};
use crate::config::settings::SEND_ENVELOPE;
use crate::delivery::{self, Change, Envelope, Ids};
use crate::failure::{Answer, Failure};
use crate::keys::KeyArguments;
use crate::output;
use crate::sender::{SendReport, Sender, SendingArguments};
use crate::terminal::{self, bad, faint, good, safe};
use crate::{http, runtime, time};

const EXAMPLES: &str = "\
Examples:
  spektr send --to http://127.0.0.1:8787/ alert_resolved
  spektr send --to URL all                                  # one of each event
  spektr send --to URL process_run_end/documented unknown --envelope eventType
  spektr send --to URL alert_resolved --set data.alertName=Test --set 'data.userId=\"u1\"'
  spektr send --to URL all --repeat 100 --batch 10 --rate 20
  spektr send --to URL alert_resolved --corrupt signature   # 0 if the receiver refuses it
  spektr send --to URL --scenario onboarding --repeat 3     # the stories of three customers
  spektr send --list 127.0.0.1:8790 all                     # imitates the list, for `reconcile`
  spektr send --list 127.0.0.1:8790 --as-is --set createdAt=1795000000000 all   # lists the events that these two options send

Events are the schema's examples with new ids and the current time. send behaves like the sender: an
answer of 200 acknowledges a delivery; after any other answer it tries three times more, at intervals
of one second. A scenario sends the events of a customer's story, in order and with pauses; each
customer has new ids. `onboarding` and `monitoring` are in schema/scenarios, and a name that ends in
.json is a file of yours. Exit code 1: a delivery was not acknowledged; with --corrupt, a delivery
was not refused.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Events, by name or wire type; EVENT/CASE selects another example, `all` is one of each event, `unknown` is an event that the schema does not know
    #[arg(required_unless_present = "scenario", value_name = "EVENT[/CASE]", value_parser = event_name(&["all", UNKNOWN_EVENT]), hide_possible_values = true)]
    events: Vec<String>,
    #[command(flatten)]
    sending: SendingArguments,
    /// Do not deliver the events, but list them at this address like the sender's /v1/events, for any API key
    #[arg(long, value_name = "IP:PORT", value_parser = http::parse_address, conflicts_with_all = ["to", "corrupt", "batch"])]
    list: Option<SocketAddr>,
    /// Send the story of a customer: the name of a scenario, or a file
    #[arg(long, value_name = "NAME|FILE", value_parser = scenario_name(), hide_possible_values = true, conflicts_with_all = ["events", "list", "batch", "as_is"])]
    scenario: Option<String>,
    /// Send a scenario without its pauses
    #[arg(long, requires = "scenario")]
    no_pauses: bool,
    /// Change a member of every event: PATH has dots or is a JSON pointer, VALUE is JSON or text
    #[arg(long, value_name = "PATH=VALUE", value_parser = Change::parse)]
    set: Vec<Change>,
    /// Send the list of events, or the scenario, this many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Put up to this many events into one delivery
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    #[arg(long, help = SEND_ENVELOPE.help(), value_enum)]
    envelope: Option<Envelope>,
    /// Send deliveries that a receiver must refuse, or duplicates that it must take only once
    #[arg(long, value_enum)]
    corrupt: Option<Corruption>,
    /// Send ids and times as in the examples
    #[arg(long)]
    as_is: bool,
    /// Send without signature headers, like a workspace with signing switched off
    #[arg(long, conflicts_with_all = ["key_id", "corrupt"])]
    unsigned: bool,
    /// Sign with this key [default: the first]
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    #[command(flatten)]
    keys: KeyArguments,
}

/// The deliberate fault of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Corruption {
    /// The signature has a wrong digit
    Signature,
    /// The signature is right, but an hour old
    Timestamp,
    /// A member was changed after signing
    Body,
    /// Each delivery is sent twice, with the same event ids: both must be acknowledged
    Duplicate,
}

#[derive(Serialize)]
struct SendOutcome {
    #[serde(flatten)]
    report: SendReport,
    passed: bool,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    runtime::block_on(send_all(global, arguments))
}

async fn send_all(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let config = global.config()?;
    let envelope = SEND_ENVELOPE.chosen(arguments.envelope, &config);
    let plan = SendPlan::new(arguments, envelope)?;
    if let Some(address) = arguments.list {
        return list::serve(global, address, listed(arguments, plan.events())?).await;
    }
    let signer = if arguments.unsigned {
        None
    } else {
        Some(arguments.keys.signer(&config, arguments.key_id.as_deref())?)
    };
    let copies = if arguments.corrupt == Some(Corruption::Duplicate) { 2 } else { 1 };
    let deliveries = plan.deliveries(arguments).saturating_mul(copies);
    let sender = Sender::new(&arguments.sending, &config, deliveries)?;
    if !global.is_json() {
        plan.print(arguments)?;
    }
    let mut sending = Sending { arguments, signer, sender, ids: Ids::new() };
    match &plan {
        SendPlan::Events(events) => sending.send_events(events).await?,
        SendPlan::Story { scenario, steps } => sending.send_stories(scenario, steps).await?,
    }
    let report = sending.sender.finish();
    let passed = match arguments.corrupt {
        None | Some(Corruption::Duplicate) => report.is_all_acknowledged(),
        Some(_) => report.refused == report.deliveries,
    };
    let outcome = SendOutcome { report, passed };
    global
        .format
        .print(&outcome, || outcome.report.text() + &verdict(&outcome.report, arguments.corrupt))?;
    Ok(Answer::from_yes(passed))
}

/// The events to send, in their envelope.
enum SendPlan {
    Events(Vec<Json>),
    Story {
        scenario: Scenario,
        /// The events of each step.
        steps: Vec<Vec<Json>>,
    },
}

impl SendPlan {
    fn new(arguments: &Arguments, envelope: Option<Envelope>) -> Result<Self, Failure> {
        let Some(name) = &arguments.scenario else {
            return Ok(Self::Events(templates(arguments, envelope, &arguments.events)?));
        };
        let scenario = Scenario::find(name)?;
        let steps = scenario.steps.iter().map(|step| templates(arguments, envelope, &step.send));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        if let Some(name) = scenario.unshared(&steps) {
            let name = safe(name);
            return Err(Failure::new(format!("no event of the scenario has a member `{name}`"))
                .hint("correct its name in `shared`, or remove it there"));
        }
        Ok(Self::Story { scenario, steps })
    }

    /// Returns the events of a plan without steps.
    fn events(&self) -> &[Json] {
        match self {
            Self::Events(events) => events,
            Self::Story { .. } => &[],
        }
    }

    fn deliveries(&self, arguments: &Arguments) -> usize {
        let repeat = arguments.repeat as usize;
        match self {
            Self::Events(events) => {
                events.len().saturating_mul(repeat).div_ceil(arguments.batch as usize)
            }
            Self::Story { steps, .. } => steps.len().saturating_mul(repeat),
        }
    }

    /// Prints the summary of a scenario, and its duration.
    fn print(&self, arguments: &Arguments) -> Result<(), Failure> {
        let Self::Story { scenario, .. } = self else { return Ok(()) };
        let mut text = safe(&scenario.description).into_owned();
        let pauses = scenario.pauses().saturating_mul(arguments.repeat);
        if !arguments.no_pauses && !pauses.is_zero() {
            text.push_str(&format!(
                " It pauses for {}; --no-pauses skips the pauses.",
                time::span(pauses)
            ));
        }
        output::print(&format!("{}\n", faint(&text)))
    }
}

/// Deliveries, one after the other.
struct Sending<'a> {
    arguments: &'a Arguments,
    signer: Option<Signer>,
    sender: Sender,
    ids: Ids,
}

impl Sending<'_> {
    /// Sends the events as often as `--repeat` says, with `--batch` events in a delivery.
    async fn send_events(&mut self, events: &[Json]) -> Result<(), Failure> {
        let batch = self.arguments.batch as usize;
        let mut rest = events.len().saturating_mul(self.arguments.repeat as usize);
        let mut stream = events.iter().cycle();
        while rest > 0 {
            let entries: Vec<_> = stream.by_ref().take(batch.min(rest)).cloned().collect();
            rest -= entries.len();
            self.deliver(entries).await?;
        }
        Ok(())
    }

    /// Sends the events of each step as one delivery, customer by customer.
    async fn send_stories(
        &mut self,
        scenario: &Scenario,
        events: &[Vec<Json>],
    ) -> Result<(), Failure> {
        for _ in 0..self.arguments.repeat {
            let mut story = scenario.begin();
            for (step, events) in scenario.steps.iter().zip(events) {
                if !self.arguments.no_pauses {
                    sleep(step.pause()).await;
                }
                let mut entries = events.clone();
                for entry in &mut entries {
                    story.share(entry, &mut self.ids);
                }
                self.deliver(entries).await?;
            }
        }
        Ok(())
    }

    async fn deliver(&mut self, mut entries: Vec<Json>) -> Result<(), Failure> {
        let now = time::now();
        for entry in &mut entries {
            if !self.arguments.as_is {
                delivery::make_new(entry, &mut self.ids, millis(now));
            }
            for change in &self.arguments.set {
                // `templates` has already tried this change.
                change.apply(entry).map_err(Failure::new)?;
            }
        }
        self.send(entries, now).await;
        Ok(())
    }

    async fn send(&mut self, mut entries: Vec<Json>, now: UnixSeconds) {
        const LONG_AGO: u64 = 3_600;
        let (count, corruption) = (entries.len(), self.arguments.corrupt);
        let at = match corruption {
            Some(Corruption::Timestamp) => UnixSeconds::new(now.as_secs().saturating_sub(LONG_AGO)),
            _ => now,
        };
        let mut body = body(&entries);
        let mut headers = headers(self.signer.as_ref(), &body, at);
        match corruption {
            None => {
                self.sender.deliver(&headers, &body, count).await;
                return;
            }
            Some(Corruption::Duplicate) => {
                self.sender.deliver(&headers, &body, count).await;
                self.sender.deliver(&headers, &body, count).await;
                return;
            }
            Some(Corruption::Timestamp) => {}
            Some(Corruption::Signature) => spoil_signature(&mut headers),
            Some(Corruption::Body) => {
                for entry in &mut entries {
                    entry.put("spektrId", "spk_changed_after_signing".into());
                }
                body = self::body(&entries);
            }
        }
        self.sender.deliver_forgery(&headers, &body, count).await;
    }
}

/// Returns the events to list, with their times: a second between them, and the last one now.
fn listed(arguments: &Arguments, events: &[Json]) -> Result<Vec<(i64, Json)>, Failure> {
    const APART: i64 = 1000;
    let total = events.len().saturating_mul(arguments.repeat as usize);
    let last = millis(time::now());
    let mut ids = Ids::new();
    let apart = |number: usize| i64::try_from(number).unwrap_or_default().saturating_mul(APART);
    let stream = events.iter().cycle().take(total).cloned().zip((0..total).rev());
    let mut listed = Vec::with_capacity(total);
    for (mut entry, before_last) in stream {
        let created = last.saturating_sub(apart(before_last));
        if !arguments.as_is {
            delivery::make_new(&mut entry, &mut ids, created);
        }
        for change in &arguments.set {
            change.apply(&mut entry).map_err(Failure::new)?;
        }
        // A change can set another time, and the list uses the time that the event shows.
        let created = delivery::created(&entry).unwrap_or(created);
        listed.push((created, entry));
    }
    Ok(listed)
}

/// Returns the events to send, in their envelope. Fails if a change of `--set` does not fit.
fn templates(
    arguments: &Arguments,
    envelope: Option<Envelope>,
    events: &[String],
) -> Result<Vec<Json>, Failure> {
    let mut names = Vec::new();
    for name in events {
        if name == "all" {
            names.extend(catalogue::events().map(|event| event.details.module.to_owned()));
        } else {
            names.push(name.clone());
        }
    }
    names
        .iter()
        .map(|name| {
            let name = if name == UNKNOWN_EVENT { "unknown/type_envelope" } else { name };
            let example = catalogue::example(name)?;
            let mut entry =
                Json::parse(example.json.get().as_bytes()).map_err(|error| Failure::of(&error))?;
            if let Some(envelope) = envelope {
                entry = delivery::convert(entry, envelope);
            }
            for change in &arguments.set {
                change.apply(&mut entry).map_err(|message| {
                    Failure::new(format!("--set does not fit {name}: {message}"))
                        .hint(format!("`spektr events show {name}` shows the members"))
                })?;
            }
            Ok(entry)
        })
        .collect()
}

fn body(entries: &[Json]) -> Bytes {
    let results = Json::Array(entries.to_vec());
    Json::object([(EnvelopeKey::Results.name(), results)]).to_string().into()
}

fn headers(signer: Option<&Signer>, body: &[u8], at: UnixSeconds) -> Headers {
    let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
    if let Some(signer) = signer {
        let signed = signer.sign_at(body, at);
        headers.extend(signed.pairs().map(|(name, value)| (name.to_owned(), value.into())));
    }
    headers
}

/// Changes the last digit of the signature.
fn spoil_signature(headers: &mut Headers) {
    let signature = headers.iter_mut().find(|(name, _)| name == "x-signature");
    if let Some(digit) = signature.and_then(|(_, value)| value.last_mut()) {
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
}

fn millis(time: UnixSeconds) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or_default().saturating_mul(1000)
}

fn verdict(report: &SendReport, corruption: Option<Corruption>) -> String {
    if matches!(corruption, None | Some(Corruption::Duplicate)) {
        return report.verdict();
    }
    if report.refused == report.deliveries {
        return format!("{}: that is right\n", good("all refused"));
    }
    let mut text = String::new();
    if report.acknowledged > 0 {
        text.push_str(&format!(
            "{} forged: the receiver acknowledged them and must not\n",
            bad(&terminal::count(report.acknowledged, "delivery was", "deliveries were")),
        ));
    }
    let other = report.deliveries - report.refused - report.acknowledged;
    if other > 0 {
        text.push_str(&format!(
            "{} with neither 200 nor 4xx: no verdict\n",
            bad(&terminal::count(other, "delivery was answered", "deliveries were answered")),
        ));
    }
    text
}
