//! Which capture answers a request.
//!
//! Requests are compared without what is new each time: ids and times. A capture that was redacted is compared with the
//! request redacted in the same way. It must not know how answers are played.

use std::sync::{Mutex, PoisonError};

use prost_reflect::MessageDescriptor;
use serde_json::Value;

use crate::{
    capture::{
        redact::Redactor,
        replay::{load::Exchange, options::Match},
    },
    schema::{self, Schema, SchemaError},
};

/// The captures, and which of them have been played.
#[derive(Debug)]
pub(crate) struct Shelf {
    exchanges: Vec<Exchange>,
    /// What each was an answer to, where requests are compared.
    asked: Vec<Option<Value>>,
    order: Match,
    request: MessageDescriptor,
    redactor: Redactor,
    played: Mutex<Played>,
}

#[derive(Debug, Default)]
struct Played {
    next: usize,
    times: Vec<usize>,
}

impl Shelf {
    pub(crate) fn new(exchanges: Vec<Exchange>, order: Match, schema: &Schema) -> Result<Self, SchemaError> {
        let mut shelf = Self {
            asked: Vec::new(),
            order,
            request: schema.message("Request")?,
            redactor: Redactor::new(schema)?,
            played: Mutex::new(Played { next: 0, times: vec![0; exchanges.len()] }),
            exchanges,
        };
        if order == Match::Request {
            let requests = shelf.exchanges.iter().map(|exchange| exchange.opening.request.as_deref());
            shelf.asked = requests.map(|request| request.and_then(|wire| shelf.lasting(wire))).collect();
        }
        Ok(shelf)
    }

    /// The capture that answers the request, or none.
    pub(crate) fn answer_to(&self, wire: &[u8]) -> Option<&Exchange> {
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match self.order {
            Match::Order => played.next,
            Match::Request => {
                let plain = self.lasting(wire)?;
                let redacted = self.lasting(&self.redactor.request(wire))?;
                let is_same = |place: &usize| {
                    let asked = self.asked.get(*place).and_then(Option::as_ref);
                    let is_redacted = self.exchanges.get(*place).is_some_and(|exchange| exchange.opening.redacted);
                    asked == Some(if is_redacted { &redacted } else { &plain })
                };
                // Of several the one that was played least; of those the first.
                (0..self.exchanges.len()).filter(is_same).min_by_key(|place| played.times.get(*place).copied())?
            }
        };
        played.next = (place + 1) % self.exchanges.len();
        if let Some(times) = played.times.get_mut(place) {
            *times += 1;
        }
        self.exchanges.get(place)
    }

    /// The request without what is new each time; none when it is no request.
    fn lasting(&self, wire: &[u8]) -> Option<Value> {
        let message = schema::decode(&self.request, wire).ok()?;
        let mut json = schema::to_json(&message);
        forget(&mut json);
        Some(json)
    }
}

/// Drops ids and times, at any depth.
fn forget(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.retain(|name, _| !is_new_each_time(name));
            members.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_new_each_time(name: &str) -> bool {
    name == "id"
        || name.ends_with("_id")
        || matches!(name, "timestamp" | "current_time" | "server_message_data" | "server_data")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::Shelf;
    use crate::{
        capture::{
            Opening,
            replay::{load::Exchange, options::Match},
        },
        schema::{Schema, encode, from_json},
    };

    fn request(query: &str, id: &str) -> Bytes {
        let json = json!({"metadata": {"conversation_id": id}, "input": {"context": {"current_time": {
            "timestamp": format!("2026-01-31T12:00:0{}Z", id.len())}},
            "user_inputs": {"inputs": [{"user_query": {"query": query}}]}}});
        let descriptor = Schema::embedded().message("Request").unwrap();
        match from_json(&descriptor, &json) {
            Ok(message) => encode(&message).into(),
            Err(error) => panic!("{error}"),
        }
    }

    fn recorded(request: Bytes, redacted: bool) -> Exchange {
        let opening = Opening { request: Some(request), redacted, ..Opening::default() };
        Exchange { opening, ..Exchange::default() }
    }

    fn place(shelf: &Shelf, wire: &[u8]) -> Option<usize> {
        let found = shelf.answer_to(wire)?;
        shelf.exchanges.iter().position(|exchange| std::ptr::eq(exchange, found))
    }

    #[test]
    fn in_order_they_come_round() {
        let all = vec![Exchange::default(), Exchange::default()];
        let shelf = Shelf::new(all, Match::Order, &Schema::embedded()).unwrap();
        assert_eq!([(); 3].map(|()| place(&shelf, b"")), [Some(0), Some(1), Some(0)]);
    }

    #[test]
    fn by_request_ids_and_times_do_not_matter() {
        let schema = Schema::embedded();
        let redacted = super::Redactor::new(&schema).unwrap().request(&request("secret", "y"));
        let all = vec![
            recorded(request("one", "a"), false),
            recorded(request("two", "b"), false),
            recorded(request("one", "cc"), false),
            recorded(redacted.into(), true),
        ];
        let shelf = Shelf::new(all, Match::Request, &schema).unwrap();
        assert_eq!(place(&shelf, &request("two", "zzz")), Some(1));
        let ones = [(); 3].map(|()| place(&shelf, &request("one", "zzz")));
        assert_eq!(ones, [Some(0), Some(2), Some(0)]);
        assert_eq!(place(&shelf, &request("anything of the same form", "zzz")), Some(3));
        assert_eq!(place(&shelf, b"\xff"), None);
    }
}
