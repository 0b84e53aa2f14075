//! What a terminal makes of a sign, for whoever shows foreign text, aligns columns or marks below a line.

/// Whether a sign is none for a terminal to see: it starts an escape sequence, breaks the line, turns its direction, or
/// hides in it.
///
/// Joiners (U+200C, U+200D) are none of these: Persian and emoji are written with them.
#[must_use]
pub fn is_unseen(sign: char) -> bool {
    sign.is_control()
        || matches!(
            sign,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// How many columns it takes: none where it combines with the one before, two for the wide letters of East Asia.
#[must_use]
pub const fn cells(sign: char) -> usize {
    match sign {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_breaks_turns_or_hides_is_unseen_and_nothing_else_is() {
        let unseen: Vec<u32> = ('\u{a0}'..=char::MAX)
            .filter(|sign| is_unseen(*sign))
            .map(u32::from)
            .collect();
        let turns = [0x61c, 0x200e, 0x200f];
        let breaks_and_turns = 0x2028..=0x202e;
        let hides = [0x200b, 0x2060, 0xfeff];
        let mut expected: Vec<u32> = turns.into_iter().chain(breaks_and_turns).chain(hides).collect();
        expected.extend(0x2066..=0x2069);
        expected.sort_unstable();
        assert_eq!(unseen, expected);
        // Of the first 160, the 65 that are control characters.
        let low: Vec<u32> = ('\0'..'\u{a0}')
            .filter(|sign| is_unseen(*sign))
            .map(u32::from)
            .collect();
        assert_eq!(low, (0..0x20).chain(0x7f..0xa0).collect::<Vec<_>>());
    }
}
