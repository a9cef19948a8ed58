//! Numbers between JSON and protobuf: ranges, 64-bit strings, floats that JSON has no literal for. It must not know
//! messages.

use serde_json::{Number, Value as Json};

use crate::schema::error::{JsonError, JsonProblem};

/// Beyond ±2^53 doubles no longer hold every whole number.
pub(crate) const EXACT_DOUBLE: f64 = 9_007_199_254_740_992.0;

const NAN_64: u64 = 0x7ff8_0000_0000_0000;
const NAN_32: u32 = 0x7fc0_0000;

pub(crate) fn f64_to_json(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() && value.to_bits() != NAN_64 => format!("NaN(0x{:016x})", value.to_bits()).into(),
        None => not_finite(value).into(),
    }
}

/// The shortest decimal that reads back as the same `f32`.
pub(crate) fn f32_to_json(value: f32) -> Json {
    if value.is_nan() && value.to_bits() != NAN_32 {
        return format!("NaN(0x{:08x})", value.to_bits()).into();
    }
    let widened =
        if value.is_finite() { value.to_string().parse().unwrap_or(f64::from(value)) } else { f64::from(value) };
    match Number::from_f64(widened) {
        Some(number) => Json::Number(number),
        None => not_finite(widened).into(),
    }
}

fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// A whole Struct number without a fraction, any other as a double has it. `None` when JSON has no number for it.
pub(crate) fn struct_number_to_json(value: f64) -> Option<Json> {
    let whole = value.fract() == 0.0 && value.abs() <= EXACT_DOUBLE && !(value == 0.0 && value.is_sign_negative());
    if whole { Some(Json::from(value as i64)) } else { Number::from_f64(value).map(Json::Number) }
}

/// A JSON number for a Struct, refused when a double would round it.
pub(crate) fn struct_number_from_json(number: &Number) -> Result<f64, JsonError> {
    let inexact = || JsonError::new(JsonProblem::InexactStructNumber(number.to_string()));
    let exact = match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => (whole as f64 as i128 == i128::from(whole)).then_some(whole as f64),
        (None, Some(whole)) => (whole as f64 as u128 == u128::from(whole)).then_some(whole as f64),
        (None, None) => number.as_f64(),
    };
    exact.ok_or_else(inexact)
}

/// A double from a JSON number or one of the strings that stand for numbers.
pub(crate) fn f64_from_json(json: &Json) -> Result<f64, JsonError> {
    match json {
        Json::Number(number) => number.as_f64().ok_or_else(|| out_of_range(json, "double")),
        Json::String(text) => f64_from_text(text).ok_or_else(|| bad_number(text)),
        other => Err(wrong_type("a number", other)),
    }
}

fn f64_from_text(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::from_bits(NAN_64)),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => match nan_bits(text) {
            Some(bits) => Some(f64::from_bits(bits)).filter(|value| value.is_nan()),
            None => text.parse().ok().filter(|value: &f64| value.is_finite()),
        },
    }
}

/// A float: as [`f64_from_json`], refused when it is beyond what 32 bits hold.
pub(crate) fn f32_from_json(json: &Json) -> Result<f32, JsonError> {
    if let Some(text) = json.as_str() {
        if text == "NaN" {
            return Ok(f32::from_bits(NAN_32));
        }
        if let Some(bits) = nan_bits(text) {
            let value = u32::try_from(bits).ok().map(f32::from_bits).filter(|value| value.is_nan());
            return value.ok_or_else(|| bad_number(text));
        }
    }
    let wide = f64_from_json(json)?;
    let narrow = wide as f32;
    if wide.is_finite() && narrow.is_infinite() { Err(out_of_range(json, "float")) } else { Ok(narrow) }
}

/// The bits inside `NaN(0x…)`.
fn nan_bits(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("NaN(0x")?.strip_suffix(')')?;
    u64::from_str_radix(digits, 16).ok()
}

/// A whole number from a JSON number (a fraction of zero is allowed) or a string of digits.
fn whole_from_json(json: &Json, kind: &'static str) -> Result<i128, JsonError> {
    match json {
        Json::Number(number) => {
            let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            whole.or_else(|| number.as_f64().and_then(whole_double)).ok_or_else(|| out_of_range(json, kind))
        }
        Json::String(text) => match text.parse::<i128>() {
            Ok(whole) => Ok(whole),
            Err(_) => text.parse().ok().and_then(whole_double).ok_or_else(|| bad_number(text)),
        },
        other => Err(wrong_type("a whole number", other)),
    }
}

fn whole_double(value: f64) -> Option<i128> {
    (value.is_finite() && value.fract() == 0.0 && value.abs() < 2f64.powi(65)).then_some(value as i128)
}

/// A whole number in the range of `T`; `kind` is the protobuf type's name for the error.
pub(crate) fn integer<T: TryFrom<i128>>(json: &Json, kind: &'static str) -> Result<T, JsonError> {
    T::try_from(whole_from_json(json, kind)?).map_err(|_| out_of_range(json, kind))
}

fn out_of_range(json: &Json, kind: &'static str) -> JsonError {
    let value = json.as_str().map_or_else(|| json.to_string(), clip);
    JsonError::new(JsonProblem::OutOfRange { value, kind })
}

fn bad_number(text: &str) -> JsonError {
    JsonError::new(JsonProblem::BadText { value: clip(text), expected: "a number" })
}

/// The error for a value of another JSON type than `expected`.
pub(crate) fn wrong_type(expected: impl Into<String>, found: &Json) -> JsonError {
    let found = match found {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => format!("the number {number}"),
        Json::String(text) => format!("the string {:?}", clip(text)),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    };
    JsonError::new(JsonProblem::WrongType { expected: expected.into(), found })
}

/// The start of `text`, for an error message.
pub(crate) fn clip(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
