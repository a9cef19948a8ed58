//! Who we say we are: the headers of `WARP-PROTOCOL.md` §1.3 with our own name and the system we really run on.
//!
//! Nothing is disguised. The version header names a version of Warp's client, so it is sent only when the user has set
//! one. It must not know what is asked with these headers.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// Our name in `X-Warp-Client-ID`.
const CLIENT_ID: &str = "warp2api";

/// An operating system, as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct System {
    category: Option<&'static str>,
    name: Option<String>,
    version: Option<String>,
    kernel: Option<String>,
}

/// The headers that go with every request to the upstream. What is not known is not sent; `version` is the client
/// version that the user has set, if any.
#[must_use]
pub fn headers(version: Option<&str>) -> HeaderMap {
    System::read().headers(given(version))
}

/// The same facts as GraphQL's `requestContext` wants them (§6.1).
#[must_use]
pub fn request_context(version: Option<&str>) -> Value {
    System::read().request_context(given(version))
}

fn given(version: Option<&str>) -> Option<&str> {
    version.map(str::trim).filter(|text| !text.is_empty())
}

impl System {
    fn headers(&self, version: Option<&str>) -> HeaderMap {
        let pairs = [
            ("x-warp-client-id", Some(CLIENT_ID)),
            ("x-warp-client-version", version),
            ("x-warp-os-category", self.category),
            ("x-warp-os-name", self.name.as_deref()),
            ("x-warp-os-version", self.version.as_deref()),
            ("x-warp-os-linux-kernel-version", self.kernel.as_deref()),
        ];
        let sendable = |(name, value): (&'static str, Option<&str>)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value?).ok()?))
        };
        pairs.into_iter().filter_map(sendable).collect()
    }

    fn request_context(&self, version: Option<&str>) -> Value {
        json!({
            "clientContext": {"version": version},
            "osContext": {
                "category": self.category,
                "linuxKernelVersion": self.kernel,
                "name": self.name,
                "version": self.version,
            },
        })
    }

    fn read() -> Self {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        match std::env::consts::OS {
            "linux" => {
                let kernel = file("/proc/sys/kernel/osrelease");
                Self::linux(&[file("/etc/os-release"), file("/usr/lib/os-release")], kernel.trim())
            }
            "macos" => Self::macos(&file("/System/Library/CoreServices/SystemVersion.plist")),
            "windows" => Self { category: Some("Windows"), name: Some("Windows".to_owned()), ..Self::default() },
            _ => Self::default(),
        }
    }

    /// Linux by the first of its `os-release` files that says anything.
    fn linux(releases: &[String], kernel: &str) -> Self {
        let field = |key: &str| releases.iter().find_map(|text| os_release_field(text, key));
        Self {
            category: Some("Linux"),
            name: field("NAME").or_else(|| Some("Linux".to_owned())),
            version: field("VERSION_ID"),
            kernel: Some(kernel).filter(|text| !text.is_empty()).map(str::to_owned),
        }
    }

    fn macos(plist: &str) -> Self {
        let after = plist.split_once("<key>ProductVersion</key>").map(|(_, rest)| rest);
        let version = after.and_then(|rest| rest.split_once("<string>")?.1.split_once("</string>"));
        let version = version.map(|(text, _)| text.trim().to_owned());
        Self { category: Some("macOS"), name: Some("macOS".to_owned()), version, kernel: None }
    }
}

/// The value of `key` in text of the `os-release` form: `KEY=value` lines, the value perhaps in quotes.
fn os_release_field(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    let value = value.trim().trim_matches(['"', '\'']);
    Some(value.to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_is_what_its_release_file_says() {
        let release = "PRETTY_NAME=\"Some Linux 9\"\nNAME='Some Linux'\n# NAME=no\nVERSION_ID=\"9.1\"\nVERSION=\"9\"\n";
        let system = System::linux(&[String::new(), release.to_owned()], "6.1.0-9");
        assert_eq!(system.name.as_deref(), Some("Some Linux"));
        assert_eq!(system.version.as_deref(), Some("9.1"));
        assert_eq!(system.kernel.as_deref(), Some("6.1.0-9"));
        let silent = System::linux(&[], "");
        assert_eq!((silent.name.as_deref(), silent.version, silent.kernel), (Some("Linux"), None, None));
    }

    #[test]
    fn macos_is_what_its_version_list_says() {
        let plist =
            "<dict><key>ProductName</key><string>macOS</string>\n<key>ProductVersion</key>\n <string>26.3</string>";
        assert_eq!(System::macos(plist).version.as_deref(), Some("26.3"));
        assert_eq!(System::macos("").version, None);
    }

    #[test]
    fn we_go_by_our_own_name_and_tell_no_version_unless_one_is_set() {
        let plain = headers(None);
        assert_eq!(plain["x-warp-client-id"], "warp2api");
        assert!(!plain.contains_key("x-warp-client-version"));
        let set = headers(Some(" v0.2026 "));
        assert_eq!(set["x-warp-client-version"], "v0.2026");
        assert!(!headers(Some("two\nlines")).contains_key("x-warp-client-version"));
    }

    #[test]
    fn headers_and_request_context_tell_the_same() {
        let system = System {
            category: Some("Linux"),
            name: Some("Some Linux".to_owned()),
            version: Some("9".to_owned()),
            kernel: None,
        };
        let headers = system.headers(None);
        assert_eq!(headers["x-warp-os-category"], "Linux");
        assert_eq!(headers["x-warp-os-name"], "Some Linux");
        assert_eq!(headers["x-warp-os-version"], "9");
        assert_eq!(headers.len(), 4);
        let context = json!({
            "clientContext": {"version": null},
            "osContext": {"category": "Linux", "linuxKernelVersion": null, "name": "Some Linux", "version": "9"},
        });
        assert_eq!(system.request_context(None), context);
    }
}
