//! One panel: what it asks, how it shows the answer, and where it stands.

use std::collections::BTreeMap;

use serde::Serialize;

use super::field::FieldConfig;
use super::model::{Datasource, Nothing};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Panel {
    pub(crate) id: u32,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) grid_pos: GridPos,
    pub(crate) datasource: Datasource,
    pub(crate) targets: Vec<Target>,
    pub(crate) field_config: FieldConfig,
    pub(crate) options: Options,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) transformations: Vec<Transformation>,
    /// The shortest step of its queries; none for those that ask for one moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<&'static str>,
}

/// A place on the grid of 24 columns, of 30 pixels each row.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct GridPos {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) w: u32,
    pub(crate) h: u32,
}

/// One query.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    pub(crate) ref_id: String,
    pub(crate) datasource: Datasource,
    pub(crate) editor_mode: &'static str,
    pub(crate) expr: String,
    pub(crate) legend_format: String,
    pub(crate) format: &'static str,
    /// The shortest step, which `$__rate_interval` is four of; none where one moment is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<&'static str>,
    pub(crate) instant: bool,
    pub(crate) range: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Options {
    Stat(StatOptions),
    Lines(LinesOptions),
    Table(TableOptions),
    Bands(BandsOptions),
    Bars(BarsOptions),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatOptions {
    pub(crate) color_mode: &'static str,
    pub(crate) graph_mode: &'static str,
    pub(crate) justify_mode: &'static str,
    pub(crate) orientation: &'static str,
    pub(crate) text_mode: &'static str,
    pub(crate) reduce_options: Reduce,
}

/// The last value of each series.
#[derive(Debug, Serialize)]
pub(crate) struct Reduce {
    calcs: [&'static str; 1],
    fields: &'static str,
    values: bool,
}

impl Reduce {
    pub(crate) const LAST: Self = Self {
        calcs: ["lastNotNull"],
        fields: "",
        values: false,
    };
}

#[derive(Debug, Serialize)]
pub(crate) struct LinesOptions {
    pub(crate) legend: Legend,
    pub(crate) tooltip: Tooltip,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Legend {
    pub(crate) display_mode: &'static str,
    pub(crate) placement: &'static str,
    pub(crate) show_legend: bool,
    pub(crate) calcs: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Tooltip {
    pub(crate) mode: &'static str,
    pub(crate) sort: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableOptions {
    pub(crate) show_header: bool,
    pub(crate) cell_height: &'static str,
    pub(crate) sort_by: Vec<SortBy>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SortBy {
    pub(crate) display_name: String,
    pub(crate) desc: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BandsOptions {
    pub(crate) merge_values: bool,
    pub(crate) show_value: &'static str,
    pub(crate) align_value: &'static str,
    pub(crate) row_height: f64,
    pub(crate) legend: Legend,
    pub(crate) tooltip: Tooltip,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BarsOptions {
    pub(crate) display_mode: &'static str,
    pub(crate) orientation: &'static str,
    pub(crate) show_unfilled: bool,
    pub(crate) value_mode: &'static str,
    pub(crate) reduce_options: Reduce,
}

/// What is done to the answers before they are shown.
#[derive(Debug, Serialize)]
#[serde(tag = "id", content = "options", rename_all = "camelCase")]
pub(crate) enum Transformation {
    /// One table of several, joined on the labels that they share.
    Merge(Nothing),
    Organize(Organize),
    SortBy(SortRows),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Organize {
    pub(crate) exclude_by_name: BTreeMap<String, bool>,
    pub(crate) index_by_name: BTreeMap<String, usize>,
    pub(crate) rename_by_name: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SortRows {
    pub(crate) fields: Nothing,
    pub(crate) sort: Vec<SortField>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SortField {
    pub(crate) field: String,
    pub(crate) desc: bool,
}
