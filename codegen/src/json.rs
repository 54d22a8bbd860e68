//! Parses the JSON files of the schema folder.

use spektr_json::Json;

/// Parses a file and refuses an object with a repeated member. The error says what is wrong, and
/// where.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err("the file starts with a byte order mark".to_owned());
    }
    Json::parse_unique(bytes).map_err(|error| error.to_string())
}
