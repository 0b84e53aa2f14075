//! `slo.yaml`: a set of SLOs, or mistakes that each have a place within the text and say something.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slo_core::SloSet;

fuzz_target!(|text: &str| {
    match SloSet::from_yaml(text) {
        Ok(slos) => assert!(!slos.service().is_empty()),
        Err(refused) => {
            // YAML breaks lines at either sign, so this is a few too many at most.
            let lines = text.split(['\n', '\r']).count();
            assert!(!refused.mistakes().is_empty());
            for mistake in refused.mistakes() {
                assert!((1..=lines).contains(&mistake.line()), "{mistake:?}");
                assert!(mistake.column() >= 1);
                assert!(!mistake.to_string().is_empty());
            }
            // The whole message shows excerpts of the text.
            assert!(!refused.to_string().is_empty());
        }
    }
});
