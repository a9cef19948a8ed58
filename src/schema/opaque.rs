//! Payloads inside strings (`WARP-PROTOCOL.md` §4): opened on request, beside the string they came from.

use prost_reflect::MessageDescriptor;

/// What a commentary key ends in.
const OPENED: &str = "@opened";

/// Whether `key` is commentary on a field of this message, which reading JSON passes over.
pub(crate) fn is_commentary(descriptor: &MessageDescriptor, key: &str) -> bool {
    key.strip_suffix(OPENED).is_some_and(|name| {
        descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name)).is_some()
    })
}
