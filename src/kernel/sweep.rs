//! How a matrix is walked in steps of a vector: by what its elements share.
//!
//! ```text
//! runs:     neighbours share a channel, a vector's number of them or more
//!           parameters are spread over the lanes, once for each channel
//!           the vector that holds the end of one channel and the beginning of the next joins those of both
//!
//! columns:  neighbours are of different channels, and rows below each other of the same
//!           parameters are loaded, a vector for as many columns, each repeated where a few neighbours share one
//!     line:     one row, vector by vector: with few channels the parameters stay in the nearest cache. Rows of all the
//!               channels that follow each other are one row, over which the channels recur
//!     tiles:    many channels: ROWS rows at a time, a few vectors wide, so that parameters are loaded once for ROWS vectors
//!               and memory is still read in order. Rows that are not whole vectors are taken several as one
//! ```
//!
//! In [`Far`] mode, for tensors that the caches cannot hold, stores go past them (a streaming store needs an aligned
//! address, so a few elements are done first), and reads are asked for ahead: where a row ends, from the rows below.

use std::ops::Range;

use super::operands::{Held, Operands};
use crate::exec::Output;
use crate::layout::{ChannelsOfRows, Matrix, Run};
use crate::simd::memory::{First, Source, Span, Whole};
use crate::simd::{Element, LINE, Lanes, MAX_LANES, Part, Token, Vector, splat};

/// Where a tensor is, as far as speed is concerned.
pub(super) trait Mode: Copy {
    const IS_FAR: bool;
    /// Whether reads are asked for ahead.
    const ASKS: bool;
}

/// Within the caches, or about to be used again.
#[derive(Clone, Copy)]
pub(super) struct Near;

/// Beyond the caches.
#[derive(Clone, Copy)]
pub(super) struct Far;

/// Written within the caches, and read from beyond them, or not.
#[derive(Clone, Copy)]
pub(super) struct ToNear;

impl Mode for Near {
    const IS_FAR: bool = false;
    const ASKS: bool = false;
}

impl Mode for Far {
    const IS_FAR: bool = true;
    const ASKS: bool = true;
}

impl Mode for ToNear {
    const IS_FAR: bool = false;
    const ASKS: bool = true;
}

/// What a kernel computes: a vector of results from vectors of N operands and of K parameters of their channels.
pub(super) trait Compute<E: Element, const N: usize, const K: usize>: Copy {
    fn compute<T: Token>(self, token: T, operands: [Lanes<T, E>; N], parameters: [Lanes<T, E>; K]) -> Lanes<T, E>;
}

/// Vectors between two checks of the bounds.
const BLOCK: usize = 4;

/// The height of a tile that reads one matrix: rows a power of two apart compete for a few places in the nearest cache.
const ROWS: usize = 8;

/// The width of a tile, in vectors: its parameters fill the registers. Vectors of 16-bit elements are pairs.
#[inline(always)]
fn width<E: Element>() -> usize {
    if E::IS_NARROW { BLOCK / 2 } else { BLOCK }
}

/// Elements in a cache line.
#[inline(always)]
fn per_line<E>() -> usize {
    LINE / size_of::<E>()
}

/// Bytes of a part between which as many of the next one's are asked for: more at once would wait for each other.
const BURST: usize = 1024;

/// How many bytes ahead of its reading memory is usually asked for.
pub(super) const AHEAD: usize = 4096;

/// Parameters of so many bytes stay in the nearest cache beside the elements. Fuzzers want tiles of small tensors.
const NEAREST: usize = if cfg!(fuzzing) { 512 } else { 16 << 10 };

/// What all steps of a sweep share.
#[derive(Clone, Copy)]
pub(super) struct Sweep<'a, T, E: Element, F, M, const K: usize> {
    pub(super) token: T,
    pub(super) compute: F,
    /// Row k holds parameter k of every channel.
    pub(super) parameters: Source<'a, E::Real>,
    pub(super) mode: M,
    /// How many elements ahead of a row's reading its memory is asked for, where the mode asks.
    pub(super) ahead: usize,
}

