//! The name of the operator and the reason of an action, for the record of actions.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use clap::Args;
use spektr_inbox::store::Operator;

#[derive(Args, Clone, Debug)]
pub(crate) struct OperatorArguments {
    #[command(flatten)]
    by: ByArguments,
    /// Reason, shown by `spektr inbox log`, for example a ticket number; no personal data
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    pub(crate) reason: Option<String>,
}

impl OperatorArguments {
    pub(crate) fn operator(&self) -> Operator {
        let operator = self.by.operator();
        match &self.reason {
            Some(reason) => operator.with_reason(reason),
            None => operator,
        }
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ByArguments {
    /// Your name, which the inbox keeps for `spektr inbox log` [preset: your account on this machine]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    by: Option<String>,
}

impl ByArguments {
    pub(crate) fn operator(&self) -> Operator {
        Operator::new(self.by.clone().unwrap_or_else(account))
    }
}

/// Parses the name of an operator.
fn parse_name(text: &str) -> Result<String, String> {
    parse_line(text, "a name", 100)
}

/// The greatest number of characters in a reason.
pub(crate) const LONGEST_REASON: usize = 300;

/// Parses the reason of an action.
pub(crate) fn parse_reason(text: &str) -> Result<String, String> {
    parse_line(text, "a reason", LONGEST_REASON)
}

/// Parses a text that the inbox keeps forever, and that is printed as part of a line.
fn parse_line(text: &str, what: &str, longest: usize) -> Result<String, String> {
    let line = text.trim();
    if (1..=longest).contains(&line.chars().count()) && !line.chars().any(char::is_control) {
        Ok(line.to_owned())
    } else {
        Err(format!("expected {what} of 1 to {longest} characters, without control characters"))
    }
}

/// Returns the account of this process. Where `/proc` tells the user id, variables of the
/// environment are not read, because anybody can set them.
fn account() -> String {
    let Ok(process) = fs::metadata("/proc/self") else {
        let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        return named.unwrap_or_else(|| "unknown".to_owned());
    };
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(process.uid(), &accounts).unwrap_or_else(|| format!("uid {}", process.uid()))
}

/// Returns the name of a user id, from the text of `/etc/passwd`.
fn name_of(uid: u32, accounts: &str) -> Option<String> {
    let uid = uid.to_string();
    let name = |line: &str| {
        let mut columns = line.split(':');
        let name = columns.next()?;
        (columns.nth(1)? == uid).then(|| name.to_owned())
    };
    accounts.lines().find_map(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_user_id() {
        let accounts = "root:x:0:0::/:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(0, accounts).as_deref(), Some("root"));
        assert_eq!(name_of(1000, accounts).as_deref(), Some("ada"));
        assert_eq!(name_of(100, accounts), None);
    }

    #[test]
    fn a_name_is_a_line_of_some_characters() {
        assert_eq!(parse_name(" ada lovelace ").as_deref(), Ok("ada lovelace"));
        assert_eq!(parse_name(&"é".repeat(100)), Ok("é".repeat(100)));
        for text in ["", "  ", "a\nb", "a\u{1b}[31mb", &"a".repeat(101)] {
            let refused = parse_name(text).expect_err(text);
            assert_eq!(
                refused,
                "expected a name of 1 to 100 characters, without control characters"
            );
        }
    }

    #[test]
    fn a_process_has_an_account() {
        assert!(!account().is_empty());
    }
}
