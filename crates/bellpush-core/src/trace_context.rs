//! The place of a span in a trace, as it goes from one service to the next (W3C Trace Context).

use std::{
    fmt,
    num::{NonZeroU64, NonZeroU128},
    str::FromStr,
};

/// A span's place in a trace, as it is written in the header `traceparent` (W3C Trace Context,
/// section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: NonZeroU128,
    /// The span.
    pub span_id: NonZeroU64,
    /// Whether its spans are recorded.
    pub sampled: bool,
}

/// A text that is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent as W3C Trace Context says")]
pub struct InvalidTraceParent;

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let mut parts = text.split('-');
        let mut next = |digits| parts.next().and_then(|part| hex(part, digits));
        let fields = (next(2), next(32), next(16), next(2));
        let (Some(version), Some(trace_id), Some(span_id), Some(flags)) = fields else {
            return Err(InvalidTraceParent);
        };
        // A later version may have more fields; 255 is none.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return Err(InvalidTraceParent);
        }
        let trace_id = NonZeroU128::new(trace_id).ok_or(InvalidTraceParent)?;
        let span_id = u64::try_from(span_id).ok().and_then(NonZeroU64::new);
        let span_id = span_id.ok_or(InvalidTraceParent)?;
        Ok(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }
}

/// Exactly so many hexadecimal digits, in lower case.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = text.len() == digits && text.bytes().all(is_hex);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, sampled } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(*sampled))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_text_that_is_not_a_traceparent_is_refused() {
        let invalid = [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ];
        for text in invalid {
            assert_eq!(text.parse::<TraceParent>(), Err(InvalidTraceParent), "{text:?}");
        }
        assert_eq!(PARENT.parse::<TraceParent>().unwrap().to_string(), PARENT);
        let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more";
        assert_eq!(later.parse::<TraceParent>().unwrap().to_string(), PARENT);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace_id in 1..=u128::MAX, span_id in 1..=u64::MAX, sampled: bool) {
            let place = TraceParent {
                trace_id: NonZeroU128::new(trace_id).unwrap(),
                span_id: NonZeroU64::new(span_id).unwrap(),
                sampled,
            };
            prop_assert_eq!(place.to_string().len(), 55);
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn no_text_whatever_stops_the_reader(text in r"[0-9a-f-]{0,70}|\PC{0,70}") {
            if let Ok(place) = text.parse::<TraceParent>() {
                prop_assert!(place.to_string()[2..53] == text[2..53]);
            }
        }
    }
}
