//! Pages of other sites may not use the widget's routes, whatever token they have got hold of.

use bellpush_test_support::{answer::Answer, widget::Widget};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::shop::{EVIL, Shop, refused};

/// Requests that change something, each as the widget would send it.
fn changes(shop: &Shop, widget: &Widget, call_id: &str) -> Vec<RequestBuilder> {
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    let call = format!("/v1/calls/{call_id}");
    vec![
        widget.request(Method::POST, "/v1/widget/sessions").json(&shop.embed.request(&json!({}))),
        widget.request(Method::POST, "/v1/widget/sessions/refresh"),
        widget.request(Method::POST, "/v1/widget/events").json(&json!({ "events": [loaded] })),
        widget
            .request(Method::POST, "/v1/calls")
            .header("content-type", "application/sdp")
            .body("v=0\r\n"),
        widget.request(Method::POST, &format!("{call}/dtmf")).json(&json!({ "digit": "*" })),
        widget
            .request(Method::POST, &format!("{call}/leave"))
            .body(json!({ "token": widget.session.token }).to_string()),
        widget.request(Method::DELETE, &call),
    ]
}

#[tokio::test]
async fn no_page_of_another_site_can_change_anything() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    let headers: [&[(&str, &str)]; 7] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", EVIL)],
        &[("sec-fetch-site", "cross-site"), ("origin", &shop.server.url())],
        &[("origin", EVIL)],
        &[("origin", "null")],
        &[("origin", &shop.embed.origin)],
    ];
    for headers in headers {
        for mut request in changes(&shop, &widget, &call.call_id) {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = Answer::to(request).await.unwrap();
            refused(&answer, 403, "cross-site");
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
    assert_eq!(shop.api.call(&shop.app, &call.call_id).await.unwrap().state, "live");
    assert_eq!(shop.event_names().await, ["call_started"]);
}

#[tokio::test]
async fn the_servers_own_pages_are_not_kept_out() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let own = shop.server.url();
    for headers in [
        [("sec-fetch-site", "same-origin"), ("origin", own.as_str())],
        [("x-other", "1"), ("origin", own.as_str())],
    ] {
        let mut request = widget.request(Method::POST, "/v1/widget/sessions/refresh");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        Answer::to(request).await.unwrap().expect(200).unwrap();
    }
}

#[tokio::test]
async fn no_answer_is_readable_by_pages_of_other_sites() {
    let shop = Shop::open().await;
    let widget = shop.widget().await;
    let request = widget.request(Method::OPTIONS, "/v1/widget/events");
    let answer =
        Answer::to(request.header("origin", EVIL).header("access-control-request-method", "POST"))
            .await
            .unwrap();
    assert_ne!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
