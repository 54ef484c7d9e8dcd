//! Refreshing a session (RFC 4028), and offering it anew over another connection.

use std::time::Duration;

use rsipstack::sip::Method;
use tokio::time::Instant;

use super::{
    channel::CallChannel,
    session::{Answer, Refreshing, Session},
    taking_over,
};
use crate::trunk::{
    TrunkEvent,
    body::response_sdp,
    message_parts::{has_token, header, retry_after, value},
    session_timer::Due,
    stack::SendError,
};

/// How long to wait before a refresh is tried again that failed for no good reason.
const REFRESH_RETRY: Duration = Duration::from_secs(10);

impl Session {
    /// What the session timer wants next; nothing while a refresh is under way.
    pub(super) fn due(&self) -> Option<(Instant, Due)> {
        if self.refreshing.is_some() {
            return None;
        }
        let next = self.timer.next().map(|(at, due)| (Instant::from_std(at), due));
        let next = match (self.retry_at, next) {
            (Some(retry), None | Some((_, Due::Refresh))) => Some((retry, Due::Refresh)),
            (Some(retry), Some((at, Due::Expire))) if retry < at => Some((retry, Due::Refresh)),
            _ => next,
        };
        match (self.ends_at(), next) {
            // Nothing can be done for it before.
            (Some(end), Some((at, _))) if end <= at => Some((end, Due::Expire)),
            _ => next,
        }
    }

    /// When the session is over unless the far side takes a refresh before.
    fn ends_at(&self) -> Option<Instant> {
        let expires_at = self.timer.expires_at().map(Instant::from_std);
        [expires_at, self.renew_by].into_iter().flatten().min()
    }

    /// When a refresh is sent again to a far side that wants to be left alone for so long: in time before the
    /// session is over, whatever it wants.
    fn retry_after(&self, now: Instant, pause: Duration) -> Instant {
        let last_chance = self.timer.last_chance().map(Instant::from_std);
        let renewal = self.renew_by.map(|at| at.checked_sub(taking_over::RETRY).unwrap_or(at));
        match [last_chance, renewal].into_iter().flatten().min() {
            Some(last) if last < now + pause && now < last => last,
            Some(last) if last < now + pause => now + pause.min(REFRESH_RETRY),
            _ => now + pause,
        }
    }

    /// Refreshes the session (RFC 4028 section 7.4).
    pub(super) fn refresh(&mut self) {
        // One that is not ours yet has no media before the far side takes our offer.
        let has_to_offer = !self.takes_update || self.renew_by.is_some();
        let method = if has_to_offer { Method::Invite } else { Method::Update };
        // Two offers at once would collide.
        if method == Method::Invite && self.offers.is_busy() {
            self.retry_at = Some(Instant::now() + REFRESH_RETRY);
            return;
        }
        let mut more = self.timer.refresh();
        let mut body = String::new();
        if method == Method::Invite {
            more.push(header("Content-Type", "application/sdp"));
            body.clone_from(&self.offers.local_sdp);
        }
        let response = self.send_request(method, more, body);
        let finals = self.incoming.finals();
        self.refreshing = Some(Refreshing { method, response, finals });
    }

    /// Handles the response to a refresh. Returns whether the session goes on.
    pub(super) async fn refreshed(
        &mut self,
        channel: &mut CallChannel,
        answer: Result<Answer, SendError>,
    ) -> bool {
        self.refreshing = None;
        let now = Instant::now();
        let is_in_time = self.ends_at().is_none_or(|at| now < at);
        let is_new = self.renew_by.is_some();
        let Answer { response, flow, source } = match answer {
            Ok(answer) => answer,
            Err(SendError::Timeout | SendError::Unsent) => return false,
            // A far side that restarts is there again in a while; its media may go on meanwhile.
            Err(SendError::Connect(_)) => {
                let pause = if is_new { taking_over::RETRY } else { REFRESH_RETRY };
                self.retry_at = Some(now + pause);
                return is_in_time;
            }
        };
        let address = flow.hop.address.ip();
        if address != self.flow.hop.address.ip() {
            channel.send(TrunkEvent::SignallingAddress(address)).await;
        }
        self.flow = flow;
        self.is_lost = false;
        match response.status_code.code() {
            200..=299 => {
                self.retry_at = None;
                self.is_astray = false;
                if self.renew_by.take().is_some() {
                    self.takes_update = has_token(&response.headers, "Allow", "UPDATE");
                }
                self.timer.on_response(now.into_std(), &response.headers);
                self.dialog.refresh_target(&response.headers, source);
                // The answer to what we offered anew; the far side may have moved.
                if let Some(sdp) = response_sdp(&response) {
                    channel.send(TrunkEvent::OfferAnswered { sdp }).await;
                }
                return true;
            }
            // RFC 4028 section 7.4: the far side knows nothing of the session any more.
            408 | 481 => return false,
            422 => {
                let least = value(&response.headers, "Min-SE")
                    .and_then(|text| text.split(';').next()?.trim().parse().ok());
                let is_longer = self.timer.lengthen(Duration::from_secs(least.unwrap_or(0)));
                self.retry_at = Some(if is_longer { now } else { now + REFRESH_RETRY });
            }
            // RFC 3261 section 14.1: who made the Call-ID waits longer.
            491 => {
                let millis = rand::random_range(210..=400_u64) * 10;
                self.retry_at = Some(now + Duration::from_millis(millis));
            }
            405 | 501 if self.takes_update => {
                self.takes_update = false;
                self.retry_at = Some(now);
            }
            // It may not be able to take our offer right now; any other word is its last.
            status if is_new => match retry_after(&response.headers) {
                Some(pause) if status >= 500 => self.retry_at = Some(self.retry_after(now, pause)),
                _ => return false,
            },
            // Without a timer there is no need to, unless the far side does not know where we are.
            status => {
                let asked = retry_after(&response.headers);
                let is_needed = self.timer.expires_at().is_some()
                    || self.is_astray && (status >= 500 || asked.is_some());
                let pause = asked.unwrap_or(REFRESH_RETRY);
                self.retry_at = is_needed.then(|| self.retry_after(now, pause));
            }
        }
        // A session that could not be refreshed in its time is over.
        is_in_time
    }
}
