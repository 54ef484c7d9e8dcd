//! What is asked, each time a little differently.

use serde_json::Value;

use super::seed::{BROWSERS, Seeded};

/// One kind of request.
pub(super) struct Asked<'a> {
    pub(super) name: &'static str,
    /// The n-th path.
    pub(super) path: Box<dyn Fn(u64) -> String + 'a>,
    /// Whether an answer is one to the question.
    pub(super) finds: fn(&Value) -> bool,
    /// Longer than this, it may take one time in twenty.
    pub(super) limit_ms: f64,
}

/// What people wait for without noticing it.
const LIMIT_MS: f64 = 100.0;
/// The same of a chart.
const CHART_LIMIT_MS: f64 = 300.0;

fn is_full(answer: &Value) -> bool {
    answer["items"].as_array().is_some_and(|items| items.len() == 50)
}

fn has_one(answer: &Value) -> bool {
    answer["items"].as_array().is_some_and(|items| items.len() == 1)
}

fn has_items(answer: &Value) -> bool {
    answer["items"].is_array()
}

fn ask<'a>(
    name: &'static str,
    path: Box<dyn Fn(u64) -> String + 'a>,
    finds: fn(&Value) -> bool,
) -> Asked<'a> {
    Asked { name, path, finds, limit_ms: LIMIT_MS }
}

/// Everything that is asked.
pub(super) fn queries(seeded: &Seeded) -> Vec<Asked<'_>> {
    let mut all = lists(seeded);
    all.extend(charts(seeded));
    all
}

/// Figures of 90 days, each time of other visitors.
fn charts<'a>(seeded: &'a Seeded) -> Vec<Asked<'a>> {
    let of = move |what: &'static str, filter: fn(u64) -> String| {
        let days = seeded.days();
        let path =
            move |n: u64| format!("/v1/apps/{}/analytics{what}{days}{}", seeded.app, filter(n));
        Box::new(path) as Box<dyn Fn(u64) -> String + 'a>
    };
    let all = |_: u64| String::new();
    let some = |n: u64| {
        format!("&browser={}&page=https://shop{}.example", BROWSERS[n as usize % 6], n % 10)
    };
    let chart = |name, path, finds| Asked { limit_ms: CHART_LIMIT_MS, ..ask(name, path, finds) };
    vec![
        chart("analytics: figures of 90 days, and of 90 before", of("?", all), |answer| {
            answer["total"]["accepted"].as_u64() > Some(0)
        }),
        chart("analytics: 90 days by day", of("/series?", all), |answer| {
            answer["points"].as_array().is_some_and(|points| points.len() == 90)
        }),
        chart("analytics: 90 days by day, of some visitors", of("/series?", some), |answer| {
            answer["points"].as_array().is_some_and(|points| {
                points.iter().any(|point| point["accepted"].as_u64() > Some(0))
            })
        }),
        chart("analytics: 90 days by site", of("/breakdown?by=page&", all), |answer| {
            answer["rows"].as_array().is_some_and(|rows| rows.len() == 10)
        }),
        chart(
            "analytics: 90 days by language, of some visitors",
            of("/breakdown?by=language&", some),
            |answer| answer["rows"].as_array().is_some_and(|rows| !rows.is_empty()),
        ),
        chart("analytics: 90 days by hour of the week", of("/heat-map?", all), |answer| {
            answer["cells"].as_array().is_some_and(|cells| cells.len() == 7 * 24)
        }),
    ]
}

