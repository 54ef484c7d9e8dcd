//! The programs of docs/receivers.md, run as they stand there.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use bellpush_test_support::{SOON, answer, eventually, ports::free_port, server};
use serde_json::json;
use standardwebhooks::Webhook;
use tempfile::TempDir;
use tokio::{process::Child, task::JoinSet};

const PAGE: &str = include_str!("../../../docs/receivers.md");
const SECRET: &str = "whsec_dGhlIGtleSBvZiB0aGUgcmVjZWl2ZXJzIHRlc3RzLi4=";
const OTHER_SECRET: &str = "whsec_YW5vdGhlciBrZXksIGZvciB3aGF0IGlzIHdyb25nLi4=";
const BODY: &str = r#"{"name":"call_ended","data":{"duration":42,"reason":"user_hangup","context":{"name":"Zürich"}},"timestamp":"2026-03-01T09:30:00.000Z"}"#;

struct Language {
    /// What its block is marked with.
    fence: &'static str,
    file: &'static str,
    /// How the page says that it is run.
    command: &'static str,
    /// Succeeds where it can be run.
    probe: &'static str,
}

const PYTHON: Language = Language {
    fence: "python",
    file: "receiver.py",
    command: "python3 receiver.py",
    probe: "python3 --version",
};
const NODE: Language = Language {
    fence: "js",
    file: "receiver.mjs",
    command: "node receiver.mjs",
    probe: "node --version",
};
const PHP: Language = Language {
    fence: "php",
    file: "receiver.php",
    command: r#"php -S "127.0.0.1:$PORT" receiver.php"#,
    probe: "php --version",
};
const RUBY: Language = Language {
    fence: "ruby",
    file: "receiver.rb",
    command: "ruby receiver.rb",
    probe: "ruby -rwebrick -e ''",
};
const JAVA: Language = Language {
    fence: "java",
    file: "Receiver.java",
    command: "java Receiver.java",
    probe: "java --describe-module jdk.compiler",
};
const PERL: Language = Language {
    fence: "perl",
    file: "receiver.pl",
    command: "perl receiver.pl",
    probe: "perl -MHTTP::Daemon -e 1",
};

impl Language {
    fn code(&self) -> anyhow::Result<&'static str> {
        let start = format!("```{} receiver\n", self.fence);
        let (_, rest) = PAGE.split_once(&start).with_context(|| format!("no {start}"))?;
        Ok(rest.split_once("```").context("a block has no end")?.0)
    }

    /// Whether it can be run here; when not, says so.
    fn is_here(&self) -> bool {
        let shell = Command::new("sh")
            .args(["-c", self.probe])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let here = shell.is_ok_and(|status| status.success());
        if !here {
            eprintln!("SKIPPED: the {} receiver, as `{}` fails here", self.fence, self.probe);
        }
        here
    }
}

/// A running receiver. Dropping it kills it.
struct Receiver {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Receiver {
    /// Starts a receiver and does not wait for anything.
    fn spawn(language: &Language, port: u16, secret: Option<&str>) -> anyhow::Result<Self> {
        assert!(PAGE.contains(&format!("`{}`", language.command)), "{}", language.command);
        let folder = tempfile::Builder::new().prefix("bellpush-receiver-").tempdir()?;
        fs::write(folder.path().join(language.file), language.code()?)?;
        let mut command = tokio::process::Command::new("sh");
        command
            .args(["-c", &format!("exec {}", language.command)])
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .env("PORT", port.to_string())
            .env_remove("WEBHOOK_SECRET")
            .envs(secret.map(|secret| ("WEBHOOK_SECRET", secret)))
            .stdin(Stdio::null())
            .stdout(File::create(folder.path().join("printed"))?)
            .stderr(File::create(folder.path().join("log"))?)
            .kill_on_drop(true);
        let process = command.spawn().context(language.command)?;
        Ok(Self { process, port, folder })
    }

    /// Starts a receiver and waits until it answers.
    async fn start(language: &Language, port: u16, secret: &str) -> anyhow::Result<Self> {
        let mut receiver = Self::spawn(language, port, Some(secret))?;
        let unsigned = Message { signature: None, ..Message::signed("early", BODY)? };
        eventually("an answer of the receiver", SOON, async || {
            let ended = receiver.process.try_wait()?;
            ensure!(ended.is_none(), "the receiver has ended:\n{}", receiver.log()?);
            Ok(receiver.post(&unsigned).await.ok())
        })
        .await?;
        Ok(receiver)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/bellpush", self.port)
    }

    /// What it answers.
    async fn post(&self, message: &Message) -> anyhow::Result<u16> {
        message.post(&self.url()).await
    }

