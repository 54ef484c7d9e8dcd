//! Notices of alerts by mail.

use bellpush_store::{DueMail, Store, StoreError};
use tracing::warn;

use crate::mail::{Mail, MailError};

/// Sends the mails that are due. One that is not taken is due again later; one whose answer was lost
/// in a crash is sent again, with the same `Message-ID`. A mail server that says nothing is left alone
/// until the next time: it would let each of them wait.
pub(super) async fn send_due(store: &Store, mail: &Mail, studio: &str) -> Result<(), StoreError> {
    while let Some(one) = store.take_due_mail().await? {
        let DueMail { event_id, address, title, text, app: (app_id, app_name) } = &one;
        let app_name = app_name.split_whitespace().collect::<Vec<_>>().join(" ");
        let text =
            format!("{text}\r\n\r\nApp: {app_name}\r\n\r\n{studio}/apps/{app_id}/alerts\r\n");
        let subject = format!("[{app_name}] {title}");
        let outcome = mail.tell(address, &subject, text, *event_id).await;
        if let Err(why) = &outcome {
            warn!(notice = %event_id, %why, "a mail of an alert can't be sent");
        }
        let is_mute = matches!(outcome, Err(MailError::Mute));
        store.mail_tried(&one, outcome.map_err(|why| why.to_string())).await?;
        if is_mute {
            break;
        }
    }
    Ok(())
}
