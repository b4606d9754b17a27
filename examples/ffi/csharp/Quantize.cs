// SPDX-License-Identifier: MIT OR Apache-2.0

// Quantizes the rows of a small matrix to 4 bits through P/Invoke, checks the result bit for bit, and shows what an
// error looks like.
using System;
using System.Linq;
using System.Runtime.InteropServices;

static class Qdq
{
    public const int InvalidAxis = 3;

    // qdq_attrs
    [StructLayout(LayoutKind.Sequential)]
    public struct Attrs
    {
        public UIntPtr StructSize;
        public int NumBits, Axis, RoundMode, Arithmetic, Degenerate, SignedInput, RangeGiven, NarrowRange;
    }

    // A call that libqdq refused.
    public class Error : Exception
    {
        public readonly int Status;

        public Error(int status) : base($"{Text(qdq_status_string(status))} ({status}): {Text(qdq_last_error())}")
        {
            Status = status;
        }
    }

    [DllImport("libqdq.so")]
    static extern int qdq_attrs_init(out Attrs attrs, UIntPtr structSize);

    [DllImport("libqdq.so")]
    static extern int qdq_quantize_and_dequantize_v4_f32(
        float[] input, long[] shape, int rank, float[] inputMin, float[] inputMax, UIntPtr rangeLen,
        ref Attrs attrs, IntPtr executor, [Out] float[] output);

    // Not string: the marshaller would free memory that is the library's.
    [DllImport("libqdq.so")]
    static extern IntPtr qdq_status_string(int status);

    [DllImport("libqdq.so")]
    static extern IntPtr qdq_last_error();

    [DllImport("libqdq.so")]
    static extern IntPtr qdq_version();

    [DllImport("libqdq.so")]
    static extern IntPtr qdq_isa();

    static string Text(IntPtr text) => Marshal.PtrToStringAnsi(text);

    public static string Version => Text(qdq_version());

    public static string Isa => Text(qdq_isa());

    // Each row (axis 0) or column (axis 1) gets a grid of 4 bits of its own.
    public static float[] Quantize(float[] input, int columns, int axis)
    {
        qdq_attrs_init(out Attrs attrs, (UIntPtr)Marshal.SizeOf<Attrs>());
        attrs.NumBits = 4;
        attrs.Axis = axis;
        // libqdq believes the shape, so it comes from the array.
        long[] shape = { input.Length / columns, columns };
        var output = new float[input.Length];
        int status = qdq_quantize_and_dequantize_v4_f32(
            input, shape, shape.Length, null, null, UIntPtr.Zero, ref attrs, IntPtr.Zero, output);
        if (status != 0) throw new Error(status);
        return output;
    }
}

static class Program
{
    static readonly float[] Input =
    {
        0.31f, -0.97f, 0.08f, 0.52f,
        12.5f, -3.2f, 7.9f, 0.4f,
        -250, 118, 33, -64,
    };
    const int Columns = 4;

    // From tensorflow-cpu 2.21.0: tf.raw_ops.QuantizeAndDequantizeV4(input, 0., 0., num_bits=4, axis=0).
    static readonly uint[] Expected =
    {
        0x3eba3d71, 0xbf7851ec, 0x3df851ec, 0x3ef851ec,
        0x41480000, 0xc0649249, 0x40e49249, 0x00000000,
        0xc37a0000, 0x42fa0000, 0x41fa0000, 0xc27a0000,
    };

    static string Row(float[] values, int from) =>
        "[" + string.Join(" ", values.Skip(from).Take(Columns).Select(value => $"{value,9:0.000}")) + "]";

    static int Main()
    {
        Console.WriteLine($"libqdq {Qdq.Version} ({Qdq.Isa}) from C#");
        float[] output = Qdq.Quantize(Input, Columns, 0);
        for (int i = 0; i < output.Length; i += Columns) Console.WriteLine($"{Row(Input, i)} -> {Row(output, i)}");
        for (int i = 0; i < output.Length; i++)
        {
            uint bits = BitConverter.ToUInt32(BitConverter.GetBytes(output[i]), 0);
            if (bits == Expected[i]) continue;
            Console.Error.WriteLine($"element {i} is 0x{bits:x8}, expected 0x{Expected[i]:x8}");
            return 1;
        }

        try
        {
            Qdq.Quantize(Input, Columns, 2);
        }
        catch (Qdq.Error error) when (error.Status == Qdq.InvalidAxis)
        {
            Console.WriteLine($"axis 2: {error.Message}");
            return 0;
        }
        Console.Error.WriteLine("axis 2 of a matrix: no error");
        return 1;
    }
}
