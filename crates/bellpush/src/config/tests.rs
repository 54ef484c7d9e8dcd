use clap::Parser;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
}

fn load(arguments: &[&str]) -> Result<Config, String> {
    let arguments = std::iter::once("serve").chain(arguments.iter().copied());
    let command = Command::try_parse_from(arguments).map_err(|error| error.to_string())?;
    Config::load(command.options).map_err(|error| format!("{error:#}"))
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn without_any_option_the_defaults_work() {
    let config = load(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.origin.as_str(), "http://localhost:8080");
    let MasterKeys::File(file) = config.master_keys else { panic!("no file of master keys") };
    assert_eq!(file, PathBuf::from("data/master.key"));
    assert!(!config.allow_loopback_endpoints && !config.demo);
}

#[test]
fn the_command_line_wins_over_the_file() {
    let file = file("listen = \"127.0.0.1:9000\"\nmax_calls = 7\ndemo = true\n");
    let path = file.path().to_str().unwrap();
    let config = load(&["--config", path, "--listen", "127.0.0.1:9001"]).unwrap();
    assert_eq!(config.listen.port(), 9001);
    assert_eq!(config.max_calls, 7);
    assert!(config.demo);
    assert_eq!(config.origin.as_str(), "http://localhost:9001");
}

#[test]
fn a_wrong_value_is_answered_with_a_sentence_that_names_the_option() {
    let unknown = file("lisen = \"127.0.0.1:9000\"\n");
    let wrong = file("max_calls = \"many\"\n");
    let cases: [(&[&str], &[&str]); 19] = [
        (&["--listen", "here"], &["--listen", "here"]),
        (&["--public-url", "calls.example.com"], &["--public-url", "https://calls.example.com"]),
        (&["--public-url", "http://calls.example.com"], &["--public-url", "https://"]),
        (&["--public-url", "https://calls.example.com/x"], &["--public-url"]),
        (&["--database-url", "mysql://x"], &["--database-url", "postgres://"]),
        (&["--admin-api-key", "secret"], &["--admin-api-key", "bp_"]),
        (&["--master-keys", "1:x", "--master-key-file", "k"], &["--master-keys"]),
        (&["--turn-urls", "turn.example", "--turn-secret", "s"], &["--turn-urls", "turn:"]),
        (&["--turn-urls", "turn:turn.example"], &["--turn-secret"]),
        (&["--turn-secret", "s"], &["--turn-urls"]),
        (&["--otlp-endpoint", "localhost:4318"], &["--otlp-endpoint", "http://localhost:4318"]),
        (&["--otlp-endpoint", "http://me:word@localhost"], &["--otlp-endpoint", "OTEL_"]),
        (&["--trace-ratio", "1.5"], &["--trace-ratio", "0 to 1"]),
        (&["--sip-address", "::"], &["--sip-address", "203.0.113.7"]),
        (&["--rtp-address", "0.0.0.0"], &["--rtp-address", "203.0.113.7"]),
        (&["--rtp-address", "224.0.0.1"], &["--rtp-address", "203.0.113.7"]),
        (&["--session-seconds", "0"], &["--session-seconds", "at least 1"]),
        (&["--config", unknown.path().to_str().unwrap()], &["lisen"]),
        (&["--config", wrong.path().to_str().unwrap()], &["max_calls"]),
    ];
    for (arguments, expected) in cases {
        let error = load(arguments).unwrap_err();
        for part in expected {
            assert!(error.contains(part), "{arguments:?}: {error:?} does not say {part:?}");
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    let key = format!("bp_{}", "a".repeat(43));
    let mut arguments = vec!["--admin-api-key", &key, "--database-url", "postgres://u:word@h/d"];
    arguments.extend(["--master-keys", "1:word"]);
    let config = load(&arguments);
    let shown = format!("{:?}", config.unwrap());
    assert!(!shown.contains("aaaa") && !shown.contains("word"), "{shown}");
}

#[test]
fn what_stands_in_a_file_is_not_shown_when_it_cannot_be_read() {
    for (text, place) in [
        ("demo = true\nadmin_api_key = \"bp_hidden\n", "line 2"),
        ("turn_secret = 123456789\n", "turn_secret"),
        ("master_keys = [\"1:hidden\"]\n", "master_keys"),
    ] {
        let file = file(text);
        let error = load(&["--config", file.path().to_str().unwrap()]).unwrap_err();
        assert!(error.contains(place), "{error}");
        assert!(!error.contains("hidden") && !error.contains("12345"), "{error}");
    }
}
