//! Small things that every reader of this dialect needs: fields under either of their two names, and lists that may come
//! without their brackets.

use crate::{dialect::field::Field, turn::TurnError};

/// The member `camel`, or else `snake`: JSON of protobuf messages is written in either way.
pub(crate) fn either<'q, 'v>(field: &'q Field<'_, 'v>, camel: &'q str, snake: &'q str) -> Option<Field<'q, 'v>> {
    field.get(camel).or_else(|| field.get(snake))
}

/// Calls `visit` with each element of an array, or with the value itself when it is no array.
pub(crate) fn for_each<'v>(
    field: &Field<'_, 'v>,
    mut visit: impl FnMut(&Field<'_, 'v>) -> Result<(), TurnError>,
) -> Result<(), TurnError> {
    match field.elements() {
        Some(mut elements) => elements.try_for_each(|element| visit(&element)),
        None => visit(field),
    }
}

/// `name` as it is written in the documentation: `response_schema` is `responseSchema`.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for character in name.chars() {
        match character {
            '_' if !camel.is_empty() => raise = true,
            other if raise => {
                camel.push(other.to_ascii_uppercase());
                raise = false;
            }
            other => camel.push(other),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn names_are_written_as_the_documentation_has_them() {
        assert_eq!(camel("response_json_schema"), "responseJsonSchema");
        assert_eq!(camel("topK"), "topK");
        assert_eq!(camel("_x"), "_x");
    }
}
