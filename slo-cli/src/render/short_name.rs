//! Names that fit where only so many characters do.

/// The name, or its beginning and a checksum of the whole: two long names that begin alike stay two names.
pub(crate) fn shortened(name: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    let sum = format!("-{:08x}", fnv1a(name.as_bytes()));
    let mut end = longest.saturating_sub(sum.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{sum}", name[..end].trim_end_matches(['-', '.']))
}

/// The name as a DNS label, which objects of Kubernetes are named by: small letters, digits and hyphens. One that is another
/// is marked by its checksum, so that two names stay two.
pub(crate) fn label_like(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins_and_ends = !name.starts_with('-') && !name.ends_with('-') && !name.is_empty();
    if begins_and_ends && name.chars().all(allowed) {
        return name.to_owned();
    }
    let small = name.to_lowercase();
    let small: String = small.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    let sum = format!("{:08x}", fnv1a(name.as_bytes()));
    match small.trim_matches('-') {
        "" => sum,
        small => format!("{small}-{sum}"),
    }
}

/// FNV-1a, 32 bits: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>. No secret, only a difference.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn a_dns_label_stays_and_others_are_told_apart() {
        assert_eq!(label_like("real-estate-2"), "real-estate-2");
        let others = ["Shop", "shop.", "shop_", "-shop", "shop-"].map(label_like);
        for (at, name) in others.iter().enumerate() {
            assert!(name.starts_with("shop-") && name.len() == 13, "{name}");
            assert!(!others[..at].contains(name), "{name}");
        }
        assert_eq!(label_like("\u{c6d4}").len(), 8);
    }

    #[test]
    fn long_names_that_begin_alike_stay_different() {
        let long = "a".repeat(60);
        let (one, other) = (shortened(&format!("{long}1"), 40), shortened(&format!("{long}2"), 40));
        assert_eq!((one.len(), other.len()), (40, 40));
        assert_ne!(one, other);
        assert_eq!(shortened("slo-red-shop", 40), "slo-red-shop");
        assert_eq!(shortened(&"a".repeat(40), 40), "a".repeat(40));
        assert!(!shortened(&format!("{}-{long}", "b".repeat(30)), 40).contains("--"));
    }
}
