-- SPDX-License-Identifier: MIT OR Apache-2.0

-- Quantizes the rows of a small matrix to 4 bits through LuaJIT's FFI, checks the result bit for bit, and shows what an
-- error looks like.

local bit = require "bit"
local ffi = require "ffi"

ffi.cdef [[
typedef struct {
  size_t struct_size;
  int32_t num_bits, axis, round_mode, arithmetic, degenerate, signed_input, range_given, narrow_range;
} qdq_attrs;
int32_t qdq_attrs_init(qdq_attrs *attrs, size_t struct_size);
int32_t qdq_quantize_and_dequantize_v4_f32(const float *input, const int64_t *shape, int32_t rank,
  const float *input_min, const float *input_max, size_t range_len,
  const qdq_attrs *attrs, const void *executor, float *output);
const char *qdq_status_string(int32_t status);
const char *qdq_last_error(void);
const char *qdq_version(void);
const char *qdq_isa(void);
]]
local qdq = ffi.load "qdq"

local INVALID_AXIS = 3
local COUNT, COLUMNS = 12, 4

local input = ffi.new("float[12]", {
  0.31, -0.97, 0.08, 0.52,
  12.5, -3.2, 7.9, 0.4,
  -250, 118, 33, -64,
})

-- From tensorflow-cpu 2.21.0: tf.raw_ops.QuantizeAndDequantizeV4(input, 0., 0., num_bits=4, axis=0).
local expected = ffi.new("uint32_t[12]", {
  0x3eba3d71, 0xbf7851ec, 0x3df851ec, 0x3ef851ec,
  0x41480000, 0xc0649249, 0x40e49249, 0x00000000,
  0xc37a0000, 0x42fa0000, 0x41fa0000, 0xc27a0000,
})

-- Each row (axis 0) or column (axis 1) of `count` floats gets a grid of 4 bits of its own. Gives the output, or nil, the
-- reason and the status.
local function quantize(input, count, columns, axis)
  local attrs = ffi.new "qdq_attrs"
  qdq.qdq_attrs_init(attrs, ffi.sizeof(attrs))
  attrs.num_bits = 4
  attrs.axis = axis
  -- libqdq believes the shape, so it comes from the count.
  local shape = ffi.new("int64_t[2]", count / columns, columns)
  local output = ffi.new("float[?]", count)
  local status = qdq.qdq_quantize_and_dequantize_v4_f32(input, shape, 2, nil, nil, 0, attrs, nil, output)
  if status ~= 0 then
    local name, reason = qdq.qdq_status_string(status), qdq.qdq_last_error()
    return nil, ("%s (%d): %s"):format(ffi.string(name), status, ffi.string(reason)), status
  end
  return output
end

local function row(values, i)
  local v = values + i
  return ("[%9.3f %9.3f %9.3f %9.3f]"):format(v[0], v[1], v[2], v[3])
end

print(("libqdq %s (%s) from LuaJIT"):format(ffi.string(qdq.qdq_version()), ffi.string(qdq.qdq_isa())))
local output = assert(quantize(input, COUNT, COLUMNS, 0))
for i = 0, COUNT - 1, COLUMNS do
  print(row(input, i) .. " -> " .. row(output, i))
end
local bits = ffi.cast("const uint32_t *", output)
for i = 0, COUNT - 1 do
  if bits[i] ~= expected[i] then
    error(("element %d is 0x%s, expected 0x%s"):format(i, bit.tohex(bits[i]), bit.tohex(expected[i])))
  end
end

local none, reason, status = quantize(input, COUNT, COLUMNS, 2)
assert(none == nil and status == INVALID_AXIS, "axis 2 of a matrix: expected QDQ_STATUS_INVALID_AXIS")
print("axis 2: " .. reason)
