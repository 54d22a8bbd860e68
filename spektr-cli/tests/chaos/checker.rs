//! Compares the inbox and the endpoint's log with the answers that the clients got.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::endpoint;
use crate::list::List;
use crate::load::Sent;
use crate::process::tail;
use crate::support::{spektr, text};

/// The pause between looks at the inbox, and their number. A lease lasts 30 s.
const PAUSE: Duration = Duration::from_millis(500);
const LOOKS: usize = 1200;

pub(crate) struct Checker<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) store: &'a str,
    pub(crate) sent: &'a Sent,
    pub(crate) list: &'a List,
}

impl Checker<'_> {
    /// Runs a command of the tool on the store.
    fn tool(&self, arguments: &[&str]) -> Output {
        let mut command = spektr(None);
        command.env("SPEKTR_STORE", self.store).env("SPEKTR_API_KEY", "any-key");
        command.args(arguments).current_dir(self.folder).output().expect("the tool runs")
    }

    /// Runs a command, which must end with 0.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.tool(arguments);
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {out}{errors}");
        out.to_owned()
    }

    /// Waits until nothing is pending.
    pub(crate) fn waits_until_everything_is_handled(&self) {
        let mut pending = Value::Null;
        for _ in 0..LOOKS {
            let status = self.succeed(&["inbox", "status", "--format", "json"]);
            let status: Value = serde_json::from_str(&status).expect("JSON");
            pending = status["pending"].clone();
            if pending == 0 {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("{pending} are pending for ever: {}", tail(&self.folder.join("service.log")));
    }

    /// Asserts all guarantees after a run.
    pub(crate) fn check(&self) {
        let listed = self.succeed(&["inbox", "list", "--format", "json"]);
        let mut stored = HashSet::new();
        for line in listed.lines() {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            let id = entry["id"].as_str().expect("each has an id").to_owned();
            assert_eq!(entry["state"], "done", "{id}");
            assert!(stored.insert(id.clone()), "{id} is stored twice");
        }
        let acknowledged = self.sent.acknowledged.iter().flatten();
        let lost: Vec<_> = acknowledged.filter(|id| !stored.contains(*id)).collect();
        assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");

        let forwarded = fs::read_to_string(endpoint::log(self.folder)).expect("it is written");
        let mut first = HashMap::new();
        for (place, id) in forwarded.lines().enumerate() {
            first.entry(id).or_insert(place);
        }
        let kept: Vec<_> = stored.iter().filter(|id| !first.contains_key(id.as_str())).collect();
        assert!(kept.is_empty(), "stored and not forwarded: {kept:?}");
        for events in &self.sent.acknowledged {
            // Compares first posts, because a repeated post can come after the next event.
            let order: Vec<_> = events.iter().map(|id| first[id.as_str()]).collect();
            let wrong = order.windows(2).position(|pair| pair[0] > pair[1]);
            let wrong = wrong.map(|place| &events[place..place + 2]);
            assert_eq!(wrong, None, "forwarded in another order");
        }

        // The faults made attempts of the clients fail.
        assert!(self.sent.failures > 0);
        self.succeed(&["reconcile", "--since", "2d", "--from", &self.list.url]);
        let verify = ["inbox", "verify", "--since", "2d", "--format", "json"];
        let report = self.succeed(&[&verify[..], &["--from", &self.list.url]].concat());
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!((&report["completed"], &report["missing"]), (&true.into(), &0.into()));
        // Pages overlap.
        assert!(report["seen"].as_u64() >= Some(self.sent.created as u64), "{report}");
    }
}
