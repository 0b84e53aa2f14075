//! A reference to a container image, as far as it can be judged without a registry.

/// A reference by the grammar that Kubernetes' runtimes go by: what they refuse would stop every sync.
/// <https://github.com/distribution/reference/blob/v0.6.0/reference.go>
pub(super) fn image(text: &str) -> Result<String, String> {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    let (registry, rest) = match named.split_once('/') {
        Some((first, rest)) if is_registry(first) => (Some(first), rest),
        _ => (None, named),
    };
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    let is_image = registry.is_none_or(is_host)
        && path.split('/').all(is_component)
        && registry.map_or(0, |registry| registry.len() + 1) + path.len() <= LONGEST_NAME
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    is_image.then(|| text.to_owned()).ok_or_else(|| USAGE.to_owned())
}

/// Whether what stands before the first slash is a registry, and no part of the name.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.contains(|sign: char| sign.is_ascii_uppercase())
}

/// A name of letters, digits and inner `-`, with points between, and a port where one is said.
fn is_host(registry: &str) -> bool {
    let (host, port) = registry.split_once(':').unwrap_or((registry, "0"));
    let is_label = |label: &str| {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_sign) && !label.starts_with('-') && !label.ends_with('-')
    };
    host.split('.').all(is_label) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Small letters and digits; between them one `.`, one or two `_`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_word = |byte: char| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_separator =
        |between: &str| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|sign| sign == b'-');
    text.starts_with(is_word) && text.ends_with(is_word) && text.split(is_word).all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let goes_on = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-');
    tag.bytes().next().is_some_and(is_word) && tag.bytes().all(goes_on) && tag.len() <= LONGEST_TAG
}

/// Of the algorithms that are known to every runtime: others are refused, whatever they look like.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length
        && hex
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

const USAGE: &str = "write a name in small letters, and a tag of up to 128 signs, like `registry.example.com/team/slo:1.4`, or a \
                     digest, like `team/slo@sha256:` and its 64 digits";
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_one_that_kubernetes_takes() {
        let (digest, longer) = (
            format!("sha256:{}", "0a".repeat(32)),
            format!("sha512:{}", "0a".repeat(64)),
        );
        let (long_tag, long_name) = (format!("slo:{}", "a".repeat(128)), "a".repeat(255));
        for good in [
            "slo:0.1.0",
            "slo",
            "team/slo:1.4",
            "Registry.example.com:5000/team/slo_a.b--c__d:V1.4-rc",
            "localhost/slo",
            "slo:5000/b",
            "slo:_a",
            &format!("registry.example.com/team/slo:1.4@{digest}"),
            &format!("slo@{digest}"),
            &format!("slo@{longer}"),
            &long_tag,
            &long_name,
        ] {
            assert_eq!(image(good), Ok(good.to_owned()));
        }
    }

    #[test]
    fn what_kubernetes_refuses_is_refused() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for wrong in [
            "",
            " ",
            "a b",
            "a\n",
            "slo:",
            "/slo",
            "slo/",
            "a//b",
            "-slo",
            "Slo:1",
            "a/Slo:1",
            "ü",
            "a@b@c",
            "slo@",
            "a:b:c",
            "${IMAGE}",
            "slo:a/b",
            "slo:-a",
            "slo:.a",
            "slo@sha256:abc",
            "slo@sha256",
            "slo@md5:00",
            "a..b",
            "a___b",
            "a-/b",
            "a.b-/c",
            "a.b:/c",
            "a._b",
            "slo@sha256:",
            &format!("slo@{}", digest.to_ascii_uppercase()),
            &format!("slo@{}", digest.replace('a', "A")),
            &format!("slo@{}", digest.replace('a', "g")),
            &format!("slo@{digest}0"),
            &format!("slo@{digest}@{digest}"),
            &format!("slo:{}", "a".repeat(129)),
            &"a".repeat(256),
        ] {
            let said = image(wrong).unwrap_err();
            assert!(said.contains("like `registry.example.com/team/slo:1.4`"), "{wrong:?}");
        }
    }
}
