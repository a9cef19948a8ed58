//! Ids of tool calls, of which clients insist that each is another's: one drops the second of two calls with one id.

use std::collections::BTreeSet;

/// The longest id that is made here; some clients take no longer ones.
const LONGEST: usize = 64;

/// `given`, or where that is empty or taken, an id made from it: always the same one for the same ids before it. What is
/// returned is taken from then on.
pub fn unique_id(given: &str, taken: &mut BTreeSet<String>) -> String {
    if !given.is_empty() && taken.insert(given.to_owned()) {
        return given.to_owned();
    }
    let stem = if given.is_empty() { "call" } else { given };
    let mut number = 2_usize;
    loop {
        let end = format!("_{number}");
        let room = LONGEST.saturating_sub(end.len());
        let id = format!("{}{end}", &stem[..stem.floor_char_boundary(room)]);
        if taken.insert(id.clone()) {
            return id;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{LONGEST, unique_id};

    #[test]
    fn every_id_is_another_and_the_same_each_time() {
        let ids = || {
            let mut taken = BTreeSet::from(["a_2".to_owned()]);
            ["a", "a", "a", "", ""].map(|given| unique_id(given, &mut taken))
        };
        assert_eq!(ids(), ["a", "a_3", "a_4", "call_2", "call_3"]);
        assert_eq!(ids(), ids());
    }

    #[test]
    fn made_ids_are_short_and_whole_characters() {
        let mut taken = BTreeSet::new();
        let long = "é".repeat(100);
        assert_eq!(unique_id(&long, &mut taken), long, "what was given stays, if it can");
        for _ in 0..200 {
            assert!(unique_id(&long, &mut taken).len() <= LONGEST);
        }
        assert_eq!(taken.len(), 201);
    }
}
