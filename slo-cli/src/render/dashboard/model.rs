//! A dashboard as Grafana reads it: the classic model, without anything that an instance assigns.
//!
//! Version 41 of the schema, the last one in which something that is used here changed. Later versions (42: tooltips of
//! hidden fields, 43: a transformation's name) change nothing that is used here, and Grafana takes older ones over when it
//! loads them.
//!
//! <https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/>

use serde::Serialize;

use super::panel::Panel;
use super::variable::Variable;

/// The version of the schema that is written.
pub(crate) const SCHEMA_VERSION: u32 = 41;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dashboard {
    pub(crate) uid: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) timezone: &'static str,
    pub(crate) editable: bool,
    pub(crate) graph_tooltip: u8,
    pub(crate) fiscal_year_start_month: u8,
    pub(crate) time: TimeRange,
    pub(crate) timepicker: Nothing,
    pub(crate) refresh: &'static str,
    pub(crate) schema_version: u32,
    pub(crate) version: u32,
    pub(crate) links: Vec<Link>,
    pub(crate) templating: List<Variable>,
    pub(crate) annotations: List<Nothing>,
    pub(crate) panels: Vec<Panel>,
}

/// `{}`
#[derive(Debug, Default, Serialize)]
pub(crate) struct Nothing {}

#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    pub(crate) list: Vec<T>,
}

#[derive(Debug, Serialize)]
pub(crate) struct TimeRange {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

/// A link at the top of a dashboard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    pub(crate) title: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) tooltip: String,
    pub(crate) url: String,
    pub(crate) tags: Vec<String>,
    pub(crate) as_dropdown: bool,
    pub(crate) target_blank: bool,
    pub(crate) include_vars: bool,
    pub(crate) keep_time: bool,
}

impl Link {
    /// A link to a dashboard that takes the time range and the variables along.
    pub(crate) fn to(title: impl Into<String>, tooltip: impl Into<String>, uid: &str) -> Self {
        Self {
            title: title.into(),
            kind: "link",
            icon: "dashboard",
            tooltip: tooltip.into(),
            url: format!("/d/{uid}"),
            tags: Vec::new(),
            as_dropdown: false,
            target_blank: false,
            include_vars: true,
            keep_time: true,
        }
    }
}

/// Which data source: always the one that the reader chose.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Datasource {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: String,
}

impl Datasource {
    /// The Prometheus-compatible source in this variable.
    pub(crate) fn in_variable(name: &str) -> Self {
        Self {
            kind: "prometheus",
            uid: format!("${{{name}}}"),
        }
    }
}
