//! How large the last-level cache is. Asked once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Where it cannot be asked.
const USUAL: usize = 32 << 20;

/// 0 before it was asked for.
static SIZE: AtomicUsize = AtomicUsize::new(0);

/// Of one instance, in bytes: processors of one package may have several.
pub(crate) fn last_level_size() -> usize {
    match SIZE.load(Ordering::Relaxed) {
        0 => {
            let size = ask().unwrap_or(USUAL);
            SIZE.store(size, Ordering::Relaxed);
            size
        }
        known => known,
    }
}

/// By the processor itself: what the C library makes of it is the package's sum on some.
#[cfg(target_arch = "x86_64")]
fn ask() -> Option<usize> {
    const DETERMINISTIC: u32 = 4;
    const DETERMINISTIC_OF_AMD: u32 = 0x8000_001d;
    let has_extended = std::arch::x86_64::__cpuid(0x8000_0000).eax >= DETERMINISTIC_OF_AMD;
    let of_amd = has_extended.then(|| last_of(DETERMINISTIC_OF_AMD)).flatten();
    of_amd.or_else(|| last_of(DETERMINISTIC))
}

/// The size of the cache of the highest level that a leaf of CPUID lists.
#[cfg(target_arch = "x86_64")]
fn last_of(leaf: u32) -> Option<usize> {
    const MOST_CACHES: u32 = 8;
    let bits = |register: u32, from: u32, count: u32| (register >> from & ((1 << count) - 1)) as usize;
    (0..MOST_CACHES)
        .map(|index| std::arch::x86_64::__cpuid_count(leaf, index))
        .take_while(|cache| bits(cache.eax, 0, 5) != 0)
        .max_by_key(|cache| bits(cache.eax, 5, 3))
        .map(|cache| {
            let (ways, partitions, line) = (bits(cache.ebx, 22, 10), bits(cache.ebx, 12, 10), bits(cache.ebx, 0, 12));
            (ways + 1) * (partitions + 1) * (line + 1) * (cache.ecx as usize + 1)
        })
}

#[cfg(not(target_arch = "x86_64"))]
fn ask() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_one_that_a_cache_can_have() {
        assert!(((256 << 10)..=(4 << 30)).contains(&last_level_size()), "{}", last_level_size());
    }
}
