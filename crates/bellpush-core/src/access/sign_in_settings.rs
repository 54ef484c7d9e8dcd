//! How people may sign in to this installation.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Apps, Grant, Role, email::in_ascii};
use crate::{
    field_error::{FieldError, check_chars},
    ids::AppId,
    schema::forms,
};

/// Domains of e-mail addresses, at most.
const MAX_DOMAINS: usize = 50;
/// Groups that are given a role, at most.
const MAX_GROUPS: usize = 100;

/// How a domain is written: more is looked at by who delivers mail.
const DOMAIN_PATTERN: &str = r"^[^\x00-\x2c/:-@\[-`{-\x7f]*\.[^\x00-\x2c/:-@\[-`{-\x7f]*$";
/// Characters of each, at most.
const MAX_SSO_NAME_CHARS: usize = 50;
const MAX_ISSUER_CHARS: usize = 500;
const MAX_CLIENT_ID_CHARS: usize = 200;
const MAX_CLAIM_CHARS: usize = 100;
const MAX_GROUP_CHARS: usize = 200;

forms! {
    EmailDomain: text().pattern(Some(DOMAIN_PATTERN));
    SsoName: text_of(1, MAX_SSO_NAME_CHARS).pattern(Some(NOT_BLANK));
    Issuer: text_in_form("issuer", "https (http on this machine), without query and fragment; up to 500 characters")
        .examples(["https://login.example/realms/team"]);
    ClientId: text_of(1, MAX_CLIENT_ID_CHARS).pattern(Some(NOT_BLANK));
    GroupsClaim: text_of(1, MAX_CLAIM_CHARS).pattern(Some(NOT_BLANK));
    GroupName: text_of(1, MAX_GROUP_CHARS).pattern(Some(NOT_BLANK));
}

/// How people may sign in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SignInSettings {
    /// Whether nobody gets on without a second factor. Single sign-on and passkeys count as such.
    pub require_second_factor: bool,
    /// Whether single sign-on is the only way in.
    pub require_sso: bool,
    /// Domains of e-mail addresses that may be invited, or come by single sign-on; in their letters, or as they are
    /// asked for (`xn--…`). Empty: all.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<EmailDomain>, max_items = 50, example = json!(["example.com"])))]
    pub allowed_email_domains: Vec<String>,
    /// Single sign-on by OpenID Connect; `null`: there is none.
    pub sso: Option<SsoSettings>,
}

/// A provider of single sign-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SsoSettings {
    /// What it is called on the button: 1 to 50 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = SsoName, example = "Keycloak"))]
    pub name: String,
    /// Its issuer, below which `.well-known/openid-configuration` is; to the letter.
    #[cfg_attr(feature = "openapi", schema(value_type = Issuer))]
    pub issuer: String,
    /// What this server is called there.
    #[cfg_attr(feature = "openapi", schema(value_type = ClientId))]
    pub client_id: String,
    /// The claim that holds the groups.
    #[serde(default = "groups")]
    #[cfg_attr(feature = "openapi", schema(value_type = GroupsClaim))]
    pub groups_claim: String,
    /// Whether the groups say which role somebody has, each time that they sign in.
    #[serde(default)]
    pub map_groups: bool,
    /// Which group has which role: the highest counts.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub groups: Vec<GroupRole>,
    /// The role of people who come for the first time, where groups don't say it; `null`: only members
    /// get in.
    #[serde(default)]
    pub new_members: Option<Role>,
}

fn groups() -> String {
    "groups".into()
}

/// The role of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupRole {
    /// The group, as the provider calls it.
    #[cfg_attr(feature = "openapi", schema(value_type = GroupName))]
    pub group: String,
    /// The role.
    pub role: Role,
    /// The apps that it is for; `null`: all, and the installation.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<AppId>>, max_items = 1000, min_items = 1))]
    pub apps: Option<Vec<AppId>>,
}

impl SignInSettings {
    /// Whether all of it makes sense.
    ///
    /// # Errors
    /// The first field that does not.
    pub fn check(&self) -> Result<(), FieldError> {
        let domains = &self.allowed_email_domains;
        if domains.len() > MAX_DOMAINS {
            let message = format!("at most {MAX_DOMAINS} domains");
            return Err(FieldError::new("/allowedEmailDomains", message));
        }
        for (index, domain) in domains.iter().enumerate() {
            if !is_domain(domain) {
                let pointer = format!("/allowedEmailDomains/{index}");
                return Err(FieldError::new(pointer, "write a domain, like example.com"));
            }
        }
        match &self.sso {
            Some(sso) => sso.check(),
            None if self.require_sso => {
                Err(FieldError::new("/requireSso", "set up single sign-on first"))
            }
            None => Ok(()),
        }
    }

