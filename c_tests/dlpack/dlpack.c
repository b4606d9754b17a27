/*
 * DLPack tensors, of the dlpack.h that is found, as qdq_tensors: which are taken, which are refused and why, and
 * results worked by hand on tensors with strides and offsets. dlpack.cpp is the same in C++: this is written in both.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <dlpack/dlpack.h>
#include <qdq_dlpack.h>
#include <qdq_dlpack.h>

#include "check.h"
#include "kinds.h"

#include <string.h>

enum { LONGEST = 40 };

static DLDataType dl_type(int code, int bits, int lanes)
{
    DLDataType type;
    type.code = (uint8_t)code;
    type.bits = (uint8_t)bits;
    type.lanes = (uint16_t)lanes;
    return type;
}

static DLTensor dl_tensor(void *data, DLDataType dtype, int ndim, int64_t *shape, int64_t *strides)
{
    DLTensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.data = data;
    tensor.device.device_type = kDLCPU;
    tensor.dtype = dtype;
    tensor.ndim = ndim;
    tensor.shape = shape;
    tensor.strides = strides;
    return tensor;
}

static void check_taken(void)
{
    double data[6] = {0};
    int64_t shape[] = {2, 3}, strides[] = {-1, 2};
    qdq_tensor to;
    const char *sentence = "untouched";
    DLTensor from = dl_tensor(data, dl_type(kDLFloat, 64, 1), 2, shape, strides);

    check_about("a view");
    from.byte_offset = 16;
    CHECK_INT(qdq_tensor_from_dlpack(&from, &to, &sentence), QDQ_STATUS_OK);
    CHECK(to.data == data + 2 && to.shape == shape && to.strides == strides);
    CHECK(to.rank == 2 && to.dtype == QDQ_DTYPE_F64 && to.flags == 0);
    CHECK_STRING(sentence, "untouched");

    check_about("dense, a scalar, nothing");
    from = dl_tensor(data, dl_type(kDLFloat, 64, 1), 0, NULL, NULL);
    CHECK_INT(qdq_tensor_from_dlpack(&from, &to, NULL), QDQ_STATUS_OK);
    CHECK(to.data == data && to.rank == 0 && to.shape == NULL && to.strides == NULL);
    from = dl_tensor(NULL, dl_type(kDLFloat, 64, 1), 2, shape, NULL);
    from.byte_offset = 8;
    CHECK_INT(qdq_tensor_from_dlpack(&from, &to, NULL), QDQ_STATUS_OK);
    CHECK(to.data == NULL && to.strides == NULL);
}

static void check_dtypes(void)
{
    static const struct {
        int code, bits;
        qdq_dtype dtype;
    } types[] = {
        {kDLFloat, 16, QDQ_DTYPE_F16}, {kDLFloat, 32, QDQ_DTYPE_F32}, {kDLFloat, 64, QDQ_DTYPE_F64},
        {kDLBfloat, 16, QDQ_DTYPE_BF16}, {kDLInt, 8, QDQ_DTYPE_I8}, {kDLInt, 16, QDQ_DTYPE_I16},
        {kDLInt, 32, QDQ_DTYPE_I32}, {kDLInt, 64, QDQ_DTYPE_I64}, {kDLUInt, 8, QDQ_DTYPE_U8},
        {kDLUInt, 16, QDQ_DTYPE_U16}, {kDLUInt, 32, QDQ_DTYPE_U32}, {kDLUInt, 64, QDQ_DTYPE_U64},
    };
    int known = 0;
    size_t i;
    int code, bits;
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        check_about("code %d, %d bits", types[i].code, types[i].bits);
        CHECK_INT(qdq_dtype_from_dlpack(dl_type(types[i].code, types[i].bits, 1)), types[i].dtype);
        CHECK_INT(qdq_dtype_from_dlpack(dl_type(types[i].code, types[i].bits, 2)), 0);
        CHECK_INT(qdq_dtype_from_dlpack(dl_type(types[i].code, types[i].bits, 0)), 0);
    }
    /* Every other pair is none: bool, complex, the types of 8 bits and fewer, handles, and what comes later. */
    for (code = 0; code < 256; code++) {
        for (bits = 0; bits < 256; bits++) {
            known += qdq_dtype_from_dlpack(dl_type(code, bits, 1)) != 0;
        }
    }
    check_about("types");
    CHECK_INT(known, (intmax_t)(sizeof types / sizeof *types));
}

