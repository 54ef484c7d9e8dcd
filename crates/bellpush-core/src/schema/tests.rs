//! That descriptions and rules say the same.

use std::ops::RangeInclusive;

use proptest::{
    strategy::{Strategy, ValueTree},
    string::string_regex,
    test_runner::TestRunner,
};
use regex::Regex;

/// Texts that are tried of each kind.
const TRIED: usize = 2_000;

/// Asserts that a rule takes what a pattern with these lengths takes, and refuses what it refuses: of
/// texts that the pattern makes, and of those that another expression makes.
pub(crate) fn assert_same_language(
    pattern: &str,
    chars: RangeInclusive<usize>,
    others: &str,
    rule: impl Fn(&str) -> bool,
) {
    let described = Regex::new(pattern).unwrap();
    let mut runner = TestRunner::deterministic();
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    for source in [inner, others] {
        let texts = string_regex(source).unwrap();
        for _ in 0..TRIED {
            let text = texts.new_tree(&mut runner).unwrap().current();
            let fits = described.is_match(&text) && chars.contains(&text.chars().count());
            assert_eq!(rule(&text), fits, "{text:?} and {pattern}");
        }
    }
}
