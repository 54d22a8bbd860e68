//! The work of operators on an inbox, done with the tool itself.

mod support;

#[path = "support/list.rs"]
mod list;
#[path = "support/service.rs"]
mod service;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use list::List;
use serde_json::Value;
use service::Service;
use support::{json_lines, set_table_version, spektr, table_version, text};

/// Returns the time an hour ago, in milliseconds since the epoch.
fn an_hour_ago() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() - 3_600_000
}

fn event(id: &str, spektr_id: &str, created_at: u128) -> String {
    format!(
        r#"{{"id":"{id}","spektrId":"{spektr_id}","type":"customer_tag_add","createdAt":{created_at},"data":{{"tagId":"t","action":"add","userId":null,"processId":null}}}}"#
    )
}

/// Runs the tool in a folder with an API key. Returns exit code, output and errors.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = spektr(None);
    command.args(arguments).current_dir(folder).env("SPEKTR_API_KEY", "any-key");
    let output = command.output().expect("the tool runs");
    (output.status.code(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

/// Makes an inbox with an entry in a state.
fn import_one(folder: &Path, state: &str) {
    let line = serde_json::json!({ "state": state, "receivedAt": 1, "raw": event("e1", "s1", 1) });
    std::fs::write(folder.join("in.jsonl"), line.to_string()).expect("is written");
    assert_eq!(run(folder, &["inbox", "import", "in.jsonl"]).0, Some(0));
}

/// Returns the path of the inbox that a restoration has replaced.
fn former(folder: &Path) -> PathBuf {
    folder.canonicalize().expect("a folder").join("spektr-inbox.db.replaced")
}

#[test]
fn a_verification_names_what_is_missing_and_ends_with_0_once_it_is_fetched() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = an_hour_ago();
    let events = [event("e1", "s1", at), event("e2", "s1", at + 1)];
    let list = List::start(&events[..1]);
    let reconcile = ["reconcile", "--since", "2h", "--from", &list.url];
    let (code, out, errors) = run(folder.path(), &reconcile);
    assert_eq!(code, Some(0), "{out}{errors}");
    let verify = ["inbox", "verify", "--from", &list.url];
    // If the list has no events of that time, nothing can be said about the inbox.
    list.show(&[]);
    let (code, out, _) = run(folder.path(), &verify);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("nothing to compare: the list has no events of "), "{out}");
    list.show(&events[..1]);
    let (code, out, errors) = run(folder.path(), &verify);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.starts_with("fine: 1 listed entry of "), "{out}");
    let waits = "stored in the inbox and not handled: 1 pending\n";
    assert!(out.ends_with(&format!(": all are in the inbox\n{waits}")), "{out}");

    // The inbox lacks e2, and the list has e1 with another content.
    list.show(&[events[0].replace(r#""tagId":"t""#, r#""tagId":"u""#), events[1].clone()]);
    let (code, out, _) = run(folder.path(), &verify);
    assert_eq!(code, Some(1));
    let shown: Vec<_> = out.lines().map(|line| line.split_whitespace().next()).collect();
    assert_eq!(shown[..2], [Some("conflict"), Some("missing")], "{out}");
    let remedy = out.lines().rev().nth(1).expect("lines");
    assert!(
        remedy.starts_with("to fetch the missing events: spektr reconcile --since 20"),
        "{out}"
    );
    assert!(remedy.ends_with(&format!("Z --from {}", list.url)), "{out}");
    let json = [&verify[..], &["--format", "json"]].concat();
    let (code, out, _) = run(folder.path(), &json);
    assert_eq!(code, Some(1));
    let [conflict, missing, report] = &json_lines(&out)[..] else { panic!("{out}") };
    assert_eq!((&conflict["problem"], &conflict["id"]), (&"conflict".into(), &"e1".into()));
    assert_eq!((&missing["problem"], &missing["id"]), (&"missing".into(), &"e2".into()));
    assert_eq!(report["completed"], true);
    assert_eq!((&report["missing"], &report["conflicts"]), (&1.into(), &1.into()));
    let unhandled = serde_json::json!({
        "pending": 1, "dead": 0, "malformed": 0, "unknown": 0, "unreadable": 0, "conflict": 0
    });
    assert_eq!(report["unhandled"], unhandled);

    let fetch = [&reconcile[..], &["--by", "ada", "--reason", "ticket 17"]].concat();
    assert_eq!(run(folder.path(), &fetch).0, Some(0));
    let (_, log, _) = run(folder.path(), &["inbox", "log", "--by", "ada", "--format", "json"]);
    let [fetched] = &json_lines(&log)[..] else { panic!("{log}") };
    assert_eq!((&fetched["action"], &fetched["affected"]), (&"reconcile".into(), &2.into()));
    assert_eq!(fetched["details"], serde_json::json!({ "reason": "ticket 17" }));
    let (code, out, _) = run(folder.path(), &verify);
    assert_eq!(code, Some(0));
    assert!(
        out.ends_with("in the inbox\nstored in the inbox and not handled: 2 pending, 1 conflict\n"),
        "{out}"
    );
    // If the list cannot be read, the answer is no.
    list.say("<html></html>");
    let (code, out, _) = run(folder.path(), &json);
    assert_eq!(code, Some(1));
    let [report] = &json_lines(&out)[..] else { panic!("{out}") };
    assert_eq!((&report["completed"], &report["reason"]), (&false.into(), &"not_a_page".into()));
}

#[test]
fn an_erasure_counts_by_kind_takes_the_kinds_it_is_told_and_is_logged() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |state: &str, raw: &str| {
        let line = serde_json::json!({ "state": state, "receivedAt": 1, "raw": raw });
        format!("{line}\n")
    };
    let lines_of_export = [
        line("pending", &event("e1", "spk_1", 1)),
        line("done", &event("e2", "spk_1", 1)),
        line("done", &event("e3", "spk_10", 1)),
        line("malformed", r#"{"id":"e4","customer":["spk_1"]}"#),
        line("malformed", r#"{"id":"e5","customer":["spk_10"]}"#),
        line("unreadable", r#"{"spektrId":"spk_1""#),
        line("unreadable", r#"{"spektrId":"spk_10""#),
    ];
    std::fs::write(folder.path().join("in.jsonl"), lines_of_export.concat()).expect("is written");
    let tool = |arguments: &[&str]| {
        let arguments = [&["inbox"], arguments].concat();
        let (code, out, errors) = run(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{out}{errors}");
        out
    };
    tool(&["import", "in.jsonl", "--by", "ada"]);
    let counts = tool(&["erase", "spk_1", "--dry-run", "--format", "json"]);
    let expected = r#"{"would_erase":{"entries":2,"mentions":1,"bodies":1,"rejected":0,"numbers":{"bodies":[6],"mentions":[4]}}}"#;
    assert_eq!(counts.trim(), expected);
    let counts = tool(&["erase", "spk_1", "--dry-run"]);
    let expected = "2 entries of this person (1 pending, 1 done) would be erased\n\
                    1 other entry that names this id would be erased\n\
                    1 unreadable body that names this id would be erased\n\
                    mentions: 4; see `spektr inbox show NUMBER`\n\
                    bodies: 6; see `spektr inbox show NUMBER`\n";
    assert_eq!(counts, expected);
    let refused = ["inbox", "erase", "spk_1", "--yes", "--reason", "asked by spk_1"];
    let (code, _, errors) = run(folder.path(), &refused);
    assert_eq!(code, Some(2));
    assert!(
        errors.starts_with("error: the reason contains the id that is to be erased\n"),
        "{errors}"
    );
    // Records of kinds that were not chosen name the id too.
    let none = tool(&["erase", "spk_1", "--kind", "rejected", "--yes"]);
    assert_eq!(none, "0 entries of this person erased\n");
    let erased = tool(&["erase", "spk_1", "--kind", "entries", "--yes", "--by", "ada"]);
    assert_eq!(erased, "2 entries of this person erased\n");
    let erased = tool(&["erase", "spk_1", "--yes", "--by", "eve", "--format", "json"]);
    let expected = r#"{"erased":{"entries":0,"mentions":1,"bodies":1,"rejected":0,"tombstones":0,"in_files":false}}"#;
    assert_eq!(erased.trim(), expected);
    let counts = tool(&["erase", "spk_1", "--dry-run"]);
    let expected = "0 entries of this person would be erased\n\
                    no record names this id: if you expected records, check the id\n";
    assert_eq!(counts, expected);
    let left = json_lines(&tool(&["export", "--source", "spektr", "--by", "ada"]));
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|line| line["raw"].as_str().expect("text").contains("spk_10")));

    let log = tool(&["log", "--since", "1h", "--format", "json"]);
    assert!(!log.contains("spk_1"), "{log}");
    let log = json_lines(&log);
    let log: Vec<_> =
        log.iter().map(|one| (&one["action"], &one["by"], one["affected"].as_u64())).collect();
    let expected = [
        (&"import".into(), &"ada".into(), Some(7)),
        (&"erase".into(), &"ada".into(), Some(2)),
        (&"erase".into(), &"eve".into(), Some(2)),
        (&"export".into(), &"ada".into(), Some(3)),
    ];
    assert_eq!(log, expected);
    let text = tool(&["log"]);
    assert!(text.ends_with("\n4 actions\n"), "{text}");
    assert!(text.contains("  3 records  source spektr\n"), "{text}");
    let found = r#"  2 records  found {"bodies":1,"entries":0,"mentions":1,"rejected":0}"#;
    assert!(text.contains(found), "{text}");
}

#[test]
fn what_waits_for_its_next_attempt_is_due_after_a_retry_and_a_dry_run_only_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let later = an_hour_ago() + 2 * 3_600_000;
    let line = |id: &str, state: &str, due_at: u128| {
        let raw = event(id, "spk_1", 1);
        let due_at = (due_at > 0).then_some(due_at);
        let line = serde_json::json!({
            "state": state, "receivedAt": 1, "dueAt": due_at, "attempts": 9, "raw": raw
        });
        format!("{line}\n")
    };
    let lines_of_export = [
        line("e1", "pending", later),
        line("e2", "pending", later),
        line("e3", "pending", 1),
        line("e4", "dead", 0),
    ];
    std::fs::write(folder.path().join("in.jsonl"), lines_of_export.concat()).expect("is written");
    let tool = |expected: i32, arguments: &[&str]| {
        let arguments = [&["inbox"], arguments].concat();
        let (code, out, errors) = run(folder.path(), &arguments);
        assert_eq!(code, Some(expected), "{out}{errors}");
        out
    };
    tool(0, &["import", "in.jsonl", "--by", "ada"]);
    let before = tool(0, &["list", "--format", "json"]);
    let counted = tool(0, &["retry", "--all", "--dry-run"]);
    let expected = "     2  pending     customer_tag_add\n2 entries would be due now\n";
    assert_eq!(counted, expected);
    let counted = tool(1, &["replay", "4", "e1", "e9", "--dry-run", "--format", "json"]);
    let expected = r#"{"entries":[{"count":1,"state":"dead","wire_type":"customer_tag_add"}],"missing":["e9"],"would_replay":1}"#;
    assert_eq!(counted.trim(), expected);
    assert_eq!(tool(0, &["list", "--format", "json"]), before);

    let pending =
        "entry 1 is pending; `spektr inbox retry 1` makes it due\n0 entries pending again\n";
    assert_eq!(tool(0, &["replay", "e1"]), pending);
    assert_eq!(tool(0, &["retry", "e1"]), "1 entry due now\n");
    let shown = json_lines(&tool(0, &["show", "e1", "--format", "json"]));
    let [action] = &shown[0]["actions"].as_array().expect("a list")[..] else {
        panic!("{shown:?}")
    };
    let account = json_lines(&tool(0, &["log", "--format", "json"])).pop().expect("a retry");
    assert_eq!((&action["action"], &action["by"]), (&"retry".into(), &account["by"]));
    let shown = tool(0, &["show", "1"]);
    let by = account["by"].as_str().expect("text");
    assert!(
        shown.contains(&format!(
            "  actions\n    {}  retry by {by}\n",
            account["at"].as_str().expect("text")
        )),
        "{shown}"
    );
    assert!(!tool(0, &["show", "2"]).contains("  actions\n"));
    let left = tool(1, &["retry", "1", "4", "e9"]);
    let expected = "there is no entry e9\nentry 1 is due already, or being handled\n\
                    entry 4 is dead; `spektr inbox replay 4` makes it pending\n0 entries due now\n";
    assert_eq!(left, expected);
    let all = ["retry", "--all", "--by", "eve", "--format", "json"];
    assert_eq!(tool(0, &all).trim(), r#"{"missing":[],"retried":1}"#);
    let entries = json_lines(&tool(0, &["list", "--state", "pending", "--format", "json"]));
    let attempts: Vec<_> = entries.iter().map(|one| one["attempts"].as_u64()).collect();
    assert_eq!(attempts, [Some(9); 3]);
    assert_eq!(tool(0, &["retry", "--all", "--dry-run"]), "0 entries would be due now\n");

    let log = json_lines(&tool(0, &["log", "--format", "json"]));
    let log: Vec<_> = log.iter().map(|one| (&one["action"], one["affected"].as_u64())).collect();
    let retry = &Value::from("retry");
    assert_eq!(log, [(&"import".into(), Some(4)), (retry, Some(1)), (retry, Some(1))]);
}

#[test]
fn entries_that_fail_show_in_the_status_before_an_outage_shows_in_a_figure() {
    let folder = tempfile::tempdir().expect("a folder");
    let due_at = 4_102_444_800_000_u64;
    let line = |id: &str, attempts: u32, due_at: u64, reason: Option<&str>| {
        let line = serde_json::json!({
            "state": "pending", "receivedAt": 1, "dueAt": due_at, "attempts": attempts,
            "reason": reason, "raw": event(id, "spk_1", 1)
        });
        format!("{line}\n")
    };
    let refused = Some("the endpoint answered 503");
    let lines_of_export = [
        line("e1", 0, 1, None),
        line("e2", 2, due_at, refused),
        line("e3", 1, due_at, refused),
        line("e4", 1, due_at, refused),
    ];
    let tool = |arguments: &[&str]| {
        let (code, out, errors) = run(folder.path(), &[&["inbox"], arguments].concat());
        assert_eq!(code, Some(0), "{out}{errors}");
        out
    };
    let file = folder.path().join("in.jsonl");
    std::fs::write(&file, lines_of_export[..2].concat()).expect("is written");
    tool(&["import", "in.jsonl"]);
    let head = "handling   not paused\npending    2\n  oldest   1970-01-01T00:00:01Z\n";
    let one = "  waiting  1 for their next attempt\n  failing  entry 2, 2 attempts, next at \
               2100-01-01T00:00:00Z: the endpoint answered 503\ndead       0\n";
    assert_eq!(tool(&["status"]), format!("{head}{one}"));
    std::fs::write(&file, lines_of_export[2..].concat()).expect("is written");
    tool(&["import", "in.jsonl"]);
    let status = tool(&["status", "--format", "json"]);
    let expected = r#","pending":4,"waiting":3,"failing":{"count":3,"number":2,"attempts":2,"reason":"the endpoint answered 503","due_at":"2100-01-01T00:00:00Z","is_due":false},"dead":0,"#;
    assert!(status.contains(expected), "{status}");
    let status = tool(&["status"]);
    assert!(
        status.contains("  failing  3 of the oldest; entry 2, 2 attempts, next at 2100-"),
        "{status}"
    );
}

#[test]
fn a_paused_inbox_says_since_when_and_by_whom_until_it_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    import_one(folder.path(), "pending");
    let pause = ["inbox", "pause", "--by", "ada"];
    let (code, out, _) = run(folder.path(), &pause);
    assert_eq!(
        (code, &out[..]),
        (Some(0), "paused: deliveries are accepted, and nothing is handled\n")
    );
    let (code, out, _) = run(folder.path(), &pause);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("paused already by ada since 20") && out.ends_with("Z\n"), "{out}");
    let (_, status, _) = run(folder.path(), &["inbox", "status", "--format", "json"]);
    let [status] = &json_lines(&status)[..] else { panic!("{status}") };
    assert_eq!((&status["paused"]["by"], &status["pending"]), (&"ada".into(), &1.into()));
    let since = status["paused"]["since"].as_str().expect("a time").to_owned();
    let (_, status, _) = run(folder.path(), &["inbox", "status"]);
    assert!(status.starts_with(&format!("handling  paused by ada since {since}\n")), "{status}");

    for is_change in [true, false] {
        let (code, out, _) =
            run(folder.path(), &["inbox", "resume", "--by", "eve", "--format", "json"]);
        let expected = format!("{{\"changed\":{is_change},\"paused\":false}}\n");
        assert_eq!((code, out), (Some(0), expected));
    }
    let (_, status, _) = run(folder.path(), &["inbox", "status", "--format", "json"]);
    assert!(status.starts_with(r#"{"paused":null,"#), "{status}");
    let (_, log, _) = run(folder.path(), &["inbox", "log", "--format", "json"]);
    let log = json_lines(&log);
    let paused_at = &log[1]["at"];
    let log: Vec<_> = log[1..].iter().map(|one| (&one["action"], &one["by"])).collect();
    assert_eq!(log, [(&"pause".into(), &"ada".into()), (&"resume".into(), &"eve".into())]);
    assert_eq!(paused_at, &since[..]);
}

#[test]
fn actions_are_logged_under_the_account_of_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    import_one(folder.path(), "done");
    let (_, log, _) = run(folder.path(), &["inbox", "log", "--format", "json"]);
    let account = std::process::Command::new("id").arg("-un").output().expect("id runs");
    assert_eq!(json_lines(&log)[0]["by"], text(&account.stdout).trim());
}

#[test]
fn a_backup_is_made_while_the_service_runs_and_restored_once_it_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(Some("dev=any secret"), folder.path(), &[]);
    let (url, tool) = (service.url.clone(), |arguments: &[&str]| {
        let mut command = spektr(Some("dev=any secret"));
        let output = command.args(arguments).current_dir(folder.path()).output();
        let output = output.expect("the tool runs");
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    });
    let send = || assert_eq!(tool(&["send", "--to", &url, "alert_resolved"]).0, Some(0));
    let count = |store: &str| {
        let (code, out) = tool(&["inbox", "list", "--store", store]);
        assert_eq!(code, Some(0), "{out}");
        out.lines().count() - 1
    };
    send();
    let backup = ["inbox", "backup", "copy.db", "--by", "eve", "--reason", "before the upgrade"];
    let (code, out) = tool(&backup);
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(count("sqlite://copy.db"), 1);
    send();
    assert_eq!(count("sqlite://spektr-inbox.db"), 2);
    let (code, out) = tool(&["inbox", "restore", "copy.db"]);
    assert_eq!(code, Some(2), "{out}");
    assert!(out.contains("is in use"), "{out}");
    assert_eq!(count("sqlite://spektr-inbox.db"), 2);
    let pause = ["inbox", "pause", "--by", "ada", "--reason", "ticket 17"];
    assert_eq!(tool(&pause).0, Some(0));
    assert_eq!(service.terminate().0, Some(0));
    let (code, out) = tool(&["inbox", "restore", "copy.db", "--by", "ada"]);
    assert_eq!(code, Some(0), "{out}");
    let said: Vec<_> = out.lines().collect();
    let former = former(folder.path()).display().to_string();
    let expected =
        format!("spektr-inbox.db is restored from the backup, and {former} is the former inbox");
    assert_eq!((said.len(), said[0]), (4, &expected[..]), "{out}");
    assert_eq!(said[1], "the backup lacks 1 action of an operator:");
    assert!(
        said[2].ends_with("  ada           pause      0 records  reason \"ticket 17\""),
        "{out}"
    );
    assert_eq!(
        said[3],
        "repeat the actions that are still right, erasures first, and start the service again"
    );
    assert_eq!(count("sqlite://spektr-inbox.db"), 1);
    assert_eq!(count("sqlite://spektr-inbox.db.replaced"), 2);
    let (_, log) = tool(&["inbox", "log", "--format", "json"]);
    let log = json_lines(&log);
    let log: Vec<_> =
        log.iter().map(|one| (&one["action"], &one["by"], &one["affected"])).collect();
    let one = Value::from(1);
    let expected =
        [("backup", "eve"), ("restore", "ada")].map(|(action, by)| (action.into(), by.into()));
    let expected: Vec<_> = expected.iter().map(|(action, by)| (action, by, &one)).collect();
    assert_eq!(log, expected);
}

#[test]
fn a_restore_beside_an_inbox_without_later_actions_lacks_none() {
    let folder = tempfile::tempdir().expect("a folder");
    import_one(folder.path(), "done");
    assert_eq!(run(folder.path(), &["inbox", "backup", "copy.db"]).0, Some(0));
    let (code, out, _) = run(folder.path(), &["inbox", "restore", "copy.db", "--format", "json"]);
    assert_eq!(code, Some(0));
    let former = former(folder.path());
    let restored = serde_json::json!({ "restored": true, "replaced": former, "lost": [] });
    assert_eq!(json_lines(&out), [restored]);
}

#[test]
fn a_store_of_an_earlier_version_is_copied_and_restored_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    import_one(folder.path(), "done");
    let store = folder.path().join("spektr-inbox.db");
    set_table_version(&store, 5);
    let (code, _, errors) = run(folder.path(), &["inbox", "backup", "copy.db"]);
    assert_eq!(code, Some(0), "{errors}");
    let why = "its tables have version 5 instead of 6\n";
    assert_eq!(errors, format!("careful: `spektr inbox log` lacks this backup: {why}"));
    let (code, out, errors) = run(folder.path(), &["inbox", "restore", "copy.db"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.ends_with("\nrepeat the erasures since the backup, and start the service again\n"));
    let expected = format!(
        "careful: cannot read the log of the former inbox: {why}\
         careful: `spektr inbox log` lacks this restore: {why}"
    );
    assert_eq!(errors, expected);
    for store in ["spektr-inbox.db", "spektr-inbox.db.replaced", "copy.db"] {
        assert_eq!(table_version(&folder.path().join(store)), 5, "{store}");
    }
}

#[test]
fn a_restore_that_is_refused_and_a_backup_over_a_file_are_not_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    import_one(folder.path(), "done");
    let (code, _, errors) = run(folder.path(), &["inbox", "backup", "in.jsonl"]);
    assert_eq!((code, &errors[..]), (Some(2), "error: no backup was made: in.jsonl exists\n"));
    assert_eq!(run(folder.path(), &["inbox", "restore", "in.jsonl"]).0, Some(2));
    let (_, log, _) = run(folder.path(), &["inbox", "log", "--format", "json"]);
    assert_eq!(json_lines(&log).len(), 1, "{log}");
}
