//! The text of a page, for people: the promise, who is hit, where, since which version, what is left, what to do.
//!
//! Templates of Prometheus and vmalert, which share Go's language and the functions `query`, `first`, `label` and `value`.
//! Each line asks for what it needs and is left out when there is nothing to say, so a missing metric spoils no page.

use slo_core::names::{self, alerts};

use super::dashboard::variable_of;
use super::recorded::{BUDGET, COVERAGE, REMAINING, WINDOW, burn_rate};
use super::subject::WINDOW_LABEL;
use crate::args::Identity;
use crate::rule_window::{RuleWindow, TILE};

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
    pub(crate) counted: Counted,
    /// The length of the window, where the rules are one SLO's; else it is asked for.
    pub(crate) window_seconds: Option<u64>,
}

/// What counts its events; where that is a query, the one for bad events of five minutes.
#[derive(Clone, Debug)]
pub(crate) enum Counted {
    /// The service, which exports `slo_events_total` and `slo_spec_info`.
    ByService,
    /// Requests to the service, of each environment that the rules are for.
    OfRequests(String),
    /// Counters of others, for this SLO alone.
    ByOthers(String),
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
    /// Of an alert about a budget: these lines, and by `urgency` what its reader is asked to do.
    pub(crate) fn of_a_burn(&self, lines: String, urgency: &str) -> Vec<Annotation> {
        let summary = format!(
            "{{{{ $labels.{} }}}}: {{{{ $labels.{} }}}} burns its error budget at {{{{ $value | printf \"%.1f\" }}}}x. {urgency}",
            names::SERVICE_NAME.label,
            names::SLO_NAME.label
        );
        self.with_links(summary, lines)
    }

    /// What is said where the budget of a window burns. Line breaks come with the lines that are said.
    pub(crate) fn lines_of_a_burn(&self, window: RuleWindow) -> String {
        // An SLO that had another window has tiles, and a coverage, of that for as long.
        let of_window = |name: &str| format!("{name}{{{WINDOW_LABEL}=\\\"{window}\\\", %s}}");
        let (remaining, coverage) = (of_window(REMAINING), of_window(COVERAGE));
        let lines = [
            self.promise_line(),
            Some(self.hits_line()),
            (!matches!(self.counted, Counted::ByOthers(_))).then(|| self.worst_line()),
            self.version_line(),
            Some(self.left_line(&remaining)),
            Some(self.seen_line(&coverage)),
            Some(self.exhausted_line(&remaining)),
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
            None if self.has_events() => Some(self.spec_label(names::SLO_PROMISE.label, "Promise: {{ . }}\n")),
            None => None,
        }
    }

    /// What a label of the definition says, in a text around `{{ . }}`.
    fn spec_label(&self, label: &str, text: &str) -> String {
        let query = self.asked(&format!("{}{{%s}}", names::SPEC_INFO.prometheus), Of::Events);
        format!("{{{{ with {query} }}}}{{{{ with . | first | label \"{label}\" }}}}{text}{{{{ end }}}}{{{{ end }}}}")
    }

    const fn has_events(&self) -> bool {
        matches!(self.counted, Counted::ByService)
    }

    /// Of the last minutes, from what is counted itself: the first page of an outage is told before its first tile.
    fn hits_line(&self) -> String {
        let minutes = TILE / 60;
        let asked = match &self.counted {
            Counted::ByService => {
                let bad = format!(
                    "{}{{{}=\\\"bad\\\", %s}}",
                    names::EVENTS.prometheus,
                    names::SLO_OUTCOME.label
                );
                self.asked(&format!("60 * sum(rate({bad}[5m]))"), Of::Events)
            }
            Counted::OfRequests(bad) => {
                let service = self.identity.service_labels().join(", ");
                let whose = format!(" / {minutes} and on ({service}) {BUDGET}{{%s}}");
                self.asked_behind(&in_quotes(bad), &whose, Of::Rules)
            }
            Counted::ByOthers(bad) => self.asked_behind(&in_quotes(bad), &format!(" / {minutes}"), Of::Rules),
        };
        said(
            &asked,
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
            "Most errors of the service: {{{{ with . | first | label \"{route}\" }}}}{{{{ . }}}}{{{{ else }}}}requests without a \
             route,{{{{ end }}}} with {{{{ . | first | label \"{kind}\" }}}}\n"
        );
        self.line(&worst, Of::Service, &text)
    }

