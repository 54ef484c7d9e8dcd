//! People: what is good once is taken once, however many ask at the same time.

use std::net::IpAddr;

use bellpush_core::{
    access::{Apps, Authority, Email, Grant, Role, SignInSettings, SsoSettings, ViewedList},
    events::EventTime,
    ids::{AppId, MemberId},
};
use bellpush_store::{
    Accounts, Actor, Ceremony, InvitationDraft, Kept, LetInBy, Member, MemberError, NewMember,
    NewPasskey, NewSignIn, Proofs, SavedView, SecretHash, SignIn, SignInError, SignInWay,
    SsoArrival, SsoError, SsoIdentity,
};
use futures_util::future::join_all;

use crate::site::now;

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn later(seconds: i64) -> EventTime {
    EventTime::from_millis(now().millis() + seconds * 1_000).unwrap()
}

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn sign_in(token: &SecretHash, way: SignInWay) -> NewSignIn<'_> {
    NewSignIn { token, device: "Firefox on Linux", address: ADDRESS, expires_at: later(60), way }
}

/// The first owner, signed in by the token `first`.
pub(crate) async fn owner(accounts: &Accounts) -> (Member, SignIn) {
    let link = SecretHash::of("su_link");
    assert!(accounts.add_setup_link(&link).await.unwrap());
    let address = email("olga@example.com");
    let new = NewMember { name: "Olga", email: &address, password: Some(&"hash".into()) };
    let token = SecretHash::of("first");
    let sign_in = sign_in(&token, SignInWay::Link);
    accounts.set_up(&link, &new, &sign_in, &Actor::stranger(ADDRESS)).await.unwrap()
}

/// An invitation that nobody but the host's administrator has made.
fn of_host<'a>(token: &'a SecretHash, email: &'a Email) -> InvitationDraft<'a> {
    InvitationDraft {
        token,
        email,
        grant: Grant::new(Role::Editor, Apps::All).unwrap(),
        invited_by: None,
        made_by_key: None,
        expires_at: later(60),
    }
}

fn by_provider<'a>(subject: &'a str, address: Option<&'a Email>) -> SsoArrival<'a> {
    let identity = SsoIdentity { issuer: "https://login.example", subject };
    SsoArrival { settings: 0, identity, name: "Ben", email: address, grant: None, new_member: None }
}

fn view(app_id: AppId, name: &str, query: &str) -> SavedView {
    let (name, query) = (name.into(), query.into());
    SavedView { app_id, list: ViewedList::Calls, name, query }
}

