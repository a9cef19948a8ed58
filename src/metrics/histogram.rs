//! A histogram that is fed without a lock: one atomic addition to a bucket, one to the sum.
//!
//! It must not know what it times.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};

/// Microseconds of a millisecond and of a second, for the bounds of buckets.
pub(super) const MS: u64 = 1000;
pub(super) const S: u64 = 1000 * MS;

/// The histogram. Cheap to clone; clones are one.
#[derive(Debug, Clone)]
pub(super) struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    /// Upper bounds in microseconds, ascending.
    bounds: &'static [u64],
    /// Invariant: one more than there are bounds, for what is above the last.
    counts: Box<[AtomicU64]>,
    /// Microseconds: in those the sum of a thousand turns that never end takes five centuries to overflow.
    sum: AtomicU64,
}

impl Histogram {
    /// An empty histogram with these upper bounds, in microseconds and ascending.
    pub(super) fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds, counts, sum: AtomicU64::new(0) }))
    }

    /// Takes a time in.
    pub(super) fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.0.bounds.partition_point(|bound| *bound < micros);
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.0.sum.fetch_add(micros, Ordering::Relaxed);
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let bounds = self.0.bounds.iter().map(|bound| *bound as f64 / S as f64).chain([f64::INFINITY]);
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.0.sum.load(Ordering::Relaxed) as f64 / S as f64;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_client::{encoding::prometheus_text, registry::Registry};

    use super::{Histogram, MS, S};

    #[test]
    fn a_time_on_a_bound_is_within_it_and_buckets_add_up() {
        let histogram = Histogram::new(&[MS, 10 * MS, S]);
        for micros in [0, 1000, 1001, 10_000, 999_999, 1_000_001, u64::MAX / 4] {
            histogram.observe(Duration::from_micros(micros));
        }
        histogram.observe(Duration::from_secs(2));
        let mut registry = Registry::default();
        registry.register("t", "Help", histogram);
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).unwrap();
        for expected in ["le=\"0.001\"} 2\n", "le=\"0.01\"} 4\n", "le=\"1\"} 5\n", "le=\"+Inf\"} 8\n", "t_count 8\n"] {
            assert!(text.contains(expected), "{expected:?} is not in\n{text}");
        }
    }
}
