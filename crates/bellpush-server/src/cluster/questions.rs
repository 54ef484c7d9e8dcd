//! Questions to the owner of an integration, whichever node that is, and its answers. Both go by
//! NOTIFY: nodes need no way to each other.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bellpush_core::ids::IntegrationId;
use bellpush_delivery::LaneStatus;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::words::{Answer, Question, Word};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a question is asked anew: its integration may be changing hands.
const AGAIN: Duration = Duration::from_millis(500);

/// Questions that wait for their answers.
#[derive(Debug, Default)]
pub(super) struct Questions(Mutex<HashMap<Uuid, Waiting>>);

#[derive(Debug)]
struct Waiting {
    until: Instant,
    again_at: Instant,
    question: Question,
    reply: Reply,
}

/// Dropped without an answer, whoever asked learns that the owner can't be reached.
#[derive(Debug)]
enum Reply {
    Lane(oneshot::Sender<Option<LaneStatus>>),
    Reset(oneshot::Sender<()>),
}

impl Questions {
    /// How an integration does.
    pub(super) fn lane(
        &self,
        id: IntegrationId,
        reply: oneshot::Sender<Option<LaneStatus>>,
    ) -> Word {
        self.ask(Question::Lane(id), Reply::Lane(reply))
    }

    /// Closes an integration's breaker.
    pub(super) fn reset_breaker(&self, id: IntegrationId, reply: oneshot::Sender<()>) -> Word {
        self.ask(Question::ResetBreaker(id), Reply::Reset(reply))
    }

    fn ask(&self, question: Question, reply: Reply) -> Word {
        let (id, now) = (Uuid::now_v7(), Instant::now());
        let waiting = Waiting { until: now + PATIENCE, again_at: now + AGAIN, question, reply };
        self.waiting().insert(id, waiting);
        Word::Asked(id, question)
    }

    /// Takes an answer; one that was not asked for, or comes too late, is passed over.
    pub(super) fn answered(&self, id: Uuid, answer: Answer) {
        let Some(Waiting { question, reply, .. }) = self.waiting().remove(&id) else { return };
        // Who asked may be gone.
        match (reply, answer) {
            (Reply::Lane(reply), Answer::Lane(lane)) => {
                let _ = reply.send(lane.map(|lane| lane.of(question.about())));
            }
            (Reply::Reset(reply), Answer::Reset) => {
                let _ = reply.send(());
            }
            _ => {}
        }
    }

    /// Gives up on those that nobody answered in time, and returns those that are to be asked anew.
    pub(super) fn due(&self, now: Instant) -> Vec<Word> {
        let mut all = self.waiting();
        all.retain(|_, waiting| waiting.until > now);
        let due = all.iter_mut().filter(|(_, waiting)| waiting.again_at <= now);
        due.map(|(id, waiting)| {
            waiting.again_at = now + AGAIN;
            Word::Asked(*id, waiting.question)
        })
        .collect()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_nobody_answers_is_asked_anew_and_then_given_up() {
        let questions = Questions::default();
        let (reply, replied) = oneshot::channel();
        let asked = questions.lane(IntegrationId::from_uuid(Uuid::nil()), reply);
        let now = Instant::now();
        assert_eq!(questions.due(now), []);
        assert_eq!(questions.due(now + AGAIN), [asked]);
        assert_eq!(questions.due(now + AGAIN), []);
        assert_eq!(questions.due(now + PATIENCE), []);
        assert!(replied.await.is_err());
    }

    #[tokio::test]
    async fn an_answer_goes_to_who_asked_and_to_nobody_twice() {
        let questions = Questions::default();
        let (reply, replied) = oneshot::channel();
        let word = questions.reset_breaker(IntegrationId::from_uuid(Uuid::nil()), reply);
        let Word::Asked(id, _) = word else { panic!("{word:?}") };
        questions.answered(Uuid::max(), Answer::Reset);
        questions.answered(id, Answer::Reset);
        questions.answered(id, Answer::Reset);
        assert_eq!(replied.await, Ok(()));
    }
}
