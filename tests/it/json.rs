//! The JSON forms: a table of messages of a made-up schema with every kind of field, and of the well-known types.

use std::sync::LazyLock;

use prost_reflect::MessageDescriptor;
use serde_json::{Value, json};
use warp2api::schema::{self, Schema, wire};

const PROTO: &str = r#"
syntax = "proto3";
package kinds;
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/empty.proto";
enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; COLOUR_BLUE = -2; }
message Kinds {
  optional int32 a_int32 = 1;
  optional int64 a_int64 = 2;
  optional uint32 a_uint32 = 3;
  optional uint64 a_uint64 = 4;
  optional sint32 a_sint32 = 5;
  optional sint64 a_sint64 = 6;
  optional fixed32 a_fixed32 = 7;
  optional fixed64 a_fixed64 = 8;
  optional sfixed32 a_sfixed32 = 9;
  optional sfixed64 a_sfixed64 = 10;
  optional float a_float = 11;
  optional double a_double = 12;
  optional bool a_bool = 13;
  optional string a_string = 14;
  optional bytes a_bytes = 15;
  optional Colour a_colour = 16;
  Kinds inner = 17;
  int32 implicit = 18;
  repeated sint64 packed = 19;
  repeated fixed32 packed_fixed = 20;
  repeated int32 unpacked = 21 [packed = false];
  repeated string strings = 22;
  repeated Colour colours = 23;
  map<bool, string> by_bool = 24;
  map<int32, Kinds> by_int = 25;
  map<uint64, double> by_uint = 26;
  map<string, Colour> by_string = 27;
  oneof choice { string left = 28; Kinds right = 29; }
  optional google.protobuf.NullValue nothing = 30;
  google.protobuf.Value value = 31;
  google.protobuf.Any any = 32;
  google.protobuf.StringValue wrapped = 33;
  google.protobuf.BoolValue wrapped_bool = 34;
  google.protobuf.Timestamp time = 35;
  google.protobuf.Duration duration = 36;
  google.protobuf.FieldMask mask = 37;
  google.protobuf.Struct object = 38;
  google.protobuf.Empty empty = 39;
  repeated google.protobuf.Value values = 40;
}
"#;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kinds.proto"), PROTO).unwrap();
    Schema::from_descriptor_set(&schema::compile(folder.path(), false).unwrap()).unwrap()
});

fn kinds() -> MessageDescriptor {
    SCHEMA.message("kinds.Kinds").unwrap()
}

fn bytes_of(json: &Value) -> Vec<u8> {
    schema::encode(&schema::from_json(&kinds(), json).unwrap())
}

/// JSON that is canonical already: through bytes and back it stays as it is.
fn canonical(json: Value) {
    let bytes = bytes_of(&json);
    let found = schema::to_json(&schema::decode(&kinds(), &bytes).unwrap());
    assert_eq!(found.to_string(), json.to_string());
}

/// Two ways to write one message.
fn accepts(other: Value, canonical: Value) {
    let message = schema::from_json(&kinds(), &other).unwrap();
    assert_eq!(schema::to_json(&message), canonical, "{other}");
}

#[track_caller]
fn refuses(json: Value, message: &str) {
    let error = schema::from_json(&kinds(), &json).unwrap_err().to_string();
    assert_eq!(error, message);
}

