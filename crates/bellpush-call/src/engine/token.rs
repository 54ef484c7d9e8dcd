//! Which socket a readiness event is about: mio gives back the token that it was registered with.

use mio::Token;

/// The component of a stream that a socket of a far side carries (RFC 8445 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    Rtp,
    Rtcp,
}

pub(super) const WAKER: Token = Token(0);
/// The UDP port for browsers.
pub(super) const MEDIA: Token = Token(1);
/// The TCP port for browsers.
pub(super) const LISTENER: Token = Token(2);
/// From here on: four tokens for each number of a call or connection.
const FIRST: usize = 4;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Waker,
    Browsers,
    Listener,
    /// A port of the call with this key.
    FarSide(usize, Component),
    /// A TCP connection of a browser.
    Connection(usize),
}

/// The token of a port of the call with this key.
pub(super) fn far_token(key: usize, component: Component) -> Token {
    match component {
        Component::Rtp => Token(FIRST + 4 * key),
        Component::Rtcp => Token(FIRST + 4 * key + 1),
    }
}

/// The token of a browser's TCP connection.
pub(super) fn connection_token(key: usize) -> Token {
    Token(FIRST + 4 * key + 2)
}

/// What is ready. `None` for a token that was never given out.
pub(super) fn source(token: Token) -> Option<Source> {
    Some(match token {
        WAKER => Source::Waker,
        MEDIA => Source::Browsers,
        LISTENER => Source::Listener,
        Token(number) => {
            let number = number.checked_sub(FIRST)?;
            let key = number / 4;
            match number % 4 {
                0 => Source::FarSide(key, Component::Rtp),
                1 => Source::FarSide(key, Component::Rtcp),
                2 => Source::Connection(key),
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_it_stands_for() {
        for source_of in [
            (WAKER, Source::Waker),
            (MEDIA, Source::Browsers),
            (LISTENER, Source::Listener),
            (far_token(0, Component::Rtp), Source::FarSide(0, Component::Rtp)),
            (far_token(7, Component::Rtcp), Source::FarSide(7, Component::Rtcp)),
            (connection_token(7), Source::Connection(7)),
        ] {
            assert_eq!(source(source_of.0), Some(source_of.1));
        }
        assert_eq!(source(Token(3)), None);
    }
}
