//! A page's `Permissions-Policy`: who may have the microphone.

use sfv::{BareItem, Dictionary, InnerList, Item, ListEntry, Parser};
use url::Url;

/// The header of a page, as far as it is about the microphone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PermissionsPolicy {
    /// There is none, or it says nothing of the microphone: the page itself may have it, and gives it on.
    Silent,
    /// Browsers can't read it, and leave it aside as a whole.
    Unreadable,
    /// It names who may have it.
    Microphone(Vec<Member>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    Everybody,
    Itself,
    Origin(String),
}

impl PermissionsPolicy {
    pub(super) fn read(header: Option<&str>) -> Self {
        let Some(header) = header else { return Self::Silent };
        let Ok(dictionary) = Parser::new(header).parse::<Dictionary>() else {
            return Self::Unreadable;
        };
        match dictionary.get("microphone") {
            None => Self::Silent,
            Some(ListEntry::Item(item)) => Self::Microphone(member(item).into_iter().collect()),
            Some(ListEntry::InnerList(InnerList { items, .. })) => {
                Self::Microphone(items.iter().filter_map(member).collect())
            }
        }
    }

    /// Whether a page of this address may give the microphone to that origin.
    pub(super) fn allows(&self, page: &Url, origin: &Url) -> bool {
        let Self::Microphone(members) = self else { return true };
        members.iter().any(|member| match member {
            Member::Everybody => true,
            Member::Itself => page.origin() == origin.origin(),
            Member::Origin(text) => matches(text, origin),
        })
    }

    /// The line that lets these have it besides those who may.
    pub(super) fn opened_for(&self, origins: &[String]) -> String {
        let named = match self {
            Self::Microphone(members) => members.as_slice(),
            Self::Silent | Self::Unreadable => &[],
        };
        let others = named.iter().filter_map(|member| match member {
            Member::Origin(text) if !origins.contains(text) => Some(text),
            _ => None,
        });
        let quoted: Vec<_> = others.chain(origins).map(|origin| format!("{origin:?}")).collect();
        format!("Permissions-Policy: microphone=(self {})", quoted.join(" "))
    }
}

fn member(item: &Item) -> Option<Member> {
    match &item.bare_item {
        BareItem::Token(token) if token.as_str() == "*" => Some(Member::Everybody),
        BareItem::Token(token) if token.as_str() == "self" => Some(Member::Itself),
        BareItem::String(text) => Some(Member::Origin(text.as_str().to_owned())),
        _ => None,
    }
}

/// An origin, or one with a wildcard for its subdomains.
fn matches(text: &str, origin: &Url) -> bool {
    let Some((scheme, domain)) = text.split_once("://*.") else {
        return Url::parse(text).is_ok_and(|named| named.origin() == origin.origin());
    };
    let Ok(parent) = Url::parse(&format!("{scheme}://{domain}")) else { return false };
    let below = |host: &str| {
        let end = parent.host_str().unwrap_or_default();
        host.strip_suffix(end).is_some_and(|start| start.ends_with('.'))
    };
    parent.scheme() == origin.scheme()
        && parent.port_or_known_default() == origin.port_or_known_default()
        && origin.host_str().is_some_and(below)
}
