# SPDX-License-Identifier: Apache-2.0
# Cross build for 64-bit Arm; programs run under qemu-user.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(arm_triplet aarch64-linux-gnu)
set(arm_emulator qemu-aarch64)
set(arm_folder aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/arm.cmake")
