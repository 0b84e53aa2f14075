//! Series that a selector matches: what unit tests feed to rules on counters of others.

use slo_core::PromQuery;

use super::promql;

/// One series for a part of the events and one for all, or for the rest of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ExampleSeries {
    pub(crate) part: String,
    pub(crate) valid: String,
    /// The selector of all matches the part's series as well.
    pub(crate) is_within: bool,
}

/// `None` of expressions but `sum(increase(..[$window]))`, of selectors with anything but values and simple alternatives, and
/// where the part's selector matches all there is.
pub(crate) fn examples(part: &PromQuery, valid: &PromQuery) -> Option<ExampleSeries> {
    let (part, valid) = (Selector::read(counted(part)?)?, Selector::read(counted(valid)?)?);
    let part_series = part.examples().next()?;
    let others = valid.examples().flat_map(|series| part.left_out(&series));
    let valid_series = valid
        .examples()
        .chain(others)
        .find(|series| valid.matches(series) && !part.matches(series))?;
    Some(ExampleSeries {
        is_within: valid.matches(&part_series),
        part: part_series.text(),
        valid: valid_series.text(),
    })
}

/// The selector of what is counted, whether the query is one or adds up its increase.
fn counted(query: &PromQuery) -> Option<&str> {
    let added_up = || {
        let inside = query.as_str().trim().strip_prefix("sum")?.trim_start();
        let inside = inside.strip_prefix('(')?.strip_suffix(')')?.trim();
        let inside = inside.strip_prefix("increase")?.trim_start();
        let inside = inside.strip_prefix('(')?.strip_suffix(')')?.trim();
        Some(inside.strip_suffix("[$window]")?.trim_end())
    };
    query.selector().or_else(added_up)
}

#[derive(Clone, Debug)]
struct Selector {
    name: String,
    matchers: Vec<Matcher>,
}

#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    is_not: bool,
    /// Any of them; `.` is any one character in a pattern.
    values: Vec<String>,
    is_pattern: bool,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    labels: Vec<(String, String)>,
}

impl Selector {
    fn read(text: &str) -> Option<Self> {
        let (name, inside) = match text.split_once('{') {
            None => (text, ""),
            Some((name, inside)) => (name, inside.trim_end().strip_suffix('}')?),
        };
        let mut matchers = Vec::new();
        let mut rest = inside.trim();
        while !rest.is_empty() {
            let (matcher, after) = Matcher::read(rest)?;
            matchers.push(matcher);
            rest = after
                .trim_start()
                .strip_prefix(',')
                .unwrap_or(after.trim_start())
                .trim_start();
        }
        let name = name.trim().to_owned();
        // A name among the matchers is a rare thing.
        let is_plain = !name.is_empty() && matchers.iter().all(|matcher| matcher.label != "__name__");
        is_plain.then_some(Self { name, matchers })
    }

    /// Series that it matches, with each of the alternatives of one matcher.
    fn examples(&self) -> impl Iterator<Item = Series> {
        let most = self
            .matchers
            .iter()
            .map(|matcher| matcher.values.len())
            .max()
            .unwrap_or(1);
        (0..most.max(1)).filter_map(|number| {
            let chosen = self.matchers.iter().filter(|matcher| !matcher.is_not || matcher.is(""));
            let labels = chosen.map(|matcher| (matcher.label.clone(), matcher.example(number)));
            let series = Series {
                name: self.name.clone(),
                labels: labels.filter(|(_, value)| !value.is_empty()).collect(),
            };
            self.matches(&series).then_some(series)
        })
    }

    /// The series with a value that it does not take, of each matcher that leaves some out.
    fn left_out(&self, series: &Series) -> Vec<Series> {
        let not = self.matchers.iter().filter(|matcher| matcher.is_not && !matcher.is(""));
        let with = |matcher: &Matcher| {
            let labels = series.labels.iter().filter(|(label, _)| *label != matcher.label);
            let left_out = (matcher.label.clone(), matcher.taken(0));
            Series {
                name: series.name.clone(),
                labels: labels.cloned().chain([left_out]).collect(),
            }
        };
        not.map(with).collect()
    }

    fn matches(&self, series: &Series) -> bool {
        let value = |label: &str| series.labels.iter().find(|(known, _)| known == label);
        let value = |label: &str| value(label).map_or("", |(_, value)| value);
        self.name == series.name
            && self
                .matchers
                .iter()
                .all(|matcher| matcher.is(value(&matcher.label)) != matcher.is_not)
    }
}

