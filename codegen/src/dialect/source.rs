//! Reads the sources of a file's facts, and the digests of the documentation that somebody has
//! read.

use spektr_json::Json;

use super::head::STATUSES;
use super::{DialectReader, SchemaNode};
use crate::model::{PagePart, ReadRow, Reading, Source};
use crate::names;
use crate::problem::ProblemKind;

impl DialectReader<'_> {
    pub(crate) fn source(&mut self, node: &SchemaNode<'_>) -> Option<Source> {
        self.only(node, &["page", "version", "section", "captured", "readings"]);
        let page = self.required_string(node, "page");
        let version = node.get("version").and_then(|node| self.string(&node));
        let section = self.required_string(node, "section");
        let captured = self.date(node);
        let readings = self.optional_list(node, "readings", Self::reading);
        Some(Source { page: page?, version, section: section?, captured: captured?, readings })
    }

    fn date(&mut self, node: &SchemaNode<'_>) -> Option<String> {
        let captured = self.required_string(node, "captured");
        if let (Some(date), Some(node)) = (&captured, node.get("captured"))
            && !names::is_date(date)
        {
            self.wrong_value(&node, "a date such as `2026-11-23`", date);
        }
        captured
    }

    /// Reads the record of a part of the documentation that somebody has read.
    fn reading(&mut self, node: &SchemaNode<'_>) -> Option<Reading> {
        self.only(
            node,
            &[
                "part", "version", "captured", "place", "status", "digest", "blocks", "example",
                "rows",
            ],
        );
        let parts =
            [("row", PagePart::Row), ("section", PagePart::Section), ("around", PagePart::Around)];
        let part = self.required_choice(node, "part", &parts);
        let version = self.required_string(node, "version");
        let captured = self.date(node);
        let digest = node.get("digest").and_then(|node| self.digest(&node));
        let example = node.get("example").and_then(|node| self.digest(&node));
        let blocks = self.optional_list(node, "blocks", Self::digest);
        let rows = node.get("rows").map(|rows| self.read_rows(&rows)).unwrap_or_default();
        let place = node.get("place").and_then(|place| match place.json {
            Json::Number(number) => number.as_u64(),
            _ => None,
        });
        let status = node.get("status").and_then(|status| self.choice(&status, &STATUSES));
        let row = part? == PagePart::Row;
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
            blocks,
            example,
            rows,
        })
    }

    /// Reads rows such as `"data.contextId": "…"`: the row's digest, and behind a slash the digest
    /// of the words beside a nullable type.
    fn read_rows(&mut self, node: &SchemaNode<'_>) -> Vec<ReadRow> {
        self.object(node);
        let mut rows = Vec::new();
        for (path, node) in node.members() {
            let Some(text) = self.string(&node) else { continue };
            let (digest, after_null) = match text.split_once('/') {
                Some((digest, after_null)) => (digest.to_owned(), Some(after_null.to_owned())),
                None => (text, None),
            };
            for digest in std::iter::once(&digest).chain(&after_null) {
                self.check_digest(&node, digest);
            }
            rows.push(ReadRow { path: path.to_owned(), digest, after_null });
        }
        rows
    }

    fn digest(&mut self, node: &SchemaNode<'_>) -> Option<String> {
        let digest = self.string(node)?;
        self.check_digest(node, &digest);
        Some(digest)
    }

    fn check_digest(&mut self, node: &SchemaNode<'_>, digest: &str) {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digest.len() != 16 || !digest.bytes().all(digits) {
            self.wrong_value(node, "16 hexadecimal digits", digest);
        }
    }
}
