//! Stanzas: understanding what was parsed, writing, both ways, and addresses.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use xmpp_benches::corpus::{CHAT, CJK, MUC};
use xmpp_benches::workload::{CHUNK, Workload};

const BYTES: usize = 1024 * 1024;

fn by_traffic(criterion: &mut Criterion, name: &str, workload: fn(String) -> Workload) {
    let mut group = criterion.benchmark_group(name);
    for corpus in [CHAT, MUC, CJK] {
        let mut workload = workload(corpus.stream(BYTES));
        group.throughput(Throughput::Bytes(workload.units()));
        group.bench_function(corpus.name, |bencher| bencher.iter(|| workload.pass()));
    }
    group.finish();
}

fn understand(criterion: &mut Criterion) {
    by_traffic(criterion, "understand", |stream| Workload::understand(stream, CHUNK));
}

fn write(criterion: &mut Criterion) {
    by_traffic(criterion, "write", |stream| Workload::write(&stream));
}

fn round_trip(criterion: &mut Criterion) {
    by_traffic(criterion, "round-trip", |stream| Workload::round_trip(stream, CHUNK));
}

fn jid(criterion: &mut Criterion) {
    by_traffic(criterion, "jid", |stream| Workload::addresses(&stream));
}

criterion_group!(benches, understand, write, round_trip, jid);
criterion_main!(benches);
