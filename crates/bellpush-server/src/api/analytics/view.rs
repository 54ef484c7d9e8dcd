//! Figures, as they are answered.

use bellpush_core::analytics::{DURATION_BOUNDS, Figures, WAIT_BOUNDS};
use serde::Serialize;
use utoipa::ToSchema;

/// What was counted. Calls count when they started, whatever became of them later.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FiguresView {
    /// Widgets that were loaded.
    loads: u64,
    /// Taps: each led to a call or to an error.
    taps: u64,
    /// Taps after which there was a microphone.
    microphones: u64,
    /// Calls that were accepted.
    accepted: u64,
    /// Calls that are over in which both sides heard each other.
    connected: u64,
    /// Calls that ended cleanly.
    ended: u64,
    /// Calls that failed.
    failed: u64,
    /// Calls under way.
    live: u64,
    /// Taps that no call came of.
    refused: u64,
    /// Demand outside business hours: taps that were refused for it, and requests to be called back.
    closed: u64,
    /// Ratings.
    rated: u64,
    /// The share of calls that are over in which both sides heard each other; `null` without calls.
    answer_rate: Option<f64>,
    /// Seconds that a call lasted on average, of those that ended cleanly; `null` without any.
    mean_duration: Option<f64>,
    /// Milliseconds until both sides heard each other, on average; `null` where none did.
    mean_wait_ms: Option<f64>,
    /// The score of the worse side on average, from 1 to 5; `null` where none was measured.
    mean_score: Option<f64>,
    /// So many calls have a score.
    scored: u64,
    /// Calls in which one side sent nothing.
    one_way: u64,
    /// Stars on average, from 1 to 5; `null` without ratings.
    mean_rating: Option<f64>,
}

impl From<&Figures> for FiguresView {
    fn from(figures: &Figures) -> Self {
        let stars: u64 = figures.stars.iter().zip(1..).map(|(calls, stars)| calls * stars).sum();
        let over = figures.ended() + figures.failed();
        Self {
            loads: figures.loads,
            taps: figures.taps(),
            microphones: figures.microphones(),
            accepted: figures.accepted(),
            connected: figures.connected,
            ended: figures.ended(),
            failed: figures.failed(),
            live: figures.live,
            refused: figures.refused(),
            closed: figures.closed(),
            rated: figures.rated(),
            answer_rate: mean(figures.connected, over),
            mean_duration: mean(figures.seconds, figures.ended()),
            mean_wait_ms: mean(figures.wait_ms, figures.connected),
            mean_score: mean(figures.score, figures.scored).map(|score| score / 100.0),
            scored: figures.scored,
            one_way: figures.grades.get("one_way").copied().unwrap_or_default(),
            mean_rating: mean(stars, figures.rated()),
        }
    }
}

fn mean(sum: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| sum as f64 / of as f64)
}

/// How often a word occurs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WordCount {
    /// The word, such as an error's code.
    word: String,
    /// How often.
    count: u64,
}

/// How often a number lies in a range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RangeCount {
    /// The range begins here.
    from: u32,
    /// The next one begins here; `null` for the last one.
    to: Option<u32>,
    /// How often.
    count: u64,
}

/// What is behind the figures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetailsView {
    /// Taps that no call came of, by the error's code.
    refused: Vec<WordCount>,
    /// Calls that failed, by the error's code.
    failed: Vec<WordCount>,
    /// Calls that ended cleanly, by who hung up.
    reasons: Vec<WordCount>,
    /// Calls by how they sounded.
    qualities: Vec<WordCount>,
    /// Call-back requests, by why.
    callbacks: Vec<WordCount>,
    /// Calls that ended cleanly, by the seconds that they lasted.
    durations: Vec<RangeCount>,
    /// Calls by the seconds until both sides heard each other.
    waits: Vec<RangeCount>,
    /// Calls by their stars, from 1 to 5.
    ratings: Vec<RangeCount>,
}

impl From<&Figures> for DetailsView {
    fn from(figures: &Figures) -> Self {
        Self {
            refused: words(&figures.refused),
            failed: words(&figures.failed),
            reasons: words(&figures.ended),
            qualities: words(&figures.grades),
            callbacks: words(&figures.callbacks),
            durations: ranges(&DURATION_BOUNDS, &figures.durations),
            waits: ranges(&WAIT_BOUNDS, &figures.waits),
            ratings: ranges(&[1, 2, 3, 4, 5], &figures.stars),
        }
    }
}

/// The most frequent ones first.
fn words(counts: &std::collections::BTreeMap<String, u64>) -> Vec<WordCount> {
    let mut words: Vec<_> = counts
        .iter()
        .map(|(word, count)| WordCount { word: word.clone(), count: *count })
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.count));
    words
}

fn ranges(bounds: &[u32], counts: &[u64]) -> Vec<RangeCount> {
    let ends = bounds.iter().skip(1).copied().map(Some).chain([None]);
    let ranges = bounds.iter().zip(ends).zip(counts);
    ranges.map(|((from, to), count)| RangeCount { from: *from, to, count: *count }).collect()
}
