//! The wire format without a schema: fields as (number, wire type, value), read zero-copy and written back. It never
//! panics and never recurses on what it reads; it must not know descriptors.

use crate::schema::error::{DecodeError, DecodeProblem, SchemaError};

/// The largest field number that a tag can carry.
pub const MAX_FIELD_NUMBER: u32 = (1 << 29) - 1;

/// How many groups may be open inside each other.
pub const MAX_GROUP_DEPTH: usize = 100;

/// One field as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field<'a> {
    /// The field number, 1 to [`MAX_FIELD_NUMBER`].
    pub number: u32,
    /// Its value.
    pub value: Value<'a>,
}

/// A field's value, by wire type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: a string, bytes, a message or a packed list.
    Bytes(&'a [u8]),
    /// Wire types 3 and 4: the fields between the group's tags.
    Group(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

/// The fields of `message` in wire order. After the first error the iterator ends.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { bytes: message, position: 0 }
}

/// The iterator that [`fields`] makes.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Fields<'_> {
    /// Where the next field starts, in bytes: together with the position before it, the bounds of a field just read.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, SchemaError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_field().map(|field| field.map_err(SchemaError::from))
    }
}

impl<'a> Fields<'a> {
    /// As `next`, with the narrower error.
    #[inline]
    pub(crate) fn next_field(&mut self) -> Option<Result<Field<'a>, DecodeError>> {
        match self.short_field() {
            Some(field) => Some(Ok(field)),
            None => self.any_field(),
        }
    }

    /// The next field if it is what nearly all are: length-delimited, with a tag and a length of one byte each.
    #[inline]
    fn short_field(&mut self) -> Option<Field<'a>> {
        let [tag @ 8..0x80, length @ ..0x80, rest @ ..] = self.bytes.get(self.position..)? else { return None };
        let content = rest.get(..usize::from(*length)).filter(|_| tag & 7 == 2)?;
        self.position += 2 + content.len();
        Some(Field { number: u32::from(tag >> 3), value: Value::Bytes(content) })
    }

    fn any_field(&mut self) -> Option<Result<Field<'a>, DecodeError>> {
        if self.position >= self.bytes.len() {
            return None;
        }
        let mut cursor = Cursor { bytes: self.bytes, position: self.position };
        let field = cursor.field();
        self.position = if field.is_ok() { cursor.position } else { self.bytes.len() };
        Some(field)
    }
}

/// Reads values off the front of a slice.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// A tag's two halves.
struct Tag {
    number: u32,
    wire_type: u8,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    fn error(&self, problem: DecodeProblem) -> DecodeError {
        DecodeError::new(self.position, problem)
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        match self.bytes.get(self.position) {
            // Nearly all of them are lengths and tags of one byte.
            Some(&byte) if byte < 0x80 => {
                self.position += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for index in 0..10u32 {
            let Some(&byte) = self.bytes.get(self.position) else {
                return Err(self.error(DecodeProblem::Truncated));
            };
            // The tenth byte holds the one bit that is left of 64.
            if index == 9 && byte > 1 {
                return Err(self.error(DecodeProblem::VarintOverflow));
            }
            self.position += 1;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error(DecodeProblem::VarintOverflow))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some(bytes) = self.bytes.get(self.position..).and_then(<[u8]>::first_chunk::<N>) else {
            return Err(self.error(DecodeProblem::Truncated));
        };
        self.position += N;
        Ok(*bytes)
    }

    pub(crate) fn fixed32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn fixed64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    fn length_delimited(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.position;
        let wanted = self.varint()?;
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let value = usize::try_from(wanted).ok().and_then(|length| rest.get(..length));
        let Some(value) = value else {
            let problem = DecodeProblem::LengthOverrun { wanted, left: rest.len() };
            return Err(DecodeError::new(start, problem));
        };
        self.position += value.len();
        Ok(value)
    }

    fn tag(&mut self) -> Result<Tag, DecodeError> {
        let start = self.position;
        let tag = self.varint()?;
        let number = tag >> 3;
        match u32::try_from(number) {
            Ok(number) if (1..=MAX_FIELD_NUMBER).contains(&number) => Ok(Tag { number, wire_type: (tag & 7) as u8 }),
            Ok(_) | Err(_) => Err(DecodeError::new(start, DecodeProblem::BadFieldNumber(number))),
        }
    }

    fn field(&mut self) -> Result<Field<'a>, DecodeError> {
        let start = self.position;
        let Tag { number, wire_type } = self.tag()?;
        let value = match wire_type {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.fixed64()?),
            2 => Value::Bytes(self.length_delimited()?),
            3 => Value::Group(self.group(number)?),
            4 => return Err(DecodeError::new(start, DecodeProblem::UnexpectedEndGroup(number))),
            5 => Value::Fixed32(self.fixed32()?),
            other => return Err(DecodeError::new(start, DecodeProblem::BadWireType(other))),
        };
        Ok(Field { number, value })
    }

