//! The macro that declares enums of wire names, and the string deserializer that names, ids and
//! times share. The enums themselves are in the modules of their resources.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer};

/// Deserializes a string. Generic deserialization code is compiled once per value type, and a phone
/// downloads all of it; sharing this function keeps it to one copy.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    Cow::deserialize(deserializer)
}

/// Declares an enum of wire names: `Variant = "NAME" | "ALIAS_THAT_IS_ALSO_PARSED"`.
macro_rules! names {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),+)])?
        pub enum $noun:ident {
            $($(#[doc = $about:literal])+ $variant:ident = $name:literal $(| $alias:literal)*,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq $($(, $derive)+)?)]
        pub enum $noun {
            $($(#[doc = $about])+ $variant,)+
        }

        impl $noun {
            /// All variants, in the order of their declaration.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Returns the name on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Returns the variant with this name or alias.
            pub fn parse(name: &str) -> Option<Self> {
                $($(
                    if name == $alias {
                        return Some(Self::$variant);
                    }
                )*)+
                Self::ALL.into_iter().find(|one| one.as_str() == name)
            }
        }

        impl serde::Serialize for $noun {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $noun {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let text = $crate::names::text(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| serde::de::Error::unknown_variant(&text, &[$($name),+]))
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $noun {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some([$($doc.trim()),+].join("\n")))
                    .enum_values(Some([$($name),+]))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $noun {}
    };
}

pub(crate) use names;
