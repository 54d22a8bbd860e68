//! Blocks of older exports: `[block:parameters]` and what else stands between
//! such a mark and `[/block]`, as JSON whose texts are Markdown.

use serde_json::Value;

use crate::document::{Block, Document, Table};
use crate::facts::{Problem, ProblemKind};
use crate::{html, tables, words};

const OPEN: &str = "[block:";
const CLOSE: &str = "[/block]";
/// Columns that a table of a block may have.
const MAX_COLUMNS: usize = 32;

/// Whether a block begins at this line.
pub(crate) fn begins(line: &str) -> bool {
    line.trim_start().starts_with(OPEN)
}

/// The end of the block that a text begins with, or of the text.
pub(super) fn end(text: &str) -> usize {
    text.find(CLOSE).map_or(text.len(), |at| at + CLOSE.len())
}

/// Reads one block, from its mark on.
pub(super) fn read(text: &str, document: &mut Document) {
    let body = text.trim_start().strip_prefix(OPEN).and_then(|rest| rest.split_once(']'));
    let Some((kind, body)) = body else { return };
    let body = body.split(CLOSE).next().unwrap_or_default();
    let Ok(value) = serde_json::from_str::<Value>(body.trim()) else {
        document.problems.push(Problem {
            kind: ProblemKind::BlockUnread,
            section: None,
            about: tables::clip(kind),
        });
        return;
    };
    let member = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match kind.trim() {
        "parameters" => document.table(table(&value)),
        "code" => {
            for code in value.get("codes").and_then(Value::as_array).into_iter().flatten() {
                let code = code.get("code").and_then(Value::as_str).unwrap_or_default();
                document.code(code.to_owned());
            }
        }
        "api-header" => {
            let level = value.get("level").and_then(Value::as_u64);
            let level = level.and_then(|level| u8::try_from(level).ok()).unwrap_or(2);
            document.heading(level.clamp(1, 6), &inline(member("title")));
        }
        "html" => {
            let inner = html::document(member("html"), html::Chrome::Read, html::Tables::Outer);
            document.append(inner);
        }
        // Callouts and whatever else has a text.
        _ => {
            document.paragraph(&inline(member("title")));
            super::commonmark(member("body"), document);
        }
    }
}

/// Reads `{"data": {"h-0": …, "0-0": …}, "cols": 3, "rows": 9}`.
fn table(value: &Value) -> Table {
    let cells = value.get("data").and_then(Value::as_object);
    let mut table = Table::default();
    for (name, cell) in cells.into_iter().flatten() {
        let Some((row, column)) = name.split_once('-') else { continue };
        let Some(column) = column.parse().ok().filter(|column| *column < MAX_COLUMNS) else {
            continue;
        };
        let text = inline(cell.as_str().unwrap_or_default());
        let count = cells.map_or(0, serde_json::Map::len);
        let row = match row.parse::<usize>() {
            Ok(at) if at < count => {
                if table.rows.len() <= at {
                    table.rows.resize(at + 1, Vec::new());
                }
                table.rows.get_mut(at)
            }
            Err(_) if row == "h" => Some(&mut table.header),
            _ => None,
        };
        if let Some(row) = row {
            if row.len() <= column {
                row.resize(column + 1, String::new());
            }
            row[column] = text;
        }
    }
    table
}

/// The words of a text in Markdown.
fn inline(text: &str) -> String {
    let mut document = Document::default();
    super::commonmark(text, &mut document);
    let words = document.blocks.iter().map(|block| match block {
        Block::Heading { text, .. } | Block::Paragraph(text) | Block::Code(text) => text.as_str(),
        Block::Table(_) => "",
    });
    words::squeeze(&words.collect::<Vec<_>>().join(" "))
}
