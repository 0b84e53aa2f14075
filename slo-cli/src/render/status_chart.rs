//! A burn-down chart as inline SVG.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::status_words as words;
use crate::status::BurnDown;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 88.0;
/// Room for dates below and for the line's own width above.
const TOP: f64 = 6.0;
const BOTTOM: f64 = 72.0;
/// So far below nothing the axis goes at most: an overspent budget of a thousand times would make everything else flat.
const LOWEST: f64 = -1.0;

/// What was left of the budget over the window, with words for who cannot see it. The page's style sheet colours it.
pub(crate) fn burn_down(course: &BurnDown) -> String {
    let low = course
        .left
        .iter()
        .map(|(_, left)| *left)
        .fold(0.0, f64::min)
        .max(LOWEST);
    let scale = Scale { course, low };
    let points: Vec<_> = course.left.iter().map(|(at, left)| scale.point(*at, *left)).collect();
    let line = points.join(" ");
    let spent = scale.y(0.0);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        said(course)
    );
    let _ = write!(
        svg,
        "<line class=\"edge\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{TOP}\" y2=\"{TOP}\"/>\
         <line class=\"spent\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{spent:.1}\" y2=\"{spent:.1}\"/>"
    );
    if let (Some((now, _)), true) = (course.left.last(), course.to > course.from) {
        if course.to > *now {
            // Of a period that is not over: what is left if it is spent evenly.
            let _ = write!(
                svg,
                "<line class=\"even\" x1=\"0\" y1=\"{TOP}\" x2=\"{WIDTH}\" y2=\"{spent:.1}\"/>"
            );
        }
        let _ = write!(
            svg,
            "<polygon class=\"area\" points=\"0.0,{spent:.1} {line} {:.1},{spent:.1}\"/>\
             <polyline class=\"left\" points=\"{line}\"/>",
            scale.x(*now)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"0\" y=\"{HEIGHT}\">{}</text><text x=\"{WIDTH}\" y=\"{HEIGHT}\" text-anchor=\"end\">{}</text></svg>",
        day(course.from),
        day(course.to)
    );
    svg
}

/// The course in one sentence.
fn said(course: &BurnDown) -> String {
    let (first, last) = (course.left.first(), course.left.last());
    let Some(((from, _), (to, left))) = first.zip(last) else {
        return "no course".to_owned();
    };
    format!(
        "Error budget from {} to {}: {} is left",
        day(*from),
        day(*to),
        words::left(*left)
    )
}

struct Scale<'a> {
    course: &'a BurnDown,
    low: f64,
}

impl Scale<'_> {
    fn point(&self, at: DateTime<Utc>, left: f64) -> String {
        format!("{:.1},{:.1}", self.x(at), self.y(left))
    }

    fn x(&self, at: DateTime<Utc>) -> f64 {
        let since = |at: DateTime<Utc>| (at - self.course.from).to_std().map_or(0.0, |time| time.as_secs_f64());
        let (whole, part) = (since(self.course.to), since(at));
        if whole > 0.0 {
            (part / whole).clamp(0.0, 1.0) * WIDTH
        } else {
            0.0
        }
    }

    fn y(&self, left: f64) -> f64 {
        let part = (1.0 - left.clamp(self.low, 1.0)) / (1.0 - self.low);
        TOP + part * (BOTTOM - TOP)
    }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