    fn printed(&self) -> anyhow::Result<Vec<String>> {
        let printed = fs::read_to_string(self.folder.path().join("printed"))?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    fn log(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// Waits until it has printed this line.
    async fn prints(&self, line: &str) -> anyhow::Result<Vec<String>> {
        let found = eventually(line, SOON, async || {
            let printed = self.printed()?;
            Ok(printed.iter().any(|one| one == line).then_some(printed))
        });
        found
            .await
            .with_context(|| format!("the receiver's log:\n{}", self.log().unwrap_or_default()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("── the receiver's log ──\n{}", self.log().unwrap_or_default());
        }
    }
}

#[derive(Debug, Clone)]
struct Message {
    id: String,
    timestamp: String,
    body: String,
    signature: Option<String>,
}

impl Message {
    fn new(secret: &str, id: &str, timestamp: i64, body: &str) -> anyhow::Result<Self> {
        let signature = Webhook::new(secret)?.sign(id, timestamp, body.as_bytes())?;
        Ok(Self {
            id: id.to_owned(),
            timestamp: timestamp.to_string(),
            body: body.to_owned(),
            signature: Some(signature),
        })
    }

    /// Signed rightly, now.
    fn signed(id: &str, body: &str) -> anyhow::Result<Self> {
        Self::new(SECRET, id, now()?, body)
    }

    async fn post(&self, url: &str) -> anyhow::Result<u16> {
        let mut request: reqwest::RequestBuilder = answer::client()
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", &self.timestamp)
            .body(self.body.clone());
        if let Some(signature) = &self.signature {
            request = request.header("webhook-signature", signature);
        }
        Ok(request.send().await?.status().as_u16())
    }
}

fn now() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

/// What every receiver must do.
async fn receives(language: &Language) -> anyhow::Result<()> {
    if !language.is_here() {
        return Ok(());
    }
    let receiver = Receiver::start(language, free_port()?, SECRET).await?;

    let first = Message::signed("first", BODY)?;
    assert_eq!(receiver.post(&first).await?, 204);
    receiver.prints("first call_ended").await?;
    assert_eq!(receiver.post(&first).await?, 204, "the same event again");

    for (what, wrong) in wrong_messages()? {
        assert_eq!(receiver.post(&wrong).await?, 401, "{what}");
    }

    let right = Message::signed("two", BODY)?;
    let wrong = Message::new(OTHER_SECRET, "two", now()?, BODY)?;
    let both = [wrong.signature, right.signature.clone()].map(Option::unwrap_or_default).join(" ");
    let two = Message { signature: Some(both), ..right };
    assert_eq!(receiver.post(&two).await?, 204, "two signatures, the second is right");

    let at_once = Message::signed("at-once", BODY)?;
    let mut attempts = JoinSet::new();
    for _ in 0..8 {
        let (message, url) = (at_once.clone(), receiver.url());
        attempts.spawn(async move { message.post(&url).await });
    }
    for status in attempts.join_all().await {
        assert_eq!(status?, 204, "overlapping attempts");
    }

    // All before it was answered, so whatever they print is there with this line.
    assert_eq!(receiver.post(&Message::signed("last", BODY)?).await?, 204);
    let printed = receiver.prints("last call_ended").await?;
    let expected = ["first call_ended", "two call_ended", "at-once call_ended", "last call_ended"];
    assert_eq!(printed, expected);
    Ok(())
}

/// Messages that no receiver may take, and what is wrong with them.
fn wrong_messages() -> anyhow::Result<Vec<(&'static str, Message)>> {
    let right = Message::signed("wrong", BODY)?;
    let signed_at = |time| Message::new(SECRET, "wrong", time, BODY);
    let signature = right.signature.clone().context("a signed message")?;
    let cut = signature[..signature.len() - 2].to_owned();
    let other_version = signature.replacen("v1,", "v2,", 1);
    Ok(vec![
        ("a changed body", Message { body: BODY.replace("42", "43"), ..right.clone() }),
        ("an old timestamp", signed_at(now()? - 3600)?),
        ("a timestamp to come", signed_at(now()? + 3600)?),
        ("a changed timestamp", Message { timestamp: (now()? - 1).to_string(), ..right.clone() }),
        ("no number", Message { timestamp: "NaN".into(), ..right.clone() }),
        ("another id", Message { id: "another".into(), ..right.clone() }),
        ("another secret", Message::new(OTHER_SECRET, "wrong", now()?, BODY)?),
        ("a cut signature", Message { signature: Some(cut), ..right.clone() }),
        ("another version", Message { signature: Some(other_version), ..right.clone() }),
        ("an empty signature", Message { signature: Some(String::new()), ..right.clone() }),
        ("no signature", Message { signature: None, ..right }),
    ])
}

/// Without a secret the key would be empty, and anybody could sign.
async fn takes_nothing_without_a_secret(language: &Language) -> anyhow::Result<()> {
    if !language.is_here() {
        return Ok(());
    }
    let mut receiver = Receiver::spawn(language, free_port()?, None)?;
    let forged = Message::new("whsec_", "forged", now()?, BODY)?;
    let status = eventually("an end or an answer", SOON, async || {
        if let Some(status) = receiver.process.try_wait()? {
            ensure!(!status.success(), "it ended as if all was well");
            return Ok(Some(None));
        }
        Ok(receiver.post(&forged).await.ok().map(Some))
    })
    .await?;
    assert!(matches!(status, None | Some(503)), "{status:?}");
    assert!(receiver.log()?.contains("WEBHOOK_SECRET"), "{}", receiver.log()?);
    assert!(receiver.printed()?.iter().all(|line| !line.contains("forged")));
    Ok(())
}

macro_rules! receivers {
    ($($name:ident: $language:ident,)*) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn takes_what_is_signed_once_and_nothing_else() -> anyhow::Result<()> {
                super::receives(&super::$language).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn takes_nothing_without_a_secret() -> anyhow::Result<()> {
                super::takes_nothing_without_a_secret(&super::$language).await
            }
        })*

        const LANGUAGES: &[Language] = &[$($language),*];
    };
}

receivers! {
    python: PYTHON,
    node: NODE,
    php: PHP,
    ruby: RUBY,
    java: JAVA,
    perl: PERL,
}

#[test]
fn every_receiver_of_the_page_is_tested_and_at_least_three_are_run() -> anyhow::Result<()> {
    let marked = PAGE.lines().filter(|line| line.starts_with("```") && line.ends_with(" receiver"));
    assert_eq!(marked.count(), LANGUAGES.len());
    for language in LANGUAGES {
        let lines = language.code()?.lines().count();
        assert!(lines < 50, "the {} receiver has {lines} lines", language.fence);
    }
    let here: Vec<_> = LANGUAGES.iter().filter(|one| one.is_here()).map(|one| one.fence).collect();
    assert!(here.contains(&"python"), "python3 must be there to test receivers");
    assert!(here.contains(&"js"), "node must be there to test receivers");
    assert!(here.len() >= 3, "perl or java must be there to test receivers; there are {here:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_that_send_a_signed_event_are_accepted() -> anyhow::Result<()> {
    let (_, lines) = PAGE.split_once("```sh request\n").context("the block is there")?;
    let (lines, _) = lines.split_once("```").context("the block ends")?;
    let receiver = Receiver::start(&PYTHON, free_port()?, SECRET).await?;
    let environment = [("PORT", receiver.port.to_string()), ("WEBHOOK_SECRET", SECRET.into())];
    let sent = tokio::process::Command::new("sh")
        .args(["-ec", lines])
        .envs(environment)
        .kill_on_drop(true)
        .output()
        .await?;
    assert_eq!(String::from_utf8(sent.stdout)?, "204\n", "{:?}", String::from_utf8(sent.stderr));
    assert_eq!(receiver.prints("local-1 call_ended").await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_receiver_takes_what_the_server_delivers() -> anyhow::Result<()> {
    let server = server::ServerProcess::start(server::Options::sqlite()).await?;
    let api = server.api();
    let port = free_port()?;
    let app = api
        .create_app(&json!({ "name": "Shop", "allowedOrigins": ["https://shop.example"] }))
        .await?;
    let url = format!("http://127.0.0.1:{port}/bellpush");
    let events = ["widget_loaded", "order_placed"];
    let integration = api.create_integration(&app, &url, &events).await?;
    let receiver = Receiver::start(&PYTHON, port, &integration.signing_secret).await?;

    let origin = "https://shop.example";
    let context = json!({ "city": "Zürich" });
    let request = json!({ "appId": app.id, "origin": origin, "context": context });
    let session = api.create_session(&request).await?;
    let widget = bellpush_test_support::widget::Widget::new(&server.url(), session);
    let submitted = [
        widget.event("widget_loaded", json!({ "isPreview": false })),
        widget.event("order_placed", json!({ "name": "Lamp" })),
    ];
    widget.submit(&submitted).await?.expect(200)?;

    let mut expected = Vec::new();
    for event in &submitted {
        let id = event["id"].as_str().context("an id")?;
        let name = event["event"]["name"].as_str().context("a name")?;
        expected.push(format!("{id} {name}"));
    }
    for line in &expected {
        receiver.prints(line).await?;
    }
    let mut printed = receiver.printed()?;
    // Events without a call do not wait for each other.
    printed.sort();
    expected.sort();
    assert_eq!(printed, expected);

    let path = format!("/v1/apps/{}/integrations/{}/deliveries", app.id, integration.id);
    let delivered = eventually("two deliveries in the log", SOON, async || {
        let page: serde_json::Value = api.get(&path).await?.expect(200)?.json()?;
        let items = page["items"].as_array().context("a list")?.clone();
        let done = items.len() == 2 && items.iter().all(|one| one["status"] == "delivered");
        Ok(done.then_some(items))
    })
    .await?;
    for delivery in delivered {
        let id = delivery["eventId"].as_str().context("an event id")?;
        let answer = api.get(&format!("{path}/{id}")).await?.expect(200)?;
        let delivery: serde_json::Value = answer.json()?;
        let attempts = delivery["attempts"].as_array().context("attempts")?;
        assert_eq!(attempts.len(), 1, "{delivery}");
        assert_eq!(attempts[0]["status"], 204, "{delivery}");
    }
    Ok(())
}
