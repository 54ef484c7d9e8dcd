//! The messages of a handshake as they stand in a datagram (RFC 6347 section 4.2.2), before anything
//! is encrypted.

const RECORD_HEADER_LEN: usize = 13;
const HANDSHAKE: u8 = 22;
const MESSAGE_HEADER_LEN: usize = 12;

/// Whether a message in the clear says that it is longer than so many bytes, of which this may be
/// but a fragment.
pub(super) fn is_too_long(mut datagram: &[u8], max: usize) -> bool {
    while let Some((header, rest)) = datagram.split_first_chunk::<RECORD_HEADER_LEN>() {
        let [kind, _, _, e0, e1, .., l0, l1] = *header;
        let length = usize::from(u16::from_be_bytes([l0, l1])).min(rest.len());
        let (record, after) = rest.split_at(length);
        let is_clear = [e0, e1] == [0, 0];
        if kind == HANDSHAKE && is_clear && has_long_message(record, max) {
            return true;
        }
        datagram = after;
    }
    false
}

fn has_long_message(mut record: &[u8], max: usize) -> bool {
    while let Some((header, rest)) = record.split_first_chunk::<MESSAGE_HEADER_LEN>() {
        let [_, l0, l1, l2, _, _, _, _, _, f0, f1, f2] = *header;
        if number([l0, l1, l2]) > max {
            return true;
        }
        record = rest.get(number([f0, f1, f2])..).unwrap_or_default();
    }
    false
}

fn number([high, middle, low]: [u8; 3]) -> usize {
    usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize, fragment: &[u8]) -> Vec<u8> {
        let three = |n: usize| (n as u32).to_be_bytes()[1..].to_vec();
        [vec![11], three(length), vec![0, 0], three(0), three(fragment.len()), fragment.to_vec()]
            .concat()
    }

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 0][..], &length, body].concat()
    }

    #[test]
    fn the_length_of_the_whole_message_counts_wherever_it_stands() {
        let (short, long) = (message(100, &[7; 50]), message(101, &[7; 50]));
        for (datagram, expected) in [
            (record(22, 0, &short), false),
            (record(22, 0, &long), true),
            (record(22, 0, &[&short[..], &long].concat()), true),
            ([record(20, 0, &[1]), record(22, 0, &long)].concat(), true),
            // What is encrypted has no length that could be read, and an alert is no message.
            (record(22, 1, &long), false),
            (record(21, 0, &long), false),
            (long[..5].to_vec(), false),
        ] {
            assert_eq!(is_too_long(&datagram, 100), expected, "{datagram:?}");
        }
    }
}
