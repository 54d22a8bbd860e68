//! The report of a run: answers, latencies, and lost deliveries.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use spektr_inbox::HttpUrl;

use super::PostAttempt;
use crate::terminal::{bad, count, good, safe, strong};

/// The maximum number of lost deliveries that the text lists.
const LISTED: usize = 5;

#[derive(Debug, Default, Serialize)]
pub(crate) struct SendReport {
    to: String,
    pub(crate) deliveries: usize,
    pub(crate) acknowledged: usize,
    events: usize,
    attempts: usize,
    /// The number of attempts by status, or by the reason why there was no answer.
    answers: BTreeMap<String, usize>,
    #[serde(skip)]
    latencies: Vec<Duration>,
    latency_ms: Option<LatencyQuantiles>,
    seconds: f64,
    /// The deliveries that the sender would have dropped.
    dropped: Vec<Dropped>,
    /// Forgeries that were answered with 4xx.
    pub(crate) refused: usize,
}

#[derive(Debug, Serialize)]
struct LatencyQuantiles {
    min: f64,
    median: f64,
    p95: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Dropped {
    /// Position of the delivery, from 1.
    delivery: usize,
    attempts: usize,
    last_answer: String,
}

impl SendReport {
    /// Adds a delivery that ought to be acknowledged.
    pub(super) fn add(&mut self, attempts: &[PostAttempt], events: usize) {
        self.count(attempts, events);
        let Some(last) = attempts.last() else { return };
        if last.is_acknowledged() {
            self.acknowledged += 1;
        } else {
            self.dropped.push(Dropped {
                delivery: self.deliveries,
                attempts: attempts.len(),
                last_answer: words(last),
            });
        }
    }

    /// Adds a delivery that ought to be refused.
    pub(super) fn add_forgery(&mut self, attempts: &[PostAttempt], events: usize) {
        self.count(attempts, events);
        match attempts.last() {
            Some(PostAttempt { answer: Ok(400..=499), .. }) => self.refused += 1,
            Some(last) if last.is_acknowledged() => self.acknowledged += 1,
            _ => {}
        }
    }

    fn count(&mut self, attempts: &[PostAttempt], events: usize) {
        self.deliveries += 1;
        self.events += events;
        self.attempts += attempts.len();
        for attempt in attempts {
            *self.answers.entry(words(attempt)).or_default() += 1;
            if attempt.answer.is_ok() {
                self.latencies.push(attempt.latency);
            }
        }
    }

    pub(super) fn finish(mut self, url: &HttpUrl, elapsed: Duration) -> Self {
        self.to = url.to_string();
        self.seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
        self.latencies.sort();
        self.latency_ms = latency(&self.latencies);
        self
    }

    pub(crate) fn is_all_acknowledged(&self) -> bool {
        self.acknowledged == self.deliveries
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} with {} to {} in {:.1} s",
            count(self.deliveries, "delivery", "deliveries"),
            count(self.events, "event", "events"),
            safe(&self.to),
            self.seconds,
        );
        let answers: Vec<_> =
            self.answers.iter().map(|(answer, number)| format!("{answer} ({number}×)")).collect();
        let _ = writeln!(text, "answers  {}", answers.join(", "));
        if let Some(LatencyQuantiles { min, .. }) =
            self.latency_ms.as_ref().filter(|_| self.latencies.len() == 1)
        {
            let _ = writeln!(text, "latency  {min:.1} ms");
        } else if let Some(LatencyQuantiles { min, median, p95, max }) = self.latency_ms {
            let _ = writeln!(
                text,
                "latency  {min:.1} ms at least, median {median:.1}, p95 {p95:.1}, {max:.1} at most",
            );
        }
        for Dropped { delivery, attempts, last_answer } in self.dropped.iter().take(LISTED) {
            let tries = count(*attempts, "attempt", "attempts");
            let _ = writeln!(text, "delivery {delivery}: {last_answer} after {tries}");
        }
        if self.dropped.len() > LISTED {
            let _ = writeln!(text, "and {} more", self.dropped.len() - LISTED);
        }
        text
    }

    /// Returns the verdict on deliveries that ought to be acknowledged.
    pub(crate) fn verdict(&self) -> String {
        if self.is_all_acknowledged() {
            return format!("{}\n", good("all acknowledged"));
        }
        let lost = self.deliveries - self.acknowledged;
        format!(
            "{} of {} not acknowledged: the sender would have dropped them\n{}",
            bad(&lost.to_string()),
            count(self.deliveries, "delivery", "deliveries"),
            self.hint().map(|hint| format!("{} {hint}\n", strong("hint:"))).unwrap_or_default(),
        )
    }

    fn hint(&self) -> Option<&'static str> {
        let last = self.dropped.last()?.last_answer.as_str();
        Some(match last {
            "connection refused" => "nothing listens there; `spektr listen` listens on port 8787",
            "401" | "403" => {
                "the receiver refuses the signature: does it have the same key id and secret as \
                 SPEKTR_WEBHOOK_KEYS here, and the same signed content?"
            }
            "404" | "405" => {
                "is that the path of the webhook endpoint? `spektr serve` has it at /webhooks/spektr"
            }
            "201" | "202" | "204" => {
                "only 200 acknowledges a delivery: the sender treats this answer as a failure"
            }
            _ if last.contains("UnknownIssuer") => {
                "the issuer of the receiver's certificate is not in the system's trust store; \
                 name the certificate of the issuer by SSL_CERT_FILE=ca.pem"
            }
            _ if last.starts_with('3') => "the sender follows no redirect: name the final URL",
            _ => return None,
        })
    }
}

fn words(attempt: &PostAttempt) -> String {
    match &attempt.answer {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn latency(sorted: &[Duration]) -> Option<LatencyQuantiles> {
    let at = |percent: usize| {
        let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(index).map(|latency| (latency.as_secs_f64() * 1e5).round() / 100.0)
    };
    Some(LatencyQuantiles { min: at(0)?, median: at(50)?, p95: at(95)?, max: at(100)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::NoAnswer;

    fn attempt(answer: Result<u16, NoAnswer>, millis: u64) -> PostAttempt {
        PostAttempt { answer, latency: Duration::from_millis(millis) }
    }

    #[test]
    fn counts_attempts_by_answer_and_lists_what_was_dropped() {
        let mut report = SendReport::default();
        report.add(&[attempt(Ok(500), 4), attempt(Ok(200), 2)], 3);
        report.add(&[attempt(Ok(204), 1), attempt(Err(NoAnswer::Refused), 9)], 1);
        let report = report
            .finish(&HttpUrl::parse("http://localhost/").expect("a URL"), Duration::from_secs(2));
        assert_eq!(
            report.text(),
            "2 deliveries with 4 events to http://localhost/ in 2.0 s\n\
             answers  200 (1×), 204 (1×), 500 (1×), connection refused (1×)\n\
             latency  1.0 ms at least, median 2.0, p95 4.0, 4.0 at most\n\
             delivery 2: connection refused after 2 attempts\n",
        );
        assert!(!report.is_all_acknowledged());
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let latency = latency(&sorted).expect("not empty");
        assert_eq!(
            (latency.min, latency.median, latency.p95, latency.max),
            (1.0, 50.0, 95.0, 100.0)
        );
    }
}