    /// The bytes up to the end tag of group `number`, whose start tag has just been read.
    fn group(&mut self, number: u32) -> Result<&'a [u8], DecodeError> {
        let start = self.position;
        let mut open = vec![number];
        loop {
            let tag_start = self.position;
            let innermost = open.last().copied().unwrap_or(number);
            if self.is_at_end() {
                return Err(self.error(DecodeProblem::UnclosedGroup(innermost)));
            }
            let Tag { number: inner, wire_type } = self.tag()?;
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.fixed64()?),
                2 => drop(self.length_delimited()?),
                3 if open.len() >= MAX_GROUP_DEPTH => {
                    return Err(DecodeError::new(tag_start, DecodeProblem::TooDeep(MAX_GROUP_DEPTH)));
                }
                3 => open.push(inner),
                4 if inner != innermost => {
                    return Err(DecodeError::new(tag_start, DecodeProblem::UnexpectedEndGroup(inner)));
                }
                4 => drop(open.pop()),
                5 => drop(self.fixed32()?),
                other => return Err(DecodeError::new(tag_start, DecodeProblem::BadWireType(other))),
            }
            if open.is_empty() {
                return Ok(self.bytes.get(start..tag_start).unwrap_or_default());
            }
        }
    }
}

/// Appends a varint.
pub fn put_raw_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: u8) {
    put_raw_varint(out, u64::from(number) << 3 | u64::from(wire_type));
}

/// Appends a varint field.
pub fn put_varint(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, 0);
    put_raw_varint(out, value);
}

/// Appends a fixed 64-bit field.
pub fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a fixed 32-bit field.
pub fn put_fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    put_tag(out, number, 5);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a length-delimited field.
pub fn put_bytes(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_tag(out, number, 2);
    put_raw_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Appends a group whose fields are `content`.
pub fn put_group(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    put_tag(out, number, 3);
    out.extend_from_slice(content);
    put_tag(out, number, 4);
}

/// Appends one field as it was read.
pub fn put_field(out: &mut Vec<u8>, field: &Field<'_>) {
    match field.value {
        Value::Varint(value) => put_varint(out, field.number, value),
        Value::Fixed64(value) => put_fixed64(out, field.number, value),
        Value::Bytes(value) => put_bytes(out, field.number, value),
        Value::Group(value) => put_group(out, field.number, value),
        Value::Fixed32(value) => put_fixed32(out, field.number, value),
    }
}

/// Appends a number without its tag, as packed lists have them; of anything else its content.
pub(crate) fn put_bare(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Varint(value) => put_raw_varint(out, value),
        Value::Fixed64(value) => out.extend_from_slice(&value.to_le_bytes()),
        Value::Fixed32(value) => out.extend_from_slice(&value.to_le_bytes()),
        Value::Bytes(content) | Value::Group(content) => out.extend_from_slice(content),
    }
}

/// A number of the kinds `sint32` and `sint64` as a varint, small ones first whatever their sign.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// Appends a length-delimited field whose content `write` appends, without building it elsewhere first.
pub(crate) fn put_nested(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_tag(out, number, 2);
    // Most messages are shorter than 128 bytes: one byte is set aside, and room is made only when that was too little.
    let length_at = out.len();
    out.push(0);
    let start = out.len();
    write(out);
    let length = out.len() - start;
    match out.get_mut(length_at) {
        Some(slot) if length < 0x80 => *slot = length as u8,
        _ => {
            let mut prefix = Vec::with_capacity(10);
            put_raw_varint(&mut prefix, length as u64);
            out.splice(length_at..start, prefix);
        }
    }
}

