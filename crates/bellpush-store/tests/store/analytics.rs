//! Roll-ups: their sums are those of the lists behind them.

use bellpush_core::{
    analytics::{
        Figures, NetworkKind, Period,
        report::{Filter, Series, SeriesStep, boundaries, hours_between},
    },
    events::{CatalogueEvent, ErrorCode},
    ids::{AppId, CallId},
    quality::QualityGrade,
};
use bellpush_store::{Append, CallFilter, CallStateName, EventFilter, PageRequest, Store};
use jiff::{Timestamp, tz::TimeZone};

use crate::site::{Site, Visitor, new_call, new_node};

/// Counts all that is there.
async fn count_all(store: &Store) {
    while store.roll_up().await.unwrap() {}
}

/// The figures of yesterday, today and tomorrow.
async fn figures(store: &Store, app_id: AppId, filter: Filter) -> Figures {
    let now = Timestamp::now();
    let today = TimeZone::UTC.to_datetime(now).date();
    let period =
        Period::new(today.yesterday().unwrap(), today.tomorrow().unwrap(), TimeZone::UTC).unwrap();
    let mut series = Series::new(&boundaries(&period, SeriesStep::Day), filter);
    let hours = hours_between(period.start(), period.end());
    for hour in store.rolled_up_hours(app_id, hours).await.unwrap() {
        series.add(hour.index, &hour.open().unwrap());
    }
    let [mut all, today, tomorrow]: [Figures; 3] = series.finish().try_into().unwrap();
    // A test may begin before midnight and end after it.
    assert_eq!(tomorrow.accepted(), 0);
    if today != Figures::default() {
        assert_eq!(all, Figures::default(), "run it again: a day has just ended");
        all = today;
    }
    all
}

async fn calls(store: &Store, app_id: AppId, filter: CallFilter) -> u64 {
    let filter = CallFilter { preview: Some(false), ..filter };
    let counted = store.count_calls(app_id, &filter).await.unwrap();
    assert!(counted.is_exact);
    let page = store.calls(app_id, &filter, PageRequest::first(500)).await.unwrap();
    assert_eq!(page.items.len(), counted.count as usize);
    u64::from(counted.count)
}

async fn events(store: &Store, app_id: AppId, name: &str) -> u64 {
    let filter = EventFilter { name: Some(name.into()), ..EventFilter::default() };
    let page = store.events(app_id, &filter, PageRequest::first(500)).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().filter(|event| !event.preview).count() as u64
}

fn refused(visitor: &Visitor, code: ErrorCode) -> Append {
    Append::Event(visitor.event(&CatalogueEvent::CallError { code }, None))
}

fn graded(mut end: Append, grade: QualityGrade, visitor: f64, far_side: f64) -> Append {
    if let Append::CallEnded { finish, .. } = &mut end {
        finish.quality_grade = Some(grade);
        finish.quality = Some(serde_json::json!({
            "visitor": { "mos": visitor }, "farSide": { "mos": far_side }, "warnings": [],
        }));
        finish.network = Some(NetworkKind::Udp);
    }
    end
}

/// Visitors as a day brings them; whether a call is still under way.
async fn a_day(site: &Site, app_id: AppId) -> CallId {
    let store = &site.store;
    let visitor = site.visitor_of(app_id, &[("orderId", "A-1")], false).await;
    for _ in 0..12 {
        store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
    }
    let codes = [ErrorCode::MicrophoneDenied, ErrorCode::MicrophoneDenied, ErrorCode::Closed];
    store.append(codes.iter().map(|code| refused(&visitor, *code)).collect()).await.unwrap();
    for number in 0..7 {
        let call_id = visitor.calls(store).await;
        let end = match number {
            0 | 1 => visitor.loses_media(call_id),
            _ => graded(visitor.hangs_up(call_id), QualityGrade::Good, 4.5, 4.1),
        };
        store.append(vec![end]).await.unwrap();
        if number > 4 {
            store.append(vec![visitor.rates(call_id)]).await.unwrap();
        }
    }
    let preview = site.visitor_of(app_id, &[], true).await;
    store.append(vec![Append::Event(preview.loaded())]).await.unwrap();
    let tried = preview.calls(store).await;
    store.append(vec![preview.hangs_up(tried)]).await.unwrap();
    visitor.calls(store).await
}

