/* The elements: any rank can make any of them, so that no file is needed. */
#ifndef SHARDED_DATA_H
#define SHARDED_DATA_H

#include "shard.h"

/* Those of a shard, dense; NaN, both zeros, and a column without a number are among them. */
void data_fill(const split *how, const shard *part, float *elements);

#endif
