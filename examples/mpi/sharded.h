/*
 * Where the program meets libqdq: the operation on a matrix that no rank has as a whole.
 *
 * Each rank gathers the ranges of its own shard. One MPI_Allreduce with MPI_MIN and one with
 * MPI_MAX make them the ranges of the whole matrix, on every rank, and each quantizes its shard
 * by them. The result has the same bits as the operation on the whole matrix, whoever has what:
 * least and greatest do not depend on an order, and the ranges hold neither NaN nor -0, with which
 * MPI_MIN and MPI_MAX could.
 */
#ifndef SHARDED_SHARDED_H
#define SHARDED_SHARDED_H

#include <mpi.h>
#include <qdq.h>
#include <stddef.h>

#include "shard.h"

/* The number of ranges of a tensor of that shape. */
int64_t range_count(const qdq_attrs *attrs, const int64_t shape[2]);

/* Quantizes this rank's elements in place. Every rank of `ranks` calls it, those with nothing too. */
void quantize_shard(const qdq_attrs *attrs, const split *how, const shard *part, float *elements,
                    MPI_Comm ranks);

#endif
