//! The limits of the context, with the exact sentence, in the document and for a session.

use serde_json::{Map, Value};

use crate::shop::{Shop, refused};

fn cases() -> Vec<(Vec<(String, String)>, String)> {
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let key_rule = |key: &str| {
        format!(
            "the context key \"{key}\" is not allowed: a key starts with a letter and has at most \
             64 letters, digits, \"_\", \".\" or \"-\""
        )
    };
    let long_key = "k".repeat(65);
    vec![
        (
            (10..43).map(|n| (format!("k{n}"), "v".into())).collect(),
            "the context has more than 32 keys; \"k42\" is one too many".into(),
        ),
        (pair("1st", "v"), key_rule("1st")),
        (pair("order id", "v"), key_rule("order id")),
        (pair("größe", "v"), key_rule("größe")),
        (pair("__proto__", "v"), key_rule("__proto__")),
        (pair(&long_key, "v"), key_rule(&long_key[..64])),
        (
            pair("note", &"é".repeat(513)),
            "the value of the context key \"note\" is longer than 512 characters".into(),
        ),
        (
            (10..27).map(|n| (format!("k{n}"), "v".repeat(500))).collect(),
            "the context is larger than 8192 bytes in all, from the key \"k26\" on".into(),
        ),
    ]
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_with_the_name_of_the_key() {
    let shop = Shop::open().await;
    for (pairs, sentence) in cases() {
        let parameters: Vec<_> =
            pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let answer = shop.document(&parameters).await;
        assert_eq!(answer.status, 422, "{sentence}");
        let shown = sentence.replace('"', "&quot;");
        assert!(answer.text().contains(&shown), "{shown} is not in {}", answer.text());

        let context: Map<String, Value> =
            pairs.into_iter().map(|(key, value)| (key, value.into())).collect();
        let request = shop.embed.request(&Value::Object(context));
        let problem = refused(&shop.embed.ask(&request).await.unwrap(), 422, "invalid");
        assert_eq!(problem.detail, sentence);
        assert_eq!(problem.pointer.as_deref(), Some("/context"));
    }
}

#[tokio::test]
async fn a_key_given_twice_is_refused_and_a_reserved_one_is_no_context() {
    let shop = Shop::open().await;
    let answer = shop.document(&[("orderId", "A-1"), ("orderId", "A-2")]).await;
    assert_eq!(answer.status, 422);
    let sentence = "the context key &quot;orderId&quot; is given twice";
    assert!(answer.text().contains(sentence), "{}", answer.text());

    for key in ["key", "session", "destination", "lang", "theme", "preview", "origin"] {
        let mut context = serde_json::json!({});
        context[key] = "v".into();
        let answer = shop.embed.ask(&shop.embed.request(&context)).await.unwrap();
        let expected = format!(
            "\"{key}\" is reserved for the widget's own settings and can't be a context key"
        );
        assert_eq!(refused(&answer, 422, "invalid").detail, expected);
    }
}

#[tokio::test]
async fn values_at_the_limits_come_through_unchanged() {
    let shop = Shop::open().await;
    let key = format!("k{}", "_.-9".repeat(15)) + "abc";
    let mut context = serde_json::json!({ "note": "é".repeat(512) });
    context[&key] = "\u{1F514} & <b> \"'".into();
    let widget = shop.embed.open(context.clone()).await.unwrap();
    assert_eq!(widget.session.context, context);
    let loaded = widget.event("widget_loaded", serde_json::json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    let recorded = &shop.api.events(&shop.app, "").await.unwrap()[0];
    assert_eq!(recorded.envelope().unwrap()["data"]["context"], context);
}
