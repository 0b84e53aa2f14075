//! Routes and services, as a framework in any language calls them.

use crate::{SloSetError, terminal};

/// The longest name of a service, in characters: it is a label of every series.
const LONGEST_SERVICE: usize = 128;

/// A `service.name`: whatever people see, but for what would be read as something else.
///
/// A slash parts namespace from name in the `job` of Prometheus, and the labels of alerts are templates.
pub(crate) fn check_service(name: &str) -> Result<(), SloSetError> {
    let is_short = name.chars().count() <= LONGEST_SERVICE;
    if is_seen(name) && is_short && !name.contains('/') && !name.contains("{{") {
        Ok(())
    } else {
        Err(SloSetError::NotAService(name.to_owned()))
    }
}

/// A route as any router has it: it is compared as it is, and quoted wherever it is written.
pub(crate) fn check_route(route: &str) -> Result<(), SloSetError> {
    if is_seen(route) {
        Ok(())
    } else {
        Err(SloSetError::NotARoute(route.to_owned()))
    }
}

/// One line that people see all of, without blanks around it.
fn is_seen(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(terminal::is_unseen)
}

/// Why no router of axum has this route, in words for people; `None` where one can have it.
#[cfg(feature = "yaml")]
pub(crate) fn why_not_of_axum(route: &str) -> Option<&'static str> {
    if !route.starts_with('/') {
        return Some("it does not begin with `/`");
    }
    // As axum 0.8 refuses them: `:id` and `*rest` are how parameters were written before.
    let mut segments = route.split('/');
    if let Some(old) = segments.find(|segment| segment.starts_with([':', '*'])) {
        return Some(if old.starts_with(':') {
            "axum writes a parameter as `{id}`"
        } else {
            "axum writes the rest of a path as `{*rest}`"
        });
    }
    if !has_parameters_of_axum(route) {
        return Some("its braces are no parameter of axum, like `{id}` between two `/`");
    }
    why_in_no_path(route)
}

/// Why no request has such a path, whatever the router: a name in braces is no part of it.
#[cfg(feature = "yaml")]
fn why_in_no_path(route: &str) -> Option<&'static str> {
    let outside = route
        .split('{')
        .enumerate()
        .map(|(index, part)| match part.split_once('}') {
            Some((_, outside)) if index > 0 => outside,
            _ => part,
        });
    let mut signs = outside.flat_map(str::chars);
    signs.find_map(|sign| match sign {
        '?' => Some("no path of a request has a `?`, behind which its query begins"),
        '#' => Some("no path of a request has a `#`, and what stands behind it is not sent"),
        blank if blank.is_whitespace() => Some("no path of a request has a blank, which is sent as `%20`"),
        _ => None,
    })
}

/// Whether its braces are as axum's matchit 0.8 takes them: a parameter ends its segment, and a rest the route.
#[cfg(feature = "yaml")]
fn has_parameters_of_axum(route: &str) -> bool {
    // Two braces are one that means itself: signs that nobody writes stand for them here.
    let bare = route.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut rest = bare.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let behind = &rest[at..];
        let Some((name, after)) = behind.strip_prefix('{').and_then(|inside| inside.split_once('}')) else {
            return false;
        };
        let (is_rest, name) = name.strip_prefix('*').map_or((false, name), |name| (true, name));
        // What a name begins with is not looked at, but for a brace that means itself: that is taken for its end.
        let others = if is_rest {
            0
        } else {
            name.chars().next().map_or(0, char::len_utf8)
        };
        let is_ended = name.is_empty() || !is_rest && name.starts_with('\u{2}');
        let is_name = !is_ended && !name[others..].contains(['*', '/']);
        let is_placed = after.is_empty() || !is_rest && after.starts_with('/');
        if !is_name || !is_placed {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_other_languages_have_their_names() {
        for name in [
            "OrderService",
            "order_service",
            "payments.api",
            "unknown_service:java",
            "주문",
            "My App",
            "a\"b",
        ] {
            assert_eq!(check_service(name), Ok(()), "{name}");
        }
        assert_eq!(check_service(&"a".repeat(128)), Ok(()));
        for name in [
            "",
            " a",
            "a ",
            "team/shop",
            "{{ . }}",
            "a\nb",
            "a\u{1b}[1m",
            "\u{202e}a",
            &"a".repeat(129),
        ] {
            assert_eq!(
                check_service(name),
                Err(SloSetError::NotAService(name.to_owned())),
                "{name}"
            );
        }
    }

    #[test]
    fn routes_of_other_frameworks_are_routes() {
        for route in [
            "api/orders/{id}",
            "/users/:id",
            "/a/**",
            "^api/(?P<id>[0-9]+)/$",
            "/a b",
            "/월",
            "\"}",
        ] {
            assert_eq!(check_route(route), Ok(()), "{route}");
        }
        for route in ["", " ", "/a ", "/a\n", "/\u{7}", "/\u{2066}"] {
            assert_eq!(
                check_route(route),
                Err(SloSetError::NotARoute(route.to_owned())),
                "{route:?}"
            );
        }
    }

    #[cfg(feature = "yaml")]
    mod of_axum {
        use proptest::prelude::*;

        use super::super::*;

        #[test]
        fn what_is_wrong_with_a_route_is_said() {
            for (route, why) in [
                ("api/orders/{id}", "does not begin with `/`"),
                ("/users/:id", "parameter as `{id}`"),
                ("/a/**", "rest of a path as `{*rest}`"),
                ("/a/{id}.json", "its braces"),
                ("/a/{*rest}/b", "its braces"),
                ("/a/{}", "its braces"),
                ("/a/{id", "its braces"),
                ("/a/id}", "its braces"),
                ("/a?b=c", "no path of a request has a `?`"),
                ("/a/{id}/b?c", "no path of a request has a `?`"),
                ("/a#b", "no path of a request has a `#`"),
                ("/a b", "no path of a request has a blank"),
            ] {
                assert!(why_not_of_axum(route).is_some_and(|said| said.contains(why)), "{route}");
            }
            for route in [
                "/",
                "/a/{id}/b/{name}",
                "/v{version}",
                "/{*path}",
                "/v{*path}",
                "/a:b",
                "/a/{{id}}",
                "/a*",
                "/{an id?}",
                "/a%20b",
            ] {
                assert_eq!(why_not_of_axum(route), None, "{route}");
            }
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2_000))]

            /// axum's own router is the judge: the one of its version 0.8, behind what axum looks at itself.
            #[test]
            fn what_is_warned_of_axum_refuses_and_nothing_else(route in "/([/{}*:a]|\\{\\*?[a*]?\\}|/\\{\\*?a\\}){0,8}") {
                let of_old = route.split('/').any(|segment| segment.starts_with([':', '*']));
                let taken = !of_old && matchit::Router::new().insert(route.as_str(), ()).is_ok();
                prop_assert_eq!(why_not_of_axum(&route).is_none(), taken, "{}", route);
            }
        }
    }
}
