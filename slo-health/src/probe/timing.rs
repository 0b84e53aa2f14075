//! Who gives up first: the service, then the exporter, then the scrape.

use std::time::Duration;

use super::error::ProbeKitError;

/// The times of a probe, checked against one another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Timing {
    pub(super) interval: Duration,
    pub(super) scrape_timeout: Duration,
    pub(super) module_timeout: Duration,
}

/// The times as they were given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// How often a target is probed.
    pub(super) interval: Duration,
    /// After what the scrape of the exporter is given up.
    pub(super) scrape_timeout: Duration,
    /// After what the exporter gives a target up, if said.
    pub(super) module_timeout: Option<Duration>,
    /// Within what the service answers, whatever its checks do.
    pub(super) deadline: Duration,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            // Prometheus' own default.
            scrape_timeout: Duration::from_secs(10),
            module_timeout: None,
            // That of the builder of the health endpoint.
            deadline: Duration::from_secs(5),
        }
    }
}

impl Given {
    /// Checks that interval, timeouts and deadline fit one another.
    pub(super) fn check(self) -> Result<Timing, ProbeKitError> {
        let Self {
            interval,
            scrape_timeout,
            deadline,
            ..
        } = self;
        if interval < SHORTEST_INTERVAL || interval > LONGEST_INTERVAL {
            return Err(ProbeKitError::Interval { interval });
        }
        if scrape_timeout > interval {
            return Err(ProbeKitError::ScrapeTimeout {
                scrape_timeout,
                interval,
            });
        }
        let limit = scrape_timeout.saturating_sub(EXPORTER_OFFSET);
        let module_timeout = self.module_timeout.unwrap_or_else(|| between(deadline, limit));
        for given in [interval, scrape_timeout, module_timeout] {
            if given.subsec_nanos() % NANOS_PER_MILLI != 0 {
                return Err(ProbeKitError::NotMilliseconds { given });
            }
        }
        // Whoever waits for another must wait longer, or `check_timeout` and `hung` read as something else.
        if deadline < module_timeout && module_timeout < limit {
            Ok(Timing {
                interval,
                scrape_timeout,
                module_timeout,
            })
        } else {
            Err(ProbeKitError::Timeouts {
                deadline,
                module_timeout,
                scrape_timeout,
            })
        }
    }
}

/// The middle, in whole milliseconds: as much room for a slow network as for a slow exporter.
fn between(deadline: Duration, limit: Duration) -> Duration {
    let middle = deadline.saturating_add(limit.saturating_sub(deadline) / 2);
    middle - Duration::from_nanos((middle.subsec_nanos() % NANOS_PER_MILLI).into())
}

/// As Go and Prometheus both read it: `30s`, `7250ms`. For whole milliseconds.
pub(super) fn duration(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// Below, probes are a load test; above, one lost scrape comes near the 5 minutes after which a series counts as gone.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(120);
/// By how much Blackbox exporter ends before the scrape does: its flag `--timeout-offset`, 0.5 s unless changed.
pub(super) const EXPORTER_OFFSET: Duration = Duration::from_millis(500);
const NANOS_PER_MILLI: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn by_default_the_exporter_waits_longer_than_the_service_and_shorter_than_the_scrape() {
        let timing = Given::default().check().unwrap();
        assert_eq!(timing.module_timeout, millis(7_250));
        assert_eq!(duration(timing.module_timeout), "7250ms");
        assert_eq!(duration(timing.interval), "30s");
    }

    #[test]
    fn equal_is_not_longer() {
        let given = |deadline, module, scrape| Given {
            deadline: millis(deadline),
            module_timeout: Some(millis(module)),
            scrape_timeout: millis(scrape),
            ..Given::default()
        };
        assert!(given(5_000, 5_001, 5_502).check().is_ok());
        for (deadline, module, scrape) in [(5_000, 5_000, 5_502), (5_000, 5_001, 5_501), (6_000, 5_001, 10_000)] {
            let refused = given(deadline, module, scrape).check();
            assert_eq!(
                refused,
                Err(ProbeKitError::Timeouts {
                    deadline: millis(deadline),
                    module_timeout: millis(module),
                    scrape_timeout: millis(scrape),
                })
            );
        }
        assert_eq!(
            given(5_000, 9_500, 10_000).check().unwrap_err().to_string(),
            "the service answers within 5s, the exporter gives up after 9.5s, and a scrape with a timeout of 10s leaves it \
             9.5s; each must be longer than the one before: shorten the deadline or lengthen the scrape timeout"
        );
    }

    #[test]
    fn a_deadline_that_leaves_no_room_is_refused_whatever_the_module_is() {
        let given = Given {
            deadline: 10 * SECOND,
            ..Given::default()
        };
        assert!(matches!(given.check(), Err(ProbeKitError::Timeouts { .. })));
    }

    #[test]
    fn a_scrape_may_not_outlast_its_interval() {
        let given = Given {
            interval: 5 * SECOND,
            ..Given::default()
        };
        let error = given.check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a scrape timeout of 10s is longer than the interval of 5s, which Prometheus refuses; write at most 5s"
        );
    }

    #[test]
    fn an_interval_is_neither_a_load_test_nor_close_to_the_lookback() {
        for seconds in [0, 121] {
            let given = Given {
                interval: SECOND * seconds,
                scrape_timeout: Duration::ZERO,
                ..Given::default()
            };
            let interval = SECOND * seconds;
            assert_eq!(given.check(), Err(ProbeKitError::Interval { interval }));
        }
        assert_eq!(
            ProbeKitError::Interval { interval: 121 * SECOND }.to_string(),
            "a probe every 121s is not possible; write 1s to 120s, usually 30s"
        );
    }

    #[test]
    fn microseconds_cannot_be_written() {
        let given = Given {
            interval: Duration::from_micros(30_000_001),
            ..Given::default()
        };
        assert_eq!(
            given.check().unwrap_err().to_string(),
            "30.000001s is not in whole milliseconds, which is as fine as Prometheus goes; round it"
        );
    }

    proptest! {
        #[test]
        fn whatever_passes_is_in_order(deadline in 0_u64..12_000, scrape in 0_u64..12_000, module in prop::option::of(0_u64..12_000)) {
            let given = Given {
                deadline: millis(deadline),
                scrape_timeout: millis(scrape),
                module_timeout: module.map(millis),
                ..Given::default()
            };
            let room = deadline + 501 < scrape; // at least one whole millisecond between the two
            match given.check() {
                Ok(timing) => {
                    prop_assert!(given.deadline < timing.module_timeout);
                    prop_assert!(timing.module_timeout + EXPORTER_OFFSET < timing.scrape_timeout);
                    prop_assert!(timing.scrape_timeout <= timing.interval);
                }
                Err(_) => prop_assert!(!room || module.is_some_and(|module| module <= deadline || module + 500 >= scrape)),
            }
        }
    }
}
