//! What must hold for any input at all, one function a fuzz target. `fuzz/` calls them with inputs that the fuzzer makes
//! up, the integration tests with the inputs of `tests/fixtures/fuzz/` that were found interesting.

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::Value;
use warp2api::capture::{self, Piece, ReadError};
use warp2api::schema::{self, JsonForm, Names, Schema, form, raw, series, spelling};
use warp2api::sse;

const TYPES: [&str; 6] = [
    "Request",
    "ResponseEvent",
    "Message",
    "google.protobuf.Value",
    "google.protobuf.Struct",
    "google.protobuf.FieldMask",
];

fn descriptor(choice: u8) -> MessageDescriptor {
    Schema::embedded().message(TYPES[usize::from(choice) % TYPES.len()]).unwrap()
}

/// Event streams: the same events however the bytes are cut, and what is written is read. The first byte is the size of
/// the pieces.
pub(crate) fn sse(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else { return };
    let read = |size: usize| {
        let mut decoder = sse::Decoder::with_limit(4096);
        let mut events = Vec::new();
        let mut ended = Ok(());
        for chunk in stream.chunks(size.max(1)) {
            ended = decoder.push(&Bytes::copy_from_slice(chunk), &mut events);
            if ended.is_err() {
                break;
            }
        }
        let ended = ended.and_then(|()| decoder.finish(&mut events));
        (events, ended.is_ok())
    };
    let (whole, cut) = (read(stream.len()), read(usize::from(*size)));
    assert_eq!(whole, cut);
    let mut written = Vec::new();
    // The encoder is for texts of our own making, which hold no carriage return.
    let tame: Vec<_> = whole.0.iter().filter(|event| !event.data.contains('\r')).collect();
    tame.iter().for_each(|event| sse::put(&mut written, None, &event.data));
    let mut again = Vec::new();
    let mut decoder = sse::Decoder::default();
    decoder.push(&Bytes::from(written), &mut again).unwrap();
    decoder.finish(&mut again).unwrap();
    let data = |events: &[sse::Event]| events.iter().map(|event| event.data.clone()).collect::<Vec<_>>();
    assert_eq!(data(&again), tame.iter().map(|event| event.data.clone()).collect::<Vec<_>>());
}

/// Input of unknown form: it is some form, every spelling of it reads back, and a series of it is one.
pub(crate) fn detect(data: &[u8]) {
    let _ = (form::of(data), form::is_binary(data), spelling::is_text(data));
    let event = descriptor(1);
    let _ = schema::decode_spelled(&event, data);
    for candidate in spelling::candidates(data) {
        assert!(candidate.len() <= data.len());
    }
    for how in [spelling::Spelling::Hex, spelling::Spelling::Base64, spelling::Spelling::Base64Url] {
        let text = spelling::encode(data, how);
        assert!(spelling::candidates(&text).iter().any(|bytes| bytes == data), "{how:?}");
    }
    let fits = |bytes: &[u8]| schema::decode(&event, bytes).is_ok_and(|message| schema::count_unknown(&message) == 0);
    let at_end = series::tell(data, true, fits);
    assert!(matches!(at_end, series::Taken::Message | series::Taken::Series), "{at_end:?}");
    let _ = series::tell(data, false, fits);
    let mut framed = Vec::new();
    series::put(&mut framed, data);
    let item = series::first(&framed).unwrap().unwrap();
    assert_eq!((item.message, item.taken), (data, framed.len()));
}

