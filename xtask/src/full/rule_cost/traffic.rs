//! What ten kinds of service count, minute by minute: the same each time, whatever the clock says.

use crate::full::numbers::as_f64;

/// In minutes.
pub(crate) const HOUR: u64 = 60;
/// In minutes.
pub(crate) const DAY: u64 = 24 * HOUR;

/// The minute that is the present: a Wednesday at eleven, with more than a quarter of a year before it.
///
/// Fixed, so that incidents, nights and weekends are where they are whenever this is run, and no alert fires: what the
/// texts of alerts ask is no cost of the rules.
pub(crate) const NOW: u64 = 20 * 7 * DAY + 2 * DAY + 11 * HOUR;

/// How many kinds of service there are.
pub(crate) const KINDS: usize = 10;

/// Nothing goes wrong so shortly before the present, in minutes.
const CALM: u64 = 8 * HOUR;

/// Good or bad events of a minute, and all of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) bad: u64,
    pub(crate) valid: u64,
}

/// A kind of service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What it is, for people.
    pub(crate) name: &'static str,
    number: u64,
    /// Events a minute at the busiest hour.
    peak: u64,
    /// Bad events of a million on a good day.
    usual: u64,
    when: When,
}

/// When things go wrong, or stand still.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum When {
    /// Incidents at any hour.
    Any,
    /// A job of the night fails, while nobody is there.
    NightJob,
    /// Nobody comes from midnight to six.
    SilentNights,
    /// From noon to one only, and never in an incident.
    Noon,
    /// Incidents while people are there.
    Daytime,
}

/// Ten of them, from 40 to 60,000 events a minute.
pub(crate) const ALL: [Kind; KINDS] = [
    Kind::new("large", 0, 60_000, 200, When::Any),
    Kind::new("small", 1, 40, 500, When::Any),
    Kind::new("job that fails at night", 2, 3_000, 1_500, When::NightJob),
    Kind::new("silent at night", 3, 600, 300, When::SilentNights),
    Kind::new("errors at noon only", 4, 12_000, 0, When::Noon),
    Kind::new("errors in incidents only", 5, 1_500, 0, When::Any),
    Kind::new("little traffic", 6, 150, 300, When::Any),
    Kind::new("incidents by day", 7, 6_000, 100, When::Daytime),
    Kind::new("middling", 8, 300, 1_000, When::Any),
    Kind::new("busy", 9, 20_000, 100, When::Any),
];

impl Kind {
    const fn new(name: &'static str, number: u64, peak: u64, usual: u64, when: When) -> Self {
        Self {
            name,
            number,
            peak,
            usual,
            when,
        }
    }

    /// The events that the push at the end of this minute says for the first time.
    pub(crate) fn counts(&self, minute: u64) -> Counts {
        if self.restarts(minute) {
            return Counts::default(); // a process begins by saying zero
        }
        let valid = self.valid(minute);
        let parts = self.bad_of_a_million(minute);
        // Rounded by chance, or the small ones would never err.
        let bad = (valid * parts + self.noise(minute, 1) % MILLION) / MILLION;
        Counts {
            bad: bad.min(valid),
            valid,
        }
    }

    /// Whether the process begins anew in this minute: some ten times a month, not together with the others'.
    pub(crate) fn restarts(&self, minute: u64) -> bool {
        const EVERY: u64 = 31 * DAY / 10;
        minute % EVERY == self.noise(minute / EVERY, 2) % EVERY
    }

    fn valid(&self, minute: u64) -> u64 {
        let hour = minute % DAY / HOUR;
        let night = hour < 6;
        if night && self.when == When::SilentNights {
            return 0;
        }
        let job = night && self.when == When::NightJob;
        let parts = if job { 10 } else { THOUSANDTHS_BY_HOUR[hour as usize] };
        let weekend = minute / DAY % 7 >= 5;
        let busy = self.peak * parts * if weekend { 5 } else { 10 } / 10;
        // 80% to 120%.
        let busy = busy * (800 + self.noise(minute, 3) % 400) / 1_000;
        (busy + self.noise(minute, 4) % 1_000) / 1_000
    }

