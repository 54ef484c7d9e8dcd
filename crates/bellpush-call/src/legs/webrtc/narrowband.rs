//! Asks a browser for a voice as telephones have it (RFC 7587 section 6.1). What lies above their
//! band would be cut off in transcoding: it costs a visitor on a bad network bandwidth, and the
//! server more than the other half of decoding.

use str0m::media::Pt;

use crate::media::opus::NARROWBAND_BITS_PER_SECOND;

/// The answer, with the wish for Opus, which has this payload type.
pub(super) fn ask(answer: &str, opus: Pt) -> String {
    let wish = format!("maxplaybackrate=8000;maxaveragebitrate={NARROWBAND_BITS_PER_SECOND}");
    let parameters = format!("a=fmtp:{opus} ");
    let name = format!("a=rtpmap:{opus} ");
    let has_parameters = answer.lines().any(|line| line.starts_with(&parameters));
    let mut asked = String::with_capacity(answer.len() + wish.len());
    for line in answer.lines() {
        asked.push_str(line);
        if line.starts_with(&parameters) {
            asked.push(';');
            asked.push_str(&wish);
        } else if !has_parameters && line.starts_with(&name) {
            asked.push_str("\r\n");
            asked.push_str(&parameters);
            asked.push_str(&wish);
        }
        asked.push_str("\r\n");
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wish_is_of_opus_alone() {
        let answer = "v=0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:11 opus/48000/2\r\n\
            a=fmtp:11 useinbandfec=1\r\na=fmtp:110 0-15\r\n";
        let asked = "v=0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:11 opus/48000/2\r\n\
            a=fmtp:11 useinbandfec=1;maxplaybackrate=8000;maxaveragebitrate=24000\r\n\
            a=fmtp:110 0-15\r\n";
        assert_eq!(ask(answer, 11.into()), asked);
    }

    #[test]
    fn the_wish_needs_no_other_parameter() {
        let asked = ask("v=0\r\na=rtpmap:11 opus/48000/2\r\n", 11.into());
        assert!(asked.ends_with("2\r\na=fmtp:11 maxplaybackrate=8000;maxaveragebitrate=24000\r\n"));
    }
}
