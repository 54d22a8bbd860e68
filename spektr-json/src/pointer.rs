//! JSON pointers (RFC 6901).
//!
//! `spektr_types::pointer` duplicates this: it depends on no crate but serde's, and the
//! generator of its sources must not depend on it.

/// Returns a JSON pointer with an escaped member name or element index appended.
pub fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// Returns the unescaped names and indices of a JSON pointer. Returns `None` if the pointer is
/// neither empty nor begins with a slash.
pub fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let tokens = pointer.strip_prefix('/')?.split('/');
    Some(tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_read_back() {
        let names = ["a", "", "~1", "/~", "~01", "0", "é"];
        let place = names.iter().fold(String::new(), |place, name| join(&place, name));
        assert_eq!(place, "/a//~01/~1~0/~001/0/é");
        assert_eq!(tokens(&place), Some(names.map(str::to_owned).into()));
        assert_eq!(tokens("a"), None);
    }
}
