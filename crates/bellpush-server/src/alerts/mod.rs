//! Alerts: looks at the rules once a minute, and tells of what follows.
//!
//! What follows from a look is on disk, with its notices, before anybody is told. Notices go into the
//! event log under an id that they have from the beginning, and from there to integrations, as every
//! event does; mails go out beside, and neither of the two waits for the other.

mod mails;
mod past;
mod readings;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    events::{Event, EventTime},
    ids::{AppId, SessionId},
};
use bellpush_store::{AlertRule, Append, AppendError, Look, Store, StoreError};
use metrics::{describe_histogram, histogram};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub(crate) use self::past::{Past, past};
use self::readings::{AppReadings, MINUTE_MS};
use crate::{
    clock::SharedClock,
    duties::{Wake, rest},
    event_log::EventLog,
    mail::Mail,
    trunks::RunningTrunks,
};

/// After the end of a minute it takes so long until it is looked at: what happened at its very end is
/// in the log by then.
const AFTER_THE_MINUTE: Duration = Duration::from_secs(2);
/// How often to look for notices that another node has left, and for mails that are due again.
const LOOK_FOR_NOTICES: Duration = Duration::from_secs(10);
/// Notices of one go.
const AT_ONCE: u32 = 50;

/// Watches over the alert rules of this node. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct AlertWatch {
    store: Store,
    log: EventLog,
    trunks: RunningTrunks,
    mail: Mail,
    /// Where Call Studio is.
    studio: Arc<str>,
    /// What is kept of looks is compared with looks of other nodes, and with later ones.
    clock: SharedClock,
    to_log: Wake,
    to_mail: Wake,
}

impl AlertWatch {
    pub(crate) fn new(
        store: Store,
        log: EventLog,
        trunks: RunningTrunks,
        mail: Mail,
        own_origin: &str,
        clock: SharedClock,
    ) -> Self {
        let studio = format!("{own_origin}/studio").into();
        let (to_log, to_mail) = (Wake::default(), Wake::default());
        Self { store, log, trunks, mail, studio, clock, to_log, to_mail }
    }

    /// Looks at all rules after each minute, until the server stops.
    pub(crate) async fn look(self, stopped: CancellationToken) {
        describe_histogram!(
            "bellpush_alert_look_seconds",
            "Seconds that a look at all rules took."
        );
        loop {
            if rest(until_next_look(self.clock.now()), &stopped).await.is_stopped() {
                return;
            }
            if let Err(error) = self.look_at_all().await {
                warn!(%error, "alert rules can't be looked at; the next minute is tried");
            }
        }
    }

    /// Looks at all rules, if this node is the one to do so.
    async fn look_at_all(&self) -> Result<(), StoreError> {
        // That two nodes do it while they change does no harm: a minute is kept once.
        if !self.store.leads() {
            return Ok(());
        }
        let began = Instant::now();
        let at = self.clock.read(&self.store).await?;
        let mut by_app = BTreeMap::<AppId, Vec<AlertRule>>::new();
        for rule in self.store.active_alert_rules().await? {
            by_app.entry(rule.app_id).or_default().push(rule);
        }
        for (app_id, rules) in by_app {
            // The rules of the others are not to wait for what is wrong with one app.
            if let Err(error) = self.look_at(app_id, rules, at).await {
                warn!(%app_id, %error, "the alert rules of an app can't be looked at");
            }
        }
        histogram!("bellpush_alert_look_seconds").record(began.elapsed().as_secs_f64());
        Ok(())
    }

    async fn look_at(
        &self,
        app_id: AppId,
        rules: Vec<AlertRule>,
        at: EventTime,
    ) -> Result<(), StoreError> {
        let Some(app) = self.store.app(app_id).await? else { return Ok(()) };
        let readings = AppReadings::of(&self.store, &self.trunks, &app, &rules, at).await?;
        let mut looks = Vec::with_capacity(rules.len());
        for rule in rules {
            let reading = readings.read(&rule.settings).await?;
            let is_quiet = readings.is_quiet(&rule.settings);
            let is_muted = is_quiet || rule.silenced_until.is_some_and(|until| at < until);
            let step = rule.progress.step(&rule.settings, reading, is_muted, at);
            if let Some(transition) = step.transition {
                let words = rule.settings.in_words(reading);
                info!(app = %app_id, rule = %rule.id, ?transition, words, "alert");
            }
            looks.push(Look { rule, at, reading, step });
        }
        if self.store.keep_looks(&looks).await? > 0 {
            self.to_log.wake();
            self.to_mail.wake();
        }
        Ok(())
    }

    /// Puts notices into the event log, until the server stops.
    pub(crate) async fn log(self, stopped: CancellationToken) {
        loop {
            let logged = tokio::select! {
                () = stopped.cancelled() => return,
                logged = self.log_notices() => logged,
            };
            if let Err(error) = logged {
                warn!(%error, "notices of alerts wait: the event log does not take them");
            }
            if self.to_log.pause(LOOK_FOR_NOTICES, &stopped).await.is_stopped() {
                return;
            }
        }
    }

    /// Sends mails, until the server stops.
    pub(crate) async fn mail(self, stopped: CancellationToken) {
        loop {
            let sent = tokio::select! {
                () = stopped.cancelled() => return,
                sent = mails::send_due(&self.store, &self.mail, &self.studio) => sent,
            };
            if let Err(error) = sent {
                warn!(%error, "mails of alerts can't be read");
            }
            if self.to_mail.pause(LOOK_FOR_NOTICES, &stopped).await.is_stopped() {
                return;
            }
        }
    }

    /// Puts notices into the event log. One that is put there again after a crash is there once: by
    /// its id.
    async fn log_notices(&self) -> Result<(), AppendError> {
        let failed = |error: StoreError| AppendError::Store(Arc::new(error));
        loop {
            let notices = self.store.unlogged_notices(AT_ONCE).await.map_err(failed)?;
            if notices.is_empty() {
                return Ok(());
            }
            for notice in notices {
                let event = Event {
                    id: notice.event_id,
                    app_id: notice.app_id,
                    session_id: SessionId::OF_APP,
                    call_id: None,
                    preview: false,
                    trace_parent: None,
                    envelope: notice.envelope,
                };
                match self.log.append(vec![Append::Event(event)]).await {
                    Ok(_) => {}
                    // Its app is going away. Trying again would keep the others waiting.
                    Err(AppendError::Refused { reason, .. }) => {
                        error!(notice = %notice.event_id, %reason, "a notice is not taken");
                    }
                    Err(error) => return Err(error),
                }
                self.store.notice_logged(notice.event_id).await.map_err(failed)?;
            }
        }
    }
}

/// From now to a moment after the end of this minute.
fn until_next_look(now: EventTime) -> Duration {
    let after = AFTER_THE_MINUTE.as_millis() as i64;
    let left = MINUTE_MS - (now.millis() - after).rem_euclid(MINUTE_MS);
    Duration::from_millis(left.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_two_seconds_after_each_minute() {
        for (second, millis_left) in [(0, 2_000), (1, 1_000), (2, 60_000), (3, 59_000), (59, 3_000)]
        {
            let now = EventTime::from_millis(1_700_000_040_000 + second * 1_000).unwrap();
            assert_eq!(until_next_look(now), Duration::from_millis(millis_left), "{second}");
        }
    }
}
