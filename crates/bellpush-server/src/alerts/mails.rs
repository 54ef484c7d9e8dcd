//! Notices of alerts by mail.

use bellpush_store::{DueMail, Store, StoreError};
use tracing::warn;

use crate::mail::Mail;

/// Mails of one go.
const AT_ONCE: u32 = 20;

/// Sends the mails that are due. One that is not taken is due again later; one whose answer was lost
/// in a crash is sent again, with the same `Message-ID`.
pub(super) async fn send_due(store: &Store, mail: &Mail, studio: &str) -> Result<(), StoreError> {
    loop {
        let due = store.take_due_mails(AT_ONCE).await?;
        if due.is_empty() {
            return Ok(());
        }
        for one in due {
            let DueMail { event_id, address, title, text, app: (app_id, app_name) } = &one;
            let app_name = app_name.split_whitespace().collect::<Vec<_>>().join(" ");
            let text =
                format!("{text}\r\n\r\nApp: {app_name}\r\n\r\n{studio}/apps/{app_id}/alerts\r\n");
            let subject = format!("[{app_name}] {title}");
            let outcome = mail.tell(address, &subject, text, *event_id).await;
            if let Err(why) = &outcome {
                warn!(notice = %event_id, why, "a mail of an alert can't be sent");
            }
            store.mail_tried(&one, outcome).await?;
        }
    }
}
