//! TensorFlow's own answers, bit for bit.
//!
//! tests/golden/ holds what TensorFlow computed; tools/golden/README.md has the format of the files and how they are
//! made. Each case is one call, and every bit of its result is compared. There are two allowances: a NaN may be any
//! NaN, and a zero that the case lists may have either sign.

mod common;

use std::path::PathBuf;

use half::{bf16, f16};

use common::element::Element;
use common::reference::{Arithmetic, Attrs, RoundMode};
use common::{Case, Manner, show};

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
        wrong.extend(
            golden
                .differences()
                .into_iter()
                .map(|what| format!("case {number}: {what}\n  {case:?}")),
        );
    }
    assert_eq!(reader.rest.len(), 0, "bytes after the last case");
    assert_eq!(elements, header.elements, "elements read, and in the header");
    let shown = wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        wrong.is_empty(),
        "{} elements differ from TensorFlow {}:\n{shown}",
        wrong.len(),
        header.tensorflow
    );
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
        self.bytes(size)
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u64::from(byte))
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
        let tensorflow = String::from_utf8_lossy(reader.bytes(16))
            .trim_end_matches('\0')
            .to_owned();
        let _seed = reader.number(8);
        assert_eq!(reader.length(), 1, "the format's version");
        let dtype = reader.length();
        assert_eq!(["f32", "f64", "f16", "bf16"][dtype], T::NAME);
        let is_gradient = reader.length() != 0;
        let (cases, elements) = (reader.length(), reader.length());
        assert!(cases > 0 && elements > 0, "an empty file proves nothing");
        Header {
            tensorflow,
            is_gradient,
            cases,
            elements,
        }
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
                round_mode: if half_up {
                    RoundMode::HalfUp
                } else {
                    RoundMode::HalfToEven
                },
                axis,
                arithmetic: if native {
                    Arithmetic::Native
                } else {
                    Arithmetic::Default
                },
                ..Attrs::default()
            },
            shape,
            range: range_given.then(|| (reader.elements(range_len), reader.elements(range_len))),
            input: reader.elements(count),
            gradients: if is_gradient {
                reader.elements(count)
            } else {
                Vec::new()
            },
        };
        let (expected, any_zero) = (reader.elements(count), reader.lengths(any_zero_len));
        Golden {
            case,
            is_gradient,
            expected,
            any_zero,
        }
    }

    /// What is wrong, an element each.
    fn differences(&self) -> Vec<String> {
        let manner = Manner::default();
        let result = if self.is_gradient {
            self.case.gradient(&manner)
        } else {
            self.case.forward(&manner)
        };
        let got = match result {
            Ok(got) => got,
            Err(status) => return vec![format!("status {status}")],
        };
        let differing = (0..got.len()).filter(|&at| !self.allows(at, got[at]));
        differing.map(|at| self.describe(at, got[at])).collect()
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