on_both_stores! {
    async fn places_that_are_left_out_are_passed_over_at_once(site) {
        let visitor = site.visitor().await;
        let store = &site.store;
        store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        site.sql(if site.is_postgres() {
            "ALTER SEQUENCE event_places RESTART WITH 20000000"
        } else {
            "UPDATE sqlite_sequence SET seq = 20000000 WHERE name = 'events'"
        })
        .await;
        store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
        let mut steps = 0;
        while store.roll_up().await.unwrap() {
            steps += 1;
            assert!(steps < 9, "it goes through what is not there");
        }
        let figures = figures(store, visitor.app_id(), Filter::default()).await;
        assert_eq!(figures.loads, 2);
    }

    async fn sums_are_those_of_the_lists_behind_them(site) {
        let store = &site.store;
        let app_id = site.app().await;
        a_day(site, app_id).await;
        let stranger = site.visitor().await;
        stranger.calls(store).await;
        count_all(store).await;

        let figures = figures(store, app_id, Filter::default()).await;
        let of = |filter| calls(store, app_id, filter);
        let all = CallFilter::default;
        assert_eq!(figures.loads, events(store, app_id, "widget_loaded").await);
        assert_eq!(figures.accepted(), of(all()).await);
        assert_eq!(figures.accepted(), 8);
        for (counted, state) in [
            (figures.live, CallStateName::Live),
            (figures.ended(), CallStateName::Ended),
            (figures.failed(), CallStateName::Error),
        ] {
            assert_eq!(counted, of(CallFilter { state: Some(state), ..all() }).await, "{state:?}");
        }
        let failed = CallFilter { error_code: Some(ErrorCode::MediaFailed), ..all() };
        assert_eq!(figures.failed["media_failed"], of(failed).await);
        let good = CallFilter { quality: Some(QualityGrade::Good), ..all() };
        assert_eq!(figures.grades["good"], of(good).await);
        let five = CallFilter { rating: Some(5), ..all() };
        assert_eq!(figures.stars[4], of(five).await);
        assert_eq!(figures.rated(), events(store, app_id, "survey_submitted").await);
        assert_eq!(
            figures.refused() + figures.failed(),
            events(store, app_id, "call_error").await,
        );
        // Seven seconds each.
        let short = CallFilter { max_duration: Some(9), ..all() };
        assert_eq!(figures.durations[0], of(short).await);
        assert_eq!((figures.seconds, figures.connected), (5 * 7, 5));
        assert_eq!((figures.score, figures.scored), (5 * 410, 5));
        assert_eq!((figures.taps(), figures.microphones(), figures.closed()), (11, 9, 1));
    }

    async fn figures_are_those_of_whom_is_asked_for(site) {
        let store = &site.store;
        let app_id = site.app().await;
        a_day(site, app_id).await;
        count_all(store).await;
        use bellpush_core::analytics::Dimension::{Browser, Language, Network, Page, Profile};
        let all = figures(store, app_id, Filter::default()).await;
        for (dimension, value, loads, over) in [
            (Browser, "Firefox", 12, 7),
            (Browser, "Chrome", 0, 0),
            (Language, "de", 12, 7),
            (Page, "https://shop.example", 12, 7),
            (Network, "udp", 0, 5),
            (Network, "unknown", 12, 2),
            (Profile, "unknown", 12, 0),
        ] {
            let filter = Filter::default().with(dimension, Some(value.into()));
            let these = figures(store, app_id, filter).await;
            let counted = (these.loads, these.ended() + these.failed());
            assert_eq!(counted, (loads, over), "{dimension:?} {value}");
        }
        assert_eq!(all.loads, 12);
    }

    async fn each_event_counts_once_whoever_counts(site) {
        let store = &site.store;
        let app_id = site.app().await;
        a_day(site, app_id).await;
        // Several at once, again and again, while more comes in.
        let counting = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    store.roll_up().await.unwrap();
                }
            })
        });
        let counting: Vec<_> = counting.collect();
        let live = a_day(site, app_id).await;
        for counting in counting {
            counting.await.unwrap();
        }
        count_all(store).await;
        let before = figures(store, app_id, Filter::default()).await;
        assert_eq!((before.loads, before.accepted(), before.live), (24, 16, 2));
        assert_eq!(before.accepted(), calls(store, app_id, CallFilter::default()).await);
        // A call that is over is under way no more.
        let call = store.call(live).await.unwrap().unwrap();
        let session = store.session(call.session_id).await.unwrap().unwrap();
        let token = bellpush_store::SecretHash::of("any");
        let visitor = Visitor { session, token };
        store.append(vec![visitor.hangs_up(live)]).await.unwrap();
        count_all(store).await;
        let after = figures(store, app_id, Filter::default()).await;
        assert_eq!((after.accepted(), after.live, after.ended()), (16, 1, before.ended() + 1));
    }

    async fn it_is_told_up_to_when_is_counted(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        let before = crate::site::now();
        let counted = store.counted_to().await.unwrap();
        assert!(counted.time >= before, "nothing is there that could be missed");
        visitor.calls(store).await;
        let behind = store.counted_to().await.unwrap();
        assert!(behind.time < before, "a call is not counted yet");
        count_all(store).await;
        assert!(store.counted_to().await.unwrap().time >= before);
        assert_eq!(store.counted_to().await.unwrap().seq, store.end_of_log().await.unwrap());
        assert!(!store.roll_up().await.unwrap());
    }

    async fn nothing_is_counted_of_an_app_that_is_gone(site) {
        let store = &site.store;
        let app_id = site.app().await;
        a_day(site, app_id).await;
        count_all(store).await;
        let other = site.visitor().await;
        store.append(vec![other.starts(new_call(), new_node())]).await.unwrap();
        site.sql(&format!("DELETE FROM app_rows WHERE id = '{app_id}'")).await;
        count_all(store).await;
        assert_eq!(store.rolled_up_hours(app_id, 0..i64::MAX).await.unwrap().len(), 0);
        assert_eq!(store.rolled_up_hours(other.app_id(), 0..i64::MAX).await.unwrap().len(), 1);
    }

    async fn old_roll_ups_go_with_the_statistics(site) {
        let store = &site.store;
        let visitor = site.visitor().await;
        visitor.calls(store).await;
        count_all(store).await;
        let hours = async || store.rolled_up_hours(visitor.app_id(), 0..i64::MAX).await.unwrap().len();
        store.remove_statistics(crate::site::after(-3_600)).await.unwrap();
        assert_eq!(hours().await, 1);
        store.remove_statistics(crate::site::after(3_600)).await.unwrap();
        assert_eq!(hours().await, 0);
    }
}
