//! Bounds of fields in the API document. The attributes of utoipa accept literals only, so the
//! macro `bounds!` declares the bounds below each type, from the constants that the server checks
//! requests with, and [`Bounds::apply`] writes them into the schema. A type whose bounds
//! `openapi.rs` does not list is reported as dead code.

/// Declares the bounds of a type's fields for the API document, each as a variant of `Bound`.
/// Without the feature `openapi` it only uses the limits.
macro_rules! bounds {
    ($type:ident { $($field:ident: $bound:ident($($limit:expr),+),)+ }) => {
        #[cfg(feature = "openapi")]
        impl $type {
            /// The bounds of the fields in the API document.
            pub(crate) const BOUNDS: $crate::bounds::Bounds = $crate::bounds::Bounds {
                name: <Self as utoipa::ToSchema>::name,
                #[cfg(test)]
                schema: <Self as utoipa::PartialSchema>::schema,
                fields: &[$((stringify!($field), $crate::bounds::Bound::$bound($($limit),+))),+],
            };
        }

        #[cfg(not(feature = "openapi"))]
        const _: () = {
            $($(let _ = $limit;)+)+
        };
    };
}

pub(crate) use bounds;

#[cfg(feature = "openapi")]
pub(crate) use document::{Bound, Bounds};

#[cfg(feature = "openapi")]
mod document {
    use std::{borrow::Cow, ops::RangeInclusive};

    use utoipa::openapi::{
        RefOr, Schema,
        schema::{Array, ArrayItems, Object},
    };

    /// Which values a field may have.
    pub(crate) enum Bound {
        /// The number of characters of a string.
        Chars(RangeInclusive<usize>),
        /// The pattern of a string.
        Pattern(fn() -> String),
        /// The value of an integer, or of another number with integers as its bounds.
        Integer(RangeInclusive<u32>),
        /// The value of a number.
        Number(RangeInclusive<f64>),
        /// The number of items of a list.
        Items(RangeInclusive<usize>),
        /// The number of strings in a list, and the number of characters of each string.
        Strings(RangeInclusive<usize>, RangeInclusive<usize>),
    }

    /// The bounds of a type's fields.
    pub(crate) struct Bounds {
        /// Returns the name of the type's schema.
        pub(crate) name: fn() -> Cow<'static, str>,
        /// Returns the type's schema without bounds.
        #[cfg(test)]
        pub(crate) schema: fn() -> RefOr<Schema>,
        /// The names of the fields, with the bound of each.
        pub(crate) fields: &'static [(&'static str, Bound)],
    }

    impl Bounds {
        /// Writes the bounds into the type's schema. Returns the names of the fields that the
        /// schema does not have, or that have another type than their bound.
        pub(crate) fn apply(&self, schema: &mut Schema) -> Vec<&'static str> {
            let Schema::Object(object) = schema else {
                return self.fields.iter().map(|(name, _)| *name).collect();
            };
            let misfits = self.fields.iter().filter(|(name, bound)| {
                let property = object.properties.get_mut(*name);
                property
                    .and_then(|property| bound.apply(property))
                    .is_none()
            });
            misfits.map(|(name, _)| *name).collect()
        }
    }

    impl Bound {
        /// Writes the bound into a field's schema. Returns `None` if its type does not fit.
        fn apply(&self, property: &mut RefOr<Schema>) -> Option<()> {
            match self {
                Self::Chars(chars) => set_chars(object(property)?, chars),
                Self::Pattern(pattern) => object(property)?.pattern = Some(pattern()),
                Self::Integer(range) => {
                    let object = object(property)?;
                    object.minimum = Some((*range.start()).into());
                    object.maximum = Some((*range.end()).into());
                }
                Self::Number(range) => {
                    let object = object(property)?;
                    object.minimum = Some((*range.start()).into());
                    object.maximum = Some((*range.end()).into());
                }
                Self::Items(count) => set_count(array(property)?, count),
                Self::Strings(count, chars) => {
                    let array = array(property)?;
                    set_count(array, count);
                    let ArrayItems::RefOrSchema(items) = &mut array.items else {
                        return None;
                    };
                    set_chars(object(items)?, chars);
                }
            }
            Some(())
        }
    }

    fn object(schema: &mut RefOr<Schema>) -> Option<&mut Object> {
        match schema {
            RefOr::T(Schema::Object(object)) => Some(object),
            _ => None,
        }
    }

    fn array(schema: &mut RefOr<Schema>) -> Option<&mut Array> {
        match schema {
            RefOr::T(Schema::Array(array)) => Some(array),
            _ => None,
        }
    }

    fn set_chars(string: &mut Object, chars: &RangeInclusive<usize>) {
        string.min_length = Some(*chars.start()).filter(|least| *least > 0);
        string.max_length = Some(*chars.end());
    }

    fn set_count(array: &mut Array, count: &RangeInclusive<usize>) {
        array.min_items = Some(*count.start()).filter(|least| *least > 0);
        array.max_items = Some(*count.end());
    }
}
