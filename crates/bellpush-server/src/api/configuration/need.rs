//! What of the configuration somebody may read and change: the same as on each of its screens.

use bellpush_core::{
    access::{Permission, Place, Resource},
    configuration::{Configuration, PlannedChange, Screen, SecretReference},
    ids::AppId,
};

use crate::{access::Caller, http::problem::Problem};

/// Whether somebody looks after all apps and the trunks.
pub(super) fn is_whole_installation(caller: &Caller) -> bool {
    caller.must(Permission::read(Resource::Trunks), Place::Installation).is_ok()
}

/// The parts that are theirs to read.
pub(super) fn readable(caller: &Caller, mut configuration: Configuration) -> Configuration {
    if caller.must(Permission::read(Resource::Trunks), Place::AnyApp).is_err() {
        configuration.trunks.clear();
    }
    for app in &mut configuration.apps {
        let id = app.id;
        let may = |resource| caller.may_read(resource, id);
        app.settings = app.settings.take().filter(|_| may(Resource::Settings));
        app.widget_keys = app.widget_keys.take().filter(|_| may(Resource::Settings));
        app.profiles = app.profiles.take().filter(|_| may(Resource::Profiles));
        app.integrations = app.integrations.take().filter(|_| may(Resource::Integrations));
        app.alert_rules = app.alert_rules.take().filter(|_| may(Resource::Alerts));
        app.design = app.design.take().filter(|_| may(Resource::Design));
    }
    configuration
}

/// Refuses a document of which not all is theirs to read.
fn to_read(caller: &Caller, configuration: &Configuration) -> Result<(), Problem> {
    for app in &configuration.apps {
        for resource in OF_APP {
            caller.must_read(resource, app.id)?;
        }
    }
    if configuration.trunks.is_empty() {
        return Ok(());
    }
    caller.must(Permission::read(Resource::Trunks), Place::AnyApp)
}

/// Refuses to compare a document with what is not theirs to read: and values of secrets, which a
/// comparison would betray, with what is not theirs to replace.
pub(super) fn to_plan(caller: &Caller, wanted: &Configuration) -> Result<(), Problem> {
    for app in &wanted.apps {
        caller.reaches(app.id)?;
        let values = app.integrations.iter().flatten().flat_map(|it| it.secrets.values());
        if has_value(values) {
            caller.must(Permission::write(Resource::Secrets), Place::App(app.id))?;
        }
    }
    if has_value(wanted.trunks.iter().filter_map(|trunk| trunk.password.as_ref())) {
        caller.must(Permission::write(Resource::Trunks), Place::Installation)?;
    }
    to_read(caller, wanted)
}

/// Refuses changes that are not theirs to make.
pub(super) fn to_apply(caller: &Caller, planned: &[PlannedChange]) -> Result<(), Problem> {
    use bellpush_core::configuration::ChangeKind::Added;
    for change in planned {
        let Some(app) = change.app_id else {
            caller.must(Permission::write(Resource::Trunks), Place::Installation)?;
            continue;
        };
        if change.screen == Screen::Settings && change.kind == Added {
            caller.must(Permission::write(Resource::Apps), Place::Installation)?;
        }
        caller.must(Permission::write(resource(change.screen)), Place::App(app))?;
        if change.changes.iter().any(|it| it.field.starts_with("/secrets/")) {
            caller.must(Permission::write(Resource::Secrets), Place::App(app))?;
        }
    }
    Ok(())
}

/// Whether what is on a screen of an app is theirs to look at.
pub(super) fn may_read(caller: &Caller, app: AppId, screen: Screen) -> bool {
    caller.may_read(resource(screen), app)
}

const OF_APP: [Resource; 5] = [
    Resource::Settings,
    Resource::Profiles,
    Resource::Integrations,
    Resource::Alerts,
    Resource::Design,
];

const fn resource(screen: Screen) -> Resource {
    match screen {
        Screen::Trunks => Resource::Trunks,
        Screen::Settings | Screen::Embed | Screen::Forms | Screen::CustomCode | Screen::Hours => {
            Resource::Settings
        }
        Screen::Privacy => Resource::Privacy,
        Screen::Profiles => Resource::Profiles,
        Screen::Integrations => Resource::Integrations,
        Screen::Alerts => Resource::Alerts,
        Screen::Design => Resource::Design,
    }
}

fn has_value<'a>(mut secrets: impl Iterator<Item = &'a SecretReference>) -> bool {
    secrets.any(|secret| matches!(secret, SecretReference::Value(_)))
}
