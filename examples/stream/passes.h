/*
 * Where the program meets libqdq: the operation on a file that is never in memory as a whole.
 *
 * A block is a number of whole rows, as many as memory allows. With one range for the file, or one
 * for each column, no range is known before the last row has been seen, so there are two passes:
 *
 *   ranges      qdq_range_update widens the ranges by one block after another
 *   quantize    a quantizer, made of the ranges, is applied to each block, in place
 *
 * The range of a row is its own: then there is one pass, of the whole operation on each block.
 *
 * The result has the same bits as the operation on all the data at once, whatever the blocks.
 */
#ifndef STREAM_PASSES_H
#define STREAM_PASSES_H

#include <stdint.h>

#include "file.h"
#include "options.h"
#include "progress.h"

/* How the file is divided. */
typedef struct division {
    int64_t columns;  /* of a row; 1 where all elements share a range: any number makes a block */
    int64_t rows;     /* in the file */
    int64_t at_once;  /* rows of a block; the last one may have fewer */
    int64_t channels; /* ranges kept from block to block */
} division;

/* Ends the program if the file does not consist of rows, or if memory has no room for one. */
division divide(const options *o, const file *input);

typedef struct durations {
    double ranges, quantize; /* in seconds; without a pass of its own, ranges is 0 */
} durations;

durations quantize_file(const options *o, const division *parts, progress *shown, const file *input);

#endif
