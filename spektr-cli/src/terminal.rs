//! Text for a terminal: colours, columns, and text from outside.
//!
//! This module always writes colours; they are removed later if the output is not a terminal. Text
//! from outside goes through [`safe`], so that no delivery can move the cursor, colour a line
//! green, or reverse the reading order.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Effects, Style};

/// Makes a text from outside safe to print in one line. Escapes control and direction characters,
/// and leaves out the middle of a long text.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 160;
    let length = text.chars().count();
    if length > LONGEST {
        let head: String = text.chars().take(LONGEST / 2).collect();
        let tail: String = text.chars().skip(length - LONGEST / 4).collect();
        return Cow::Owned(format!("{}…{}", escape(&head), escape(&tail)));
    }
    escape(text)
}

/// Makes a path safe to print, as [`safe`] does.
pub(crate) fn safe_path(path: &Path) -> String {
    safe(&path.to_string_lossy()).into_owned()
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::new();
    for character in text.chars() {
        if is_unsafe(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Makes a text from outside safe to print, and keeps its line breaks.
pub(crate) fn safe_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// Tells whether a character could control a terminal or hide text.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

pub(crate) fn good(text: &str) -> String {
    paint(AnsiColor::Green.on_default(), text)
}

pub(crate) fn bad(text: &str) -> String {
    paint(AnsiColor::Red.on_default().effects(Effects::BOLD), text)
}

pub(crate) fn careful(text: &str) -> String {
    paint(AnsiColor::Yellow.on_default(), text)
}

pub(crate) fn strong(text: &str) -> String {
    paint(Style::new().bold(), text)
}

pub(crate) fn faint(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Lays out cells in columns, two spaces apart. Each column is as wide as its widest cell.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns a number with its noun, for example `1 entry`.
pub(crate) fn count(number: impl TryInto<usize>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(usize::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(safe("evt_1"), "evt_1");
        assert_eq!(safe("a\x1b[2Jb"), r"a\u{1b}[2Jb");
        assert_eq!(safe("a\nb\u{9b}\u{7f}"), r"a\u{a}b\u{9b}\u{7f}");
        assert_eq!(safe("\u{202e}cba\u{200b}"), r"\u{202e}cba\u{200b}");
        assert_eq!(safe("Größe 大"), "Größe 大");
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        let text = format!("{}{}", "a".repeat(500), "b".repeat(500));
        assert_eq!(safe(&text), format!("{}…{}", "a".repeat(80), "b".repeat(40)));
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bb", "c"], ["aaa", "b", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "a    bb  c\naaa  b\n");
    }
}
