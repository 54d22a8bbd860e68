//! JSON pointers (RFC 6901), which name a place in an entry.
//!
//! [`EntryError::pointer`](crate::EntryError::pointer) returns a pointer, and fixtures take
//! pointers.

/// Appends a member's name or an element's index to a JSON pointer, and escapes it.
///
/// # Examples
///
/// ```
/// use spektr_types::pointer;
///
/// let mut place = "/data".to_owned();
/// pointer::push(&mut place, "a/b");
/// assert_eq!(place, "/data/a~1b");
/// ```
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
}

/// Returns the unescaped names and indices of a JSON pointer; `None` if the pointer is not
/// empty and does not begin with a slash.
///
/// # Examples
///
/// ```
/// use spektr_types::pointer;
///
/// assert_eq!(pointer::tokens("/data/a~1b"), Some(vec!["data".to_owned(), "a/b".to_owned()]));
/// assert_eq!(pointer::tokens(""), Some(Vec::new()));
/// assert_eq!(pointer::tokens("data"), None);
/// ```
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
    fn what_is_pushed_is_read_back() {
        let names = ["a", "", "~1", "/~", "~01", "0", "é"];
        let mut place = String::new();
        names.iter().for_each(|name| push(&mut place, name));
        assert_eq!(place, "/a//~01/~1~0/~001/0/é");
        assert_eq!(tokens(&place), Some(names.map(str::to_owned).into()));
    }
}