#[test]
fn every_kind_of_field() {
    canonical(json!({"a_int32": -2147483648, "a_int64": "-9223372036854775808", "a_uint32": 4294967295u32}));
    canonical(json!({"a_uint64": "18446744073709551615", "a_sint32": -1, "a_sint64": "-9223372036854775808"}));
    canonical(json!({"a_fixed32": 4294967295u32, "a_fixed64": "1", "a_sfixed32": -5, "a_sfixed64": "-6"}));
    canonical(json!({"a_bool": false, "a_string": "", "a_bytes": "+/8=", "a_colour": "COLOUR_BLUE", "inner": {}}));
    canonical(json!({"a_colour": 77, "colours": ["COLOUR_RED", -9]}));
    canonical(json!({"packed": ["-1", "1"], "packed_fixed": [1, 2], "unpacked": [-1, 300], "strings": ["", "b"]}));
    canonical(json!({"by_bool": {"false": "f", "true": "t"}, "by_int": {"-1": {"a_int32": 0}, "7": {}}}));
    canonical(json!({"by_uint": {"0": 0.5, "18446744073709551615": 1e300}, "by_string": {"": "COLOUR_RED", "x": 5}}));
    canonical(json!({"implicit": 3, "left": ""}));
    canonical(json!({"right": {"right": {"left": "l"}}}));
    canonical(json!({"wrapped": "", "wrapped_bool": true, "empty": {}}));
    accepts(
        json!({"implicit": 0, "aInt32": 1, "byBool": {"true": "x"}}),
        json!({"a_int32": 1, "by_bool": {"true": "x"}}),
    );
    accepts(
        json!({"a_int64": 5, "a_int32": "5", "a_uint32": 5.0}),
        json!({"a_int32": 5, "a_int64": "5", "a_uint32": 5}),
    );
    accepts(json!({"a_bytes": "-_8"}), json!({"a_bytes": "+/8="}));
    accepts(json!({"a_colour": 1, "inner": null, "strings": null}), json!({"a_colour": "COLOUR_RED"}));
}

#[test]
fn floats() {
    canonical(json!({"a_float": 0.1, "a_double": 0.1}));
    canonical(json!({"a_float": 3.4028235e38, "a_double": 1.7976931348623157e308}));
    canonical(json!({"a_float": 1e-45, "a_double": 5e-324}));
    canonical(json!({"a_float": "NaN", "a_double": "-Infinity"}));
    canonical(json!({"a_float": "Infinity", "a_double": "NaN"}));
    canonical(json!({"a_float": "NaN(0x7fc00001)", "a_double": "NaN(0xfff8000000000000)"}));
    canonical(json!({"a_float": -0.0, "a_double": -0.0}));
    canonical(json!({"a_float": 0.07851, "a_double": 123456789.12345679}));
    accepts(json!({"a_float": "1.5", "a_double": 2}), json!({"a_float": 1.5, "a_double": 2.0}));
    for bits in (0..u32::MAX).step_by(999_983) {
        let mut bytes = Vec::new();
        wire::put_fixed32(&mut bytes, 11, bits);
        let text = schema::to_json(&schema::decode(&kinds(), &bytes).unwrap()).to_string();
        assert_eq!(bytes_of(&serde_json::from_str(&text).unwrap()), bytes, "{text}");
    }
}

#[test]
fn structs_and_values() {
    canonical(json!({"object": {"a": 1, "b": -9007199254740992i64, "c": 1.5, "d": [true, null, {"e": "f"}], "g": {}}}));
    canonical(json!({"object": {"big": 1.8014398509481984e16, "tiny": 1e-300, "zero": -0.0}}));
    canonical(json!({"value": null, "values": [null, 1, "x", [], {}]}));
    canonical(json!({"nothing": null, "value": [[[]]]}));
    accepts(json!({"object": {"a": 1.0, "b": 1e3}}), json!({"object": {"a": 1, "b": 1000}}));
    accepts(json!({"object": {"a": 1152921504606846976u64}}), json!({"object": {"a": 1.152921504606847e18}}));
    refuses(
        json!({"object": {"list": [1, 9007199254740993u64]}}),
        "at `object[\"list\"][1]`: the whole number 9007199254740993 cannot be kept exactly in a Struct: \
         encode it as a string",
    );
}

#[test]
fn what_a_special_form_cannot_hold_takes_the_ordinary_one() {
    canonical(json!({"value": {"@unknown": []}}));
    canonical(json!({"value": {"number_value": "NaN", "@unknown": []}}));
    canonical(json!({"values": [{"null_value": 5, "@unknown": []}, 1]}));
    canonical(json!({"object": {"fields": {"@unknown": [1]}, "@unknown": []}}));
    canonical(json!({"object": {"fields": {"a": 1}, "@unknown": [{"number": 9, "wire": "varint", "value": "1"}]}}));
    canonical(json!({"value": {"struct_value": {"fields": {"@unknown": []}, "@unknown": []}, "@unknown": []}}));
    canonical(json!({"time": {"seconds": "253402300800"}, "duration": {"seconds": "1", "nanos": -1}}));
    canonical(json!({"time": {"nanos": -1}, "duration": {"seconds": "315576000001"}}));
    canonical(json!({"wrapped": {"value": "x", "@unknown": [{"number": 2, "wire": "bytes", "value": ""}]}}));
    canonical(json!({"mask": {"paths": ["fooBar"]}}));
    canonical(json!({"mask": {"paths": ["a_b", "c__d", "e_1", "f,g", ""]}}));
}

