//! How long the parts take. What one run of each does is told as its throughput: events, or whole messages.

#![expect(clippy::unwrap_used, reason = "what cannot be set up cannot be measured")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod support;

fn parts(criterion: &mut Criterion) {
    for case in support::all() {
        let (group, name) = case.name.split_once('/').unwrap();
        let mut run = (case.prepare)();
        let mut group = criterion.benchmark_group(group);
        group.throughput(Throughput::Elements(case.units));
        group.bench_function(name, |bencher| bencher.iter(&mut run));
        group.finish();
    }
}

criterion_group!(benches, parts);
criterion_main!(benches);
