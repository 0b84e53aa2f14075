use core::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::{
    BudgetBasis, CompositeSli, Events, EventsSli, HttpSli, Outcome, Ratio, Share, Sli, Slo, Status, SyntheticSli,
    Threshold, Tick, Tracker, Window,
};

const QUERY: &str = "sum by (slo_outcome) (increase(slo_events_total[15m]))";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn slo(name: &str, status: Status) -> Slo {
    Slo::new(
        name,
        HttpSli::every_route(),
        "99.9%".parse().unwrap(),
        Window::days(30).unwrap(),
    )
    .promise("Anyone can look at listings.")
    .owner("search-team")
    .status(status)
}

/// `browse` is agreed, `sell` a draft.
fn slos() -> SloSet {
    let set = SloSet::builder("shop").slo(slo("browse", Status::Agreed));
    set.slo(slo("sell", Status::Draft)).build().unwrap()
}

fn events(good: u64, bad: u64) -> Observation<Events> {
    Observation::seen(QUERY, Events::new(good, bad)).covering(Ratio::new(1, 1).unwrap())
}

fn fast(good: u64, bad: u64) -> Observation<Latency> {
    let limit = DEFAULT_P95;
    let events = Events::new(good, bad);
    Observation::seen(QUERY, Latency::Counts { limit, events })
}

fn p95(millis: u64) -> Observation<Latency> {
    let p95 = Duration::from_millis(millis);
    Observation::seen("in-process", Latency::P95 { p95, events: 1_000 })
}

fn unseen<T>(why: &Unseen) -> Observation<T> {
    Observation::unseen(QUERY, why.clone())
}

fn of(requests: Observation<Events>, latency: Observation<Latency>) -> Evidence {
    Evidence::new(requests, latency)
        .budget("browse", events(1_000_000, 10))
        .budget("sell", events(1_000_000, 10))
}

/// Nothing is wrong.
fn well() -> Evidence {
    of(events(10_000, 1), fast(10_000, 1))
}

/// 100% of the requests fail.
fn burning() -> Evidence {
    of(events(0, 10_000), fast(10_000, 0))
}

fn judge(evidence: &Evidence) -> Verdict {
    GateRules::default().judge(&slos(), evidence, &deploy(), now())
}

fn deploy() -> Request {
    Request::deploy().revision("4f2a9c1")
}

fn bypass() -> Bypass {
    Bypass {
        who: "ana@shop".to_owned(),
        why: "payment is down for everybody".to_owned(),
        revision: "4f2a9c1".to_owned(),
        expires_at: Some(now() + chrono::TimeDelta::hours(1)),
    }
}

/// The state of the first rule of this name.
fn state(verdict: &Verdict, name: RuleName) -> RuleState {
    outcome(verdict, name).state
}

fn outcome(verdict: &Verdict, name: RuleName) -> &RuleOutcome {
    verdict.rules.iter().find(|rule| rule.name == name).unwrap()
}

fn answer(verdict: &Verdict) -> (Decision, u8) {
    (verdict.decision, verdict.exit_code)
}

const ALLOWED: (Decision, u8) = (Decision::Allowed, 0);
const BLOCKED: (Decision, u8) = (Decision::Blocked, 1);
const UNKNOWN: (Decision, u8) = (Decision::Unknown, 3);

#[test]
fn all_is_well() {
    let verdict = judge(&well());
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!((verdict.would_have_been, verdict.announce), (Decision::Allowed, false));
    assert!(verdict.rules.iter().all(|rule| rule.state == RuleState::Pass));
    assert_eq!((verdict.rules.len(), verdict.warnings.len()), (4, 0));
    assert_eq!(verdict.reason, "no rule is breached");
}

// Limits: exactly on them is a breach.

#[test]
fn half_a_percent_bad_is_not_below_half_a_percent() {
    assert_eq!(answer(&judge(&of(events(9_951, 49), fast(10_000, 0)))), ALLOWED);
    let verdict = judge(&of(events(9_950, 50), fast(10_000, 0)));
    assert_eq!(answer(&verdict), BLOCKED);
    let rule = outcome(&verdict, RuleName::BadRatio);
    assert_eq!(
        (rule.value, rule.limit, rule.margin),
        (
            Some(Figure::Ratio(0.005)),
            Some(Figure::Ratio(0.005)),
            Some(Figure::Ratio(0.0))
        )
    );
    assert_eq!(
        rule.sentence,
        "0.5% of requests were bad (50 of 10000), must be < 0.5% over 15m"
    );
}

#[test]
fn a_p95_of_800_ms_is_not_below_800_ms() {
    assert_eq!(answer(&judge(&of(events(10_000, 0), p95(799)))), ALLOWED);
    let verdict = judge(&of(events(10_000, 0), p95(800)));
    assert_eq!(answer(&verdict), BLOCKED);
    let rule = outcome(&verdict, RuleName::P95);
    assert_eq!(rule.margin, Some(Figure::Seconds(0.0)));
    assert_eq!(
        rule.sentence,
        "p95 of 1000 requests was 800ms, must be < 800ms over 15m"
    );
    let nearly = Latency::P95 {
        p95: Duration::from_nanos(799_999_999),
        events: 100,
    };
    assert_eq!(
        answer(&judge(&of(events(10_000, 0), Observation::seen("in-process", nearly)))),
        ALLOWED
    );
}

#[test]
fn of_counts_ninety_five_percent_must_be_in_the_bucket() {
    assert_eq!(answer(&judge(&of(events(10_000, 0), fast(9_500, 500)))), ALLOWED);
    let verdict = judge(&of(events(10_000, 0), fast(9_499, 501)));
    assert_eq!(answer(&verdict), BLOCKED);
    assert_eq!(
        outcome(&verdict, RuleName::P95).sentence,
        "94.99% of requests took at most 800ms (9499 of 10000), must be at least 95% for a p95 < 800ms over 15m"
    );
}

#[test]
fn a_note_is_read_and_stops_nobody() {
    let estimated = p95(799).noted("interpolated: no instance has a bucket at 800ms");
    let verdict = judge(&of(events(10_000, 0), estimated));
    assert_eq!(answer(&verdict), ALLOWED);
    let rule = outcome(&verdict, RuleName::P95);
    assert_eq!(rule.caveats, ["interpolated: no instance has a bucket at 800ms"]);
}