#[test]
fn times_durations_and_masks() {
    canonical(json!({"time": "1970-01-01T00:00:00Z", "duration": "0s", "mask": ""}));
    canonical(json!({"time": "0001-01-01T00:00:00Z", "duration": "-315576000000.999999999s"}));
    canonical(json!({"time": "9999-12-31T23:59:59.999999999Z", "duration": "-0.500s"}));
    canonical(
        json!({"time": "2026-01-24T13:57:30.250Z", "duration": "1.000001s", "mask": "agentOutput.text,toolCall"}),
    );
    accepts(json!({"time": "2026-01-01T01:00:00.5+01:00"}), json!({"time": "2026-01-01T00:00:00.500Z"}));
    accepts(json!({"duration": "1.5s"}), json!({"duration": "1.500s"}));
    accepts(json!({"mask": "agent_output.text, id"}), json!({"mask": "agentOutput.text,id"}));
    accepts(json!({"mask": ["agent_output.text"]}), json!({"mask": "agentOutput.text"}));
    for bad in ["", "1", "s", "1.s", ".5s", "1.0000000001s", "+1s", "315576000001s", "1e3s", "-s"] {
        assert!(schema::from_json(&kinds(), &json!({"duration": bad})).is_err(), "{bad:?}");
    }
    for bad in ["", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.0000000001Z"] {
        assert!(schema::from_json(&kinds(), &json!({"time": bad})).is_err(), "{bad:?}");
    }
}

#[test]
fn any_is_opened_where_it_can_be() {
    canonical(json!({"any": {"@type": "type.googleapis.com/kinds.Kinds", "a_int32": 1, "inner": {}}}));
    canonical(json!({"any": {"@type": "x/google.protobuf.Duration", "value": "1s"}}));
    canonical(json!({"any": {"type_url": "type.googleapis.com/not.Here", "value": "AAE="}}));
    canonical(json!({"any": {}}));
    refuses(
        json!({"any": {"@type": "type.googleapis.com/not.Here"}}),
        "at `any.@type`: `type.googleapis.com/not.Here` is not a type of this schema",
    );
}

#[test]
fn errors_name_the_place_and_the_nearest_name() {
    refuses(json!([]), "at the top of the JSON: expected an object (kinds.Kinds), found a list");
    refuses(
        json!({"inner": {"by_int": {"3": {"a_strng": "x"}}}}),
        "at `inner.by_int[\"3\"].a_strng`: `kinds.Kinds` has no field `a_strng`; did you mean one of `a_string`, \
         `by_string`?",
    );
    refuses(
        json!({"colours": ["COLOUR_RED", "COLOUR_BLU"]}),
        "at `colours[1]`: `kinds.Colour` has no value `COLOUR_BLU`; did you mean one of `COLOUR_BLUE`, `COLOUR_RED`, \
         `COLOUR_UNSPECIFIED`?",
    );
    refuses(json!({"a_int32": 2147483648u32}), "at `a_int32`: 2147483648 does not fit into a signed 32-bit number");
    refuses(json!({"a_uint64": "-1"}), "at `a_uint64`: -1 does not fit into an unsigned 64-bit number");
    refuses(json!({"a_int32": 1.5}), "at `a_int32`: 1.5 does not fit into a signed 32-bit number");
    refuses(json!({"a_float": 1e39}), "at `a_float`: 1e+39 does not fit into float");
    refuses(json!({"a_bool": "true"}), "at `a_bool`: expected true or false, found the string \"true\"");
    refuses(json!({"a_string": 5}), "at `a_string`: expected a string, found the number 5");
    refuses(json!({"a_bytes": "***"}), "at `a_bytes`: `***` is not base64");
    refuses(json!({"strings": "x"}), "at `strings`: expected a list, found the string \"x\"");
    refuses(json!({"by_int": {"x": {}}}), "at `by_int[\"x\"]`: `x` is not a number");
    refuses(json!({"a_int32": 1, "aInt32": 1}), "at `aInt32`: the field `a_int32` is given twice");
    refuses(
        json!({"left": "x", "right": {}}),
        "at `right`: `left` and `right` exclude each other (both belong to the oneof `choice`): give one of them",
    );
    refuses(
        json!({"left@opened": 1, "nosuch@opened": 1}),
        "at `nosuch@opened`: `kinds.Kinds` has no field `nosuch@opened`",
    );
}

