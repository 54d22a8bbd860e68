//! A payload that keeps its JSON.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::RawJson;

/// A value and the JSON that it was read from.
///
/// A `WithRaw` dereferences to the value. The payload of an event has this type if an earlier
/// version of this crate gave the payload only untyped, by `raw_data`. It is written as the
/// JSON that arrived, so that members that the schema does not know are kept too.
#[derive(Clone, PartialEq)]
pub struct WithRaw<T> {
    value: T,
    raw: RawJson,
}

/// The name of the newtype struct by which [`WithRaw`] asks a deserializer for the same value
/// twice: as raw JSON, and as its own type. A deserializer that does not know the name gives
/// the value once.
pub(crate) const TWICE: &str = "spektr_types::WithRaw";

impl<T> WithRaw<T> {
    /// Returns the JSON that the value was read from. This is not a method, so that it hides no
    /// member of the value.
    pub fn raw(this: &Self) -> &RawJson {
        &this.raw
    }

    /// Returns the value alone. This is not a method either, like [`raw`](Self::raw).
    pub fn into_value(this: Self) -> T {
        this.value
    }
}

impl<T> Deref for WithRaw<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for WithRaw<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Serialize for WithRaw<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for WithRaw<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TWICE, WithRawVisitor(PhantomData))
    }
}

struct WithRawVisitor<T>(PhantomData<fn() -> T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for WithRawVisitor<T> {
    type Value = WithRaw<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        // serde_json would take a position at the end of the error's text for a position in the
        // whole text, so words follow it.
        let inside = |error| D::Error::custom(format_args!("{error} of the payload"));
        let value = serde_json::from_str(raw.as_str()).map_err(inside)?;
        Ok(WithRaw { value, raw })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut twice: A) -> Result<Self::Value, A::Error> {
        let missing = || A::Error::custom("the value comes twice");
        let raw = twice.next_element()?.ok_or_else(missing)?;
        let value = twice.next_element()?.ok_or_else(missing)?;
        Ok(WithRaw { value, raw })
    }
}

#[cfg(feature = "schemars-1")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for WithRaw<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_of_an_error_is_that_of_the_whole_text() {
        let text = "[[true],\n\n [true, 7]]";
        let error = serde_json::from_str::<Vec<WithRaw<Vec<bool>>>>(text).expect_err("a number");
        assert_eq!(error.line(), 3);
        let inside =
            "invalid type: integer `7`, expected a boolean at line 1 column 8 of the payload";
        assert!(error.to_string().starts_with(inside), "{error}");
    }
}
