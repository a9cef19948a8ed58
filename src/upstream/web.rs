//! What the upstream does on the web by itself: searches and fetches, and the pages that an answer rests on
//! (`WARP-PROTOCOL.md` §3.5). It must not know tasks, actions or any client.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::{
    turn::{Page, WebSearch},
    upstream::{
        entry::{Entry, Voice, part},
        event::text,
        message::Role,
    },
};

/// The type of the citations that name a page of the web.
const WEB_PAGE: &str = "WEB_PAGE";

/// The searches of one answer, each told once, when it is over.
#[derive(Debug, Default)]
pub(crate) struct Searches {
    /// What is searched for, by the message's id; a failure does not say it again.
    queries: BTreeMap<String, String>,
    told: BTreeSet<String>,
}

impl Searches {
    /// Looks at a message that is new or has changed. Returns its search if that is now over.
    pub(crate) fn follow(&mut self, entry: &Entry) -> Option<WebSearch> {
        let status = part(entry.part(Role::Web, "web_search")?, "status")?;
        if self.told.contains(entry.id()) {
            return None;
        }
        if let Some(searching) = part(status, "searching") {
            self.queries.insert(entry.id().to_owned(), text(searching, "query"));
            return None;
        }
        let success = part(status, "success");
        if success.is_none() && part(status, "error").is_none() {
            return None;
        }
        let asked = self.queries.remove(entry.id()).unwrap_or_default();
        let query = success.map(|success| text(success, "query")).filter(|query| !query.is_empty()).unwrap_or(asked);
        self.told.insert(entry.id().to_owned());
        Some(WebSearch { id: entry.id().to_owned(), query, pages: success.map(pages) })
    }
}

/// The pages of the web that `answer` cites, each once, in order. They are called what the searches and fetches among
/// `all` messages call them.
pub(crate) fn citations<'a>(
    answer: impl Iterator<Item = &'a Entry>,
    all: impl Iterator<Item = &'a Entry>,
) -> Vec<Page> {
    let mut seen = BTreeSet::new();
    let urls = answer.filter(|entry| entry.may_cite()).flat_map(cited);
    let urls: Vec<String> = urls.filter(|url| !url.is_empty() && seen.insert(url.clone())).collect();
    if urls.is_empty() {
        return Vec::new();
    }
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for page in all.flat_map(found).filter(|page| !page.title.is_empty()) {
        titles.entry(page.url).or_insert(page.title);
    }
    urls.into_iter().map(|url| Page { title: titles.remove(&url).unwrap_or_default(), url }).collect()
}

/// The addresses of the pages that a message cites.
fn cited(entry: &Entry) -> Vec<String> {
    if entry.part(Role::Speaks(Voice::Text), "agent_output").is_none() {
        return Vec::new();
    }
    let citations = messages(entry.message(), "citations", |citation| {
        let kind = citation.get_field_by_name("document_type")?.as_enum_number()?;
        let field = citation.descriptor().get_field_by_name("document_type")?;
        let name = field.kind().as_enum()?.get_value(kind)?;
        (name.name() == WEB_PAGE).then(|| text(citation, "document_id"))
    });
    citations.into_iter().flatten().collect()
}

/// The pages that a message's search or fetch found.
fn found(entry: &Entry) -> Vec<Page> {
    let kind = ["web_search", "web_fetch"].into_iter().find_map(|name| entry.part(Role::Web, name));
    let success = kind.and_then(|kind| part(part(kind, "status")?, "success"));
    success.map(pages).unwrap_or_default()
}

/// The pages that a search or a fetch found.
fn pages(success: &DynamicMessage) -> Vec<Page> {
    messages(success, "pages", |page| Page { url: text(page, "url"), title: text(page, "title") })
}

/// What `read` makes of each message in the list `name`.
fn messages<T>(message: &DynamicMessage, name: &str, read: impl Fn(&DynamicMessage) -> T) -> Vec<T> {
    match message.get_field_by_name(name) {
        Some(Cow::Borrowed(Value::List(items))) => items.iter().filter_map(Value::as_message).map(read).collect(),
        Some(Cow::Borrowed(_) | Cow::Owned(_)) | None => Vec::new(),
    }
}