#[test]
fn entries_of_unknown_are_checked() {
    let entry = |entry: Value| json!({"@unknown": [entry]});
    refuses(json!({"@unknown": {}}), "at `@unknown`: expected a list of unknown fields, found an object");
    refuses(
        entry(json!({"number": 50, "wire": "varint"})),
        "at `@unknown[0]`: not an entry of `@unknown`: its `value` is missing",
    );
    refuses(
        entry(json!({"number": 0, "wire": "varint", "value": 1})),
        "at `@unknown[0]`: not an entry of `@unknown`: 0 is not a field number",
    );
    refuses(
        entry(json!({"number": 50, "wire": "string", "value": 1})),
        "at `@unknown[0]`: not an entry of `@unknown`: its wire is one of varint, fixed64, bytes, group, fixed32",
    );
    refuses(
        entry(json!({"number": 50, "wire": "fixed32", "value": -1})),
        "at `@unknown[0].value`: -1 does not fit into fixed32",
    );
    accepts(
        entry(json!({"number": 50, "wire": "varint", "value": -1})),
        json!({"@unknown": [{"number": 50, "wire": "varint", "value": "18446744073709551615"}]}),
    );
    // A field that the schema knows by now is no longer unknown.
    accepts(entry(json!({"number": 1, "wire": "varint", "value": 7})), json!({"a_int32": 7}));
    canonical(json!({"a_int32": 1, "@unknown": [
        {"number": 1, "wire": "bytes", "value": "AA=="},
        {"number": 24, "wire": "bytes", "value": "CAEYAQ=="},
        {"number": 19000, "wire": "bytes", "value": "AAE="},
        {"number": 19000, "wire": "varint", "value": "3"},
        {"number": 536870911, "wire": "fixed32", "value": 9}
    ]}));
}

#[test]
fn nesting_is_bounded_and_the_same_both_ways() {
    let nested = |depth: usize| (1..depth).fold(json!({}), |inner, _| json!({"inner": inner}));
    let deepest = nested(schema::MAX_DEPTH);
    let bytes = bytes_of(&deepest);
    assert_eq!(schema::to_json(&schema::decode(&kinds(), &bytes).unwrap()), deepest);
    let too_deep = schema::from_json(&kinds(), &nested(schema::MAX_DEPTH + 1)).unwrap_err().to_string();
    assert!(too_deep.ends_with("messages are nested deeper than 100 levels"), "{too_deep}");
    let mut outer = Vec::new();
    wire::put_bytes(&mut outer, 17, &bytes);
    let too_deep = schema::decode(&kinds(), &outer).unwrap_err().to_string();
    assert!(too_deep.contains("messages are nested deeper than 100 levels (at byte"), "{too_deep}");
    let mut struct_json = json!(1);
    for _ in 0..200 {
        struct_json = json!([struct_json]);
    }
    assert!(schema::from_json(&kinds(), &json!({"value": struct_json})).is_err());
}

#[test]
fn wire_errors_name_the_field() {
    let error = |bytes: &[u8]| schema::decode(&kinds(), bytes).unwrap_err().to_string();
    let mut inner = Vec::new();
    wire::put_bytes(&mut inner, 22, b"fine");
    wire::put_bytes(&mut inner, 22, b"not \xff fine");
    let mut outer = Vec::new();
    wire::put_bytes(&mut outer, 17, &inner);
    assert_eq!(
        error(&outer),
        "not a valid message: a string field holds bytes that are not UTF-8 (at byte 17, in field `inner.strings`)"
    );
    assert_eq!(
        error(&[0x8a, 0x01, 0x02, 0x08]),
        "not a valid message: a value of 2 bytes is announced, but only 1 are left (at byte 2)"
    );
    assert_eq!(
        error(&[0x8a, 0x01, 0x01, 0x08]),
        "not a valid message: the input ends in the middle of a value (at byte 4, in field `inner`)"
    );
    let mut ragged = Vec::new();
    wire::put_bytes(&mut ragged, 20, &[1, 2, 3, 4, 5]);
    assert_eq!(
        error(&ragged),
        "not a valid message: a packed list ends in the middle of a value (at byte 7, in field `packed_fixed`)"
    );
}

