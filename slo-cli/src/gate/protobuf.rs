//! As much of Protocol Buffers as one metric needs: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A field of the type `bytes`, `string`, or another message.
    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// A field of the types `fixed64` and `sfixed64`.
    pub(super) fn fixed64(mut self, field: u64, value: u64) -> Self {
        self.tag(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A field of the types `bool`, `enum` and `uint64`.
    pub(super) fn number(mut self, field: u64, value: u64) -> Self {
        self.tag(field, 0);
        self.varint(value);
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn tag(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(low_bits(value) | 0x80);
            value >>= 7;
        }
        self.0.push(low_bits(value));
    }
}

/// Seven of them.
fn low_bits(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}

/// A field of a message that is being read.
pub(super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The next field and its number; `None` at the end, and where something stands that this does not read.
pub(super) fn next<'a>(rest: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(rest)?;
    let field = match tag & 7 {
        0 => Field::Number(varint(rest)?),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            Field::Bytes(bytes)
        }
        _ => return None,
    };
    Some((tag >> 3, field))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_and_read_in_groups_of_seven_bits() {
        assert_eq!(Message::default().number(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let bytes = Message::default().number(20, value).into_bytes();
            let mut rest = bytes.as_slice();
            assert!(
                matches!(next(&mut rest), Some((20, Field::Number(read))) if read == value),
                "{value}"
            );
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn what_is_cut_off_has_no_field() {
        let bytes = Message::default().text(2, &"a".repeat(200)).into_bytes();
        for end in 0..bytes.len() {
            assert!(next(&mut &bytes[..end]).is_none(), "{end}");
        }
        assert!(matches!(next(&mut &bytes[..]), Some((2, Field::Bytes(text))) if text.len() == 200));
        assert!(next(&mut &[0xff_u8; 20][..]).is_none());
    }
}
