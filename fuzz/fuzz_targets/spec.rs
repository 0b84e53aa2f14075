//! `slo.yaml`: a set of SLOs and warnings, or mistakes; each with a place within the text, and each says something.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slo_core::{Mistake, SloSet, Tick};

fuzz_target!(|text: &str| {
    match SloSet::lint_yaml("slo.yaml", text) {
        Ok((slos, warnings)) => {
            assert!(!slos.service().is_empty());
            check(text, &warnings);
            assert!(warnings.iter().all(|warning| warning.lint().is_some()));
            assert_eq!(SloSet::from_yaml(text).as_ref(), Ok(&slos));
            // What was read can be asked: times that are planned end, and what they cover they begin and end.
            for exclusion in slos.slos().iter().flat_map(|slo| slo.exclusions()) {
                let at = Tick::from_unix_seconds(1_767_225_600);
                if let Some(next) = exclusion.next_boundary(at) {
                    assert!(next > at);
                    assert_ne!(exclusion.covers(next), exclusion.covers(at), "{exclusion}");
                }
            }
        }
        Err(refused) => {
            assert!(!refused.mistakes().is_empty());
            check(text, refused.mistakes());
            // The whole message shows excerpts of the text.
            assert!(!refused.to_string().is_empty());
        }
    }
});

fn check(text: &str, mistakes: &[Mistake]) {
    // YAML breaks lines at either sign, so this is a few too many at most.
    let lines = text.split(['\n', '\r']).count();
    for mistake in mistakes {
        assert!((1..=lines).contains(&mistake.line()), "{mistake:?}");
        assert!(mistake.column() >= 1);
        let shown = mistake.to_string();
        assert_eq!(shown.lines().count(), 3, "{mistake:?}");
        assert!(
            !shown.contains(|sign: char| sign.is_control() && sign != '\n'),
            "{mistake:?}"
        );
    }
}
