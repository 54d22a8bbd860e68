//! The shared impls of all types that are a string on the wire: ids, URLs, open enums.
//!
//! Generated code calls these macros, so that each impl is written once and all ids have the
//! same traits. A type brings `as_str` and `From<&str>`.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::Visitor;

/// Implements conversions, serde's traits, and comparison with texts by the function
/// `$is_equal`.
macro_rules! text_impls {
    ($name:ident, $is_equal:path) => {
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                $is_equal(self.as_str(), text)
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                $is_equal(self.as_str(), *text)
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                $is_equal(self, other.as_str())
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                $is_equal(*self, other.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            /// Accepts any text.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text_types::deserialize(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

/// Implements the traits of a tuple struct of a `String`, in addition to [`text_impls`]. The
/// struct's derived `Eq`, `Ord` and `Hash` are those of the text, as `Borrow` demands.
macro_rules! owned_text_impls {
    ($name:ident) => {
        crate::text_types::text_impls!($name, str::eq);

        impl $name {
            /// Returns the text as on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the text, without a copy.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

/// Implements the traits of an open enum, in addition to [`text_impls`]. An open enum has no
/// `Borrow<str>`, because its `Hash` is not that of the text.
macro_rules! open_text_impls {
    ($name:ident) => {
        crate::runtime::open_text_impls!($name, str::eq);
    };
    ($name:ident, $is_equal:path) => {
        crate::text_types::text_impls!($name, $is_equal);

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        #[cfg(feature = "schemars-1")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    };
}

/// Implements `Display` for a text that is not sensitive.
macro_rules! shown_text_impls {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use {open_text_impls, owned_text_impls, shown_text_impls, text_impls};

/// Reads a string into a type that any text converts to.
pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> From<&'a str> + From<String>,
{
    deserializer.deserialize_string(TextVisitor(PhantomData))
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: for<'a> From<&'a str> + From<String>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<T, E> {
        Ok(T::from(text))
    }
}
