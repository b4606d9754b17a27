//! TensorFlow's own answers, bit for bit.
//!
//! tests/golden/ holds what TensorFlow computed; tools/golden/README.md has the format of the files and how they are
//! made. Each case is one call, and every bit of its result is compared. There are two allowances: a NaN may be any
//! NaN, and a zero that the case lists may have either sign.

mod common;

use std::path::PathBuf;
use std::ptr;

use half::{bf16, f16};
use qdq::capi::*;

use common::element::Element;
use common::quantizer::Quantizer;
use common::reference::{Arithmetic, Attrs, RoundMode};
use common::view::{Operand, Place, Tensor, dtype_of, pointer_to};
use common::{Case, Manner, Status, Workers, c_attrs, show};

every_isa!();

/// Makes a test of each file, and the list that must be the whole folder.
macro_rules! golden_files {
    ($($name:ident: $element:ty),+ $(,)?) => {
        const FILES: &[&str] = &[$(stringify!($name)),+];
        $(#[test] fn $name() { check_file::<$element>(stringify!($name)); })+
    };
}

golden_files! {
    forward_f32: f32,
    forward_f64: f64,
    forward_f16: f16,
    forward_bf16: bf16,
    forward_native_bf16: bf16,
    gradient_f32: f32,
    gradient_f64: f64,
    gradient_f16: f16,
    gradient_bf16: bf16,
}

#[test]
fn no_file_is_left_out() {
    let names = std::fs::read_dir(folder())
        .expect("the folder is in the checkout")
        .map(|entry| entry.expect("a readable entry").file_name());
    let mut found: Vec<_> = names.map(|name| name.into_string().expect("a plain name")).collect();
    found.sort();
    let mut expected: Vec<_> = FILES.iter().map(|name| format!("{name}.golden")).collect();
    expected.sort();
    assert_eq!(found, expected);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A way to ask the library; each must give TensorFlow's bits.
#[derive(Clone, Copy, Debug)]
enum Way {
    Dense(Workers),
    /// Transposed tensors with gaps.
    Views,
    /// The same tensors, by a prepared quantizer.
    Phases,
}

const WAYS: [Way; 5] =
    [Way::Dense(Workers::Caller), Way::Dense(Workers::Pool(2)), Way::Dense(Workers::Host(2)), Way::Views, Way::Phases];

/// The tensors of a call.
struct Tensors {
    gradients: Option<Tensor>,
    input: Tensor,
    range: Option<[Tensor; 2]>,
    output: Tensor,
}

/// How many wrong elements a failure shows.
const SHOWN: usize = 10;

fn check_file<T: Element>(name: &str) {
    let bytes = std::fs::read(folder().join(name).with_extension("golden")).expect("the file is in the checkout");
    let mut reader = Reader { rest: &bytes };
    let header = Header::read::<T>(&mut reader);
    let (mut elements, mut wrong) = (0, Vec::new());
    for number in 0..header.cases {
        let golden = Golden::<T>::read(&mut reader, header.is_gradient);
        elements += golden.expected.len();
        let case = &golden.case;
        wrong.extend(golden.differences().into_iter().map(|what| format!("case {number}: {what}\n  {case:?}")));
    }
    assert_eq!(reader.rest.len(), 0, "bytes after the last case");
    assert_eq!(elements, header.elements, "elements read, and in the header");
    let shown = wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} elements differ from TensorFlow {}:\n{shown}", wrong.len(), header.tensorflow);
}

/// Takes little-endian numbers off the front of a file.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.rest.split_at_checked(len).expect("the file ends too early");
        self.rest = rest;
        bytes
    }

    fn number(&mut self, size: usize) -> u64 {
        self.bytes(size).iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    fn length(&mut self) -> usize {
        self.number(4) as usize
    }

    fn flag(&mut self) -> bool {
        self.number(1) != 0
    }

    fn lengths(&mut self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.length()).collect()
    }

    fn elements<T: Element>(&mut self, count: usize) -> Vec<T> {
        (0..count).map(|_| T::from_bits(self.number(T::SIZE))).collect()
    }
}

struct Header {
    tensorflow: String,
    is_gradient: bool,
    cases: usize,
    elements: usize,
}

impl Header {
    fn read<T: Element>(reader: &mut Reader) -> Header {
        assert_eq!(reader.bytes(8), b"QDQGOLD\0", "not a golden file");
        let tensorflow = String::from_utf8_lossy(reader.bytes(16)).trim_end_matches('\0').to_owned();
        let _seed = reader.number(8);
        assert_eq!(reader.length(), 1, "the format's version");
        let dtype = reader.length();
        assert_eq!(["f32", "f64", "f16", "bf16"][dtype], T::NAME);
        let is_gradient = reader.length() != 0;
        let (cases, elements) = (reader.length(), reader.length());
        assert!(cases > 0 && elements > 0, "an empty file proves nothing");
        Header { tensorflow, is_gradient, cases, elements }
    }
}

/// A call and TensorFlow's result of it.
struct Golden<T> {
    case: Case<T>,
    is_gradient: bool,
    expected: Vec<T>,
    /// Where the result is a zero of either sign.
    any_zero: Vec<usize>,
}

