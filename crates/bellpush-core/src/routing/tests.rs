use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    context::Context,
    ids::{AppId, CallId},
    profile::{MAX_OVERFLOWS, check_references},
};

fn id(n: usize) -> DestinationId {
    DestinationId::from_uuid(Uuid::from_u128(n as u128))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(from: &str, to: &str) -> BusinessHours {
    let windows = json!([{ "from": from, "to": to }]);
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let week: serde_json::Map<_, _> =
        days.into_iter().map(|day| (day.to_owned(), windows.clone())).collect();
    serde_json::from_value(json!({ "timeZone": "UTC", "week": week })).unwrap()
}

fn sip(to: &str) -> ProfileSettings {
    ProfileSettings {
        kind: ProfileKind::Sip,
        trunk_id: Some(TrunkId::from_uuid(Uuid::from_u128(1))),
        to: Some(to.parse().unwrap()),
        ..ProfileSettings::demo()
    }
}

fn profiles(profiles: impl IntoIterator<Item = ProfileSettings>) -> Profiles {
    let by_id = profiles.into_iter().enumerate().map(|(n, one)| (id(n), one)).collect();
    Profiles { by_id, default: id(0), app_hours: None }
}

fn ids(hops: &[Hop<'_>]) -> Vec<DestinationId> {
    hops.iter().map(|hop| hop.profile_id).collect()
}

const NOON: &str = "2026-11-24T12:00:00Z";

#[test]
fn a_routing_key_leads_to_another_profile_or_another_user() {
    let mut first = sip("sip:100@pbx.example");
    first.routing_keys = BTreeMap::from([
        ("vip".into(), KeyRoute::User("101".parse().unwrap())),
        ("support".into(), KeyRoute::Profile(id(1))),
        ("gone".into(), KeyRoute::Profile(id(9))),
    ]);
    let all = profiles([first, sip("200")]);
    let to = |key: Option<&str>| {
        let asked = RouteRequest { destination_id: None, routing_key: key };
        match all.route(asked, at(NOON)).unwrap()[0].target().unwrap() {
            HopTarget::Sip { to, .. } => to.to_string(),
            HopTarget::Demo => "demo".into(),
        }
    };
    assert_eq!(to(None), "sip:100@pbx.example");
    assert_eq!(to(Some("vip")), "sip:101@pbx.example");
    assert_eq!(to(Some("support")), "200");
    assert_eq!(to(Some("gone")), "sip:100@pbx.example");
    assert_eq!(to(Some("other")), "sip:100@pbx.example");
    let asked = RouteRequest { destination_id: Some(id(9)), routing_key: None };
    assert_eq!(all.route(asked, at(NOON)), Err(RouteError::UnknownProfile));
}

#[test]
fn a_closed_profile_is_passed_over_and_when_all_are_closed_the_call_is_refused() {
    let day = ProfileSettings {
        hours: Some(hours("09:00", "17:00")),
        overflow: Some(id(1)),
        ..sip("100")
    };
    let evening = ProfileSettings { hours: Some(hours("16:00", "20:00")), ..sip("200") };
    let all = profiles([day, evening]);
    let route = |time: &str| {
        let now = at(&format!("2026-11-24T{time}:00Z"));
        all.route(RouteRequest::default(), now).map(|hops| ids(&hops))
    };
    assert_eq!(route("12:00"), Ok(vec![id(0)]));
    assert_eq!(route("16:30"), Ok(vec![id(0), id(1)]));
    assert_eq!(route("19:00"), Ok(vec![id(1)]));
    let opening = Some(at("2026-11-25T09:00:00Z"));
    assert_eq!(route("20:00"), Err(RouteError::Closed { next_opening: opening }));
    // From nine to eight without a break: the change from one to the other is none.
    let opening_status = all.opening_status(RouteRequest::default(), at(NOON)).unwrap();
    assert!(opening_status.open);
    assert_eq!(
        opening_status.changes[..3],
        [at("2026-11-24T20:00:00Z"), at("2026-11-25T09:00:00Z"), at("2026-11-25T20:00:00Z")]
    );
    assert_eq!(opening_status.changes.len(), 14);
}

#[test]
fn a_profile_without_hours_has_those_of_the_app() {
    let mut all = profiles([sip("100")]);
    assert_eq!(
        all.opening_status(RouteRequest::default(), at(NOON)),
        Ok(OpeningStatus { open: true, changes: Vec::new() })
    );
    all.app_hours = Some(hours("13:00", "14:00"));
    let opening = Some(at("2026-11-24T13:00:00Z"));
    let refusal = all.route(RouteRequest::default(), at(NOON)).unwrap_err();
    assert_eq!(refusal, RouteError::Closed { next_opening: opening });
    let first = all.by_id.get_mut(&id(0)).unwrap();
    first.hours = Some(hours("00:00", "24:00"));
    assert!(all.route(RouteRequest::default(), at(NOON)).is_ok());
}

#[test]
fn the_far_side_is_told_who_calls_from_where_in_plain_ascii() {
    let context = Context::new([
        ("orderId", "A-1 %\r\nVia: evil"),
        ("name", "Zoë"),
        ("long", &"é".repeat(512)),
    ])
    .unwrap();
    let facts = CallFacts {
        call_id: CallId::from_uuid(Uuid::nil()),
        app_id: AppId::from_uuid(Uuid::nil()),
        context: &context,
        routing_key: Some("vip"),
        form: &BTreeMap::from([("name".into(), "Ada".into())]),
        consent: Some("0a1b"),
    };
    let mut profile = sip("100");
    profile.headers = BTreeMap::from([
        ("X-Name".into(), "{form.name} of {context.orderId}".parse().unwrap()),
        ("X-None".into(), "{form.none}".parse().unwrap()),
    ]);
    let headers = headers(&facts, &profile);
    let value = |name: &str| {
        headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(value("X-Bellpush-Call"), Some("call_00000000000000000000000000000000"));
    assert_eq!(value("X-Bellpush-App"), Some("app_00000000000000000000000000000000"));
    assert_eq!(value("X-Bellpush-Routing-Key"), Some("vip"));
    assert_eq!(value("X-Bellpush-Context-name"), Some("Zo%C3%AB"));
    assert_eq!(value("X-Bellpush-Context-orderId"), Some("A-1 %25%0D%0AVia: evil"));
    assert_eq!(value("X-Name"), Some("Ada of A-1 %25  Via: evil"));
    assert_eq!(value("X-None"), None);
    assert_eq!(value("X-Bellpush-Context-long").unwrap().len(), 510);
}

fn any_profiles() -> impl Strategy<Value = Profiles> {
    let hour = 0_u16..24;
    let profile = (
        proptest::option::of(0_usize..6),
        proptest::option::of((hour.clone(), hour.clone())),
        proptest::option::of(0_usize..6),
    );
    let app_hours = proptest::option::of((hour.clone(), hour));
    (proptest::collection::vec(profile, 1..6), app_hours).prop_map(|(all, app_hours)| {
        let some_hours = |(from, to): (u16, u16)| {
            (from != to).then(|| hours(&format!("{from:02}:00"), &format!("{to:02}:00")))
        };
        let all = all.into_iter().map(|(overflow, own, key)| ProfileSettings {
            overflow: overflow.map(id),
            hours: own.and_then(some_hours),
            routing_keys: key
                .map(|key| ("k".into(), KeyRoute::Profile(id(key))))
                .into_iter()
                .collect(),
            ..ProfileSettings::demo()
        });
        Profiles { app_hours: app_hours.and_then(some_hours), ..profiles(all) }
    })
}

proptest! {
    #[test]
    fn a_route_ends_uses_no_profile_twice_and_none_that_is_closed(
        all in any_profiles(), asked in proptest::option::of(0_usize..6), keyed: bool, minute in 0_i64..100_000,
    ) {
        let now = Timestamp::from_second(1_790_000_000 + minute * 60).unwrap();
        let asked = RouteRequest { destination_id: asked.map(id), routing_key: keyed.then_some("k") };
        let opening_status = all.opening_status(asked, now);
        match all.route(asked, now) {
            Ok(hops) => {
                prop_assert!(!hops.is_empty() && hops.len() <= all.by_id.len());
                for (n, hop) in hops.iter().enumerate() {
                    prop_assert!(hops[..n].iter().all(|before| before.profile_id != hop.profile_id));
                    prop_assert!(all.hours_of(hop.profile).is_none_or(|hours| hours.is_open(now)));
                }
                prop_assert!(opening_status.unwrap().open);
            }
            Err(RouteError::Closed { next_opening }) => {
                let opening_status = opening_status.unwrap();
                prop_assert!(!opening_status.open);
                prop_assert_eq!(next_opening, opening_status.changes.first().copied());
                if let Some(opening) = next_opening {
                    prop_assert!(all.route(asked, opening).is_ok(), "open at the opening");
                    let before = opening.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap();
                    prop_assert!(all.route(asked, before.max(now)).is_err(), "and not before");
                }
            }
            Err(RouteError::UnknownProfile) => {
                prop_assert!(asked.destination_id.is_some_and(|id| !all.by_id.contains_key(&id)));
            }
        }
    }

    #[test]
    fn changes_come_in_turn(all in any_profiles(), minute in 0_i64..100_000) {
        let now = Timestamp::from_second(1_790_000_000 + minute * 60).unwrap();
        let OpeningStatus { open, changes } = all.opening_status(RouteRequest::default(), now).unwrap();
        let mut state = open;
        for change in &changes {
            prop_assert!(*change > now);
            state = !state;
            prop_assert_eq!(all.route(RouteRequest::default(), *change).is_ok(), state);
        }
        prop_assert!(changes.is_sorted());
    }

    #[test]
    fn a_chain_that_may_be_saved_is_followed_to_its_end(all in any_profiles()) {
        let saved = all.by_id.keys().all(|id| check_references(&all.by_id, *id).is_ok());
        if saved {
            let always = Profiles { app_hours: None, ..all };
            let mut by_id = always.by_id.clone();
            by_id.values_mut().for_each(|profile| profile.hours = None);
            let always = Profiles { by_id, ..always };
            let hops = always.route(RouteRequest::default(), Timestamp::UNIX_EPOCH).unwrap();
            prop_assert!(hops.last().unwrap().profile.overflow.is_none());
            prop_assert!(hops.len() <= MAX_OVERFLOWS + 1);
        }
    }
}

#[test]
fn a_chain_is_explained_with_its_closed_profiles_and_whose_hours_hold() {
    let day = ProfileSettings {
        hours: Some(hours("09:00", "17:00")),
        overflow: Some(id(1)),
        ..sip("sip:100@pbx.example")
    };
    let night = ProfileSettings { overflow: Some(id(2)), ..sip("200") };
    let mut all = profiles([day, night, sip("300")]);
    all.app_hours = Some(hours("18:00", "23:00"));
    let asked = RouteRequest::default();
    let at_noon = all.explain(asked, at(NOON)).unwrap();
    let open: Vec<_> = at_noon.iter().map(|link| link.span.open).collect();
    assert_eq!(open, [true, false, false]);
    assert_eq!(at_noon[0].hours_from, HoursFrom::Profile);
    assert_eq!(at_noon[1].hours_from, HoursFrom::App);
    assert_eq!(at_noon[0].span.until, Some(at("2026-11-24T17:00:00Z")));
    // What is open is what calls are offered to.
    for time in [NOON, "2026-11-24T19:00:00Z", "2026-11-24T03:00:00Z"] {
        let links = all.explain(asked, at(time)).unwrap();
        let open: Vec<_> =
            links.iter().filter(|link| link.span.open).map(|link| link.hop.profile_id).collect();
        let offered = all.route(asked, at(time)).map(|hops| ids(&hops)).unwrap_or_default();
        assert_eq!(open, offered, "{time}");
    }
    all.app_hours = None;
    assert_eq!(all.explain(asked, at(NOON)).unwrap()[2].hours_from, HoursFrom::Always);
    let unknown = RouteRequest { destination_id: Some(id(9)), routing_key: None };
    assert_eq!(all.explain(unknown, at(NOON)), Err(RouteError::UnknownProfile));
}
