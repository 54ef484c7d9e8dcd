//! Widget keys, as pages show them.

use bellpush_core::ids::{AppId, WidgetKeyId};
use bellpush_store::Store;

use crate::{http::problem::Problem, tokens::WidgetKey};

/// Checks a widget key of an app, and says which one it is.
///
/// # Errors
/// 401 for a key that is not one of the app.
pub(crate) async fn check_widget_key(
    store: &Store,
    app_id: AppId,
    key: &str,
) -> Result<WidgetKeyId, Problem> {
    let invalid = || {
        Problem::widget_key_invalid(
            "the widget key is missing or not one of this app; check the key parameter",
        )
    };
    let key = WidgetKey::parse(key).ok_or_else(invalid)?;
    match store.widget_key(key.reveal()).await? {
        Some(found) if found.app_id == app_id => Ok(found.id),
        _ => Err(invalid()),
    }
}