impl<'a, T: Token, E: Element, F: Copy, M: Mode, const K: usize> Sweep<'a, T, E, F, M, K> {
    /// Takes every step of a matrix.
    #[inline(always)]
    pub(super) fn matrix<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>, channels: ChannelsOfRows)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        if channels.first.inner >= Lanes::<T, E>::LANES {
            self.token.call(Runs { sweep: self, all, channels });
        } else {
            self.columns(all, channels.first);
        }
    }

    /// The same of a single row of one channel, which is worth code of its own.
    #[inline(always)]
    pub(super) fn only_row<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        self.token.call(OnlyRow { sweep: self, all });
    }

    /// The same of a part that is staged. In far mode, where another one follows, `ask` is told after every few rows which
    /// were done.
    #[inline(always)]
    pub(super) fn part<R, W, const N: usize>(
        self,
        all: Operands<'a, E, R, W, N>,
        channels: ChannelsOfRows,
        ask: Option<impl Fn(Range<usize>)>,
    ) where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        let ask = ask.filter(|_| M::IS_FAR);
        let size = all.len() * size_of::<E>();
        let height = if ask.is_some() { (BURST / size).max(1) } else { all.rows() };
        let are_alike = all.rows() > 1 && size <= NEAREST / ROWS && channels.are_one();
        // Short rows of one channel, as columns whose parameters recur from vector to vector.
        let columns = Columns { first: 0, inner: 1, period: Lanes::<T, E>::LANES };
        let parameters =
            if are_alike { self.repeated(channels.first.channel) } else { [[E::Real::ZERO; MAX_LANES]; K] };
        let alike = Sweep { parameters: Source::of_rows(parameters.as_flattened(), K, MAX_LANES, MAX_LANES), ..self };
        for top in (0..all.rows()).step_by(height) {
            let rows = top..all.rows().min(top + height);
            let some = all.cut(rows.clone(), 0, all.len());
            if are_alike {
                alike.tiles(some, columns, ROWS / N);
            } else {
                self.matrix(some, channels.below(top));
            }
            if let Some(ask) = &ask {
                ask(rows);
            }
        }
    }

    /// The parameters of a channel, of each as many as a vector may have lanes.
    #[inline(always)]
    fn repeated(self, channel: usize) -> [[E::Real; MAX_LANES]; K] {
        let one = self.parameters.cut(0..K, channel, 1);
        let mut repeated = [[E::Real::ZERO; MAX_LANES]; K];
        for (k, lanes) in repeated.iter_mut().enumerate() {
            *lanes = [one.get(k, 0); MAX_LANES];
        }
        repeated
    }

    /// How many columns of an output's matrix there are before those where streaming stores can begin.
    #[inline(always)]
    pub(super) fn head<const N: usize>(self, to: &Output<'_, E>, matrix: &Matrix<N>, operand: usize) -> usize {
        let place = matrix.place(operand);
        if M::IS_FAR && place.has_rows() { to.rows(&place).head::<T>() } else { 0 }
    }

    /// Rows in which neighbours are of different channels, as in the rows below.
    #[inline(always)]
    fn columns<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>, run: Run)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        let first = run.channel * run.inner + run.phase;
        let columns = Columns { first, inner: run.inner, period: usize::MAX };
        let has_many_channels = all.len() / run.inner * K * size_of::<E::Real>() > NEAREST;
        let rows = if has_many_channels { ROWS / N } else { 1 };
        match all.unfold() {
            Some(one) if all.rows() > 1 && self.are_all(columns, all.len()) => {
                self.recurring(one, Columns { period: all.len(), ..columns }, has_many_channels)
            }
            _ => self.tiles(all, columns, rows),
        }
    }

    /// So many rows at a time, past the caches if all of them begin where streaming stores can.
    #[inline(always)]
    fn tiles<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>, columns: Columns, rows: usize)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        if M::IS_FAR && !all.is_aligned::<T>() {
            self.near().bands(all, columns, rows);
        } else {
            self.bands(all, columns, rows);
        }
    }

    /// Whether a row's columns are those of all channels.
    #[inline(always)]
    fn are_all(self, columns: Columns, len: usize) -> bool {
        columns.first == 0 && len / columns.inner + MAX_LANES == self.parameters.len()
    }

    /// A row of recurring columns: to rows of whole vectors, and the elements before and after them.
    #[inline(always)]
    fn recurring<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>, columns: Columns, has_many_channels: bool)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        let head = if M::IS_FAR { all.head::<T>().min(all.len()) } else { 0 };
        if head > 0 {
            self.near().bands(all.cut(0..1, 0, head), columns, 1);
        }
        let (all, columns) = (all.cut(0..1, head, all.len() - head), columns.after(columns.less_than_period(head)));
        let lanes = Lanes::<T, E>::LANES;
        let (narrow, wide) = (columns.common_period(width::<E>() * lanes), columns.common_period(lanes));
        let (len, rows) = match narrow.saturating_mul(size_of::<E>()) {
            size if size <= NEAREST / ROWS => (narrow, NEAREST / size),
            _ if has_many_channels => (wide, ROWS / N),
            _ => (usize::MAX, 1),
        };
        let done = all.len() / len / rows * rows * len;
        if done > 0 {
            self.bands(all.cut(0..1, 0, done).fold(len), columns, rows);
        }
        self.bands(all.cut(0..1, done, all.len() - done), columns, 1);
    }

    /// So many rows at a time. In far mode each begins where streaming stores can.
    #[inline(always)]
    fn bands<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>, columns: Columns, rows: usize)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        self.token.call(Bands { sweep: self, all, columns, rows });
    }

    /// The same for elements that are not where streaming stores can begin.
    #[inline(always)]
    fn near(self) -> Sweep<'a, T, E, F, Near, K> {
        let Sweep { token, compute, parameters, ahead, .. } = self;
        Sweep { token, compute, parameters, mode: Near, ahead }
    }

    #[inline(always)]
    fn step<R, W, S: Span, const N: usize>(
        self,
        all: Operands<'a, E, R, W, N>,
        row: usize,
        at: usize,
        parameters: [Lanes<T, E>; K],
        span: S,
    ) where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        let result = self.compute.compute(self.token, all.load(self.token, row, at, span), parameters);
        all.store::<T, S, M>(result, row, at, span, self.mode);
    }

    /// The parameters of one channel.
    #[inline(always)]
    fn spread(self, channel: usize) -> [Lanes<T, E>; K] {
        let one = self.parameters.cut(0..K, channel, 1);
        let mut parameters = [splat::<T, E>(self.token, E::Real::ZERO); K];
        for (k, lanes) in parameters.iter_mut().enumerate() {
            *lanes = Vector::splat(self.token, one.get(k, 0));
        }
        parameters
    }

    /// The parameters of neighbouring columns.
    #[inline(always)]
    fn load(self, columns: Columns) -> [Lanes<T, E>; K] {
        let lanes = Lanes::<T, E>::LANES;
        let mut parameters = [splat::<T, E>(self.token, E::Real::ZERO); K];
        if columns.inner == 1 {
            let some = self.parameters.cut(0..K, columns.first, lanes);
            for (k, lanes) in parameters.iter_mut().enumerate() {
                *lanes = some.load_as(self.token, k, 0, Whole);
            }
        } else {
            let some = self.parameters.cut(0..K, columns.first / columns.inner, lanes);
            let phase = columns.first % columns.inner;
            for (k, lanes) in parameters.iter_mut().enumerate() {
                *lanes = some.load_repeated(self.token, k, phase, columns.inner);
            }
        }
        parameters
    }
}

