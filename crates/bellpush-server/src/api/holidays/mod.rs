//! `/v1/holidays`: public holidays, to be taken over into the exceptions of business hours.

use axum::Json;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::path::PathIds,
    hours::holidays::{FIRST_YEAR, Holidays, LAST_YEAR, Region},
    http::{body::QueryParameters, problem::Problem},
    server::Server,
};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// The countries whose holidays are known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HolidayCountries {
    /// Their codes (ISO 3166-1 alpha-2), in their order.
    items: Vec<String>,
    /// The first year that is known.
    first_year: i16,
    /// The last year that is known.
    last_year: i16,
}

/// A country's holidays in a year.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HolidayCalendar {
    /// The country.
    country: String,
    /// Its regions that have holidays of their own.
    regions: Vec<Region>,
    /// The holidays, by their dates. A date may have several.
    items: Vec<Holiday>,
}

/// A holiday.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Holiday {
    /// When.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// Its name, in English where that is known. Some dates are only estimated until they are
    /// proclaimed; then the name says so.
    name: String,
    /// Whether the country has it at large.
    general: bool,
    /// The regions that have it, by their codes; `null` for all of them.
    regions: Option<Vec<String>>,
}

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HolidayQuery {
    /// The year.
    #[param(minimum = 2025, maximum = 2035, example = 2027)]
    year: i16,
}

/// List countries with public holidays
#[utoipa::path(
    get, path = "/v1/holidays", operation_id = "listHolidayCountries", tag = "hours",
    responses((status = 200, body = HolidayCountries))
)]
pub(crate) async fn list() -> Result<Json<HolidayCountries>, Problem> {
    let items = known()?.countries().map(str::to_owned).collect();
    Ok(Json(HolidayCountries { items, first_year: FIRST_YEAR, last_year: LAST_YEAR }))
}

/// Read a country's public holidays
///
/// As the package `holidays` of the Vacanza project knows them. Look them over before you rely on them.
#[utoipa::path(
    get, path = "/v1/holidays/{country}", operation_id = "readHolidays", tag = "hours",
    params(("country" = String, Path, example = "DE"), HolidayQuery),
    responses(
        (status = 200, body = HolidayCalendar),
        (status = 404, description = "No holidays of this country are known"),
    )
)]
pub(crate) async fn read(
    PathIds(country): PathIds<String>,
    QueryParameters(HolidayQuery { year }): QueryParameters<HolidayQuery>,
) -> Result<Json<HolidayCalendar>, Problem> {
    if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
        let detail = format!("the years from {FIRST_YEAR} to {LAST_YEAR} are known");
        return Err(Problem::invalid(detail).of("year"));
    }
    let found = known()?.country(&country).ok_or_else(|| {
        Problem::not_found("no holidays of this country are known; GET /v1/holidays lists them")
    })?;
    let mut items = Vec::new();
    for days in found.days {
        let those = days.regions.as_ref();
        let general = those.is_none_or(|those| those.iter().any(String::is_empty));
        let regions = days
            .regions
            .map(|those| those.into_iter().filter(|region| !region.is_empty()).collect::<Vec<_>>());
        for date in days.dates.into_iter().filter(|date| date.year() == year) {
            let (name, regions) = (days.name.clone(), regions.clone());
            items.push(Holiday { date, name, general, regions });
        }
    }
    items.sort_by(|one, other| (one.date, &one.name).cmp(&(other.date, &other.name)));
    Ok(Json(HolidayCalendar { country, regions: found.regions, items }))
}

fn known() -> Result<&'static Holidays, Problem> {
    Holidays::all().ok_or_else(|| Problem::internal("the holidays can't be read"))
}
