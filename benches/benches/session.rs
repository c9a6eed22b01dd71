//! The client machine as a whole: login, bytes to events, stanzas to bytes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use xmpp_benches::corpus::{CHAT, CJK, MUC};
use xmpp_benches::workload::{CHUNK, Workload, stanzas};

const BYTES: usize = 1024 * 1024;

fn scram(criterion: &mut Criterion) {
    let mut workload = Workload::scram();
    let name = "scram-sha-256 at 4096 iterations";
    criterion.bench_function(name, |bencher| bencher.iter(|| workload.pass()));
}

fn receive(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("client-receive");
    for corpus in [CHAT, MUC, CJK] {
        let mut workload = Workload::receive(stanzas(corpus, BYTES), CHUNK);
        group.throughput(Throughput::Bytes(workload.units()));
        group.bench_function(corpus.name, |bencher| bencher.iter(|| workload.pass()));
    }
    group.finish();
}

fn send(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("client-send");
    for corpus in [CHAT, MUC, CJK] {
        let mut workload = Workload::send(&corpus.stream(BYTES));
        group.throughput(Throughput::Bytes(workload.units()));
        group.bench_function(corpus.name, |bencher| bencher.iter(|| workload.pass()));
    }
    group.finish();
}

criterion_group!(benches, scram, receive, send);
criterion_main!(benches);
