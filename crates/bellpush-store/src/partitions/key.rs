//! What tables are partitioned by: ids, which have their time in them, or places in the log.

use bellpush_core::ids::SessionId;

/// Hexadecimal digits of a UUIDv7's time (RFC 9562, section 5.7).
const TIME_DIGITS: usize = 12;

/// What a table is partitioned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Ids of events: milliseconds since 1970.
    EventId,
    /// Ids of sessions: milliseconds since 1970.
    SessionId,
    /// Places in the log.
    Place,
}

impl Key {
    /// The bound as PostgreSQL takes it, without quotes: where rows of this time, or place, begin.
    pub(super) fn bound(self, at: i64) -> String {
        let at = at.max(0);
        match self {
            Self::EventId => {
                let digits = format!("{at:012x}");
                let (high, low) = digits.split_at(8);
                format!("{high}-{low}")
            }
            Self::SessionId => format!("{}{at:012x}", SessionId::PREFIX),
            Self::Place => at.to_string(),
        }
    }

    /// Reads what [`Key::bound`] has written.
    pub(super) fn read(self, bound: &str) -> Option<i64> {
        let time = |digits: &str| {
            let digits = digits.get(..TIME_DIGITS)?;
            i64::from_str_radix(digits, 16).ok()
        };
        match self {
            Self::EventId => time(&bound.replace('-', "")),
            Self::SessionId => time(bound.strip_prefix(SessionId::PREFIX)?),
            Self::Place => bound.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bellpush_core::ids::EventId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn a_bound_reads_back_and_parts_ids_by_their_time(at in 0_i64..1 << 47, random in any::<u128>()) {
            for key in [Key::EventId, Key::SessionId, Key::Place] {
                prop_assert_eq!(key.read(&key.bound(at)), Some(at));
            }
            let of_time = |at: i64| {
                let low = random & ((1 << 76) - 1) & !(3 << 62) | 2 << 62;
                Uuid::from_u128((at as u128) << 80 | 7 << 76 | low)
            };
            let event = |at| EventId::from_uuid(of_time(at)).unwrap().to_string();
            prop_assert!(event(at) >= Key::EventId.bound(at));
            prop_assert!(event(at) < Key::EventId.bound(at + 1));
            let session = |at| SessionId::from_uuid(of_time(at)).to_string();
            prop_assert!(session(at) >= Key::SessionId.bound(at));
            prop_assert!(session(at) < Key::SessionId.bound(at + 1));
        }
    }
}
