//! What a document may hold, what is said of one that may not, and what visitors may send.

use serde_json::{Value, json};

use super::*;
use crate::{
    app::{Answer, Answers, AppSettings, CustomButton, Question, Survey},
    context::Context,
    events::EventTime,
    lifecycle::State,
};

/// A document with one of everything: that of the documentation.
fn everything() -> Value {
    serde_json::from_str(include_str!("../../schemas/design.example.json")).unwrap()
}

fn read(document: Value) -> Result<Design, Vec<(String, String)>> {
    Design::read(document)
        .map_err(|faults| faults.into_iter().map(|fault| (fault.pointer, fault.message)).collect())
}

fn good() -> Design {
    read(everything()).unwrap()
}

/// The faults of a document in which one value is another one, or gone.
fn faults_with(pointer: &str, value: Option<Value>) -> Vec<(String, String)> {
    let mut document = everything();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    match (parent, value) {
        (Value::Object(map), Some(value)) => drop(map.insert(key.to_owned(), value)),
        (Value::Object(map), None) => drop(map.remove(key)),
        (Value::Array(list), Some(value)) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("nothing to change at {pointer}"),
    }
    read(document).expect_err(pointer)
}

fn context(pairs: &[(&str, &str)]) -> Context {
    Context::new(pairs.iter().copied()).unwrap()
}

