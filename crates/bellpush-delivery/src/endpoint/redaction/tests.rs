use std::collections::BTreeMap;

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;
use crate::signing::SigningSecret;

const HUSH: &str = "hush/\"4c1d\"&x";
const ABROAD: &str = "pÄsswört-4711";

fn signer() -> Signer {
    Signer::new(SigningSecret::generate([0xfb; 32]))
}

fn redaction() -> Redaction {
    let mut settings =
        IntegrationSettings::new("n", "https://hooks.example/{secret.a}".parse().unwrap());
    settings.headers.insert("x-key".into(), "{secret.longer}".parse().unwrap());
    settings.headers.insert("x-other".into(), "{secret.abroad}".parse().unwrap());
    let secrets = [
        ("a", HUSH),
        ("longer", "hush/\"4c1d\"&x and more"),
        ("unused", "answer"),
        ("abroad", ABROAD),
    ];
    let secrets = secrets.map(|(name, value)| (name.parse().unwrap(), value.into()));
    Redaction::new(&settings, &secrets.into(), &signer())
}

#[test]
fn a_secret_is_taken_out_of_a_text_in_every_look_that_it_was_sent_in() {
    let signing = SigningSecret::generate([0xfb; 32]).reveal();
    let signing = signing.expose_secret();
    for (said, kept) in [
        (format!("you sent {HUSH}, {HUSH}"), "you sent {secret.a}, {secret.a}"),
        ("GET /hush/%224c1d%22%26x".into(), "GET /{secret.a}"),
        ("?hush%2F%224c1d%22%26x".into(), "?{secret.a}"),
        (r#"{"path":"hush/\"4c1d\"&x"}"#.into(), r#"{"path":"{secret.a}"}"#),
        (format!("{HUSH} and more"), "{secret.longer}"),
        (format!("key {signing}"), "key whsec_[signing secret]"),
        (
            signing.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D"),
            "whsec_[signing secret]",
        ),
        (r#"{"path":"hush\/\"4c1d\"\u0026x"}"#.into(), r#"{"path":"{secret.a}"}"#),
        (
            r#""{\"path\":\"hush\\/\\\"4c1d\\\"\\u0026x\"}""#.into(),
            r#""{\"path\":\"{secret.a}\"}""#,
        ),
        (r"\u0068\u0075\u0073\u0068\u002F\u0022\u0034c1d\u0022\u0026x!".into(), "{secret.a}!"),
        ("<b>hush/&quot;4c1d&quot;&amp;x</b>".into(), "<b>{secret.a}</b>"),
        ("<b>hush&#47;&#34;4c1d&#034;&#x26;&#X78;</b>".into(), "<b>{secret.a}</b>"),
        ("%68ush%2f%224c1d%22&amp;x".into(), "{secret.a}"),
        ("hush&sol;&quot;4c1d&QUOT;&AMP;x".into(), "{secret.a}"),
        ("hush&#47&#034;4c1d&#x00022&ampx".into(), "{secret.a}"),
        ("hush&#00047;&#0000034;4c1d&#34&#38;x".into(), "{secret.a}"),
        ("?state=hush%5C%2F%5C%224c1d%5C%22%5Cu0026x".into(), "?state={secret.a}"),
        ("?state=hush%2F%26quot%3B4c1d%26quot;%26amp%3Bx".into(), "?state={secret.a}"),
        (r"hush\/\u0026quot;4c1d\u0026#34;\u0026amp;x".into(), "{secret.a}"),
        (format!("key {ABROAD}."), "key {secret.abroad}."),
        ("p&Auml;ssw&ouml;rt-4711".into(), "{secret.abroad}"),
        ("p&amp;Auml;ssw&#246;rt&#45;4711".into(), "{secret.abroad}"),
        (
            "p%C3%84ssw%c3%b6rt-4711, p%C4ssw%F6rt-4711".into(),
            "{secret.abroad}, {secret.abroad}",
        ),
        (r"p\u00c4ssw\u00F6rt-4711".into(), "{secret.abroad}"),
        // UTF-8 that was read as Latin-1, as windows-1252, and the former as a log shows it.
        ("p\u{c3}\u{84}ssw\u{c3}\u{b6}rt-4711".into(), "{secret.abroad}"),
        ("p\u{c3}\u{201e}ssw\u{c3}\u{b6}rt-4711".into(), "{secret.abroad}"),
        ("p\u{c3}\u{fffd}ssw\u{c3}\u{b6}rt-4711".into(), "{secret.abroad}"),
        ("p&Atilde;&bdquo;ssw&Atilde;&para;rt-4711".into(), "{secret.abroad}"),
        // Latin-1 that was read as UTF-8.
        ("p\u{fffd}ssw\u{fffd}rt-4711".into(), "{secret.abroad}"),
        // UTF-16 that was read as UTF-8, with its NUL or what a log shows of it.
        ("h\0u\0s\0h\0/\0\"\x004\0c\x001\0d\0\"\0&\0x\0!".into(), "{secret.a}\0!"),
        (
            "\u{fffd}h\u{fffd}u\u{fffd}s\u{fffd}h\u{fffd}/\u{fffd}\"\u{fffd}4\u{fffd}c\u{fffd}1\u{fffd}d\u{fffd}\"\u{fffd}&\u{fffd}x"
                .into(),
            "\u{fffd}{secret.a}",
        ),
        ("in hex 687573682f223463316422 26".into(), "in hex 687573682f223463316422 26"),
        ("in hex 687573682f22346331642226780a".into(), "in hex {secret.a}0a"),
        ("in hex 687573682F2234633164222678".into(), "in hex {secret.a}"),
        ("an answer of its own".into(), "an answer of its own"),
    ] {
        assert_eq!(redaction().apply(said.clone(), 4_096), kept, "{said}");
    }
}

#[test]
fn a_secret_is_taken_out_of_base64_wherever_it_stands_there() {
    for before in ["", "u", "me", "you", "Zoë:"] {
        for after in ["", ":", "! ", "end"] {
            for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(format!("{before}{HUSH}{after}"));
                let text = redaction().apply(format!("auth={encoded}."), 4_096);
                assert!(text.contains("{secret.a}"), "{encoded}: {text}");
                let (left, right) = text.split_once("{secret.a}").unwrap();
                let begun = engine.encode(before);
                assert!(left.len() <= "auth=".len() + begun.len(), "{encoded}: {text}");
                assert!(right.len() <= 1 + engine.encode(after).len() + 2, "{encoded}: {text}");
            }
        }
    }
}

#[test]
fn a_secret_is_taken_out_of_base64_that_was_wrapped() {
    for width in [4, 8, 64, 76] {
        for end in ["\r\n", "\n", "\\r\\n", "\\n", "%0D%0A"] {
            for before in ["", "u", "me", &"x".repeat(50)] {
                let encoded = STANDARD.encode(format!("{before}{HUSH} and more"));
                let lines: Vec<&str> = encoded
                    .as_bytes()
                    .chunks(width)
                    .map(|it| str::from_utf8(it).unwrap())
                    .collect();
                let text = redaction().apply(lines.join(end), 4_096);
                assert!(text.contains("{secret."), "{width} {end:?}: {text}");
            }
        }
    }
}

#[test]
fn a_secret_is_taken_out_of_the_name_of_a_header() {
    let steps = Steps::for_bytes(0);
    assert_eq!(redaction().apply_to_name("x-hush/\"4C1D\"&x-y", &steps), "x-{secret.a}-y");
    assert_eq!(redaction().apply_to_name("content-type", &steps), "content-type");
}

#[test]
fn a_secret_that_was_cut_off_is_taken_out_as_far_as_it_is_there() {
    for cut in SHORTEST_REST..HUSH.len() {
        let said = format!("you sent {}", &HUSH[..cut]);
        let limit = said.len();
        assert_eq!(redaction().apply(said, limit), "you sent ");
    }
    // A whole one before, of which the end looks like a beginning.
    let url = "https://hooks.example/{secret.a}".parse().unwrap();
    let secrets = BTreeMap::from([("a".parse().unwrap(), "AA0  0A%".into())]);
    let ambiguous = Redaction::new(&IntegrationSettings::new("n", url), &secrets, &signer());
    assert_eq!(ambiguous.apply("you sent AA0%20%200A%26".into(), 23), "you sent ");
    // In a text that was not cut it is no secret.
    assert_eq!(redaction().apply("be hush".into(), 4_096), "be hush");
}

proptest! {
    #[test]
    fn no_secret_whatever_is_left_in_a_text(
        value in "[ -~]{8,40}|[ -~äÄßéñÿł€Ω😀]{8,40}",
        before in "[ -~]{0,20}",
        after in "[ -~]{0,20}",
    ) {
        let url = "https://hooks.example/{secret.a}".parse().unwrap();
        let secrets = BTreeMap::from([("a".parse().unwrap(), value.as_str().into())]);
        let redaction = Redaction::new(&IntegrationSettings::new("n", url), &secrets, &signer());
        let escaped = |escape: fn(char) -> String| value.chars().map(escape).collect::<String>();
        let in_latin_1: Option<Vec<u8>> =
            value.chars().map(|char| u8::try_from(char).ok()).collect();
        let read_in_latin_1: String = value.bytes().map(char::from).collect();
        let looks = [
            value.clone(),
            utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string(),
            value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            escaped(|char| format!("&#{};", u32::from(char))),
            escaped(|char| format!("&#x{:06X};", u32::from(char))),
            STANDARD.encode(&value),
            value.bytes().map(|byte| format!("{byte:02X}")).collect(),
            read_in_latin_1.replace(|char: char| char.is_control(), "\u{fffd}"),
            read_in_latin_1,
        ];
        let as_utf_8 = in_latin_1.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        // Of what has become unreadable as a whole nothing is shown.
        let as_utf_8 = as_utf_8.filter(|look| !look.chars().all(|char| char == '\u{fffd}'));
        let as_utf_16 = value.is_ascii().then(|| value.chars().map(|char| format!("{char}\0")).collect());
        for look in looks.into_iter().chain(as_utf_8).chain(as_utf_16) {
            let text = redaction.apply(format!("{before}{look}{after}"), 4_096);
            prop_assert!(!text.contains(&look), "{}", text);
        }
    }
}

fn in_url(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// As PHP and Go write it, which care for HTML.
fn in_json(text: &str) -> String {
    let mut units = [0; 2];
    let escaped = |char: char| match char {
        '"' | '\\' | '/' => format!("\\{char}"),
        '&' | '<' | '>' | '\'' => format!("\\u{:04x}", u32::from(char)),
        _ if char.is_ascii() => char.to_string(),
        _ => char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect(),
    };
    text.chars().map(escaped).collect()
}

fn in_html(text: &str) -> String {
    let escaped = |char| match char {
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '/' | '=' | '`' => format!("&#x{:X};", u32::from(char)),
        '<' | '>' | '+' | '%' | '\\' => format!("&#{};", u32::from(char)),
        _ => char.to_string(),
    };
    text.chars().map(escaped).collect()
}

proptest! {
    // Each has nine looks.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_secret_is_left_that_was_escaped_for_one_thing_within_another(
        value in r#"[ -~]{8,24}|["'/\\+=%&<>a-z]{8,24}|[ -~äÄßéñ€Ω😀]{8,24}"#,
        cut in any::<prop::sample::Index>(),
    ) {
        let url = "https://hooks.example/{secret.a}".parse().unwrap();
        let secrets = BTreeMap::from([("a".parse().unwrap(), value.as_str().into())]);
        let redaction = Redaction::new(&IntegrationSettings::new("n", url), &secrets, &signer());
        for outer in [in_url, in_json, in_html] {
            for inner in [in_url, in_json, in_html] {
                let look = outer(&inner(&value));
                let text = redaction.apply(format!("-{look}-"), 4_096);
                prop_assert_eq!(&text, "-{secret.a}-", "{}", look);
                // As far as it is there.
                let cut = SHORTEST_REST + cut.index(look.len() - SHORTEST_REST);
                let cut = look.ceil_char_boundary(cut);
                let begun = look[..cut].to_owned();
                let text = redaction.apply(begun, cut);
                let is_found = "{secret.a}".starts_with(&text) || text.starts_with("{secret.a}");
                prop_assert!(is_found, "{} up to {}: {}", look, cut, text);
            }
        }
    }
}

#[test]
fn a_text_does_not_grow_beyond_its_limit() {
    let said = format!("{HUSH}{}", "x".repeat(20));
    let limit = said.len();
    assert!(redaction().apply("x".repeat(limit), limit).len() <= limit);
    assert!(redaction().apply(said, limit).starts_with("{secret.a}x"));
}

#[test]
fn a_text_that_takes_too_long_to_search_is_not_shown() {
    let url = "https://hooks.example/{secret.a}".parse().unwrap();
    let slashes = format!("{}x", "\\".repeat(3_999));
    let secrets = BTreeMap::from([("a".parse().unwrap(), slashes.as_str().into())]);
    let settings = IntegrationSettings::new("n", url);
    let redaction = Redaction::new(&settings, &secrets, &signer());
    // To the end, it would be hours.
    assert_eq!(redaction.apply("\\".repeat(4_000), 4_096), NOT_SHOWN);
    let steps = Steps::for_bytes(MAX_HEADER_BYTES);
    assert!(redaction.apply_to_name(&"&a".repeat(30_000), &steps).len() <= MAX_HEADER_BYTES);
    assert_eq!(redaction.apply("not found".into(), 4_096), "not found");
}

#[test]
fn with_many_secrets_what_endpoints_say_is_shown() {
    let names: Vec<String> = (0..32).map(|n| format!("s{n}")).collect();
    let path: String = names.iter().map(|name| format!("{{secret.{name}}}/")).collect();
    let url = format!("https://hooks.example/{path}").parse().unwrap();
    let value = |n: &str| format!("{n}-Zk3+8dU0pQv/4xW1yB7cT2hN9rL6mE5a");
    let secrets = names.iter().map(|name| (name.parse().unwrap(), value(name).into()));
    let settings = IntegrationSettings::new("n", url);
    let redaction = Redaction::new(&settings, &secrets.collect(), &signer());
    let entry = r#"{"path":"\/orders\/17","note":"50% of 3 & more","at":"2026-12-01T04:00:00Z"},"#;
    let page = entry.repeat(4_096 / entry.len());
    assert_eq!(redaction.apply(page.clone(), 4_096), page);
    let url = "https%3A%2F%2Fshop.example%2Forders%3Fid%3D17%26state%3Dpaid".repeat(4);
    assert_eq!(redaction.apply(url.clone(), 256), url);
    let said = format!("{page}{}", value("s7"));
    assert_eq!(redaction.apply(said, 5_000), format!("{page}{{secret.s7}}"));
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let shown = format!("{:?}", redaction());
    assert!(shown.starts_with("Redaction(") && !shown.contains("hush"), "{shown}");
}
