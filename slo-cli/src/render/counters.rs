//! The raw series that SLOs are counted by.

use slo_core::{BurnWindow, HttpSli, Outcome, PrometheusSli, Threshold, names};

use super::engine_counters::EngineCounters;
use super::unit_tests::Counted;
use super::whose::Whose;
use super::{promql, status};
use crate::args::Identity;

/// Which events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Of {
    Bad,
    /// Good and bad.
    Valid,
    Excluded,
    /// Valid and excluded.
    All,
}

/// Where counts come from.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    by: By,
    /// Labels to keep beside the service's.
    others: &'static [&'static str],
    /// Whose series.
    matchers: Vec<String>,
    /// Labels of a series that they match, beside the service's.
    example: Vec<String>,
    kind: Kind,
}

/// How counters say whose they are.
#[derive(Clone, Debug)]
enum By {
    /// Of every service.
    All(Identity),
    /// Of one.
    One(Whose),
}

#[derive(Clone, Debug)]
enum Kind {
    /// `slo_events_total`, judged in the process.
    Events,
    /// `http_server_request_duration_seconds`, judged by its labels.
    Http(Http),
    /// Counters of others.
    Engine(EngineCounters),
}

/// What the labels of a request say.
#[derive(Clone, Debug)]
struct Http {
    bad: Option<String>,
    excluded: Option<String>,
    limit: Option<Threshold>,
    /// A good and a bad status code, where there is one.
    codes: [Option<u16>; 2],
}

impl Counters {
    /// Those of every SLO of every service.
    pub(crate) const fn of_the_fleet(identity: Identity) -> Self {
        Self {
            by: By::All(identity),
            others: &[names::SLO_NAME.label],
            matchers: Vec::new(),
            example: Vec::new(),
            kind: Kind::Events,
        }
    }

    /// Those of one SLO, judged by its service.
    pub(crate) fn of_events(whose: &Whose, slo: &str) -> Self {
        Self {
            by: By::One(whose.clone()),
            others: &[],
            matchers: matchers_of(whose, slo),
            example: vec![promql::is(names::SLO_NAME.label, slo)],
            kind: Kind::Events,
        }
    }

    /// Those of all SLOs of one service.
    pub(crate) fn of_service(whose: &Whose) -> Self {
        Self {
            by: By::One(whose.clone()),
            others: &[],
            matchers: whose.raw(),
            example: Vec::new(),
            kind: Kind::Events,
        }
    }

    /// Those of an SLO on HTTP requests, judged by route, method, status code and bucket: matched routes only.
    pub(crate) fn of_http(whose: &Whose, sli: &HttpSli) -> Self {
        let (routes, methods): (Vec<_>, Vec<_>) = (sli.route_templates().collect(), sli.method_names().collect());
        let example = vec![
            promql::is(names::HTTP_ROUTE.label, routes.first().unwrap_or(&"/")),
            promql::is(names::HTTP_REQUEST_METHOD.label, methods.first().unwrap_or(&"GET")),
        ];
        let mut matchers = whose.raw();
        matchers.push(if routes.is_empty() {
            format!("{}!=\"\"", names::HTTP_ROUTE.label)
        } else {
            promql::is_any(names::HTTP_ROUTE.label, routes)
        });
        if !methods.is_empty() {
            matchers.push(promql::is_any(names::HTTP_REQUEST_METHOD.label, methods));
        }
        let rules = sli.classification();
        let http = Http {
            bad: status::regex(rules, Outcome::Bad),
            excluded: status::regex(rules, Outcome::Excluded),
            limit: sli.limit(),
            codes: [Outcome::Good, Outcome::Bad].map(|outcome| status::example(rules, outcome)),
        };
        Self {
            by: By::One(whose.clone()),
            others: &[],
            matchers,
            example,
            kind: Kind::Http(http),
        }
    }

    /// Those of an SLO that an engine counts, which have none of our labels.
    pub(crate) fn of_engine(whose: &Whose, sli: PrometheusSli) -> Self {
        Self {
            by: By::One(whose.clone()),
            others: &[],
            matchers: Vec::new(),
            example: Vec::new(),
            kind: Kind::Engine(EngineCounters::new(sli)),
        }
    }

    /// The counters of others, if it is those.
    pub(crate) const fn engine(&self) -> Option<&EngineCounters> {
        match &self.kind {
            Kind::Engine(counters) => Some(counters),
            Kind::Events | Kind::Http(_) => None,
        }
    }

    /// Whether the service judges them, so that they are found by names alone.
    pub(crate) const fn are_events(&self) -> bool {
        matches!(self.kind, Kind::Events)
    }

    /// `rate` or `increase` over a length of time, added up over instances. Counters of others have increases only, which
    /// is the same in a ratio.
    pub(crate) fn read(&self, of: Of, function: &str, length: BurnWindow) -> String {
        let sum = |raw: &str| {
            let range = [function, "(", raw, "[", &length.to_string(), "])"].concat();
            self.aggregate("sum", &range, Some(length))
        };
        match &self.kind {
            Kind::Events => sum(&self.selector(names::EVENTS.prometheus, outcome(of))),
            Kind::Http(http) => self.read_http(http, of, sum),
            Kind::Engine(counters) => counters.read(of, length),
        }
    }

