//! Apps, their designs, the keys of their widgets, and the sessions of their visitors.

pub(crate) mod app;
mod challenges;
pub(crate) mod design_schedules;
pub(crate) mod designs;
pub(crate) mod embed_reports;
mod newer_designs;
pub(crate) mod sessions;
pub(crate) mod widget_keys;

pub use app::App;
pub use design_schedules::{DesignSchedule, NewDesignSchedule};
pub use designs::{
    DesignDraft, DesignError, DesignVersion, NewDesignVersion, PublishedDesign, Publisher,
};
pub use embed_reports::EmbedReport;
pub use sessions::{NewSession, Session};
pub use widget_keys::WidgetKey;