/// Rows in which neighbours share a channel.
struct Runs<'a, T, E: Element, F, R: Held<E>, W: Held<E>, M, const N: usize, const K: usize> {
    sweep: Sweep<'a, T, E, F, M, K>,
    all: Operands<'a, E, R, W, N>,
    channels: ChannelsOfRows,
}

impl<T, E, F, R, W, M, const N: usize, const K: usize> Part for Runs<'_, T, E, F, R, W, M, N, K>
where
    T: Token,
    E: Element,
    F: Compute<E, N, K>,
    R: Held<E>,
    W: Held<E>,
    M: Mode,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Runs { sweep, all, channels } = self;
        // What follows a single row is its own memory's continuation.
        let len = if all.rows() == 1 { usize::MAX } else { all.len() };
        let ahead = if M::ASKS { [sweep.ahead / len, sweep.ahead % len] } else { [0; 2] };
        for row in 0..all.rows() {
            let all = all.cut(row..row + 1, 0, all.len());
            RunsOfRow { sweep, all, ahead, len }.step_through(channels.of(row));
        }
    }
}

/// A row of one channel.
struct OnlyRow<'a, T, E: Element, F, R: Held<E>, W: Held<E>, M, const N: usize, const K: usize> {
    sweep: Sweep<'a, T, E, F, M, K>,
    all: Operands<'a, E, R, W, N>,
}

