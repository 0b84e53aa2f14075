//! Putting panels onto a page: from left to right, row by row, so that none can lie on another.

use super::field::{ColourMode, Custom, Defaults, FieldConfig, Mapping, Override, Thresholds, Unit};
use super::model::Datasource;
use super::panel::{GridPos, Options, Panel, Target, Transformation};

/// Columns of Grafana's grid.
pub(crate) const COLUMNS: u32 = 24;

/// A panel without a place, an id and a data source.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: String,
    pub(crate) asks: Asks,
    pub(crate) options: Options,
    pub(crate) fields: FieldConfig,
    pub(crate) transformations: Vec<Transformation>,
    queries: Vec<(String, String)>,
}

/// What the queries of a panel are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asks {
    /// The whole time range, in steps of at least this.
    Range(&'static str),
    /// The moment at its end.
    Moment,
    /// The same, as rows of a table.
    Rows,
}

impl Draft {
    /// A panel of a kind; `nothing` is what it says when there is no answer.
    pub(crate) fn new(
        kind: &'static str,
        title: &'static str,
        description: impl Into<String>,
        nothing: &str,
        shown: (Asks, Options, Custom, &'static str),
    ) -> Self {
        let (asks, options, custom, mode) = shown;
        let defaults = Defaults {
            unit: Unit::Short,
            decimals: None,
            min: None,
            max: None,
            no_value: nothing.to_owned(),
            color: ColourMode { mode },
            thresholds: Thresholds::new(super::field::Colour::Green, &[]),
            mappings: vec![Mapping::nothing(nothing, 0)],
            custom,
        };
        Self {
            kind,
            title,
            description: description.into(),
            asks,
            options,
            fields: FieldConfig {
                defaults,
                overrides: Vec::new(),
            },
            transformations: Vec::new(),
            queries: Vec::new(),
        }
    }

    pub(crate) fn query(mut self, legend: impl Into<String>, expr: impl Into<String>) -> Self {
        self.queries.push((legend.into(), expr.into()));
        self
    }

    pub(crate) fn unit(mut self, unit: Unit) -> Self {
        self.fields.defaults.unit = unit;
        self
    }

    pub(crate) fn decimals(mut self, decimals: u8) -> Self {
        self.fields.defaults.decimals = Some(decimals);
        self
    }

    /// The axis begins at least here.
    pub(crate) fn from(mut self, min: f64) -> Self {
        self.fields.defaults.min = Some(min);
        self
    }

    /// The axis ends at least here.
    pub(crate) fn to(mut self, max: f64) -> Self {
        self.fields.defaults.max = Some(max);
        self
    }

    pub(crate) fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.fields.defaults.thresholds = thresholds;
        self
    }

    /// Words in the place of values; before the one for nothing.
    pub(crate) fn words(mut self, words: Mapping) -> Self {
        let nothing = Mapping::nothing(&self.fields.defaults.no_value, words.count());
        self.fields.defaults.mappings = vec![words, nothing];
        self
    }

    pub(crate) fn field(mut self, change: Override) -> Self {
        self.fields.overrides.push(change);
        self
    }

    pub(crate) fn then(mut self, transformation: Transformation) -> Self {
        self.transformations.push(transformation);
        self
    }
}

/// Panels on a grid.
#[derive(Debug)]
pub(crate) struct Page {
    datasource: Datasource,
    panels: Vec<Panel>,
    x: u32,
    y: u32,
    row: u32,
}

impl Page {
    pub(crate) const fn new(datasource: Datasource) -> Self {
        Self {
            datasource,
            panels: Vec::new(),
            x: 0,
            y: 0,
            row: 0,
        }
    }

    /// Puts a panel right of the last one, or into a new row when it does not fit there any more.
    pub(crate) fn put(mut self, width: u32, height: u32, draft: Draft) -> Self {
        let w = width.clamp(1, COLUMNS);
        if self.x + w > COLUMNS {
            self.x = 0;
            self.y += self.row;
            self.row = 0;
        }
        let (x, y) = (self.x, self.y);
        self.x += w;
        self.row = self.row.max(height);
        let panel = self.panel(draft, GridPos { x, y, w, h: height });
        self.panels.push(panel);
        self
    }

    pub(crate) fn panels(self) -> Vec<Panel> {
        self.panels
    }

    fn panel(&self, draft: Draft, grid_pos: GridPos) -> Panel {
        let targets = draft.queries.into_iter().zip('A'..='Z');
        Panel {
            id: u32::try_from(self.panels.len()).map_or(u32::MAX, |before| before + 1),
            kind: draft.kind,
            title: draft.title.to_owned(),
            description: draft.description,
            grid_pos,
            datasource: self.datasource.clone(),
            targets: targets
                .map(|((legend, expr), id)| self.target(id, legend, expr, draft.asks))
                .collect(),
            field_config: draft.fields,
            options: draft.options,
            transformations: draft.transformations,
            interval: draft.asks.step(),
        }
    }

    fn target(&self, ref_id: char, legend_format: String, expr: String, asks: Asks) -> Target {
        Target {
            ref_id: ref_id.to_string(),
            datasource: self.datasource.clone(),
            editor_mode: "code",
            expr,
            legend_format,
            format: if asks == Asks::Rows { "table" } else { "time_series" },
            interval: asks.step(),
            instant: asks.step().is_none(),
            range: asks.step().is_some(),
        }
    }
}

impl Asks {
    const fn step(self) -> Option<&'static str> {
        match self {
            Self::Range(step) => Some(step),
            Self::Moment | Self::Rows => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::dashboard::kinds;

    fn overlap(one: GridPos, other: GridPos) -> bool {
        one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h
    }

    proptest! {
        #[test]
        fn panels_never_lie_on_each_other(sizes in prop::collection::vec((1_u32..=30, 1_u32..=12), 1..20)) {
            let mut page = Page::new(Datasource::in_variable("datasource"));
            for (width, height) in &sizes {
                page = page.put(*width, *height, kinds::stat("a", "b", "c"));
            }
            let panels = page.panels();
            prop_assert_eq!(panels.len(), sizes.len());
            for (number, panel) in panels.iter().enumerate() {
                prop_assert!(panel.grid_pos.x + panel.grid_pos.w <= COLUMNS);
                for other in &panels[number + 1..] {
                    prop_assert!(!overlap(panel.grid_pos, other.grid_pos), "{:?}", (panel.grid_pos, other.grid_pos));
                    prop_assert_ne!(panel.id, other.id);
                }
            }
        }
    }
}