#[test]
fn counts_at_another_boundary_say_nothing() {
    let limit: Threshold = "1s".parse().unwrap();
    let other = Latency::Counts {
        limit,
        events: Events::new(100, 0),
    };
    let verdict = judge(&of(events(10_000, 0), Observation::seen(QUERY, other)));
    assert_eq!(answer(&verdict), UNKNOWN);
    assert_eq!(
        outcome(&verdict, RuleName::P95).sentence,
        "counted at 1s, and the rule is < 800ms over 15m"
    );
}

#[test]
fn a_tenth_of_the_budget_is_not_more_than_a_tenth() {
    // 99.9% of 100,000: 100 may be bad.
    assert_eq!(answer(&judge(&well().budget("browse", events(99_911, 89)))), ALLOWED);
    let verdict = judge(&well().budget("browse", events(99_910, 90)));
    assert_eq!(answer(&verdict), BLOCKED);
    let rule = outcome(&verdict, RuleName::Budget);
    assert_eq!(
        (rule.value, rule.margin),
        (Some(Figure::Ratio(0.1)), Some(Figure::Ratio(0.0)))
    );
    assert_eq!(
        rule.sentence,
        "10% of the error budget is left (90 bad events of 100.0 allowed), must be > 10%; when it recovers is not known"
    );
}

// The table of DESIGN section 5, row by row.

#[test]
fn an_engine_that_is_down_or_answers_in_part_is_unknown() {
    let down = Unseen::NoAnswer("connection refused".to_owned());
    for evidence in [
        of(unseen(&down), fast(10_000, 0)),
        of(events(10_000, 0), unseen(&down)),
        well().budget("browse", unseen(&down)),
        of(events(10_000, 0).warned("store-2 did not answer"), fast(10_000, 0)),
        of(events(10_000, 0), fast(10_000, 0).warned("x")),
        well().budget("browse", events(10_000, 0).warned("x")),
        // A partial answer proves no breach, and hides that a series was ever seen.
        of(events(0, 10_000).warned("x"), fast(10_000, 0)),
        of(unseen(&Unseen::NeverSeen).warned("x"), fast(10_000, 0)),
    ] {
        assert_eq!(answer(&judge(&evidence)), UNKNOWN, "{}", judge(&evidence));
    }
    let verdict = judge(&of(unseen(&down), fast(10_000, 0)));
    assert_eq!(verdict.reason, "could not be judged: bad_ratio");
    assert_eq!(
        outcome(&verdict, RuleName::BadRatio).sentence,
        "no answer: connection refused"
    );
}

#[test]
fn unknown_can_be_let_through_and_stays_unknown() {
    let rules = GateRules {
        on_unknown: OnUnknown::Allow,
        ..GateRules::default()
    };
    let down = of(unseen(&Unseen::Vanished), fast(10_000, 0));
    let verdict = rules.judge(&slos(), &down, &deploy(), now());
    assert_eq!(answer(&verdict), (Decision::Unknown, 0));
    assert!(verdict.announce);
    assert_eq!(
        verdict.reason,
        "could not be judged: bad_ratio; let through, as the rules say for unknown"
    );
    let verdict = rules.judge(&slos(), &well(), &deploy(), now());
    assert_eq!((answer(&verdict), verdict.announce), (ALLOWED, false));
    // What is proven beside it is not let through.
    let both = down.budget("browse", events(0, 1));
    assert_eq!(answer(&rules.judge(&slos(), &both, &deploy(), now())), BLOCKED);
}