impl<T, E, F, R, W, M, const N: usize, const K: usize> Part for OnlyRow<'_, T, E, F, R, W, M, N, K>
where
    T: Token,
    E: Element,
    F: Compute<E, N, K>,
    R: Held<E>,
    W: Held<E>,
    M: Mode,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let OnlyRow { sweep, all } = self;
        let ahead = [0, if M::ASKS { sweep.ahead } else { 0 }];
        RunsOfRow { sweep, all: all.cut(0..1, 0, all.len()), ahead, len: usize::MAX }.step_through(Run::OF_ONE_CHANNEL);
    }
}

/// One of the rows.
struct RunsOfRow<'a, T, E: Element, F, R: Held<E>, W: Held<E>, M, const N: usize, const K: usize> {
    sweep: Sweep<'a, T, E, F, M, K>,
    all: Operands<'a, E, R, W, N>,
    /// How many rows and elements ahead of its reading memory is asked for.
    ahead: [usize; 2],
    /// Where in a row the next one's memory follows.
    len: usize,
}

impl<T, E, F, R, W, M, const N: usize, const K: usize> RunsOfRow<'_, T, E, F, R, W, M, N, K>
where
    T: Token,
    E: Element,
    F: Compute<E, N, K>,
    R: Held<E>,
    W: Held<E>,
    M: Mode,
{
    #[inline(always)]
    fn step_through(&self, run: Run) {
        let RunsOfRow { sweep, all, .. } = *self;
        let (lanes, len) = (Lanes::<T, E>::LANES, all.len());
        let mut at = 0;
        let mut channel = run.channel;
        // Where the channel's elements end.
        let mut end = run.inner - run.phase;
        let mut parameters = sweep.spread(channel);
        let mut head = if M::IS_FAR { all.head::<T>() } else { 0 };
        loop {
            let stop = end.min(len);
            if head == 0 {
                at = self.whole_vectors(at, stop, parameters);
            }
            if at == stop && stop == len {
                return;
            }
            // What is left of the channel is less than a vector, or up to where streaming stores can begin.
            let count = if head == 0 { len - at } else { head.min(len - at) };
            let mut joined = parameters;
            if stop - at < count.min(lanes) {
                channel += 1;
                parameters = sweep.spread(channel);
                joined = join(stop - at, joined, parameters);
                end = end.saturating_add(run.inner);
            }
            self.ask(at);
            if head == 0 && count >= lanes {
                sweep.step(all, 0, at, joined, Whole);
                at += lanes;
            } else {
                self.ask_to_write(at);
                sweep.step(all, 0, at, joined, First(count));
                at += count;
            }
            head = 0;
        }
    }

    /// The whole vectors of elements that share their parameters; tells where they end.
    #[inline(always)]
    fn whole_vectors(&self, mut at: usize, stop: usize, parameters: [Lanes<T, E>; K]) -> usize {
        let RunsOfRow { sweep, all, .. } = *self;
        let lanes = Lanes::<T, E>::LANES;
        while stop - at >= BLOCK * lanes {
            let block = all.cut(0..1, at, BLOCK * lanes);
            for vector in 0..BLOCK {
                // Between the stores: several at once made codes of 256 MB take a sixth longer.
                if vector * lanes % per_line::<E>() == 0 {
                    self.ask(at + vector * lanes);
                }
                sweep.step(block, 0, vector * lanes, parameters, Whole);
            }
            at += BLOCK * lanes;
        }
        while stop - at >= lanes {
            self.ask(at);
            sweep.step(all, 0, at, parameters, Whole);
            at += lanes;
        }
        at
    }

    /// Asks for memory that will be written in part: the rest of its cache line has to be read.
    #[inline(always)]
    fn ask_to_write(&self, at: usize) {
        if M::IS_FAR {
            self.all.prefetch_target(self.sweep.token, self.ahead[0].max(1), at);
        }
    }

    /// Asks for memory ahead of the reading of an element: where a row ends, the next one begins.
    #[inline(always)]
    fn ask(&self, at: usize) {
        if M::ASKS {
            let [rows, elements] = self.ahead;
            let at = at + elements;
            let (row, at) = if at < self.len { (rows, at) } else { (rows + 1, at - self.len) };
            self.all.prefetch(self.sweep.token, row, at);
        }
    }
}

/// Rows in which neighbours are of different channels, so many at a time.
struct Bands<'a, T, E: Element, F, R: Held<E>, W: Held<E>, M, const N: usize, const K: usize> {
    sweep: Sweep<'a, T, E, F, M, K>,
    all: Operands<'a, E, R, W, N>,
    columns: Columns,
    rows: usize,
}

