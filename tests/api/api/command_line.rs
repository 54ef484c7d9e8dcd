//! `bellpush serve`: its help, its refusals, its first start.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use bellpush_test_support::server::{self, Options, ServerProcess};

use crate::shop::{Shop, refused};

/// Runs the program with these arguments; it is expected to end by itself.
fn run(change: impl FnOnce(&mut Command)) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = server::command().unwrap();
    command.current_dir(folder.path());
    change(&mut command);
    command.output().unwrap()
}

fn refusal(output: &Output) -> String {
    let code = output.status.code();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(code, Some(1 | 2)), "{code:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn help_names_every_option_with_its_meaning_and_its_variable() {
    let output = run(|command| {
        command.arg("--help");
    });
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let options: Vec<&str> = help
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("-h, ").strip_prefix("--"))
        .map(|rest| rest.split([' ', '[']).next().unwrap())
        .filter(|name| *name != "help")
        .collect();
    for wanted in [
        "config",
        "listen",
        "public-url",
        "data-dir",
        "database-url",
        "media-listen",
        "log-format",
        "log-level",
        "admin-api-key",
        "demo",
        "trusted-proxies",
        "max-call-seconds",
    ] {
        assert!(options.contains(&wanted), "no --{wanted} in {options:?}");
    }
    for option in options {
        let variable = format!("[env: BELLPUSH_{}", option.replace('-', "_").to_uppercase());
        assert!(help.contains(&variable), "no {variable} in\n{help}");
    }
    let longest = help.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(longest.chars().count() <= 100, "too long to read well: {longest}");
}

#[test]
fn a_value_of_a_variable_that_is_secret_is_not_in_the_help() {
    let output = run(|command| {
        command.arg("--help").env("BELLPUSH_ADMIN_API_KEY", "bp_hidden");
        command.env("BELLPUSH_DATABASE_URL", "postgres://u:hidden@h/d");
    });
    assert!(!String::from_utf8(output.stdout).unwrap().contains("hidden"));
}

#[test]
fn a_wrong_value_gives_one_sentence_that_names_the_option() {
    for (option, value) in [
        ("--listen", "here"),
        ("--listen", "127.0.0.1:99999"),
        ("--public-url", "calls.example.com"),
        ("--public-url", "http://calls.example.com"),
        ("--public-url", "https://calls.example.com/path"),
        ("--database-url", "mysql://h/d"),
        ("--media-listen", "10000"),
        ("--media-addresses", "here"),
        ("--trusted-proxies", "10.0.0.0/99"),
        ("--log-format", "xml"),
        ("--log-level", "loud,=;"),
        ("--admin-api-key", "secret"),
        ("--demo", "perhaps"),
        ("--max-active-integrations", "300"),
        ("--calls-per-minute", "0"),
        ("--max-calls", "-1"),
        ("--max-call-seconds", "0"),
        ("--media-timeout-seconds", "0"),
        ("--session-seconds", "0"),
        ("--config", "missing.toml"),
    ] {
        let variable = format!("BELLPUSH_{}", option[2..].replace('-', "_").to_uppercase());
        for by_variable in [false, true] {
            let output = run(|command| {
                if by_variable {
                    command.env(&variable, value);
                } else {
                    command.arg(format!("{option}={value}"));
                }
            });
            let text = refusal(&output);
            assert!(text.contains(option), "{option}={value}: {text}");
            let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
            assert!(lines <= 3, "{option}={value} gives more than a sentence:\n{text}");
            assert!(output.stdout.is_empty());
        }
    }
    let text = refusal(&run(|command| {
        command.arg("--lisen=127.0.0.1:1");
    }));
    assert!(text.contains("--lisen") && text.contains("--listen"), "{text}");
}

