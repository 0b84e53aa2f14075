//! The value types: what is accepted is shown as a text that is accepted as the same value.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use slo_core::gate::{Above, Below};
use slo_core::{BurnWindow, EndingName, Period, Share, StatusClass, Target, Threshold, Window};

fuzz_target!(|text: &str| {
    round_trips::<Target>(text);
    round_trips::<Window>(text);
    round_trips::<Threshold>(text);
    round_trips::<StatusClass>(text);
    round_trips::<EndingName>(text);
    round_trips::<BurnWindow>(text);
    round_trips::<Share>(text);
    round_trips::<Below<Share>>(text);
    round_trips::<Below<Threshold>>(text);
    round_trips::<Above>(text);
    round_trips::<Period>(text);
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