/// Appends the fields of `message`, but in place of those numbered `number` what `write` appends: before the first field
/// with a higher number, which is where encoders put it.
///
/// # Errors
/// When `message` is none; `out` has then got a part of it.
pub(crate) fn put_replaced(
    out: &mut Vec<u8>,
    message: &[u8],
    number: u32,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<(), SchemaError> {
    let mut write = Some(write);
    let mut fields = fields(message);
    let mut from = fields.position();
    while let Some(field) = fields.next_field() {
        let field = field?;
        if field.number > number
            && let Some(write) = write.take()
        {
            write(out);
        }
        if field.number != number {
            out.extend_from_slice(message.get(from..fields.position()).unwrap_or_default());
        }
        from = fields.position();
    }
    if let Some(write) = write {
        write(out);
    }
    Ok(())
}

/// Appends the fields of `message` numbered `number`, as they stand there.
pub(crate) fn put_only(out: &mut Vec<u8>, message: &[u8], number: u32) {
    let mut fields = fields(message);
    let mut from = fields.position();
    while let Some(Ok(field)) = fields.next_field() {
        if field.number == number {
            out.extend_from_slice(message.get(from..fields.position()).unwrap_or_default());
        }
        from = fields.position();
    }
}

/// Appends a group whose content `write` appends.
pub(crate) fn put_nested_group(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_tag(out, number, 3);
    write(out);
    put_tag(out, number, 4);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> (usize, DecodeProblem) {
        match fields(bytes).find_map(Result::err) {
            Some(SchemaError::Decode(error)) => (error.offset, error.problem),
            other => panic!("{bytes:x?}: {other:?}"),
        }
    }

    #[test]
    fn a_field_is_replaced_where_it_belongs() {
        let replaced = |number: u32| {
            let mut message = Vec::new();
            put_bytes(&mut message, 2, b"a");
            put_varint(&mut message, 4, 7);
            put_bytes(&mut message, 2, b"b");
            let mut out = b"|".to_vec();
            put_replaced(&mut out, &message, number, |out| out.push(b'!')).unwrap();
            out
        };
        assert_eq!(replaced(2), b"|!\x20\x07");
        assert_eq!(replaced(1), b"|!\x12\x01a\x20\x07\x12\x01b");
        assert_eq!(replaced(3), b"|\x12\x01a!\x20\x07\x12\x01b");
        assert_eq!(replaced(9), b"|\x12\x01a\x20\x07\x12\x01b!");
        assert!(put_replaced(&mut Vec::new(), b"\x12\x09a", 1, |_| {}).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 1, u64::MAX);
        put_fixed64(&mut bytes, 2, 7);
        put_bytes(&mut bytes, 3, b"abc");
        put_group(&mut bytes, 4, &[0x08, 0x01]);
        put_fixed32(&mut bytes, MAX_FIELD_NUMBER, 9);
        let read: Vec<Field<'_>> = fields(&bytes).collect::<Result<_, _>>().unwrap();
        let values: Vec<Value<'_>> = read.iter().map(|field| field.value).collect();
        let expected = [
            Value::Varint(u64::MAX),
            Value::Fixed64(7),
            Value::Bytes(b"abc"),
            Value::Group(&[0x08, 0x01]),
            Value::Fixed32(9),
        ];
        assert_eq!(values, expected);
        let mut again = Vec::new();
        read.iter().for_each(|field| put_field(&mut again, field));
        assert_eq!(again, bytes);
    }

    #[test]
    fn nested_lengths_of_every_size_are_right() {
        for length in [0, 1, 127, 128, 300, 16_383, 16_384] {
            let content = vec![b'x'; length];
            let (mut nested, mut plain) = (vec![1, 2], vec![1, 2]);
            put_nested(&mut nested, 5, |out| out.extend_from_slice(&content));
            put_bytes(&mut plain, 5, &content);
            assert_eq!(nested, plain, "{length}");
        }
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(problem(&[0x08]), (1, DecodeProblem::Truncated));
        assert_eq!(problem(&[0x08, 0x01, 0x12, 0x05, 0x61]), (3, DecodeProblem::LengthOverrun { wanted: 5, left: 1 }));
        assert_eq!(problem(&[0x0d, 1, 2]), (1, DecodeProblem::Truncated));
        assert_eq!(problem(&[0x00]), (0, DecodeProblem::BadFieldNumber(0)));
        assert_eq!(problem(&[0x0e]), (0, DecodeProblem::BadWireType(6)));
        assert_eq!(problem(&[0x0c]), (0, DecodeProblem::UnexpectedEndGroup(1)));
        assert_eq!(problem(&[0x0b, 0x14]), (1, DecodeProblem::UnexpectedEndGroup(2)));
        assert_eq!(problem(&[0x0b, 0x08, 0x01]), (3, DecodeProblem::UnclosedGroup(1)));
        let long = [&[0x08][..], &[0xff; 9], &[0x02]].concat();
        assert_eq!(problem(&long), (10, DecodeProblem::VarintOverflow));
        let huge = [&[0x0a][..], &[0xff; 9], &[0x01]].concat();
        assert_eq!(problem(&huge), (1, DecodeProblem::LengthOverrun { wanted: u64::MAX, left: 0 }));
    }

    #[test]
    fn groups_are_bounded_in_depth() {
        let nested = |depth: usize| [vec![0x0b; depth], vec![0x0c; depth]].concat();
        assert!(fields(&nested(MAX_GROUP_DEPTH)).all(|field| field.is_ok()));
        let (_, found) = problem(&nested(MAX_GROUP_DEPTH + 1));
        assert_eq!(found, DecodeProblem::TooDeep(MAX_GROUP_DEPTH));
        assert!(fields(&vec![0x0b; 1 << 20]).any(|field| field.is_err()));
    }

    #[test]
    fn the_iterator_ends_after_an_error() {
        assert_eq!(fields(&[0x00, 0x08, 0x01]).count(), 1);
    }
}
