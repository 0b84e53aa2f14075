//! The spec as it holds in an environment that was named.

use slo_core::SloSet;

use crate::args::USUAL_ENVIRONMENT;

/// The set with the numbers of the environment. A spec that names none holds everywhere, and what is usual holds as written
/// unless the spec says otherwise; any other name that the spec does not have is taken for a mistake.
///
/// See `docs/adr/062-an-environment-that-a-spec-does-not-name-is-a-mistake.md`.
pub(super) fn in_environment(set: &SloSet, name: &str) -> Result<SloSet, String> {
    let known: Vec<_> = set.environments().map(|(known, _)| known).collect();
    if known.is_empty() || known.contains(&name) || name == USUAL_ENVIRONMENT {
        return Ok(set.for_environment(name));
    }
    let meant = set.environment_like(name);
    Err(format!(
        "`{name}` is no environment of the spec{}; it has {}; write one of them, or `{name}: {{}}` below `environments` of \
         the spec where its numbers hold as written",
        meant.map_or(String::new(), |meant| format!(", did you mean `{meant}`?")),
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(environments: &str) -> SloSet {
        let slo = "{ name: a, objective: 99%, window: 1d, sli: { events: { of: a } } }";
        let spec = format!("{{ version: 1, service: shop, slos: [{slo}]{environments} }}");
        SloSet::from_yaml(&spec).unwrap()
    }

    #[test]
    fn its_numbers_hold() {
        let set = set(", environments: { dev: { slos: { a: { objective: 90% } } }, staging: {} }");
        let target = |name| in_environment(&set, name).unwrap().slos()[0].target().to_string();
        assert_eq!(
            [target("dev"), target("staging"), target("production")],
            ["90%", "99%", "99%"]
        );
    }

    #[test]
    fn another_is_refused_with_what_was_meant() {
        let set = set(", environments: { dev: {}, staging: {} }");
        let refused = |name| in_environment(&set, name).unwrap_err();
        assert_eq!(
            refused("stagign"),
            "`stagign` is no environment of the spec, did you mean `staging`?; it has dev, staging; write one of them, or \
             `stagign: {}` below `environments` of the spec where its numbers hold as written"
        );
        assert!(refused("dve").contains("did you mean `dev`?"));
        for other in ["live", "d", "stag", ""] {
            assert!(refused(other).starts_with(&format!("`{other}` is no environment of the spec; it has")));
        }
    }

    #[test]
    fn a_spec_without_environments_holds_in_all() {
        assert!(in_environment(&set(""), "live").is_ok());
    }
}
