use super::*;

fn class(text: &str) -> StatusClass {
    text.parse().unwrap()
}

#[test]
fn by_default_5xx_and_408_are_bad_and_the_rest_is_good() {
    let rules = Classification::new();
    for (status, outcome) in [
        (200, Outcome::Good),
        (304, Outcome::Good),
        (400, Outcome::Good),
        (404, Outcome::Good),
        (408, Outcome::Bad),
        (429, Outcome::Good),
        (500, Outcome::Bad),
        (599, Outcome::Bad),
        (600, Outcome::Good),
    ] {
        assert_eq!(rules.judge(Ending::Answered(status)), Some(outcome), "{status}");
        assert_eq!(
            Judge::new(&rules, None, DEFAULT_PATIENCE).judge(Ending::Answered(status), Duration::ZERO),
            outcome,
            "{status}"
        );
    }
}

#[test]
fn endings_without_a_status_are_bad_whatever_the_codes_say() {
    let lenient = Classification::new().good(class("5xx")).excluded(class("4xx"));
    for ending in [
        Ending::ServiceError,
        Ending::BodyError,
        Ending::Panicked,
        Ending::TimedOut,
    ] {
        assert_eq!(lenient.judge(ending), Some(Outcome::Bad));
    }
}

#[test]
fn endings_move_only_by_their_own_name() {
    let answered = Ending::Answered(500);
    for name in EndingName::ALL {
        for outcome in Outcome::ALL {
            let rules = Classification::new().ending(name, outcome);
            let judge = Judge::new(&rules, None, DEFAULT_PATIENCE);
            let plain = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
            for ending in [
                answered,
                Ending::ServiceError,
                Ending::BodyError,
                Ending::Panicked,
                Ending::TimedOut,
                Ending::Cancelled,
            ] {
                for elapsed in [Duration::ZERO, DEFAULT_PATIENCE] {
                    let (moved, before) = (judge.judge(ending, elapsed), plain.judge(ending, elapsed));
                    let expected = if ending.name() == Some(name) { outcome } else { before };
                    assert_eq!(moved, expected, "{name} is {outcome:?}: {ending:?} after {elapsed:?}");
                }
                let expected = if ending.name() == Some(name) {
                    Some(outcome)
                } else {
                    Classification::new().judge(ending)
                };
                assert_eq!(rules.judge(ending), expected);
            }
        }
    }
}

#[test]
fn every_judgement_has_its_reason() {
    let judge = Judge::new(
        &Classification::new(),
        Some("1s".parse().unwrap()),
        Duration::from_secs(1),
    );
    let (fast, slow) = (Duration::from_secs(1), Duration::from_millis(1_001));
    for (ending, elapsed, outcome, reason) in [
        (Ending::Answered(200), fast, Outcome::Good, Reason::Status),
        (Ending::Answered(500), slow, Outcome::Bad, Reason::Status),
        (Ending::Answered(200), slow, Outcome::Bad, Reason::TooSlow),
        (Ending::ServiceError, fast, Outcome::Bad, Reason::ServiceError),
        (Ending::BodyError, fast, Outcome::Bad, Reason::BodyError),
        (Ending::Panicked, slow, Outcome::Bad, Reason::Panicked),
        (Ending::TimedOut, slow, Outcome::Bad, Reason::TimedOut),
        (
            Ending::Cancelled,
            Duration::ZERO,
            Outcome::Excluded,
            Reason::ClientGoneEarly,
        ),
        (Ending::Cancelled, slow, Outcome::Bad, Reason::ClientGoneLate),
    ] {
        let judgement = judge.judge_with_reason(ending, elapsed, None);
        assert_eq!((judgement.outcome, judgement.reason), (outcome, reason), "{ending:?}");
    }
}

#[test]
fn a_handler_overrules_its_status_code_and_nothing_else() {
    let judge = Judge::new(
        &Classification::new(),
        Some("1s".parse().unwrap()),
        Duration::from_secs(1),
    );
    let (fast, slow) = (Duration::ZERO, Duration::from_secs(2));
    for word in [Override::good, Override::bad, Override::excluded] {
        let word = word(Cause::Dependency);
        for status in [200, 500, 999] {
            let judgement = judge.judge_with_reason(Ending::Answered(status), fast, Some(word));
            assert_eq!(judgement.outcome, word.outcome());
            assert_eq!(judgement.reason, Reason::Handler(Cause::Dependency));
        }
        for ending in [
            Ending::ServiceError,
            Ending::BodyError,
            Ending::Panicked,
            Ending::TimedOut,
            Ending::Cancelled,
        ] {
            for elapsed in [fast, slow] {
                let overruled = judge.judge_with_reason(ending, elapsed, Some(word));
                assert_eq!(overruled, judge.judge_with_reason(ending, elapsed, None), "{ending:?}");
            }
        }
    }
    let slowly = |word| judge.judge_with_reason(Ending::Answered(503), slow, Some(word));
    assert_eq!(slowly(Override::good(Cause::ClientFault)).reason, Reason::TooSlow);
    assert_eq!(slowly(Override::excluded(Cause::Probe)).outcome, Outcome::Excluded);
}

#[test]
fn the_narrower_class_wins_then_the_later_rule() {
    let rules = Classification::new()
        .good(class("5xx"))
        .bad(class("503"))
        .bad(class("4xx"))
        .excluded(class("404"));
    let judge = |status| rules.judge(Ending::Answered(status)).unwrap();
    assert_eq!(judge(500), Outcome::Good);
    assert_eq!(judge(503), Outcome::Bad);
    assert_eq!(judge(400), Outcome::Bad);
    assert_eq!(judge(404), Outcome::Excluded);
}

#[test]
fn too_slow_turns_good_into_bad_and_nothing_else() {
    let rules = Classification::new().excluded(class("404"));
    let judge = Judge::new(&rules, Some("1s".parse().unwrap()), Duration::from_secs(1));
    let slow = Duration::from_secs(2);
    assert_eq!(judge.judge(Ending::Answered(200), slow), Outcome::Bad);
    assert_eq!(judge.judge(Ending::Answered(404), slow), Outcome::Excluded);
    assert_eq!(judge.judge(Ending::Answered(500), Duration::ZERO), Outcome::Bad);
}

#[test]
fn a_client_that_leaves_counts_only_once_patience_is_over() {
    let judge = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
    assert_eq!(
        judge.judge(Ending::Cancelled, DEFAULT_PATIENCE - Duration::from_nanos(1)),
        Outcome::Excluded
    );
    assert_eq!(judge.judge(Ending::Cancelled, DEFAULT_PATIENCE), Outcome::Bad);
}

#[test]
fn status_classes_are_read_and_shown_as_written() {
    for text in ["5xx", "1xx", "429", "100", "599"] {
        assert_eq!(class(text).to_string(), text);
    }
    for text in [
        "",
        "6xx",
        "0xx",
        "5XX",
        "xx",
        "99",
        "600",
        "+50",
        "42",
        "4294967796",
        "5x",
    ] {
        assert_eq!(
            text.parse::<StatusClass>(),
            Err(StatusClassError(text.to_owned())),
            "{text:?}"
        );
    }
    assert_eq!(
        "6xx".parse::<StatusClass>().unwrap_err().to_string(),
        "`6xx` is not a status code; write one from `100` to `599`, or a class from `1xx` to `5xx`"
    );
}
