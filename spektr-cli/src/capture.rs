//! Reads captured headers in the formats that tools print.
//!
//! Repeated headers are kept, because a command may report that a header arrived twice.

use spektr_json::Json;

/// Names and values of headers, in order.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// Reads headers from the text that `curl -v`, `curl -i`, `curl -D` or a browser's "copy headers"
/// gives, or from JSON: an object, a list of pairs, a list of objects with `name` and `value`, or
/// a HAR of one request.
pub(crate) fn parse(capture: &[u8]) -> Result<Headers, String> {
    let capture = capture.strip_prefix(b"\xef\xbb\xbf").unwrap_or(capture);
    // An empty object and a request line alone mean a delivery without headers; an empty file is
    // an error.
    match capture.trim_ascii_start().first() {
        Some(b'{' | b'[') => json(&Json::parse(capture).map_err(|error| {
            // Show only the position: the parser's message could quote the value of a header.
            format!("not JSON at line {}, column {}", error.line(), error.column())
        })?),
        _ => text(capture),
    }
}

fn text(capture: &[u8]) -> Result<Headers, String> {
    let mut lines: Vec<_> = capture
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end)
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .collect();
    // `curl -v` marks the lines of the request with `>`, and those of the response with `<`.
    if lines.iter().any(|(_, line)| line.starts_with(b"> ")) {
        lines = lines
            .into_iter()
            .filter_map(|(number, line)| Some((number, line.strip_prefix(b"> ")?)))
            .collect();
    }
    let mut lines = without_body(lines);
    lines.retain(|(_, line)| !line.is_empty());
    if is_alternating(&lines) {
        let header = |pair: &[(usize, &[u8])]| {
            let [(_, name), (_, value)] = pair else { return None };
            Some((split(name)?.0, value.to_vec()))
        };
        return Ok(lines.chunks(2).filter_map(header).collect());
    }
    let mut headers = Vec::new();
    let mut requests = 0;
    for (number, line) in lines {
        // Skip pseudo-headers of HTTP/2, for example `:authority`.
        if line.starts_with(b":") {
            continue;
        }
        if is_first_line(line) {
            requests += 1;
            if requests > 1 {
                return Err(format!("line {number}: a second request begins; keep one"));
            }
            continue;
        }
        let (name, value) = split(line)
            .ok_or_else(|| format!("line {number}: not a header, `Name: value` is expected"))?;
        headers.push((name, value.to_vec()));
    }
    if headers.is_empty() && requests == 0 {
        return Err("there is no header".to_owned());
    }
    Ok(headers)
}

/// Drops all of a message but its headers: the body after the empty line, and interim responses
/// (`100 Continue`) before the final one.
fn without_body(mut lines: Vec<(usize, &[u8])>) -> Vec<(usize, &[u8])> {
    loop {
        let start = lines.iter().position(|(_, line)| !line.is_empty()).unwrap_or(lines.len());
        lines.drain(..start);
        let Some((_, first)) = lines.first().filter(|(_, line)| is_first_line(line)) else {
            return lines;
        };
        let Some(end) = lines.iter().position(|(_, line)| line.is_empty()) else { return lines };
        let is_interim = first.starts_with(b"HTTP/")
            && first.split(|byte| *byte == b' ').nth(1).is_some_and(|code| code.starts_with(b"1"));
        let next = lines.iter().skip(end).find(|(_, line)| !line.is_empty());
        match next {
            Some((_, line)) if is_first_line(line) && is_interim => drop(lines.drain(..end)),
            // Keep both messages: the caller then reports the second one.
            Some((_, line)) if is_first_line(line) => return lines,
            _ => {
                lines.truncate(end);
                return lines;
            }
        }
    }
}

/// Tells whether names and values are on alternate lines, because some browsers copy headers so.
fn is_alternating(lines: &[(usize, &[u8])]) -> bool {
    lines.len() >= 2
        && lines.len() % 2 == 0
        && lines.iter().step_by(2).all(|(_, line)| line.ends_with(b":"))
}

/// Tells whether a line is `POST / HTTP/1.1` or `HTTP/1.1 200 OK`.
fn is_first_line(line: &[u8]) -> bool {
    let has_version = |word: &[u8]| word.starts_with(b"HTTP/");
    let words: Vec<_> = line.trim_ascii().split(|byte| *byte == b' ').collect();
    matches!(words[..], [first, ..] if has_version(first))
        || matches!(words[..], [_, _, last] if has_version(last))
}

fn split(line: &[u8]) -> Option<(String, &[u8])> {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let (name, value) = (parts.next()?, parts.next()?);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) {
        return None;
    }
    Some((String::from_utf8_lossy(name).into_owned(), value.trim_ascii()))
}

fn json(json: &Json) -> Result<Headers, String> {
    // Recorded requests have their headers in the member `headers`.
    if let Some(inner @ (Json::Object(_) | Json::Array(_))) = json.get("headers") {
        return self::json(inner);
    }
    if let Some(Json::Array(entries)) = json.get("log").and_then(|log| log.get("entries")) {
        let [entry] = &entries[..] else {
            return Err(format!("the HAR has {} requests; keep one", entries.len()));
        };
        return entry
            .get("request")
            .filter(|request| request.get("headers").is_some())
            .map_or_else(|| Err("the HAR's request has no headers".to_owned()), self::json);
    }
    match json {
        Json::Object(members) => {
            members.iter().try_fold(Headers::new(), |mut headers, (name, value)| {
                match value {
                    Json::Array(values) => {
                        for value in values {
                            headers.push(pair(name, value)?);
                        }
                    }
                    value => headers.push(pair(name, value)?),
                }
                Ok(headers)
            })
        }
        Json::Array(elements) => elements
            .iter()
            .map(|element| match element {
                Json::Array(parts) => match &parts[..] {
                    [Json::String(name), value] => pair(name, value),
                    _ => Err("a list of headers has pairs of name and value".to_owned()),
                },
                object => {
                    match (object.get("name").and_then(Json::as_str), object.get("value")) {
                        (Some(name), Some(value)) => pair(name, value),
                        _ => Err("a list of headers has pairs, or objects with name and value"
                            .to_owned()),
                    }
                }
            })
            .collect(),
        other => Err(format!("the headers are {}, expected an object or a list", other.kind())),
    }
}

