#include "sharded.h"

#include <math.h>
#include <stdlib.h>

#include "support.h"

enum { MATRIX_RANK = 2, ALL_ELEMENTS = -1 };

int64_t range_count(const qdq_attrs *attrs, const int64_t shape[2])
{
    return attrs->axis == ALL_ELEMENTS ? 1 : shape[attrs->axis];
}

static float *allocate_range(int64_t count, float start)
{
    float *ends = allocate((size_t)count, sizeof *ends);
    for (int64_t i = 0; i < count; i++)
        ends[i] = start;
    return ends;
}

static qdq_tensor range_tensor(float *ends, const int64_t *count)
{
    return (qdq_tensor){.data = ends, .shape = count, .rank = 1, .dtype = QDQ_DTYPE_F32};
}

/* From ranges of each rank's elements to those of all elements, on every rank. */
static void merge_ranges(float *min, float *max, int64_t count, MPI_Comm ranks)
{
    MPI_Allreduce(MPI_IN_PLACE, min, (int)count, MPI_FLOAT, MPI_MIN, ranks);
    MPI_Allreduce(MPI_IN_PLACE, max, (int)count, MPI_FLOAT, MPI_MAX, ranks);
}

void quantize_shard(const qdq_attrs *attrs, const split *how, const shard *part, float *elements,
                    MPI_Comm ranks)
{
    const qdq_tensor own = {.data = elements, .shape = part->shape, .rank = MATRIX_RANK,
                            .dtype = QDQ_DTYPE_F32};
    const int64_t count = range_count(attrs, how->shape), own_count = range_count(attrs, part->shape);
    const int64_t first = attrs->axis == ALL_ELEMENTS ? 0 : part->first[attrs->axis];
    float *min = allocate_range(count, INFINITY), *max = allocate_range(count, -INFINITY);
    const qdq_tensor own_min = range_tensor(min + first, &own_count);
    const qdq_tensor own_max = range_tensor(max + first, &own_count);
    qdq_quantizer *quantizer;

    check(qdq_range_update(&own, attrs, NULL, &own_min, &own_max));
    merge_ranges(min, max, count, ranks);
    check(qdq_quantizer_create(attrs, QDQ_DTYPE_F32, &own_min, &own_max, &quantizer));
    check(qdq_quantizer_apply(quantizer, NULL, &own, &own));
    qdq_quantizer_destroy(quantizer);
    free(min);
    free(max);
}
