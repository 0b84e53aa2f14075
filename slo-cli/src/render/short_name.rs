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

/// The name of one of several, of which the first has the name alone: what was the only one stays. No name of an SLO has a point.
pub(crate) fn numbered(name: &str, number: usize) -> String {
    match number {
        1 => name.to_owned(),
        number => format!("{name}.{number}"),
    }
}

/// A name of an object of Kubernetes, or of whatever takes small letters, digits and `-` only: with a checksum of the whole
/// where signs had to be replaced, so that `a.b` and `a_b` stay two names.
pub(crate) fn object_name(name: &str, longest: usize) -> String {
    let label = dns_label(name);
    if label == name {
        return shortened(name, longest);
    }
    let sum = format!("-{:08x}", fnv1a(name.as_bytes()));
    let end = label.len().min(longest.saturating_sub(sum.len()));
    format!("{}{sum}", label[..end].trim_end_matches('-'))
}

/// The text in small letters, digits and single `-`, beginning with a letter or digit.
pub(crate) fn dns_label(text: &str) -> String {
    let mut label = String::new();
    for sign in text.chars() {
        match sign.to_ascii_lowercase() {
            sign @ ('a'..='z' | '0'..='9') => label.push(sign),
            '-' => label.push('-'),
            _ if label.is_empty() || label.ends_with('-') => {}
            _ => label.push('-'),
        }
    }
    let label = label.trim_matches('-');
    if label.is_empty() {
        "service".to_owned()
    } else {
        label.to_owned()
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
    fn objects_have_names_that_kubernetes_takes() {
        assert_eq!(object_name("shop-slo-gate", 63), "shop-slo-gate");
        assert_eq!(dns_label("OrderService"), "orderservice");
        assert_eq!(dns_label(".My  App_"), "my-app");
        assert_eq!(dns_label("주문"), "service");
        let (one, other) = (object_name("a.b-slo", 63), object_name("a_b-slo", 63));
        assert_ne!(one, other);
        assert!(one.starts_with("a-b-slo-"), "{one}");
        assert_eq!(object_name(&format!("A{}", "b".repeat(90)), 63).len(), 63);
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
