//! How alike two words are.

/// How many letters to insert, drop, replace or swap with their neighbour, to make one word of the other.
pub(crate) fn distance(given: &str, known: &str) -> usize {
    let (given, known): (Vec<char>, Vec<char>) = (given.chars().take(64).collect(), known.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=known.len()).collect();
    for (i, letter) in given.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in known.iter().enumerate() {
            let replaced = last[j] + usize::from(letter != other);
            let mut edits = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == known[j - 1] && given[i - 1] == *other {
                edits = edits.min(before[j - 1] + 1);
            }
            row.push(edits);
        }
        before = core::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}
