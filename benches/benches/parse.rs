//! The parser: tags and text alone, borrowed elements, owned ones that are read as a whole, and the size of chunks.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use xmpp_benches::corpus::{self, CHAT};
use xmpp_benches::workload::{CHUNK, Workload};

/// Long enough that no cache holds all of it.
const BYTES: usize = 1024 * 1024;

fn by_traffic(criterion: &mut Criterion, name: &str, workload: fn(String, usize) -> Workload) {
    let mut group = criterion.benchmark_group(name);
    for corpus in corpus::ALL {
        let mut workload = workload(corpus.stream(BYTES), CHUNK);
        group.throughput(Throughput::Bytes(workload.units()));
        group.bench_function(corpus.name, |bencher| bencher.iter(|| workload.pass()));
    }
    group.finish();
}

fn lex(criterion: &mut Criterion) {
    by_traffic(criterion, "lex", Workload::lex);
}

fn borrow(criterion: &mut Criterion) {
    by_traffic(criterion, "parse", Workload::parse);
}

fn own(criterion: &mut Criterion) {
    by_traffic(criterion, "own-and-read", Workload::own);
}

fn by_chunk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse-chat-in-chunks");
    for chunk in [1, 64, 1460, 4096, 16 * 1024] {
        let mut workload = Workload::parse(CHAT.stream(BYTES), chunk);
        group.throughput(Throughput::Bytes(workload.units()));
        group.bench_function(chunk.to_string(), |bencher| bencher.iter(|| workload.pass()));
    }
    group.finish();
}

criterion_group!(benches, lex, borrow, own, by_chunk);
criterion_main!(benches);
