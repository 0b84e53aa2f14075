//! Routes that two SLOs share, and routes that never end.

use std::collections::BTreeMap;

use super::super::tree::Value;
use super::{Item, Key, Lint, Step, Warnings};
use crate::route::why_not_of_axum;
use crate::{HttpSli, Sli, Slo, SloSet};

/// Words in a route by which people know a stream of events or a socket.
const STREAMS: [&str; 9] = [
    "event-stream",
    "sse",
    "stream",
    "streams",
    "subscribe",
    "websocket",
    "websockets",
    "ws",
    "wss",
];

/// Of one route so many SLOs are compared: who has more has other worries.
const COMPARED: usize = 64;

/// An SLO that has a route.
struct Owner<'s> {
    slo: &'s Slo,
    sli: &'s HttpSli,
    /// The route as this SLO writes it.
    written: String,
}

pub(super) fn all(set: &SloSet, warnings: &mut Warnings<'_>) {
    let mut owners: BTreeMap<String, Vec<Owner<'_>>> = BTreeMap::new();
    for (index, slo) in set.slos().iter().enumerate() {
        let Sli::Http(sli) = slo.sli() else { continue };
        let mut told = false;
        let written = routes(index, warnings);
        foreign(index, slo, &written, warnings);
        for (place, written) in written {
            let path = route_at(index, place);
            if sli.limit().is_some() && is_stream(&written) {
                let message = format!(
                    "`{written}` looks like a stream or a socket, whose response begins at once and ends when the client \
                     likes; leave out the latency limit, or the route"
                );
                warnings.warn(Lint::LatencyOfStream, Some(slo), &path, message);
            }
            let others = owners.entry(without_names(&written)).or_default();
            let mut found = others.iter().filter_map(|other| said_of(slo, sli, &written, other));
            // One of its routes says it all.
            if let (false, Some(message)) = (told, found.next()) {
                told = true;
                warnings.warn(Lint::OverlappingRoutes, Some(slo), &path, message);
            }
            if others.len() < COMPARED {
                others.push(Owner { slo, sli, written });
            }
        }
    }
}

/// The way to a route of an SLO.
fn route_at(index: usize, place: usize) -> [Step<'static>; 6] {
    let [slos, slo, sli, http, routes] = routes_of(index);
    [slos, slo, sli, http, routes, Item(place)]
}

/// The way to the routes of an SLO.
fn routes_of(index: usize) -> [Step<'static>; 5] {
    [Key("slos"), Item(index), Key("sli"), Key("http"), Key("routes")]
}

/// Warns of the first route that no router of axum has; the others of the SLO are counted.
fn foreign(index: usize, slo: &Slo, routes: &[(usize, String)], warnings: &mut Warnings<'_>) {
    let mut found = routes
        .iter()
        .filter_map(|(place, route)| Some((place, route, why_not_of_axum(route)?)));
    let Some((place, route, why)) = found.next() else {
        return;
    };
    let others = match found.count() {
        0 => String::new(),
        others => format!(", and {others} more of this SLO"),
    };
    let path = route_at(index, *place);
    let message = format!(
        "`{route}` is no route of axum: {why}{others}; write it as the router has it, or allow this lint for a service in \
         another language"
    );
    warnings.warn(Lint::ForeignRoute, Some(slo), &path, message);
}

/// The routes of an SLO as they are written, each with its place in the list.
fn routes(index: usize, warnings: &Warnings<'_>) -> Vec<(usize, String)> {
    let path = routes_of(index);
    let Some(Value::List(items)) = warnings.node(&path).map(|node| &node.value) else {
        return Vec::new(); // `marked`
    };
    let route = |(place, node): (usize, &super::Node)| match &node.value {
        Value::Text(text) => Some((place, text.clone())),
        Value::Empty | Value::List(_) | Value::Map(_) | Value::Refused => None,
    };
    items.iter().enumerate().filter_map(route).collect()
}

/// Why a route of this SLO and the same of another are not meant, if they are not.
fn said_of(slo: &Slo, sli: &HttpSli, written: &str, other: &Owner<'_>) -> Option<String> {
    let name = other.slo.name();
    if written != other.written {
        return Some(format!(
            "`{written}` and `{}` of `{name}` are one route to a router, which has it in one spelling; write that, or one of \
             the two matches nothing",
            other.written
        ));
    }
    let alike = sli.limit() == other.sli.limit() && slo.window() == other.slo.window();
    let mut methods = sli.method_names().filter(|method| other.sli.has_method(method));
    let shared = match (methods.next(), sli.method_names().next()) {
        (Some(method), _) => format!("{method} {written}"),
        (None, None) => other
            .sli
            .method_names()
            .next()
            .map_or_else(|| written.to_owned(), |method| format!("{method} {written}")),
        (None, Some(_)) => return None,
    };
    alike.then(|| {
        format!(
            "`{shared}` is in `{name}`, too, so one failure burns both budgets and is told twice; write it in one of the two, \
             or give them other windows"
        )
    })
}

/// A route with its parameters unnamed: `/a/{id}` and `/a/{name}` are `/a/{}`, a rest is `{*}`.
fn without_names(route: &str) -> String {
    let mut bare = String::new();
    let mut inside = false;
    for sign in route.chars() {
        match sign {
            '{' => inside = true,
            '}' => inside = false,
            '*' if inside => {}
            _ if inside => continue,
            _ => {}
        }
        bare.push(sign);
    }
    bare
}

fn is_stream(route: &str) -> bool {
    route
        .split('/')
        .any(|segment| STREAMS.contains(&segment.to_ascii_lowercase().as_str()))
}
