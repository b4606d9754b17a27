// SPDX-License-Identifier: MIT OR Apache-2.0

// Quantizes the rows of a small matrix to 4 bits through koffi, checks the result bit for bit, and shows what an error
// looks like.
'use strict';

const koffi = require('koffi');

const qdq = koffi.load('libqdq.so');
const Attrs = koffi.struct('qdq_attrs', {
  struct_size: 'size_t',
  num_bits: 'int32_t',
  axis: 'int32_t',
  round_mode: 'int32_t',
  arithmetic: 'int32_t',
  degenerate: 'int32_t',
  signed_input: 'int32_t',
  range_given: 'int32_t',
  narrow_range: 'int32_t',
});
const initAttrs = qdq.func('int32_t qdq_attrs_init(_Out_ qdq_attrs *attrs, size_t struct_size)');
const quantizeAndDequantize = qdq.func(`int32_t qdq_quantize_and_dequantize_v4_f32(
  const float *input, const int64_t *shape, int32_t rank, const float *input_min, const float *input_max,
  size_t range_len, const qdq_attrs *attrs, const void *executor, _Out_ float *output)`);
const statusString = qdq.func('const char *qdq_status_string(int32_t status)');
const lastError = qdq.func('const char *qdq_last_error(void)');
const version = qdq.func('const char *qdq_version(void)');
const isa = qdq.func('const char *qdq_isa(void)');

const INVALID_AXIS = 3;

const input = new Float32Array([0.31, -0.97, 0.08, 0.52, 12.5, -3.2, 7.9, 0.4, -250, 118, 33, -64]);
const columns = 4;

// From tensorflow-cpu 2.21.0: tf.raw_ops.QuantizeAndDequantizeV4(input, 0., 0., num_bits=4, axis=0).
const expected = new Uint32Array([
  0x3eba3d71, 0xbf7851ec, 0x3df851ec, 0x3ef851ec, 0x41480000, 0xc0649249, 0x40e49249, 0x00000000,
  0xc37a0000, 0x42fa0000, 0x41fa0000, 0xc27a0000,
]);

class QdqError extends Error {
  constructor(status) {
    super(`${statusString(status)} (${status}): ${lastError()}`);
    this.status = status;
  }
}

// Each row (axis 0) or column (axis 1) of a Float32Array gets a grid of 4 bits of its own.
function quantize(input, columns, axis) {
  // koffi passes the bytes of any typed array, and libqdq believes the shape.
  if (!(input instanceof Float32Array)) throw new TypeError('input must be a Float32Array');
  const shape = [input.length / columns, columns];
  const attrs = {};
  initAttrs(attrs, koffi.sizeof(Attrs));
  Object.assign(attrs, { num_bits: 4, axis });
  const output = new Float32Array(input.length);
  const status = quantizeAndDequantize(input, shape, shape.length, null, null, 0, attrs, null, output);
  if (status !== 0) throw new QdqError(status);
  return output;
}

function check(condition, what) {
  if (!condition) throw new Error(what);
}

const row = (values, i) => Array.from(values.subarray(i, i + columns), (v) => v.toFixed(3).padStart(9)).join(' ');

console.log(`libqdq ${version()} (${isa()}) from Node.js`);
const output = quantize(input, columns, 0);
for (let i = 0; i < input.length; i += columns) console.log(`[${row(input, i)}] -> [${row(output, i)}]`);
new Uint32Array(output.buffer).forEach((bits, i) => {
  check(bits === expected[i], `element ${i} is 0x${bits.toString(16)}, expected 0x${expected[i].toString(16)}`);
});

let error = null;
try {
  quantize(input, columns, 2);
} catch (e) {
  error = e;
}
check(error?.status === INVALID_AXIS, `axis 2 of a matrix: ${error}, expected status ${INVALID_AXIS}`);
console.log(`axis 2: ${error.message}`);
