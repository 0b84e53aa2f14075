//! Detection and reset times: the SRE Workbook's formulas, and a real tracker against them.

use super::*;

fn ratio(part: u64, whole: u64) -> Ratio {
    Ratio::new(part, whole).unwrap()
}

#[test]
fn the_workbooks_times_over_a_grid_of_ratios() {
    for (target, budget) in [("99%", 0.01), ("99.9%", 0.001), ("99.95%", 0.0005), ("99.99%", 0.0001)] {
        let alerts = standard(target, "30d");
        let table = [
            (14.4, 3_600.0, 300.0),
            (6.0, 21_600.0, 1_800.0),
            (3.0, 86_400.0, 7_200.0),
            (1.0, 259_200.0, 21_600.0),
        ];
        for (condition, (factor, long, short)) in alerts.conditions().iter().zip(table) {
            for thousandth in (1..=1_000).step_by(7) {
                let constant = ratio(thousandth, 1_000);
                let part = factor * budget / constant.as_ratio_f64();
                let (detected, reset) = (condition.detection_time(constant), condition.reset_time(constant));
                if (part - 1.0).abs() > 1e-9 {
                    assert_eq!(detected.is_some(), part < 1.0, "{condition} at {thousandth}");
                }
                assert_eq!(detected.is_some(), reset.is_some());
                let (Some(detected), Some(reset)) = (detected, reset) else {
                    continue;
                };
                assert!(
                    (detected.as_secs_f64() - part * long).abs() < 1e-6,
                    "{condition} at {thousandth}"
                );
                assert!(
                    (reset.as_secs_f64() - (1.0 - part) * short).abs() < 1e-6,
                    "{condition} at {thousandth}"
                );
            }
        }
    }
}

#[test]
fn a_ratio_at_the_threshold_never_fires_and_the_next_one_does() {
    let slow = standard("99.9%", "30d").conditions()[3];
    assert_eq!(slow.detection_time(ratio(1, 1_000)), None);
    assert_eq!(slow.reset_time(ratio(1, 1_000)), None);
    assert_eq!(slow.detection_time(ratio(0, 1)), None);
    let next = ratio(1_000_000_000_001, 1_000_000_000_000_000);
    assert!(slow.detection_time(next).unwrap() <= slow.long().as_duration());
    // Nearer than doubles can tell: still decided, still no longer than the window.
    let nearest = ratio(18_446_744_073_709_552, u64::MAX);
    assert!(slow.detection_time(nearest).unwrap() <= slow.long().as_duration());
    assert!(slow.reset_time(nearest).is_some());
}

#[test]
fn the_first_condition_of_a_severity_decides_when_it_is_noticed() {
    let alerts = standard("99.9%", "30d");
    let millis = |severity, bad| {
        let detected = alerts.detection_time(severity, ratio(bad, 1_000));
        detected.map(|time| time.as_millis())
    };
    assert_eq!(millis(Severity::Page, 1_000), Some(51_840));
    assert_eq!(millis(Severity::Ticket, 1_000), Some(259_200));
    assert_eq!(millis(Severity::Page, 6), None);
    assert_eq!(millis(Severity::Ticket, 6), Some(43_200_000));
}

/// What a tracker reads at most too much: the step at which it remembers a window's begin (seconds).
fn step(window: BurnWindow) -> u64 {
    match window.as_seconds() {
        0..=1_860 => 10,
        1_861..=22_320 => 60,
        22_321..=93_600 => 600,
        93_601.. => 3_600,
    }
}

/// One condition of the standard policy on a tracker: 20 events a beat, 3,600 beats in its long window.
struct Bench {
    tracker: Tracker,
    alerts: Alerts,
    place: usize,
    beat: u64,
    now: u64,
}

impl Bench {
    fn new(place: usize) -> Self {
        let alerts = standard("99%", "30d");
        Self {
            tracker: Tracker::new(Window::days(30).unwrap(), START),
            place,
            beat: u64::from(alerts.conditions()[place].long().as_seconds()) / 3_600,
            now: 0,
            alerts,
        }
    }

    /// Runs until the condition's verdict is this one, for at most its long window; how long it took.
    fn until(&mut self, fires: bool, bad: u64) -> Option<u64> {
        let begin = self.now;
        for _ in 0..3_700 {
            if self.beat(bad) == fires {
                return Some(self.now - self.beat - begin);
            }
        }
        None
    }

    fn beat(&mut self, bad: u64) -> bool {
        let now = START + Duration::from_secs(self.now);
        (bad..20).for_each(|_| self.tracker.record(now, Outcome::Good));
        (0..bad).for_each(|_| self.tracker.record(now, Outcome::Bad));
        self.now += self.beat;
        let evaluation = self.alerts.evaluate_tracker(&self.tracker, now);
        evaluation.conditions()[self.place].verdict() == Verdict::Fires
    }
}

/// Within one beat before and a beat and a step after.
fn assert_near(measured: u64, formula: Duration, beat: u64, step: u64, context: &str) {
    let formula = formula.as_secs();
    assert!(
        measured + 2 * beat >= formula && measured <= formula + step + 2 * beat,
        "{context}: {measured} s, by the formula {formula} s"
    );
}

#[test]
fn a_tracker_fires_and_resets_when_the_formulas_say() {
    for place in 0..4 {
        for bad in [4, 7, 10, 20] {
            for settled in [true, false] {
                let mut bench = Bench::new(place);
                let condition = bench.alerts.conditions()[place];
                let context = format!("{condition} at {bad} of 20, settled: {settled}");
                if settled {
                    assert!((0..3_600).all(|_| !bench.beat(0)), "{context}");
                }
                let constant = ratio(bad, 20);
                let detected = bench.until(true, bad).unwrap();
                let formula = condition.detection_time(constant).unwrap();
                assert_near(detected, formula, bench.beat, step(condition.long()), &context);

                // The formula for the reset is for an outage that lasted.
                assert!((0..3_600).all(|_| bench.beat(bad)), "{context}");
                let reset = bench.until(false, 0).unwrap();
                let formula = condition.reset_time(constant).unwrap();
                assert_near(reset, formula, bench.beat, step(condition.short()), &context);
            }
        }
    }
}

#[test]
fn a_tracker_never_fires_below_the_threshold() {
    for (place, bad) in [(0, 2), (1, 1)] {
        let mut bench = Bench::new(place);
        assert_eq!(bench.until(true, bad), None);
    }
}
