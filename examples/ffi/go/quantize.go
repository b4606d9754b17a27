// SPDX-License-Identifier: MIT OR Apache-2.0

// Quantizes the rows of a small matrix to 4 bits through cgo, checks the result bit for bit, shows what an error looks
// like, and lets libqdq run on goroutines.
package main

/*
#cgo LDFLAGS: -lqdq
#include <qdq.h>

int32_t goParallelFor(void *host_data, size_t task_count, qdq_task task, void *task_data);

// Go cannot call a C function pointer.
static inline void run_task(qdq_task task, void *task_data, size_t index) { task(task_data, index); }
*/
import "C"

import (
	"fmt"
	"log"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

const rows, columns = 3, 4

var input = [rows * columns]float32{
	0.31, -0.97, 0.08, 0.52,
	12.5, -3.2, 7.9, 0.4,
	-250, 118, 33, -64,
}

// From tensorflow-cpu 2.21.0: tf.raw_ops.QuantizeAndDequantizeV4(input, 0., 0., num_bits=4, axis=0).
var expected = [rows * columns]uint32{
	0x3eba3d71, 0xbf7851ec, 0x3df851ec, 0x3ef851ec,
	0x41480000, 0xc0649249, 0x40e49249, 0x00000000,
	0xc37a0000, 0x42fa0000, 0x41fa0000, 0xc27a0000,
}

// Error is a call that libqdq refused.
type Error struct {
	Status int32
	Name   string
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d): %s", e.Name, e.Status, e.Reason) }

// quantize gives each row (axis 0) or column (axis 1) a grid of 4 bits of its own. A nil executor is the calling
// thread.
func quantize(input []float32, columns, axis int, executor *C.qdq_executor) ([]float32, error) {
	// qdq_last_error belongs to the thread, and a goroutine may be moved to another one between two calls into C.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var attrs C.qdq_attrs
	C.qdq_attrs_init(&attrs, C.sizeof_qdq_attrs)
	attrs.num_bits = 4
	attrs.axis = C.int32_t(axis)
	// libqdq believes the shape, so it comes from the slice.
	shape := [...]C.int64_t{C.int64_t(len(input) / columns), C.int64_t(columns)}
	output := make([]float32, len(input))
	status := C.qdq_quantize_and_dequantize_v4_f32((*C.float)(&input[0]), &shape[0], C.int32_t(len(shape)),
		nil, nil, 0, &attrs, executor, (*C.float)(&output[0]))
	if status != C.QDQ_STATUS_OK {
		return nil, &Error{int32(status), C.GoString(C.qdq_status_string(status)), C.GoString(C.qdq_last_error())}
	}
	return output, nil
}

var tasksOnGoroutines atomic.Int64

// libqdq's parallel_for: a goroutine for each task. A panic must not leave it.
//
//export goParallelFor
func goParallelFor(_ unsafe.Pointer, count C.size_t, task C.qdq_task, data unsafe.Pointer) C.int32_t {
	var all sync.WaitGroup
	all.Add(int(count))
	for i := C.size_t(0); i < count; i++ {
		go func(i C.size_t) {
			defer all.Done()
			C.run_task(task, data, i)
			tasksOnGoroutines.Add(1)
		}(i)
	}
	all.Wait()
	return 0
}

// check compares with the expected rows, each of which the output has `repeats` times.
func check(output []float32, repeats int) {
	for i, value := range output {
		row, column := i/(columns*repeats), i%columns
		if want := expected[row*columns+column]; math.Float32bits(value) != want {
			log.Fatalf("element %d is %#08x, expected %#08x", i, math.Float32bits(value), want)
		}
	}
}

// repeated has each row of the input `repeats` times in a row: the same ranges, and work enough for several threads.
func repeated(repeats int) []float32 {
	var long []float32
	for row := 0; row < rows; row++ {
		for i := 0; i < repeats; i++ {
			long = append(long, input[row*columns:(row+1)*columns]...)
		}
	}
	return long
}

func main() {
	fmt.Printf("libqdq %s (%s) from Go\n", C.GoString(C.qdq_version()), C.GoString(C.qdq_isa()))
	output, err := quantize(input[:], columns, 0, nil)
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < rows*columns; i += columns {
		fmt.Printf("%9.3f -> %9.3f\n", input[i:i+columns], output[i:i+columns])
	}
	check(output, 1)

	_, err = quantize(input[:], columns, 2, nil)
	if e, ok := err.(*Error); !ok || e.Status != C.QDQ_STATUS_INVALID_AXIS {
		log.Fatalf("axis 2 of a matrix: %v, expected QDQ_STATUS_INVALID_AXIS", err)
	}
	fmt.Println("axis 2:", err)

	const repeats = 1 << 16
	executor := C.qdq_executor{
		struct_size:  C.sizeof_qdq_executor,
		num_threads:  4,
		parallel_for: C.qdq_parallel_for(C.goParallelFor),
	}
	output, err = quantize(repeated(repeats), columns*repeats, 0, &executor)
	if err != nil {
		log.Fatal(err)
	}
	check(output, repeats)
	if tasksOnGoroutines.Load() < 2 {
		log.Fatal("libqdq did not use the goroutines")
	}
	fmt.Printf("%d elements: the same, in %d tasks on goroutines\n", len(output), tasksOnGoroutines.Load())
}
