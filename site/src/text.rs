//! Texts of the schema, in which backticks mark code.

/// A text of the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'t>(pub(crate) &'t str);

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextPart<'t> {
    pub(crate) text: &'t str,
    pub(crate) is_code: bool,
}

impl<'t> Text<'t> {
    /// Splits the text into parts, without the backticks around code. A last, unpaired backtick is
    /// an ordinary character.
    pub(crate) fn parts(&self) -> Vec<TextPart<'t>> {
        let mut parts = Vec::new();
        let mut rest = self.0;
        while let Some((before, code, after)) = split(rest) {
            parts.push(TextPart { text: before, is_code: false });
            parts.push(TextPart { text: code, is_code: true });
            rest = after;
        }
        parts.push(TextPart { text: rest, is_code: false });
        parts.retain(|part| !part.text.is_empty());
        parts
    }

    /// Returns the text without the backticks around code.
    pub(crate) fn plain(&self) -> String {
        self.parts().iter().map(|part| part.text).collect()
    }
}

fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    Some((before, code, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_mark_code_in_pairs() {
        let parts = |text| -> Vec<(&str, bool)> {
            Text(text).parts().into_iter().map(|part| (part.text, part.is_code)).collect()
        };
        assert_eq!(parts("a `b` c"), [("a ", false), ("b", true), (" c", false)]);
        assert_eq!(parts("`a``b`"), [("a", true), ("b", true)]);
        assert_eq!(parts("a `b"), [("a `b", false)]);
        assert_eq!(parts(""), []);
    }
}
