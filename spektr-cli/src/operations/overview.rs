//! The overview: whether the service is ready, the entries that wait, and the curves of the last
//! hour or day.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State as Given};
use axum::response::Response;
use spektr_inbox::Readiness;
use spektr_inbox::store::{Pause, State, Stats};

use super::curve::{Curve, HEIGHT, WIDTH};
use super::disk::disk;
use super::facts::{Fact, facts, is_down};
use super::figures::{MetricsText, Sample};
use super::form::Fields;
use super::guard::Visitor;
use super::numbers::{When, short, taken, whole};
use super::page::{Frame, shown};
use super::refused::Refused;
use super::samples::Period;
use super::state::Operations;
use super::words;
use crate::terminal::safe;
use crate::time;
use std::time::Duration;

#[derive(Template)]
#[template(path = "operations/overview.html")]
struct OverviewPage {
    frame: Frame,
    is_ready: bool,
    /// Whether the destination is down, so that events wait for it.
    is_down: bool,
    checks: Vec<ReadinessCheck>,
    paused: Option<PauseNotice>,
    /// Whether the figures of the store are known.
    is_known: bool,
    tiles: Vec<Tile>,
    is_day: bool,
    /// The period of the curves, in words.
    stretch: String,
    charts: Vec<Chart>,
    facts: Vec<Fact>,
    width: f64,
    height: f64,
}

struct ReadinessCheck {
    name: &'static str,
    is_ok: bool,
    text: String,
}

struct PauseNotice {
    since: When,
    by: String,
}

/// A large figure with a link to the entries that it counts.
struct Tile {
    id: &'static str,
    name: &'static str,
    figure: String,
    note: String,
    link: Option<String>,
    /// Whether an operator should look at the entries.
    is_urgent: bool,
}

/// A curve with its figure.
struct Chart {
    id: &'static str,
    name: &'static str,
    figure: String,
    note: String,
    line: String,
    area: String,
    is_bad: bool,
}

pub(super) async fn overview(
    Given(operations): Given<Operations>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let span = if fields.text("span") == Some("day") { Period::Day } else { Period::Hour };
    let inner = &*operations.0;
    let (readiness, (now, text)) = tokio::join!(inner.receiver.readiness(), operations.look());
    let metrics = MetricsText::new(&text);
    let samples = operations.samples(span, &now);
    let pause = match now.store {
        Some(Stats { paused_since: Some(_), .. }) => operations.store().pause().await?,
        _ => None,
    };
    let (size, free) = disk(inner.about.file.clone()).await;
    let uptime = inner.started.elapsed();
    shown(&OverviewPage {
        frame: Frame::new(&operations, visitor, "Overview", "/"),
        is_ready: readiness.is_ready(),
        is_down: is_down(&metrics),
        checks: checks(&readiness),
        paused: pause.map(|Pause { since, by }| PauseNotice {
            since: When::new(since),
            by: safe(&by).into_owned(),
        }),
        is_known: now.store.is_some(),
        tiles: now.store.as_ref().map_or_else(Vec::new, |stats| tiles(stats, now.oldest)),
        is_day: span == Period::Day,
        stretch: stretch_in_words(span, uptime),
        charts: charts(&samples, stretch(span, uptime)),
        facts: facts(&operations, &metrics, size, free),
        width: WIDTH,
        height: HEIGHT,
    })
}

fn checks(readiness: &Readiness) -> Vec<ReadinessCheck> {
    let check =
        |(name, word)| ReadinessCheck { name, is_ok: word == "ok", text: words::check(name, word) };
    readiness.checks().into_iter().map(check).collect()
}

/// Returns the period of the curves: an hour or a day, or the time since the start if it is
/// shorter, but at least a minute.
fn stretch(span: Period, uptime: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(60);
    span.duration().min(uptime.max(SHORTEST))
}

fn stretch_in_words(span: Period, uptime: Duration) -> String {
    if uptime < span.duration() {
        return format!("In the {} since this process started.", time::span(uptime));
    }
    match span {
        Period::Hour => "In the last hour.".to_owned(),
        Period::Day => "In the last day.".to_owned(),
    }
}