/// Wire bytes: what decodes encodes to something stable, and comes back from every form of JSON to the same bytes; what is
/// redacted still is a message. The first byte chooses the type.
pub(crate) fn decode(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let descriptor = descriptor(*choice);
    let _ = raw::to_json(bytes);
    let decoded = schema::decode(&descriptor, bytes);
    let mut line = Vec::new();
    if Schema::embedded().transcoder(descriptor.full_name()).is_some_and(|own| own.put(bytes, &mut line)) {
        let message = decoded.as_ref().expect("what is transcoded is well-formed");
        assert_eq!(String::from_utf8(line).unwrap(), schema::to_json(message).to_string());
    }
    let Ok(mut message) = decoded else { return };
    let encoded = schema::encode(&message);
    assert_eq!(schema::encode(&schema::decode(&descriptor, &encoded).unwrap()), encoded);
    for form in [
        JsonForm::default(),
        JsonForm { names: Names::Camel, unset: false },
        JsonForm { names: Names::Snake, unset: true },
    ] {
        let mut json = schema::to_json_as(&message, form);
        schema::opaque::open(&descriptor, &mut json);
        let text = json.to_string();
        // Deeper than JSON's reader goes there is no way back.
        let Ok(json) = serde_json::from_str(&text) else { continue };
        let read = schema::from_json(&descriptor, &json).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(schema::encode(&read), encoded, "{text}");
    }
    schema::redact(&Schema::embedded(), &mut message);
    let redacted = schema::encode(&message);
    assert_eq!(schema::encode(&schema::decode(&descriptor, &redacted).unwrap()), redacted);
}

/// JSON: what is taken for a message is one, and its canonical form is taken for the same. The first byte chooses the type.
pub(crate) fn encode(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(mut json) = serde_json::from_slice::<Value>(text) else { return };
    let descriptor = descriptor(*choice);
    let read = schema::from_json(&descriptor, &json);
    let transcoder = Schema::embedded().transcoder(descriptor.full_name());
    if let Some(wire) = transcoder.and_then(|own| own.wire(&json)) {
        assert_eq!(wire, schema::encode(read.as_ref().expect("what is transcoded is a message")));
    }
    if let Ok(message) = read {
        let bytes = schema::encode(&message);
        let decoded = schema::decode(&descriptor, &bytes).unwrap();
        let canonical = schema::to_json(&decoded);
        let again = schema::from_json(&descriptor, &canonical).unwrap_or_else(|error| panic!("{error}\n{canonical}"));
        assert_eq!(schema::encode(&again), bytes, "{canonical}");
    }
    schema::sanitize_tools(&mut json);
    assert_eq!(schema::sanitize_tools(&mut json), 0, "mended twice: {json}");
}

/// Files that may hold recorded exchanges: the same exchanges however the file is read, each with a beginning and an end,
/// and never more in them than the file has. The first byte is the size of the reader's buffer.
pub(crate) fn har(data: &[u8]) {
    let Some((size, file)) = data.split_first() else { return };
    let read = |size: usize| {
        let mut pieces: Vec<Piece> = Vec::new();
        let input = std::io::BufReader::with_capacity(size.max(1), file);
        let ended = capture::read(input, &mut |piece| {
            match (pieces.last_mut(), piece) {
                // How bytes are cut is the reader's affair.
                (Some(Piece::Bytes { ms: known, bytes: all }), Piece::Bytes { ms, bytes }) if *known == ms => {
                    *all = [&all[..], &bytes[..]].concat().into();
                }
                (_, piece) => pieces.push(piece),
            }
            Ok::<(), ReadError>(())
        });
        (pieces, ended.is_ok())
    };
    let (pieces, is_whole) = read(file.len());
    assert_eq!(read(usize::from(*size)), (pieces.clone(), is_whole));
    let (mut is_open, mut held) = (false, 0);
    for piece in &pieces {
        match piece {
            Piece::Begin(opening) => {
                assert!(!std::mem::replace(&mut is_open, true), "an exchange begins within another");
                held += opening.request.as_ref().map_or(0, Bytes::len);
            }
            Piece::Bytes { bytes, .. } => {
                assert!(is_open, "bytes outside of an exchange");
                held += bytes.len();
            }
            Piece::Answer { .. } => assert!(is_open, "an answer outside of an exchange"),
            Piece::End { .. } => assert!(std::mem::replace(&mut is_open, false), "an end without a beginning"),
            Piece::Broken { .. } => {}
        }
    }
    assert!(!is_open || !is_whole, "an exchange has no end");
    assert!(held <= file.len(), "{held} bytes of {}", file.len());
}
