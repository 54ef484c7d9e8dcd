//! Revisions: of several who change the same settings from the same state, one does, and the others
//! are told who it was.

use bellpush_core::{
    access::{Apps, Authority, Grant, Role, SignInSettings},
    app::AppSettings,
    delivery::DisableReason,
    profile::ProfileSettings,
    trunk::TrunkSettings,
};
use bellpush_store::{Actor, Edit, Expected, MemberError, Outdated, PasswordChange, SaveError};
use futures_util::future::join_all;

use crate::{accounts::owner, deliveries::settings, secrets::actor, trunks::trunk};

fn of(revision: u64, actor: &Actor) -> Edit<'_> {
    Edit { actor, expected: Expected::Revision(revision) }
}

/// The answers of several who change revision 1 at once: one has made revision 2, and is named to
/// the others. Returns what the one has made.
fn one_of<T, E: Into<SaveError>>(answers: Vec<Result<T, E>>) -> T {
    let others = answers.len() - 1;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, others));
    for answer in refused {
        let Some(error) = answer.err().map(Into::into) else { continue };
        let SaveError::Outdated(Outdated { present, last_change }) = error else {
            panic!("{error:?}")
        };
        assert_eq!((present, last_change.unwrap().actor), (2, actor()));
    }
    done.into_iter().find_map(Result::ok).unwrap()
}

const WRITERS: [&str; 4] = ["one", "two", "three", "four"];

