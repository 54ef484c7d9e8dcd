//! Hears hints, and looks for itself now and then: a hint may be lost, or nothing be heard at all.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bellpush_core::{delivery::DeliveryKey, ids::IntegrationId};
use bellpush_store::{Heard, Hints};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    Cluster, Shared,
    words::{Answer, Hint, Question, Word},
};

/// How often the node says something to itself.
const BEAT: Duration = Duration::from_secs(3);
/// A connection by which it did not hear itself for so long is of no use, whatever it looks like.
const DEAF: Duration = Duration::from_secs(10);
/// How often it is looked at the disk.
const LOOK: Duration = Duration::from_secs(30);
/// After a failure it listens again so soon.
const AGAIN: Duration = Duration::from_millis(500);
/// Whether other servers are heard.
const HEARS: &str = "bellpush_hears_others";
/// How often it is looked for questions without an answer.
const SWEEP: Duration = Duration::from_millis(250);

impl Cluster {
    pub(super) async fn listen(self) {
        let Some(shared) = &self.0.shared else { return };
        tokio::join!(self.keep_hearing(shared), self.keep_looking(shared));
    }

    async fn keep_hearing(&self, shared: &Shared) {
        metrics::describe_gauge!(HEARS, "whether other servers are heard: 1, or 0");
        let hears = |is_so: bool| {
            shared.hears.store(is_so, Ordering::Release);
            metrics::gauge!(HEARS).set(u8::from(is_so));
        };
        hears(false);
        let mut was_told = false;
        loop {
            match Hints::listen(&shared.listen_at).await {
                Ok(hints) => {
                    if std::mem::take(&mut was_told) {
                        info!("other servers are heard again");
                    }
                    // Whatever was said before was not heard.
                    self.0.announcer.missed();
                    self.0.announcer.read_endpoints();
                    self.hear(shared, hints, &hears).await;
                    hears(false);
                    self.0.alone.store(false, Ordering::Release);
                }
                Err(error) if !was_told => {
                    was_told = true;
                    warn!(
                        %error,
                        "other servers can't be heard, and this one looks at the disk every {LOOK:?}: see \
                         whether it can connect to --database-listen-url, or to the database without one",
                    );
                }
                Err(_) => {}
            }
            tokio::select! {
                () = shared.left.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// Looks at the disk, and asks again what was not answered, whether others are heard or not.
    async fn keep_looking(&self, shared: &Shared) {
        let (mut look, mut sweep) = (interval(LOOK), interval(SWEEP));
        for tick in [&mut look, &mut sweep] {
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                () = shared.left.cancelled() => return,
                _ = look.tick() => {
                    self.0.announcer.read_endpoints();
                    self.0.announcer.look();
                }
                _ = sweep.tick() => {
                    for question in shared.questions.due(Instant::now()) {
                        shared.teller.say(question);
                    }
                }
            }
        }
    }

    /// Returns when the connection is of no use any more.
    async fn hear(&self, shared: &Shared, mut hints: Hints, hears: &impl Fn(bool)) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut beats, mut heard_at) = (0, Instant::now());
        loop {
            tokio::select! {
                () = shared.left.cancelled() => return,
                heard = hints.next() => match heard {
                    Ok(Heard::Hint(text)) => {
                        let Ok(Hint { from, word }) = serde_json::from_str(&text) else { continue };
                        if from == self.0.node_id {
                            heard_at = Instant::now();
                            hears(true);
                        } else {
                            self.0.alone.store(false, Ordering::Release);
                        }
                        self.take(shared, word, from == self.0.node_id);
                    }
                    Ok(Heard::Broken) => return warn!("the connection to other servers broke"),
                    Err(error) => return warn!(%error, "the connection to other servers broke"),
                },
                _ = beat.tick() => {
                    if heard_at.elapsed() > DEAF {
                        return warn!("other servers were not heard for a while; listening anew");
                    }
                    beats += 1;
                    shared.teller.say(Word::Beat(beats));
                }
            }
        }
    }

    fn take(&self, shared: &Shared, word: Word, is_own: bool) {
        let owned = |id: IntegrationId| self.0.tenure.owns(id);
        match word {
            Word::Appended(named) => {
                let own = named.into_iter().filter(|(id, _)| owned(*id));
                let keys: Vec<_> =
                    own.map(|(integration_id, seq)| DeliveryKey { integration_id, seq }).collect();
                if !keys.is_empty() && !shared.reader.want(keys) {
                    self.0.announcer.missed();
                }
            }
            Word::Replayed(id) if owned(id) => self.0.announcer.replayed_elsewhere(id),
            Word::EndpointsChanged if !is_own => self.0.announcer.read_endpoints(),
            Word::Asked(id, question) => self.answer(id, question),
            Word::Answered(id, answer) => shared.questions.answered(id, answer),
            Word::Replayed(_) | Word::EndpointsChanged | Word::Beat(_) => {}
        }
    }

    /// Answers a question, if this is the node to answer it.
    pub(super) fn answer(&self, id: Uuid, question: Question) {
        if !self.0.tenure.owns(question.about()) || !self.0.tenure.is_held() {
            return;
        }
        let cluster = self.clone();
        tokio::spawn(async move {
            let announcer = &cluster.0.announcer;
            let answer = match question {
                Question::Lane(id) => {
                    let lane = announcer.lane(id).await;
                    lane.map(|lane| Answer::Lane(lane.map(Into::into)))
                }
                Question::ResetBreaker(id) => {
                    announcer.reset_breaker(id).await.map(|()| Answer::Reset)
                }
            };
            // Without an answer, who asked gives up by itself.
            if let (Ok(answer), Some(shared)) = (answer, &cluster.0.shared) {
                shared.teller.say(Word::Answered(id, answer));
            }
        });
    }
}
