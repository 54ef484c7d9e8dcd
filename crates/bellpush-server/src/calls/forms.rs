//! What the description of the API says of values that the requests of widgets share.

use bellpush_core::schema::{text_in_form, text_of};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// Characters of the name of a form value, at most.
pub(super) const MAX_FORM_NAME_CHARS: usize = 64;
/// Characters of one form value, at most.
pub(super) const MAX_FORM_VALUE_CHARS: usize = 2_000;

/// An SDP offer of a browser.
pub(crate) enum SdpOffer {}

/// A fragment of an SDP description, as it restarts ICE or trickles candidates.
pub(crate) enum IceFragment {}

/// The name of a form value.
pub(crate) enum FormValueName {}

/// What stands in one field of a form.
pub(crate) enum FormValue {}

impl PartialSchema for SdpOffer {
    fn schema() -> RefOr<Schema> {
        let rule = "an offer of one audio stream as browsers make it; by itself, as application/sdp, it \
                    can't bring what the app's design asks for before a call";
        text_in_form("sdp", rule).into()
    }
}

impl PartialSchema for IceFragment {
    fn schema() -> RefOr<Schema> {
        let rule = "one pair of ICE credentials";
        text_in_form("ice-fragment", rule).into()
    }
}

impl PartialSchema for FormValueName {
    fn schema() -> RefOr<Schema> {
        text_of(1, MAX_FORM_NAME_CHARS).into()
    }
}

impl PartialSchema for FormValue {
    fn schema() -> RefOr<Schema> {
        text_of(0, MAX_FORM_VALUE_CHARS).into()
    }
}

impl ToSchema for SdpOffer {}
impl ToSchema for IceFragment {}
impl ToSchema for FormValueName {}
impl ToSchema for FormValue {}
