//! Facts: what is counted, and of whom.

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "unknown";

/// Where the ranges of durations begin, in seconds; the last one has no end.
pub const DURATION_BOUNDS: [u32; 9] = [0, 10, 30, 60, 120, 300, 600, 1_200, 3_600];
/// Where the ranges of waits until the first word begin, in seconds; the last one has no end.
pub const WAIT_BOUNDS: [u32; 7] = [0, 3, 6, 10, 20, 30, 60];

/// The range that a number of seconds lies in.
#[must_use]
pub fn bucket_of(bounds: &[u32], seconds: u64) -> u8 {
    let at = bounds.partition_point(|bound| u64::from(*bound) <= seconds);
    u8::try_from(at.saturating_sub(1)).unwrap_or_default()
}

/// By what visitors and calls are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The profile that a call went to first.
    Profile,
    /// The site: the origin of the page that embeds the widget.
    Page,
    /// The browser's family.
    Browser,
    /// The first language that the browser asks for.
    Language,
    /// How a call's media came to the server: `udp` or `tcp`.
    Network,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Profile, Self::Page, Self::Browser, Self::Language, Self::Network];

    /// The dimension as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Page => "page",
            Self::Browser => "browser",
            Self::Language => "language",
            Self::Network => "network",
        }
    }
}

/// How a call's media went between the browser and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkKind {
    /// By UDP.
    Udp,
    /// By TCP.
    Tcp,
}

impl NetworkKind {
    /// The kind as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// Of whom something is counted: a value for each dimension, empty where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Segment(pub(super) [String; Dimension::ALL.len()]);

impl Segment {
    /// The same with another value; none where it is `None`.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, value: Option<impl Into<String>>) -> Self {
        self.0[dimension as usize] = value.map(Into::into).unwrap_or_default();
        self
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A widget was loaded.
    Loaded,
    /// A visitor tapped, and no call came of it.
    Refused {
        /** The error's code. */
        code: String,
    },
    /// A call was accepted and is not over.
    Live,
    /// A call is over.
    Over {
        /** How it ended. */
        end: End,
        /** How long it took until both sides heard each other, as a range of [`WAIT_BOUNDS`]; `None` if
        they never did. */
        wait: Option<u8>,
        /** How it sounded, in a word. */
        grade: Option<String>,
    },
    /// A call was rated with so many stars, rounded.
    Rated {
        /** 1 to 5. */
        stars: u8,
    },
    /// A visitor asked to be called back.
    CallbackRequested {
        /** Why. */
        reason: String,
    },
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// Cleanly.
    Ended {
        /** Who hung up. */
        reason: String,
        /** How long it lasted, as a range of [`DURATION_BOUNDS`]. */
        length: u8,
    },
    /// By an error.
    Failed {
        /** The error's code. */
        code: String,
    },
}

/// How often something happened, and what can be summed of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// How often.
    pub count: u64,
    /// Seconds that calls lasted, of those that ended cleanly.
    pub seconds: u64,
    /// Milliseconds until both sides heard each other, of calls that came so far.
    pub wait_ms: u64,
    /// Hundredths of the score of the worse side, of calls of which both sides were heard.
    pub score: u64,
    /// So many calls have a score.
    pub scored: u64,
}

impl Amounts {
    /// Of something that can only be counted.
    #[must_use]
    pub const fn one() -> Self {
        Self { count: 1, seconds: 0, wait_ms: 0, score: 0, scored: 0 }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.seconds += other.seconds;
        self.wait_ms += other.wait_ms;
        self.score += other.score;
        self.scored += other.scored;
    }
}