    fn bad_of_a_million(&self, minute: u64) -> u64 {
        let hour = minute % DAY / HOUR;
        match self.when {
            When::Noon => u64::from(hour == 12) * 10_000,
            When::NightJob if (1..4).contains(&hour) => 80_000,
            _ if self.incident(minute) => 200_000,
            _ => self.usual,
        }
    }

    /// Six a month, of 3 to 90 minutes.
    fn incident(&self, minute: u64) -> bool {
        const EVERY: u64 = 31 * DAY / 6;
        const LENGTHS: [u64; 6] = [3, 10, 25, 45, 60, 90];
        let (turn, into) = (minute / EVERY, minute % EVERY);
        let length = LENGTHS[(turn % 6) as usize];
        let mut start = self.noise(turn, 5) % (EVERY - 100);
        if self.when == When::Daytime {
            let day = (turn * EVERY + start).div_ceil(DAY);
            start = (day * DAY + 10 * HOUR + start % (6 * HOUR)).saturating_sub(turn * EVERY) % (EVERY - 100);
        }
        (start..start + length).contains(&into) && minute + CALM < NOW
    }

    /// A number that looks random and is the same in every run (SplitMix64).
    fn noise(&self, minute: u64, what: u64) -> u64 {
        let seed = minute * 1_000 + self.number * 10 + what;
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Bad events over all, of what was pushed after the first minute and up to the second; `None` when nobody came.
    pub(crate) fn truth(&self, from: u64, to: u64) -> Option<f64> {
        let counts = (from..to).map(|minute| self.counts(minute));
        let sum = counts.fold(Counts::default(), |sum, next| Counts {
            bad: sum.bad + next.bad,
            valid: sum.valid + next.valid,
        });
        (sum.valid > 0).then(|| as_f64(sum.bad) / as_f64(sum.valid))
    }
}

const MILLION: u64 = 1_000_000;

/// How much of the busiest hour's traffic comes in each hour.
const THOUSANDTHS_BY_HOUR: [u64; 24] = [
    150, 100, 80, 80, 90, 120, 250, 450, 650, 800, 900, 950, 1_000, 980, 930, 900, 900, 920, 950, 900, 750, 550, 350,
    220,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(kind: usize, from: u64, to: u64) -> f64 {
        ALL[kind].truth(from, to).unwrap()
    }

    #[test]
    fn no_kind_is_without_errors_in_any_usual_window() {
        for days in [7, 28, 30, 90] {
            for (kind, what) in ALL.iter().enumerate() {
                let found = ratio(kind, NOW - days * DAY, NOW);
                assert!(found > 0.0 && found < 0.03, "{}: {found} in {days} days", what.name);
            }
        }
    }

    #[test]
    fn the_present_is_calm() {
        for (kind, what) in ALL.iter().enumerate() {
            // Below the budget of 1%, which is what keeps each alert's short window silent.
            assert!(ratio(kind, NOW - 6 * HOUR, NOW) < 0.01, "{}", what.name);
            let incident = (NOW - CALM..NOW + 31 * DAY).find(|minute| what.incident(*minute));
            assert_eq!(incident, None, "{}", what.name);
        }
    }

    #[test]
    fn traffic_and_errors_go_together_in_some_and_apart_in_others() {
        let mean = |kind: usize| {
            let ratios = (NOW - 30 * DAY..NOW).filter_map(|minute| ALL[kind].truth(minute, minute + 1));
            let (sum, count) = ratios.fold((0.0, 0.0), |(sum, count), ratio| (sum + ratio, count + 1.0));
            sum / count
        };
        let off = |kind: usize| mean(kind) / ratio(kind, NOW - 30 * DAY, NOW) - 1.0;
        assert!(off(2) > 1.0, "{}", off(2));
        assert!(off(4) < -0.2, "{}", off(4));
    }

    #[test]
    fn nights_are_silent_where_they_are_meant_to_be() {
        let night = NOW - 11 * HOUR;
        assert_eq!(ALL[3].truth(night, night + 6 * HOUR), None);
        assert!(ALL[0].truth(night, night + 6 * HOUR).is_some());
    }

    #[test]
    fn a_month_has_ten_restarts() {
        for kind in ALL {
            let count = (NOW - 31 * DAY..NOW).filter(|minute| kind.restarts(*minute)).count();
            assert!((9..=11).contains(&count), "{}: {count}", kind.name);
        }
    }
}
