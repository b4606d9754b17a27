/*
 * Fake-quantizes one matrix that is spread over the ranks of an MPI program.
 *
 *     mpirun -np 3 sharded
 *
 * For every way to divide it, and one range for the matrix, for each row or for each column, the
 * shards are gathered on rank 0, which compares them with the operation on the whole matrix.
 * Fails unless every bit is the same.
 */
#include <mpi.h>
#include <qdq.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "shard.h"
#include "sharded.h"
#include "support.h"

enum { BITS = 6 };

static bool is_first_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 0;
}

/* Where each rank's elements begin and how many they are, in what rank 0 receives. */
typedef struct arrival {
    int *counts, *offsets;
} arrival;

static arrival arrival_of(const split *how)
{
    arrival a = {allocate((size_t)how->ranks, sizeof *a.counts),
                 allocate((size_t)how->ranks, sizeof *a.offsets)};
    for (int rank = 0, offset = 0; rank < how->ranks; rank++) {
        const shard part = shard_of(how, rank);
        a.counts[rank] = (int)shard_elements(&part);
        a.offsets[rank] = offset;
        offset += a.counts[rank];
    }
    return a;
}

static void arrival_free(arrival *a)
{
    free(a->counts);
    free(a->offsets);
}

/* On rank 0 the whole matrix, to be freed; on the others NULL. */
static float *gather_shards(const split *how, const shard *own, const float *elements)
{
    arrival a = arrival_of(how);
    const size_t count = (size_t)(how->shape[0] * how->shape[1]);
    float *received = allocate(is_first_rank() ? count : 0, sizeof *received), *whole = NULL;
    MPI_Gatherv(elements, (int)shard_elements(own), MPI_FLOAT, received, a.counts, a.offsets,
                MPI_FLOAT, 0, MPI_COMM_WORLD);
    if (is_first_rank())
        whole = allocate(count, sizeof *whole);
    for (int rank = 0; whole != NULL && rank < how->ranks; rank++) {
        const shard part = shard_of(how, rank);
        shard_place(how, &part, received + a.offsets[rank], whole);
    }
    free(received);
    arrival_free(&a);
    return whole;
}

/* What one process makes of the whole matrix. */
static float *quantize_at_once(const qdq_attrs *attrs, const split *how)
{
    const shard all = {.shape = {how->shape[0], how->shape[1]}};
    float *elements = allocate((size_t)shard_elements(&all), sizeof *elements);
    data_fill(how, &all, elements);
    check(qdq_quantize_and_dequantize_v4_f32(elements, how->shape, 2, NULL, NULL, 0, attrs, NULL,
                                             elements));
    return elements;
}

/* Which NaN a NaN is nobody promises. */
static bool same(float left, float right)
{
    return memcmp(&left, &right, sizeof left) == 0 || (left != left && right != right);
}

static int64_t count_differences(const split *how, const float *left, const float *right)
{
    int64_t different = 0;
    for (int64_t i = 0; i < how->shape[0] * how->shape[1]; i++)
        different += !same(left[i], right[i]);
    return different;
}

/* Gives, on rank 0, the number of elements that are not as they should be. */
static int64_t try_attrs(const qdq_attrs *attrs, const split *how, int rank)
{
    const shard own = shard_of(how, rank);
    float *elements = allocate((size_t)shard_elements(&own), sizeof *elements);
    data_fill(how, &own, elements);
    quantize_shard(attrs, how, &own, elements, MPI_COMM_WORLD);
    float *whole = gather_shards(how, &own, elements);
    free(elements);
    if (whole == NULL)
        return 0;
    float *expected = quantize_at_once(attrs, how);
    const int64_t different = count_differences(how, whole, expected);
    free(expected);
    free(whole);
    return different;
}

static void print_heading(void)
{
    printf("\n%78s\n", "elements that differ, with one range for");
    printf("  %-12s %-29s%11s%10s%13s\n", "matrix", "divided into", "the matrix", "each row",
           "each column");
}

static void print_split(const split *how)
{
    char shape[24], parts[48];
    const int64_t smallest = shard_of(how, 0).shape[how->axis];
    const int64_t largest = shard_of(how, how->ranks - 1).shape[how->axis];
    snprintf(shape, sizeof shape, "%lld x %lld", (long long)how->shape[0],
             (long long)how->shape[1]);
    snprintf(parts, sizeof parts, "%d parts of %lld to %lld %s", how->ranks, (long long)smallest,
             (long long)largest, how->axis == 0 ? "rows" : "columns");
    printf("  %-12s %-29s", shape, parts);
}

/* One range for the matrix, for each row and for each column. */
static int64_t try_split(const split *how, int rank)
{
    static const int WIDTHS[] = {11, 10, 13};
    int64_t all_different = 0;
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = BITS;
    if (rank == 0)
        print_split(how);
    for (attrs.axis = -1; attrs.axis <= 1; attrs.axis++) {
        const int64_t different = try_attrs(&attrs, how, rank);
        if (rank == 0)
            printf("%*lld", WIDTHS[attrs.axis + 1], (long long)different);
        all_different += different;
    }
    if (rank == 0)
        putchar('\n');
    return all_different;
}

static int64_t try_all(int rank, int ranks)
{
    static const int64_t SHAPES[][2] = {{1000, 257}, {2, 6}}; /* the second: too few for 3 ranks */
    int64_t different = 0;
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        for (int axis = 0; axis <= 1; axis++) {
            for (int s = EVEN; s <= ONE_HAS_ALL; s++) {
                const split how = {.shape = {SHAPES[i][0], SHAPES[i][1]}, .axis = axis,
                                   .sizes = (sizes)s, .ranks = ranks};
                different += try_split(&how, rank);
            }
        }
    }
    return different;
}

int main(int argc, char **argv)
{
    int rank, ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank == 0) {
        printf("libqdq %s (%s) on %d ranks, %d bits\n", qdq_version(), qdq_isa(), ranks, BITS);
        print_heading();
    }
    const int64_t different = try_all(rank, ranks);
    if (different != 0)
        fail("%lld elements differ from those of one process", (long long)different);
    if (rank == 0)
        printf("\n  Every bit is that of one process with the whole matrix.\n");
    MPI_Finalize();
    return EXIT_SUCCESS;
}