static void check_refused(DLTensor from, qdq_status status, const char *words)
{
    qdq_tensor to, before;
    const char *sentence = NULL;
    memset(&to, 0xa5, sizeof to);
    before = to;
    check_about("%s", words);
    CHECK_INT(qdq_tensor_from_dlpack(&from, &to, &sentence), status);
    CHECK_CONTAINS(sentence, words);
    CHECK_BYTES(&to, &before, sizeof to);
    CHECK_INT(qdq_tensor_from_dlpack(&from, &to, NULL), status);
}

static void check_refusals(void)
{
    float data[4] = {0};
    int64_t shape[QDQ_MAX_RANK + 1] = {0};
    const DLTensor good = dl_tensor(data, dl_type(kDLFloat, 32, 1), 1, shape, NULL);
    DLTensor bad;
    qdq_tensor to;
    const char *sentence = NULL;

    check_about("NULL");
    CHECK_INT(qdq_tensor_from_dlpack(NULL, &to, &sentence), QDQ_STATUS_NULL_POINTER);
    CHECK_CONTAINS(sentence, "from is NULL");
    CHECK_INT(qdq_tensor_from_dlpack(&good, NULL, &sentence), QDQ_STATUS_NULL_POINTER);
    CHECK_CONTAINS(sentence, "to is NULL");

    bad = good, bad.dtype.lanes = 4;
    check_refused(bad, QDQ_STATUS_UNSUPPORTED_DTYPE, "lanes");
    bad = good, bad.dtype.code = kDLComplex, bad.dtype.bits = 64;
    check_refused(bad, QDQ_STATUS_UNSUPPORTED_DTYPE, "dtype");
    bad = good, bad.ndim = -1;
    check_refused(bad, QDQ_STATUS_INVALID_SHAPE, "ndim");
    bad = good, bad.ndim = QDQ_MAX_RANK + 1;
    check_refused(bad, QDQ_STATUS_INVALID_SHAPE, "expected 0 to 64");
    CHECK_INT(QDQ_MAX_RANK, 64);
    bad = good, bad.shape = NULL;
    check_refused(bad, QDQ_STATUS_NULL_POINTER, "shape is NULL");

    bad = good, bad.ndim = QDQ_MAX_RANK;
    check_about("the largest rank");
    CHECK_INT(qdq_tensor_from_dlpack(&bad, &to, NULL), QDQ_STATUS_OK);
}

static void check_devices(void)
{
    static const DLDeviceType host[] = {kDLCPU, kDLCUDAHost, kDLROCMHost};
    static const DLDeviceType others[] = {kDLCUDA, kDLCUDAManaged, kDLOpenCL, kDLVulkan, kDLMetal, kDLROCM, kDLExtDev};
    float data[1] = {0};
    int64_t shape[] = {1};
    DLTensor from = dl_tensor(data, dl_type(kDLFloat, 32, 1), 1, shape, NULL);
    qdq_tensor to;
    size_t i;
    for (i = 0; i < sizeof host / sizeof *host; i++) {
        check_about("device %d", (int)host[i]);
        from.device.device_type = host[i];
        CHECK_INT(qdq_tensor_from_dlpack(&from, &to, NULL), QDQ_STATUS_OK);
    }
    for (i = 0; i < sizeof others / sizeof *others; i++) {
        from.device.device_type = others[i];
        check_refused(from, QDQ_STATUS_INVALID_ATTRIBUTE, "device");
    }
}

/* Where element [row][column] is, in a tensor of 2 rows and 3 columns that starts so many elements behind. */
static size_t place(int64_t first, const int64_t *strides, int64_t row, int64_t column)
{
    return (size_t)(first + row * strides[0] + column * strides[1]);
}

/*
 * 3 signed bits, one range for each row: [-4, 0.75, 1] has the scale 1 and [-8, 0.75, 1] the scale 0.5. The input lies
 * in columns behind a byte offset, the output backwards with gaps.
 */
