//! Where a file's facts come from, and which words of the documentation were read.

use super::head::STATUSES;
use super::{Node, Reader};
use crate::json::Json;
use crate::model::{Part, Reading, Source};
use crate::names;
use crate::problem::ProblemKind;

impl Reader<'_> {
    pub(crate) fn source(&mut self, node: &Node<'_>) -> Option<Source> {
        self.only(node, &["page", "version", "section", "captured", "readings"]);
        let page = self.required_string(node, "page");
        let version = node.get("version").and_then(|node| self.string(&node));
        let section = self.required_string(node, "section");
        let captured = self.date(node);
        let readings = match node.get("readings") {
            Some(list) => {
                self.list(&list);
                list.elements().filter_map(|node| self.reading(&node)).collect()
            }
            None => Vec::new(),
        };
        Some(Source { page: page?, version, section: section?, captured: captured?, readings })
    }

    fn date(&mut self, node: &Node<'_>) -> Option<String> {
        let captured = self.required_string(node, "captured");
        if let (Some(date), Some(node)) = (&captured, node.get("captured"))
            && !names::is_date(date)
        {
            let expected = "a date as `2026-11-23`".to_owned();
            self.report(&node, ProblemKind::WrongValue { expected, found: date.clone() });
        }
        captured
    }

    /// Reads which words of the documentation somebody has looked at.
    fn reading(&mut self, node: &Node<'_>) -> Option<Reading> {
        self.only(
            node,
            &["part", "version", "captured", "place", "status", "digest", "after_null"],
        );
        let parts = [("row", Part::Row), ("section", Part::Section), ("around", Part::Around)];
        let part = match node.get("part") {
            Some(part) => self.choice(&part, &parts),
            None => {
                self.report(node, ProblemKind::Missing("part"));
                None
            }
        };
        let version = self.required_string(node, "version");
        let captured = self.date(node);
        let digest = self.digest(node, "digest");
        let after_null = self.digest(node, "after_null");
        let place = node.get("place").and_then(|place| match place.json {
            Json::Number(number) => number.as_u64(),
            _ => None,
        });
        let status = node.get("status").and_then(|status| self.choice(&status, &STATUSES));
        let row = part? == Part::Row;
        for (keyword, found) in [("place", place.is_some()), ("status", status.is_some())] {
            match node.get(keyword) {
                Some(node) if !row => self.report(&node, ProblemKind::Keyword(keyword.into())),
                _ if row && !found => self.report(node, ProblemKind::Missing(keyword)),
                _ => {}
            }
        }
        Some(Reading {
            part: part?,
            version: version?,
            captured: captured?,
            place,
            status,
            digest,
            after_null,
        })
    }

    fn digest(&mut self, node: &Node<'_>, keyword: &str) -> Option<String> {
        let node = node.get(keyword)?;
        let digest = self.string(&node)?;
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digest.len() == 16 && digest.bytes().all(digits) {
            return Some(digest);
        }
        let expected = "16 hexadecimal digits".to_owned();
        self.report(&node, ProblemKind::WrongValue { expected, found: digest });
        None
    }
}