impl Matcher {
    /// One at the beginning of the text, and what stands behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let end = text.find(['=', '!'])?;
        let (label, rest) = text.split_at(end);
        let (operator, rest) = ["=~", "!~", "!=", "="]
            .into_iter()
            .find_map(|operator| Some((operator, rest.strip_prefix(operator)?)))?;
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|quote| ['"', '\'', '`'].contains(quote))?;
        let (value, after) = rest.get(1..)?.split_once(quote)?;
        let is_pattern = operator.ends_with('~');
        let known = |sign: char| match sign {
            '\\' => false, // escapes are for engines
            '|' | '.' => true,
            _ if is_pattern => sign.is_alphanumeric() || "_-/: ".contains(sign),
            _ => true,
        };
        let values = if is_pattern {
            value.split('|').map(ToOwned::to_owned).collect()
        } else {
            vec![value.to_owned()]
        };
        let matcher = Self {
            label: label.trim().to_owned(),
            is_not: operator.starts_with('!'),
            values,
            is_pattern,
        };
        value.chars().all(known).then_some((matcher, after))
    }

    fn is(&self, text: &str) -> bool {
        let same = |value: &String| {
            let any = |sign: char| self.is_pattern && sign == '.';
            value.chars().count() == text.chars().count()
                && value
                    .chars()
                    .zip(text.chars())
                    .all(|(one, other)| any(one) || one == other)
        };
        self.values.iter().any(same)
    }

    /// A value that it takes: of `!=` the empty one, any.
    fn example(&self, number: usize) -> String {
        if self.is_not {
            return "any".to_owned();
        }
        self.taken(number)
    }

    /// One of the values that it names.
    fn taken(&self, number: usize) -> String {
        let value = &self.values[number % self.values.len()];
        if self.is_pattern {
            value.replace('.', "0")
        } else {
            value.clone()
        }
    }
}

impl Series {
    fn text(&self) -> String {
        let labels: Vec<_> = self
            .labels
            .iter()
            .map(|(label, value)| promql::is(label, value))
            .collect();
        promql::selector(&self.name, &labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(part: &str, valid: &str) -> Option<(String, String, bool)> {
        let found = examples(&part.parse().unwrap(), &valid.parse().unwrap())?;
        Some((found.part, found.valid, found.is_within))
    }

    fn some(part: &str, valid: &str, is_within: bool) -> Option<(String, String, bool)> {
        Some((part.to_owned(), valid.to_owned(), is_within))
    }

    #[test]
    fn each_selector_has_a_series_of_its_own() {
        assert_eq!(
            found("failed_total", "all_total"),
            some("failed_total", "all_total", false)
        );
        assert_eq!(
            found(r#"r_total{code=~"5..", job="a"}"#, r#"r_total{job='a',}"#),
            some(r#"r_total{code="500", job="a"}"#, r#"r_total{job="a"}"#, true)
        );
        assert_eq!(
            found(r#"r_total{result="failed"}"#, r#"r_total{result=~"failed|sent"}"#),
            some(r#"r_total{result="failed"}"#, r#"r_total{result="sent"}"#, true)
        );
        assert_eq!(
            found(r#"r_total{code!~"2..|3.."}"#, r#"r_total{code!=""}"#),
            some("r_total", r#"r_total{code="200"}"#, false)
        );
        assert_eq!(
            found(r#"r_total{code="500"}"#, r#"r_total{code!=""}"#),
            some(r#"r_total{code="500"}"#, r#"r_total{code="any"}"#, true)
        );
    }

    #[test]
    fn a_value_that_the_part_leaves_out_is_one_of_the_rest() {
        assert_eq!(
            found(r#"x_total{code!~"5.."}"#, "x_total"),
            some("x_total", r#"x_total{code="500"}"#, true)
        );
        assert_eq!(
            found(r#"x_total{job="a", code!="bad"}"#, r#"x_total{job="a", code!~"4.."}"#),
            some(r#"x_total{job="a"}"#, r#"x_total{job="a", code="bad"}"#, true)
        );
        // What all of them leave out is nowhere.
        assert_eq!(found(r#"x_total{code!="bad"}"#, r#"x_total{code!~"bad|worse"}"#), None);
    }

    #[test]
    fn an_increase_that_is_added_up_is_its_counter() {
        assert_eq!(
            found(
                "sum(increase(a_total[$window]))",
                r#"sum( increase ( b_total{x="1"} [$window] ) )"#
            ),
            some("a_total", r#"b_total{x="1"}"#, false)
        );
        assert_eq!(found("sum(rate(a_total[$window]))", "b_total"), None);
        assert_eq!(found("sum(increase(a_total[$window])) * 2", "b_total"), None);
    }

    #[test]
    fn what_cannot_be_told_is_left_out() {
        assert_eq!(found(r#"r_total{code=~"5\\d+"}"#, "r_total"), None);
        assert_eq!(found(r#"{__name__="r_total"}"#, "r_total"), None);
        assert_eq!(found("r_total", "r_total"), None);
        assert_eq!(found("max(increase(r_total[$window]))", "r_total"), None);
        assert_eq!(found(r#"r_total{path=~"/a.*"}"#, "r_total"), None);
    }
}
