//! Time zones, alone: a name that is none is compared with each of six hundred.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slo_core::Zone;

fuzz_target!(|text: &str| {
    match text.parse::<Zone>() {
        Ok(zone) => assert_eq!(zone.to_string().parse(), Ok(zone)),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
