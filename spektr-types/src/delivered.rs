//! The delivery flag.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether spektr counts an event as already delivered.
///
/// The documentation shows true and null, and calls the flag true "or falsy", so absent and
/// false are possible too. Only [`is_delivered`](Self::is_delivered) is known to matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a member has no other state")]
pub enum Delivered {
    /// The member is absent.
    #[default]
    Absent,
    /// The member is null.
    Null,
    /// The member is false.
    False,
    /// The member is true.
    True,
}

impl Delivered {
    /// Returns whether the flag is true: the event was delivered before.
    pub fn is_delivered(self) -> bool {
        self == Self::True
    }

    /// Returns whether the member is absent.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}

impl<'de> Deserialize<'de> for Delivered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            None => Self::Null,
            Some(false) => Self::False,
            Some(true) => Self::True,
        })
    }
}

impl Serialize for Delivered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A struct omits an absent flag. A flag outside of a struct can only be null.
            Self::Absent | Self::Null => serializer.serialize_unit(),
            Self::False => serializer.serialize_bool(false),
            Self::True => serializer.serialize_bool(true),
        }
    }
}

#[cfg(feature = "schemars-1")]
impl schemars::JsonSchema for Delivered {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Delivered".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["boolean", "null"] })
    }
}