on_both_stores! {
    async fn views_are_of_one_member_and_go_with_their_app(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let app_id = site.app().await;
        let kept = async |view: &SavedView| accounts.keep_view(olga.id, view).await.unwrap();
        let Kept::As(first) = kept(&view(app_id, "Failed", "state=failed")).await else { panic!() };
        // One of the same name takes its place.
        let newer = view(app_id, "Failed", "state=ended");
        assert_eq!(kept(&newer).await, Kept::As(first));
        let other = SavedView { list: ViewedList::Deliveries, ..view(app_id, "Failed", "") };
        assert!(matches!(kept(&other).await, Kept::As(id) if id != first));
        let views = accounts.views(olga.id).await.unwrap();
        assert_eq!(views.iter().map(|(_, view)| view).collect::<Vec<_>>(), [&newer, &other]);
        let nobody = MemberId::from_uuid(uuid::Uuid::now_v7());
        assert!(accounts.views(nobody).await.unwrap().is_empty());
        assert!(!accounts.forget_view(nobody, first).await.unwrap());
        assert!(accounts.forget_view(olga.id, first).await.unwrap());
        assert!(!accounts.forget_view(olga.id, first).await.unwrap());

        assert!(site.store.delete_app(app_id, &Actor::HOST).await.unwrap());
        assert!(accounts.views(olga.id).await.unwrap().is_empty());
        assert_eq!(kept(&newer).await, Kept::NoApp);
        site.nothing_is_left().await;
        assert_eq!(site.found("SELECT name AS found FROM saved_views").await, [""; 0]);
    }

    async fn nobody_keeps_more_views_than_there_may_be_however_many_are_kept_at_once(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let app_id = site.app().await;
        let named = |number: u32| view(app_id, &number.to_string(), "");
        for number in 0..95 {
            accounts.keep_view(olga.id, &named(number)).await.unwrap();
        }
        let more: Vec<_> = (95..105).map(named).collect();
        let kept = join_all(more.iter().map(|view| accounts.keep_view(olga.id, view))).await;
        let as_new = |it: &Result<Kept, _>| matches!(it, Ok(Kept::As(_)));
        assert_eq!(kept.iter().filter(|it| as_new(it)).count(), 5);
        assert_eq!(accounts.views(olga.id).await.unwrap().len(), 100);
        // What is there can be replaced still.
        let replaced = accounts.keep_view(olga.id, &named(7)).await.unwrap();
        assert!(matches!(replaced, Kept::As(_)));
    }

    async fn a_code_of_a_step_is_taken_once_and_none_of_before(site) {
        let accounts = site.store.accounts();
        let (olga, browser) = owner(&accounts).await;
        assert!(accounts.put_totp_key(olga.id, "sealed").await.unwrap());
        assert!(!accounts.take_totp_step(olga.id, 7).await.unwrap(), "it is not in use");
        let by = (browser.id, &Actor::HOST);
        let codes = [SecretHash::of("a"), SecretHash::of("b")];
        let another = accounts.confirm_totp(olga.id, ("another tab's", 10), &codes, by).await;
        assert!(!another.unwrap(), "its code was of another key");
        assert!(accounts.confirm_totp(olga.id, ("sealed", 10), &codes, by).await.unwrap());
        assert!(!accounts.put_totp_key(olga.id, "other").await.unwrap(), "it is in use");
        let taken = join_all((0..8).map(|_| accounts.take_totp_step(olga.id, 11))).await;
        assert_eq!(taken.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1);
        assert!(!accounts.take_totp_step(olga.id, 10).await.unwrap());
        let taken = (0..8).map(|_| accounts.take_backup_code(olga.id, &codes[0], &Actor::HOST));
        let taken = join_all(taken).await;
        assert_eq!(taken.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1);
        assert_eq!(accounts.second_factors(olga.id).await.unwrap().backup_codes, 1);
    }

    async fn what_is_begun_goes_on_once_until_its_time_is_over(site) {
        let accounts = site.store.accounts();
        let token = SecretHash::of("ce_1");
        let begun = Ceremony { kind: "sso".into(), member_id: None, state: "{}".into() };
        accounts.begin_ceremony(&token, &begun, later(60)).await.unwrap();
        assert_eq!(accounts.go_on(&token, "passkey", now()).await.unwrap(), None);
        assert_eq!(accounts.go_on(&token, "sso", later(61)).await.unwrap(), None);
        let all = join_all((0..8).map(|_| accounts.go_on(&token, "sso", now()))).await;
        let found: Vec<_> = all.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(found, [begun]);
    }

    async fn a_browser_that_is_idle_or_whose_time_is_over_is_signed_out(site) {
        let accounts = site.store.accounts();
        owner(&accounts).await;
        let token = SecretHash::of("first");
        let found = async |at, idle_since| {
            accounts.signed_in(&token, at, idle_since).await.unwrap().is_some()
        };
        assert!(found(now(), later(-60)).await);
        assert!(!found(later(61), later(-60)).await, "its time is over");
        assert!(!found(now(), later(5)).await, "it was not used");
        assert_eq!(accounts.remove_expired_sign_ins(later(61), later(-60)).await.unwrap(), 1);
    }

    async fn a_provider_means_the_same_person_whatever_their_address_is(site) {
        let accounts = site.store.accounts();
        owner(&accounts).await;
        let (ben, moved) = (email("ben@example.com"), email("moved@example.com"));
        let come = async |arrival: &SsoArrival<'_>, token: &str| {
            let token = SecretHash::of(token);
            accounts.sso_sign_in(arrival, &sign_in(&token, SignInWay::Sso)).await
        };
        let refused = come(&by_provider("1", Some(&ben)), "a").await;
        assert!(matches!(refused, Err(SsoError::NoMember)), "{refused:?}");
        let new_member = Some(Grant::new(Role::Editor, Apps::All).unwrap());
        let arrival = SsoArrival { new_member, ..by_provider("1", Some(&ben)) };
        let (made, _) = come(&arrival, "b").await.unwrap();
        assert_eq!((made.email.as_str(), made.grant.role()), ("ben@example.com", Role::Editor));
        let (same, _) = come(&by_provider("1", Some(&moved)), "c").await.unwrap();
        assert_eq!(same.id, made.id);
        let (same, _) = come(&by_provider("1", None), "d").await.unwrap();
        assert_eq!(same.id, made.id);
    }

    async fn nobody_becomes_a_member_by_getting_their_address(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let with_client = |client_id: &str| SignInSettings {
            sso: Some(SsoSettings {
                issuer: "https://login.example".into(),
                client_id: client_id.into(),
                name: "Login".into(),
                map_groups: false,
                groups_claim: "groups".into(),
                groups: Vec::new(),
                new_members: None,
            }),
            ..SignInSettings::default()
        };
        let save = async |client: &str| {
            site.store.save_sign_in_settings(&with_client(client), None, &Actor::HOST).await.unwrap()
        };
        let come = async |subject: &str, settings| {
            let token = SecretHash::of(subject);
            let arrival = SsoArrival { settings, ..by_provider(subject, Some(&olga.email)) };
            accounts.sso_sign_in(&arrival, &sign_in(&token, SignInWay::Sso)).await
        };
        let first = save("one").await;
        assert_eq!(come("olga", first).await.unwrap().0.id, olga.id);
        let refused = come("successor", first).await;
        assert!(matches!(refused, Err(SsoError::OtherAccount)), "{refused:?}");
        // Another client, by which the provider may call the same person differently.
        let second = save("two").await;
        assert_eq!(come("olga-at-two", second).await.unwrap().0.id, olga.id);
    }

    async fn no_group_takes_the_last_owners_role(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let viewer = Grant::new(Role::Viewer, Apps::All).unwrap();
        let arrival = SsoArrival { grant: Some(viewer), ..by_provider("1", Some(&olga.email)) };
        let token = SecretHash::of("a");
        let new = sign_in(&token, SignInWay::Sso);
        let (same, _) = accounts.sso_sign_in(&arrival, &new).await.unwrap();
        assert_eq!((same.id, same.grant.role()), (olga.id, Role::Owner));
    }

    async fn whoever_came_otherwise_is_signed_out_when_single_sign_on_becomes_the_only_way(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let (first, other) = (SecretHash::of("first"), SecretHash::of("second"));
        let arrival = by_provider("1", Some(&olga.email));
        accounts.sso_sign_in(&arrival, &sign_in(&other, SignInWay::Sso)).await.unwrap();
        let settings = SignInSettings { require_sso: true, ..SignInSettings::default() };
        site.store.save_sign_in_settings(&settings, None, &Actor::HOST).await.unwrap();
        let left = async |token| {
            accounts.signed_in(token, now(), later(-60)).await.unwrap().is_some()
        };
        assert_eq!((left(&first).await, left(&other).await), (false, true));
        assert_eq!(accounts.sign_in_settings().await.unwrap(), settings);
    }

    async fn who_was_judged_before_a_change_is_not_let_in_after_it(site) {
        let accounts = site.store.accounts();
        let (olga, browser) = owner(&accounts).await;
        let by = (browser.id, &Actor::HOST);
        let judged = async || {
            let (_, hash) = accounts.by_email(&olga.email).await.unwrap().unwrap();
            let factors = accounts.second_factors(olga.id).await.unwrap();
            Proofs::of(&hash.unwrap(), &factors)
        };
        let come = async |by: LetInBy<'_>| {
            let token = SecretHash::of(&uuid::Uuid::now_v7().to_string());
            let new = sign_in(&token, SignInWay::Password);
            accounts.sign_in(&olga, &new, by, &Actor::HOST).await
        };
        let at_first = judged().await;
        come(LetInBy::Password(&at_first)).await.unwrap();

        accounts.set_password(olga.id, &"another hash".into(), browser.id, &Actor::HOST).await.unwrap();
        let refused = come(LetInBy::Password(&at_first)).await;
        assert!(matches!(refused, Err(SignInError::Changed)), "{refused:?}");
        let before_codes = judged().await;
        assert!(accounts.put_totp_key(olga.id, "sealed").await.unwrap());
        come(LetInBy::Password(&before_codes)).await.unwrap();
        assert!(accounts.confirm_totp(olga.id, ("sealed", 10), &[SecretHash::of("a")], by).await.unwrap());
        let refused = come(LetInBy::Password(&before_codes)).await;
        assert!(matches!(refused, Err(SignInError::Changed)), "{refused:?}");
        // A code on paper that is used changes nothing of it.
        let with_codes = judged().await;
        let code = SecretHash::of("a");
        assert!(accounts.take_backup_code(olga.id, &code, &Actor::HOST).await.unwrap());
        come(LetInBy::Password(&with_codes)).await.unwrap();

        let new = NewPasskey { credential_id: "c", credential: "{}", name: "Laptop" };
        let passkey = accounts.add_passkey(olga.id, new, by).await.unwrap().unwrap();
        come(LetInBy::Passkey(passkey.id)).await.unwrap();
        assert!(accounts.remove_passkey(olga.id, passkey.id, by).await.unwrap());
        let refused = come(LetInBy::Passkey(passkey.id)).await;
        assert!(matches!(refused, Err(SignInError::Changed)), "{refused:?}");

        let settings = SignInSettings { require_sso: true, ..SignInSettings::default() };
        site.store.save_sign_in_settings(&settings, None, &Actor::HOST).await.unwrap();
        let refused = come(LetInBy::Password(&judged().await)).await;
        assert!(matches!(refused, Err(SignInError::SsoRequired)), "{refused:?}");
    }

    async fn an_invitation_makes_a_member_without_a_password_where_single_sign_on_is_the_only_way(site) {
        let accounts = site.store.accounts();
        owner(&accounts).await;
        let (link, ben) = (SecretHash::of("in_1"), email("ben@example.com"));
        let invitation = of_host(&link, &ben);
        let by = (&Authority::of_member(&Grant::OWNER), &Actor::HOST);
        accounts.invite(invitation, by).await.unwrap();
        let settings = SignInSettings { require_sso: true, ..SignInSettings::default() };
        site.store.save_sign_in_settings(&settings, None, &Actor::HOST).await.unwrap();
        let token = SecretHash::of("a");
        let new = sign_in(&token, SignInWay::Link);
        let who = ("Ben", Some(&"hash".into()));
        let stranger = Actor::stranger(ADDRESS);
        let (member, signed_in) = accounts.accept_invitation(&link, who, &new, &stranger).await.unwrap();
        assert_eq!((signed_in, member.has_password), (None, false));
        let (same, _) = accounts
            .sso_sign_in(
                &SsoArrival { settings: 1, ..by_provider("1", Some(&ben)) },
                &sign_in(&token, SignInWay::Sso),
            )
            .await
            .unwrap();
        assert_eq!((same.id, same.grant.role()), (member.id, Role::Editor));
    }

    async fn nobody_comes_by_a_provider_by_settings_that_have_changed_meanwhile(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let token = SecretHash::of("a");
        let new = sign_in(&token, SignInWay::Sso);
        let (_, judged) = accounts.sign_in_settings_with_revision().await.unwrap();
        let arrival = SsoArrival { settings: judged, ..by_provider("1", Some(&olga.email)) };
        let domains = vec!["example.org".to_owned()];
        let settings =
            SignInSettings { allowed_email_domains: domains, ..SignInSettings::default() };
        let revision = site.store.save_sign_in_settings(&settings, None, &Actor::HOST).await.unwrap();
        let refused = accounts.sso_sign_in(&arrival, &new).await;
        assert!(matches!(refused, Err(SsoError::Changed)), "{refused:?}");
        let judged_anew = SsoArrival { settings: revision, ..arrival };
        assert_eq!(accounts.sso_sign_in(&judged_anew, &new).await.unwrap().0.id, olga.id);
    }

    async fn an_invitation_to_a_domain_that_is_not_allowed_any_more_is_dead(site) {
        let accounts = site.store.accounts();
        let (link, ben) = (SecretHash::of("in_1"), email("ben@example.com"));
        let invitation = of_host(&link, &ben);
        let by = (&Authority::of_member(&Grant::OWNER), &Actor::HOST);
        accounts.invite(invitation, by).await.unwrap();
        assert!(accounts.invitation_by_token(&link, now()).await.unwrap().is_some());
        let domains = vec!["example.org".to_owned()];
        let settings =
            SignInSettings { allowed_email_domains: domains, ..SignInSettings::default() };
        site.store.save_sign_in_settings(&settings, None, &Actor::HOST).await.unwrap();
        assert_eq!(accounts.invitation_by_token(&link, now()).await.unwrap(), None);
        let (token, stranger) = (SecretHash::of("a"), Actor::stranger(ADDRESS));
        let new = sign_in(&token, SignInWay::Link);
        let who = ("Ben", Some(&"hash".into()));
        let refused = accounts.accept_invitation(&link, who, &new, &stranger).await;
        assert!(matches!(refused, Err(MemberError::DeadLink)), "{refused:?}");
    }

    async fn whom_a_provider_meant_does_not_come_back_with_an_owner_who_was_recovered(site) {
        let accounts = site.store.accounts();
        let (olga, _) = owner(&accounts).await;
        let token = SecretHash::of("a");
        let new = sign_in(&token, SignInWay::Sso);
        accounts.sso_sign_in(&by_provider("1", Some(&olga.email)), &new).await.unwrap();
        let link = SecretHash::of("re_1");
        let hour = std::time::Duration::from_secs(3_600);
        accounts.add_recovery_link(&link, &olga.email, hour).await.unwrap();
        let back = SecretHash::of("b");
        accounts.recover(&link, &"new hash".into(), &sign_in(&back, SignInWay::Link)).await.unwrap();
        let refused = accounts.sso_sign_in(&by_provider("1", None), &new).await;
        assert!(matches!(refused, Err(SsoError::NoMember)), "{refused:?}");
    }

    async fn a_browser_is_known_by_its_sign_in_after_it_was_given_another_token(site) {
        let accounts = site.store.accounts();
        let (olga, browser) = owner(&accounts).await;
        let other = SecretHash::of("second");
        accounts.step_up(browser.id, &other, &Actor::HOST).await.unwrap().unwrap();
        let found = accounts.signed_in_by_id(browser.id, now(), later(-60)).await.unwrap();
        assert_eq!(found.unwrap().member.id, olga.id);
        let over = accounts.signed_in_by_id(browser.id, later(61), later(-60)).await.unwrap();
        assert_eq!(over, None);
    }
}
