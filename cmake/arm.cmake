# SPDX-License-Identifier: Apache-2.0
# What aarch64.cmake and armhf.cmake share. arm_triplet is the compiler's, arm_folder where scripts/setup.sh puts Arm builds
# of the libraries that only the tests need. Header-only ones come from the host.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${arm_triplet}-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR ${arm_emulator};-L;/usr/${arm_triplet})
set(CMAKE_FIND_ROOT_PATH "${CMAKE_CURRENT_LIST_DIR}/../.cache/${arm_folder}" /usr/${arm_triplet})
set(CMAKE_LIBRARY_ARCHITECTURE ${arm_triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
