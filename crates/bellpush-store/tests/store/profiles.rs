//! Profiles: always one default, no reference into nothing, no circle.

use bellpush_core::{
    ids::{AppId, DestinationId, TrunkId},
    profile::{KeyRoute, ProfileKind, ProfileSettings},
};
use bellpush_store::{Actor, SaveError};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::trunks::trunk;

fn named(name: &str) -> ProfileSettings {
    ProfileSettings { name: name.into(), ..ProfileSettings::demo() }
}

fn overflowing_to(id: DestinationId) -> ProfileSettings {
    ProfileSettings { overflow: Some(id), ..ProfileSettings::demo() }
}

fn by(trunk_id: TrunkId) -> ProfileSettings {
    ProfileSettings {
        kind: ProfileKind::Sip,
        trunk_id: Some(trunk_id),
        to: Some("100".parse().unwrap()),
        ..ProfileSettings::demo()
    }
}

fn pointer(error: SaveError) -> String {
    match error {
        SaveError::Field(error) => error.pointer,
        other => panic!("{other:?}"),
    }
}

on_both_stores! {
    async fn a_new_app_can_be_called_at_once(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let profiles = store.profiles(app_id).await.unwrap();
        assert_eq!(profiles.len(), 1);
        assert!(profiles[0].is_default);
        assert_eq!(profiles[0].settings, ProfileSettings::demo());
        let stranger = site.app().await;
        assert_eq!(store.profile(stranger, profiles[0].id).await.unwrap(), None);
    }

    async fn a_profile_is_made_changed_and_deleted(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let made = store.create_profile(app_id, &named("Sales"), false, &Actor::HOST).await.unwrap();
        assert_eq!(store.profile(app_id, made.id).await.unwrap(), Some(made.clone()));
        let changed =
            store.update_profile(app_id, made.id, &named("Shop"), false, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(changed.settings.name, "Shop");
        assert_eq!(store.profiles(app_id).await.unwrap()[1], changed);
        let stranger = site.app().await;
        let result = store.update_profile(stranger, made.id, &named("x"), false, &Actor::HOST).await.unwrap();
        assert_eq!(result, None);
        assert!(!store.delete_profile(stranger, made.id, &Actor::HOST).await.unwrap());
        assert!(store.delete_profile(app_id, made.id, &Actor::HOST).await.unwrap());
        assert!(!store.delete_profile(app_id, made.id, &Actor::HOST).await.unwrap());
        let nobody = AppId::from_uuid(Uuid::now_v7());
        let result = store.create_profile(nobody, &named("x"), false, &Actor::HOST).await;
        assert!(matches!(result, Err(SaveError::UnknownApp)), "{result:?}");
    }

    async fn there_is_one_default_whatever_happens(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let first = store.profiles(app_id).await.unwrap().remove(0);
        let made = store.create_profile(app_id, &named("Sales"), true, &Actor::HOST).await.unwrap();
        let defaults = async || {
            let profiles = store.profiles(app_id).await.unwrap();
            let defaults = profiles.into_iter().filter(|profile| profile.is_default);
            defaults.map(|profile| profile.id).collect::<Vec<_>>()
        };
        assert_eq!(defaults().await, [made.id]);
        let refused = store.delete_profile(app_id, made.id, &Actor::HOST).await;
        assert!(matches!(refused, Err(SaveError::InUse { .. })), "{refused:?}");
        // A change that does not speak of it leaves it as it is.
        store.update_profile(app_id, made.id, &named("Shop"), false, &Actor::HOST).await.unwrap();
        assert_eq!(defaults().await, [made.id]);
        let both = [first.id, made.id];
        let changes = both.map(|id| store.update_profile(app_id, id, &first.settings, true, &Actor::HOST));
        assert!(join_all(changes).await.iter().all(Result::is_ok));
        assert_eq!(defaults().await.len(), 1);
    }

    async fn two_changes_at_once_make_no_circle(site) {
        let (store, app_id) = (&site.store, site.app().await);
        for _ in 0..5 {
            let one = store.create_profile(app_id, &named("one"), false, &Actor::HOST).await.unwrap().id;
            let two = store.create_profile(app_id, &named("two"), false, &Actor::HOST).await.unwrap().id;
            let (there, back) = (overflowing_to(two), overflowing_to(one));
            let (there, back) = tokio::join!(
                store.update_profile(app_id, one, &there, false, &Actor::HOST),
                store.update_profile(app_id, two, &back, false, &Actor::HOST),
            );
            let refused: Vec<_> = [there, back].into_iter().filter_map(Result::err).collect();
            assert_eq!(refused.len(), 1);
            assert_eq!(refused.into_iter().map(pointer).collect::<Vec<_>>(), ["/overflow"]);
        }
    }

    async fn what_is_referred_to_is_there_and_stays(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let unknown = DestinationId::from_uuid(Uuid::now_v7());
        let refused = store.create_profile(app_id, &overflowing_to(unknown), false, &Actor::HOST).await;
        assert_eq!(pointer(refused.unwrap_err()), "/overflow");
        // Another app's profile is none of ours.
        let theirs = store.profiles(site.app().await).await.unwrap().remove(0).id;
        let refused = store.create_profile(app_id, &overflowing_to(theirs), false, &Actor::HOST).await;
        assert_eq!(pointer(refused.unwrap_err()), "/overflow");

        let aim = store.create_profile(app_id, &named("aim"), false, &Actor::HOST).await.unwrap().id;
        let mut keyed = named("keyed");
        keyed.routing_keys.insert("vip".into(), KeyRoute::Profile(aim));
        let keyed = store.create_profile(app_id, &keyed, false, &Actor::HOST).await.unwrap().id;
        let refused = store.delete_profile(app_id, aim, &Actor::HOST).await;
        assert!(matches!(refused, Err(SaveError::InUse { .. })), "{refused:?}");
        assert!(store.delete_profile(app_id, keyed, &Actor::HOST).await.unwrap());
        assert!(store.delete_profile(app_id, aim, &Actor::HOST).await.unwrap());
    }

    async fn a_trunk_stays_as_long_as_a_profile_calls_by_it(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let unknown = TrunkId::from_uuid(Uuid::now_v7());
        let refused = store.create_profile(app_id, &by(unknown), false, &Actor::HOST).await;
        assert!(matches!(refused, Err(SaveError::UnknownTrunk(id)) if id == unknown));
        let trunk_id = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap().id;
        let made = store.create_profile(app_id, &by(trunk_id), false, &Actor::HOST).await.unwrap();
        let refused = store.delete_trunk(trunk_id, &Actor::HOST).await;
        assert!(matches!(refused, Err(SaveError::InUse { .. })), "{refused:?}");
        store.update_profile(app_id, made.id, &named("demo"), false, &Actor::HOST).await.unwrap();
        assert!(store.delete_trunk(trunk_id, &Actor::HOST).await.unwrap());
        // With its app it goes, too.
        let trunk_id = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap().id;
        store.create_profile(app_id, &by(trunk_id), false, &Actor::HOST).await.unwrap();
        assert!(store.delete_app(app_id, &Actor::HOST).await.unwrap());
        assert!(store.delete_trunk(trunk_id, &Actor::HOST).await.unwrap());
    }
}