on_both_stores! {
    async fn of_several_who_change_an_app_at_once_one_does(site) {
        let (store, id, by) = (&site.store, site.app().await, actor());
        let named = WRITERS.map(AppSettings::named);
        let changes = named.iter().map(|settings| store.update_app(id, settings, of(1, &by)));
        let app = one_of(join_all(changes).await).unwrap();
        assert_eq!(app.revision, 2);
        assert_eq!(store.app(id).await.unwrap(), Some(app.clone()));
        // What changes nothing is no other revision, since nobody could be told who made it.
        let same = store.update_app(id, &app.settings, of(2, &by)).await.unwrap().unwrap();
        assert_eq!(same.revision, 2);
        let stale = store.delete_app(id, of(1, &by)).await;
        assert!(matches!(stale, Err(SaveError::Outdated(_))), "{stale:?}");
        assert!(store.delete_app(id, of(2, &by)).await.unwrap());
    }

    async fn of_several_who_change_a_profile_at_once_one_does(site) {
        let (store, app, by) = (&site.store, site.app().await, actor());
        let id = store.create_profile(app, &ProfileSettings::demo(), false, &by).await.unwrap().id;
        let named = WRITERS.map(|name| ProfileSettings { name: name.into(), ..ProfileSettings::demo() });
        let changes =
            named.iter().map(|settings| store.update_profile(app, id, settings, false, of(1, &by)));
        let profile = one_of(join_all(changes).await).unwrap();
        assert_eq!(profile.revision, 2);
        assert_eq!(store.profile(app, id).await.unwrap(), Some(profile));
        let stale = store.delete_profile(app, id, of(1, &by)).await;
        assert!(matches!(stale, Err(SaveError::Outdated(_))), "{stale:?}");
        assert!(store.delete_profile(app, id, of(2, &by)).await.unwrap());
    }

    async fn a_profile_that_another_takes_the_default_from_has_changed(site) {
        let (store, app, by) = (&site.store, site.app().await, actor());
        let before = store.profiles(app).await.unwrap().remove(0);
        let other = store.create_profile(app, &ProfileSettings::demo(), false, &by).await.unwrap();
        store.update_profile(app, other.id, &other.settings, true, &by).await.unwrap();
        let after = store.profile(app, before.id).await.unwrap().unwrap();
        assert_eq!((after.is_default, after.revision), (false, 2));
        let settings = &before.settings;
        let stale = store.update_profile(app, before.id, settings, true, of(1, &Actor::HOST)).await;
        let Err(SaveError::Outdated(outdated)) = stale else { panic!("{stale:?}") };
        assert_eq!(outdated.last_change.unwrap().actor, by);
    }

    async fn of_several_who_change_a_trunk_at_once_one_does(site) {
        let (store, by) = (&site.store, actor());
        let id = store.create_trunk(&trunk(), None, &by).await.unwrap().id;
        let named = WRITERS.map(|name| TrunkSettings { name: name.into(), ..trunk() });
        let keep = PasswordChange::Keep;
        let changes = named.iter().map(|settings| store.update_trunk(id, settings, &keep, of(1, &by)));
        let made = one_of(join_all(changes).await).unwrap();
        assert_eq!(made.revision, 2);
        let set = PasswordChange::Set("secret".into());
        let with_password = store.update_trunk(id, &made.settings, &set, of(2, &by)).await;
        assert_eq!(with_password.unwrap().unwrap().revision, 3);
        let stale = store.delete_trunk(id, of(2, &by)).await;
        assert!(matches!(stale, Err(SaveError::Outdated(_))), "{stale:?}");
        assert!(store.delete_trunk(id, of(3, &by)).await.unwrap());
    }

    async fn of_several_who_change_an_integration_at_once_one_does(site) {
        let (store, app, by) = (&site.store, site.app().await, actor());
        let secret = "whsec_x".into();
        let id = store.create_integration(app, &settings(&[]), &secret, 3, &by).await.unwrap().id;
        let named = WRITERS.map(|name| settings(&[name]));
        let changes =
            named.iter().map(|settings| store.update_integration(app, id, settings, 3, of(1, &by)));
        let made = one_of(join_all(changes).await).unwrap();
        assert_eq!(made.revision, 2);
        // The server is one who changes, too.
        store.disable_integration(id, DisableReason::Gone, None).await.unwrap().unwrap();
        let stale = store.update_integration(app, id, &made.settings, 3, of(2, &by)).await;
        let Err(SaveError::Outdated(outdated)) = stale else { panic!("{stale:?}") };
        assert_eq!(outdated.last_change.unwrap().actor, Actor::SERVER);
        assert!(store.delete_integration(app, id, of(2, &by)).await.is_err());
        assert!(store.delete_integration(app, id, of(3, &by)).await.unwrap());
    }

    async fn of_several_who_change_a_role_at_once_one_does(site) {
        let (accounts, by) = (site.store.accounts(), actor());
        let (olga, _) = owner(&accounts).await;
        let authority = Authority::of_member(&olga.grant);
        accounts.rename_member(olga.id, "Olga B.", &by).await.unwrap();
        let grants = WRITERS.map(|_| Grant::new(Role::Owner, Apps::All).unwrap());
        let stale = grants.into_iter().map(|grant| {
            accounts.grant_member(olga.id, grant, (&authority, of(1, &by)))
        });
        for answer in join_all(stale).await {
            let Err(MemberError::Outdated(outdated)) = answer else { panic!("{answer:?}") };
            assert_eq!((outdated.present, outdated.last_change.unwrap().actor), (2, by.clone()));
        }
        let same = accounts.grant_member(olga.id, olga.grant.clone(), (&authority, of(2, &by)));
        assert_eq!(same.await.unwrap().revision, 2);
        let stale = accounts.remove_member(olga.id, (&authority, of(1, &by))).await;
        assert!(matches!(stale, Err(MemberError::Outdated(_))), "{stale:?}");
    }

    async fn of_several_who_change_how_to_sign_in_at_once_one_does(site) {
        let (store, by) = (&site.store, actor());
        let domains = |name: &str| SignInSettings {
            allowed_email_domains: vec![format!("{name}.example")],
            ..SignInSettings::default()
        };
        assert_eq!(store.save_sign_in_settings(&domains("first"), None, of(0, &by)).await.unwrap(), 1);
        let named = WRITERS.map(domains);
        let changes = named.iter().map(|it| store.save_sign_in_settings(it, None, of(1, &by)));
        assert_eq!(one_of(join_all(changes).await), 2);
        let (kept, revision) = store.accounts().sign_in_settings_with_revision().await.unwrap();
        assert!(named.contains(&kept));
        assert_eq!(revision, 2);
        assert_eq!(store.save_sign_in_settings(&kept, None, of(2, &by)).await.unwrap(), 2);
    }
}
