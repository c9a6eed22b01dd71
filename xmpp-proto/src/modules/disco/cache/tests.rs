use alloc::format;

use super::super::caps::HashAlgorithm;
use super::*;

fn info(name: &str) -> (CapsHash, Arc<DiscoInfo>) {
    let info = DiscoInfo::new().with_feature(name);
    (CapsHash::of(&info, HashAlgorithm::Sha1), Arc::new(info))
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first() {
    let mut cache = MemoryCache::new(2, usize::MAX);
    let [a, b, c] = ["a", "b", "c"].map(info);
    cache.put(&a.0, a.1.clone());
    cache.put(&b.0, b.1);
    assert_eq!(cache.get(&a.0), Some(a.1));
    cache.put(&c.0, c.1);
    assert_eq!(cache.len(), 2);
    assert!(cache.get(&a.0).is_some());
    assert!(cache.get(&b.0).is_none());
    assert!(cache.get(&c.0).is_some());
}

#[test]
fn the_bytes_are_bounded() {
    let mut cache = MemoryCache::new(usize::MAX, 10_000);
    for number in 0..10_000 {
        let (hash, info) = info(&format!("feature {number}"));
        cache.put(&hash, info.clone());
        cache.put(&hash, info);
        assert!(cache.bytes() <= 10_000);
    }
    assert!(cache.len() > 10);
    assert_eq!(cache.uses.len(), cache.len());

    let (hash, large) = info(&"x".repeat(10_000));
    let before = cache.len();
    cache.put(&hash, large);
    assert!(cache.get(&hash).is_none(), "larger than the cache");
    assert_eq!(cache.len(), before, "and nothing else had to go");
}

#[test]
fn algorithms_do_not_share_entries() {
    let mut cache = MemoryCache::default();
    let info = Arc::new(DiscoInfo::new().with_feature("a"));
    cache.put(&CapsHash::of(&info, HashAlgorithm::Sha256), info.clone());
    assert!(cache.get(&CapsHash::of(&info, HashAlgorithm::Sha1)).is_none());
    assert!(cache.get(&CapsHash::of(&info, HashAlgorithm::Sha256)).is_some());
}
