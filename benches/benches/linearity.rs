//! What a byte costs while something in the traffic grows: the time of what
//! `instructions linearity` checks by counting.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use xmpp_benches::instructions::SERIES;

fn linearity(criterion: &mut Criterion) {
    for series in SERIES {
        let mut group = criterion.benchmark_group(series.name);
        for value in series.values {
            let mut workload = series.workload(*value);
            group.throughput(Throughput::Bytes(workload.units()));
            group.bench_function(value.to_string(), |bencher| bencher.iter(|| workload.pass()));
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    // There are many of them, and what matters is far more than a few percent.
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = linearity
}
criterion_main!(benches);