    /// A version that no series had in the hour before the last one. At a single moment an hour ago nobody may have seen any.
    fn version_line(&self) -> Option<String> {
        let version = names::SERVICE_VERSION.label;
        let info = names::SPEC_INFO.prometheus;
        let new = format!(
            "count by ({version}) ({info}{{{version}!=\\\"\\\", %s}}) unless on ({version}) \
             count by ({version}) (last_over_time({info}{{%s}}[1h] offset 1h))"
        );
        let query = self.asked(&new, Of::Events);
        let text = format!("Running since less than an hour: version {{{{ . | first | label \"{version}\" }}}}\n");
        self.has_events()
            .then(|| format!("{{{{ with {query} }}}}{text}{{{{ end }}}}"))
    }

    fn left_line(&self, remaining: &str) -> String {
        self.line(
            remaining,
            Of::Rules,
            "Budget left: {{ . | first | value | humanizePercentage }}\n",
        )
    }

    /// A budget of two days of thirty is no verdict on a month.
    fn seen_line(&self, coverage: &str) -> String {
        self.line(
            &format!("{coverage} < 0.9"),
            Of::Rules,
            "Only {{ . | first | value | humanizePercentage }} of its window were seen\n",
        )
    }

    fn exhausted_line(&self, remaining: &str) -> String {
        let window = match self.window_seconds {
            Some(seconds) => seconds.to_string(),
            None => format!("max({WINDOW}{{%s}})"),
        };
        // The burn rate by which the time left is reckoned.
        let burn_rate = burn_rate("1h");
        let spent_in = format!("max({remaining} > 0) * {window} / (max({burn_rate}{{%s}}) > 0)");
        let text = "At the rate of the last hour it is spent in {{ . | first | value | humanizeDuration }}\n";
        self.line(&spent_in, Of::Rules, text)
    }

    fn line(&self, query: &str, of: Of, text: &str) -> String {
        said(&self.asked(query, of), text)
    }

    /// `query` of a text with `%s` where the alert's own labels are to be matched.
    fn asked(&self, query: &str, of: Of) -> String {
        self.asked_behind("", query, of)
    }

    /// The same behind a text in which `%s` stands for itself.
    fn asked_behind(&self, before: &str, query: &str, of: Of) -> String {
        let matchers = [" ", &self.matchers(of)].concat().repeat(query.matches("%s").count());
        ["query (printf \"", before, query, "\"", &matchers, ")"].concat()
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

/// The dashboard with whose alert it is in the variables that the pages of `slo dashboards` have.
fn dashboard(url: &str, identity: Identity) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    let labels = [identity.service_labels(), &[names::SLO_NAME.label]].concat();
    let variables: Vec<_> = labels
        .iter()
        .filter_map(|label| {
            let variable = variable_of(label)?;
            Some(format!("var-{variable}={{{{ $labels.{label} | urlquery }}}}"))
        })
        .collect();
    format!("{}{joint}{}", literal(url), variables.join("&"))
}

/// What a query answers, said in a text; nothing where it has no answer.
fn said(asked: &str, text: &str) -> String {
    ["{{ with ", asked, " }}", text, "{{ end }}"].concat()
}

/// A query as it is in the quoted pattern of a template's `printf`.
fn in_quotes(query: &str) -> String {
    let mut quoted = String::with_capacity(query.len() + query.len() / 4);
    for c in query.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '%' => quoted.push_str("%%"),
            '"' | '\\' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted
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
    fn a_query_is_quoted_as_go_reads_it() {
        assert_eq!(in_quotes("a{b=\"50%\\\\.\"}\n/ c"), r#"a{b=\"50%%\\\\.\"}\n/ c"#);
    }

    #[test]
    fn a_dashboard_keeps_its_own_variables() {
        let url = dashboard("http://g/d/slo?from=now-1h", Identity::Job);
        assert_eq!(
            url,
            "http://g/d/slo?from=now-1h&var-service={{ $labels.service_name | urlquery }}\
             &var-namespace={{ $labels.service_namespace | urlquery }}&var-slo={{ $labels.slo_name | urlquery }}"
        );
        assert!(dashboard("http://g/d/slo", Identity::Promoted).starts_with("http://g/d/slo?var-service="));
    }
}
