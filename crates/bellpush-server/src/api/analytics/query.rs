//! Which days and whom a request asks about.

use bellpush_core::{
    analytics::{Dimension, MAX_DAYS, Period, report::Filter},
    schema::text_in_form,
};
use bellpush_store::App;
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{clock::now, http::problem::Problem};

/// Days that are asked about unless others are named.
const DEFAULT_DAYS: i32 = 30;
/// Days of which a series goes by hours, at most.
pub(super) const MAX_HOURLY_DAYS: i32 = 20;

/// A day of the app's time zone.
enum Day {}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        let rule = format!(
            "from the year 2000 on; `from` is not after `to`, and {MAX_DAYS} days at most, \
             {MAX_HOURLY_DAYS} by hours"
        );
        text_in_form("date", &rule).examples(["2026-03-01"]).into()
    }
}

impl ToSchema for Day {}

/// Of which days, and of whom. Days are those of the app's time zone: that of its business hours, or
/// UTC. A value that is not known is `unknown`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnalyticsQuery {
    /// The first day; the last 30 days by default.
    #[param(value_type = Option<Day>, inline)]
    from: Option<String>,
    /// The last day, included; today by default.
    #[param(value_type = Option<Day>, inline)]
    to: Option<String>,
    /// Only calls that went to this profile first: its id.
    profile: Option<String>,
    /// Only visitors of this site: the origin of the page.
    page: Option<String>,
    /// Only visitors with this browser.
    browser: Option<String>,
    /// Only visitors whose browser would like this language best.
    language: Option<String>,
    /// Only calls whose media came so: `udp` or `tcp`.
    network: Option<String>,
}

/// What is asked about.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) period: Period,
    pub(super) filter: Filter,
}

impl AnalyticsQuery {
    /// What is asked about, of an app.
    ///
    /// # Errors
    /// 422 for days that are none.
    pub(super) fn of(self, app: &App) -> Result<Asked, Problem> {
        let from = day("from", self.from.as_deref())?;
        let to = day("to", self.to.as_deref())?;
        let filter = Filter::default()
            .with(Dimension::Profile, self.profile)
            .with(Dimension::Page, self.page)
            .with(Dimension::Browser, self.browser)
            .with(Dimension::Language, self.language)
            .with(Dimension::Network, self.network);
        let zone = zone_of(app);
        let today = zone.to_datetime(now().timestamp()).date();
        let to = to.unwrap_or_else(|| from.map_or(today, |from| from.max(today)));
        let usual = jiff::Span::new().days(DEFAULT_DAYS - 1);
        let from = from.unwrap_or_else(|| to.saturating_sub(usual));
        let period = Period::new(from, to, zone)
            .map_err(|error| Problem::invalid(error.to_string()).of("from"))?;
        Ok(Asked { period, filter })
    }
}

/// The time zone that an app's days are of.
fn zone_of(app: &App) -> TimeZone {
    let hours = app.settings.hours.as_ref();
    hours.map_or(TimeZone::UTC, |hours| hours.time_zone.time_zone().clone())
}

fn day(name: &'static str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // Nothing but a day: no time after it, and no sign before the year.
    let date = Some(text)
        .filter(|text| text.len() == 10 && text.starts_with(|it: char| it.is_ascii_digit()));
    let date = date.and_then(|text| text.parse().ok());
    date.map(Some)
        .ok_or_else(|| Problem::invalid(format!("{name}: write a day like 2026-03-01")).of(name))
}

/// Days of a time zone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeriodView {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    from: String,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    to: String,
    /// When the first day begins.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    /// When the last day is over.
    #[schema(value_type = String, format = DateTime)]
    end: String,
    /// The time zone, by its name in the IANA database.
    time_zone: String,
}

impl From<&Period> for PeriodView {
    fn from(period: &Period) -> Self {
        Self {
            from: period.from().to_string(),
            to: period.to().to_string(),
            start: period.start().to_string(),
            end: period.end().to_string(),
            time_zone: period.zone().iana_name().unwrap_or("UTC").to_owned(),
        }
    }
}
