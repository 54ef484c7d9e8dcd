//! What happened of late, in its order. Pure.

use std::{collections::VecDeque, fmt, str::FromStr};

use uuid::Uuid;

/// Things that are remembered.
const REMEMBERED: usize = 10_000;

/// A place between two things that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Which memory it is a place of: another process, or a later one, has another.
    ring: Uuid,
    place: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ring.simple(), self.place)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ring, place) = text.split_once('-').ok_or(())?;
        let ring = Uuid::try_parse(ring).map_err(|_| ())?;
        Ok(Self { ring, place: place.parse().map_err(|_| ())? })
    }
}

/// The last things that happened.
#[derive(Debug)]
pub(super) struct Ring<T> {
    id: Uuid,
    /// The place before the oldest one.
    begin: u64,
    items: VecDeque<T>,
}

impl<T: Clone> Ring<T> {
    pub(super) fn new(id: Uuid) -> Self {
        Self { id, begin: 0, items: VecDeque::new() }
    }

    pub(super) fn push(&mut self, item: T) {
        if self.items.len() >= REMEMBERED {
            self.items.pop_front();
            self.begin += 1;
        }
        self.items.push_back(item);
    }

    /// The place after the newest one.
    pub(super) fn end(&self) -> Cursor {
        Cursor { ring: self.id, place: self.begin + self.items.len() as u64 }
    }

    /// What happened after a place, each with the place after it; `None` when that is not remembered.
    pub(super) fn after(&self, cursor: Cursor) -> Option<Vec<(T, Cursor)>> {
        let end = self.end();
        if cursor.ring != self.id || cursor.place < self.begin || cursor.place > end.place {
            return None;
        }
        let skipped = usize::try_from(cursor.place - self.begin).ok()?;
        let places = (cursor.place + 1..).map(|place| Cursor { place, ..cursor });
        Some(self.items.iter().skip(skipped).cloned().zip(places).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_hears_what_was_missed_once() {
        let mut ring = Ring::new(Uuid::from_u128(1));
        (0..5).for_each(|n| ring.push(n));
        let cursor = ring.end();
        assert_eq!(ring.after(cursor), Some(vec![]));
        (5..8).for_each(|n| ring.push(n));
        let text = cursor.to_string();
        let missed = ring.after(text.parse().unwrap()).unwrap();
        assert_eq!(missed.iter().map(|(item, _)| *item).collect::<Vec<_>>(), [5, 6, 7]);
        // Also after a break in the middle of what is told at once.
        let rest = ring.after(missed[1].1).unwrap();
        assert_eq!((rest.len(), rest[0].0), (1, 7));
        assert_eq!(ring.after(missed[2].1), Some(vec![]));
    }

    #[test]
    fn a_place_that_is_too_old_or_of_another_memory_is_not_known() {
        let mut ring = Ring::new(Uuid::from_u128(1));
        let first = ring.end();
        (0..REMEMBERED).for_each(|n| ring.push(n));
        assert_eq!(ring.after(first).unwrap().len(), REMEMBERED);
        ring.push(0);
        assert_eq!(ring.after(first), None);
        assert_eq!(Ring::<u8>::new(Uuid::from_u128(2)).after(first), None);
        let later = Cursor { ring: Uuid::from_u128(1), place: u64::MAX };
        assert_eq!(ring.after(later), None);
        for text in ["", "x-1", "-", "00000000000000000000000000000001-", "1-1-1"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