fn pair(name: &str, value: &Json) -> Result<(String, Vec<u8>), String> {
    match value {
        Json::String(text) => Ok((name.to_owned(), text.clone().into_bytes())),
        // The value of `x-signature-timestamp` may have lost its quotation marks.
        Json::Number(number) => Ok((name.to_owned(), number.to_string().into_bytes())),
        other => Err(format!("a header's value is {}, expected a string", other.kind())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(capture: &str) -> Vec<(String, String)> {
        let headers = parse(capture.as_bytes()).expect("readable");
        let text = |value| String::from_utf8(value).expect("text");
        headers.into_iter().map(|(name, value)| (name, text(value))).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn reads_what_curl_prints_for_a_request() {
        let capture = "*   Trying 127.0.0.1:8787...\n> POST /hook HTTP/1.1\r\n> Host: localhost\r\n\
                       > X-Signature: ab\r\n> X-Signature: cd\r\n>\r\n} [14 bytes data]\n\
                       < HTTP/1.1 200 OK\r\n< date: today\r\n";
        let expected = [("Host", "localhost"), ("X-Signature", "ab"), ("X-Signature", "cd")];
        assert_eq!(read(capture), pairs(&expected));
    }

    #[test]
    fn reads_dumped_headers_with_their_first_line() {
        let expected = pairs(&[("a", "1"), ("b", "x: y")]);
        assert_eq!(read("HTTP/2 200\r\na: 1\r\nb: x: y\r\n\r\n"), expected);
        assert_eq!(read("POST / HTTP/1.1\na:1\nb:  x: y  \n"), expected);
    }

    #[test]
    fn passes_over_interim_answers_and_the_body() {
        let expected = pairs(&[("a", "1")]);
        for capture in [
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\na: 1\r\n\r\n{\"b\": 2}\r\n",
            "\nPOST / HTTP/1.1\na: 1\n\nb: 2\n\nc: 3",
        ] {
            assert_eq!(read(capture), expected, "{capture}");
        }
    }

    #[test]
    fn reads_a_har_of_one_request() {
        let request = r#"{"request":{"headers":[{"name":"a","value":"1"}]}}"#;
        let har = |entries: &str| format!(r#"{{"log":{{"version":"1.2","entries":[{entries}]}}}}"#);
        assert_eq!(read(&har(request)), pairs(&[("a", "1")]));
        let message = |capture: String| parse(capture.as_bytes()).expect_err("unclear");
        assert_eq!(
            message(har(&format!("{request},{request}"))),
            "the HAR has 2 requests; keep one"
        );
        assert_eq!(message(har("{}")), "the HAR's request has no headers");
    }

    #[test]
    fn a_delivery_without_headers_is_one() {
        assert_eq!(read("{}"), []);
        assert_eq!(read(r#"{"headers":[]}"#), []);
    }

    #[test]
    fn reads_what_browsers_copy() {
        let expected = pairs(&[("content-type", "application/json"), ("x-signature", "ab")]);
        let lines = ":authority: example.com\ncontent-type: application/json\nx-signature: ab";
        assert_eq!(read(lines), expected);
        assert_eq!(read("content-type:\napplication/json\nx-signature:\nab\n"), expected);
    }

    #[test]
    fn reads_json_in_its_usual_forms_with_repeated_headers() {
        let expected = pairs(&[("a", "1"), ("a", "2"), ("b", "3")]);
        for capture in [
            r#"{"a":["1","2"],"b":3}"#,
            r#"{"a":"1","a":"2","b":"3"}"#,
            r#"[["a","1"],["a","2"],["b","3"]]"#,
            r#"[{"name":"a","value":"1"},{"name":"a","value":"2"},{"name":"b","value":"3"}]"#,
            r#"{"method":"POST","headers":{"a":["1","2"],"b":"3"}}"#,
        ] {
            assert_eq!(read(capture), expected, "{capture}");
        }
    }

    #[test]
    fn a_request_line_alone_is_a_delivery_without_headers() {
        assert_eq!(read("POST / HTTP/1.1\n"), []);
        assert_eq!(read("> POST / HTTP/1.1\n>\n"), []);
    }

    #[test]
    fn says_which_line_is_no_header_without_quoting_it() {
        let message = |capture: &str| parse(capture.as_bytes()).expect_err(capture);
        assert_eq!(message(""), "there is no header");
        assert_eq!(message("a: 1\nmarker\n"), "line 2: not a header, `Name: value` is expected");
        assert_eq!(
            message("> POST / HTTP/1.1\n> a: 1\n> GET / HTTP/1.1\n"),
            "line 3: a second request begins; keep one"
        );
        assert_eq!(
            message("POST / HTTP/1.1\na: 1\n\nGET / HTTP/1.1\n"),
            "line 4: a second request begins; keep one"
        );
        assert_eq!(
            message(r#"{"a":{"marker":1}}"#),
            "a header's value is object, expected a string"
        );
        assert_eq!(message("{marker"), "not JSON at line 1, column 2");
    }
}
