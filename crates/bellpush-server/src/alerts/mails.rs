//! Notices of alerts by mail.

use std::time::Duration;

use bellpush_store::{DueMail, Store, StoreError};
use tracing::warn;

use crate::mail::Mail;

/// How long the mail server may take for a mail: less than a mail that was taken stays this server's.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends the mails that are due. One that is not taken is due again later; one whose answer was lost
/// in a crash is sent again, with the same `Message-ID`.
pub(super) async fn send_due(store: &Store, mail: &Mail, studio: &str) -> Result<(), StoreError> {
    while let Some(one) = store.take_due_mail().await? {
        let DueMail { event_id, address, title, text, app: (app_id, app_name) } = &one;
        let app_name = app_name.split_whitespace().collect::<Vec<_>>().join(" ");
        let text =
            format!("{text}\r\n\r\nApp: {app_name}\r\n\r\n{studio}/apps/{app_id}/alerts\r\n");
        let subject = format!("[{app_name}] {title}");
        let telling = mail.tell(address, &subject, text, *event_id);
        let outcome = tokio::time::timeout(TIMEOUT, telling).await.unwrap_or_else(|_| {
            Err(format!("the mail server did not take it within {} s", TIMEOUT.as_secs()))
        });
        if let Err(why) = &outcome {
            warn!(notice = %event_id, why, "a mail of an alert can't be sent");
        }
        store.mail_tried(&one, outcome).await?;
    }
    Ok(())
}
