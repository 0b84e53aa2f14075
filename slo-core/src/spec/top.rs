//! The keys at the top of the spec and of each SLO.

use super::keys::{SpecKey, SpecNeeds, SpecShape, SpecTable};
use super::shapes::{DAY, DURATION, ENVIRONMENT, LABEL, LINK, NAME, PERCENT};
use super::{alerts, environments, exclude, gate, sli, values};

pub(super) static TOP: SpecTable = SpecTable::of(&[
    SpecKey::required(
        "version",
        SpecShape::Word(&["1"]),
        "version: 1",
        "The version of the spec's form. There is one so far; what a later one changes will have another number.",
    ),
    SpecKey::required(
        "service",
        SpecShape::Words,
        "service: real-estate",
        "The name of the service: `service.name` of everything that it exports, unless the environment says otherwise. Up to \
         128 characters that people can see, without `/` and `{{`.",
    ),
    SpecKey::required(
        "slos",
        SpecShape::List(&SpecShape::Map(&SLO)),
        "slos: [ { name: browse-availability, objective: 99.9%, window: 30d, sli: { http: { routes: [\"/listings\"] } } } ]",
        "The promises of the service.",
    ),
    SpecKey::optional(
        "gate",
        SpecShape::Map(&gate::GATE),
        "gate: { bad_ratio: \"< 0.5% over 15m\", p95: \"< 800ms over 15m\", budget: \"> 10%\", mode: enforce }",
        "What must hold for a deploy to pass, where it is not as by default.",
    ),
    SpecKey::optional(
        "environments",
        SpecShape::Named {
            names: ENVIRONMENT,
            values: &SpecShape::Map(&environments::ENVIRONMENT),
        },
        "environments: { dev: { slos: { browse-availability: { objective: 95% } } } }",
        "What is different in an environment, by its `deployment.environment.name`: numbers only, an SLO measures the same \
         everywhere.",
    ),
    SpecKey::optional(
        "labels",
        LABELS,
        "labels: { team: search }",
        "Labels of every alert of the service besides ours. An SLO's own are over them. Recorded series do not have them: one that changes would begin another series.",
    ),
    SpecKey::optional(
        "alerts",
        alerts::ALERTS_OR_FALSE,
        "alerts: { tier: gold }",
        "Who is told that a budget burns, of all SLOs that do not say it themselves; `false` is nobody.",
    ),
    SpecKey::optional(
        "exclude",
        exclude::EXCLUSIONS,
        "exclude: [ { from: 2026-01-04 02:00, duration: 2h, time_zone: Asia/Seoul, rrule: FREQ=WEEKLY;BYDAY=SU, reason: \
         database upgrade } ]",
        "Planned times in which no event counts for any SLO of the service; `requests`, which promises nothing, goes on.",
    ),
    SpecKey::optional(
        "retention",
        DURATION,
        "retention: 40d",
        "How long the engine keeps what it is sent; 15 days, as Prometheus does unless told otherwise, where this is left \
         out. It changes nothing but what is warned of: windows that are longer than that.",
    ),
]);

pub(super) static SLO: SpecTable = SpecTable {
    needs: Some(SpecNeeds {
        key: "status",
        value: "agreed",
        others: &["promise", "owner"],
    }),
    ..SpecTable::of(&[
        SpecKey::required(
            "name",
            NAME,
            "name: browse-availability",
            "What it is called, in every rule, panel and page. Each name once; `requests` is the built-in SLI.",
        ),
        SpecKey::required(
            "objective",
            PERCENT,
            "objective: 99.9%",
            "The share that must be good: over 0%, under 100%, with up to 7 decimals, exact.",
        ),
        SpecKey::required(
            "window",
            values::WINDOW,
            "window: 30d",
            "The period over which that must hold: rolling, from `5m` to `400d`, or one of the calendar.",
        ),
        SpecKey::required(
            "sli",
            SpecShape::Map(&sli::SLI),
            "sli: { http: { routes: [\"/listings\"] } }",
            "What is measured, in one of the ways below, and whether by slices of time.",
        ),
        SpecKey::optional(
            "promise",
            SpecShape::Words,
            "promise: Anyone can look at listings at any time.",
            "The promise in one sentence that users would understand. It is what a page says first.",
        ),
        SpecKey::optional(
            "journey",
            SpecShape::Words,
            "journey: browse",
            "The user journey that it belongs to. SLOs of one journey are shown together, and it is as its worst SLO.",
        ),
        SpecKey::optional("owner", SpecShape::Words, "owner: search-team", "Who answers for it."),
        SpecKey::optional(
            "status",
            SpecShape::Word(&["draft", "agreed"]),
            "status: draft",
            "`draft`, if left out: measured, but nobody is woken and no deploy is stopped. `agreed` needs `promise` and \
             `owner`.",
        ),
        SpecKey::optional(
            "agreed_on",
            SpecShape::Text(DAY),
            "agreed_on: 2026-01-31",
            "The day on which it was agreed.",
        ),
        SpecKey::optional(
            "labels",
            LABELS,
            "labels: { pager: search-oncall }",
            "Labels that alerts of the SLO carry besides ours, over those of the service: at most 20 together. The rules of a fleet know no spec, and so none of them.",
        ),
        SpecKey::optional(
            "runbook",
            LINK,
            "runbook: https://wiki.example.com/runbooks/browse",
            "What to do when an alert fires, for who is woken.",
        ),
        SpecKey::optional(
            "dashboard",
            LINK,
            "dashboard: https://grafana.example.com/d/browse",
            "Where to look at it.",
        ),
        SpecKey::optional(
            "alerts",
            alerts::ALERTS_OR_FALSE,
            "alerts: false",
            "Who is told that its budget burns, where not as for the whole service; `false` is nobody.",
        ),
        SpecKey::optional(
            "exclude",
            exclude::EXCLUSIONS,
            "exclude: [ { from: 2026-01-31 02:00, until: 2026-01-31 04:00, time_zone: UTC, reason: move to another region } ]",
            "Planned times in which no event of this SLO counts, beside those of the service.",
        ),
    ])
};

const LABELS: SpecShape = SpecShape::Named {
    names: LABEL,
    values: &SpecShape::Words,
};
