//! The kinds of panels, each looking the same on every dashboard.

use super::field::{Bands, Cells, Custom, Lines, Stacking, StyleMode};
use super::model::Nothing;
use super::page::{Asks, Draft};
use super::panel::{
    BandsOptions, BarsOptions, Legend, LinesOptions, Options, Reduce, SortBy, StatOptions, TableOptions, Tooltip,
    Transformation,
};

/// As often as services push: a shorter step would have nothing new, and its rates nothing at all.
pub(crate) const PUSH_STEP: &str = "1m";

/// The last value of each series, large.
pub(crate) fn stat(title: &'static str, description: impl Into<String>, nothing: &str) -> Draft {
    let options = Options::Stat(StatOptions {
        // The value and not its background: readable on dark and light pages.
        color_mode: "value",
        graph_mode: "none",
        justify_mode: "auto",
        orientation: "auto",
        text_mode: "auto",
        reduce_options: Reduce::LAST,
    });
    let shown = (Asks::Moment, options, Custom::None {}, "thresholds");
    Draft::new("stat", title, description, nothing, shown)
}

/// Series over time.
pub(crate) fn lines(title: &'static str, description: impl Into<String>, nothing: &str) -> Draft {
    over_time(title, description, nothing, ("line", 8, "none", "off"))
}

/// Series over time, with the thresholds drawn as lines.
pub(crate) fn lines_and_limits(title: &'static str, description: impl Into<String>, nothing: &str) -> Draft {
    over_time(title, description, nothing, ("line", 0, "none", "dashed"))
}

/// Bars over time, one kind on the other.
pub(crate) fn stacked(title: &'static str, description: impl Into<String>, nothing: &str) -> Draft {
    over_time(title, description, nothing, ("bars", 80, "normal", "off"))
}

fn over_time(
    title: &'static str,
    description: impl Into<String>,
    nothing: &str,
    (draw_style, fill_opacity, stacking, limits): (&'static str, u8, &'static str, &'static str),
) -> Draft {
    let options = Options::Lines(LinesOptions {
        legend: legend(vec!["lastNotNull", "max"]),
        tooltip: tooltip(),
    });
    let custom = Custom::Lines(Lines {
        draw_style,
        line_width: 1,
        fill_opacity,
        show_points: "auto",
        span_nulls: false,
        stacking: Stacking {
            mode: stacking,
            group: "A",
        },
        thresholds_style: StyleMode { mode: limits },
    });
    let shown = (Asks::Range(PUSH_STEP), options, custom, "palette-classic");
    Draft::new("timeseries", title, description, nothing, shown)
}

/// A row for each series, joined from several queries; sorted by these columns, the first one first.
pub(crate) fn table(
    title: &'static str,
    description: impl Into<String>,
    nothing: &str,
    sorted: &[(&str, bool)],
) -> Draft {
    let sort_by = sorted.iter().map(|(name, desc)| SortBy {
        display_name: (*name).to_owned(),
        desc: *desc,
    });
    let options = Options::Table(TableOptions {
        show_header: true,
        cell_height: "sm",
        sort_by: sort_by.collect(),
    });
    let custom = Custom::Cells(Cells {
        align: "auto",
        inspect: false,
    });
    let shown = (Asks::Rows, options, custom, "thresholds");
    Draft::new("table", title, description, nothing, shown).then(Transformation::Merge(Nothing {}))
}

/// States over time, a band for each series.
pub(crate) fn bands(title: &'static str, description: impl Into<String>, nothing: &str) -> Draft {
    let options = Options::Bands(BandsOptions {
        merge_values: true,
        show_value: "auto",
        align_value: "left",
        row_height: 0.9,
        legend: legend(Vec::new()),
        tooltip: tooltip(),
    });
    let custom = Custom::Bands(Bands {
        fill_opacity: 70,
        line_width: 0,
    });
    let shown = (Asks::Range(PUSH_STEP), options, custom, "thresholds");
    Draft::new("state-timeline", title, description, nothing, shown)
}

/// A bar for each series, as long as its last value.
pub(crate) fn bars(title: &'static str, description: impl Into<String>, nothing: &str) -> Draft {
    let options = Options::Bars(BarsOptions {
        display_mode: "basic",
        orientation: "horizontal",
        show_unfilled: true,
        value_mode: "color",
        reduce_options: Reduce::LAST,
    });
    let shown = (Asks::Moment, options, Custom::None {}, "thresholds");
    Draft::new("bargauge", title, description, nothing, shown)
}

fn legend(calcs: Vec<&'static str>) -> Legend {
    Legend {
        display_mode: if calcs.is_empty() { "list" } else { "table" },
        placement: "bottom",
        show_legend: true,
        calcs,
    }
}

const fn tooltip() -> Tooltip {
    Tooltip {
        mode: "multi",
        sort: "desc",
    }
}
