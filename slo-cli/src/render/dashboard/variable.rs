//! What a reader chooses at the top of a dashboard.

use serde::Serialize;

use super::model::Datasource;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Variable {
    Source(SourceVariable),
    Query(Box<QueryVariable>),
    Constant(ConstantVariable),
}

/// Which data source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourceVariable {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    label: &'static str,
    description: &'static str,
    query: &'static str,
    refresh: u8,
    regex: &'static str,
    hide: u8,
    include_all: bool,
    multi: bool,
    skip_url_sync: bool,
    options: [(); 0],
}

/// One or several of the values that a label has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryVariable {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    label: &'static str,
    description: &'static str,
    datasource: Datasource,
    definition: String,
    query: LabelValues,
    refresh: u8,
    regex: &'static str,
    sort: u8,
    hide: u8,
    include_all: bool,
    all_value: &'static str,
    multi: bool,
    current: Current,
    skip_url_sync: bool,
    options: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LabelValues {
    qry_type: u8,
    query: String,
    ref_id: &'static str,
}

#[derive(Debug, Serialize)]
struct Current {
    selected: bool,
    text: [&'static str; 1],
    value: [&'static str; 1],
}

/// A value that the dashboard was written for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConstantVariable {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    label: &'static str,
    description: &'static str,
    query: String,
    hide: u8,
    skip_url_sync: bool,
}

impl Variable {
    pub(crate) fn datasource(name: &str) -> Self {
        Self::Source(SourceVariable {
            name: name.to_owned(),
            kind: "datasource",
            label: "Data source",
            description: "Prometheus, VictoriaMetrics or another engine that speaks PromQL",
            query: "prometheus",
            refresh: ON_LOAD,
            regex: "",
            hide: SHOWN,
            include_all: false,
            multi: false,
            skip_url_sync: false,
            options: [],
        })
    }

    /// Any number of the values of `label` in `series`; without a choice, all of them and the series that lack it.
    pub(crate) fn label_values(
        name: &'static str,
        shown: (&'static str, &'static str),
        datasource: Datasource,
        series: &str,
        label: &str,
    ) -> Self {
        let query = format!("label_values({series}, {label})");
        Self::Query(Box::new(QueryVariable {
            name,
            kind: "query",
            label: shown.0,
            description: shown.1,
            datasource,
            definition: query.clone(),
            query: LabelValues {
                qry_type: LABEL_VALUES,
                query,
                ref_id: "PrometheusVariableQueryEditor-VariableQuery",
            },
            refresh: ON_TIME_RANGE,
            regex: "",
            sort: BY_NAME,
            hide: SHOWN,
            include_all: true,
            // Not `.+`: a series without the label, say without a namespace, is one of all.
            all_value: ".*",
            multi: true,
            current: Current {
                selected: true,
                text: ["All"],
                value: ["$__all"],
            },
            skip_url_sync: false,
            options: [],
        }))
    }

    pub(crate) fn constant(name: &'static str, label: &'static str, value: &str) -> Self {
        Self::Constant(ConstantVariable {
            name,
            kind: "constant",
            label,
            description: "What this dashboard was written for",
            query: value.to_owned(),
            hide: HIDDEN,
            skip_url_sync: true,
        })
    }
}

const ON_LOAD: u8 = 1;
const ON_TIME_RANGE: u8 = 2;
const SHOWN: u8 = 0;
const HIDDEN: u8 = 2;
/// Alphabetical, ascending.
const BY_NAME: u8 = 1;
/// The kind of query in the editor of Prometheus variables.
const LABEL_VALUES: u8 = 1;
