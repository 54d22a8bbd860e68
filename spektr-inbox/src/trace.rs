//! Spans of distributed traces, and the propagation of a trace through the inbox.
//!
//! The spans of a delivery (`delivery`), of its acceptance (`accept`) and of each attempt
//! (`process`) have the target [`TARGET`] and the level `TRACE`, so that a log shows them only
//! if it is configured to. Their fields are attributes of OpenTelemetry's conventions for HTTP
//! and messaging, and the fields `otel.name`, `otel.kind` and `otel.status_code`, which the
//! crate `tracing-opentelemetry` reads. No field contains data of a payload, a key or a person.
//!
//! An attempt can happen hours after the acceptance, and on another machine. So the store keeps
//! the [`TraceParent`] of the acceptance with each entry. A [`Propagation`] returns the
//! [`TraceParent`] of a span; [`Receiver::with_propagation`](crate::Receiver::with_propagation)
//! and [`Workers::with_propagation`](crate::Workers::with_propagation) set it. Without a
//! propagation, no header is read, no trace is kept, and each attempt is a separate trace.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use tracing::Span;

/// The target of all spans that belong to a trace.
pub const TARGET: &str = "spektr_inbox::trace";

/// The value of the attribute `messaging.system`.
pub(crate) const SYSTEM: &str = "spektr_inbox";

/// The name of the header that carries a [`TraceParent`].
pub const HEADER: &str = "traceparent";

/// Joins spans of [`tracing`] to traces that begin or go on elsewhere.
///
/// # Examples
///
/// A propagation for tests, which puts all spans into a single trace. The command-line tool has
/// a propagation for `tracing-opentelemetry`.
///
/// ```
/// use spektr_inbox::trace::{Propagation, TraceParent};
/// use tracing::Span;
///
/// struct OneTrace(TraceParent);
///
/// impl Propagation for OneTrace {
///     fn set_parent(&self, span: &Span, parent: TraceParent) {
///         println!("{span:?} belongs to {parent}");
///     }
///     fn link(&self, span: &Span, to: TraceParent) {
///         println!("{span:?} is linked to {to}");
///     }
///     fn context(&self, _: &Span) -> Option<TraceParent> {
///         Some(self.0)
///     }
/// }
/// ```
pub trait Propagation: Send + Sync + 'static {
    /// Makes a span that has not been entered yet the child of a span of another process or
    /// time.
    fn set_parent(&self, span: &Span, parent: TraceParent);

    /// Links a span to a span of another process or time.
    fn link(&self, span: &Span, to: TraceParent);

    /// Returns the context of a span, by which other spans become its children; `None` if the
    /// span belongs to no trace.
    fn context(&self, span: &Span) -> Option<TraceParent>;
}

/// A place in a trace: the value of the header `traceparent` of [W3C Trace Context].
///
/// [W3C Trace Context]: https://www.w3.org/TR/trace-context/#traceparent-header
///
/// # Examples
///
/// ```
/// use spektr_inbox::trace::TraceParent;
///
/// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let parent: TraceParent = text.parse()?;
/// assert_eq!(parent.span_id(), 0xb7ad_6b71_6920_3331);
/// assert_eq!(parent.to_string(), text);
/// # Ok::<(), spektr_inbox::trace::NoTraceParent>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// The text is not a `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a version, a trace id, a span id and flags, in lower-case hexadecimal digits")]
#[non_exhaustive]
pub struct NoTraceParent;

impl TraceParent {
    /// Creates a place in a trace from the ids of a trace and a span, and the flags. The lowest
    /// bit of the flags means that the trace is recorded. Returns `None` if an id is 0, which
    /// means no trace or no span.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<Self> {
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags })
    }

    /// Returns the id of the trace.
    #[must_use]
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// Returns the id of the span.
    #[must_use]
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Returns the flags. The lowest bit means that the trace is recorded.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Reads the header of a request. A header that occurs twice or is not a `traceparent` is
    /// ignored, as the specification demands.
    #[cfg(feature = "server")]
    pub(crate) fn of(headers: &http::HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).into_iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        value.to_str().ok()?.parse().ok()
    }
}

impl FromStr for TraceParent {
    type Err = NoTraceParent;

    /// Reads version 00. Of a later version, reads the four parts of version 00.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(5, '-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits).ok_or(NoTraceParent)?;
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if !part.bytes().all(is_digit) {
                return Err(NoTraceParent);
            }
            u128::from_str_radix(part, 16).map_err(|_| NoTraceParent)
        };
        let (version, trace_id, span_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return Err(NoTraceParent);
        }
        // The number of digits has been checked.
        let span_id = u64::try_from(span_id).map_err(|_| NoTraceParent)?;
        let flags = u8::try_from(flags).map_err(|_| NoTraceParent)?;
        Self::new(trace_id, span_id, flags).ok_or(NoTraceParent)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

/// Returns a number for a span, as signed, because `tracing-opentelemetry` turns unsigned
/// numbers into texts.
pub(crate) fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a text from outside, cut to the length that a span records.
pub(crate) fn beginning(text: &str) -> &str {
    const CHARACTERS: usize = 128;
    let end = text.char_indices().nth(CHARACTERS).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn reads_version_00_and_the_beginning_of_later_ones() {
        let parent: TraceParent = TEXT.parse().expect("is right");
        assert_eq!(parent.trace_id(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((parent.span_id(), parent.flags()), (0xb7ad_6b71_6920_3331, 1));
        assert_eq!(parent.to_string(), TEXT);
        let later = format!("cc{}-what-comes-later", &TEXT[2..]);
        assert_eq!(later.parse(), Ok(parent));
    }

    #[test]
    fn refuses_what_is_no_traceparent() {
        let zeros = |from: usize, to: usize| {
            format!("{}{}{}", &TEXT[..from], "0".repeat(to - from), &TEXT[to..])
        };
        for text in [
            String::new(),
            "-".to_owned(),
            TEXT.to_uppercase(),
            format!("{TEXT}-"),
            format!("{TEXT} "),
            format!(" {TEXT}"),
            format!("ff{}", &TEXT[2..]),
            TEXT[..52].to_owned(),
            TEXT.replace("-b7", "-+7"),
            TEXT.replace('-', "_"),
            zeros(3, 35),
            zeros(36, 52),
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(NoTraceParent), "{text}");
        }
        assert_eq!(TraceParent::new(0, 1, 1), None);
        assert_eq!(TraceParent::new(1, 0, 1), None);
    }

    #[cfg(feature = "server")]
    #[test]
    fn a_header_that_is_there_twice_does_not_count() {
        let mut headers = http::HeaderMap::new();
        assert_eq!(TraceParent::of(&headers), None);
        headers.append(HEADER, http::HeaderValue::from_static(TEXT));
        assert_eq!(TraceParent::of(&headers), TEXT.parse().ok());
        headers.append(HEADER, http::HeaderValue::from_static(TEXT));
        assert_eq!(TraceParent::of(&headers), None);
    }

    #[test]
    fn a_span_records_128_characters_of_a_text_from_outside() {
        assert_eq!(beginning(&"é".repeat(200)), "é".repeat(128));
        assert_eq!(beginning("evt_1"), "evt_1");
    }
}
