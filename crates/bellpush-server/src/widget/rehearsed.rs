//! The script of a preview whose visitor does not let the widget have the microphone: a rehearsal.
//!
//! It goes into documents of previews alone, for which a token was shown. What visitors load never has
//! it, and the widget itself knows nothing of it: the browser's question is answered as a person would.

use bellpush_core::{rehearsal::CallFault, routing::RouteRequest};
use bellpush_store::{App, Store};
use jiff::Timestamp;

use super::html::Nonce;
use crate::{clock::now, hours::opening_status, http::problem::Problem};

/// For how many milliseconds more the microphone is denied to what is shown; `None` where it is not,
/// and ever outside of previews.
pub(super) async fn denied_for(
    store: &Store,
    app: &App,
    asked: RouteRequest<'_>,
    preview: bool,
) -> Result<Option<u64>, Problem> {
    if !preview {
        return Ok(None);
    }
    let profiles = opening_status::profiles(store, app).await?;
    let hops = profiles.route(asked, Timestamp::now()).unwrap_or_default();
    let profile_id = hops.first().map_or(profiles.default, |hop| hop.profile_id);
    let at = now();
    let running = store.running_call_rehearsal(profile_id).await?;
    let denied =
        running.filter(|it| it.fault_for(preview, at) == Some(CallFault::MicrophoneDenied));
    Ok(denied.and_then(|it| u64::try_from(it.ends_at.millis() - at.millis()).ok()))
}

/// Denies the microphone for so long, a second after each question.
pub(super) fn script(denied_for: u64, nonce: &Nonce) -> String {
    format!(
        "<script nonce=\"{nonce}\">{{const d=navigator.mediaDevices,g=d?.getUserMedia.bind(d);\
         if(d)d.getUserMedia=c=>performance.now()<{denied_for}?new Promise((_,no)=>setTimeout(()=>\
         no(new DOMException(\"Permission denied\",\"NotAllowedError\")),1e3)):g(c)}}</script>"
    )
}
