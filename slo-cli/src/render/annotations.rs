//! The text of a page, for people: the promise, who is hit, where, since which version, what is left, what to do.
//!
//! Templates of Prometheus and vmalert, which share Go's language and the functions `query`, `first`, `label` and `value`.
//! Each line asks for what it needs and is left out when there is nothing to say, so a missing metric spoils no page.

use core::cell::OnceCell;

use slo_core::names::{self, alerts};

use super::recorded::{BAD_TILES, COVERAGE, REMAINING, WINDOW, burn_rate};
use crate::args::Identity;
use crate::rule_window::TILE;

/// What annotations need to know.
#[derive(Clone, Debug)]
pub(crate) struct Notes {
    pub(crate) identity: Identity,
    pub(crate) dashboard: Option<String>,
    /// The spec's own link, where no dashboard for all was named.
    pub(crate) dashboard_link: Option<String>,
    pub(crate) runbook: Runbook,
    /// The promise, where the rules are one SLO's; else it is asked for.
    pub(crate) promise: Option<String>,
    /// Whether the service exports `slo_events_total` and `slo_spec_info`.
    pub(crate) has_events: bool,
    /// Whether its events are requests to the service, or told by it.
    pub(crate) has_requests: bool,
    /// The length of the window, where the rules are one SLO's; else it is asked for.
    pub(crate) window_seconds: Option<u64>,
    /// What is said of a budget that burns, whoever is told: the page and the ticket say the same.
    pub(crate) burn: OnceCell<String>,
}

/// Where it is written what to do.
#[derive(Clone, Debug)]
pub(crate) enum Runbook {
    /// A label of `slo_spec_info` says it.
    Asked,
    /// The spec says it, if anything does.
    Known(Option<String>),
}

