// SPDX-License-Identifier: MIT OR Apache-2.0

import com.sun.jna.IntegerType;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;

/**
 * Quantizes the rows of a small matrix to 4 bits through JNA, checks the result bit for bit, and shows what an error
 * looks like.
 */
public class Quantize {
    static final int INVALID_AXIS = 3;

    /** The functions of libqdq that this program uses. */
    public interface Qdq extends Library {
        Qdq INSTANCE = Native.load("qdq", Qdq.class);

        int qdq_attrs_init(Attrs attrs, SizeT structSize);

        int qdq_quantize_and_dequantize_v4_f32(float[] input, long[] shape, int rank, float[] inputMin,
                float[] inputMax, SizeT rangeLen, Attrs attrs, Pointer executor, float[] output);

        String qdq_status_string(int status);

        String qdq_last_error();

        String qdq_version();

        String qdq_isa();
    }

    public static class SizeT extends IntegerType {
        public SizeT() {
            this(0);
        }

        public SizeT(long value) {
            super(Native.SIZE_T_SIZE, value, true);
        }
    }

    /** qdq_attrs. */
    @FieldOrder({"structSize", "numBits", "axis", "roundMode", "arithmetic", "degenerate", "signedInput", "rangeGiven",
        "narrowRange"})
    public static class Attrs extends Structure {
        public SizeT structSize;
        public int numBits, axis, roundMode, arithmetic, degenerate, signedInput, rangeGiven, narrowRange;
    }

    /** A call that libqdq refused. */
    static class QdqException extends RuntimeException {
        final int status;

        QdqException(int status) {
            super(Qdq.INSTANCE.qdq_status_string(status) + " (" + status + "): " + Qdq.INSTANCE.qdq_last_error());
            this.status = status;
        }
    }

    static final float[] INPUT = {
        0.31f, -0.97f, 0.08f, 0.52f,
        12.5f, -3.2f, 7.9f, 0.4f,
        -250, 118, 33, -64,
    };
    static final int COLUMNS = 4;

    /** From tensorflow-cpu 2.21.0: tf.raw_ops.QuantizeAndDequantizeV4(input, 0., 0., num_bits=4, axis=0). */
    static final int[] EXPECTED = {
        0x3eba3d71, 0xbf7851ec, 0x3df851ec, 0x3ef851ec,
        0x41480000, 0xc0649249, 0x40e49249, 0x00000000,
        0xc37a0000, 0x42fa0000, 0x41fa0000, 0xc27a0000,
    };

    /** Each row (axis 0) or column (axis 1) gets a grid of 4 bits of its own. */
    static float[] quantize(float[] input, int columns, int axis) {
        Attrs attrs = new Attrs();
        Qdq.INSTANCE.qdq_attrs_init(attrs, new SizeT(attrs.size()));
        attrs.numBits = 4;
        attrs.axis = axis;
        // libqdq believes the shape, so it comes from the array.
        long[] shape = {input.length / columns, columns};
        float[] output = new float[input.length];
        int status = Qdq.INSTANCE.qdq_quantize_and_dequantize_v4_f32(
                input, shape, shape.length, null, null, new SizeT(0), attrs, null, output);
        if (status != 0) {
            throw new QdqException(status);
        }
        return output;
    }

    static String row(float[] values, int i) {
        return String.format("[%9.3f %9.3f %9.3f %9.3f]", values[i], values[i + 1], values[i + 2], values[i + 3]);
    }

    static void check(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException(what);
        }
    }

    static void checkError() {
        try {
            quantize(INPUT, COLUMNS, 2);
        } catch (QdqException e) {
            check(e.status == INVALID_AXIS, "axis 2 of a matrix: " + e.getMessage());
            System.out.println("axis 2: " + e.getMessage());
            return;
        }
        throw new IllegalStateException("axis 2 of a matrix: no error");
    }

    public static void main(String[] arguments) {
        System.out.printf("libqdq %s (%s) from Java%n", Qdq.INSTANCE.qdq_version(), Qdq.INSTANCE.qdq_isa());
        float[] output = quantize(INPUT, COLUMNS, 0);
        for (int i = 0; i < output.length; i += COLUMNS) {
            System.out.println(row(INPUT, i) + " -> " + row(output, i));
        }
        for (int i = 0; i < output.length; i++) {
            int bits = Float.floatToRawIntBits(output[i]);
            check(bits == EXPECTED[i], String.format("element %d is %#010x, expected %#010x", i, bits, EXPECTED[i]));
        }
        checkError();
    }
}
