/* SPDX-License-Identifier: Apache-2.0 */
/* How soon a thread gets a processor that others use: with a shorter slice of time it goes earlier once it wakes, and is
 * interrupted earlier. Linux from 6.12 on; elsewhere nothing happens. */
#ifndef SERVER_TIME_SLICE_H
#define SERVER_TIME_SLICE_H

/* For the calling thread, once; threads that it starts have the usual one. */
void time_slice_shorten(void);

#endif
