//! The fuzzer's bytes as choices. Where they end all are 0, so the first of several choices is the plain one.

use libfuzzer_sys::arbitrary::Unstructured;

/// What is not yet chosen.
pub struct Dice<'a, 'b>(&'b mut Unstructured<'a>);

impl<'a, 'b> Dice<'a, 'b> {
    pub fn new(bytes: &'b mut Unstructured<'a>) -> Self {
        Dice(bytes)
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let number: u32 = match end {
            0..=0x100 => self.0.arbitrary::<u8>().unwrap_or_default().into(),
            _ => self.0.arbitrary().unwrap_or_default(),
        };
        number as usize % end
    }

    /// A number from `least` to `most`.
    pub fn within(&mut self, least: i32, most: i32) -> i32 {
        least + self.below((most - least + 1) as usize) as i32
    }

    /// True once in `n` times, and not where the bytes have ended.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// The plain choice, or once in `n` times one of the others.
    pub fn mostly<T: Copy>(&mut self, plain: T, n: usize, others: &[T]) -> T {
        if self.once_in(n) { self.pick(others) } else { plain }
    }
}
