//! Reading the JSON files of the schema folder.

use spektr_json::Json;

/// Reads a file, in which no object has a member twice; the error says what is wrong and
/// where.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err("a byte order mark stands before it".to_owned());
    }
    Json::parse_unique(bytes).map_err(|error| error.to_string())
}
