// qdq_dlpack.h as C++.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dlpack.c"
