//! What was seen of a page and of the server's own documents.

use super::{document::Document, facts::Fetched};

/// What was fetched; where there is no answer, why.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The page, and the frames in it that lead to the widget, from the outside in. Empty where the page
    /// could not be read.
    pub chain: &'a [Document],
    /// Why the page could not be read.
    pub unread: Option<&'a str>,
    /// The widget's document, by the server's public address.
    pub widget: Result<&'a Fetched, &'a str>,
    /// The loader, by the server's public address.
    pub loader: Result<&'a Fetched, &'a str>,
}
