//! The exporter's two modules, for Blackbox exporter 0.26 and later.

use slo_core::{
    names,
    yaml_writer::{Style, Yaml},
};

use super::{
    ProbeKit,
    states::{ProbeState, header_regexp},
    timing::duration,
};
use crate::State;

impl ProbeKit {
    /// `blackbox.yml`: the module of [`module_name`](super::ProbeKitBuilder::module_name), whose `probe_success` is 1
    /// when the data is fresh, and the one with `_answered` appended, whose `probe_success` is 1 when the service
    /// itself gave any verdict. The scrape job of [`scrape_config`](Self::scrape_config) uses the second.
    ///
    /// For a file with other modules take what stands below `modules:`.
    #[must_use]
    pub fn blackbox_config(&self) -> String {
        document(self.modules())
    }

    /// Both modules, by their names.
    pub(super) fn modules(&self) -> Vec<(String, Yaml)> {
        vec![
            (self.module.clone(), self.fresh()),
            (self.states_module(), self.answered()),
        ]
    }

    fn fresh(&self) -> Yaml {
        self.module(self.codes.seen_as(ProbeState::Fresh), &header_regexp(State::is_good))
    }

    fn answered(&self) -> Yaml {
        self.module(self.codes.all(), &header_regexp(|_| true))
    }

    fn module(&self, codes: Vec<u16>, status: &str) -> Yaml {
        let header = Yaml::texts([("header", names::HEALTH_STATUS_HEADER), ("regexp", status)]);
        let mut http = vec![
            ("method".to_owned(), Yaml::text("GET")),
            ("preferred_ip_protocol".to_owned(), Yaml::text("ip4")),
            // By default a redirect to a login page would be a 200.
            ("follow_redirects".to_owned(), Yaml::bare("false")),
            (
                "valid_status_codes".to_owned(),
                Yaml::List(codes.into_iter().map(|code| Yaml::bare(code.to_string())).collect()),
            ),
            // A proxy's 200 or 503 lacks the header.
            ("fail_if_header_not_matches".to_owned(), Yaml::List(vec![header])),
        ];
        http.extend(self.access.entries());
        Yaml::map([
            ("prober", Yaml::text("http")),
            ("timeout", Yaml::bare(duration(self.timing.module_timeout))),
            ("http", Yaml::map(http)),
        ])
    }
}

/// `blackbox.yml` with these modules.
pub(super) fn document(modules: Vec<(String, Yaml)>) -> String {
    Yaml::map([("modules", Yaml::map(modules))]).document(COMMENT, Style::Probes)
}

const COMMENT: &str = "Blackbox exporter 0.26 or later: modules for health endpoints of slo-health.";
