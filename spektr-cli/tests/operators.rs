//! What operators do with an inbox, with the tool itself.

mod support;

#[path = "support/list.rs"]
mod list;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use list::List;
use serde_json::Value;
use support::{spektr, text};

/// Milliseconds since the epoch, an hour ago.
fn an_hour_ago() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() - 3_600_000
}

fn event(id: &str, spektr_id: &str, created_at: u128) -> String {
    format!(
        r#"{{"id":"{id}","spektrId":"{spektr_id}","type":"customer_tag_add","createdAt":{created_at},"data":{{"tagId":"t","action":"add","userId":null,"processId":null}}}}"#
    )
}

/// Runs the tool in a folder with an API key; returns exit code, output and errors.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = spektr(None);
    command.args(arguments).current_dir(folder).env("SPEKTR_API_KEY", "any-key");
    let output = command.output().expect("the tool runs");
    (output.status.code(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
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
    let (code, out, errors) = run(folder.path(), &verify);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.starts_with("fine: 1 listed entry of "), "{out}");
    assert!(out.ends_with(": all are in the inbox\n"), "{out}");

    // e2 comes later, and e1 with another content.
    list.show(&[events[0].replace(r#""tagId":"t""#, r#""tagId":"u""#), events[1].clone()]);
    let (code, out, _) = run(folder.path(), &verify);
    assert_eq!(code, Some(1));
    let shown: Vec<_> = out.lines().map(|line| line.split_whitespace().next()).collect();
    assert_eq!(shown[..2], [Some("conflict"), Some("missing")], "{out}");
    let json = [&verify[..], &["--format", "json"]].concat();
    let (code, out, _) = run(folder.path(), &json);
    assert_eq!(code, Some(1));
    let [conflict, missing, report] = &lines(&out)[..] else { panic!("{out}") };
    assert_eq!((&conflict["problem"], &conflict["id"]), (&"conflict".into(), &"e1".into()));
    assert_eq!((&missing["problem"], &missing["id"]), (&"missing".into(), &"e2".into()));
    assert_eq!(report["completed"], true);
    assert_eq!((&report["missing"], &report["conflicts"]), (&1.into(), &1.into()));

    assert_eq!(run(folder.path(), &reconcile).0, Some(0));
    assert_eq!(run(folder.path(), &verify).0, Some(0));
    // A list that cannot be read does not make it fine.
    list.say("<html></html>");
    let (code, out, _) = run(folder.path(), &json);
    assert_eq!(code, Some(1));
    let [report] = &lines(&out)[..] else { panic!("{out}") };
    assert_eq!((&report["completed"], &report["reason"]), (&false.into(), &"not_a_page".into()));
}
