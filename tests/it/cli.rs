//! The real binary: exit codes, both output channels, and what it does with input it cannot use.

use crate::common::Place;

#[test]
fn help_is_data_and_a_slip_is_not() {
    let place = Place::new();
    let help = place.run("--help", b"").ended(0);
    assert!(help.text().contains("Usage: warp2api") && help.err.is_empty(), "{help:?}");
    let slip = place.run("srve", b"").ended(2);
    assert!(slip.out.is_empty() && slip.err.contains("serve"), "{slip:?}");
    place.run("", b"").ended(2);
}

#[test]
fn version_is_the_packages() {
    let version = Place::new().run("--version", b"").ended(0);
    assert_eq!(version.text(), concat!("warp2api ", env!("CARGO_PKG_VERSION"), "\n"));
}
