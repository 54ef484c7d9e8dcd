//! Mail by the operator's SMTP server, where there is one.

use std::{sync::Arc, time::Duration};

use bellpush_core::{
    access::{Email, in_ascii},
    ids::EventId,
};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use secrecy::{ExposeSecret, SecretString};

/// How long the mail server may take for a mail, from connecting to its last answer: less than a proxy waits for
/// the answer to a request, and than a mail of an alert stays with the server that has taken it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The SMTP server, like `smtps://user:password@mail.example`.
    pub url: SecretString,
    /// The address that it comes from.
    pub from: String,
}

/// Why mail can't be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    /// The URL is none of an SMTP server.
    #[error(
        "write the SMTP server like smtps://user:password@mail.example, or smtp://… with \
             ?tls=required"
    )]
    Url,
    /// The address is none.
    #[error("write the sender like bellpush@example.com, or \"Bellpush <bellpush@example.com>\"")]
    From,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    /// There is no server for it.
    #[error("the server has no SMTP server to send mail by (--smtp-url)")]
    NoServer,
    /// Nobody could get it.
    #[error("it is no e-mail address")]
    Address,
    /// It can't be written.
    #[error(transparent)]
    Message(#[from] lettre::error::Error),
    /// The server did not take it.
    #[error(transparent)]
    Refused(#[from] lettre::transport::smtp::Error),
    /// The server did not say in time whether it took it.
    #[error("the mail server did not take it within {} s", TIMEOUT.as_secs())]
    Mute,
}

/// Sends mail. Clones are handles of the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail(Option<Arc<Sender>>);

#[derive(Debug)]
struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailConfig {
    /// Whether mail can be sent so.
    ///
    /// # Errors
    /// [`MailConfigError`] says what to write.
    pub fn check(&self) -> Result<(), MailConfigError> {
        self.sender().map(drop)
    }

    fn sender(&self) -> Result<Sender, MailConfigError> {
        let url = self.url.expose_secret();
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let transport = transport.map_err(|_| MailConfigError::Url)?.build();
        let from = mailbox(&self.from).ok_or(MailConfigError::From)?;
        Ok(Sender { transport, from })
    }
}

/// Who mail goes to, or comes from. The domain is the one that is asked for, in ASCII: with its letters, few servers
/// would take the mail.
fn mailbox(text: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = text.parse().ok()?;
    let email = Address::new(email.user(), in_ascii(email.domain())).ok()?;
    Some(Mailbox { name, email })
}

impl Sender {
    /// Sends a mail, in time or not at all.
    async fn send(&self, message: Message) -> Result<(), MailError> {
        let sending = self.transport.send(message);
        match tokio::time::timeout(TIMEOUT, sending).await {
            Ok(answer) => Ok(answer.map(drop)?),
            Err(_) => Err(MailError::Mute),
        }
    }
}

impl Mail {
    /// As configured; without a configuration nothing is sent.
    pub(crate) fn new(config: Option<&MailConfig>) -> Self {
        Self(config.and_then(|config| config.sender().ok()).map(Arc::new))
    }

    /// Sends a text about an event, by whose id a mail that comes twice is known.
    ///
    /// # Errors
    /// [`MailError`] says why it was not sent.
    pub(crate) async fn tell(
        &self,
        to: &str,
        subject: &str,
        text: String,
        event_id: EventId,
    ) -> Result<(), MailError> {
        let sender = self.0.as_ref().ok_or(MailError::NoServer)?;
        let to = mailbox(to).ok_or(MailError::Address)?;
        let host = sender.from.email.domain();
        let message = Message::builder()
            .from(sender.from.clone())
            .to(to)
            .subject(subject)
            .message_id(Some(format!("<{event_id}@{host}>")))
            .header(ContentType::TEXT_PLAIN)
            .body(text)?;
        sender.send(message).await
    }

    /// Sends the link of an invitation; says whether the server has taken it.
    pub(crate) async fn invite(&self, to: &Email, inviter: Option<&str>, link: &str) -> bool {
        let Some(sender) = &self.0 else { return false };
        let who = inviter.unwrap_or("An administrator");
        let text = format!(
            "{who} invites you to Bellpush Call Studio.\r\n\r\n\
             Open this link to choose a password. It works once, within seven days:\r\n\r\n\
             {link}\r\n\r\n\
             If you don't know what this is about, you need not do anything.\r\n"
        );
        let Some(to) = mailbox(to.as_str()) else { return false };
        let message = Message::builder()
            .from(sender.from.clone())
            .to(to)
            .subject("You are invited to Bellpush Call Studio")
            .header(ContentType::TEXT_PLAIN)
            .body(text);
        let Ok(message) = message else { return false };
        match sender.send(message).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "an invitation can't be mailed");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_the_domain_that_is_asked_for() {
        for (text, expected) in [
            ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
            ("Bellpush <bell@B\u{fc}cher.example>", "Bellpush <bell@xn--bcher-kva.example>"),
            ("Ada@example.com", "Ada@example.com"),
        ] {
            assert_eq!(mailbox(text).unwrap().to_string(), expected);
        }
        assert_eq!(mailbox("nobody"), None);
    }
}
