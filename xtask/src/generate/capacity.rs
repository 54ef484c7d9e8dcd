//! The table of `docs/scaling.md` that says what so many calls an hour need, computed from the constants
//! that `docs/performance.md` has measured.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::Context;

use super::{docs::replace, file::Generated};
use crate::shell::root;

const PAGE: &str = "docs/scaling.md";
const FIGURES: &str = "docs/performance.md";

/// Calls an hour, a column each.
const LOADS: [f64; 3] = [1e3, 1e5, 1e7];
/// What is assumed of them; `docs/scaling.md` names it beside the table.
const VISITS_OF_A_CALL: f64 = 20.0;
const DELIVERIES_OF_A_CALL: f64 = 8.0;
const SECONDS_OF_A_CALL: f64 = 180.0;
const HOURS_OF_A_DAY: f64 = 10.0;
const DAYS_KEPT: f64 = 30.0;
/// How busy cores may be.
const BUSY: f64 = 0.6;
const CORES_OF_A_SERVER: f64 = 4.0;
const CORES_OF_A_DATABASE: f64 = 32.0;

/// What was measured, by its name there.
struct Constants(BTreeMap<String, f64>);

/// What so many calls an hour need.
struct Need {
    calls_at_once: f64,
    visits: f64,
    deliveries: f64,
    cores_for_calls: f64,
    cores_for_events: f64,
    cores_of_database: f64,
    gigabits: f64,
    log_megabytes: f64,
    gigabytes_a_day: f64,
    share_of_visits: f64,
}

/// The page with its table brought up to date.
pub(super) fn scaling() -> anyhow::Result<Generated> {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).context(path.to_owned());
    let constants = Constants::of(&read(FIGURES)?)?;
    let content = replace(PAGE, &read(PAGE)?, "capacity", &table(&constants)?)?;
    Ok(Generated { path: PAGE.into(), content })
}

impl Constants {
    /// Those of the table under "What capacity is computed from".
    fn of(page: &str) -> anyhow::Result<Self> {
        let (_, table) = page
            .split_once("<!-- constants -->")
            .and_then(|(_, rest)| rest.split_once("|---|---|"))
            .with_context(|| format!("{FIGURES} has no table of constants"))?;
        let mut constants = BTreeMap::new();
        for line in table.trim_start().lines().take_while(|line| line.starts_with('|')) {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let (name, value) = cells.next().zip(cells.next()).context("a row of two cells")?;
            let value =
                value.replace(',', "").parse().with_context(|| format!("{name}: {value}"))?;
            constants.insert(name.to_owned(), value);
        }
        Ok(Self(constants))
    }

    fn get(&self, name: &str) -> anyhow::Result<f64> {
        self.0.get(name).copied().with_context(|| format!("{FIGURES} has no constant {name:?}"))
    }

    /// What so many calls an hour need.
    fn need(&self, calls: f64) -> anyhow::Result<Need> {
        let second = calls / 3_600.0;
        let (visits, deliveries) = (second * VISITS_OF_A_CALL, second * DELIVERIES_OF_A_CALL);
        let calls_at_once = second * SECONDS_OF_A_CALL;
        // Milliseconds of a core for each are as many thousandths of a core for one a second.
        let both = |of_visit: &str, of_delivery: &str| {
            Ok::<_, anyhow::Error>((
                visits * self.get(of_visit)?,
                deliveries * self.get(of_delivery)?,
            ))
        };
        let (visit, delivery) = both("visit, ms of servers", "delivery, ms of servers")?;
        let (visit_db, delivery_db) =
            both("visit, ms of PostgreSQL", "delivery, ms of PostgreSQL")?;
        let (visit_log, delivery_log) =
            both("visit, bytes of write-ahead log", "delivery, bytes of write-ahead log")?;
        let (visit_kept, delivery_kept) = both("visit, bytes kept", "delivery, bytes kept")?;
        let kept = visit_kept + delivery_kept;
        Ok(Need {
            calls_at_once,
            visits,
            deliveries,
            cores_for_calls: calls_at_once / self.get("calls that a core relays")?
                + second * self.get("set-up of a call, ms")? / 1e3,
            cores_for_events: (visit + delivery) / 1e3,
            cores_of_database: (visit_db + delivery_db) / 1e3,
            gigabits: calls_at_once * self.get("network of a call each way, kbit/s")? / 1e6,
            log_megabytes: (visit_log + delivery_log) / 1e6,
            gigabytes_a_day: kept * 3_600.0 * HOURS_OF_A_DAY / 1e9,
            share_of_visits: visit_kept / kept,
        })
    }
}