static void check_end_to_end(const struct kind *kind, DLDataType dtype)
{
    static const double numbers[2][3] = {{-4, 0.75, 1}, {-8, 0.75, 1}}, results[2][3] = {{-4, 1, 1}, {-8, 0, 0}};
    double input[LONGEST] = {0}, output[LONGEST], expected[LONGEST];
    int64_t shape[] = {2, 3}, columns[] = {1, 2}, backwards[] = {-7, -2};
    DLTensor from = dl_tensor(input, dtype, 2, shape, columns), into = dl_tensor(output, dtype, 2, shape, backwards);
    qdq_tensor in, out;
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    int64_t row, column;

    memset(output, 0x5a, sizeof output);
    memset(expected, 0x5a, sizeof expected);
    from.byte_offset = 3 * kind->size;
    into.byte_offset = 15 * kind->size;
    for (row = 0; row < 2; row++) {
        for (column = 0; column < 3; column++) {
            put(kind, input, place(3, columns, row, column), numbers[row][column]);
            put(kind, expected, place(15, backwards, row, column), results[row][column]);
        }
    }
    attrs.num_bits = 3;
    attrs.axis = 0;
    check_about("%s end to end", kind->name);
    CHECK_INT(qdq_tensor_from_dlpack(&from, &in, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_tensor_from_dlpack(&into, &out, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantize_and_dequantize_v4(&in, NULL, NULL, &attrs, NULL, &out), QDQ_STATUS_OK);
    CHECK_BYTES(output, expected, sizeof output);

    /* Alignment is the library's to check. */
    from.byte_offset += 1;
    CHECK_INT(qdq_tensor_from_dlpack(&from, &in, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantize_and_dequantize_v4(&in, NULL, NULL, &attrs, NULL, &out), QDQ_STATUS_MISALIGNED);
}

/* To integers and back through tensors that somebody manages. */
static void check_managed(void)
{
    float input[] = {-100, 0.75F, 2.5F}, min = -4, max = 2.5F, output[3] = {0};
    int8_t codes[4] = {0, 0, 0, 0};
    const int8_t expected[] = {0, -4, 1, 2};
    int64_t shape[] = {3};
    DLManagedTensor from, coded;
    qdq_tensor in, lower, upper, out, code;
    DLTensor lowest = dl_tensor(&min, dl_type(kDLFloat, 32, 1), 0, NULL, NULL);
    DLTensor highest = dl_tensor(&max, dl_type(kDLFloat, 32, 1), 0, NULL, NULL);
    DLTensor back = dl_tensor(output, dl_type(kDLFloat, 32, 1), 1, shape, NULL);
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    qdq_quantizer *quantizer = NULL;

    memset(&from, 0, sizeof from);
    memset(&coded, 0, sizeof coded);
    from.dl_tensor = dl_tensor(input, dl_type(kDLFloat, 32, 1), 1, shape, NULL);
    coded.dl_tensor = dl_tensor(codes, dl_type(kDLInt, 8, 1), 1, shape, NULL);
    coded.dl_tensor.byte_offset = 1;
    attrs.num_bits = 3;
    attrs.range_given = 1;
    check_about("managed");
    CHECK_INT(qdq_tensor_from_dlpack(&from.dl_tensor, &in, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_tensor_from_dlpack(&coded.dl_tensor, &code, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_tensor_from_dlpack(&lowest, &lower, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_tensor_from_dlpack(&highest, &upper, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_tensor_from_dlpack(&back, &out, NULL), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_create(&attrs, in.dtype, &lower, &upper, &quantizer), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_quantize(quantizer, NULL, &in, &code), QDQ_STATUS_OK);
    CHECK_BYTES(codes, expected, sizeof expected);
    CHECK_INT(qdq_quantizer_dequantize(quantizer, NULL, &code, &out), QDQ_STATUS_OK);
    CHECK(output[0] == -4 && output[1] == 1 && output[2] == 2);
    qdq_quantizer_destroy(quantizer);

#ifdef DLPACK_MAJOR_VERSION
    {
        DLManagedTensorVersioned versioned;
        memset(&versioned, 0, sizeof versioned);
        versioned.version.major = DLPACK_MAJOR_VERSION;
        versioned.dl_tensor = from.dl_tensor;
        check_about("managed, versioned");
        CHECK_INT(qdq_tensor_from_dlpack(&versioned.dl_tensor, &in, NULL), QDQ_STATUS_OK);
        CHECK(in.data == input);
    }
#endif
}

int main(void)
{
    check_taken();
    check_dtypes();
    check_refusals();
    check_devices();
    check_end_to_end(&kinds[0], dl_type(kDLFloat, 32, 1));
    check_end_to_end(&kinds[1], dl_type(kDLFloat, 64, 1));
    check_end_to_end(&kinds[2], dl_type(kDLFloat, 16, 1));
    check_end_to_end(&kinds[3], dl_type(kDLBfloat, 16, 1));
    check_managed();
    return check_finish();
}
