//! Random messages of any type, as canonical wire bytes, with fields that the schema does not know spliced in at every
//! level: unknown numbers, and known numbers in a form that is not theirs.

use fastrand::Rng;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use warp2api::schema::wire;

/// How many fields a message may still get, so that random nesting ends.
pub(crate) struct Random {
    rng: Rng,
    fields_left: usize,
    /// Nothing unknown is spliced in.
    is_tame: bool,
    /// Unknown fields spliced in so far, and the deepest level at which one was.
    pub(crate) spliced: usize,
    pub(crate) deepest: usize,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), fields_left: 60, is_tame: false, spliced: 0, deepest: 0 }
    }

    /// One that makes only what the schema knows.
    pub(crate) fn tame(seed: u64) -> Self {
        Self { is_tame: true, ..Self::new(seed) }
    }

    /// A message, `depth` levels down.
    pub(crate) fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut chosen: Vec<OneofDescriptor> = Vec::new();
        let mut last = 0;
        for field in descriptor.fields() {
            self.splice(&mut out, descriptor, last, field.number(), depth);
            last = field.number();
            let is_taken = field.containing_oneof().is_some_and(|oneof| chosen.contains(&oneof));
            if is_taken || !self.wants(descriptor, depth) {
                continue;
            }
            if !self.is_tame && self.rng.u8(..) < 8 {
                self.misfit(&mut out, &field);
                (self.spliced, self.deepest) = (self.spliced + 1, self.deepest.max(depth));
                continue;
            }
            chosen.extend(field.containing_oneof());
            self.field(&mut out, &field, depth);
        }
        self.splice(&mut out, descriptor, last, wire::MAX_FIELD_NUMBER, depth);
        out
    }

    /// Whether to write a field: of small types mostly, of large ones rarely, and the less the deeper.
    fn wants(&mut self, descriptor: &MessageDescriptor, depth: usize) -> bool {
        let chance = 6.0 / (descriptor.fields().len() as f64 + 4.0) / (1.0 + depth as f64 / 8.0);
        if self.fields_left == 0 || depth > 12 || self.rng.f64() > chance {
            return false;
        }
        self.fields_left -= 1;
        true
    }

    /// Now and then a field with a number between `above` and `below` that the type does not have.
    fn splice(&mut self, out: &mut Vec<u8>, descriptor: &MessageDescriptor, above: u32, below: u32, depth: usize) {
        if self.is_tame || below <= above + 1 || self.rng.u8(..) > 20 {
            return;
        }
        let number = self.rng.u32(above + 1..below);
        // The range that no schema may use is not for us either.
        if descriptor.get_field(number).is_some() || (19_000..20_000).contains(&number) {
            return;
        }
        match self.rng.u8(0..5) {
            0 => wire::put_varint(out, number, self.rng.u64(..)),
            1 => wire::put_fixed64(out, number, self.rng.u64(..)),
            2 => wire::put_fixed32(out, number, self.rng.u32(..)),
            3 => {
                let mut content = Vec::new();
                wire::put_varint(&mut content, self.rng.u32(1..40), self.rng.u64(..));
                wire::put_group(out, number, &content);
            }
            _ => {
                let content: Vec<u8> = (0..self.rng.usize(..9)).map(|_| self.rng.u8(..)).collect();
                wire::put_bytes(out, number, &content);
            }
        }
        (self.spliced, self.deepest) = (self.spliced + 1, self.deepest.max(depth));
    }

    /// The field's number in a form that no field of this schema has.
    fn misfit(&mut self, out: &mut Vec<u8>, field: &FieldDescriptor) {
        match field.kind() {
            Kind::Message(_) => wire::put_varint(out, field.number(), self.rng.u64(..)),
            _ => wire::put_group(out, field.number(), &[]),
        }
    }

    fn field(&mut self, out: &mut Vec<u8>, field: &FieldDescriptor, depth: usize) {
        let (number, kind) = (field.number(), field.kind());
        match &kind {
            Kind::Message(entry) if field.is_map() => {
                let mut content = Vec::new();
                self.single(&mut content, 1, &entry.map_entry_key_field().kind(), true, depth + 1);
                self.single(&mut content, 2, &entry.map_entry_value_field().kind(), true, depth + 1);
                wire::put_bytes(out, number, &content);
            }
            kind if field.is_packed() => {
                let mut content = Vec::new();
                for _ in 0..self.rng.usize(1..4) {
                    let mut item = Vec::new();
                    // A number behind its tag, which is one byte, is the number alone.
                    self.single(&mut item, 1, kind, true, depth);
                    content.extend_from_slice(&item[1..]);
                }
                wire::put_bytes(out, number, &content);
            }
            kind if field.is_list() => {
                (0..self.rng.usize(1..3)).for_each(|_| self.single(out, number, kind, true, depth));
            }
            // What has no presence is not written when it is zero.
            kind => self.single(out, number, kind, field.supports_presence(), depth),
        }
    }

    fn single(&mut self, out: &mut Vec<u8>, number: u32, kind: &Kind, may_be_zero: bool, depth: usize) {
        let floor = u64::from(!may_be_zero);
        let small = self.rng.bool();
        let bits = if small { self.rng.u64(floor..100) } else { self.rng.u64(floor..) };
        let half = if small { self.rng.u32(1..100) } else { self.rng.u32(1..) };
        match kind {
            Kind::Int32 | Kind::Enum(_) => wire::put_varint(out, number, i64::from(half as i32) as u64),
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 => wire::put_varint(out, number, bits),
            Kind::Uint32 | Kind::Sint32 => wire::put_varint(out, number, u64::from(half)),
            Kind::Bool => wire::put_varint(out, number, if may_be_zero { bits & 1 } else { 1 }),
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => wire::put_fixed32(out, number, half),
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => wire::put_fixed64(out, number, bits.max(1)),
            Kind::String | Kind::Bytes => {
                let length = self.rng.usize(usize::from(!may_be_zero)..12);
                let text: String = (0..length).map(|_| self.rng.char(..)).collect();
                wire::put_bytes(out, number, text.as_bytes());
            }
            Kind::Message(inner) => {
                let content = self.message(inner, depth + 1);
                wire::put_bytes(out, number, &content);
            }
        }
    }
}
