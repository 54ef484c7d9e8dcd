//! `frame-ancestors`: which pages a browser shows the widget in.
//!
//! The list goes into a header, and proxies take headers of 4 KiB in all, as they come. Where all
//! origins of an app are too many for that, the one that embeds the widget is named alone. It says
//! itself who it is, and gains nothing by a lie: the browser checks.

use axum::http::{HeaderMap, header::REFERER};
use bellpush_core::origin::AllowedOrigin;
use url::Url;

/// Bytes of a whole policy, at most.
const MAX_POLICY_BYTES: usize = 3_072;

/// The origin of the page around the widget, as the address or else the browser says.
pub(super) fn embedder(parameter: Option<&str>, headers: &HeaderMap) -> Option<String> {
    let referer = || {
        let referer = headers.get(REFERER)?.to_str().ok()?;
        Some(Url::parse(referer).ok()?.origin().ascii_serialization())
    };
    parameter.map(ToOwned::to_owned).or_else(referer)
}

/// A policy that ends in `frame-ancestors`, with the origins that may be ancestors.
pub(super) fn with_ancestors(
    mut policy: String,
    origins: &[AllowedOrigin],
    embedder: Option<&str>,
) -> String {
    let needed: usize = origins.iter().map(|origin| origin.as_str().len() + 1).sum();
    let named = origins.iter().find(|origin| Some(origin.as_str()) == embedder);
    let named = match named {
        Some(named) if policy.len() + needed > MAX_POLICY_BYTES => std::slice::from_ref(named),
        _ => origins,
    };
    if named.is_empty() && policy.ends_with("frame-ancestors") {
        policy.push_str(" 'none'");
    }
    for (index, origin) in named.iter().enumerate() {
        // Of too many for a page that does not say who it is, the first ones. One there has to be: with
        // none, no page could show the widget.
        if index > 0 && policy.len() + 1 + origin.as_str().len() > MAX_POLICY_BYTES {
            break;
        }
        policy.push(' ');
        policy.push_str(origin.as_str());
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(n: usize) -> AllowedOrigin {
        format!("https://{n:02}{}.{}.example", "a".repeat(60), "b".repeat(63)).parse().unwrap()
    }

    #[test]
    fn a_short_list_is_named_whole_and_an_empty_one_is_nobody() {
        let origins: Vec<AllowedOrigin> =
            ["https://a.example", "https://b.example"].map(|text| text.parse().unwrap()).into();
        let policy = |origins: &[_]| with_ancestors("x; frame-ancestors".into(), origins, None);
        assert_eq!(policy(&origins), "x; frame-ancestors https://a.example https://b.example");
        assert_eq!(policy(&[]), "x; frame-ancestors 'none'");
        assert_eq!(
            with_ancestors("frame-ancestors 'self'".into(), &[], None),
            "frame-ancestors 'self'"
        );
    }

    #[test]
    fn of_a_long_list_the_embedder_is_named_alone() {
        let origins: Vec<_> = (0..64).map(long).collect();
        for embedder in &origins {
            let policy =
                with_ancestors("frame-ancestors".into(), &origins, Some(embedder.as_str()));
            assert_eq!(policy, format!("frame-ancestors {embedder}"));
        }
        for stranger in [None, Some("https://evil.example")] {
            let policy = with_ancestors("frame-ancestors".into(), &origins, stranger);
            assert!(policy.len() <= MAX_POLICY_BYTES && policy.len() > 2_800, "{}", policy.len());
            assert!(!policy.contains("evil"), "{policy}");
        }
    }

    #[test]
    fn behind_a_long_policy_there_is_an_ancestor_still() {
        let origins: Vec<_> = (0..64).map(long).collect();
        let before = format!("{}; frame-ancestors", "x".repeat(MAX_POLICY_BYTES - 12));
        let embedder = origins[7].as_str();
        let policy = with_ancestors(before.clone(), &origins, Some(embedder));
        assert_eq!(policy, format!("{before} {embedder}"));
        assert_eq!(
            with_ancestors(before.clone(), &origins, None),
            format!("{before} {}", origins[0])
        );
        assert_eq!(with_ancestors(before.clone(), &[], None), format!("{before} 'none'"));
    }

    #[test]
    fn the_embedder_is_who_the_address_names_or_who_refers_to_it() {
        let headers =
            HeaderMap::from_iter([(REFERER, "https://a.example:8443/x?y".parse().unwrap())]);
        assert_eq!(embedder(None, &headers).unwrap(), "https://a.example:8443");
        assert_eq!(embedder(Some("https://b.example"), &headers).unwrap(), "https://b.example");
        assert_eq!(embedder(None, &HeaderMap::new()), None);
    }
}