    fn read_http(&self, http: &Http, of: Of, sum: impl Fn(&str) -> String) -> String {
        let all = |more: Option<String>| sum(&self.selector(&count(), more));
        let valid = || all(http.excluded.as_deref().map(|codes| status_is("!~", codes)));
        match (of, http.limit) {
            (Of::All, _) => all(None),
            (Of::Valid, _) => valid(),
            // Nothing is excluded where no code is: an expression without samples.
            (Of::Excluded, _) => all(Some(status_is("=~", http.excluded.as_deref().unwrap_or("no code")))),
            (Of::Bad, None) => {
                let bad = all(Some(status_is("=~", http.bad.as_deref().unwrap_or("no code"))));
                ["(", &bad, "\nor\n0 * ", &valid(), ")"].concat()
            }
            (Of::Bad, Some(limit)) => {
                // Without a good request there is no such series, without the bucket there must be no number at all.
                let fast = sum(&self.bucket(limit, http.not_good()));
                let any = sum(&self.bucket(limit, None));
                format!("clamp_min({}\n-\n({fast}\nor\n0 * {any}), 0)", valid())
            }
        }
    }

    /// Whether there is anything to count, as one sample per service: within a length of time, or now.
    pub(crate) fn presence(&self, within: Option<BurnWindow>) -> String {
        let raw = match &self.kind {
            Kind::Events => self.selector(names::EVENTS.prometheus, None),
            Kind::Http(_) => self.selector(&count(), None),
            Kind::Engine(counters) => return counters.presence(within),
        };
        let seen = within.map_or(raw.clone(), |length| format!("last_over_time({raw}[{length}])"));
        self.aggregate("count", &seen, within)
    }

    /// Whether the bucket of the latency limit is there; `None` where no bucket is needed.
    pub(crate) fn bucket_presence(&self) -> Option<String> {
        match &self.kind {
            Kind::Events | Kind::Engine(_) | Kind::Http(Http { limit: None, .. }) => None,
            Kind::Http(Http { limit: Some(limit), .. }) => {
                Some(self.aggregate("count", &self.bucket(*limit, None), None))
            }
        }
    }

    /// Series of one instance as it would push them, for unit tests; `None` where queries do not tell of any.
    pub(crate) fn examples(&self) -> Option<Vec<(String, Counted)>> {
        let By::One(service) = &self.by else { return None };
        let whose = service.example();
        let one = |metric: &str, more: &[String]| promql::selector(metric, &[&whose[..], &self.example, more].concat());
        let mut series = match &self.kind {
            Kind::Events => vec![
                (one(names::EVENTS.prometheus, &[outcome_is("good")]), Counted::Good),
                (one(names::EVENTS.prometheus, &[outcome_is("bad")]), Counted::Bad),
                (
                    one(names::EVENTS.prometheus, &[outcome_is("excluded")]),
                    Counted::Nothing,
                ),
            ],
            Kind::Http(http) => http.examples(one),
            Kind::Engine(counters) => return counters.examples(),
        };
        if service.identity == Identity::TargetInfo {
            series.push((promql::selector("target_info", &service.example_target()), Counted::One));
        }
        Some(series)
    }

    fn bucket(&self, limit: Threshold, status: Option<String>) -> String {
        let metric = format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus);
        let mut matchers = self.matchers.clone();
        matchers.extend(status);
        matchers.push(promql::matches_regex("le", &promql::boundary(limit)));
        promql::selector(&metric, &matchers)
    }

    fn selector(&self, metric: &str, more: Option<String>) -> String {
        let mut matchers = self.matchers.clone();
        matchers.extend(more);
        promql::selector(metric, &matchers)
    }

    fn aggregate(&self, op: &str, raw: &str, within: Option<BurnWindow>) -> String {
        let range = within.map_or("5m".to_owned(), |length| length.to_string());
        match &self.by {
            By::All(identity) => identity.aggregate(op, self.others, raw, &range),
            By::One(whose) => whose.aggregate(op, self.others, raw, &range),
        }
    }
}

impl Http {
    /// For a latency limit all answers are good ones, and those in its bucket were in time.
    fn examples(&self, one: impl Fn(&str, &[String]) -> String) -> Vec<(String, Counted)> {
        let [good, bad] = self.codes.map(|code| {
            let code = code.map(|code| code.to_string()).unwrap_or_default();
            promql::is(names::HTTP_RESPONSE_STATUS_CODE.label, &code)
        });
        let bucket = format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus);
        match self.limit {
            None => vec![
                (one(&count(), &[good]), Counted::Good),
                (one(&count(), &[bad]), Counted::Bad),
            ],
            Some(limit) => {
                let le = promql::is("le", &limit.as_seconds_f64().to_string());
                vec![
                    (one(&count(), std::slice::from_ref(&good)), Counted::All),
                    (one(&bucket, &[good, le]), Counted::Good),
                ]
            }
        }
    }

    /// Leaves requests whose status code is neither bad nor excluded.
    fn not_good(&self) -> Option<String> {
        let codes: Vec<_> = [&self.bad, &self.excluded]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!codes.is_empty()).then(|| status_is("!~", &codes.join("|")))
    }
}

/// The raw series of one SLO of a service.
pub(crate) fn matchers_of(whose: &Whose, slo: &str) -> Vec<String> {
    let slo = promql::is(names::SLO_NAME.label, slo);
    whose.raw().into_iter().chain([slo]).collect()
}

fn count() -> String {
    format!("{}_count", names::HTTP_SERVER_REQUEST_DURATION.prometheus)
}

fn status_is(matches: &str, codes: &str) -> String {
    format!(
        "{}{matches}{}",
        names::HTTP_RESPONSE_STATUS_CODE.label,
        promql::quote(codes)
    )
}

fn outcome_is(outcome: &str) -> String {
    promql::is(names::SLO_OUTCOME.label, outcome)
}

fn outcome(of: Of) -> Option<String> {
    match of {
        Of::Bad => Some(outcome_is("bad")),
        Of::Valid => Some(promql::matches_regex(names::SLO_OUTCOME.label, "good|bad")),
        Of::Excluded => Some(outcome_is("excluded")),
        Of::All => None,
    }
}
