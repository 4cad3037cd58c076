//! The parameters `lat`, `lng` and `radius_km` of lists ordered by distance, and their pagination.

use std::fmt::Display;
use std::str::FromStr;

use api_types::{
    page::Page,
    place::{LAT_DEGREES_MAX, LNG_DEGREES_MAX},
};

use crate::domain::place::{Point, Spot};
use crate::http::error::{self, ApiError};
use crate::http::extract::page::{PageQuery, Parameters};
use crate::store::near::{DistanceCursor, SearchArea};

/// Maximum radius in kilometres: a little more than half the circumference of the earth, so no
/// limit.
const RADIUS_KM_MAX: f64 = 20_100.0;

/// Maximum offset of a list by distance: enough for the first few pages, after which the cursor is
/// used.
const OFFSET_MAX: u32 = 1_000;

/// The page of a list by distance. It is not a `PageWindow`, because its rows are not ordered by
/// their ids: the cursor is a cell and an id within it, and rows are found by visiting cells, so
/// those to skip have to be found too.
#[derive(Clone, Copy, Debug)]
pub struct NearWindow<Id> {
    /// The last row of the previous page, if there is one.
    pub after: Option<DistanceCursor<Id>>,
    /// Number of rows to find: those to skip, those to return, and one to see whether more follow.
    pub most: usize,
    /// Number of rows to skip.
    pub offset: usize,
}

/// Reads the centre and the radius of a search. Without a default radius, no radius means any
/// distance, and the place may be left out.
pub fn area(query: &mut Parameters, radius_km: Option<f64>) -> Option<SearchArea> {
    let lat = degrees(query, "lat", LAT_DEGREES_MAX);
    let lng = degrees(query, "lng", LNG_DEGREES_MAX);
    let kilometres = "must be a number of kilometres, more than 0";
    let radius = query.read("radius_km", kilometres, |text| {
        number(text).filter(|radius| *radius > 0.0)
    });
    for (name, others) in [("lat", &["lng", "radius_km"][..]), ("lng", &["lat"])] {
        let named = |name: &&str| query.text(name).is_some();
        match others.iter().copied().find(named) {
            _ if named(&name) => {}
            Some(other) => query.fault(name, &format!("is required together with {other}")),
            None if radius_km.is_some() => query.fault(name, "is required"),
            None => {}
        }
    }
    let (lat, lng) = lat.zip(lng)?;
    let radius = radius.or(radius_km).unwrap_or(RADIUS_KM_MAX);
    let metres = radius.min(RADIUS_KM_MAX) * 1_000.0;
    Some(SearchArea {
        center: Point { lat, lng },
        within: metres as u32,
    })
}

fn degrees(query: &mut Parameters, name: &str, most: f64) -> Option<f64> {
    let must = format!("must be a number of degrees, from -{most} to {most}");
    query.read(name, &must, |text| {
        number(text).filter(|degrees| degrees.abs() <= most)
    })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns the page window of a list by distance.
///
/// # Errors
/// 400 for a cursor of another list, or an offset above the maximum.
pub fn near_window<Id: FromStr>(page: &PageQuery) -> Result<NearWindow<Id>, ApiError> {
    if page.offset > OFFSET_MAX {
        let message = format!("must be at most {OFFSET_MAX} with lat and lng: walk by cursor");
        return Err(error::validation(vec![error::fault("offset", message)]));
    }
    let after = page.cursor.as_deref().map(|cursor| {
        let (cell, id) = cursor.split_once(':')?;
        let cell = cell.parse().ok().filter(|cell| *cell >= 0)?;
        Some(DistanceCursor {
            cell,
            id: id.parse().ok()?,
        })
    });
    let after = match after {
        Some(read) => Some(read.ok_or_else(error::foreign_cursor)?),
        None => None,
    };
    let offset = usize::try_from(page.offset).unwrap_or_default();
    let limit = usize::try_from(page.limit).unwrap_or_default();
    Ok(NearWindow {
        after,
        most: offset + limit + 1,
        offset,
    })
}

/// Returns the cursor of a row in a list by distance.
pub fn cursor(spot: Option<Spot>, id: impl Display) -> String {
    format!("{}:{id}", spot.map_or(0, Spot::cell))
}

/// Converts metres to kilometres, rounded to one decimal.
pub fn kilometres(metres: u32) -> f64 {
    (f64::from(metres) / 100.0).round() / 10.0
}

/// Removes from a page the places that only its cursor needed.
pub fn without_spots<T>(page: Page<(Option<Spot>, T)>) -> Page<T> {
    Page {
        data: page.data.into_iter().map(|(_, row)| row).collect(),
        pagination: page.pagination,
    }
}
