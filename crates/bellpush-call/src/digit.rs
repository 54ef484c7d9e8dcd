//! The keys of a telephone's keypad.

use std::fmt;

/// In the order of their RFC 4733 event codes.
const KEYS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// A key of a telephone's keypad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digit(u8);

impl Digit {
    /// The star key.
    pub const STAR: Self = Self(10);

    /// The key of an RFC 4733 event code; `None` for events that are no keys.
    #[must_use]
    pub const fn from_event_code(code: u8) -> Option<Self> {
        if (code as usize) < KEYS.len() { Some(Self(code)) } else { None }
    }

    /// The RFC 4733 event code, 0 to 15.
    #[must_use]
    pub const fn event_code(self) -> u8 {
        self.0
    }
}

/// Not a key of a keypad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digit; use one of 0123456789*#ABCD")]
pub struct InvalidDigit(pub char);

impl TryFrom<char> for Digit {
    type Error = InvalidDigit;

    fn try_from(key: char) -> Result<Self, InvalidDigit> {
        (0..)
            .zip(KEYS)
            .find(|(_, k)| *k == key)
            .map(|(code, _)| Self(code))
            .ok_or(InvalidDigit(key))
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The code is below 16, see the constructors.
        fmt::Display::fmt(&KEYS[usize::from(self.0)], f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_name_and_its_event_code() {
        for (code, key) in (0..).zip(KEYS) {
            let digit = Digit::try_from(key).unwrap();
            assert_eq!((digit.event_code(), digit.to_string()), (code, key.to_string()));
            assert_eq!(Digit::from_event_code(code), Some(digit));
        }
        assert_eq!(Digit::try_from('*'), Ok(Digit::STAR));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(Digit::from_event_code(16), None);
        assert_eq!(Digit::try_from('x'), Err(InvalidDigit('x')));
    }
}
