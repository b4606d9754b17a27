# SPDX-License-Identifier: MIT OR Apache-2.0
# frozen_string_literal: true

# Quantizes the rows of a small matrix to 4 bits through the gem ffi, checks the result bit for bit, and shows what an
# error looks like.

require 'ffi'

# The functions of libqdq that this program uses.
module Qdq
  extend FFI::Library
  ffi_lib 'qdq'

  # qdq_attrs
  class Attrs < FFI::Struct
    layout :struct_size, :size_t, :num_bits, :int32, :axis, :int32, :round_mode, :int32, :arithmetic, :int32,
           :degenerate, :int32, :signed_input, :int32, :range_given, :int32, :narrow_range, :int32
  end

  attach_function :qdq_attrs_init, [Attrs.by_ref, :size_t], :int32
  attach_function :qdq_quantize_and_dequantize_v4_f32,
                  [:buffer_in, :buffer_in, :int32, :buffer_in, :buffer_in, :size_t, Attrs.by_ref, :pointer,
                   :buffer_out], :int32
  attach_function :qdq_status_string, [:int32], :string
  attach_function :qdq_last_error, [], :string
  attach_function :qdq_version, [], :string
  attach_function :qdq_isa, [], :string

  INVALID_AXIS = 3

  # A call that libqdq refused.
  class Error < StandardError
    attr_reader :status

    def initialize(status)
      @status = status
      super("#{Qdq.qdq_status_string(status)} (#{status}): #{Qdq.qdq_last_error}")
    end
  end

  # Each row (axis 0) or column (axis 1) of an array of numbers gets a grid of 4 bits of its own.
  def self.quantize(input, columns, axis)
    attrs = Attrs.new
    qdq_attrs_init(attrs, Attrs.size)
    attrs[:num_bits] = 4
    attrs[:axis] = axis
    # libqdq believes the shape, so it comes from the array.
    shape = FFI::Buffer.new(:int64, 2).put_array_of_int64(0, [input.size / columns, columns])
    floats = FFI::Buffer.new(:float, input.size).put_array_of_float(0, input)
    output = FFI::Buffer.new(:float, input.size)
    status = qdq_quantize_and_dequantize_v4_f32(floats, shape, 2, nil, nil, 0, attrs, nil, output)
    raise Error, status unless status.zero?

    output
  end
end

INPUT = [
  0.31, -0.97, 0.08, 0.52,
  12.5, -3.2, 7.9, 0.4,
  -250, 118, 33, -64
].freeze
COLUMNS = 4

# From tensorflow-cpu 2.21.0: tf.raw_ops.QuantizeAndDequantizeV4(input, 0., 0., num_bits=4, axis=0).
EXPECTED = [
  0x3eba3d71, 0xbf7851ec, 0x3df851ec, 0x3ef851ec,
  0x41480000, 0xc0649249, 0x40e49249, 0x00000000,
  0xc37a0000, 0x42fa0000, 0x41fa0000, 0xc27a0000
].freeze

def row(values)
  format('[%9.3f %9.3f %9.3f %9.3f]', *values)
end

puts "libqdq #{Qdq.qdq_version} (#{Qdq.qdq_isa}) from Ruby"
output = Qdq.quantize(INPUT, COLUMNS, 0)
output.get_array_of_float(0, INPUT.size).each_slice(COLUMNS).zip(INPUT.each_slice(COLUMNS)) do |to, from|
  puts "#{row(from)} -> #{row(to)}"
end
output.get_array_of_uint32(0, INPUT.size).zip(EXPECTED).each_with_index do |(bits, expected), i|
  abort format('element %d is %#010x, expected %#010x', i, bits, expected) if bits != expected
end

begin
  Qdq.quantize(INPUT, COLUMNS, 2)
  abort 'axis 2 of a matrix: no error'
rescue Qdq::Error => e
  abort "axis 2 of a matrix: #{e}" if e.status != Qdq::INVALID_AXIS
  puts "axis 2: #{e}"
end
