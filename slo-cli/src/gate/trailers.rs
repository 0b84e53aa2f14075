//! The trailers of a commit message, by the rules of `git interpret-trailers`.
//!
//! The rules are those of git's [`trailer.c`]: the last paragraph counts when it is nothing but `Name: value`, or when git
//! itself wrote a line of it and a quarter of its lines are trailers. GitLab's reference to the merge request, which it puts
//! behind them, is left out.
//!
//! [`trailer.c`]: https://git-scm.com/docs/git-interpret-trailers

/// Name and value of each, in order; `body` is everything below the subject.
pub(super) fn trailers(body: &[&str]) -> Vec<(String, String)> {
    let mut trailers: Vec<(String, String)> = Vec::new();
    for line in block(without_reference(whole(body))) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = trailers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = trailer(line).filter(|_| !is_comment(line)) {
            trailers.push((name.to_owned(), value.to_owned()));
        }
    }
    trailers
}

/// The message ends where a patch begins, or what an editor shows below the scissors.
fn whole<'a, 'l>(body: &'a [&'l str]) -> &'a [&'l str] {
    let ends = |line: &&str| {
        let divides = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        divides || is_comment(line) && line.contains("---- >8 ----")
    };
    trimmed(&body[..body.iter().position(ends).unwrap_or(body.len())])
}

/// Without the paragraph `See merge request group/project!12`.
fn without_reference<'a, 'l>(body: &'a [&'l str]) -> &'a [&'l str] {
    match body {
        [rest @ .., blank, last] if is_blank(blank) && last.starts_with("See merge request ") => trimmed(rest),
        body => body,
    }
}

/// Without blank lines and comments at the end.
fn trimmed<'a, 'l>(body: &'a [&'l str]) -> &'a [&'l str] {
    let last = body.iter().rposition(|line| !is_blank(line) && !is_comment(line));
    &body[..last.map_or(0, |last| last + 1)]
}

/// The lines of the last paragraph, if it is one of trailers.
fn block<'a, 'l>(body: &'a [&'l str]) -> &'a [&'l str] {
    // What stands right below the subject belongs to it.
    let Some(blank) = body.iter().rposition(|line| is_blank(line)) else {
        return &[];
    };
    let block = &body[blank + 1..];
    let (mut known, mut others, mut by_git) = (0, 0, false);
    let mut follows_a_trailer = false;
    for line in block.iter().filter(|line| !is_comment(line)) {
        let continues = line.starts_with([' ', '\t']);
        if continues && follows_a_trailer {
            continue;
        }
        let written_by_git = GIT.iter().any(|start| line.starts_with(start));
        follows_a_trailer = !continues && (written_by_git || trailer(line).is_some());
        by_git |= written_by_git;
        if follows_a_trailer {
            known += 1;
        } else {
            others += 1;
        }
    }
    let counts = known > 0 && others == 0 || by_git && known * 3 >= others;
    if counts { block } else { &[] }
}

/// `Name: value`, with white space before the colon if need be.
fn trailer(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    let is_token = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
    (!name.is_empty() && name.chars().all(is_token)).then(|| (name, value.trim()))
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#')
}

/// What git writes itself.
const GIT: [&str; 2] = ["Signed-off-by: ", "(cherry picked from commit "];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<String> {
        let lines: Vec<_> = body.lines().collect();
        trailers(&lines)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    #[test]
    fn what_git_reads_is_read() {
        for (body, expected) in [
            ("\nA: 1\nB: 2", &["A=1", "B=2"][..]),
            ("\nA : 1\nB\t:2", &["A=1", "B=2"]),
            ("\nA: 1\n  more\nB: 2", &["A=1 more", "B=2"]),
            ("\nA: 1\n(cherry picked from commit 4f2a)", &["A=1"]),
            (
                "\nprose of one line\nA: 1\nSigned-off-by: Ana",
                &["A=1", "Signed-off-by=Ana"],
            ),
            ("\nA: 1\n# a comment\nB: 2\n# and one more\n", &["A=1", "B=2"]),
            ("\nA: 1\n---\n file | 2 ++\n\nB: 2", &["A=1"]),
            (
                "\nA: 1\n# ------------------------ >8 ------------------------\ndiff",
                &["A=1"],
            ),
            ("\nA: 1\n\nSee merge request shop/web!12\n", &["A=1"]),
            ("\nprose\n\nA: 1\r\n", &["A=1"]),
        ] {
            assert_eq!(found(body), expected, "{body:?}");
        }
    }

    #[test]
    fn what_git_leaves_is_left() {
        for body in [
            "A: 1",
            "\nA: 1\nprose",
            "\nA: 1\n\nSigned-off-by: Ana\n\nprose",
            "\n  A: 1",
            "\n  A: 1\n  B: 2",
            "\nA b: 1",
            "\n: 1",
            "\n> A: 1",
            // Three of seven are trailers, and none of git's own.
            "\none\ntwo\nthree\nfour\nA: 1\nB: 2\nC: 3",
            // Two in nine, one of them git's own: not a quarter.
            "\n1\n2\n3\n4\n5\n6\n7\nA: 1\n(cherry picked from commit 4f2a)",
            "\none\ntwo\nthree\nfour\nSigned-off-by: Ana",
        ] {
            let found: Vec<_> = found(body)
                .into_iter()
                .filter(|found| !found.starts_with("Signed"))
                .collect();
            assert_eq!(found, Vec::<String>::new(), "{body:?}");
        }
    }
}
