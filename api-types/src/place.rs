//! Places: where a task is done, and the area where an operator works.

use serde::{Deserialize, Serialize};

use crate::bounds::bounds;

/// Maximum number of characters in an address.
pub const ADDRESS_CHARS_MAX: usize = 500;

/// Maximum number of characters in a city's name.
pub const CITY_CHARS_MAX: usize = 100;

/// Number of characters in the code of a country.
pub const COUNTRY_CHARS: usize = 2;

/// Latitude of the north pole in degrees; the south pole has its negative.
pub const LAT_DEGREES_MAX: f64 = 90.0;

/// Longitude of the 180th meridian in degrees, counted eastward; westward it is negative.
pub const LNG_DEGREES_MAX: f64 = 180.0;

/// A place. Its numbers are stored and returned as the agent wrote them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Latitude in degrees, −90 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees, −180 to 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    /// The address as text, 1 to 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

bounds! {
    Location {
        lat: Number(-LAT_DEGREES_MAX..=LAT_DEGREES_MAX),
        lng: Number(-LNG_DEGREES_MAX..=LNG_DEGREES_MAX),
        address: Chars(1..=ADDRESS_CHARS_MAX),
    }
}

/// The approximate area where an operator works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HomePlace {
    /// The city, 1 to 100 characters.
    pub city: String,
    /// The country, as 2 letters of ISO 3166-1.
    pub country: String,
    /// Latitude in degrees, −90 to 90, positive north of the equator. Agents' searches find the
    /// operator by `lat` and `lng`. The server rounds both to a tenth of a degree, about eleven
    /// kilometres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees, −180 to 180, positive east of Greenwich.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
}

bounds! {
    HomePlace {
        city: Chars(1..=CITY_CHARS_MAX),
        country: Chars(COUNTRY_CHARS..=COUNTRY_CHARS),
        lat: Number(-LAT_DEGREES_MAX..=LAT_DEGREES_MAX),
        lng: Number(-LNG_DEGREES_MAX..=LNG_DEGREES_MAX),
    }
}
