use bellpush_core::{events::CATALOGUE, integration::Preset};
use bellpush_test_fuzz::Seeds;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn maker(template: &str) -> Result<BodyRenderer, TemplateError> {
    BodyRenderer::new(&Payload { preset: Preset::Custom, template: Some(template.into()) })
}

fn make(template: &str, envelope: &Json) -> Result<String, TemplateError> {
    let envelope = envelope.to_string();
    let body = maker(template)?.render(&EventFacts { envelope: &envelope, ..SAMPLE })?.into_owned();
    Ok(String::from_utf8(body).unwrap())
}

fn event(data: Json) -> Json {
    json!({ "name": "wish", "data": data, "timestamp": "2026-03-01T09:30:00.000Z" })
}

fn at() -> EventTime {
    "2026-03-01T09:30:00.000Z".parse().unwrap()
}

#[test]
fn raw_is_the_envelope_byte_for_byte() {
    let envelope = "{ \"name\":\"x\",  \"data\":{\"b\":1,\"a\":1.0e0}, \"timestamp\":\"?\" }";
    let raw = BodyRenderer::new(&Payload::default()).unwrap();
    let body = raw.render(&EventFacts { envelope, ..SAMPLE }).unwrap();
    assert!(matches!(body, Cow::Borrowed(_)), "it was copied");
    assert_eq!(&*body, envelope.as_bytes());
}

#[test]
fn a_template_sees_the_envelope_and_the_ids() {
    let template = r#"{"a":{{ name }},"b":{{ data.n }},"c":{{ timestamp }},"d":{{ timestampMillis }},
        "e":{{ id }},"f":{{ appId }},"g":{{ callId }},"h":{{ data.context.orderId }},
        "i":{{ data.missing.deep }}}"#;
    let envelope = event(json!({ "n": 1.5, "context": { "orderId": "A" } }));
    let body: Json = serde_json::from_str(&make(template, &envelope).unwrap()).unwrap();
    let expected = json!({
        "a": "wish", "b": 1.5, "c": "2026-03-01T09:30:00.000Z", "d": 1_772_357_400_000_i64,
        "e": "01920000-0000-7000-8000-000000000001", "f": "app_01920000000070008000000000000001",
        "g": "call_01920000000070008000000000000001", "h": "A", "i": null,
    });
    assert_eq!(body, expected);
}

#[test]
fn what_an_event_holds_never_becomes_structure() {
    let attack = "\",\"admin\":true,\"x\":\"\n\u{2028}\\</script>{{ name }}{% raw %}";
    let envelope = event(json!({ "text": attack, "context": { "orderId": attack } }));
    for template in [
        "{\"text\":{{ data.text }}}",
        "{\"text\":{{ \"\" ~ data.text }}}",
        "{{ {\"text\": data.text} }}",
    ] {
        let body: Json = serde_json::from_str(&make(template, &envelope).unwrap()).unwrap();
        assert_eq!(body, json!({ "text": attack }), "{template}");
    }
    for preset in Preset::ALL.iter().filter(|preset| facts(**preset).template.is_some()) {
        let maker = BodyRenderer::new(&Payload { preset: *preset, template: None }).unwrap();
        let text = envelope.to_string();
        let body = maker.render(&EventFacts { envelope: &text, ..SAMPLE }).unwrap();
        let body: Json = serde_json::from_slice(&body).unwrap();
        assert!(!body.to_string().contains("\"admin\""), "{preset:?}: {body}");
    }
}

proptest! {
    #[test]
    fn no_value_whatever_becomes_structure(text in any::<String>(), key in any::<String>()) {
        let template = r#"{"plain":{{ data.text }},"joined":{{ "a " ~ data.text }},"map":{{ data.map }}}"#;
        let body = make(template, &event(json!({ "text": text, "map": { key.clone(): text } })));
        let body: Json = serde_json::from_str(&body.unwrap()).unwrap();
        let expected = json!({
            "plain": text, "joined": format!("a {text}"), "map": { key: text },
        });
        prop_assert_eq!(body, expected);
    }
}

