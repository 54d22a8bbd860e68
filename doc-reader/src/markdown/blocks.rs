//! Blocks of older exports: JSON between a mark such as `[block:parameters]` and `[/block]`, whose
//! texts are Markdown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::MarkdownConverter;
use crate::facts::{Problem, ProblemKind};

const OPEN: &str = "[block:";
pub(super) const CLOSE: &str = "[/block]";
/// The most columns of a table in a block.
const MAX_COLUMNS: usize = 32;

/// Whether a block begins at this line.
pub(crate) fn begins(line: &str) -> bool {
    line.trim_start().starts_with(OPEN)
}

/// Converts one block, and the text after the block on its last line.
pub(super) fn read(text: &str, out: &mut MarkdownConverter<'_>) {
    let body = text.trim_start().strip_prefix(OPEN).and_then(|rest| rest.split_once(']'));
    let Some((kind, body)) = body else { return };
    let (body, rest) = body.split_once(CLOSE).unwrap_or((body, ""));
    match serde_json::from_str::<Value>(body.trim()) {
        Ok(value) => block(kind.trim(), &value, out),
        Err(_) => out.problems.push(Problem::new(ProblemKind::BlockUnread, None, kind)),
    }
    out.markdown.push_str(rest);
}

fn block(kind: &str, value: &Value, out: &mut MarkdownConverter<'_>) {
    let member = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match kind {
        "parameters" => table(value, out),
        "code" => {
            for code in value.get("codes").and_then(Value::as_array).into_iter().flatten() {
                let code = code.get("code").and_then(Value::as_str).unwrap_or_default();
                let code = code.replace('&', "&amp;").replace('<', "&lt;");
                out.html.push_str(&format!("<pre>\n{code}</pre>"));
            }
        }
        "api-header" => {
            let level = value.get("level").and_then(Value::as_u64).unwrap_or(2).clamp(1, 6);
            element(&format!("h{level}"), member("title"), out);
        }
        "html" => out.html.push_str(member("html")),
        // Callouts and other blocks with a text.
        _ => {
            element("p", member("title"), out);
            element("div", member("body"), out);
        }
    }
}

/// Converts `{"data": {"h-0": …, "0-0": …}, "cols": 3, "rows": 9}`.
fn table(value: &Value, out: &mut MarkdownConverter<'_>) {
    let Some(cells) = value.get("data").and_then(Value::as_object) else { return };
    // The row (0 for the header, others from 1) and the column.
    let place = |name: &str| {
        let (row, column) = name.split_once('-')?;
        let row = if row == "h" { 0 } else { row.parse::<usize>().ok()? + 1 };
        Some((row, column.parse().ok().filter(|column| *column < MAX_COLUMNS)?))
    };
    let mut rows: BTreeMap<usize, BTreeMap<usize, &str>> = BTreeMap::new();
    for (name, cell) in cells {
        if let Some((row, column)) = place(name) {
            rows.entry(row).or_default().insert(column, cell.as_str().unwrap_or_default());
        }
    }
    out.html.push_str("<table>");
    for (number, row) in rows {
        let tag = if number == 0 { "th" } else { "td" };
        let last = row.keys().last().copied().unwrap_or_default();
        out.html.push_str("<tr>");
        for column in 0..=last {
            element(tag, row.get(&column).copied().unwrap_or_default(), out);
        }
        out.html.push_str("</tr>");
    }
    out.html.push_str("</table>");
}

/// Puts Markdown between the tags of an element.
fn element(tag: &str, markdown: &str, out: &mut MarkdownConverter<'_>) {
    out.html.push_str(&format!("<{tag}>"));
    out.markdown.push_str(markdown);
    out.flush();
    out.html.push_str(&format!("</{tag}>"));
}
