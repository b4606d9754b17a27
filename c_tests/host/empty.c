/* Nothing: what to load a library takes at least. SPDX-License-Identifier: MIT OR Apache-2.0 */
extern const char empty_library;
const char empty_library = 0;
/* As the library has: thread-local state costs the loader a note. */
extern _Thread_local char empty_state;
_Thread_local char empty_state = 0;
