//! Where Bellpush keeps things: repositories and the durable event log, on SQLite and PostgreSQL
//! from one code.
//!
//! Everything goes through a [`Store`], a cheap handle. The rules that must never break (one
//! terminal event per call, the limit on active integrations) are also the database's own. This
//! crate makes no HTTP request and decides nothing about calls: it keeps what it is given, or says
//! why not.

// So that unit tests can use the same fixture as the others.
#[cfg(test)]
extern crate self as bellpush_store;

mod access;
mod alerts;
mod analytics;
mod apps;
mod background;
mod calls;
mod cluster;
mod configuration;
mod db;
mod deliveries;
mod error;
mod events;
mod insight;
mod integrations;
mod partitions;
mod past_outages;
mod privacy;
#[cfg(test)]
mod query_plans;
mod rehearsals;
mod removals;
mod revision;
mod rotation;
mod routing;
mod save_error;
mod store;
pub mod vault;

pub use access::{
    Accounts, Actor, ApiKey, ApiKeys, AuditAction, AuditEntry, AuditFault, AuditFilter, AuditTrail,
    Ceremony, Configured, Deed, Invitation, InvitationDraft, Kept, KeyError, LastChange, LetInBy,
    Member, MemberError, NewApiKey, NewMember, NewPasskey, NewSignIn, Passkey, Proofs, SavedView,
    SecondFactors, SecretHash, SignIn, SignInAttempts, SignInError, SignInWay, SignedIn,
    SsoArrival, SsoError, SsoIdentity, Who,
};
pub use alerts::{
    Alert, AlertEnd, AlertNotice, AlertRule, DueMail, Look, NoticeMail, QueueHour, UnloggedNotice,
};
pub use analytics::{CountedTo, read::RolledUpHour};
pub use apps::{
    App, DesignDraft, DesignError, DesignSchedule, DesignVersion, EmbedReport, NewDesignSchedule,
    NewDesignVersion, NewSession, PublishedDesign, Publisher, Session, WidgetKey,
};
pub use calls::{
    ANSWERED_AGAIN_FOR, Call, CallState, CallbackRequest, Claim, ClaimedCall, EndDialog,
    LivingNode, OrphanedCall,
};
pub use cluster::{Epochs, Heard, Hints, MOST_BYTES, WebFile};
pub use configuration::{Application, Applied, ApplyError, NewSigning};
pub use db::{
    page::{Page, PageRequest},
    target::Target,
};
pub use deliveries::{
    BacklogSample, Delivery, DeliveryFilter, Endpoint, Latency, Notification, Replay, ReplayState,
    Statistics, StepSize,
};
pub use error::{DatabaseError, OpenError, StoreError};
pub use events::{
    Append, AppendError, Appended, CallEnd, CallFinish, EventFilter, NewCall, NewCallback,
    RecordedEvent, Refusal,
};
pub use insight::{
    CallAttempt, CallDelivery, CallFilter, CallRecord, CallRecordPart, CallStateName, CallUnderWay,
    Count, Export, ExportFormat, ExportState, ExportStep, Exported, FoundCall, Place,
};
pub use integrations::{
    GivenSecrets, Integration, MAX_REVEALS, NewSecrets, REVEAL_WINDOW, RetiredSecret, Reveal,
    RevealError, Secret, SigningSecrets,
};
pub use partitions::Waiting;
pub use past_outages::PastOutage;
pub use privacy::{
    Erased, Erasure, ErasureState, Footprint, Forecast, MAX_SESSIONS, PersonKey, PersonRecords,
    SentTo,
};
pub use rehearsals::{Rehearsal, RehearsedAttempt};
pub use revision::{Edit, Expected, Outdated};
pub use routing::{PasswordChange, Profile, Trunk};
pub use save_error::SaveError;
pub use store::{Store, StoreKind};
pub use vault::{KeyRing, MasterKey};
