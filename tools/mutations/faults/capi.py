"""Faults in the C boundary: what is checked, in which order, and what is said."""

from __future__ import annotations

from fault import Fault

REGION = "src/capi/region.rs"
STRUCTS = "src/capi/structs.rs"
DENSE = "src/capi/dense.rs"
ERROR = "src/capi/error.rs"

# As it is, one buffer for each thread.
ONE_FOR_EACH_THREAD = """\
thread_local! {
    /// The sentence and a NUL. No destructor: it is there until the thread's very end, and the thread's exit runs nothing
    /// of the library's.
    static LAST_ERROR: UnsafeCell<[u8; SIZE]> = const { UnsafeCell::new([0; SIZE]) };
}
"""
ONE_FOR_ALL = """\
struct Everyones(UnsafeCell<[u8; SIZE]>);
unsafe impl Sync for Everyones {}
impl Everyones {
    fn with<R>(&self, work: impl FnOnce(&UnsafeCell<[u8; SIZE]>) -> R) -> R {
        work(&self.0)
    }
}
static LAST_ERROR: Everyones = Everyones(UnsafeCell::new([0; SIZE]));
"""

CAPI = (
    Fault(
        name="null-pointer",
        what="NULL is taken for a pointer",
        file=REGION,
        old="if pointer.is_null() {",
        new="if pointer.is_null() && !pointer.is_aligned() {",
        test="contract.avx2",
    ),
    Fault(
        name="rank",
        what="a rank one larger than QDQ_MAX_RANK is let through",
        file=REGION,
        old="Ok(count) if count <= MAX_RANK => count,",
        new="Ok(count) if count <= MAX_RANK + 1 => count,",
        test="contract.avx2",
    ),
    Fault(
        name="overlap-of-one",
        what="memory that overlaps another by one element of 16 bits counts as apart",
        file=REGION,
        old="self.start < other.start + other.bytes && other.start < self.start + self.bytes;",
        new="self.start + 2 < other.start + other.bytes && other.start + 2 < self.start + self.bytes;",
        test="contract.avx2",
    ),
    Fault(
        name="overlap-unchecked",
        what="the gradients of both ends of the range may be the same memory",
        file=DENSE,
        old="    max_region.check_apart(min_region)?;\n",
        new="",
        test="contract.avx2",
    ),
    Fault(
        name="struct-size",
        what="a struct smaller than the first version's is read",
        file=STRUCTS,
        old="(size_of::<S>()..=LARGEST).contains(&size)",
        new="(size_of::<S>() - 1..=LARGEST).contains(&size)",
        test="contract.avx2",
    ),
    Fault(
        name="struct-unknown",
        what="the last byte of a larger struct, which this version does not know, is ignored",
        file=STRUCTS,
        old="for offset in known..size {",
        new="for offset in known..size.max(known + 1) - 1 {",
        test="contract.avx2",
    ),
    Fault(
        name="struct-reserved",
        what="a reserved field that is not 0 is ignored",
        file=STRUCTS,
        old="if executor.reserved != 0 {",
        new="if executor.reserved < 0 {",
        test="contract.avx2",
    ),
    Fault(
        name="range-order",
        what="a given range whose minimum is above its maximum is taken",
        file="src/ranges.rs",
        old="if min <= max {",
        new="if min <= max || index == 0 {",
        test="contract.avx2",
    ),
    Fault(
        name="range-infinite",
        what="a given range may end in infinity",
        file="src/ranges.rs",
        old="if !value.is_finite() {",
        new="if value.is_nan() {",
        test="contract.avx2",
    ),
    Fault(
        name="bits",
        what="num_bits may be 0",
        file="src/attrs.rs",
        old="if !(1..=most).contains(&self.num_bits) {",
        new="if !(0..=most).contains(&self.num_bits) {",
        test="contract.avx2",
    ),
    Fault(
        name="written-before-checked",
        what="the gradient of the range's minimum is written before its memory is compared with the maximum's",
        file=DENSE,
        old="    max_region.check_apart(min_region)?;\n",
        new="    // SAFETY: as below.\n"
        "    unsafe { Output::new(gradient.input_min_backprop, min_len).fill_with(|_| E::ZERO) };\n"
        "    max_region.check_apart(min_region)?;\n",
        test="contract.avx2",
    ),
    Fault(
        name="range-gradient",
        what="the gradient of the range's maximum is not written",
        file=DENSE,
        old="        Output::new(gradient.input_max_backprop, max_len).fill_with(|_| E::ZERO);\n",
        new="",
        test="golden.avx2",
    ),
    Fault(
        name="codes-too-narrow",
        what="codes may be of a type that is one bit too narrow for the greatest",
        file="src/capi/tensor.rs",
        old="Some((least, greatest)) if least <= qmin.into() && i128::from(qmax) <= greatest => Ok(()),",
        new="Some((least, greatest)) if least <= qmin.into() && i128::from(qmax) / 2 <= greatest => Ok(()),",
        test="contract_views.avx2",
    ),
    Fault(
        name="quantizer-left",
        what="a quantizer that could not be made is not NULL",
        file="src/capi/quantizer.rs",
        old="    unsafe { quantizer.write(std::ptr::null_mut()) };\n",
        new="",
        test="contract_views.avx2",
    ),
    Fault(
        name="wrong-status",
        what="a range of another length is told of as an invalid shape",
        file=DENSE,
        old='false => fail!(SizeMismatch, "range_len is {len}; expected {channels}',
        new='false => fail!(InvalidShape, "range_len is {len}; expected {channels}',
        test="contract.avx2",
    ),
    Fault(
        name="error-end",
        what="the end of a longer error is left behind a shorter one",
        file=ERROR,
        old="        buffer[text.len()] = 0;\n",
        new="",
        test="contract.avx2",
    ),
    Fault(
        name="error-of-all",
        what="all threads have one last error",
        file=ERROR,
        old=ONE_FOR_EACH_THREAD,
        new=ONE_FOR_ALL,
        test="threads.avx2",
    ),
)
