//! Gathers what an answer rests on, for the metadata at its end: what was searched for on the web, and which pages.

use serde_json::{Value, json};

use crate::turn::{Page, WebSearch};

/// What one candidate rests on so far.
#[derive(Debug, Default)]
pub(crate) struct Grounding {
    queries: Vec<String>,
    found: Vec<Page>,
    cited: Option<Vec<Page>>,
}

impl Grounding {
    /// The web was searched.
    pub(crate) fn search(&mut self, search: &WebSearch) {
        self.queries.push(search.query.clone());
        self.found.extend(search.pages.iter().flatten().cloned());
    }

    /// The answer says which pages it rests on.
    pub(crate) fn cite(&mut self, pages: &[Page]) {
        self.cited = Some(pages.to_vec());
    }

    /// The metadata; `None` when the answer rests on nothing of the web.
    pub(crate) fn metadata(&self) -> Option<Value> {
        // What was cited tells more than what was found.
        let pages = self.cited.as_ref().unwrap_or(&self.found);
        if self.queries.is_empty() && pages.is_empty() {
            return None;
        }
        let chunks: Vec<Value> = pages.iter().map(chunk).collect();
        Some(json!({"webSearchQueries": self.queries, "groundingChunks": chunks}))
    }
}

fn chunk(page: &Page) -> Value {
    let title = if page.title.is_empty() { &page.url } else { &page.title };
    json!({"web": {"uri": page.url, "title": title}})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Grounding;
    use crate::turn::{Page, WebSearch};

    fn page(url: &str, title: &str) -> Page {
        Page { url: url.to_owned(), title: title.to_owned() }
    }

    #[test]
    fn cited_pages_stand_for_found_ones() {
        let mut grounding = Grounding::default();
        assert_eq!(grounding.metadata(), None);
        let found = Some(vec![page("https://a.example", "A"), page("https://b.example", "")]);
        grounding.search(&WebSearch { id: "1".to_owned(), query: "okapi".to_owned(), pages: found });
        let metadata = grounding.metadata().unwrap();
        assert_eq!(metadata["webSearchQueries"], json!(["okapi"]));
        assert_eq!(metadata["groundingChunks"][1]["web"]["title"], "https://b.example");
        grounding.cite(&[page("https://b.example", "B")]);
        assert_eq!(
            grounding.metadata().unwrap()["groundingChunks"],
            json!([{"web": {"uri": "https://b.example", "title": "B"}}])
        );
    }
}
