//! The built-in far side: greets, then echoes the visitor's own voice; `*` makes it hang up.
//!
//! Pure: it says when its next frame is due and what is in it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Digit,
    media::{FRAME, Greeting},
};

/// How far behind the greeting may fall; what is older is not made up for, as a burst would only
/// delay the echo after it.
const MAX_LAG: Duration = Duration::from_millis(200);

/// One call's far side.
#[derive(Debug)]
pub(crate) struct DemoLeg {
    greeting: Arc<Greeting>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The visitor's media has not connected yet.
    Waiting,
    Greeting {
        next: usize,
        due: Instant,
    },
    Echo,
}

impl DemoLeg {
    pub(crate) fn new(greeting: Arc<Greeting>) -> Self {
        Self { greeting, state: State::Waiting }
    }

    /// Answers the call: the greeting starts. Only the first time counts.
    pub(crate) fn answer(&mut self, now: Instant) {
        if matches!(self.state, State::Waiting) {
            self.state = State::Greeting { next: 0, due: now };
        }
    }

    /// Goes on with a call that was answered before: without the greeting.
    pub(crate) fn go_on(&mut self) {
        self.state = State::Echo;
    }

    /// When the next frame is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Greeting { due, .. } => Some(due),
            State::Waiting | State::Echo => None,
        }
    }

    /// The next frame and its index in the greeting, if it is due.
    pub(crate) fn play(&mut self, now: Instant) -> Option<(usize, Arc<[u8]>)> {
        let State::Greeting { next, due } = &mut self.state else {
            return None;
        };
        if *due > now {
            return None;
        }
        let index = *next;
        let Some(frame) = self.greeting.frame(index) else {
            self.state = State::Echo;
            return None;
        };
        *next += 1;
        *due = (*due + FRAME).max(now.checked_sub(MAX_LAG).unwrap_or(now));
        Some((index, Arc::clone(frame)))
    }

    /// Whether the visitor's voice goes back to the visitor.
    pub(crate) fn echoes(&self) -> bool {
        matches!(self.state, State::Echo)
    }

    /// Whether this key makes it hang up.
    pub(crate) fn hangs_up_on(digit: Digit) -> bool {
        digit == Digit::STAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> DemoLeg {
        DemoLeg::new(Arc::new(Greeting::built_in().unwrap()))
    }

    #[test]
    fn it_plays_a_frame_every_20_ms_and_then_echoes() {
        let start = Instant::now();
        let mut demo = demo();
        assert!(demo.play(start).is_none());
        assert_eq!(demo.next_deadline(), None);
        demo.answer(start);
        let mut now = start;
        let mut frames = 0;
        while let Some(due) = demo.next_deadline() {
            now = due;
            if let Some((index, _)) = demo.play(now) {
                assert_eq!(index, frames);
                assert!(demo.play(now).is_none(), "two frames at once");
                assert!(!demo.echoes());
                frames += 1;
            }
        }
        assert!(frames > 200);
        assert_eq!(now - start, FRAME * u32::try_from(frames).unwrap());
        assert!(demo.echoes());
    }

    #[test]
    fn a_call_that_goes_on_is_echoed_and_not_greeted() {
        let mut demo = demo();
        demo.go_on();
        demo.answer(Instant::now());
        assert!(demo.echoes());
        assert_eq!(demo.next_deadline(), None);
    }

    #[test]
    fn it_makes_up_for_a_short_delay_but_not_for_a_long_one() {
        let start = Instant::now();
        let mut demo = demo();
        demo.answer(start);
        let frames = |demo: &mut DemoLeg, now| std::iter::from_fn(|| demo.play(now)).count();
        assert_eq!(frames(&mut demo, start + 5 * FRAME), 6);
        let late = frames(&mut demo, start + Duration::from_secs(3));
        assert!((2..=12).contains(&late), "a burst of {late} frames");
    }

    #[test]
    fn answering_again_does_not_start_over() {
        let start = Instant::now();
        let mut demo = demo();
        demo.answer(start);
        assert_eq!(demo.play(start).map(|(index, _)| index), Some(0));
        demo.answer(start + FRAME);
        assert_eq!(demo.play(start + FRAME).map(|(index, _)| index), Some(1));
    }
}
