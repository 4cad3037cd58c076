//! Strings on the wire: the length of URLs, the macro that declares string enums, and the
//! deserializer that these enums, ids and times share. The enums themselves are in the modules of
//! their resources.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer};

/// Maximum number of characters in a URL that a caller sends.
pub const URL_CHARS_MAX: usize = 2_000;

/// Deserializes a string. Generic deserialization code is compiled once per value type, and a phone
/// downloads all of it; sharing this function keeps it to one copy.
pub(crate) fn deserialize_string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'de, str>, D::Error> {
    Cow::deserialize(deserializer)
}

/// Declares an enum whose variants are strings on the wire and in the database:
/// `Variant = "NAME" | "ALIAS_THAT_IS_ALSO_PARSED"`.
macro_rules! string_enum {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),+)])?
        pub enum $enum:ident {
            $(
                $(#[doc = $about:literal])+
                $variant:ident = $string:literal $(| $alias:literal)*,
            )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq $($(, $derive)+)?)]
        pub enum $enum {
            $($(#[doc = $about])+ $variant,)+
        }

        impl $enum {
            /// All variants, in the order of their declaration.
            pub const ALL: [Self; [$($string),+].len()] = [$(Self::$variant),+];

            /// Returns the string on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $string,)+
                }
            }

            /// Returns the variant with this string or alias, or `None` if there is none.
            pub fn parse(string: &str) -> Option<Self> {
                $($(
                    if string == $alias {
                        return Some(Self::$variant);
                    }
                )*)+
                Self::ALL.into_iter().find(|variant| variant.as_str() == string)
            }
        }

        impl serde::Serialize for $enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $enum {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let string = $crate::strings::deserialize_string(deserializer)?;
                Self::parse(&string)
                    .ok_or_else(|| serde::de::Error::unknown_variant(&string, &[$($string),+]))
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $enum {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some([$($doc.trim()),+].join("\n")))
                    .enum_values(Some([$($string),+]))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $enum {}
    };
}

pub(crate) use string_enum;
