//! Who tells people: whether alerts get there, and whether anything keeps them from being told.

use serde::Deserialize;
use serde_json::Value;
use slo_core::alert::Severity;
use slo_core::names;
use slo_core::names::alerts::{BUDGET_BURN, SEVERITY};

use super::{Finding, Link, Patient};
use crate::render::plain;

const HERE: Link = Link::Alertmanager;

#[derive(Deserialize)]
struct Silence {
    matchers: Vec<Matcher>,
    #[serde(rename = "createdBy", default)]
    by: String,
    #[serde(default)]
    comment: String,
    #[serde(rename = "endsAt", default)]
    until: String,
    status: SilenceState,
}

#[derive(Deserialize)]
struct SilenceState {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

const fn yes() -> bool {
    true
}

impl Patient<'_> {
    pub(super) fn alertmanager(&self, store_is_there: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        if store_is_there {
            findings.extend(self.engine_sends());
        }
        match &self.args.alertmanager.url {
            None => findings.push(Finding::skipped(
                HERE,
                "answers",
                "give --alertmanager URL to look into it",
            )),
            Some(base) => findings.extend(self.asked(base.trim_end_matches('/'))),
        }
        findings
    }

    /// Prometheus tells whom it sends alerts to; others have no such page.
    fn engine_sends(&self) -> Option<Finding> {
        let page = self
            .store
            .get("/api/v1/alertmanagers")
            .ok()
            .filter(|page| page.is_success())?;
        let told: Value = serde_json::from_slice(&page.body).ok()?;
        let active = told["data"]["activeAlertmanagers"].as_array()?.len();
        Some(match active {
            0 => Finding::broken(HERE, "connected", "the store sends its alerts to nobody")
                .mend("name an Alertmanager under `alerting` in its configuration"),
            some => Finding::fine(HERE, "connected", format!("the store sends its alerts to {some}")),
        })
    }

    fn asked(&self, base: &str) -> Vec<Finding> {
        let shown = plain(base);
        let page = match self.pager.get(&format!("{base}/api/v2/status")) {
            Ok(page) => page,
            Err(why) => {
                let found = format!("{shown} cannot be reached: {why}");
                return vec![Finding::broken(HERE, "answers", found).mend("is it up, and is this its address?")];
            }
        };
        if matches!(page.status, 401 | 403) {
            let found = format!("{shown} refused with status {}", page.status);
            let mend = "log in by --alertmanager-bearer-token-file, -user or -header";
            return vec![Finding::unknown(HERE, "answers", found).mend(mend)];
        }
        let status: Option<Value> = serde_json::from_slice(&page.body).ok().filter(|_| page.is_success());
        let Some(config) = status.as_ref().and_then(|status| status["config"]["original"].as_str()) else {
            let found = format!("{shown} answers with status {} and not as an Alertmanager", page.status);
            return vec![Finding::broken(HERE, "answers", found).mend("give what stands before its /api/v2")];
        };
        vec![
            Finding::fine(HERE, "answers", format!("{shown} answers")),
            inhibits(config),
            self.silenced(base),
        ]
    }

    /// A silence that may hide a page of this service.
    fn silenced(&self, base: &str) -> Finding {
        let page = self.pager.get(&format!("{base}/api/v2/silences"));
        let silences = page
            .ok()
            .and_then(|page| serde_json::from_slice::<Vec<Silence>>(&page.body).ok());
        let Some(silences) = silences else {
            return Finding::unknown(HERE, "silences", "its silences cannot be read");
        };
        let mut active = silences.iter().filter(|silence| silence.status.state == "active");
        match active.find(|silence| silence.matchers.iter().all(|matcher| self.may_match(matcher))) {
            None => Finding::fine(HERE, "silences", "nobody silences its pages"),
            Some(silence) => {
                let found = format!(
                    "a silence of {} until {} may hide its pages: {}",
                    plain(&silence.by),
                    plain(&silence.until),
                    plain(&silence.comment)
                );
                Finding::warning(HERE, "silences", found).mend("expire it once it is not needed any more")
            }
        }
    }

    /// Whether a page of this service may have such a label; regular expressions, and labels that differ from SLO to
    /// SLO, may.
    fn may_match(&self, matcher: &Matcher) -> bool {
        let value = match matcher.name.as_str() {
            "alertname" => BUDGET_BURN,
            SEVERITY => Severity::Page.as_str(),
            name if name == names::SERVICE_NAME.label => self.slos.service(),
            name if name == names::DEPLOYMENT_ENVIRONMENT_NAME.label => match &self.args.environment {
                Some(name) => name,
                None => return true,
            },
            _ => return true,
        };
        matcher.is_regex || (matcher.value == value) == matcher.is_equal
    }
}

fn inhibits(config: &str) -> Finding {
    let has_rule = config
        .split_once("inhibit_rules:")
        .is_some_and(|(_, rules)| rules.contains(BUDGET_BURN));
    if has_rule {
        return Finding::fine(HERE, "inhibition", "a page silences the ticket of the same SLO");
    }
    Finding::warning(HERE, "inhibition", "a page does not silence the ticket of the same SLO")
        .mend("add what `slo rules --alertmanager` writes to its configuration")
}