impl<T: Element> Golden<T> {
    fn read(reader: &mut Reader, is_gradient: bool) -> Golden<T> {
        let num_bits = reader.number(1) as i32;
        let [signed_input, range_given, narrow_range, half_up, native] = std::array::from_fn(|_| reader.flag());
        let axis = i32::from(reader.number(1) as i8);
        let rank = reader.number(1) as usize;
        let (range_len, any_zero_len) = (reader.length(), reader.length());
        let shape = reader.lengths(rank);
        let count = shape.iter().product();
        let case = Case {
            attrs: Attrs {
                signed_input,
                num_bits,
                narrow_range,
                round_mode: if half_up { RoundMode::HalfUp } else { RoundMode::HalfToEven },
                axis,
                arithmetic: if native { Arithmetic::Native } else { Arithmetic::Default },
                ..Attrs::default()
            },
            shape,
            range: range_given.then(|| (reader.elements(range_len), reader.elements(range_len))),
            input: reader.elements(count),
            gradients: if is_gradient { reader.elements(count) } else { Vec::new() },
        };
        let (expected, any_zero) = (reader.elements(count), reader.lengths(any_zero_len));
        Golden { case, is_gradient, expected, any_zero }
    }

    /// What is wrong, an element each, whichever way the library is asked.
    fn differences(&self) -> Vec<String> {
        WAYS.iter().flat_map(|way| self.differences_by(*way)).collect()
    }

    fn differences_by(&self, way: Way) -> Vec<String> {
        let got = match self.result_by(way) {
            Ok(got) => got,
            Err(status) => return vec![format!("{way:?}: status {status}")],
        };
        let differing = (0..got.len()).filter(|&at| !self.allows(at, got[at]));
        differing.map(|at| format!("{way:?}: {}", self.describe(at, got[at]))).collect()
    }

    fn result_by(&self, way: Way) -> Result<Vec<T>, Status> {
        let case = &self.case;
        match way {
            Way::Dense(workers) => {
                let manner = Manner { workers, ..Manner::default() };
                if self.is_gradient { case.gradient(&manner) } else { case.forward(&manner) }
            }
            Way::Views => self.by_tensors(Self::call_on_views),
            Way::Phases => self.by_tensors(Self::call_in_phases),
        }
    }

    /// Makes a call on tensors that lie in memory in another order, with gaps.
    fn by_tensors(&self, call: impl Fn(&Self, &Tensors) -> Status) -> Result<Vec<T>, Status> {
        let case = &self.case;
        let innermost_first: Vec<usize> = (0..case.shape.len()).collect();
        let place = Place::ordered(&case.shape, &innermost_first, 2);
        let mut gradients = self.is_gradient.then(|| Operand::holding(place.clone(), &case.gradients));
        let mut input = Operand::holding(place.clone(), &case.input);
        let mut output = Operand::untouched(place, dtype_of::<T>());
        let range_place = Place::dense(&[case.channels()]);
        let mut range =
            case.range.as_ref().map(|(lo, hi)| [lo, hi].map(|ends| Operand::holding(range_place.clone(), ends)));
        let tensors = Tensors {
            gradients: gradients.as_mut().map(Operand::tensor),
            input: input.tensor(),
            range: range.as_mut().map(|range| range.each_mut().map(Operand::tensor)),
            output: output.tensor(),
        };
        match call(self, &tensors) {
            QDQ_STATUS_OK => Ok(output.values()),
            status => Err(status),
        }
    }

    fn call_on_views(&self, tensors: &Tensors) -> Status {
        let attrs = c_attrs(&self.case.attrs, tensors.range.is_some());
        let (min, max) = match &tensors.range {
            Some([min, max]) => (Some(min.c()), Some(max.c())),
            None => (None, None),
        };
        let (min, max, executor) = (pointer_to(&min), pointer_to(&max), ptr::null());
        let (input, output) = (tensors.input.c(), tensors.output.c());
        // SAFETY: the tensors are of live memories that hold all of their elements, apart from each other.
        unsafe {
            match &tensors.gradients {
                None => qdq_quantize_and_dequantize_v4(&input, min, max, &attrs, executor, &output),
                Some(gradients) => {
                    let (gradients, none) = (gradients.c(), ptr::null());
                    qdq_quantize_and_dequantize_v4_grad(
                        &gradients, &input, min, max, &attrs, executor, &output, none, none,
                    )
                }
            }
        }
    }

    /// The range given, or gathered; a quantizer; its application.
    fn call_in_phases(&self, tensors: &Tensors) -> Status {
        let attrs = c_attrs(&self.case.attrs, tensors.range.is_some());
        let place = Place::dense(&[self.case.channels()]);
        let mut gathered = [f64::INFINITY, f64::NEG_INFINITY]
            .map(|start| Operand::holding(place.clone(), &vec![T::near(start); self.case.channels()]));
        let gathered = gathered.each_mut().map(Operand::tensor);
        let [min, max] = match &tensors.range {
            Some(range) => range,
            None => {
                let (input, min, max) = (tensors.input.c(), gathered[0].c(), gathered[1].c());
                // SAFETY: the tensors are of live memories that hold all of their elements, apart from each other.
                let status = unsafe { qdq_range_update(&input, &attrs, ptr::null(), &min, &max) };
                assert_eq!(status, QDQ_STATUS_OK);
                &gathered
            }
        };
        let quantizer = match Quantizer::create::<T>(&attrs, min, max) {
            Ok(quantizer) => quantizer,
            Err(status) => return status,
        };
        match &tensors.gradients {
            None => quantizer.apply(ptr::null(), &tensors.input, &tensors.output),
            Some(gradients) => quantizer.gradient(ptr::null(), gradients, &tensors.input, &tensors.output),
        }
    }

    fn allows(&self, at: usize, got: T) -> bool {
        let expected = self.expected[at];
        let zeros = got.to_f64() == 0.0 && expected.to_f64() == 0.0;
        got.bits() == expected.bits() || got.is_nan() && expected.is_nan() || zeros && self.any_zero.contains(&at)
    }

    fn describe(&self, at: usize, got: T) -> String {
        let (input, expected) = (show(self.case.input[at]), show(self.expected[at]));
        format!("element {at}, input {input}: got {}, TensorFlow {expected}", show(got))
    }
}
