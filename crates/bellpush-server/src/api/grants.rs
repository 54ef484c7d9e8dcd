//! Roles and apps, as they are sent.

use std::collections::HashSet;

use bellpush_core::{
    access::{Apps, Grant, GrantError, Role},
    ids::AppId,
};
use bellpush_store::Store;

use crate::{access::Caller, http::problem::Problem};

/// The apps that are chosen; none stands for all.
///
/// # Errors
/// 422 for apps that there are not, as far as who asks can see.
pub(super) async fn apps(
    store: &Store,
    caller: &Caller,
    chosen: Option<Vec<AppId>>,
) -> Result<Apps, Problem> {
    let apps = Apps::chosen(chosen).map_err(refused)?;
    if let Apps::Only(ids) = &apps {
        let known = store.existing_apps(&ids.iter().copied().collect::<HashSet<_>>()).await?;
        let is_unknown = |id: &&AppId| !known.contains(id) || !caller.apps().contains(**id);
        if let Some(id) = ids.iter().find(is_unknown) {
            return Err(Problem::invalid(format!("there is no app {id}")).at("/apps"));
        }
    }
    Ok(apps)
}

/// A role for the apps that are chosen.
///
/// # Errors
/// 422 when it is one that nobody can have.
pub(super) async fn grant(
    store: &Store,
    caller: &Caller,
    role: Role,
    chosen: Option<Vec<AppId>>,
) -> Result<Grant, Problem> {
    Grant::new(role, apps(store, caller, chosen).await?).map_err(refused)
}

/// 422 for a role that nobody can have for such apps.
pub(super) fn refused(error: GrantError) -> Problem {
    Problem::invalid(error.to_string()).at("/apps")
}
