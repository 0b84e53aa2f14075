//! Arguments that are well formed and cannot be meant.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::args::{Action, GateArgs};

/// What is wrong with them; never of what goes back, for that is always allowed.
pub(super) fn in_arguments(args: &GateArgs, now: DateTime<Utc>) -> Option<String> {
    if args.action == Action::Rollback || args.ran_before {
        return None;
    }
    // As a variable that nobody has set comes: series without the label would be asked for, and never seen.
    let named = [("--environment", &args.environment), ("--namespace", &args.namespace)];
    let is_empty = |name: &String| name.trim().is_empty();
    if let Some((option, _)) = named.into_iter().find(|(_, name)| name.as_ref().is_some_and(is_empty)) {
        return Some(format!(
            "slo: {option} is empty; give a name, or leave the option out: was a variable of the pipeline not set?"
        ));
    }
    let at = args.at.filter(|at| *at > now)?;
    Some(format!(
        "slo: --at {} is in the future; nothing has been seen of it yet: give a moment that has passed",
        at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    ))
}
