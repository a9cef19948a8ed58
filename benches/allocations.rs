//! How often the parts allocate, and how much: for each event, or each whole message.

#![expect(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

mod support;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    println!("{:<42} {:>8} {:>14} {:>12}", "part", "units", "allocations", "bytes");
    for case in support::all() {
        let mut run = (case.prepare)();
        // What is kept for the next time is not counted.
        run();
        let region = Region::new(ALLOCATOR);
        run();
        let change = region.change();
        let each = |total: usize| total as f64 / case.units as f64;
        let (count, bytes) = (each(change.allocations + change.reallocations), each(change.bytes_allocated));
        println!("{:<42} {:>8} {count:>14.2} {bytes:>12.0}", case.name, case.units);
    }
}
