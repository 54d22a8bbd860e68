//! Posts deliveries as the sender does: only 200 acknowledges a delivery, and after three retries,
//! one second apart, the delivery is dropped.

mod report;

use std::time::{Duration, Instant};

use axum::body::Bytes;
use clap::Args;
use spektr_inbox::HttpUrl;
use tokio::time::sleep;

use crate::arguments::quietly;
use crate::capture::Headers;
use crate::client::{Client, NoAnswer, TlsFiles};
use crate::config::Config;
use crate::config::settings::SEND_TO;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::time;

pub(crate) use report::SendReport;

const SENDING: &str = "Where deliveries go, and how";

/// Where deliveries go, and how they are posted.
#[derive(Args, Clone, Debug)]
pub(crate) struct SendingArguments {
    #[arg(long, help = SEND_TO.help(), help_heading = SENDING, value_name = "URL", value_parser = quietly(SEND_TO.parser()))]
    to: Option<HttpUrl>,
    /// Maximum number of deliveries per second [default: one after the other, as fast as they are answered]
    #[arg(long, help_heading = SENDING, value_name = "R", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Number of retries for a delivery that was not answered with 200
    #[arg(long, help_heading = SENDING, value_name = "N", default_value_t = 3)]
    retries: u32,
    /// How long to wait before a retry
    #[arg(long, help_heading = SENDING, value_name = "DURATION", default_value = "1s", value_parser = time::parse_span)]
    retry_interval: Duration,
    /// How long an answer may take
    #[arg(long, help_heading = SENDING, value_name = "DURATION", default_value = "10s", value_parser = time::parse_span)]
    timeout: Duration,
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.001 to 1000000, as 20 or 0.5".to_owned()),
    }
}

/// One attempt to post a delivery.
#[derive(Debug)]
pub(crate) struct PostAttempt {
    /// The status of the answer, or the reason why there was no answer.
    pub(crate) answer: Result<u16, NoAnswer>,
    pub(crate) latency: Duration,
}

impl PostAttempt {
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.answer == Ok(Client::ACKNOWLEDGED)
    }
}

/// Sends one delivery after the other.
pub(crate) struct Sender {
    client: Client,
    arguments: SendingArguments,
    /// The URL that deliveries are posted to.
    pub(crate) url: HttpUrl,
    begun: Instant,
    sent: u32,
    progress: Progress,
    report: SendReport,
}

impl Sender {
    pub(crate) fn new(
        arguments: &SendingArguments,
        config: &Config,
        deliveries: usize,
    ) -> Result<Self, Failure> {
        let url = SEND_TO.chosen(arguments.to.clone(), config).ok_or_else(|| {
            Failure::new("there is no receiver to send to")
                .hint("name one: --to http://127.0.0.1:8787/ is where `spektr listen` listens")
        })?;
        Ok(Self {
            client: Client::new(url.clone(), arguments.timeout, &TlsFiles::default())?,
            arguments: arguments.clone(),
            url,
            begun: Instant::now(),
            sent: 0,
            progress: Progress::new(deliveries),
            report: SendReport::default(),
        })
    }

    /// Posts a delivery until it is acknowledged or given up. Returns whether it was
    /// acknowledged.
    pub(crate) async fn deliver(&mut self, headers: &Headers, body: &Bytes, events: usize) -> bool {
        let tries = self.arguments.retries.saturating_add(1);
        let attempts = self.try_up_to(tries, headers, body).await;
        self.report.add(&attempts, events);
        attempts.last().is_some_and(PostAttempt::is_acknowledged)
    }

    /// Posts a delivery that the receiver ought to refuse, without any retry.
    pub(crate) async fn deliver_forgery(&mut self, headers: &Headers, body: &Bytes, events: usize) {
        let attempts = self.try_up_to(1, headers, body).await;
        self.report.add_forgery(&attempts, events);
    }

    async fn try_up_to(&mut self, tries: u32, headers: &Headers, body: &Bytes) -> Vec<PostAttempt> {
        self.keep_pace().await;
        let mut attempts = Vec::new();
        for number in 1..=tries {
            let begun = Instant::now();
            let answer = self.client.post(headers, body.clone()).await.map(|reply| reply.status);
            attempts.push(PostAttempt { answer, latency: begun.elapsed() });
            if attempts.last().is_some_and(PostAttempt::is_acknowledged) {
                break;
            }
            if number < tries {
                sleep(self.arguments.retry_interval).await;
            }
        }
        self.progress.step();
        attempts
    }

    /// Waits until the next delivery is due.
    async fn keep_pace(&mut self) {
        if let Some(rate) = self.arguments.rate {
            let due = self.begun + Duration::from_secs_f64(f64::from(self.sent) / rate);
            sleep(due.saturating_duration_since(Instant::now())).await;
        }
        self.sent = self.sent.saturating_add(1);
    }

    /// Ends the run, and returns its report.
    pub(crate) fn finish(self) -> SendReport {
        self.report.finish(&self.url, self.begun.elapsed())
    }
}