#[test]
fn a_service_that_was_never_seen_is_allowed_with_a_warning() {
    let never = Unseen::NeverSeen;
    let evidence = Evidence::new(unseen(&never), unseen(&never)).budget("browse", unseen(&never));
    let verdict = judge(&evidence.budget("sell", unseen(&never)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert!(verdict.rules.iter().all(|rule| rule.state == RuleState::Warn));
    assert_eq!(
        verdict.warnings[0],
        "bad_ratio: never seen in the window: is this the deploy that adds it?"
    );
}

#[test]
fn what_vanished_or_is_old_or_ambiguous_is_unknown() {
    let environments = Unseen::Environments(vec!["dev".to_owned(), "prod".to_owned()]);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    for evidence in [
        of(unseen(&Unseen::Vanished), fast(10_000, 0)),
        of(unseen(&environments), fast(10_000, 0)),
        of(unseen(&Unseen::OtherLabels("say it".to_owned())), fast(10_000, 0)),
        of(
            unseen(&Unseen::Namespaces(vec!["one".to_owned(), "two".to_owned()])),
            fast(10_000, 0),
        ),
        of(unseen(&Unseen::Unclear("they differ".to_owned())), fast(10_000, 0)),
        well().budget("browse", unseen(&environments)),
        of(events(10_000, 0).pushed_ago(minutes(6)), fast(10_000, 0)),
        of(
            events(10_000, 0).pushed_ago(minutes(5) + Duration::from_nanos(1)),
            fast(10_000, 0),
        ),
        well().budget("browse", events(10_000, 0).pushed_ago(minutes(6))),
        of(events(0, 0).covering(Ratio::new(0, 1).unwrap()), fast(10_000, 0)),
    ] {
        assert_eq!(answer(&judge(&evidence)), UNKNOWN, "{}", judge(&evidence));
    }
    let recent = of(events(10_000, 0).pushed_ago(minutes(5)), fast(10_000, 0));
    assert_eq!(answer(&judge(&recent)), ALLOWED);
    let verdict = judge(&of(unseen(&environments), fast(10_000, 0).pushed_ago(minutes(12))));
    let sentences: Vec<_> = verdict.rules.iter().map(|rule| rule.sentence.as_str()).collect();
    assert_eq!(sentences[0], "several environments match: dev, prod; name one");
    assert_eq!(sentences[1], "the last push is 12m old, more than 5m");
}

#[test]
fn fewer_than_a_hundred_events_pass_as_idle() {
    let verdict = judge(&of(events(0, 99), fast(0, 99)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(state(&verdict, RuleName::BadRatio), RuleState::Idle);
    assert_eq!(state(&verdict, RuleName::P95), RuleState::Idle);
    assert_eq!(
        outcome(&verdict, RuleName::P95).sentence,
        "99 events, fewer than 100: too few to judge"
    );
    assert_eq!(answer(&judge(&of(events(0, 100), fast(100, 0)))), BLOCKED);
    assert_eq!(answer(&judge(&of(events(100, 0), fast(0, 100)))), BLOCKED);
    assert_eq!(
        state(&judge(&of(events(0, 0), fast(0, 0))), RuleName::BadRatio),
        RuleState::Idle
    );
    let sketch = Latency::P95 {
        p95: Duration::from_secs(9),
        events: 99,
    };
    let verdict = judge(&of(events(0, 0), Observation::seen("in-process", sketch)));
    assert_eq!(state(&verdict, RuleName::P95), RuleState::Idle);
}

#[test]
fn with_no_least_number_nothing_is_still_too_little() {
    let rules = GateRules {
        least_events: 0,
        ..GateRules::default()
    };
    let nothing = Latency::P95 {
        p95: Duration::MAX,
        events: 0,
    };
    let evidence = of(events(0, 0), Observation::seen("in-process", nothing));
    let verdict = rules.judge(&slos(), &evidence, &deploy(), now());
    assert_eq!(state(&verdict, RuleName::BadRatio), RuleState::Idle);
    assert_eq!(state(&verdict, RuleName::P95), RuleState::Idle);
    let one = rules.judge(&slos(), &of(events(0, 1), fast(1, 0)), &deploy(), now());
    assert_eq!(answer(&one), BLOCKED);
}

#[test]
fn an_exhausted_budget_blocks_and_says_when_it_recovers() {
    let recovers = DateTime::from_timestamp(1_767_312_000, 0).unwrap();
    let evidence = well()
        .budget("browse", events(99_700, 300))
        .recovers_at("browse", recovers);
    let verdict = judge(&evidence);
    assert_eq!(answer(&verdict), BLOCKED);
    assert_eq!(verdict.reason, "breached: budget of browse");
    let rule = outcome(&verdict, RuleName::Budget);
    assert_eq!(rule.recovers_at, Some(recovers));
    assert_eq!(
        rule.sentence,
        "exhausted: -200% of the error budget is left (300 bad events of 100.0 allowed), must be > 10%; \
         recovers at 2026-01-02T00:00:00Z if nothing else goes wrong"
    );
    assert_eq!(
        (
            rule.promise.as_deref(),
            rule.owner.as_deref(),
            rule.window,
            rule.source.as_str()
        ),
        (
            Some("Anyone can look at listings."),
            Some("search-team"),
            Some(Window::days(30).unwrap()),
            QUERY
        )
    );
}

#[test]
fn a_deploy_for_reliability_passes_an_exhausted_budget_and_is_announced() {
    let spent = well().budget("browse", events(99_700, 300));
    let reliability = deploy().class(Class::Reliability);
    let judge = |evidence: &Evidence| GateRules::default().judge(&slos(), evidence, &reliability, now());
    let verdict = judge(&spent);
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!((verdict.would_have_been, verdict.announce), (Decision::Blocked, true));
    assert_eq!(state(&verdict, RuleName::Budget), RuleState::Fail);
    assert_eq!(
        verdict.reason,
        "breached, and passed by class reliability: budget of browse"
    );
    // It passes no fire and no darkness.
    assert_eq!(answer(&judge(&burning())), BLOCKED);
    assert_eq!(answer(&judge(&of(events(10_000, 0), p95(900)))), BLOCKED);
    assert_eq!(answer(&judge(&of(unseen(&Unseen::Vanished), fast(10_000, 0)))), UNKNOWN);
    assert_eq!(
        answer(&judge(&well().budget("browse", unseen(&Unseen::Vanished)))),
        UNKNOWN
    );
}

#[test]
fn the_way_back_is_never_blocked() {
    let dark = of(unseen(&Unseen::NoAnswer("x".to_owned())), fast(10_000, 0));
    for request in [Request::rollback(), deploy().ran_before()] {
        for (evidence, would_have_been) in [(burning(), Decision::Blocked), (dark.clone(), Decision::Unknown)] {
            let verdict = GateRules::default().judge(&slos(), &evidence, &request, now());
            assert_eq!(answer(&verdict), ALLOWED);
            assert_eq!(verdict.would_have_been, would_have_been);
        }
    }
    let verdict = GateRules::default().judge(&slos(), &burning(), &Request::rollback(), now());
    assert_eq!(verdict.reason, "a rollback is always allowed; breached: bad_ratio");
    assert_eq!((verdict.action, verdict.announce), (Action::Rollback, true));
    let verdict = GateRules::default().judge(&slos(), &burning(), &deploy().ran_before(), now());
    assert_eq!(
        verdict.reason,
        "a revision that ran before is always allowed; breached: bad_ratio"
    );
}

// Beyond the table.

#[test]
fn where_nothing_at_all_was_seen_the_reason_is_the_reason_of_that() {
    let down = Unseen::NoAnswer("connection refused".to_owned());
    let nothing = || {
        let nothing = Evidence::new(unseen(&down), unseen(&down));
        nothing.budget("browse", unseen(&down)).budget("sell", unseen(&down))
    };
    let reason = |evidence: &Evidence| judge(evidence).reason;
    assert_eq!(
        reason(&nothing()),
        "nothing could be judged: no answer: connection refused"
    );
    let other = unseen(&Unseen::Vanished);
    assert_eq!(
        reason(&nothing().budget("browse", other)),
        "could not be judged: bad_ratio, p95, budget of browse"
    );
    let something = events(1_000_000, 10);
    assert_eq!(
        reason(&nothing().budget("sell", something)),
        "could not be judged: bad_ratio, p95, budget of browse"
    );
}

#[test]
fn a_proven_breach_outweighs_what_could_not_be_seen() {
    let verdict = judge(&of(events(0, 10_000), unseen(&Unseen::Vanished)));
    assert_eq!(answer(&verdict), BLOCKED);
    assert_eq!(verdict.reason, "breached: bad_ratio; could not be judged: p95");
}

#[test]
fn many_excluded_requests_hide_a_hang() {
    let with = |good, bad, excluded| {
        let seen = Events::new(good, bad).with_excluded(excluded);
        judge(&of(Observation::seen(QUERY, seen), fast(10_000, 0)))
    };
    assert_eq!(answer(&with(9_500, 0, 500)), ALLOWED);
    let hidden = with(9_499, 0, 501);
    assert_eq!(answer(&hidden), UNKNOWN);
    assert_eq!(
        outcome(&hidden, RuleName::BadRatio).sentence,
        "5.01% of the requests were excluded, more than 5%: clients leave before they are answered"
    );
    // 0.5% of the valid ones, but not if the excluded ones had been good; then of all.
    assert_eq!(answer(&with(8_955, 45, 1_000)), UNKNOWN);
    assert_eq!(answer(&with(8_950, 50, 1_000)), BLOCKED);
    // Everybody leaves: no valid event, and yet not idle. On a quiet night one client who leaves is no hang.
    assert_eq!(answer(&with(0, 0, 100)), UNKNOWN);
    assert_eq!(answer(&with(98, 1, 0)), ALLOWED);
    assert_eq!(answer(&with(1, 0, 98)), ALLOWED);
    // Too few valid events prove nothing.
    assert_eq!(answer(&with(0, 99, 99)), UNKNOWN);
}

#[test]
fn a_draft_is_shown_and_never_blocks() {
    for seen in [events(0, 10_000), unseen(&Unseen::Vanished)] {
        let verdict = judge(&well().budget("sell", seen));
        assert_eq!(answer(&verdict), ALLOWED);
        let draft = verdict.rules.iter().find(|rule| rule.subject == "sell").unwrap();
        assert_eq!(draft.state, RuleState::Warn);
        assert!(
            verdict
                .warnings
                .contains(&"budget of sell: a draft is shown and never blocks".to_owned())
        );
    }
}

#[test]
fn agreed_freshness_warns_and_agreed_events_block() {
    let told = |sli: Sli| {
        let slo = Slo::new("told", sli, "99.9%".parse().unwrap(), Window::days(30).unwrap());
        let set = SloSet::builder("shop").slo(slo.status(Status::Agreed));
        let evidence = well().budget("told", events(0, 10_000));
        answer(&GateRules::default().judge(&set.build().unwrap(), &evidence, &deploy(), now()))
    };
    assert_eq!(told(SyntheticSli::new("/health").into()), ALLOWED);
    assert_eq!(told(EventsSli::of("mails").into()), BLOCKED);
}

#[test]
fn a_composite_is_judged_by_its_members() {
    let (target, window) = ("99.9%".parse().unwrap(), Window::days(30).unwrap());
    let both = Slo::new("both", CompositeSli::of([("browse", 1), ("sell", 1)]), target, window);
    let set = SloSet::builder("shop")
        .slo(slo("browse", Status::Agreed))
        .slo(slo("sell", Status::Draft))
        .slo(both.status(Status::Agreed));
    let verdict = GateRules::default().judge(&set.build().unwrap(), &well(), &deploy(), now());
    assert_eq!(answer(&verdict), ALLOWED);
    assert!(verdict.rules.iter().all(|rule| rule.subject != "both"));
}

#[test]
fn an_agreed_slo_that_nobody_asked_for_is_unknown() {
    let verdict = judge(&Evidence::new(events(10_000, 0), fast(10_000, 0)));
    assert_eq!(answer(&verdict), UNKNOWN);
    assert_eq!(verdict.reason, "could not be judged: budget of browse");
    assert_eq!(
        outcome(&verdict, RuleName::Budget).sentence,
        "nobody asked for its events"
    );
}

#[test]
fn evidence_for_a_stranger_and_a_service_without_slos_are_said() {
    let verdict = judge(&well().budget("brwose", events(0, 10_000)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(
        verdict.warnings,
        ["budget: `brwose` was asked for and is no SLO of this service"]
    );
    let none = SloSet::builder("shop").build().unwrap();
    let evidence = Evidence::new(events(10_000, 0), fast(10_000, 0));
    let verdict = GateRules::default().judge(&none, &evidence, &deploy(), now());
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(
        verdict.warnings,
        ["budget: no SLO is defined, so there is none to judge"]
    );
}

#[test]
fn freshness_warns() {
    let stale = Freshness::NotFresh("stale: 3h old, at most 2h".to_owned());
    let fresh = well().freshness("prices", Observation::seen("probe", Freshness::Fresh));
    assert_eq!(judge(&fresh).warnings.len(), 0);
    let verdict = judge(&well().freshness("prices", Observation::seen("probe", stale)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(verdict.warnings, ["freshness of prices: stale: 3h old, at most 2h"]);
    let verdict = judge(&well().freshness("prices", unseen(&Unseen::Vanished)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(
        verdict.warnings,
        ["freshness of prices: the series existed and vanished"]
    );
}

#[test] // B07: 2 of 30 days, 1% bad: judged against the whole window, and said.
fn a_young_budget_is_judged_against_the_whole_window() {
    let young = events(99_000, 1_000).covering(Ratio::new(2, 30).unwrap());
    let verdict = judge(&well().budget("browse", young));
    assert_eq!(answer(&verdict), ALLOWED);
    let rule = outcome(&verdict, RuleName::Budget);
    assert_eq!(
        (rule.basis, rule.coverage),
        (Some(BudgetBasis::WholeWindow), Ratio::new(1, 15))
    );
    assert_eq!(
        rule.sentence,
        "33.3333% of the error budget is left (1000 bad events of 1500.0 that the whole window allows at this traffic), \
         must be > 10%"
    );
    assert_eq!(verdict.warnings, ["budget of browse: only 6.6666% of 30d was measured"]);
    let spent = events(98_500, 1_500).covering(Ratio::new(2, 30).unwrap());
    assert_eq!(answer(&judge(&well().budget("browse", spent))), BLOCKED);
    // From 90% on as observed.
    let nearly = events(99_900, 100).covering(Ratio::new(9, 10).unwrap());
    let verdict = judge(&well().budget("browse", nearly));
    assert_eq!((answer(&verdict), verdict.warnings.len()), (BLOCKED, 0));
    assert_eq!(outcome(&verdict, RuleName::Budget).basis, Some(BudgetBasis::Observed));
}

#[cfg(feature = "calendar")]
#[test]
fn a_month_that_has_just_begun_is_judged_by_what_the_month_allows() {
    let slo = Slo::new(
        "browse",
        HttpSli::every_route(),
        "99.9%".parse().unwrap(),
        "month in Asia/Seoul".parse().unwrap(),
    );
    let set = SloSet::builder("shop").slo(slo.status(Status::Agreed)).build().unwrap();
    // 2026-01-01 09:00 in Seoul: 9 of 744 hours.
    let judge = |bad| {
        let evidence = Evidence::new(events(10_000, 0), fast(10_000, 0)).budget("browse", events(1_000 - bad, bad));
        GateRules::default().judge(&set, &evidence, &deploy(), now())
    };
    let verdict = judge(2); // 200% of what these nine hours allow
    assert_eq!((answer(&verdict), verdict.warnings.len()), (ALLOWED, 0));
    let rule = outcome(&verdict, RuleName::Budget);
    assert_eq!(
        (rule.basis, rule.coverage),
        (Some(BudgetBasis::WholeWindow), Ratio::new(1, 1))
    );
    assert_eq!(
        rule.sentence,
        "97.5806% of the error budget is left (2 bad events of 82.7 that the whole window allows at this traffic), \
         must be > 10%"
    );
    let verdict = judge(83);
    assert_eq!(answer(&verdict), BLOCKED);
    assert_eq!(
        outcome(&verdict, RuleName::Budget).sentence,
        "exhausted: -0.4032% of the error budget is left (83 bad events of 82.7 that the whole window allows at this \
         traffic), must be > 10%; recovers at 2026-01-31T15:00:00Z if nothing else goes wrong"
    );
}

#[cfg(feature = "calendar")]
#[test]
fn a_period_is_reckoned_by_the_clock_of_the_sources() {
    let slo = Slo::new(
        "browse",
        HttpSli::every_route(),
        "99.9%".parse().unwrap(),
        "month in UTC".parse().unwrap(),
    );
    let set = SloSet::builder("shop").slo(slo.status(Status::Agreed)).build().unwrap();
    let evidence = Evidence::new(events(10_000, 0), fast(10_000, 0)).budget("browse", events(998, 2));
    // The last minute of December, of which all has passed, and the tenth hour of January.
    let december = now() - Duration::from_secs(60);
    let judge = |evidence: &Evidence| GateRules::default().judge(&set, evidence, &deploy(), december);
    assert_eq!(answer(&judge(&evidence)), BLOCKED);
    let verdict = judge(&evidence.as_of(now() + Duration::from_secs(36_000)));
    assert_eq!(answer(&verdict), ALLOWED, "{verdict}");
}

#[test] // B05: a gap is coverage, never NaN.
fn a_budget_without_traffic_is_idle_and_one_mostly_excluded_is_said() {
    let verdict = judge(&well().budget("browse", events(0, 0)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(state(&verdict, RuleName::Budget), RuleState::Idle);
    let seen = Events::new(1_000, 0).with_excluded(3_000);
    let verdict = judge(&well().budget("browse", Observation::seen(QUERY, seen)));
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(
        verdict.warnings,
        [
            "budget of browse: how much of its window was measured is not known",
            "budget of browse: 75% of its events were excluded"
        ]
    );
    let dark = events(0, 0).covering(Ratio::new(0, 1).unwrap());
    assert_eq!(answer(&judge(&well().budget("browse", dark))), UNKNOWN);
}

#[test]
fn a_tracker_is_a_source() {
    let start = Tick::from_unix_seconds(1_767_225_600);
    let tracker = Tracker::new(Window::DAY, start);
    (0..200).for_each(|_| tracker.record(start, Outcome::Good));
    let reading = tracker.read(start + Duration::from_secs(90), "15m".parse().unwrap());
    let verdict = judge(&of(Observation::in_process(reading), fast(10_000, 0)));
    let rule = outcome(&verdict, RuleName::BadRatio);
    assert_eq!((rule.state, rule.source.as_str()), (RuleState::Pass, "in-process"));
    assert_eq!(verdict.warnings, ["bad_ratio: only 10% of 15m was measured"]);
}

#[test]
fn observing_allows_and_says_what_it_would_have_done() {
    let rules = GateRules {
        mode: Mode::Observe,
        ..GateRules::default()
    };
    let verdict = rules.judge(&slos(), &burning(), &deploy(), now());
    assert_eq!(answer(&verdict), ALLOWED);
    assert_eq!(
        (verdict.would_have_been, verdict.mode, verdict.announce),
        (Decision::Blocked, Mode::Observe, false)
    );
    assert_eq!(
        verdict.reason,
        "mode observe: would have been blocked; breached: bad_ratio"
    );
    let dark = of(unseen(&Unseen::Vanished), fast(10_000, 0));
    let verdict = rules.judge(&slos(), &dark, &deploy().bypass(bypass()), now());
    assert_eq!(
        (answer(&verdict), verdict.would_have_been),
        (ALLOWED, Decision::Unknown)
    );
    assert_eq!(verdict.bypass.unwrap().outcome, BypassOutcome::NotNeeded);
}

// Bypasses.

#[test]
fn a_bypass_lets_pass_what_is_blocked_or_unknown_and_hides_nothing() {
    for evidence in [burning(), of(unseen(&Unseen::Vanished), fast(10_000, 0))] {
        let without = judge(&evidence);
        let verdict = GateRules::default().judge(&slos(), &evidence, &deploy().bypass(bypass()), now());
        assert_eq!(answer(&verdict), (Decision::Bypassed, 0));
        assert_eq!((verdict.would_have_been, verdict.announce), (without.decision, true));
        assert_eq!(verdict.rules, without.rules);
        let record = verdict.bypass.unwrap();
        assert_eq!((record.bypass, record.outcome), (bypass(), BypassOutcome::Used));
    }
    let verdict = GateRules::default().judge(&slos(), &burning(), &deploy().bypass(bypass()), now());
    assert_eq!(
        verdict.reason,
        "ana@shop lets it pass: payment is down for everybody; breached: bad_ratio"
    );
}

#[test]
fn a_bypass_that_was_not_needed_is_recorded() {
    for request in [deploy(), deploy().ran_before()] {
        let verdict = GateRules::default().judge(&slos(), &well(), &request.bypass(bypass()), now());
        assert_eq!((answer(&verdict), verdict.announce), (ALLOWED, true));
        assert_eq!(verdict.bypass.unwrap().outcome, BypassOutcome::NotNeeded);
    }
}

#[test]
fn a_bypass_that_is_void_changes_nothing_and_says_why() {
    let refused = |bypass: Bypass, request: Request| {
        let verdict = GateRules::default().judge(&slos(), &burning(), &request.bypass(bypass), now());
        assert_eq!((answer(&verdict), verdict.announce), (BLOCKED, true));
        let record = verdict.bypass.unwrap();
        assert_eq!(record.outcome, BypassOutcome::Refused);
        assert_eq!(Some(&verdict.warnings[0]), record.refusal.as_ref());
        record.refusal.unwrap()
    };
    let expired = Bypass {
        expires_at: Some(now()),
        ..bypass()
    };
    assert_eq!(
        refused(expired, deploy()),
        "the bypass expired at 2026-01-01T00:00:00Z; ask for another"
    );
    let nobody = Bypass {
        who: " ".to_owned(),
        ..bypass()
    };
    assert_eq!(
        refused(nobody, deploy()),
        "the bypass does not say who asks for it; write a name"
    );
    let unexplained = Bypass {
        why: "\n".to_owned(),
        ..bypass()
    };
    assert_eq!(
        refused(unexplained, deploy()),
        "the bypass does not say why; write a reason, like `SLO-Bypass: payment is down for everybody`"
    );
    let other = Bypass {
        revision: "4f2a9c".to_owned(),
        ..bypass()
    };
    assert_eq!(
        refused(other, deploy()),
        "the bypass is for revision `4f2a9c`, and this is `4f2a9c1`; ask for one for this revision"
    );
    assert_eq!(
        refused(bypass(), Request::deploy()),
        "the bypass is for revision `4f2a9c1`, and the deploy names none; name its revision"
    );
    let anything = Bypass {
        revision: String::new(),
        ..bypass()
    };
    assert_eq!(
        refused(anything, Request::deploy().revision("")),
        "the bypass is for revision ``, and the deploy names none; name its revision"
    );
    let last_moment = Bypass {
        expires_at: Some(now() + chrono::TimeDelta::nanoseconds(1)),
        ..bypass()
    };
    assert_eq!(last_moment.check(Some("4f2a9c1"), now()), Ok(()));
    let unreadable = deploy().unreadable_bypass(bypass(), "`soon` is not a time");
    let verdict = GateRules::default().judge(&slos(), &burning(), &unreadable, now());
    assert_eq!(answer(&verdict), BLOCKED);
    assert_eq!(verdict.warnings[0], "the bypass does not count: `soon` is not a time");
}

#[test]
fn a_bypass_without_an_end_holds_for_its_revision_and_says_so() {
    let endless = Bypass {
        expires_at: None,
        ..bypass()
    };
    assert_eq!(endless.check(Some("4f2a9c1"), now()), Ok(()));
    assert!(endless.check(Some("4f2a9c2"), now()).is_err());
    let verdict = GateRules::default().judge(&slos(), &burning(), &deploy().bypass(endless), now());
    let text = verdict.to_string();
    assert!(
        text.contains("bypass  used by ana@shop for 4f2a9c1, with no end: "),
        "{text}"
    );
}

#[test]
fn what_nobody_would_hear_of_passes_nothing_but_the_way_back() {
    let spent = well().budget("browse", events(99_700, 300));
    let dark = of(unseen(&Unseen::Vanished), fast(10_000, 0));
    let allow = GateRules {
        on_unknown: OnUnknown::Allow,
        ..GateRules::default()
    };
    let judge = |evidence: &Evidence, request: Request| {
        let verdict = allow.judge(&slos(), evidence, &request.unheard("nobody listens"), now());
        (answer(&verdict), verdict.warnings.first().cloned().unwrap_or_default())
    };
    assert_eq!(
        judge(&burning(), deploy().bypass(bypass())),
        (BLOCKED, "the bypass does not count: nobody listens".to_owned())
    );
    assert_eq!(
        judge(&spent, deploy().class(Class::Reliability)),
        (
            BLOCKED,
            "class reliability lets nothing pass: nobody listens".to_owned()
        )
    );
    assert_eq!(
        judge(&dark, deploy()),
        (UNKNOWN, "what is unknown is not let through: nobody listens".to_owned())
    );
    for back in [Request::rollback(), deploy().ran_before()] {
        assert_eq!(judge(&burning(), back.clone()), (ALLOWED, String::new()));
        assert_eq!(judge(&dark, back).0, ALLOWED);
    }
    // Nothing is missed where nothing was needed.
    assert_eq!(
        judge(&well(), deploy().class(Class::Reliability)),
        (ALLOWED, String::new())
    );
    assert_eq!(judge(&burning(), deploy()), (BLOCKED, String::new()));
}

#[test]
fn a_verdict_names_whose_deploy_it_is_and_what_it_was_told_to_warn_of() {
    let request = deploy().environment("production").namespace("sales").author("Ana");
    let verdict = GateRules::default().judge(&slos(), &well(), &request.warning("mind the step"), now());
    assert_eq!(
        (
            verdict.environment.as_deref(),
            verdict.namespace.as_deref(),
            verdict.author.as_deref()
        ),
        (Some("production"), Some("sales"), Some("Ana"))
    );
    assert_eq!(verdict.warnings, ["mind the step"]);
}

// What is shown.

#[test]
fn a_verdict_reads_like_this() {
    let spent = of(events(9_900, 100), p95(612)).budget("browse", events(99_700, 300));
    let stale = Freshness::NotFresh("stale: 3h old".to_owned());
    let evidence = spent.freshness("prices", Observation::seen("probe", stale));
    let forged = Bypass {
        why: "hurry\nallowed:\u{feff}no\u{200b}rule is breached".to_owned(),
        ..bypass()
    };
    let verdict = GateRules::default().judge(&slos(), &evidence, &deploy().bypass(forged), now());
    let expected = [
        "bypassed: ana@shop lets it pass: hurry allowed: no rule is breached; breached: bad_ratio, budget of browse (the rules alone: blocked)",
        "  fail    bad_ratio: 1% of requests were bad (100 of 10000), must be < 0.5% over 15m [over 15m, 100% measured] from sum by (slo_outcome) (increase(slo_events_total[15m]))",
        "  pass    p95: p95 of 1000 requests was 612ms, must be < 800ms over 15m [over 15m] from in-process",
        "  fail    budget of browse \"Anyone can look at listings.\" (search-team): exhausted: -200% of the error budget is left (300 bad events of 100.0 allowed), must be > 10%; when it recovers is not known [over 30d, 100% measured] from sum by (slo_outcome) (increase(slo_events_total[15m]))",
        "  pass    budget of sell \"Anyone can look at listings.\" (search-team): 99% of the error budget is left (10 bad events of 1000.0 allowed), must be > 10% [over 30d, 100% measured] from sum by (slo_outcome) (increase(slo_events_total[15m]))",
        "  warn    freshness of prices: stale: 3h old from probe",
        "  warning freshness of prices: stale: 3h old",
        "  bypass  used by ana@shop for 4f2a9c1 until 2026-01-01T01:00:00Z: hurry allowed: no rule is breached",
    ];
    assert_eq!(verdict.to_string().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn figures_read_as_people_write_them() {
    let shown = [
        Figure::Ratio(0.005),
        Figure::Ratio(-2.0),
        Figure::Ratio(0.29),
        Figure::Ratio(-0.000_000_1),
        Figure::Ratio(1.0),
        Figure::Seconds(0.8),
        Figure::Seconds(0.612_5),
    ];
    let shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["0.5%", "-200%", "29%", "0%", "100%", "800ms", "612.5ms"]);
}

#[cfg(feature = "serde")]
#[test]
fn json_has_stable_names() {
    let young = events(98_500, 1_500).covering(Ratio::new(1, 10).unwrap());
    let evidence = of(events(9_950, 50), unseen(&Unseen::Vanished)).budget("browse", young);
    let verdict = GateRules::default().judge(&slos(), &evidence, &deploy().bypass(bypass()), now());
    let json = serde_json::to_value(&verdict).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&json),
        "action announce author bypass class decided_at decision environment exit_code mode namespace ran_before reason \
         revision rules service warnings would_have_been"
    );
    assert_eq!(
        keys(&json["rules"][0]),
        "basis caveats coverage_ratio events limit margin name owner promise recovers_at sentence source state subject \
         value window"
    );
    assert_eq!(json["decision"], "bypassed");
    assert_eq!(
        (&json["exit_code"], &json["would_have_been"]),
        (&0.into(), &"blocked".into())
    );
    assert_eq!(
        json["bypass"],
        serde_json::json!({
            "who": "ana@shop", "why": "payment is down for everybody", "revision": "4f2a9c1",
            "expires_at": "2026-01-01T01:00:00Z", "outcome": "used", "refusal": null,
        })
    );
    let bad_ratio = &json["rules"][0];
    assert_eq!(
        (&bad_ratio["name"], &bad_ratio["state"]),
        (&"bad_ratio".into(), &"fail".into())
    );
    assert_eq!(bad_ratio["value"], serde_json::json!({"ratio": 0.005}));
    assert_eq!(
        bad_ratio["events"],
        serde_json::json!({"good": 9_950, "bad": 50, "excluded": 0})
    );
    assert_eq!(
        (&bad_ratio["window"], &bad_ratio["coverage_ratio"]),
        (&"15m".into(), &1.0.into())
    );
    assert_eq!(json["rules"][1]["value"], serde_json::Value::Null);
    assert_eq!(json["rules"][2]["basis"], "whole_window");
}

fn any_unseen() -> impl Strategy<Value = Unseen> {
    prop_oneof![
        Just(Unseen::NeverSeen),
        Just(Unseen::Vanished),
        Just(Unseen::NoAnswer("x".to_owned())),
        Just(Unseen::OtherLabels("x".to_owned())),
        Just(Unseen::Environments(vec!["a".to_owned(), "b".to_owned()])),
        Just(Unseen::Namespaces(vec!["a".to_owned(), "b".to_owned()])),
        Just(Unseen::Unclear("x".to_owned())),
    ]
}

/// Small counts where limits lie, and any.
fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..300, 9_000_u64..11_000, any::<u64>()]
}

fn any_events() -> impl Strategy<Value = Events> {
    (any_count(), any_count(), any_count(), any::<bool>())
        .prop_map(|(good, bad, excluded, none)| Events::new(good, bad).with_excluded(if none { 0 } else { excluded }))
}

fn any_observation<T: Clone + core::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Observation<T>> {
    let answer = prop_oneof![
        4 => value.prop_map(|value| Observation::seen("q", value)),
        1 => any_unseen().prop_map(|why| Observation::unseen("q", why)),
    ];
    let coverage = prop_oneof![Just((1, 1)), (any::<u64>(), any::<u64>())];
    (
        answer,
        prop::option::of(coverage),
        prop::option::weighted(0.2, 0_u64..600),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(mut seen, coverage, age, warned)| {
            if let Some((a, b)) = coverage {
                seen = seen.covering(Ratio::new(a.min(b), a.max(b).max(1)).unwrap());
            }
            if let Some(age) = age {
                seen = seen.pushed_ago(Duration::from_secs(age));
            }
            if warned { seen.warned("w") } else { seen }
        })
}

fn any_latency() -> impl Strategy<Value = Latency> {
    prop_oneof![
        any_events().prop_map(|events| Latency::Counts {
            limit: DEFAULT_P95,
            events
        }),
        (any::<u64>(), any_count()).prop_map(|(nanos, events)| Latency::P95 {
            p95: Duration::from_nanos(nanos),
            events
        }),
        Just(Latency::P95 {
            p95: Duration::MAX,
            events: u64::MAX
        }),
    ]
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let budget = || prop::option::weighted(0.9, any_observation(any_events()));
    (
        any_observation(any_events()),
        any_observation(any_latency()),
        budget(),
        budget(),
    )
        .prop_map(|(requests, latency, browse, sell)| {
            let mut evidence = Evidence::new(requests, latency);
            for (name, seen) in [("browse", browse), ("sell", sell)] {
                if let Some(seen) = seen {
                    evidence = evidence.budget(name, seen);
                }
            }
            evidence
        })
}

fn any_request() -> impl Strategy<Value = Request> {
    let bypass =
        (any::<bool>(), any::<bool>(), any::<bool>(), -2_i64..3).prop_map(|(who, why, revision, hours)| Bypass {
            who: if who { "ana" } else { "" }.to_owned(),
            why: if why { "why" } else { " " }.to_owned(),
            revision: if revision { "a" } else { "b" }.to_owned(),
            expires_at: (hours < 2).then(|| now() + chrono::TimeDelta::hours(hours)),
        });
    let parts = (
        prop::bool::weighted(0.2),
        any::<bool>(),
        prop::bool::weighted(0.2),
        any::<bool>(),
        prop::option::of(bypass),
        prop::bool::weighted(0.2),
    );
    parts.prop_map(|(rollback, reliability, ran_before, revision, bypass, unheard)| {
        let mut request = if rollback {
            Request::rollback()
        } else {
            Request::deploy()
        };
        if reliability {
            request = request.class(Class::Reliability);
        }
        if ran_before {
            request = request.ran_before();
        }
        if revision {
            request = request.revision("a");
        }
        if unheard {
            request = request.unheard("nobody listens");
        }
        match bypass {
            Some(bypass) => request.bypass(bypass),
            None => request,
        }
    })
}

fn any_rules() -> impl Strategy<Value = GateRules> {
    let share =
        || prop_oneof![Just(5_000_000_u32), 0..=1_000_000_000_u32].prop_map(|ppb| Share::from_ppb(ppb).unwrap());
    let parts = (
        share(),
        share(),
        share(),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(100), any::<u64>()],
    );
    parts.prop_map(|(bad, left, excluded, observe, allow, least_events)| {
        let mut rules = GateRules {
            budget: Above { limit: left },
            mode: if observe { Mode::Observe } else { Mode::Enforce },
            on_unknown: if allow { OnUnknown::Allow } else { OnUnknown::Refuse },
            least_events,
            most_excluded: excluded,
            ..GateRules::default()
        };
        rules.bad_ratio.limit = bad;
        rules
    })
}

/// The table once more, as plainly as can be said of observations that nothing casts doubt on.
fn is_trusted<T>(seen: &Observation<T>) -> Option<&T> {
    let believed = seen.warnings.is_empty()
        && seen.pushed_ago.is_none_or(|age| age <= DEFAULT_OLDEST_PUSH)
        && seen.coverage.is_none_or(|coverage| coverage.part() > 0);
    seen.answer.as_ref().ok().filter(|_| believed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_proven_stops_everything_but_what_the_table_lets_pass(
        evidence in any_evidence(), request in any_request(), rules in any_rules(),
    ) {
        let verdict = rules.judge(&slos(), &evidence, &request, now());
        let failing: Vec<_> = verdict.rules.iter().filter(|rule| rule.state == RuleState::Fail).collect();
        let unknown = verdict.rules.iter().any(|rule| rule.state == RuleState::Unknown);

        // The rules alone.
        let alone = match (failing.is_empty(), unknown) {
            (false, _) => Decision::Blocked,
            (true, true) => Decision::Unknown,
            (true, false) => Decision::Allowed,
        };
        prop_assert_eq!(verdict.would_have_been, alone);

        // What may pass a breach, and nothing else does.
        let back = request.action == Action::Rollback || request.ran_before;
        let heard = request.unheard.is_none();
        let excused = heard && request.class == Class::Reliability
            && failing.iter().all(|rule| rule.name == RuleName::Budget);
        let good = heard && request.bypass.as_ref().is_some_and(|bypass| {
            bypass.who == "ana" && bypass.why == "why" && bypass.revision == "a"
                && bypass.expires_at.is_none_or(|at| at > now()) && request.revision.is_some()
        });
        let free = back || rules.mode == Mode::Observe;
        let expected = match (failing.is_empty() || excused, unknown) {
            (true, false) => Decision::Allowed,
            _ if free => Decision::Allowed,
            _ if good => Decision::Bypassed,
            (false, _) => Decision::Blocked,
            (true, true) => Decision::Unknown,
        };
        prop_assert_eq!(verdict.decision, expected);
        let exit_code = match verdict.decision {
            Decision::Allowed | Decision::Bypassed => 0,
            Decision::Blocked => 1,
            Decision::Unknown => if heard && rules.on_unknown == OnUnknown::Allow { 0 } else { 3 },
        };
        prop_assert_eq!(verdict.exit_code, exit_code);
        // Never silent.
        let passes_all_the_same = verdict.exit_code == 0 && alone != Decision::Allowed && !free;
        prop_assert!(!passes_all_the_same || heard && verdict.announce);

        // Whoever asks for a bypass is in the verdict; used only where the decision says so.
        prop_assert_eq!(verdict.bypass.is_some(), request.bypass.is_some());
        let used = verdict.bypass.as_ref().is_some_and(|record| record.outcome == BypassOutcome::Used);
        prop_assert_eq!(used, verdict.decision == Decision::Bypassed);
        prop_assert_eq!(verdict.bypass.as_ref().is_some_and(|record| record.outcome == BypassOutcome::Refused),
            request.bypass.is_some() && !good);

        // Each line of the text is ours, each number finite, and the sign of a margin that of its rule.
        let lines = 1 + verdict.rules.len() + verdict.warnings.len() + usize::from(verdict.bypass.is_some());
        prop_assert_eq!(verdict.to_string().lines().count(), lines);
        for rule in &verdict.rules {
            for figure in [rule.value, rule.limit, rule.margin].into_iter().flatten() {
                let (Figure::Ratio(number) | Figure::Seconds(number)) = figure;
                prop_assert!(number.is_finite());
            }
            if let (Some(Figure::Ratio(margin) | Figure::Seconds(margin)), RuleState::Pass) = (rule.margin, rule.state) {
                prop_assert!(margin >= 0.0);
            }
            if let (Some(Figure::Ratio(margin) | Figure::Seconds(margin)), RuleState::Fail) = (rule.margin, rule.state) {
                prop_assert!(margin <= 0.0);
            }
        }
    }

    #[test]
    fn bad_ratio_fails_iff_enough_trusted_events_are_too_bad(seen in any_observation(any_events())) {
        let rules = GateRules::default();
        let verdict = judge(&of(seen.clone(), fast(10_000, 0)));
        let bad = is_trusted(&seen).is_some_and(|events| {
            let (bad, valid, all) = (u128::from(events.bad()), u128::from(events.valid()), u128::from(events.all()));
            let hidden = u128::from(events.excluded()) * 20 > all;
            valid >= 100 && bad * 200 >= if hidden { all } else { valid }
        });
        prop_assert_eq!(state(&verdict, RuleName::BadRatio) == RuleState::Fail, bad);
        prop_assert_eq!(verdict.decision == Decision::Blocked, bad);
        prop_assert_eq!(rules.bad_ratio.limit, DEFAULT_BAD_RATIO);
    }

    #[test]
    fn a_budget_fails_iff_trusted_events_leave_too_little(seen in any_observation(any_events())) {
        let verdict = judge(&well().budget("browse", seen.clone()));
        let failed = state(&verdict, RuleName::Budget) == RuleState::Fail;
        let spent = is_trusted(&seen).is_some_and(|events| {
            let coverage = seen.coverage.unwrap_or(Ratio::new(1, 1).unwrap());
            let whole = coverage < Ratio::new(9, 10).unwrap();
            let (part, of) = if whole { (coverage.part(), coverage.whole()) } else { (1, 1) };
            // 99.9% and 10%: at most 9 in 10,000 may be bad. Counts beyond 128 bits are left to the budget's own tests.
            let bad = u128::from(events.bad()) * 10_000;
            let may = u128::from(events.valid()) * 9;
            match (bad.checked_mul(part.into()), may.checked_mul(of.into())) {
                (Some(bad), Some(may)) => events.valid() > 0 && bad >= may,
                _ => failed,
            }
        });
        prop_assert_eq!(failed, spent);
    }
}