#[test]
fn a_template_that_does_not_compile_is_refused_with_line_and_reason() {
    for (template, line, reason) in [
        ("{\n{{ name }\n}", 2, "syntax error"),
        ("{}\n\n{% if %}{% endif %}", 3, "syntax error"),
        ("{{ name | no_such_filter }}", 1, "unknown filter"),
        ("{% include 'x' %}", 1, "syntax error"),
        ("{% import 'x' as y %}", 1, "syntax error"),
        ("{% extends 'x' %}", 1, "syntax error"),
    ] {
        let error = match maker(template) {
            Err(error) => error,
            Ok(maker) => maker.render_sample("call_ended", at()).unwrap_err().error,
        };
        let TemplateError::Template { line: found, reason: why } = &error else {
            panic!("{template}: {error}")
        };
        assert_eq!(*found, line, "{template}: {error}");
        assert!(why.contains(reason), "{template}: {error}");
    }
}

#[test]
fn what_no_event_has_is_named_however_deep_it_is() {
    for preset in PRESETS {
        let payload = Payload { preset: preset.preset, template: None };
        assert_eq!(BodyRenderer::new(&payload).unwrap().unknown_names(), [""; 0], "{preset:?}");
    }
    let template = r#"{
        {% for at in range(2) %}"{{ at }}": {{ data.context.anything }},{% endfor %}
        {% set own = data.duration %}
        {%- if own %}{%- set a, b = [1, 2] -%}{% endif %}"c": {{ b }},
        "a": [{{ own }}, {{ data.durations }}, {{ data.reason.deep }}, {{ appId }}, {{ app_id }}],
        "b": [{{ data.text }}, {{ data.requestId }}, {{ timestampMillis }}, {{ missing.at.all }}]
    }"#;
    let unknown = maker(template).unwrap().unknown_names();
    assert_eq!(unknown, ["app_id", "data.durations", "data.reason.deep", "missing.at.all"]);
}

#[test]
fn what_is_not_json_is_refused() {
    for template in ["hello", "{\"a\":}", "", "{{ name }}{{ name }}", "{\"a\":{{ name | safe }}}"] {
        let error = make(template, &event(json!({}))).unwrap_err();
        assert!(matches!(error, TemplateError::NotJson(_)), "{template}: {error}");
    }
}

#[test]
fn a_template_that_works_too_much_or_makes_too_much_is_stopped() {
    let began = std::time::Instant::now();
    let data = event(json!({ "text": "x".repeat(8_000) }));
    for (template, expected) in [
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}1",
            TemplateError::TooMuchWork,
        ),
        ("{% set x = \"aaaaaaaaaaaaaaaa\" * 100000000 %}{{ x }}", TemplateError::TooMuchWork),
        ("[{% for a in range(100) %}{{ data.text }},{% endfor %}1]", TemplateError::TooLong),
    ] {
        assert_eq!(make(template, &data).unwrap_err(), expected, "{template}");
    }
    let deep = format!("{}1{}", "{% if true %}".repeat(500), "{% endif %}".repeat(500));
    assert!(make(&deep, &data).is_err());
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn every_preset_makes_json_of_every_event() {
    for (index, preset) in Preset::ALL.into_iter().enumerate() {
        assert_eq!(facts(preset).preset, preset);
        assert_eq!(PRESETS[index].preset, preset);
        if preset == Preset::Custom {
            continue;
        }
        let maker = BodyRenderer::new(&Payload { preset, template: None }).unwrap();
        for name in CATALOGUE.iter().map(|(name, _, _)| name.as_str()).chain(["wants_callback"]) {
            let body = maker.render_sample(name, at()).unwrap();
            let body: Json = serde_json::from_str(&body).unwrap();
            assert!(body.to_string().contains(match preset {
                Preset::Slack => "A-12345",
                _ => name,
            }));
        }
        // Without a context, and with nothing else.
        let bare = event(json!({ "context": {} })).to_string();
        let body = maker.render(&EventFacts { envelope: &bare, call_id: None, ..SAMPLE }).unwrap();
        serde_json::from_slice::<Json>(&body).unwrap();
    }
}