    /// Whether somebody with an address of this domain may become a member.
    #[must_use]
    pub fn allows_domain(&self, domain: &str) -> bool {
        let (allowed, domain) = (&self.allowed_email_domains, in_ascii(domain));
        allowed.is_empty() || allowed.iter().any(|it| in_ascii(it) == domain)
    }
}

fn is_domain(text: &str) -> bool {
    let plain =
        |char: char| char.is_ascii_alphanumeric() || ".-".contains(char) || !char.is_ascii();
    text.contains('.') && text.chars().all(plain)
}

impl SsoSettings {
    fn check(&self) -> Result<(), FieldError> {
        check_chars("/sso/name", "a name", &self.name, 1, MAX_SSO_NAME_CHARS)?;
        check_chars("/sso/clientId", "a client id", &self.client_id, 1, MAX_CLIENT_ID_CHARS)?;
        check_chars("/sso/groupsClaim", "a claim", &self.groups_claim, 1, MAX_CLAIM_CHARS)?;
        check_chars("/sso/issuer", "an issuer", &self.issuer, 1, MAX_ISSUER_CHARS)?;
        let is_issuer = Url::parse(&self.issuer).is_ok_and(|url| {
            let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_local);
            is_secure && url.query().is_none() && url.fragment().is_none()
        });
        if !is_issuer {
            let message = "write the issuer as the provider does: https, without query";
            return Err(FieldError::new("/sso/issuer", message));
        }
        if self.groups.len() > MAX_GROUPS {
            return Err(FieldError::new("/sso/groups", format!("at most {MAX_GROUPS} groups")));
        }
        for (index, group) in self.groups.iter().enumerate() {
            let pointer = format!("/sso/groups/{index}");
            check_chars(&format!("{pointer}/group"), "a group", &group.group, 1, MAX_GROUP_CHARS)?;
            if let Err(error) = group.grant() {
                return Err(FieldError::new(format!("{pointer}/apps"), error.to_string()));
            }
        }
        if self.new_members == Some(Role::Owner) {
            let message = "nobody becomes an owner by coming for the first time";
            return Err(FieldError::new("/sso/newMembers", message));
        }
        Ok(())
    }

    /// What the groups of somebody say of their role: the highest that any of them has.
    #[must_use]
    pub fn grant_of(&self, groups: &[String]) -> Option<Grant> {
        let theirs = self.groups.iter().filter(|it| groups.contains(&it.group));
        theirs.filter_map(|it| it.grant().ok()).reduce(higher)
    }
}

impl GroupRole {
    fn grant(&self) -> Result<Grant, super::GrantError> {
        Grant::new(self.role, Apps::chosen(self.apps.clone())?)
    }
}

/// The higher of two roles; of the same role that for more apps, or for those of both.
fn higher(one: Grant, other: Grant) -> Grant {
    match one.role().cmp(&other.role()) {
        std::cmp::Ordering::Greater => one,
        std::cmp::Ordering::Less => other,
        std::cmp::Ordering::Equal => {
            let apps = one.apps().either(other.apps());
            Grant::new(one.role(), apps).unwrap_or(one)
        }
    }
}

/// How far the provider's clock may be from ours, in seconds.
pub const CLOCK_LEEWAY_SECONDS: i64 = 60;

/// Why a token is of another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeFault {
    /// It says to have been made in the future or the past, though it was made just now.
    #[error(
        "the clock of the provider is {} s {} this server's; both have to be within \
         {CLOCK_LEEWAY_SECONDS} s of each other",
        .0.abs(),
        if *.0 > 0 { "ahead of" } else { "behind" }
    )]
    Clocks(i64),
    /// It has expired.
    #[error("the provider's token expired {0} s ago")]
    Expired(i64),
}

