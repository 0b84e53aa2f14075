//! What the YAML parser says, in words that tell what to write.

use super::error::lines;
use super::tree::Place;

/// Some of the parser's words, and ours. The first match counts.
const WORDS: [(&str, &str); 16] = [
    (
        "unprintable",
        "a control character, which YAML does not allow; delete it",
    ),
    (
        "mapping values are not allowed",
        "a `:` that cannot begin a value here; indent this line like its neighbours, and put a text with `: ` into quotes",
    ),
    (
        "invalid indentation in quoted",
        "a text in quotes is not closed; write the closing quote on the same line",
    ),
    (
        "quoted scalar, found unexpected",
        "a text in quotes is not closed; write the closing quote",
    ),
    (
        "content after double-quoted",
        "something follows the closing quote; write one text in one pair of quotes",
    ),
    (
        "quoted scalar",
        "a `\\` code that YAML does not know; write the text in single quotes, where `\\` is only a sign",
    ),
    (
        "':' must be followed",
        "a `:` without a space after it; write `key: value`",
    ),
    ("simple key", "a key without its `:`; write `key: value`"),
    (
        "block mapping, did not find expected key",
        "this line is not part of the mapping above; indent it like its neighbours, and write `key: value`",
    ),
    (
        "block sequence entries are not allowed",
        "a `-` that cannot begin an item here; write each item on a line of its own, all indented alike",
    ),
    (
        "block collection",
        "this line is not part of the list above; begin it with `- `, indented like its neighbours",
    ),
    (
        "unknown anchor",
        "an alias of an anchor that does not exist, and aliases are not read; write the value itself",
    ),
    (
        "duplicated anchor",
        "an anchor, and aliases are not read; write each value itself",
    ),
    (
        "misplaced bracket",
        "a closing bracket without its opening one; write both or none",
    ),
    (
        "recursion limit",
        "nested too deep; a spec needs 6 levels, write fewer brackets",
    ),
    (
        "indentation",
        "this line is indented unlike its neighbours; write as many spaces as they have",
    ),
];

/// The place and the message for a parser's error; `open` is where the unfinished lists and mappings begin.
pub(super) fn explain(text: &str, at: Place, info: &str, open: &[Place]) -> (Place, String) {
    if info.contains("tab") && !info.contains("unprintable") {
        let message = "a tab stands where spaces belong; write spaces, YAML is indented with nothing else";
        return (leading_tab(text, at).unwrap_or(at), message.to_owned());
    }
    // Of the places that the parser names, these are where it noticed an unclosed bracket.
    let in_brackets = [
        "flow sequence",
        "flow mapping",
        "flow construct",
        "illegal placement of ':'",
    ];
    // A lone `key: value` in a list is a mapping to the parser, begun right where it failed: nothing to point back to.
    match open
        .iter()
        .rev()
        .find(|open| (open.line, open.column) != (at.line, at.column))
    {
        Some(open) if in_brackets.iter().any(|theirs| info.contains(theirs)) => {
            let message = format!(
                "the list or mapping that opens on line {} does not go on here; write `,` between its parts and the \
                 closing bracket, and put a text with `{{`, `}}`, `[`, `]` or `,` into quotes, like \
                 `\"/real-price/{{region}}\"`",
                open.line
            );
            let at_the_end = at.line > lines(text.trim_end()).len();
            (if at_the_end { *open } else { at }, message)
        }
        _ => (at, reworded(info)),
    }
}

fn reworded(info: &str) -> String {
    if let Some((_, ours)) = WORDS.iter().find(|(theirs, _)| info.contains(theirs)) {
        return (*ours).to_owned();
    }
    if let Some(sign) = info
        .strip_prefix("unexpected character: `")
        .and_then(|rest| rest.strip_suffix('\''))
    {
        return format!("a text cannot begin with `{sign}`; write it in quotes");
    }
    format!("this is not YAML ({info}); look at the indentation, quotes and brackets here and on the line above")
}

/// The tab that indents the error's line or the next one: the parser names the place where it noticed.
fn leading_tab(text: &str, at: Place) -> Option<Place> {
    let near = lines(text).into_iter().enumerate();
    let mut near = near.skip(at.line.saturating_sub(1)).take(2);
    near.find_map(|(index, line)| {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line[spaces..].starts_with('\t').then_some(Place {
            line: index + 1,
            column: spaces + 1,
            width: 1,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_not_in_the_table_are_passed_on() {
        assert_eq!(
            reworded("duplicate version directive"),
            "this is not YAML (duplicate version directive); \
             look at the indentation, quotes and brackets here and on the line above"
        );
        assert_eq!(
            reworded("unexpected character: `@'"),
            "a text cannot begin with `@`; write it in quotes"
        );
    }

    #[test]
    fn a_tab_is_pointed_at_even_where_the_parser_noticed_it_late() {
        let at = Place {
            line: 1,
            column: 12,
            width: 1,
        };
        let place = leading_tab("objective: 99.9%\n  \twindow: 30d", at);
        assert_eq!(
            place,
            Some(Place {
                line: 2,
                column: 3,
                width: 1
            })
        );
        assert_eq!(leading_tab("a: b", at), None);
        let carriage_returns = leading_tab("objective: 99.9%\r  \twindow: 30d", at);
        assert_eq!(carriage_returns, place);
    }
}
