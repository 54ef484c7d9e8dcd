//! An hour's roll-up as bytes: the values and outcomes that occur, once each, then the cells, which
//! name them by their place. A call takes some twelve bytes, and 90 days of a busy site are read in
//! the time of a few hundred rows.

use super::{
    bytes::{Reader, Unreadable, put_number, put_text},
    fact::{Amounts, DURATION_BOUNDS, End, Outcome, WAIT_BOUNDS},
    hour::{Cell, Hour, Words},
};

/// The first byte.
const VERSION: u64 = 1;

const LOADED: u64 = 0;
const REFUSED: u64 = 1;
const LIVE: u64 = 2;
const ENDED: u64 = 3;
const FAILED: u64 = 4;
const RATED: u64 = 5;
const CALLBACK: u64 = 6;

impl Hour {
    /// The roll-up as it is kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.cells.len() * 12 + 256);
        put_number(&mut out, VERSION);
        put_number(&mut out, self.words.len() as u64);
        self.words.iter().for_each(|word| put_text(&mut out, word));
        put_number(&mut out, self.segments.len() as u64);
        self.segments.iter().flatten().for_each(|word| put_number(&mut out, u64::from(*word)));
        put_number(&mut out, self.outcomes.len() as u64);
        self.outcomes.iter().for_each(|outcome| put_outcome(&mut out, outcome));
        for Cell { quarter, segment, outcome, amounts } in &self.cells {
            put_number(&mut out, u64::from(*quarter));
            put_number(&mut out, u64::from(*segment));
            put_number(&mut out, u64::from(*outcome));
            put_number(&mut out, amounts.count);
            if let Some(Outcome::Over { .. }) = self.outcomes.get(*outcome as usize) {
                put_number(&mut out, amounts.seconds);
                put_number(&mut out, amounts.wait_ms);
                put_number(&mut out, amounts.score);
                put_number(&mut out, amounts.scored);
            }
        }
        out
    }

    /// Reads a roll-up that was kept.
    ///
    /// # Errors
    /// When these are not the bytes of one, or of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::new(bytes);
        if reader.number()? != VERSION {
            return Err(Unreadable);
        }
        let words: usize = reader.small()?;
        let words = (0..words)
            .map(|_| reader.text().map(ToOwned::to_owned))
            .collect::<Result<Vec<_>, Unreadable>>()?;
        let segments: usize = reader.small()?;
        let segments = (0..segments)
            .map(|_| segment(&mut reader, words.len()))
            .collect::<Result<Vec<_>, Unreadable>>()?;
        let outcomes: usize = reader.small()?;
        let outcomes =
            (0..outcomes).map(|_| outcome(&mut reader)).collect::<Result<Vec<_>, Unreadable>>()?;
        let mut cells = Vec::new();
        while !reader.is_empty() {
            let (quarter, segment, outcome) = (reader.small()?, reader.small()?, reader.small()?);
            let known: &Outcome = outcomes.get(outcome as usize).ok_or(Unreadable)?;
            if quarter > 3 || segment as usize >= segments.len() {
                return Err(Unreadable);
            }
            let mut amounts = Amounts { count: reader.number()?, ..Amounts::default() };
            if let Outcome::Over { .. } = known {
                amounts.seconds = reader.number()?;
                amounts.wait_ms = reader.number()?;
                amounts.score = reader.number()?;
                amounts.scored = reader.number()?;
            }
            cells.push(Cell { quarter, segment, outcome, amounts });
        }
        Ok(Self { words, segments, outcomes, cells })
    }
}

fn put_outcome(out: &mut Vec<u8>, outcome: &Outcome) {
    match outcome {
        Outcome::Loaded => put_number(out, LOADED),
        Outcome::Refused { code } => {
            put_number(out, REFUSED);
            put_text(out, code);
        }
        Outcome::Live => put_number(out, LIVE),
        Outcome::Over { end, wait, grade } => {
            match end {
                End::Ended { reason, length } => {
                    put_number(out, ENDED);
                    put_text(out, reason);
                    put_number(out, u64::from(*length));
                }
                End::Failed { code } => {
                    put_number(out, FAILED);
                    put_text(out, code);
                }
            }
            put_number(out, wait.map_or(0, |wait| u64::from(wait) + 1));
            put_text(out, grade.as_deref().unwrap_or_default());
        }
        Outcome::Rated { stars } => {
            put_number(out, RATED);
            put_number(out, u64::from(*stars));
        }
        Outcome::CallbackRequested { reason } => {
            put_number(out, CALLBACK);
            put_text(out, reason);
        }
    }
}

fn segment(reader: &mut Reader<'_>, words: usize) -> Result<Words, Unreadable> {
    let mut segment = Words::default();
    for place in &mut segment {
        *place = reader.small()?;
        if *place as usize >= words {
            return Err(Unreadable);
        }
    }
    Ok(segment)
}

fn outcome(reader: &mut Reader<'_>) -> Result<Outcome, Unreadable> {
    Ok(match reader.number()? {
        LOADED => Outcome::Loaded,
        REFUSED => Outcome::Refused { code: reader.text()?.to_owned() },
        LIVE => Outcome::Live,
        ENDED => {
            let (reason, length) = (reader.text()?.to_owned(), reader.small::<u8>()?);
            if usize::from(length) >= DURATION_BOUNDS.len() {
                return Err(Unreadable);
            }
            over(reader, End::Ended { reason, length })?
        }
        FAILED => {
            let code = reader.text()?.to_owned();
            over(reader, End::Failed { code })?
        }
        RATED => match reader.small()? {
            stars @ 1..=5 => Outcome::Rated { stars },
            _ => return Err(Unreadable),
        },
        CALLBACK => Outcome::CallbackRequested { reason: reader.text()?.to_owned() },
        _ => return Err(Unreadable),
    })
}

fn over(reader: &mut Reader<'_>, end: End) -> Result<Outcome, Unreadable> {
    let wait = reader.small::<u8>()?.checked_sub(1);
    if wait.is_some_and(|wait| usize::from(wait) >= WAIT_BOUNDS.len()) {
        return Err(Unreadable);
    }
    let grade = Some(reader.text()?).filter(|grade| !grade.is_empty()).map(ToOwned::to_owned);
    Ok(Outcome::Over { end, wait, grade })
}