fn lists(seeded: &Seeded) -> Vec<Asked<'_>> {
    let calls = |query: &'static str| move |_: u64| format!("/v1/apps/{}/calls{query}", seeded.app);
    let spread = |n: u64| (n * 7_919) % seeded.calls;
    vec![
        ask("calls: first page", Box::new(calls("")), is_full),
        ask(
            "calls: a page far back",
            Box::new(move |n| {
                let after = seeded.call(seeded.calls / 2 + n);
                format!("/v1/apps/{}/calls?after={after}", seeded.app)
            }),
            is_full,
        ),
        ask("calls: by state", Box::new(calls("?state=ended")), is_full),
        ask("calls: under way", Box::new(calls("?state=live")), has_items),
        ask("calls: by a common error code", Box::new(calls("?errorCode=media_failed")), is_full),
        ask(
            "calls: by a rare error code",
            Box::new(calls("?errorCode=signaling_failed")),
            has_items,
        ),
        ask("calls: by quality", Box::new(calls("?quality=poor")), is_full),
        ask("calls: by rating", Box::new(calls("?rating=1")), is_full),
        ask(
            "calls: by reason and duration",
            Box::new(calls("?reason=user_hangup&minDuration=300")),
            is_full,
        ),
        ask("calls: by a duration that none has", Box::new(calls("?minDuration=7000")), has_items),
        ask(
            "calls: by kind, quality and rating",
            Box::new(calls("?kind=demo&quality=poor&rating=1")),
            has_items,
        ),
        ask(
            "calls: of a day, by state and duration",
            Box::new(move |n| {
                let (from, to) = seeded.day(n % 80);
                format!(
                    "/v1/apps/{}/calls?from={from}&to={to}&state=ended&maxDuration=60",
                    seeded.app
                )
            }),
            is_full,
        ),
        ask(
            "calls: by order number",
            Box::new(move |n| {
                format!("/v1/apps/{}/calls?context=orderId:A-{}", seeded.app, spread(n))
            }),
            has_one,
        ),
        ask("calls: by a context that a tenth has", Box::new(calls("?context=page:/p3")), is_full),
        ask(
            "calls: by a context that all have",
            Box::new(calls("?context=shop:main&errorCode=media_failed")),
            is_full,
        ),
        ask("calls: count of all", Box::new(calls("/count")), |answer| answer["count"] == 10_000),
        ask(
            "calls: count by state and duration",
            Box::new(calls("/count?state=ended&maxDuration=60")),
            |answer| answer["count"].is_u64(),
        ),
        ask(
            "look up an order number",
            Box::new(move |n| format!("/v1/lookup?q=A-{}", spread(n))),
            has_one,
        ),
        ask(
            "look up a call",
            Box::new(move |n| format!("/v1/lookup?q={}", seeded.call(spread(n)))),
            has_one,
        ),
        ask(
            "events: first page",
            Box::new(move |_| format!("/v1/apps/{}/events", seeded.app)),
            is_full,
        ),
        ask(
            "events: by name",
            Box::new(move |_| format!("/v1/apps/{}/events?name=call_error", seeded.app)),
            is_full,
        ),
        ask(
            "events: by order number",
            Box::new(move |n| {
                format!("/v1/apps/{}/events?context=orderId:A-{}", seeded.app, spread(n))
            }),
            |answer| answer["items"].as_array().is_some_and(|items| items.len() == 5),
        ),
        ask(
            "events: of a day, by a context that a tenth has",
            Box::new(move |n| {
                let (from, to) = seeded.day(n % 80);
                format!("/v1/apps/{}/events?from={from}&to={to}&context=page:/p3", seeded.app)
            }),
            is_full,
        ),
        ask(
            "timeline: with its record",
            Box::new(move |n| {
                let call = seeded.call(seeded.calls - 1 - n % seeded.recorded);
                format!("/v1/apps/{}/calls/{call}/timeline", seeded.app)
            }),
            |answer| {
                answer["recorded"]["kept"] == true
                    && answer["items"].as_array().is_some_and(|items| items.len() > 15)
            },
        ),
        ask(
            "timeline: of an old call",
            Box::new(move |n| {
                let call = seeded.call(spread(n) / 2);
                format!("/v1/apps/{}/calls/{call}/timeline", seeded.app)
            }),
            |answer| answer["items"].as_array().is_some_and(|items| items.len() >= 5),
        ),
        ask(
            "deliveries: first page",
            Box::new(move |_| {
                format!("/v1/apps/{}/integrations/{}/deliveries", seeded.app, seeded.integration)
            }),
            is_full,
        ),
    ]
}
