//! Takes the server's answers apart. What is not of the form that our own scripts give is as good as nothing.

use redis::Value;

/// The bytes of a text; of anything else none.
pub(super) fn bytes(value: Value) -> Vec<u8> {
    match value {
        Value::BulkString(bytes) => bytes,
        Value::SimpleString(text) => text.into_bytes(),
        _ => Vec::new(),
    }
}

/// True for the number that scripts say yes with.
pub(super) fn is_yes(value: &Value) -> bool {
    matches!(value, Value::Int(number) if *number > 0)
}

/// The texts of a list.
pub(super) fn list(value: Value) -> Vec<Vec<u8>> {
    match value {
        Value::Array(values) => values.into_iter().map(bytes).collect(),
        _ => Vec::new(),
    }
}

/// The texts of a list, two by two.
pub(super) fn pairs(value: Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut texts = list(value).into_iter();
    std::iter::from_fn(|| Some((texts.next()?, texts.next()?))).collect()
}
