//! Pages that an answer rests on, as both APIs tell of them.
//!
//! The upstream says which pages, but not which words rest on them. Where the text itself names a page, by its address or
//! by a Markdown link to it, the citation marks that; else it marks the end of the text.

use serde_json::{Map, Value};

use crate::turn::Page;

/// The members of a citation of `page` in `text`. Positions are counted in characters.
pub(crate) fn members(page: &Page, text: &str) -> Map<String, Value> {
    let title = if page.title.is_empty() { &page.url } else { &page.title };
    let (start, end) = place(&page.url, text).unwrap_or((text.len(), text.len()));
    let position = |byte: usize| Value::from(text[..byte].chars().count());
    let members = [
        ("start_index", position(start)),
        ("end_index", position(end)),
        ("url", Value::from(page.url.as_str())),
        ("title", Value::from(title.as_str())),
    ];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Where `text` names `url` first, in bytes.
fn place(url: &str, text: &str) -> Option<(usize, usize)> {
    if url.is_empty() {
        return None;
    }
    let ends_there = |end: &usize| !text[*end..].starts_with(goes_on);
    let (start, end) =
        text.match_indices(url).map(|(start, url)| (start, start + url.len())).find(|(_, end)| ends_there(end))?;
    let label = text[..start].strip_suffix("](").filter(|_| text[end..].starts_with(')'));
    let link = label.and_then(|before| Some((before.rfind('[')?, end + 1)));
    Some(link.unwrap_or((start, end)))
}

/// True for what makes an address another, longer one.
fn goes_on(character: char) -> bool {
    character.is_alphanumeric() || "/-_~%?=&#+".contains(character)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::members;
    use crate::turn::Page;

    #[track_caller]
    fn check(text: &str, marked: &str) {
        let page = Page { url: "https://a.example/x".to_owned(), title: String::new() };
        let found = members(&page, text);
        let place = |name: &str| usize::try_from(found[name].as_u64().unwrap()).unwrap();
        let (start, end) = (place("start_index"), place("end_index"));
        assert_eq!(text.chars().skip(start).take(end - start).collect::<String>(), marked);
        assert_eq!((&found["url"], &found["title"]), (&json!(page.url), &json!(page.url)));
        assert!(!marked.is_empty() || start == text.chars().count());
    }

    #[test]
    fn a_page_is_marked_where_the_text_names_it() {
        check("Größe: https://a.example/x.", "https://a.example/x");
        check("See ([a 😀 page](https://a.example/x)), or [b](https://b.example).", "[a 😀 page](https://a.example/x)");
        check("https://a.example/xy and https://a.example/x?q, then https://a.example/x", "https://a.example/x");
        check("(https://a.example/x)", "https://a.example/x");
    }

    #[test]
    fn a_page_that_the_text_does_not_name_is_marked_at_its_end() {
        check("Größe 😀.", "");
        check("https://a.example/x/y", "");
        check("", "");
    }
}