#[test]
fn the_urls_and_headers_of_presets_can_be_saved_and_name_the_secrets_that_are_listed() {
    for preset in &PRESETS {
        let mut settings = bellpush_core::integration::IntegrationSettings::new(
            preset.name,
            preset.url.parse().unwrap(),
        );
        for (name, value) in preset.headers {
            settings.headers.insert((*name).into(), value.parse().unwrap());
        }
        settings.check().unwrap();
        let named: Vec<_> = settings.secrets().map(|(name, _)| name.as_str()).collect();
        let listed: Vec<_> = preset.secrets.iter().map(|(name, _)| *name).collect();
        assert_eq!(named, listed, "{}", preset.name);
    }
}

#[test]
fn slack_and_google_analytics_get_what_they_document() {
    let slack = BodyRenderer::new(&Payload { preset: Preset::Slack, template: None }).unwrap();
    let envelope = json!({
        "name": "call_error", "timestamp": "2026-03-01T09:30:00.000Z",
        "data": { "errorMessage": "<!channel> & <b>", "context": {} },
    })
    .to_string();
    let body = slack.render(&EventFacts { envelope: &envelope, ..SAMPLE }).unwrap();
    let body: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["text"], "A call failed: &lt;!channel&gt; &amp; &lt;b&gt;");
    assert_eq!(body["blocks"].as_array().unwrap().len(), 1);

    let analytics = Payload { preset: Preset::GoogleAnalytics, template: None };
    let analytics = BodyRenderer::new(&analytics).unwrap();
    let body = analytics.render_sample("call_ended", at()).unwrap();
    let body: Json = serde_json::from_str(&body).unwrap();
    let expected = json!({
        "client_id": "01920000-0000-7000-8000-000000000001",
        "timestamp_micros": 1_772_357_400_000_000_i64,
        "events": [{ "name": "call_ended", "params": {
            "duration": 42, "reason": "user_hangup",
            "bellpush_event_id": "01920000-0000-7000-8000-000000000001",
        } }],
    });
    assert_eq!(body, expected);
}

/// Whatever somebody saves as a template: it is refused, or what it makes is JSON within the limits,
/// soon, and never a panic.
#[test]
fn fuzz_templates() {
    let own = PRESETS.iter().filter_map(|preset| preset.template);
    let loops = [
        "{% for a in range(99) %}{% for b in range(99) %}{{ a }}{% endfor %}{% endfor %}",
        "[{% for key, value in data|items %}{{ key }}{% if not loop.last %},{% endif %}{% endfor %}]",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(m(name)) }}",
        "{{ [1,2,3]|map('abs')|list }}{% set x = data.context %}{{ x.a.b.c }}",
        "{{ name|upper|replace('_', '')|truncate(3) }}{{ -1 // 2 ** 3 % 4 }}{{ 'x' * 9 }}",
        "{%- raw -%}{{ }}{%- endraw -%}{# c #}{% filter tojson %}x{% endfilter %}",
    ];
    let words = [
        "{{ ",
        " }}",
        "{% ",
        " %}",
        "{% endfor %}",
        "range(100000)",
        "|tojson",
        "loop.index",
        "[::-1]",
        " ~ ",
        "**999",
        " is defined",
        "'\\u{0}'",
        "9223372036854775807",
        "self",
        "super()",
        "{% include 'x' %}",
        "{% block a %}",
        "|format(1)",
        "|indent(999999)",
        "|batch(0)",
        "|round(400)",
        "|center(4000000000)",
        "|slice(0)",
        "namespace()",
    ];
    Seeds::new(own.chain(loops)).words(words).run(2_000, |bytes| {
        let source = String::from_utf8_lossy(bytes).into_owned();
        let Ok(maker) = maker(&source) else { return };
        let started = std::time::Instant::now();
        for event in ["call_ended", "survey_submitted"] {
            if let Ok(body) = maker.render_sample(event, at()) {
                assert!(body.len() <= MAX_BODY_BYTES);
                assert!(serde_json::from_str::<Json>(&body).is_ok(), "{body}");
            }
        }
        assert!(started.elapsed().as_secs() < 5, "it took {:?}", started.elapsed());
    });
}
