//! One declaration for everything that is one of a few names on the wire, and the one reader of
//! texts that names, ids and times share. The names themselves stand with their nouns.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer};

/// A text of the wire. Code that reads is made for every kind of value that it is written for, and
/// a phone loads all of it; this is one kind.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    Cow::deserialize(deserializer)
}

/// Declares an enum of names: `Variant = "NAME" | "ANOTHER_NAME_THAT_IS_READ"`.
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
            /// Every one of them, in the order of their declaration.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What has this name, or has it as an alias.
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
