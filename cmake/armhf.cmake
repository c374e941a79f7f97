# SPDX-License-Identifier: Apache-2.0
# Cross build for 32-bit Arm; programs run under qemu-user.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(arm_triplet arm-linux-gnueabihf)
set(arm_emulator qemu-arm)
set(arm_folder armhf)
include("${CMAKE_CURRENT_LIST_DIR}/arm.cmake")
