//! Why there is no kit.

use std::time::Duration;

use slo_core::BurnWindow;

use super::timing::EXPORTER_OFFSET;
use crate::State;

/// Why something is not a [`ProbeKit`](super::ProbeKit) or a part of one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeKitError {
    /// There is no kit.
    #[error("no kits, so nothing would be probed; add at least one")]
    NoKits,
    /// Two kits have one scrape job; holds its name.
    #[error("two kits have the job `{0}`; give each a service, environment, SLO or path of its own")]
    DuplicateJob(String),
    /// Two kits have different modules of one name; holds it.
    #[error("two kits have different modules named `{0}`; give one of them another with `module_name`")]
    ModuleClash(String),
    /// There is no target.
    #[error("no targets, so nothing would be probed; add at least one, like `https://shop.example`")]
    NoTargets,
    /// Two targets have one address, and their series could not be told apart; holds it.
    #[error("`{0}` is a target twice; write each address once")]
    DuplicateTarget(String),
    /// An address is no base address.
    #[error(
        "`{given}` is not a target; write the scheme and the host, like `https://shop.example` or \
         `http://10.0.0.7:8080`, without user names, query and fragment"
    )]
    Target {
        /// The address that was given.
        given: String,
    },
    /// What follows an address' host is no port.
    #[error(
        "`{given}` has no port that can be dialled; write one from 1 to 65535, like `http://10.0.0.7:8080`, or none"
    )]
    Port {
        /// The address that was given.
        given: String,
    },
    /// A target's address has the endpoint's path already.
    #[error(
        "`{given}` ends with `{path}`, the path that is probed, and it would be asked for twice; write what stands before \
         it, like `{}`",
        before(given, path)
    )]
    PathTwice {
        /// The address that was given.
        given: String,
        /// The endpoint's path.
        path: String,
    },
    /// An address is not one that Prometheus can scrape.
    #[error("`{given}` is not the address of an exporter; write host and port, like `blackbox:9115`")]
    Exporter {
        /// The address that was given.
        given: String,
    },
    /// There is neither a path nor an SLO that has one.
    #[error("no path to probe; write the endpoint's, like `/synthetic/health`, or give the freshness SLO that has it")]
    NoPath,
    /// A path is none.
    #[error("`{given}` is not a path; write the endpoint's, like `/synthetic/health`, without query and fragment")]
    Path {
        /// The path that was given.
        given: String,
    },
    /// The path is not the one that the SLO is about.
    #[error("the path is `{path}`, and the SLO `{slo}` is about `{slos}`; write one of them")]
    OtherPath {
        /// The path that was given.
        path: String,
        /// The SLO.
        slo: String,
        /// The path of the SLO.
        slos: String,
    },
    /// A name has no letters; holds what it would have been of.
    #[error("the name of the {0} is empty; write the one that its telemetry has")]
    NoName(&'static str),
    /// A label's name is none, or already in use.
    #[error(
        "`{name}` cannot be a label of a target; use a-z, A-Z, 0-9 and `_`, not `__` first, and no name that the \
         rules use themselves, like `job` or `slo_name`"
    )]
    Label {
        /// The name that was given.
        name: String,
    },
    /// A label has no value, which is the same as no label.
    #[error("the label `{name}` is empty, which means that there is none; write a value or leave it out")]
    EmptyLabel {
        /// The label's name.
        name: String,
    },
    /// A module's name is not a word.
    #[error("`{given}` cannot name a module; use letters, digits, `_` and `-`, beginning with a letter")]
    Module {
        /// The name that was given.
        given: String,
    },
    /// Probes are too frequent or too rare.
    #[error("a probe every {interval:?} is not possible; write 1s to 120s, usually 30s")]
    Interval {
        /// The interval that was given.
        interval: Duration,
    },
    /// A scrape may take longer than its interval.
    #[error(
        "a scrape timeout of {scrape_timeout:?} is longer than the interval of {interval:?}, which Prometheus refuses; \
         write at most {interval:?}"
    )]
    ScrapeTimeout {
        /// The timeout that was given.
        scrape_timeout: Duration,
        /// The interval.
        interval: Duration,
    },
    /// A duration has a part below a millisecond.
    #[error("{given:?} is not in whole milliseconds, which is as fine as Prometheus goes; round it")]
    NotMilliseconds {
        /// The duration that was given.
        given: Duration,
    },
    /// Who waits for another does not wait longer than that other.
    #[error(
        "the service answers within {deadline:?}, the exporter gives up after {module_timeout:?}, and a scrape with a \
         timeout of {scrape_timeout:?} leaves it {limit:?}; each must be longer than the one before: shorten the \
         deadline or lengthen the scrape timeout",
        limit = scrape_timeout.saturating_sub(EXPORTER_OFFSET)
    )]
    Timeouts {
        /// The service's deadline.
        deadline: Duration,
        /// The timeout of the exporter's modules, given or derived.
        module_timeout: Duration,
        /// The scrape's timeout.
        scrape_timeout: Duration,
    },
    /// A status code is not one of an answer.
    #[error("{code} cannot be the status code of {state}; write one from 200 to 599, like 503")]
    Code {
        /// The state.
        state: State,
        /// The code that was given.
        code: u16,
    },
    /// A status code means two things.
    #[error(
        "{code} is the code of {one} and of {other}, so a prober cannot tell them apart; give each a code of its own"
    )]
    CodeTwice {
        /// The code.
        code: u16,
        /// What it means.
        one: State,
        /// What else it means.
        other: State,
    },
    /// A header is not one that HTTP can carry.
    #[error("`{name}` with its value is not an HTTP header; write a name of letters and `-`, and a value on one line")]
    Header {
        /// The header's name.
        name: String,
    },
    /// A header is given twice, in whatever case; holds its name.
    #[error("the header `{0}` is given twice, and its name is the same in any case; write it once")]
    HeaderTwice(String),
    /// A header holds credentials, which would stand in a file that many read.
    #[error("the header `{name}` holds a secret; put it into a file and use `basic_auth` or `bearer_file`")]
    SecretHeader {
        /// The header's name.
        name: String,
    },
    /// Both basic authentication and a bearer token.
    #[error("both basic authentication and a bearer token; a request carries one of them, so write one")]
    TwoCredentials,
    /// An SLO is not about what a health endpoint says; holds its name.
    #[error("the SLO `{0}` is not about a health endpoint; give one with `sli: {{ synthetic: {{ path: .. }} }}`")]
    NotSynthetic(String),
    /// An SLO has a calendar window, which probes alone do not know the start of; holds its name.
    #[error("the SLO `{0}` has a calendar window, whose start no probe knows; write a rolling one, like `30d`")]
    CalendarWindow(String),
    /// An SLO is judged by slices of time; holds its name.
    #[error(
        "the SLO `{0}` is judged by slices of time, and probes are; leave the slices out, each probe is one already"
    )]
    TimeSlices(String),
    /// An SLO asks for more bad probes than there are, so that nobody would ever be told.
    #[error(
        "the SLO `{slo}` asks for {minimum} bad probes in {long} before anybody is told, and {targets} target{s} probed every \
         {interval:?} {have} {most}; write `minimum_bad_events: {most}` or less, or probe more often",
        s = if *targets == 1 { "" } else { "s" },
        have = if *targets == 1 { "has" } else { "have" }
    )]
    TooFewProbes {
        /// The SLO.
        slo: String,
        /// The bad probes that it asks for.
        minimum: u32,
        /// In what time: the shortest long window of its alerts.
        long: BurnWindow,
        /// The probes that there are in that time.
        most: u128,
        /// How many targets are probed.
        targets: usize,
        /// How often.
        interval: Duration,
    },
    /// A wait before an alert is zero or longer than a day.
    #[error("an alert after {given:?} is not possible; write 1s to 24h, like 2m")]
    Wait {
        /// The wait that was given.
        given: Duration,
    },
    /// A quiet time has no length, or is not in whole minutes.
    #[error("{from} to {to} is not a quiet time; write two different times in whole minutes, like 02:00 to 04:00")]
    QuietTime {
        /// Its begin.
        from: chrono::NaiveTime,
        /// Its end.
        to: chrono::NaiveTime,
    },
    /// A text is no name of a time zone.
    #[error("`{given}` is not a time zone; write a name of the IANA database, like `Asia/Seoul` or `UTC`")]
    Zone {
        /// The text that was given.
        given: String,
    },
    /// There is no quiet time to mute.
    #[error("no quiet times, so nothing would be muted; add one, or leave the snippet out")]
    NoQuietTimes,
}

/// The address without the path that it ends with.
fn before<'a>(given: &'a str, path: &str) -> &'a str {
    given.strip_suffix(path.trim_end_matches('/')).unwrap_or(given)
}