impl<T, E, F, R, W, M, const N: usize, const K: usize> Part for Bands<'_, T, E, F, R, W, M, N, K>
where
    T: Token,
    E: Element,
    F: Compute<E, N, K>,
    R: Held<E>,
    W: Held<E>,
    M: Mode,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Bands { sweep, all, columns, rows } = self;
        for top in (0..all.rows()).step_by(rows) {
            sweep.band(all.cut(top..all.rows().min(top + rows), 0, all.len()), columns);
        }
    }
}

impl<'a, T: Token, E: Element, F: Copy, M: Mode, const K: usize> Sweep<'a, T, E, F, M, K> {
    #[inline(always)]
    fn band<R, W, const N: usize>(self, all: Operands<'a, E, R, W, N>, mut columns: Columns)
    where
        R: Held<E>,
        W: Held<E>,
        F: Compute<E, N, K>,
    {
        let sweep = self;
        let (lanes, len) = (Lanes::<T, E>::LANES, all.len());
        let forward = columns.less_than_period(lanes);
        let width = width::<E>();
        // A cache line is asked for once, but with two inputs on narrow vectors twice: measured a tenth faster.
        let asked = if N == 1 { per_line::<E>().min(width * lanes) } else { lanes };
        let mut ahead = Ahead::new(all.rows(), len, asked, sweep.ahead);
        let mut at = 0;
        while len - at >= width * lanes {
            let mut parameters = [[splat::<T, E>(sweep.token, E::Real::ZERO); K]; BLOCK];
            for parameters in &mut parameters[..width] {
                *parameters = sweep.load(columns);
                columns = columns.after(forward);
            }
            let tile = all.cut(0..all.rows(), at, width * lanes);
            for row in 0..tile.rows() {
                for (vector, parameters) in parameters[..width].iter().enumerate() {
                    if M::ASKS && vector * lanes % asked == 0 {
                        ahead.next(|row, at| all.prefetch(sweep.token, row, at));
                    }
                    sweep.step(tile, row, vector * lanes, *parameters, Whole);
                }
            }
            at += width * lanes;
        }
        while at < len {
            let parameters = sweep.load(columns);
            for row in 0..all.rows() {
                if len - at >= lanes {
                    sweep.step(all, row, at, parameters, Whole);
                } else {
                    sweep.step(all, row, at, parameters, First(len - at));
                }
            }
            at += lanes.min(len - at);
            columns = columns.after(forward);
        }
    }
}

/// A row of columns. Column i has the parameters of channel `(first + i) % period / inner`.
#[derive(Clone, Copy)]
struct Columns {
    first: usize,
    inner: usize,
    period: usize,
}

impl Columns {
    /// The shortest number of columns that is whole periods and a multiple of another.
    fn common_period(self, other: usize) -> usize {
        least_common_multiple(self.period, other)
    }

    /// A number of columns to go, without the whole periods in it.
    #[inline(always)]
    fn less_than_period(self, columns: usize) -> usize {
        if columns < self.period { columns } else { columns % self.period }
    }

    /// From a column further on, by less than a period.
    #[inline(always)]
    fn after(self, columns: usize) -> Self {
        let first = self.first + columns;
        Columns { first: if first < self.period { first } else { first - self.period }, ..self }
    }
}

/// The memory to ask for while a band is worked on: that of the next one, in its order; of a single row, its own further on.
pub(super) struct Ahead {
    row: usize,
    at: usize,
    len: usize,
    step: usize,
}

impl Ahead {
    #[inline(always)]
    pub(super) fn new(rows: usize, len: usize, step: usize, ahead: usize) -> Self {
        if rows == 1 {
            Ahead { row: 0, at: ahead, len: usize::MAX, step }
        } else {
            Ahead { row: rows, at: 0, len, step }
        }
    }

    #[inline(always)]
    pub(super) fn next(&mut self, prefetch: impl Fn(usize, usize)) {
        prefetch(self.row, self.at);
        self.at += self.step;
        if self.at >= self.len {
            self.at = 0;
            self.row += 1;
        }
    }
}

/// The first `count` lanes of each of some parameters, the others of others.
#[inline(always)]
fn join<V: Vector, const K: usize>(count: usize, first: [V; K], rest: [V; K]) -> [V; K] {
    let mut joined = first;
    for (joined, rest) in joined.iter_mut().zip(rest) {
        *joined = V::join(count, *joined, rest);
    }
    joined
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).saturating_mul(b)
}
