//! The value types: what is accepted is shown as a text that is accepted as the same value.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use slo_core::{StatusClass, Target, Threshold, Window};

fuzz_target!(|text: &str| {
    round_trips::<Target>(text);
    round_trips::<Window>(text);
    round_trips::<Threshold>(text);
    round_trips::<StatusClass>(text);
});

fn round_trips<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(value) => assert_eq!(value.to_string().parse().ok(), Some(value), "from {text:?}"),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
}
