//! How values are shown: units, colours, thresholds, words in the place of numbers.

use std::collections::BTreeMap;

use serde::Serialize;

/// A unit of Grafana's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) enum Unit {
    /// A number without a unit.
    #[serde(rename = "short")]
    Short,
    /// Not a number, even where it looks like one: `1432` is no `1.43 K`.
    #[serde(rename = "string")]
    Text,
    /// A share, shown in percent.
    #[serde(rename = "percentunit")]
    Share,
    #[serde(rename = "reqps")]
    RequestsPerSecond,
    #[serde(rename = "cps")]
    EventsPerSecond,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "dateTimeFromNow")]
    SinceThen,
}

/// Named colours, of which Grafana has one shade for dark pages and one for light ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Colour {
    Green,
    Yellow,
    Orange,
    Red,
    Blue,
    Purple,
    /// That of the text around it: no colour, where nobody can say what is good.
    Text,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct FieldConfig {
    pub(crate) defaults: Defaults,
    pub(crate) overrides: Vec<Override>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Defaults {
    pub(crate) unit: Unit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decimals: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<f64>,
    /// What stands in the place of nothing.
    pub(crate) no_value: String,
    pub(crate) color: ColourMode,
    pub(crate) thresholds: Thresholds,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) custom: Custom,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ColourMode {
    pub(crate) mode: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Thresholds {
    mode: &'static str,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Serialize)]
struct Step {
    color: Colour,
    /// From which value on; none for the first.
    value: Option<f64>,
}

impl Thresholds {
    /// One colour from the bottom on, others from their value on; ascending.
    pub(crate) fn new(bottom: Colour, steps: &[(f64, Colour)]) -> Self {
        let above = steps.iter().map(|(value, color)| Step {
            color: *color,
            value: Some(*value),
        });
        Self {
            mode: "absolute",
            steps: std::iter::once(Step {
                color: bottom,
                value: None,
            })
            .chain(above)
            .collect(),
        }
    }
}

/// Words in the place of values.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", content = "options", rename_all = "lowercase")]
pub(crate) enum Mapping {
    Value(BTreeMap<String, Word>),
    Special(SpecialMapping),
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SpecialMapping {
    #[serde(rename = "match")]
    which: &'static str,
    result: Word,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Word {
    text: String,
    color: Colour,
    index: usize,
}

impl Mapping {
    /// A word for each of these values.
    pub(crate) fn words<'a>(words: impl IntoIterator<Item = (u8, &'a str, Colour)>) -> Self {
        let words = words.into_iter().enumerate().map(|(index, (value, text, color))| {
            let text = text.to_owned();
            (value.to_string(), Word { text, color, index })
        });
        Self::Value(words.collect())
    }

    /// How many words it has.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Value(words) => words.len(),
            Self::Special(_) => 1,
        }
    }

    /// A word where there is no number. After others, so with their number of words as its index.
    pub(crate) fn nothing(text: &str, index: usize) -> Self {
        Self::Special(SpecialMapping {
            which: "null+nan",
            result: Word {
                text: text.to_owned(),
                color: Colour::Blue,
                index,
            },
        })
    }
}

/// What a kind of panel adds to each field.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Custom {
    Lines(Lines),
    Cells(Cells),
    Bands(Bands),
    None {},
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lines {
    pub(crate) draw_style: &'static str,
    pub(crate) line_width: u8,
    pub(crate) fill_opacity: u8,
    pub(crate) show_points: &'static str,
    pub(crate) span_nulls: bool,
    pub(crate) stacking: Stacking,
    pub(crate) thresholds_style: StyleMode,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stacking {
    pub(crate) mode: &'static str,
    pub(crate) group: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct StyleMode {
    pub(crate) mode: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cells {
    pub(crate) align: &'static str,
    pub(crate) inspect: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bands {
    pub(crate) fill_opacity: u8,
    pub(crate) line_width: u8,
}

/// Something else for the fields of one name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Override {
    matcher: Matcher,
    properties: Vec<Property>,
}

#[derive(Clone, Debug, Serialize)]
struct Matcher {
    id: &'static str,
    options: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "id", content = "value")]
pub(crate) enum Property {
    #[serde(rename = "unit")]
    Unit(Unit),
    #[serde(rename = "decimals")]
    Decimals(u8),
    #[serde(rename = "thresholds")]
    Thresholds(Thresholds),
    #[serde(rename = "mappings")]
    Mappings(Vec<Mapping>),
    #[serde(rename = "noValue")]
    Nothing(&'static str),
    #[serde(rename = "custom.cellOptions")]
    Cell(CellOptions),
    #[serde(rename = "custom.width")]
    Width(u16),
    #[serde(rename = "custom.lineStyle")]
    LineStyle(LineStyle),
    #[serde(rename = "links")]
    Links(Vec<DataLink>),
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct CellOptions {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct LineStyle {
    fill: &'static str,
    dash: [u8; 2],
}

/// A link from a value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataLink {
    pub(crate) title: String,
    pub(crate) url: String,
    pub(crate) target_blank: bool,
}

impl Property {
    /// The number in the colour of its threshold: readable on dark and light pages alike.
    pub(crate) const fn coloured() -> Self {
        Self::Cell(CellOptions { kind: "color-text" })
    }

    pub(crate) const fn dashed() -> Self {
        Self::LineStyle(LineStyle {
            fill: "dash",
            dash: [10, 10],
        })
    }
}

impl Override {
    pub(crate) fn by_name(name: impl Into<String>, properties: Vec<Property>) -> Self {
        Self {
            matcher: Matcher {
                id: "byName",
                options: name.into(),
            },
            properties,
        }
    }

    /// Fields whose names match a regular expression of JavaScript.
    pub(crate) fn by_regex(regex: impl Into<String>, properties: Vec<Property>) -> Self {
        Self {
            matcher: Matcher {
                id: "byRegexp",
                options: regex.into(),
            },
            properties,
        }
    }
}
