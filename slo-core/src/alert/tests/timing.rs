//! Detection and reset times: the SRE Workbook's formulas.

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