fn values(pairs: &[(&str, &str)]) -> FormValues {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_document_reads_back_as_it_was_written() {
    let design = good();
    let kept = design.to_json().to_string();
    assert_eq!(Design::read_kept(&kept).unwrap(), design);
    assert_eq!(read(design.to_json()).unwrap(), design);
    assert_eq!(design.origins(), ["https://f.example", "https://img.example"]);
}

#[test]
fn a_draft_may_be_unfinished_but_keeps_the_rules_of_its_form() {
    let with = |pointer: &str, value: Value| {
        let mut document = everything();
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    for (changed, value) in [
        ("/states/idle/0/text", json!({ "en": "Talk to us" })),
        ("/states/idle/0/text/de", json!(" ")),
        ("/states/idle/2/src", json!("https://")),
        ("/states/idle/5/fields", json!([])),
        ("/states/idle/5/fields/3/options", json!([])),
        ("/theme/logo/src", json!("http:")),
        ("/states/idle/1/rich/en/1/href", json!("https:/")),
    ] {
        let document = with(changed, value);
        assert!(Design::read(document.clone()).is_err(), "{changed}");
        let draft = Design::read_draft(document).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(draft.origins().iter().all(|origin| origin.starts_with("https://")), "{changed}");
    }
    for (changed, value) in [
        ("/states/idle/0/text/fr", json!("Bonjour")),
        ("/states/idle/0/type", json!("video")),
        ("/states/idle/5/fields/1/name", json!("name")),
        ("/states/idle/5/fields/0/pattern", json!("(a")),
        ("/theme/radius", json!(33)),
        ("/languages", json!([])),
    ] {
        let mut document = everything();
        match document.pointer_mut(changed) {
            Some(place) => *place = value,
            None => document["states"]["idle"][0]["text"]["fr"] = value,
        }
        assert!(Design::read_draft(document).is_err(), "{changed}");
    }
}

#[test]
fn every_fault_is_named_by_its_place() {
    let long = "x".repeat(2_001);
    for (changed, value, named) in [
        ("/version", json!(2), "/version"),
        ("/version", json!("1"), "/version"),
        ("/languages", json!([]), "/languages"),
        ("/languages/1", json!("EN"), "/languages/1"),
        ("/languages/1", json!("d"), "/languages/1"),
        ("/theme/radius", json!(33), "/theme/radius"),
        ("/theme/radius", json!("8"), "/theme/radius"),
        ("/theme/colour", json!(1), "/theme/colour"),
        ("/theme/font/stack", json!("comic"), "/theme/font/stack"),
        ("/theme/font/file/url", json!("http://f.example/a.woff2"), "/theme/font/file/url"),
        ("/theme/font/file/family", json!("a\"; } body {"), "/theme/font/file/family"),
        ("/theme/logo/src", json!("data:image/png,x"), "/theme/logo/src"),
        ("/theme/logo/src", json!("https://user:word@img.example/"), "/theme/logo/src"),
        ("/theme/launcher/label/de", json!(" "), "/theme/launcher/label/de"),
        ("/states/later", json!([]), "/states/later"),
        ("/states/idle", json!({}), "/states/idle"),
        ("/states/idle/0", json!(1), "/states/idle/0"),
        ("/states/idle/0/type", json!("video"), "/states/idle/0/type"),
        ("/states/idle/0/txt", json!("idle.title"), "/states/idle/0/txt"),
        ("/states/idle/0/text", json!("idle.nothing"), "/states/idle/0/text"),
        ("/states/idle/0/text", json!(7), "/states/idle/0/text"),
        ("/states/idle/0/text/fr", json!("Bonjour"), "/states/idle/0/text/fr"),
        ("/states/idle/0/text/de", json!("x".repeat(201)), "/states/idle/0/text/de"),
        ("/states/idle/0/id", json!("1st"), "/states/idle/0/id"),
        ("/states/idle/4/id", json!("title"), "/states/idle/4/id"),
        ("/states/idle/1/text", json!("idle.text"), "/states/idle/1"),
        (
            "/states/idle/1/rich/en/1/href",
            json!("javascript:alert(1)"),
            "/states/idle/1/rich/en/1/href",
        ),
        (
            "/states/idle/1/rich/en/1/href",
            json!("http://shop.example"),
            "/states/idle/1/rich/en/1/href",
        ),
        ("/states/idle/1/rich/en/0/text", json!(long), "/states/idle/1/rich/en"),
        ("/states/idle/2/width", json!(15), "/states/idle/2/width"),
        ("/states/idle/2/width", json!(-1), "/states/idle/2/width"),
        ("/states/idle/4/size", json!("huge"), "/states/idle/4/size"),
        ("/states/idle/5/fields", json!([]), "/states/idle/5/fields"),
        ("/states/idle/5/fields/0/name", json!("a b"), "/states/idle/5/fields/0/name"),
        ("/states/idle/5/fields/1/name", json!("name"), "/states/idle/5/fields/1/name"),
        ("/states/idle/6/fields/0/name", json!("name"), "/states/idle/6/fields/0/name"),
        ("/states/idle/5/fields/0/pattern", json!("(a"), "/states/idle/5/fields/0/pattern"),
        ("/states/idle/5/fields/0/pattern", json!("(?=a)"), "/states/idle/5/fields/0/pattern"),
        ("/states/idle/5/fields/0/pattern", json!("a)|(?:b"), "/states/idle/5/fields/0/pattern"),
        ("/states/idle/5/fields/1/pattern", json!("a"), "/states/idle/5/fields/1/pattern"),
        (
            "/states/idle/5/fields/3/options/0/value",
            json!(" "),
            "/states/idle/5/fields/3/options/0/value",
        ),
        ("/states/idle/5/fields/0/minLength", json!(21), "/states/idle/5/fields/0/minLength"),
        ("/states/idle/5/fields/0/maxLength", json!(2_001), "/states/idle/5/fields/0/maxLength"),
        ("/states/idle/5/fields/3/options", json!([]), "/states/idle/5/fields/3/options"),
        (
            "/states/idle/5/fields/4/options",
            json!([{ "value": "a", "label": "idle.call" }]),
            "/states/idle/5/fields/4/options",
        ),
        ("/states/idle/5/fields/0/kind", json!("number"), "/states/idle/5/fields/0/kind"),
        ("/states/idle/6/when/context", json!({ "1a": "x" }), "/states/idle/6/when/context/1a"),
        ("/states/idle/6/when/colour", json!("red"), "/states/idle/6/when/colour"),
        ("/states/idle/7/version", json!(""), "/states/idle/7/version"),
        ("/states/closed/2/fields/0/name", json!("phone"), "/states/closed/2/fields/0/name"),
        (
            "/states/calling/0/effect/url",
            json!("javascript:alert(1)"),
            "/states/calling/0/effect/url",
        ),
        ("/states/survey/1/questions", json!([]), "/states/survey/1/questions"),
        ("/states/survey/1/questions/0/id", json!(""), "/states/survey/1/questions/0/id"),
        ("/states/survey/1/when", json!({ "open": true }), "/states/survey/1/when"),
        ("/states/survey", json!([{ "type": "divider" }]), "/states/survey"),
        ("/states/error/1/when/languages", json!(["?"]), "/states/error/1/when/languages/0"),
        ("/texts/fr/ended.duration", json!("en tout"), "/texts/fr/ended.duration"),
        ("/texts/fr/ended.duration", json!(""), "/texts/fr/ended.duration"),
        ("/texts/fr/ended.nothing", json!("x"), "/texts/fr/ended.nothing"),
        ("/texts/f", json!({}), "/texts/f"),
        ("/more", json!(1), "/more"),
    ] {
        let faults = faults_with(changed, Some(value.clone()));
        let (pointer, message) = &faults[0];
        assert_eq!(pointer, named, "{changed} = {value}: {faults:?}");
        assert!(message.len() > 10, "{changed}: {message}");
    }
    for (gone, named) in [
        ("/version", "/version"),
        ("/languages", ""),
        ("/states/idle/0/text/de", "/states/idle/0/text/de"),
        ("/states/idle/1/rich/de", "/states/idle/1/rich/de"),
        ("/states/idle/0/type", "/states/idle/0/type"),
        ("/states/idle/2/alt", "/states/idle/2"),
        ("/states/survey/1/comment/label/de", "/states/survey/1/comment/label/de"),
    ] {
        assert_eq!(faults_with(gone, None)[0].0, named, "without {gone}");
    }
    for nothing in [json!([]), json!(null), json!("x")] {
        assert_eq!(read(nothing).unwrap_err()[0].0, "");
    }
}

#[test]
fn several_faults_are_named_at_once_in_the_order_of_the_document() {
    let mut document = everything();
    document["theme"]["radius"] = json!(99);
    document["states"]["idle"][2]["src"] = json!("ftp://x");
    document["states"]["error"][0]["text"] = json!({ "en": "Oh" });
    let faults: Vec<_> = read(document).unwrap_err().into_iter().map(|(at, _)| at).collect();
    assert_eq!(faults, ["/theme/radius", "/states/idle/2/src", "/states/error/0/text/de"]);
}

#[test]
fn blocks_stand_where_they_work_and_as_often_as_they_work() {
    let idle = everything()["states"]["idle"].clone();
    for (state, block) in [("ended", &idle[5]), ("closed", &idle[7]), ("survey", &idle[8])] {
        let mut document = everything();
        document["states"][state].as_array_mut().unwrap().push(block.clone());
        let faults = read(document).unwrap_err();
        assert!(faults[0].0.starts_with(&format!("/states/{state}/")), "{faults:?}");
        assert!(faults[0].0.ends_with("/type"), "{faults:?}");
    }
    let mut document = everything();
    document["states"]["idle"].as_array_mut().unwrap().push(idle[7].clone());
    assert_eq!(read(document).unwrap_err()[0].0, "/states/idle/9/type");
}

#[test]
fn a_pair_of_colours_below_aa_is_refused_and_named_in_light_and_dark() {
    let palette = |theme: &str| Theme::default().into_json()[theme].clone();
    for theme in ["light", "dark"] {
        for (token, on) in [
            ("text", "canvas"),
            ("textSoft", "canvas"),
            ("onAccent", "accent"),
            ("onDanger", "danger"),
            ("accent", "canvas"),
            ("danger", "canvas"),
            ("line", "canvas"),
        ] {
            let mut colours = palette(theme);
            // A colour on itself has no contrast at all.
            colours[token] = colours[on].clone();
            let faults = faults_with(&format!("/theme/{theme}"), Some(colours));
            let named = format!("{token} on {on} has a contrast of 1.00 in {theme}");
            let found = faults.iter().any(|(pointer, message)| {
                *pointer == format!("/theme/{theme}/{token}") && message.contains(&named)
            });
            assert!(found, "{named}: {faults:?}");
        }
    }
    // 4.48 is too little, and 4.54 is enough.
    for (gray, good) in [("#777777", false), ("#767676", true)] {
        let mut colours = palette("light");
        for white in ["canvas", "surface"] {
            colours[white] = json!("#ffffff");
        }
        colours["textSoft"] = json!(gray);
        let mut document = everything();
        document["theme"]["light"] = colours;
        assert_eq!(read(document).is_ok(), good, "{gray}");
    }
}

impl Theme {
    fn into_json(self) -> Value {
        serde_json::to_value(self).unwrap()
    }
}

#[test]
fn an_app_without_a_document_has_a_design_that_shows_its_settings() {
    let mut settings = AppSettings::named("Shop");
    let plain = Design::of_settings(&settings);
    assert_eq!(read(plain.to_json()).unwrap(), plain, "the default design keeps all rules");
    assert!(plain.survey().is_none());

    settings.language = "de".into();
    settings.survey = Some(Survey {
        questions: vec![Question { id: "q1".into(), label: "Wie war es?".into() }],
        comment_label: Some("Noch etwas?".into()),
    });
    let button = json!({ "label": "Shop", "action": "link", "url": "https://shop.example",
                         "states": ["idle", "ended"] });
    settings.custom_buttons = vec![serde_json::from_value::<CustomButton>(button).unwrap()];
    let design = Design::of_settings(&settings);
    assert_eq!(read(design.to_json()).unwrap(), design);
    let asked = &design.survey().unwrap().questions[0];
    assert_eq!((asked.id.as_str(), asked.label.own("de")), ("q1", Some("Wie war es?")));
    for state in [State::Idle, State::Ended] {
        let last = design.states.of(state).last().unwrap();
        assert!(matches!(last, Block::Button(button) if button.label.own("de") == Some("Shop")));
    }
}

#[test]
fn own_words_are_shown_in_the_nearest_language() {
    let design = good();
    for (tag, language) in [("de", "de"), ("DE", "de"), ("de-AT", "de"), ("fr", "en"), ("", "en")] {
        assert_eq!(design.language_for(tag), language, "{tag}");
    }
}

#[test]
fn form_values_keep_the_rules_of_their_fields() {
    let (design, nobody) = (good(), context(&[]));
    let view = View { open: Some(true), language: Some("en"), context: &nobody };
    let check = |pairs: &[(&str, &str)]| {
        design.check_form(&values(pairs), view).map_err(|error| error.pointer)
    };
    let whole = [
        ("name", "Ada"),
        ("mail", "a@shop.example"),
        ("phone", "+1 555 0100"),
        ("topic", "order"),
        ("terms", "true"),
        ("more", "a\nb c"),
    ];
    assert_eq!(check(&whole), Ok(()));
    assert_eq!(check(&[("name", "Ada")]), Ok(()));
    assert_eq!(check(&[]), Err("/name".into()));
    assert_eq!(check(&[("name", "  ")]), Err("/name".into()));
    for (name, value) in [
        ("name", "ada"),
        ("name", "A".repeat(21).as_str()),
        ("name", "A\nb"),
        ("mail", "a@b@c"),
        ("phone", "*21#"),
        ("topic", "other"),
        ("terms", "yes"),
        ("more", "ab"),
        ("vip", "7"),
        ("~/", "x"),
    ] {
        let mut given = vec![("name", "Ada")];
        given.retain(|(known, _)| *known != name);
        given.push((name, value));
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        assert_eq!(check(&given), Err(pointer), "{name} = {value:?}");
    }
}

#[test]
fn a_field_that_is_hidden_takes_no_value_and_one_that_may_be_is_not_required() {
    let (design, gold) = (good(), context(&[("plan", "gold")]));
    let view = View { open: Some(true), language: None, context: &gold };
    assert_eq!(design.check_form(&values(&[("name", "Ada"), ("vip", "7")]), view), Ok(()));
    let error = design.check_form(&values(&[("name", "Ada")]), view).unwrap_err();
    assert_eq!(error.pointer, "/vip");

    let mut document = everything();
    document["states"]["idle"][6]["when"] = json!({ "languages": ["de"] });
    let design = read(document).unwrap();
    let nobody = context(&[]);
    let speaks = |language| View { open: None, language, context: &nobody };
    let (with, without) = (values(&[("name", "Ada"), ("vip", "7")]), values(&[("name", "Ada")]));
    for (language, with_it, without_it) in
        [(Some("de-CH"), true, false), (Some("en"), false, true), (None, true, true)]
    {
        assert_eq!(design.check_form(&with, speaks(language)).is_ok(), with_it, "{language:?}");
        assert_eq!(
            design.check_form(&without, speaks(language)).is_ok(),
            without_it,
            "{language:?}"
        );
    }
}

#[test]
fn a_consent_is_recorded_with_the_words_that_were_shown() {
    let (design, nobody) = (good(), context(&[]));
    let view = View { open: Some(true), language: Some("de"), context: &nobody };
    let at = EventTime::from_millis(7).unwrap();
    let hash = design.consent().unwrap().hash("de").unwrap();
    let given = GivenConsent { hash: hash.clone(), accepted: true };
    let record = design.record_consent(Some(&given), view, at).unwrap().unwrap();
    assert_eq!((record.hash.as_str(), record.language.as_str()), (hash.as_str(), "de"));
    assert_eq!((record.version.as_str(), record.text.as_str()), ("2026-11", "Wir zeichnen auf."));
    assert_eq!(hash.len(), 64);

    let refused = |given: Option<GivenConsent>| design.record_consent(given.as_ref(), view, at);
    assert!(refused(None).is_err());
    assert!(refused(Some(GivenConsent { hash: hash.clone(), accepted: false })).is_err());
    assert!(refused(Some(GivenConsent { hash: "0".repeat(64), accepted: true })).is_err());
    // Other words, another version, another language: another hash.
    let mut hashes = vec![hash, design.consent().unwrap().hash("en").unwrap()];
    for (pointer, value) in [
        ("/states/idle/7/version", json!("2026-12")),
        ("/states/idle/7/text/de/0/text", json!("Wir nehmen auf.")),
        ("/states/idle/7/text/de/0/bold", json!(true)),
    ] {
        let mut document = everything();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[key] = value;
        hashes.push(read(document).unwrap().consent().unwrap().hash("de").unwrap());
    }
    let different: std::collections::HashSet<_> = hashes.iter().collect();
    assert_eq!(different.len(), hashes.len());

    let mut document = everything();
    document["states"]["idle"].as_array_mut().unwrap().remove(7);
    let without = read(document).unwrap();
    assert_eq!(without.record_consent(None, view, at), Ok(None));
    assert!(without.record_consent(Some(&given), view, at).is_err());
}

#[test]
fn answers_belong_to_the_questions_of_the_design() {
    let design = good();
    let answers = |id: &str, comment: Option<&str>| Answers {
        answers: vec![Answer { question_id: id.into(), rating: 5 }],
        comment: comment.map(str::to_owned),
    };
    assert_eq!(design.check_answers(&answers("q1", Some("Fine"))), Ok(()));
    let error = design.check_answers(&answers("q2", None)).unwrap_err();
    assert_eq!(error.pointer, "/answers/0/questionId");

    let mut document = everything();
    document["states"]["survey"][1].as_object_mut().unwrap().remove("comment");
    let silent = read(document).unwrap();
    assert_eq!(silent.check_answers(&answers("q1", Some(" "))), Ok(()));
    assert_eq!(silent.check_answers(&answers("q1", Some("x"))).unwrap_err().pointer, "/comment");
    let none = Design::of_settings(&AppSettings::named("Shop"));
    assert!(none.check_answers(&answers("q1", None)).is_err());
}

#[test]
fn a_call_back_is_asked_for_where_it_is_offered_and_with_a_way_to_reach_the_visitor() {
    let (design, nobody) = (good(), context(&[]));
    let view = View { open: Some(false), language: None, context: &nobody };
    let check = |state, pairs: &[(&str, &str)]| {
        design.check_callback(state, &values(pairs), view).map_err(|error| error.pointer)
    };
    for pairs in [
        &[("phone", "+1 555 0100")][..],
        &[("email", "a@shop.example"), ("time", "after six"), ("topic", "Order")],
    ] {
        assert_eq!(check(State::Closed, pairs), Ok(()));
    }
    assert_eq!(check(State::Closed, &[("time", "now")]), Err("/phone".into()));
    assert_eq!(check(State::Closed, &[("phone", "none")]), Err("/phone".into()));
    assert_eq!(check(State::Closed, &[("phone", "+1 555 0100"), ("x", "")]), Err("/x".into()));
    assert_eq!(check(State::Error, &[("phone", "+1 555 0100")]), Err(String::new()));
}
