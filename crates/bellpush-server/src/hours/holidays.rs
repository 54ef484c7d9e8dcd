//! Public holidays, as the Python package `holidays` knows them: a file that is a part of the program.
//! `holidays/generate.py` writes it anew.

use std::{collections::BTreeMap, io::Read, sync::OnceLock};

use flate2::read::GzDecoder;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

static PACKED: &[u8] = include_bytes!("../../holidays/holidays.jsonl.gz");

/// The first year that is known.
pub(crate) const FIRST_YEAR: i16 = 2025;
/// The last one.
pub(crate) const LAST_YEAR: i16 = 2035;

/// All that is known: a line for each country, read when it is asked for.
pub(crate) struct Holidays {
    lines: BTreeMap<String, String>,
}

/// A country, with its days.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Country {
    /// Its parts that have holidays of their own.
    pub(crate) regions: Vec<Region>,
    /// Its holidays.
    pub(crate) days: Vec<Days>,
}

/// A part of a country.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
pub(crate) struct Region {
    /// Its code, most often the second part of ISO 3166-2.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
}

/// A holiday, in all years.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Days {
    /// Its name.
    pub(crate) name: String,
    /// Its dates.
    pub(crate) dates: Vec<Date>,
    /// The regions that have it, an empty code for the country at large; `None` for all.
    pub(crate) regions: Option<Vec<String>>,
}

/// A country's code, the rest passed over.
#[derive(Deserialize)]
struct Head {
    country: String,
}

impl Holidays {
    /// All of them; `None` when the program was put together wrongly.
    pub(crate) fn all() -> Option<&'static Self> {
        static ALL: OnceLock<Option<Holidays>> = OnceLock::new();
        ALL.get_or_init(Self::read).as_ref()
    }

    fn read() -> Option<Self> {
        let mut text = String::new();
        GzDecoder::new(PACKED).read_to_string(&mut text).ok()?;
        let line = |line: &str| {
            let Head { country } = serde_json::from_str(line).ok()?;
            Some((country, line.to_owned()))
        };
        Some(Self { lines: text.lines().map(line).collect::<Option<_>>()? })
    }

    /// The codes of the countries (ISO 3166-1), in their order.
    pub(crate) fn countries(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }

    /// A country.
    pub(crate) fn country(&self, code: &str) -> Option<Country> {
        serde_json::from_str(self.lines.get(code)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn on(country: &Country, date: &str, region: &str) -> Vec<String> {
        let date: Date = date.parse().unwrap();
        let has = |days: &&Days| {
            let regions = days.regions.as_ref();
            days.dates.contains(&date)
                && regions.is_none_or(|those| those.iter().any(|it| it == region))
        };
        country.days.iter().filter(has).map(|days| days.name.clone()).collect()
    }

    #[test]
    fn every_country_can_be_read_and_lies_within_the_years() {
        let all = Holidays::all().unwrap();
        assert!(all.countries().count() > 200);
        for code in all.countries() {
            let country = all.country(code).unwrap();
            assert!(code.len() == 2 && !country.days.is_empty(), "{code}");
            let codes: BTreeSet<_> = country.regions.iter().map(|region| &*region.code).collect();
            for days in &country.days {
                // What an exception's label may be.
                assert!((1..=100).contains(&days.name.chars().count()), "{code} {}", days.name);
                assert!(!days.dates.is_empty());
                let years = FIRST_YEAR..=LAST_YEAR;
                assert!(days.dates.iter().all(|date| years.contains(&date.year())), "{code}");
                let regions = days.regions.iter().flatten().map(String::as_str);
                let mut named = regions.filter(|region| !region.is_empty());
                assert!(named.all(|region| codes.contains(region)), "{code} {}", days.name);
            }
        }
        assert!(all.country("XX").is_none());
    }

    #[test]
    fn known_holidays_are_where_they_belong() {
        let germany = Holidays::all().unwrap().country("DE").unwrap();
        assert_eq!(on(&germany, "2026-10-03", ""), ["German Unity Day"]);
        assert_eq!(on(&germany, "2026-01-06", "BY"), ["Epiphany"]);
        assert!(on(&germany, "2026-01-06", "BE").is_empty());
        assert!(on(&germany, "2026-01-06", "").is_empty());
        let america = Holidays::all().unwrap().country("US").unwrap();
        assert_eq!(on(&america, "2027-11-25", ""), ["Thanksgiving Day"]);
    }
}
