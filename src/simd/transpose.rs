//! Copies of matrices between memory where their rows are neighbouring elements and memory where they are not.
//!
//! Where columns are neighbours, squares of elements are turned in registers. A register holds blocks of 16 bytes, within
//! which it interleaves elements, and which it moves whole:
//!
//! ```text
//! a square: M elements in a block, B blocks in a register: M * B rows of M * B elements
//! for each group of M rows:
//!     log2(M) times: interleave the blocks of rows i and i + M / 2, to 2i and 2i + 1
//!     (register j now has column j of each block)
//! for each j, of the groups' registers j:
//!     log2(B) times: of registers 2i and 2i + 1, the even blocks to i, the odd ones to i + B / 2
//!     (register k now has the whole column k * M + j)
//! ```
//!
//! All else is copied one by one: what is less than a square high or wide, elements that have no neighbours, and bytes.
//! Nothing here knows types, so it is compiled once for each instruction set.

use super::{Kernel, Token, run};

/// A register of blocks of 16 bytes.
///
/// # Safety
/// Whoever uses one has the token that it belongs to.
pub trait Register: Copy {
    /// 1, 2 or 4; or 0, of no register.
    const BLOCKS: usize;

    /// # Safety
    /// As the trait says, and `from` is valid for reads of the register's size.
    unsafe fn load(from: *const u8) -> Self;

    /// # Safety
    /// As the trait says, and `to` is valid for writes of the register's size.
    unsafe fn store(self, to: *mut u8);

    /// The elements of both in turn, block by block, M to a block (8, 4 or 2): of the blocks' lower halves, and of the upper
    /// ones.
    ///
    /// # Safety
    /// As the trait says.
    unsafe fn interleave<const M: usize>(self, other: Self) -> [Self; 2];

    /// The even blocks of both, and the odd ones.
    ///
    /// # Safety
    /// As the trait says.
    unsafe fn part(self, other: Self) -> [Self; 2];
}

const MOST_BLOCKS: usize = 4;

/// Where a matrix's elements are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid<P> {
    pub(crate) first: P,
    /// Bytes from one row to the next.
    pub(crate) down: isize,
    /// Bytes from one element of a row to the next.
    pub(crate) right: isize,
}

/// Copies a matrix of `rows` rows of `len` elements of `size` bytes: 1, 2, 4 or 8.
///
/// # Safety
/// Every element of `from` is valid for reads and of `to` for writes, and aligned to its size; none is in both.
pub(crate) unsafe fn copy_matrix(size: usize, rows: usize, len: usize, from: Grid<*const u8>, to: Grid<*mut u8>) {
    run(Copying { size, rows, len, from, to });
}

struct Copying {
    size: usize,
    rows: usize,
    len: usize,
    from: Grid<*const u8>,
    to: Grid<*mut u8>,
}

impl Kernel for Copying {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, _: T) {
        // SAFETY: the matrices are as `copy_matrix` was promised; the token exists.
        unsafe {
            match self.size {
                1 => self.one_by_one::<u8>(),
                2 => self.by_squares::<T, u16, 8>(),
                4 => self.by_squares::<T, u32, 4>(),
                8 => self.by_squares::<T, u64, 2>(),
                size => unreachable!("elements of {size} bytes"),
            }
        }
    }
}

impl Copying {
    /// The last squares lie over those before, where there is not a whole number of them.
    ///
    /// # Safety
    /// As of [`copy_matrix`]; the elements are as large as U, M of them are a block; the token exists.
    #[inline(always)]
    unsafe fn by_squares<T: Token, U: Copy, const M: usize>(self) {
        let Copying { size, rows, len, mut from, mut to } = self;
        let (size, side) = (size as isize, M * T::Register::BLOCKS);
        if from.down == -size {
            let last = rows as isize - 1;
            from = Grid { first: from.first.wrapping_offset(last * from.down), down: -from.down, ..from };
            to = Grid { first: to.first.wrapping_offset(last * to.down), down: -to.down, ..to };
        }
        let has_squares = side > 0 && rows >= side && len >= side;
        if !has_squares || from.down != size || to.right != size {
            // SAFETY: the caller's promise.
            return unsafe { self.one_by_one::<U>() };
        }
        for left in (0..len).step_by(side) {
            let left = left.min(len - side) as isize;
            for top in (0..rows).step_by(side) {
                let top = top.min(rows - side) as isize;
                // SAFETY: a square of elements of both, as checked; a register is as long as a row of it.
                unsafe {
                    let from_square = from.first.offset(top * from.down + left * from.right);
                    let to_square = to.first.offset(top * to.down + left * to.right);
                    transpose_square::<T::Register, M>(from_square, from.right, to_square, to.down);
                }
            }
        }
    }

