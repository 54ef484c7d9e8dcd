//! A plan in words, by app and screen.

use std::fmt::Write as _;

use bellpush_core::{
    access::Change,
    configuration::{ChangeKind, PlannedChange, Screen},
};

/// Characters of a value that are shown, at most.
const MAX_CHARS: usize = 100;

/// What would change.
pub(super) fn plan(changes: &[PlannedChange]) -> String {
    if changes.is_empty() { "Nothing differs.".into() } else { listed(changes) }
}

/// What has changed.
pub(super) fn applied(changes: &[PlannedChange]) -> String {
    match changes.len() {
        0 => "Nothing differed; nothing was changed.".into(),
        1 => format!("{}\nApplied: 1 change.", listed(changes)),
        count => format!("{}\nApplied: {count} changes.", listed(changes)),
    }
}

// Writing to a string can't fail.
fn listed(changes: &[PlannedChange]) -> String {
    let mut text = String::new();
    let mut place = (None, None);
    for change in changes {
        if place.0 != Some(change.app_id) {
            match (&change.app_name, change.app_id) {
                (Some(name), Some(id)) => _ = writeln!(text, "{} ({id})", shown(name)),
                (None, Some(id)) => _ = writeln!(text, "{id}"),
                (_, None) => _ = writeln!(text, "All apps"),
            }
        }
        if place != (Some(change.app_id), Some(change.screen)) {
            _ = writeln!(text, "  {}", title(change.screen));
        }
        place = (Some(change.app_id), Some(change.screen));
        let sign = match change.kind {
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
            ChangeKind::Removed => '-',
        };
        _ = writeln!(text, "    {sign} {} ({})", shown(&change.subject_name), change.subject_id);
        if change.kind == ChangeKind::Changed {
            for field in &change.changes {
                _ = writeln!(text, "        {}", told(field));
            }
        }
    }
    text
}

fn told(Change { field, before, after }: &Change) -> String {
    let (field, value) = (shown(field), |it: &serde_json::Value| shown(&it.to_string()));
    match (before, after) {
        (None, None) => format!("{field}: another secret"),
        (None, Some(after)) => format!("{field}: {} (was not set)", value(after)),
        (Some(before), None) => format!("{field}: not set (was {})", value(before)),
        (Some(before), Some(after)) => format!("{field}: {} → {}", value(before), value(after)),
    }
}

/// On one line, without what a terminal would take for a command.
fn shown(text: &str) -> String {
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    let mut shown: String = text.chars().take(MAX_CHARS).map(plain).collect();
    if text.chars().count() > MAX_CHARS {
        shown.push('…');
    }
    shown
}

const fn title(screen: Screen) -> &'static str {
    match screen {
        Screen::Trunks => "Trunks",
        Screen::Settings => "Settings",
        Screen::Embed => "Embed",
        Screen::Forms => "Forms & survey",
        Screen::CustomCode => "Custom code",
        Screen::Hours => "Hours",
        Screen::Privacy => "Privacy",
        Screen::Profiles => "Profiles",
        Screen::Alerts => "Alerts",
        Screen::Integrations => "Integrations",
        Screen::Design => "Design",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_by_app_and_screen() {
        let change = |screen, kind, name: &str, changes| PlannedChange {
            app_id: "app_01920000000070008000000000000001".parse().ok(),
            app_name: Some("Shop\u{1b}[2K\r".into()),
            screen,
            subject_id: "id_1".into(),
            subject_name: name.into(),
            kind,
            changes,
        };
        let field = Change {
            field: "/to".into(),
            before: Some("1\u{1b}[31m".into()),
            after: Some(2.into()),
        };
        let changes = [
            change(Screen::Profiles, ChangeKind::Changed, "Sales", vec![field]),
            change(Screen::Profiles, ChangeKind::Removed, "Old", vec![]),
            change(Screen::Integrations, ChangeKind::Added, "CRM", vec![]),
        ];
        let expected = "\
Shop [2K  (app_01920000000070008000000000000001)
  Profiles
    ~ Sales (id_1)
        /to: \"1\\u001b[31m\" → 2
    - Old (id_1)
  Integrations
    + CRM (id_1)
";
        assert_eq!(plan(&changes), expected);
        assert_eq!(plan(&[]), "Nothing differs.");
    }
}