#[test]
fn lists_are_read_packed_or_not_and_written_as_the_schema_says() {
    let mut mixed = Vec::new();
    wire::put_varint(&mut mixed, 19, 1);
    wire::put_bytes(&mut mixed, 19, &[2, 3]);
    wire::put_bytes(&mut mixed, 21, &[5, 6]);
    let message = schema::decode(&kinds(), &mixed).unwrap();
    assert_eq!(schema::to_json(&message), json!({"packed": ["-1", "1", "-2"], "unpacked": [5, 6]}));
    let expected = [0x9a, 0x01, 0x03, 0x01, 0x02, 0x03, 0xa8, 0x01, 0x05, 0xa8, 0x01, 0x06];
    assert_eq!(schema::encode(&message), expected);
}

#[test]
fn names_are_looked_up_in_full_short_and_by_their_end() {
    let schema = Schema::embedded();
    for name in ["Request", "warp.multi_agent.v1.Request", ".warp.multi_agent.v1.Request", "v1.Request"] {
        assert_eq!(schema.message(name).unwrap().full_name(), "warp.multi_agent.v1.Request", "{name}");
    }
    assert_eq!(
        schema.message("StreamFinished").unwrap().full_name(),
        "warp.multi_agent.v1.ResponseEvent.StreamFinished"
    );
    let error = schema.message("Reqest").unwrap_err().to_string();
    assert!(error.contains("no message named `Reqest`") && error.contains("`Request`"), "{error}");
    let error = schema.message("UserQuery").unwrap_err().to_string();
    assert!(error.contains("could be any of") && error.contains("Message.UserQuery"), "{error}");
}

#[test]
fn text_is_decoded_by_the_spelling_that_makes_sense() {
    let event = Schema::embedded().message("ResponseEvent").unwrap();
    let json = |text: &str| schema::to_json(&schema::decode_spelled(&event, text.as_bytes()).unwrap());
    let done = json!({"finished": {"done": {}}});
    for text in ["GgISAA==", "GgISAA", "1a021200", "\"GgISAA==\"", "1A 02 12 00", "1a021200\n"] {
        assert_eq!(json(text), done, "{text}");
    }
    assert!(schema::decode_spelled(&event, b"GgIS").unwrap_err().to_string().contains("announced"));
    assert!(schema::decode_spelled(&event, b"?").unwrap_err().to_string().contains("neither to hex nor to base64"));
}

#[test]
fn map_entries_are_ordered_as_googles_runtime_has_them() {
    let keys = |json: Value| {
        let bytes = bytes_of(&json);
        let entries = wire::fields(&bytes).map(|field| match field.unwrap().value {
            wire::Value::Bytes(entry) => entry.to_vec(),
            other => panic!("{other:?}"),
        });
        entries
            .map(|entry| wire::fields(&entry).next().unwrap().map(|key| format!("{:?}", key.value)).unwrap())
            .collect()
    };
    let numbers: Vec<String> = keys(json!({"by_uint": {"5": 0, "18446744073709551615": 0, "0": 0, "300": 0}}));
    assert_eq!(numbers, ["Varint(18446744073709551615)", "Varint(300)", "Varint(5)", "Varint(0)"]);
    let truths: Vec<String> = keys(json!({"by_bool": {"false": "", "true": ""}}));
    assert_eq!(truths, ["Varint(1)", "Varint(0)"]);
    let texts: Vec<String> = keys(json!({"by_string": {"": 0, "a": 0, "ab": 0, "abc": 0, "b": 0, "B": 0}}));
    let expected = ["B", "abc", "ab", "a", "b", ""].map(|text| format!("{:?}", wire::Value::Bytes(text.as_bytes())));
    assert_eq!(texts, expected);
}