fn tiles(stats: &Stats, oldest: u64) -> Vec<Tile> {
    let of = |id, name, state: State, note: &str| {
        let number = stats.backlog(state);
        let link = Some(match state {
            State::Dead => "/dead".to_owned(),
            other => format!("/entries?state={other}"),
        });
        let is_urgent = number > 0 && state != State::Pending;
        Tile { id, name, figure: whole(number), note: note.to_owned(), link, is_urgent }
    };
    let age = match stats.pending {
        0 => "nothing waits".to_owned(),
        _ => format!("the oldest for {}", time::span(Duration::from_secs(oldest))),
    };
    let behind = match stats.behind_dead {
        0 => "given up".to_owned(),
        some => format!("given up; {} events wait behind them", whole(some)),
    };
    let quarantine = Tile {
        id: "quarantined",
        name: "Quarantine",
        figure: whole(stats.quarantined),
        note: "rejected deliveries".to_owned(),
        link: None,
        is_urgent: stats.quarantined > 0,
    };
    vec![
        of("pending", "Pending", State::Pending, &age),
        of("dead", "Dead letters", State::Dead, &behind),
        of("malformed", "Malformed", State::Malformed, "cannot be decoded"),
        of("unknown", "Unknown", State::Unknown, "the schema does not know the type"),
        of("unreadable", "Unreadable", State::Unreadable, "whole bodies"),
        of("conflict", "Conflicts", State::Conflict, "an id with two contents"),
        quarantine,
    ]
}

fn charts(samples: &[Sample], stretch: Duration) -> Vec<Chart> {
    let (Some(first), Some(now)) = (samples.first(), samples.last()) else { return Vec::new() };
    let rate = |id, name, is_bad, of: fn(&Sample) -> u64| {
        let values = Curve::of_intervals(samples, stretch, |earlier, later| {
            let minutes = (later.at - earlier.at).as_secs_f64() / 60.0;
            (minutes > 0.0).then(|| of(later).saturating_sub(of(earlier)) as f64 / minutes)
        });
        let total = of(now).saturating_sub(of(first));
        let top = values.most().unwrap_or_default();
        chart(
            id,
            name,
            whole(total),
            &values,
            format!("at most {} a minute", short(top)),
            is_bad && total > 0,
        )
    };
    let latency = now.latency.since(&first.latency);
    let mean = Curve::of_intervals(samples, stretch, |earlier, later| {
        later.latency.since(&earlier.latency).mean()
    });
    let figure = match latency.bound_of_99_percent() {
        None => "–".to_owned(),
        Some(bound) if bound.is_infinite() => "> 10 s".to_owned(),
        Some(bound) => format!("≤ {}", taken(bound)),
    };
    let slowest = mean.most().map_or_else(
        || "no deliveries".to_owned(),
        |most| format!("99 of 100 deliveries; the curve is the mean, at most {}", taken(most)),
    );
    let pending = Curve::of_moments(samples, stretch, |sample| {
        sample.store.map(|stats| stats.pending as f64)
    });
    let oldest =
        Curve::of_moments(samples, stretch, |sample| sample.store.map(|_| sample.oldest as f64));
    let at_most = |values: &Curve| values.most().unwrap_or_default();
    let most_pending = format!("at most {}", whole(at_most(&pending) as u64));
    let of_age = |seconds: f64| time::span(Duration::from_secs_f64(seconds));
    let most_oldest = format!("at most {}", of_age(at_most(&oldest)));
    let known = |figure: String| if now.store.is_some() { figure } else { "?".to_owned() };
    let waiting = now.store.map_or(0, |stats| stats.pending);
    vec![
        rate("accepted", "Accepted", false, |sample| sample.accepted),
        rate("handled", "Handled", false, |sample| sample.handled),
        rate("failed", "Failed attempts", true, |sample| sample.failed),
        rate("refused", "Refused requests", true, |sample| sample.refused),
        chart("latency", "Answered within", figure, &mean, slowest, false),
        chart("waiting", "Pending", known(whole(waiting)), &pending, most_pending, false),
        chart(
            "oldest",
            "Oldest pending",
            known(of_age(now.oldest as f64)),
            &oldest,
            most_oldest,
            false,
        ),
    ]
}

fn chart(
    id: &'static str,
    name: &'static str,
    figure: String,
    values: &Curve,
    note: String,
    is_bad: bool,
) -> Chart {
    let top = values.most().unwrap_or_default();
    Chart { id, name, figure, note, line: values.line(top), area: values.area(top), is_bad }
}