type Annotation = (&'static str, String);

impl Notes {
    /// Of an alert about a budget; `urgency` is what its reader is asked to do.
    pub(crate) fn of_a_burn(&self, urgency: &str) -> Vec<Annotation> {
        let summary = format!(
            "{{{{ $labels.{} }}}}: {{{{ $labels.{} }}}} burns its error budget at {{{{ $value | printf \"%.1f\" }}}}x. {urgency}",
            names::SERVICE_NAME.label,
            names::SLO_NAME.label
        );
        self.with_links(summary, self.burn.get_or_init(|| self.lines_of_a_burn()).clone())
    }

    /// Line breaks come with the lines that are said.
    fn lines_of_a_burn(&self) -> String {
        let lines = [
            self.promise_line(),
            Some(self.hits_line()),
            self.has_requests.then(|| self.worst_line()),
            self.version_line(),
            Some(self.left_line()),
            Some(self.seen_line()),
            Some(self.exhausted_line()),
        ];
        lines.into_iter().flatten().collect()
    }

    /// Of any other alert.
    pub(crate) fn of(&self, summary: &str, description: &str) -> Vec<Annotation> {
        self.with_links(summary.to_owned(), description.to_owned())
    }

    fn with_links(&self, summary: String, description: String) -> Vec<Annotation> {
        let mut notes = vec![(alerts::SUMMARY, summary), (alerts::DESCRIPTION, description)];
        let runbook = match &self.runbook {
            Runbook::Asked => Some(self.spec_label(names::SLO_RUNBOOK.label, "{{ . }}")),
            Runbook::Known(link) => link.as_deref().map(literal),
        };
        notes.extend(runbook.map(|link| (alerts::RUNBOOK_URL, link)));
        let link = self.dashboard_link.as_deref().map(literal);
        let dashboard = self
            .dashboard
            .as_ref()
            .map(|url| dashboard(url, self.identity))
            .or(link);
        notes.extend(dashboard.map(|link| (alerts::DASHBOARD_URL, link)));
        notes
    }

    fn promise_line(&self) -> Option<String> {
        match &self.promise {
            Some(promise) => Some(format!("Promise: {}\n", literal(promise))),
            None if self.has_events => Some(self.spec_label(names::SLO_PROMISE.label, "Promise: {{ . }}\n")),
            None => None,
        }
    }

    /// What a label of the definition says, in a text around `{{ . }}`.
    fn spec_label(&self, label: &str, text: &str) -> String {
        let query = self.asked(&format!("{}{{%s}}", names::SPEC_INFO.prometheus), Of::Events);
        format!("{{{{ with {query} }}}}{{{{ with . | first | label \"{label}\" }}}}{text}{{{{ end }}}}{{{{ end }}}}")
    }

    /// Of the last minutes; where only rules count, of the last tile.
    fn hits_line(&self) -> String {
        let (bad, of) = if self.has_events {
            let bad = format!(
                "60 * sum(rate({}{{{}=\\\"bad\\\", %s}}[5m]))",
                names::EVENTS.prometheus,
                names::SLO_OUTCOME.label
            );
            (bad, Of::Events)
        } else {
            (format!("sum({BAD_TILES}{{%s}}) / {}", TILE / 60), Of::Rules)
        };
        self.line(
            &bad,
            of,
            "Bad events a minute: {{ . | first | value | printf \"%.1f\" }}\n",
        )
    }

    fn worst_line(&self) -> String {
        let (route, kind) = (names::HTTP_ROUTE.label, names::ERROR_TYPE.label);
        let errors = format!(
            "{}_count{{{kind}!=\\\"\\\", %s}}",
            names::HTTP_SERVER_REQUEST_DURATION.prometheus
        );
        // A series that is born with its first errors has no increase before its second push: all it counts is new.
        let worst = format!(
            "topk(1, sum by ({route}, {kind}) (({errors} unless {errors} offset 5m) or increase({errors}[5m])) > 0)"
        );
        let text = format!(
            "Most errors of the service: {{{{ . | first | label \"{route}\" }}}} with {{{{ . | first | label \"{kind}\" }}}}\n"
        );
        self.line(&worst, Of::Service, &text)
    }

    /// A version that no series had an hour ago.
    fn version_line(&self) -> Option<String> {
        let version = names::SERVICE_VERSION.label;
        let each = |when: &str| format!("count by ({version}) ({}{{%s}}{when})", names::SPEC_INFO.prometheus);
        let new = format!("{} unless on ({version}) {}", each(""), each(" offset 1h"));
        let query = self.asked(&new, Of::Events);
        let text = format!("Running since less than an hour: version {{{{ . | first | label \"{version}\" }}}}\n");
        self.has_events
            .then(|| format!("{{{{ with {query} }}}}{text}{{{{ end }}}}"))
    }

    fn left_line(&self) -> String {
        self.line(
            &format!("{REMAINING}{{%s}}"),
            Of::Rules,
            "Budget left: {{ . | first | value | humanizePercentage }}\n",
        )
    }

    /// A budget of two days of thirty is no verdict on a month.
    fn seen_line(&self) -> String {
        self.line(
            &format!("{COVERAGE}{{%s}} < 0.9"),
            Of::Rules,
            "Only {{ . | first | value | humanizePercentage }} of its window were seen\n",
        )
    }

    fn exhausted_line(&self) -> String {
        let window = match self.window_seconds {
            Some(seconds) => seconds.to_string(),
            None => format!("max({WINDOW}{{%s}})"),
        };
        // The burn rate by which the time left is reckoned.
        let burn_rate = burn_rate("1h");
        let spent_in = format!("max({REMAINING}{{%s}} > 0) * {window} / (max({burn_rate}{{%s}}) > 0)");
        let text = "At the rate of the last hour it is spent in {{ . | first | value | humanizeDuration }}\n";
        self.line(&spent_in, Of::Rules, text)
    }

    fn line(&self, query: &str, of: Of, text: &str) -> String {
        ["{{ with ", &self.asked(query, of), " }}", text, "{{ end }}"].concat()
    }

    /// `query` of a text with `%s` where the alert's own labels are to be matched.
    fn asked(&self, query: &str, of: Of) -> String {
        let matchers = self.matchers(of);
        let matchers = vec![matchers.as_str(); query.matches("%s").count()];
        ["query (printf \"", query, "\" ", &matchers.join(" "), ")"].concat()
    }

    /// A template's value with matchers of the alert's own labels, quoted as Go does, and so PromQL.
    fn matchers(&self, of: Of) -> String {
        let slo: &[&str] = &[names::SLO_NAME.label];
        let labels = match of {
            Of::Service => self.identity.raw_labels().to_vec(),
            Of::Events => [self.identity.raw_labels(), slo].concat(),
            Of::Rules => [self.identity.service_labels(), slo].concat(),
        };
        let (pattern, values) = (labels.join("=%q, "), labels.join(" $labels."));
        ["(printf \"", &pattern, "=%q\" $labels.", &values, ")"].concat()
    }
}

/// Whose labels a query matches.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// The service's raw series.
    Service,
    /// The raw series of the SLO.
    Events,
    /// The recorded series of the SLO.
    Rules,
}

/// The dashboard with the alert's labels for its variables.
fn dashboard(url: &str, identity: Identity) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    let labels = [identity.service_labels(), &[names::SLO_NAME.label]].concat();
    let variables: Vec<_> = labels
        .iter()
        .map(|label| format!("var-{label}={{{{ $labels.{label} | urlquery }}}}"))
        .collect();
    format!("{}{joint}{}", literal(url), variables.join("&"))
}

/// Text that a template says as it is.
pub(crate) fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_in_a_promise_is_text() {
        assert_eq!(literal("a {{ b }} {c}"), "a {{ \"{{\" }} b }} {c}");
        assert_eq!(literal("{{{"), "{{ \"{{\" }}{");
    }

    #[test]
    fn a_dashboard_keeps_its_own_variables() {
        let url = dashboard("http://g/d/slo?from=now-1h", Identity::Job);
        assert!(
            url.starts_with("http://g/d/slo?from=now-1h&var-job={{ $labels.job | urlquery }}&var-"),
            "{url}"
        );
        assert!(dashboard("http://g/d/slo", Identity::Job).starts_with("http://g/d/slo?var-job="));
    }
}
