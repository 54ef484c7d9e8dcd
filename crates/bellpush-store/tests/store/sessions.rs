//! Sessions and their tokens.

use bellpush_core::{context::Context, events::EventTime, ids::AppId};
use bellpush_store::{NewSession, SecretHash};
use uuid::Uuid;

use crate::site::{new_session_id, now};

on_both_stores! {
    async fn a_session_is_found_by_each_of_its_tokens_until_they_expire(site) {
        let visitor = site.visitor().await;
        let store = &site.store;
        let in_an_hour = EventTime::from_millis(now().millis() + 3_600_000).unwrap();
        let found = |token: SecretHash, at: EventTime| async move {
            store.session_by_token(&token, at).await.unwrap().map(|session| session.id)
        };
        let id = visitor.session.id;
        assert_eq!(found(visitor.token.clone(), now()).await, Some(id));
        assert_eq!(found(visitor.token.clone(), in_an_hour).await, None);
        assert_eq!(found(SecretHash::of("st_guess"), now()).await, None);

        let fresh = SecretHash::of("st_fresh");
        let later = EventTime::from_millis(in_an_hour.millis() + 1).unwrap();
        assert!(store.add_session_token(id, &fresh, later).await.unwrap());
        assert!(!store.add_session_token(new_session_id(), &SecretHash::of("x"), later).await.unwrap());
        assert_eq!(found(fresh.clone(), in_an_hour).await, Some(id));
        assert_eq!(found(visitor.token.clone(), now()).await, Some(id));
        assert_eq!(store.session_end(id).await.unwrap(), Some(later));
        assert_eq!(store.session_end(new_session_id()).await.unwrap(), None);

        assert_eq!(store.remove_expired_tokens(in_an_hour).await.unwrap(), 1);
        assert_eq!(found(visitor.token.clone(), now()).await, None);
        assert_eq!(found(fresh, now()).await, Some(id));
        assert_eq!(store.session(id).await.unwrap(), Some(visitor.session.clone()));
    }

    async fn a_challenge_is_used_once_and_forgotten_when_it_has_expired(site) {
        let store = &site.store;
        let in_an_hour = EventTime::from_millis(now().millis() + 3_600_000).unwrap();
        assert!(store.use_challenge("a1", in_an_hour).await.unwrap());
        assert!(!store.use_challenge("a1", in_an_hour).await.unwrap());
        let both = tokio::join!(
            store.use_challenge("b2", in_an_hour),
            store.use_challenge("b2", in_an_hour),
        );
        assert!(both.0.unwrap() != both.1.unwrap(), "two at once");
        assert_eq!(store.remove_expired_challenges(now()).await.unwrap(), 0);
        assert!(!store.use_challenge("a1", in_an_hour).await.unwrap());
        assert_eq!(store.remove_expired_challenges(in_an_hour).await.unwrap(), 2);
    }

    async fn a_session_keeps_all_that_it_was_made_with(site) {
        let app_id = site.app().await;
        let destination = site.store.profiles(app_id).await.unwrap().remove(0);
        let new = NewSession {
            browser: Some("Firefox"),
            language: Some("de".into()),
            app_id,
            origin: None,
            context: Context::new([("note", "a\u{1}b"), ("name", "Zo\u{eb}")]).unwrap(),
            preview: true,
            sign_in_id: None,
            api_key_id: None,
            widget_key_id: None,
            routing_key: None,
            destination_id: Some(destination.id),
        };
        let token = SecretHash::of("st_1");
        let made = site.store.create_session(new.clone(), &token, now()).await.unwrap().unwrap();
        assert_eq!(site.store.session(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(made.context, new.context);
        let nobody = NewSession { app_id: AppId::from_uuid(Uuid::now_v7()), ..new };
        let token = SecretHash::of("st_2");
        assert_eq!(site.store.create_session(nobody, &token, now()).await.unwrap(), None);
    }
}
