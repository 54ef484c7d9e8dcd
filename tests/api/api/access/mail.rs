//! Invitations by mail, taken by a server that speaks SMTP and nothing else.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bellpush_test_support::{
    browser::Browser,
    server::{Options, ServerProcess},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

/// A server that takes every mail: its port, and what it was sent.
pub(crate) async fn smtp() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(Mutex::new(String::new()));
    let mail = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 mail.example\r\n").await.unwrap();
            let mut in_data = false;
            while let Ok(Some(line)) = lines.next_line().await {
                mail.lock().unwrap().push_str(&format!("{line}\n"));
                let answer = match (in_data, line.as_str()) {
                    (true, ".") => {
                        in_data = false;
                        "250 taken\r\n"
                    }
                    (true, _) => continue,
                    (false, "DATA") => {
                        in_data = true;
                        "354 go on\r\n"
                    }
                    (false, "QUIT") => "221 bye\r\n",
                    _ => "250 ok\r\n",
                };
                if write.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (port, taken)
}

/// A server that takes connections, for as long as it is kept, and says nothing: its port.
pub(crate) async fn mute_smtp() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

async fn invite(options: Options) -> Value {
    let server = ServerProcess::start(options).await.unwrap();
    let owner = Browser::set_up(&server).await.unwrap();
    let body = json!({ "email": "ben@example.com", "role": "viewer" });
    let made = owner.post("/v1/invitations", &body).await.unwrap().expect(201).unwrap();
    made.json().unwrap()
}

#[tokio::test]
async fn an_invitation_is_mailed_where_there_is_a_server_for_it() {
    let (port, taken) = smtp().await;
    let options = Options::sqlite()
        .with("--smtp-url", &format!("smtp://127.0.0.1:{port}"))
        .with("--mail-from", "Bellpush <bellpush@example.com>");
    let made = invite(options).await;
    assert_eq!(made["mailed"], true);
    // Long lines are broken by "=" at their ends, and "=" is "=3D".
    let mail = taken.lock().unwrap().replace("=\n", "").replace("=3D", "=");
    assert!(mail.contains("MAIL FROM:<bellpush@example.com>"), "{mail}");
    assert!(mail.contains("RCPT TO:<ben@example.com>"), "{mail}");
    assert!(mail.contains(made["link"].as_str().unwrap()), "{mail}");
    assert!(mail.contains("Olga invites you"), "{mail}");
}

#[tokio::test]
async fn a_mail_server_that_is_away_keeps_nobody_from_inviting() {
    let made = invite(
        Options::sqlite()
            .with("--smtp-url", "smtp://127.0.0.1:1")
            .with("--mail-from", "bellpush@example.com"),
    )
    .await;
    assert_eq!(made["mailed"], false);
    assert!(made["link"].as_str().unwrap().contains("#token=in_"));
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_keeps_nobody_from_inviting() {
    let (port, _mute) = mute_smtp().await;
    let options = Options::sqlite()
        .with("--smtp-url", &format!("smtp://127.0.0.1:{port}"))
        .with("--mail-from", "bellpush@example.com");
    let made = tokio::time::timeout(Duration::from_secs(25), invite(options)).await.unwrap();
    assert_eq!(made["mailed"], false);
    assert!(made["link"].as_str().unwrap().contains("#token=in_"));
}