    /// Along rows or along columns, whichever are longer.
    ///
    /// # Safety
    /// As of [`copy_matrix`]; the elements are as large as U.
    #[inline(always)]
    unsafe fn one_by_one<U: Copy>(self) {
        let Copying { rows, len, from, to, .. } = self;
        let along_rows = len >= rows;
        let (lines, count) = if along_rows { (rows, len) } else { (len, rows) };
        let steps = |down: isize, right: isize| if along_rows { (down, right) } else { (right, down) };
        let ((from_line, from_step), (to_line, to_step)) = (steps(from.down, from.right), steps(to.down, to.right));
        for line in 0..lines as isize {
            let (from, to) = (from.first.wrapping_offset(line * from_line), to.first.wrapping_offset(line * to_line));
            for index in 0..count as isize {
                let (from, to) = (from.wrapping_offset(index * from_step), to.wrapping_offset(index * to_step));
                // SAFETY: an element of both.
                unsafe { to.cast::<U>().write(from.cast::<U>().read()) };
            }
        }
    }
}

/// Turns a square: rows to columns.
///
/// # Safety
/// The register's token exists; as many rows as a register has elements, `from_apart` bytes apart from `from` on, are valid for
/// reads of a register, and as many `to_apart` bytes apart from `to` on for writes.
#[inline(always)]
unsafe fn transpose_square<R: Register, const M: usize>(
    from: *const u8,
    from_apart: isize,
    to: *mut u8,
    to_apart: isize,
) {
    const { assert!(R::BLOCKS <= MOST_BLOCKS) };
    // SAFETY: the caller's promise.
    unsafe {
        let mut groups = [[R::load(from); M]; MOST_BLOCKS];
        for (index, group) in groups[..R::BLOCKS].iter_mut().enumerate() {
            for (row, register) in group.iter_mut().enumerate() {
                *register = R::load(from.offset((index * M + row) as isize * from_apart));
            }
            interleave_all(group);
        }
        for column in 0..M {
            let mut registers = [groups[0][column]; MOST_BLOCKS];
            for (register, group) in registers.iter_mut().zip(&groups) {
                *register = group[column];
            }
            part_all(&mut registers);
            for (block, register) in registers[..R::BLOCKS].iter().enumerate() {
                register.store(to.offset((block * M + column) as isize * to_apart));
            }
        }
    }
}

/// # Safety
/// The register's token exists.
#[inline(always)]
unsafe fn interleave_all<R: Register, const M: usize>(rows: &mut [R; M]) {
    for _ in 0..M.ilog2() {
        let before = *rows;
        for i in 0..M / 2 {
            // SAFETY: the caller's promise.
            [rows[2 * i], rows[2 * i + 1]] = unsafe { before[i].interleave::<M>(before[i + M / 2]) };
        }
    }
}

/// # Safety
/// The register's token exists.
#[inline(always)]
unsafe fn part_all<R: Register>(registers: &mut [R; MOST_BLOCKS]) {
    for _ in 0..R::BLOCKS.ilog2() {
        let before = *registers;
        for i in 0..R::BLOCKS / 2 {
            // SAFETY: the caller's promise.
            [registers[i], registers[i + R::BLOCKS / 2]] = unsafe { before[2 * i].part(before[2 * i + 1]) };
        }
    }
}
