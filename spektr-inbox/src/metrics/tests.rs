#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use super::*;

#[test]
fn every_series_whose_labels_are_known_is_there_from_the_start() {
    let metrics = Metrics::new();
    metrics.begin("sandbox");
    let text = metrics.render();
    for line in [
        "entries_accepted_total{source=\"sandbox\",type=\"alert_resolved\"} 0",
        "entries_duplicate_total{source=\"sandbox\",type=\"none\"} 0",
        "entries_conflict_total{source=\"sandbox\",type=\"unknown\"} 0",
        "entries_missed_total{source=\"sandbox\",type=\"service_run\"} 0",
        "bodies_unreadable_total{source=\"sandbox\"} 0",
        "entries_malformed_total{type=\"alert_resolved\"} 0",
        "deliveries_rejected_total{reason=\"signature_mismatch\"} 0",
        "attempts_total{type=\"alert_resolved\",result=\"dead\"} 0",
        "destination_up 1",
        "destination_opened_total 0",
    ] {
        assert!(text.lines().any(|shown| shown == format!("spektr_inbox_{line}")), "{text}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.contains(&format!("spektr_inbox_build_info{{version=\"{version}\"}} 1\n")));
}

#[test]
fn a_registry_of_the_application_shows_the_same_figures() {
    let metrics = Metrics::new();
    metrics.rejected("disk_full");
    let mut registry = Registry::default();
    registry.register("of_the_application", "Its own", Counter::<u64>::default());
    registry.register_collector(Box::new(metrics.clone()));
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    assert!(text.contains("of_the_application_total 0\n"), "{text}");
    assert!(text.ends_with(&metrics.render()), "{text}");
    assert!(text.contains("{reason=\"disk_full\"} 1\n"), "{text}");
}

#[cfg(feature = "reconcile")]
#[tokio::test(start_paused = true)]
async fn the_figures_of_a_verification_are_shown_for_two_days_and_its_time_for_ever() {
    use crate::clock::{after, from_millis};

    let metrics = Metrics::new();
    let shown = || {
        let text = metrics.render();
        let time = text.contains("last_verification_timestamp_seconds 1700000000\n");
        let figures = [("missing", 1), ("conflict", 2), ("undecodable", 3)];
        let shown = figures.map(|(result, number)| {
            let series = format!("spektr_inbox_verification_entries{{result=\"{result}\"}}");
            text.contains(&format!("{series} {number}\n"))
        });
        (time, shown)
    };
    assert_eq!(shown(), (false, [false; 3]));
    let at = from_millis(1_700_000_000_000);
    let found = [("missing", 1), ("conflict", 2), ("undecodable", 3)];
    let hour = Duration::from_secs(3600);
    // Another process has verified a day ago.
    metrics.verified(at, found, after(at, 24 * hour));
    assert_eq!(shown(), (true, [true; 3]));
    tokio::time::advance(24 * hour - Duration::from_millis(1)).await;
    assert_eq!(shown(), (true, [true; 3]));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(shown(), (true, [false; 3]));
    metrics.verified(at, found, after(at, 49 * hour));
    assert_eq!(shown(), (true, [false; 3]));
}

#[test]
fn counts_of_the_program_are_shown_among_the_others() {
    let metrics = Metrics::new();
    let count = metrics.count("own", "Something of its own");
    count.add(2);
    count.clone().add(1);
    assert_eq!(count.value(), 3);
    assert!(metrics.render().contains("spektr_inbox_own_total 3\n"), "{}", metrics.render());
}

#[test]
fn the_labels_of_unknown_types_are_bounded() {
    let metrics = Metrics::new();
    for index in 0..1000 {
        metrics.unknown(&format!("type_{index}"));
    }
    metrics.unknown("type_0");
    metrics.unknown(&"x".repeat(65));
    let text = metrics.render();
    let lines = text.lines().filter(|line| line.starts_with("spektr_inbox_entries_unknown_total{"));
    assert_eq!(lines.count(), MAX_VALUES + 1);
    assert!(text.contains("spektr_inbox_entries_unknown_total{type=\"type_0\"} 2\n"), "{text}");
    assert!(text.contains("spektr_inbox_entries_unknown_total{type=\"other\"} 937\n"), "{text}");
}

#[cfg(feature = "reconcile")]
#[test]
fn the_page_of_metrics_has_the_name_the_type_and_the_labels_of_each() {
    use std::collections::BTreeMap;

    let page = include_str!("../../METRICS.md");
    let page = page.split("`spektr serve` adds").next().unwrap_or_default();
    let documented: BTreeMap<_, _> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let name = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
            let labels = cells[3].split(", ").map(|label| label.trim_matches('`'));
            let labels = labels.filter(|label| !label.is_empty()).collect::<Vec<_>>();
            Some((name.to_owned(), (cells[2].to_owned(), labels.join(","))))
        })
        .collect();

    let metrics = Metrics::new();
    metrics.begin("spektr");
    metrics.unknown("never_documented");
    metrics.stats(&Stats::default(), Timestamp::from_millis(0).unwrap());
    let at = Timestamp::from_millis(0).unwrap();
    metrics.verified(at, [("missing", 0), ("conflict", 0), ("undecodable", 0)], at);
    metrics.delivered(None);
    let label = [("key_id", "a".into())];
    let _end = metrics.0.key_not_after.get_or_create(&label);

    let text = metrics.render();
    let mut shown = BTreeMap::new();
    let mut kind = "";
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            kind = declared.split(' ').nth(1).unwrap();
        } else if let Some(series) = line.strip_prefix("spektr_inbox_") {
            let (series, _) = series.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let name = match kind {
                "histogram" => name.trim_end_matches(|c: char| c != '_').trim_end_matches('_'),
                _ => name,
            };
            let labels =
                labels.split('"').step_by(2).map(|label| label.trim_matches([',', '=', '}']));
            let labels = labels.filter(|label| !label.is_empty() && *label != "le");
            shown.insert(name.to_owned(), (kind.to_owned(), labels.collect::<Vec<_>>().join(",")));
        }
    }
    assert_eq!(shown, documented);
}