fn table(constants: &Constants) -> anyhow::Result<String> {
    let needs: Vec<Need> =
        LOADS.iter().map(|calls| constants.need(*calls)).collect::<Result<_, _>>()?;
    let mut table = String::from("| calls an hour |");
    for calls in LOADS {
        let _ = write!(table, " {} |", number(calls));
    }
    table.push_str("\n|---|---|---|---|\n");
    let cells = |need: &Need| cells_of(need.cores_of_database);
    let mut row = |name: &str, value: &dyn Fn(&Need) -> String| {
        let values: Vec<String> = needs.iter().map(value).collect();
        let _ = writeln!(table, "| {name} | {} |", values.join(" | "));
    };
    row("calls at once", &|it| number(it.calls_at_once));
    row("visits a second", &|it| number(it.visits));
    row("deliveries a second", &|it| number(it.deliveries));
    row("cores for media and signalling", &|it| number(it.cores_for_calls));
    row("cores for visits, events and deliveries", &|it| number(it.cores_for_events));
    row("**servers** of 4 cores, one of them to spare", &|it| {
        let cores = (it.cores_for_calls + it.cores_for_events) / BUSY;
        number((cores / CORES_OF_A_SERVER).ceil() + 1.0)
    });
    row("cores of PostgreSQL that are busy", &|it| number(it.cores_of_database));
    row("**cells**, each with a PostgreSQL of 32 cores", &|it| number(cells(it)));
    row("network for media, each way, Gbit/s", &|it| number(it.gigabits));
    row("write-ahead log, to disk and to a standby, MB/s", &|it| number(it.log_megabytes));
    row("**storage** of a day, GB", &|it| number(it.gigabytes_a_day));
    row("storage of 30 days, TB", &|it| number(it.gigabytes_a_day * DAYS_KEPT / 1e3));
    row("of that, what visits leave", &|it| format!("{:.0} %", it.share_of_visits * 100.0));
    Ok(table)
}

fn cells_of(cores: f64) -> f64 {
    (cores / BUSY / CORES_OF_A_DATABASE).ceil()
}

/// Two digits that count, or all of a whole number.
fn number(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        let decimals = if value < 0.095 {
            3
        } else if value < 0.95 {
            2
        } else {
            1
        };
        return format!("{value:.decimals$}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "text\n<!-- constants -->\n| constant | value |\n|---|---|\n\
        | visit, ms of servers | 2 |\n| visit, ms of PostgreSQL | 1 |\n\
        | visit, bytes kept | 3,000 |\n| visit, bytes of write-ahead log | 5,000 |\n\
        | delivery, ms of servers | 0.05 |\n| delivery, ms of PostgreSQL | 0.05 |\n\
        | delivery, bytes kept | 1,000 |\n| delivery, bytes of write-ahead log | 2,000 |\n\
        | calls that a core relays | 1,000 |\n| set-up of a call, ms | 2 |\n\
        | network of a call each way, kbit/s | 200 |\n\n| other | 1 |\n";

    #[test]
    fn what_is_needed_follows_from_what_was_measured() {
        let need = Constants::of(PAGE).unwrap().need(36_000.0).unwrap();
        let near =
            |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        near(need.calls_at_once, 1_800.0);
        near(need.visits, 200.0);
        near(need.deliveries, 80.0);
        near(need.cores_for_calls, 1.8 + 0.02);
        near(need.cores_for_events, 0.4 + 0.004);
        near(need.cores_of_database, 0.2 + 0.004);
        near(need.gigabits, 0.36);
        near(need.log_megabytes, 1.0 + 0.16);
        near(need.gigabytes_a_day, 36_000.0 * (600e3 + 80e3) / 1e9);
        near(need.share_of_visits, 600.0 / 680.0);
    }

    #[test]
    fn a_constant_that_was_not_measured_is_named() {
        let page = PAGE.replace("| visit, bytes kept | 3,000 |\n", "");
        let error = table(&Constants::of(&page).unwrap()).unwrap_err();
        assert!(error.to_string().contains("visit, bytes kept"), "{error}");
    }

    #[test]
    fn numbers_have_two_digits_that_count() {
        for (value, text) in [
            (0.012, "0.012"),
            (0.25, "0.25"),
            (3.12, "3.1"),
            (12.6, "13"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