#[test]
fn a_file_with_a_mistake_is_refused_with_the_name_of_the_option() {
    for (line, wanted) in [
        ("lisen = \"127.0.0.1:0\"", "lisen"),
        ("max_calls = \"many\"", "max_calls"),
        ("listen = \"here\"", "listen"),
        ("listen = ", "line 1"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bellpush.toml");
        std::fs::write(&file, line).unwrap();
        let text = refusal(&run(|command| {
            command.arg("--config").arg(&file);
        }));
        assert!(text.contains(wanted), "{line}: {text}");
    }
}

#[test]
fn what_cannot_be_used_is_said_in_a_sentence() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let taken_by_media = socket.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    for (listen, media, data, extra, wanted) in [
        (taken.as_str(), free, "data", None, "--listen"),
        (free, taken_by_media.as_str(), "data", None, "--media-listen"),
        (free, free, "/proc/none", None, "/proc/none"),
        (free, free, "data", Some("--database-url=postgres://u:hidden@127.0.0.1:9/d"), "database"),
    ] {
        let text = refusal(&run(|command| {
            command.args(["--listen", listen, "--media-listen", media, "--data-dir", data]);
            command.args(extra);
        }));
        let last = text.lines().last().unwrap_or_default();
        assert!(last.starts_with("bellpush: ") && last.contains(wanted), "{wanted}: {text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}

#[tokio::test]
async fn the_first_start_makes_the_data_directory_and_prints_an_api_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let options = Options::sqlite().without_api_key().with("--data-dir", &data.to_string_lossy());
    let mut server = ServerProcess::start(options).await.unwrap();
    let printed = server.printed().unwrap();
    let keys: Vec<&str> =
        printed.split_whitespace().filter(|word| word.starts_with("bp_")).collect();
    assert_eq!(keys.len(), 1, "{printed}");
    let api = server.api().with_key(keys[0]);
    api.get("/v1/apps").await.unwrap().expect(200).unwrap();
    assert!(!server.log().unwrap().contains(keys[0]), "the key is in the log");

    server.terminate().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(server.printed().unwrap().matches("bp_").count(), 1);
    api.get("/v1/apps").await.unwrap().expect(200).unwrap();
    let database = std::fs::read(data.join("bellpush.db")).unwrap();
    let found = database.windows(keys[0].len()).any(|window| window == keys[0].as_bytes());
    assert!(!found, "the key is on disk in the clear");
}

#[tokio::test]
async fn a_key_that_is_given_is_not_printed_and_replaces_the_one_given_before() {
    let mut shop = Shop::open().await;
    assert!(!shop.server.printed().unwrap().contains("bp_"));
    shop.server.terminate().await.unwrap();
    let options = Options::sqlite().with("--data-dir", &shop.server.data_dir().to_string_lossy());
    let second = ServerProcess::start(options).await.unwrap();
    let address = second.url();
    let list: serde_json::Value = second.api().get("/v1/apps").await.unwrap().json().unwrap();
    assert_eq!(list["items"][0]["id"], shop.app.id, "{address}");
    let former = second.api().with_key(shop.api.key());
    refused(&former.get("/v1/apps").await.unwrap(), 401, "api-key-invalid");
}

#[tokio::test]
async fn a_server_that_cannot_start_takes_no_key_from_the_one_that_runs() {
    let database = bellpush_test_support::postgres::Database::create().await.unwrap();
    let shop = Shop::with(Options::postgres(&database)).await;
    let taken = shop.server.url().replace("http://", "");
    let text = refusal(&run(|command| {
        command.args(["--database-url", database.url(), "--listen", &taken]);
        let keys = shop.server.data_dir().join("master.key");
        command.arg("--master-key-file").arg(keys);
    }));
    assert!(text.contains("--listen"), "{text}");
    shop.api.get("/v1/apps").await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn a_server_runs_though_nothing_can_be_printed_and_the_key_is_printed_when_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").to_string_lossy().into_owned();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = server::command().unwrap();
    command.args(["--public-url", "http://localhost:8080"]);
    command.args(["--data-dir", &data, "--listen", "127.0.0.1:0", "--media-listen", "127.0.0.1:0"]);
    let mut child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let mut lines = log.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("is lost")), "the key could not be shown");
    // The link for the first owner comes after that: the server is there.
    assert!(lines.any(|line| line.contains("is lost")), "the link could not be shown");
    child.kill().unwrap();
    child.wait().unwrap();
    let options = Options::sqlite().without_api_key().with("--data-dir", &data);
    let server = ServerProcess::start(options).await.unwrap();
    assert!(server.printed().unwrap().contains("Admin API key, shown this once: bp_"));
}

#[tokio::test]
async fn two_servers_do_not_share_a_data_directory() {
    let shop = Shop::open().await;
    let data = shop.server.data_dir();
    let text = refusal(&run(|command| {
        command.args(["--listen", "127.0.0.1:0", "--media-listen", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(&data);
    }));
    let last = text.lines().last().unwrap_or_default();
    assert!(last.contains("in use by another bellpush process"), "{text}");
    assert!(last.contains(&*data.to_string_lossy()), "{text}");
    shop.api.get("/v1/apps").await.unwrap().expect(200).unwrap();
}

#[tokio::test]
async fn options_come_from_the_file_the_environment_and_the_command_line_in_this_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bellpush.toml");
    std::fs::write(
        &file,
        "session_seconds = 60\npublic_url = \"https://file.example\"\nlog_format = \"json\"\n",
    )
    .unwrap();
    let options = Options::sqlite()
        .with("--config", &file.to_string_lossy())
        .environment("BELLPUSH_PUBLIC_URL", "https://environment.example")
        .environment("BELLPUSH_SESSION_SECONDS", "120")
        .with("--session-seconds", "180");
    let shop = Shop::with(options).await;
    let session = shop.widget().await.session;
    let seconds = |text: &str| {
        text[17..19].parse::<i64>().unwrap() + 60 * text[14..16].parse::<i64>().unwrap()
    };
    let lifetime = (seconds(&session.expires_at) - seconds(&session.server_time)).rem_euclid(3600);
    assert!((178..=182).contains(&lifetime), "{session:?}");
    let preview = shop.document(&[("preview", &shop.preview_token().await)]).await;
    let policy = preview.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://environment.example"), "{policy}");
    for line in shop.server.log().unwrap().lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_server_on_postgresql_is_the_same() {
    let database = bellpush_test_support::postgres::Database::create().await.unwrap();
    let shop = Shop::with(Options::postgres(&database)).await;
    let widget = shop.widget().await;
    let call = widget.place().await.unwrap();
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let filter = "context=orderId:A-1";
    assert_eq!(shop.api.calls(&shop.app, filter).await.unwrap().len(), 1);
    assert_eq!(shop.event_names().await, ["call_started", "call_ended"]);
    shop.metrics().await;
}
