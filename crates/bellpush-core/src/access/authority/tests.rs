use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::Resource;

const ROLES: [Role; 4] = [Role::Viewer, Role::Editor, Role::Admin, Role::Owner];

fn app(number: u128) -> AppId {
    AppId::from_uuid(Uuid::from_u128(number))
}

fn member(role: Role, apps: Apps) -> Authority {
    Authority::of_member(&Grant::new(role, apps).unwrap())
}

fn apps() -> impl Strategy<Value = Apps> {
    prop_oneof![
        Just(Apps::All),
        prop::collection::btree_set((1_u128..4).prop_map(app), 1..4).prop_map(Apps::Only),
    ]
}

fn grants() -> impl Strategy<Value = Grant> {
    (prop::sample::select(&ROLES), apps())
        .prop_filter_map("a narrow owner", |(role, apps)| Grant::new(role, apps).ok())
}

fn scopes() -> impl Strategy<Value = Scopes> {
    let all: Vec<_> = Permission::all().collect();
    prop_oneof![
        Just(Scopes::All),
        prop::collection::btree_set(prop::sample::select(all), 0..6).prop_map(Scopes::Only),
    ]
}

fn authorities() -> impl Strategy<Value = Authority> {
    prop_oneof![
        grants().prop_map(|grant| Authority::of_member(&grant)),
        (scopes(), apps(), prop::option::of(grants()))
            .prop_map(|(scopes, apps, maker)| Authority::of_key(scopes, &apps, maker.as_ref())),
    ]
}

fn places() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Installation),
        Just(Place::AnyApp),
        (1_u128..5).prop_map(|number| Place::App(app(number))),
    ]
}

proptest! {
    #[test]
    fn who_covers_somebody_may_do_all_that_they_may(
        one in authorities(), other in authorities(), place in places(),
    ) {
        if one.covers(&other) {
            for permission in Permission::all() {
                prop_assert!(!other.allows(permission, place) || one.allows(permission, place));
            }
        }
    }

    #[test]
    fn rank_has_an_order(a in authorities(), b in authorities(), c in authorities()) {
        prop_assert!(a.covers(&a));
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
        prop_assert!(Authority::of_member(&Grant::OWNER).covers(&a));
    }

    #[test]
    fn a_key_never_does_what_its_maker_may_not(
        scopes in scopes(), apps in apps(), maker in grants(), place in places(),
    ) {
        let key = Authority::of_key(scopes, &apps, Some(&maker));
        let maker = Authority::of_member(&maker);
        prop_assert!(maker.covers(&key));
        for permission in Permission::all() {
            prop_assert!(!key.allows(permission, place) || maker.allows(permission, place));
        }
    }

    #[test]
    fn nobody_below_an_owner_covers_an_owner(grant in grants(), scopes in scopes(), apps in apps()) {
        let owner = Authority::of_member(&Grant::OWNER);
        let member = Authority::of_member(&grant);
        prop_assert_eq!(member.covers(&owner), grant.is_owner());
        let key = Authority::of_key(scopes.clone(), &apps, Some(&grant));
        let is_whole = grant.is_owner() && scopes == Scopes::All && apps == Apps::All;
        prop_assert_eq!(key.covers(&owner), is_whole);
    }
}

#[test]
fn each_role_may_do_what_those_below_it_may_and_something_more_but_for_the_owner() {
    let count = |role| {
        let authority = member(role, Apps::All);
        Permission::all().filter(|permission| authority.has(*permission)).count()
    };
    let counts = ROLES.map(count);
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts[3], Permission::all().count());
    assert!(counts[0] < counts[1] && counts[1] < counts[2], "{counts:?}");
}

#[test]
fn a_role_for_some_apps_is_none_for_the_installation_or_for_other_apps() {
    let admin = member(Role::Admin, Apps::chosen(Some(vec![app(1)])).unwrap());
    let write = Permission::write(Resource::Settings);
    assert!(admin.allows(write, Place::App(app(1))) && admin.allows(write, Place::AnyApp));
    assert!(!admin.allows(write, Place::App(app(2))));
    assert!(!admin.allows(Permission::write(Resource::Apps), Place::Installation));
}

#[test]
fn a_key_with_few_scopes_grants_no_role_that_has_more() {
    let inviting = [Permission::read(Resource::Members), Permission::write(Resource::Members)];
    let scopes = Scopes::Only(inviting.into_iter().collect());
    let key = Authority::of_key(scopes, &Apps::All, None);
    for role in ROLES {
        assert!(!key.covers(&member(role, Apps::All)), "{role:?}");
    }
}
