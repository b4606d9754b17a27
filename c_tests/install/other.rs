//! Another Rust library in the same program: it uses what the standard library brings, threads and panics included.

use std::collections::HashMap;
use std::panic::catch_unwind;

/// The sum of the numbers below n, or -1 after a panic where n is above 1000.
#[unsafe(no_mangle)]
pub extern "C" fn other_sum(n: i32) -> i32 {
    let sum = catch_unwind(|| {
        assert!(n <= 1000, "too many");
        let numbers: HashMap<i32, i32> = (0..n).map(|i| (i, i)).collect();
        std::thread::spawn(move || numbers.values().sum()).join().unwrap()
    });
    sum.unwrap_or(-1)
}
