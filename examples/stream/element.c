#include "element.h"

#include <string.h>

const element *element_named(const char *name)
{
    static const element ALL[] = {
        {"f32", QDQ_DTYPE_F32, sizeof(float), QDQ_DTYPE_F32, sizeof(float)},
        {"f64", QDQ_DTYPE_F64, sizeof(double), QDQ_DTYPE_F64, sizeof(double)},
        {"f16", QDQ_DTYPE_F16, sizeof(qdq_f16), QDQ_DTYPE_F32, sizeof(float)},
        {"bf16", QDQ_DTYPE_BF16, sizeof(qdq_bf16), QDQ_DTYPE_F32, sizeof(float)},
    };
    for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++) {
        if (strcmp(name, ALL[i].name) == 0)
            return &ALL[i];
    }
    return NULL;
}

void element_fill_range(const element *type, void *range, size_t count, double value)
{
    for (size_t i = 0; i < count; i++) {
        if (type->range_dtype == QDQ_DTYPE_F64)
            ((double *)range)[i] = value;
        else
            ((float *)range)[i] = (float)value;
    }
}