/// Whether a token that was made a moment ago is of now, all times in seconds since the Unix epoch.
///
/// # Errors
/// [`TimeFault`] with the difference.
pub const fn check_times(issued_at: i64, expires_at: i64, now: i64) -> Result<(), TimeFault> {
    let ahead = issued_at.saturating_sub(now);
    if ahead.abs() > CLOCK_LEEWAY_SECONDS {
        return Err(TimeFault::Clocks(ahead));
    }
    let late = now.saturating_sub(expires_at);
    if late > CLOCK_LEEWAY_SECONDS {
        return Err(TimeFault::Expired(late));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::schema::tests::assert_same_language;

    fn app(number: u128) -> AppId {
        AppId::from_uuid(Uuid::from_u128(number))
    }

    fn settings(change: impl FnOnce(&mut serde_json::Value)) -> Result<(), FieldError> {
        let mut value = json!({ "sso": {
            "name": "Keycloak", "issuer": "https://login.example/realms/team", "clientId": "studio",
        } });
        change(&mut value);
        serde_json::from_value::<SignInSettings>(value).unwrap().check()
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_field() {
        assert_eq!(settings(|_| {}), Ok(()));
        for (pointer, value, at) in [
            ("/sso/issuer", json!("http://login.example"), "/sso/issuer"),
            ("/sso/issuer", json!("https://login.example/?a=b"), "/sso/issuer"),
            ("/sso/name", json!(" "), "/sso/name"),
            ("/sso/clientId", json!(""), "/sso/clientId"),
        ] {
            let checked = settings(|settings| *settings.pointer_mut(pointer).unwrap() = value);
            assert_eq!(checked.unwrap_err().pointer, at);
        }
        let error = settings(|it| it["sso"]["newMembers"] = json!("owner")).unwrap_err();
        assert_eq!(error.pointer, "/sso/newMembers");
        let owner = json!([{ "group": "g", "role": "owner", "apps": [app(1)] }]);
        let error = settings(|it| it["sso"]["groups"] = owner).unwrap_err();
        assert_eq!(error.pointer, "/sso/groups/0/apps");
        let error = settings(|it| *it = json!({ "requireSso": true })).unwrap_err();
        assert_eq!(error.pointer, "/requireSso");
        let error = settings(|it| it["allowedEmailDomains"] = json!(["a b"])).unwrap_err();
        assert_eq!(error.pointer, "/allowedEmailDomains/0");
        assert_eq!(settings(|it| it["sso"]["issuer"] = json!("http://localhost:9")), Ok(()));
    }

    #[test]
    fn the_pattern_of_a_domain_says_what_the_rule_says() {
        assert_same_language(
            DOMAIN_PATTERN,
            0..=300,
            r"[a-zA-Z0-9.-]{0,6}|[ü例@ .a]{0,4}|\PC{0,3}",
            is_domain,
        );
    }

    #[test]
    fn the_highest_role_of_ones_groups_counts() {
        let groups = json!([
            { "group": "all", "role": "viewer" },
            { "group": "shop", "role": "editor", "apps": [app(1)] },
            { "group": "blog", "role": "editor", "apps": [app(2)] },
            { "group": "ops", "role": "owner" },
        ]);
        let sso: SsoSettings = serde_json::from_value(json!({
            "name": "K", "issuer": "https://login.example", "clientId": "s", "groups": groups,
        }))
        .unwrap();
        let of = |groups: &[&str]| {
            let groups: Vec<_> = groups.iter().map(|it| (*it).to_owned()).collect();
            sso.grant_of(&groups).map(|grant| (grant.role(), grant.apps().list()))
        };
        assert_eq!(of(&["none"]), None);
        assert_eq!(of(&["all"]), Some((Role::Viewer, None)));
        assert_eq!(of(&["all", "shop"]), Some((Role::Editor, Some(vec![app(1)]))));
        assert_eq!(of(&["blog", "shop"]), Some((Role::Editor, Some(vec![app(1), app(2)]))));
        assert_eq!(of(&["ops", "shop"]), Some((Role::Owner, None)));
    }

    #[test]
    fn domains_are_compared_as_a_whole() {
        let settings_of = |domain: &str| SignInSettings {
            allowed_email_domains: vec![domain.into()],
            ..SignInSettings::default()
        };
        let settings = settings_of("Example.com");
        assert!(settings.allows_domain("example.com"));
        assert!(!settings.allows_domain("evil-example.com"));
        assert!(!settings.allows_domain("example.com.evil"));
        // In its letters, as addresses have it, or as it is asked for.
        for written in ["B\u{fc}cher.example", "xn--bcher-kva.example", "bu\u{308}cher.example"] {
            let allowed = settings_of(written);
            assert_eq!(allowed.check(), Ok(()), "{written}");
            let email: crate::access::Email = "ada@xn--bcher-kva.example".parse().unwrap();
            assert!(allowed.allows_domain(email.domain()), "{written}");
            assert!(!allowed.allows_domain("bucher.example"), "{written}");
        }
        assert!(SignInSettings::default().allows_domain("anything.example"));
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        for (issued, expires, fault) in [
            (1_000, 1_300, None),
            (1_060, 1_300, None),
            (940, 940, None),
            (1_061, 2_000, Some(TimeFault::Clocks(61))),
            (939, 2_000, Some(TimeFault::Clocks(-61))),
            (950, 939, Some(TimeFault::Expired(61))),
        ] {
            assert_eq!(check_times(issued, expires, 1_000).err(), fault, "{issued} {expires}");
        }
        let told = TimeFault::Clocks(-300).to_string();
        assert!(told.contains("300 s behind this server's"), "{told}");
    }
}
