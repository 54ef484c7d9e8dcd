//! What visits report of pages.

use bellpush_core::{
    embed::{Visit, VisitProblem},
    events::EventTime,
};

use crate::site::now;

fn visit(page: &str, microphone: bool) -> Visit {
    Visit {
        page: page.to_owned(),
        problem: None,
        microphone: Some(microphone),
        frames: Some(1),
        loader: Some(true),
    }
}

fn refused(page: &str) -> Visit {
    Visit { problem: Some(VisitProblem::Origin), microphone: None, ..visit(page, true) }
}

fn after(seconds: i64) -> EventTime {
    EventTime::from_millis(now().millis() + seconds * 1_000).unwrap()
}

on_both_stores! {
    async fn the_last_report_of_a_page_counts(site) {
        let (store, app) = (&site.store, site.app().await);
        let other = site.app().await;
        let contact = "https://shop.example/contact";
        let begun = now();
        store.keep_embed_report(app, &visit(contact, false), begun).await.unwrap();
        store.keep_embed_report(app, &visit("https://shop.example/", true), begun).await.unwrap();
        store.keep_embed_report(app, &visit(contact, true), after(60)).await.unwrap();
        let reports = store.embed_reports(app).await.unwrap();
        assert_eq!(reports.len(), 2);
        assert_eq!(reports[0].visit, visit(contact, true));
        assert_eq!(reports[0].first_seen_at, begun);
        assert!(reports[0].seen_at > begun);
        assert_eq!(store.embed_reports(other).await.unwrap(), []);
    }

    async fn pages_without_a_widget_neither_hide_nor_displace_those_with_one(site) {
        let (store, app) = (&site.store, site.app().await);
        let shown = visit("https://shop.example/contact", true);
        store.keep_embed_report(app, &shown, now()).await.unwrap();
        for number in 0..30 {
            let page = format!("https://s{number}.example");
            store.keep_embed_report(app, &refused(&page), after(number)).await.unwrap();
        }
        store.keep_embed_report(app, &refused(&shown.page), after(90)).await.unwrap();
        let reports = store.embed_reports(app).await.unwrap();
        assert_eq!(reports.len(), 21);
        assert_eq!(reports[0].visit.page, "https://s29.example");
        assert_eq!(reports.last().unwrap().visit, shown);
        // A page that is allowed at last is shown as that.
        let allowed = visit("https://s29.example", true);
        store.keep_embed_report(app, &allowed, after(100)).await.unwrap();
        assert_eq!(store.embed_reports(app).await.unwrap()[0].visit, allowed);
    }

    async fn of_many_pages_those_seen_last_are_kept_and_none_of_a_deleted_app(site) {
        let (store, app) = (&site.store, site.app().await);
        for number in 0..205 {
            let page = format!("https://shop.example/{number}");
            store.keep_embed_report(app, &visit(&page, true), after(number)).await.unwrap();
        }
        let reports = store.embed_reports(app).await.unwrap();
        assert_eq!(reports.len(), 200);
        assert_eq!(reports.last().unwrap().visit.page, "https://shop.example/5");
        assert!(store.delete_app(app, &bellpush_store::Actor::HOST).await.unwrap());
        store.keep_embed_report(app, &visit("https://late.example", true), now()).await.unwrap();
        site.nothing_is_left().await;
    }
}
